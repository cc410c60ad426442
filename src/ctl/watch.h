/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_WATCH_H
#define KAGUARD_CTL_WATCH_H

/* kaguardctl status --watch. */

struct ctl;

int watch(const struct ctl *ctl);

#endif
