/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_HELP_H
#define KAGUARD_DAEMON_HELP_H

/* What `kaguard --help` prints. */
const char *help_text(void);

#endif
