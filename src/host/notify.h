/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_NOTIFY_H
#define KAGUARD_HOST_NOTIFY_H

/*
 * What the service manager is told: sd_notify(3), through a courier of its own, since the manager's
 * socket blocks when it is busy. Without $NOTIFY_SOCKET every call does nothing.
 */

#include <stdint.h>

struct notify;

/*
 * 0, or negative errno where $NOTIFY_SOCKET is no address or $WATCHDOG_USEC no number. Both are
 * read here only, and then removed from the environment: call it before there are other threads.
 */
int notify_open(struct notify **ret);

/* READY=1 and STATUS= in one message. Also ends a reload. */
void notify_ready(struct notify *notify, const char *status);

/* STATUS= alone. Made one line of valid UTF-8, and cut to fit the datagram. */
void notify_status(struct notify *notify, const char *status);

/* RELOADING=1 with MONOTONIC_USEC= of now. */
void notify_reloading(struct notify *notify);

/* STOPPING=1, with STATUS=. */
void notify_stopping(struct notify *notify, const char *status);

/* ERRNO= of a failure that ends the daemon, or that made a reload fail. */
void notify_errno(struct notify *notify, int error);

/* WATCHDOG=1 */
void notify_watchdog(struct notify *notify);

/* WATCHDOG=trigger: something is wrong inside, restart this daemon. */
void notify_fault(struct notify *notify);

/* EXTEND_TIMEOUT_USEC= while waiting for ready_when. */
void notify_extend(struct notify *notify, int64_t timeout_ms);

/* How often the service manager wants WATCHDOG=1 at the latest, or 0: not at all. */
int64_t notify_watchdog_ms(const struct notify *notify);

/* Waits up to wait_ms for what is queued to leave, then frees. NULL is fine. */
void notify_close(struct notify *notify, int wait_ms);

#endif
