/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_STATUS_H
#define KAGUARD_CTL_STATUS_H

/* What kaguardctl status and its --watch share. */

struct call;
struct ctl;
struct rows;

/* CTL_OK, or an exit code after it was said why not. */
int status_fetch(const struct ctl *ctl, struct call *call, struct rows *ret);

#define STATUS_LINE 64

/* What is said above the table: of the peers that were asked for, or of all. buf may be it. */
const char *status_line(const struct ctl *ctl, const struct rows *rows, char buf[STATUS_LINE]);

/* The exit code that tells how it stands. */
int status_verdict(const struct rows *rows);

#endif
