/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_STATUS_H
#define KAGUARD_DAEMON_STATUS_H

/* The status table in the journal: what SIGUSR1 asks for. */

struct guard;

/* Rows written at most; those in trouble come first, of the rest there is the number. */
#define STATUS_MAX_ROWS 200

void status_write(struct guard *guard);

#endif
