/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_NOTIFY_H
#define KAGUARD_HOST_NOTIFY_H

/*
 * What the service manager is told: sd_notify(3), through a courier of its own, since the manager's
 * socket blocks when it is busy. Without $NOTIFY_SOCKET every call does nothing.
 */

#include <stdbool.h>
#include <stdint.h>

/* Names in the descriptor store, with the NUL. */
#define NOTIFY_NAME 32

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

/* Whether there is a service manager to tell. */
bool notify_present(const struct notify *notify);

/*
 * FDSTORE=1: have the service manager keep a duplicate of fd under that name, whatever becomes of
 * it (FDPOLL=0); and, where `old` is not NULL, forget afterwards what it keeps under that one. fd
 * stays the caller's. 0 where it was queued, or negative errno. Whether the manager took it, it
 * does not say.
 */
int notify_store(struct notify *notify, int fd, const char *name, const char *old);

/* FDSTOREREMOVE=1. 0 where it was queued, or -ENOBUFS. */
int notify_forget(struct notify *notify, const char *name);

/* Waits up to wait_ms for what is queued to leave: the manager has it then, to do with what it
 * will. */
void notify_await(struct notify *notify, int wait_ms);

/* Waits up to wait_ms for what is queued to leave, then frees. NULL is fine. */
void notify_close(struct notify *notify, int wait_ms);

#endif
