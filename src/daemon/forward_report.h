/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_FORWARD_REPORT_H
#define KAGUARD_DAEMON_FORWARD_REPORT_H

/* What is told of tunnels. */

#include "daemon/forward.h"

/* A client that was carried did not end in order. */
void forward_report_end(const struct forward_client *client, const struct relay_end *end);

/* The sum of those that were not told one by one. */
void forward_report_sum(struct forwards *forwards);

/* It listens again, or cannot: why. */
void forward_report_listening(struct forward *forward);
void forward_report_deaf(struct forward *forward, const char *why, int64_t retry_ms);

/* There are as many clients as may be, and one more is refused. */
void forward_report_full(const struct forward *forward);

/* No clients are taken in for want of descriptors, or memory. */
void forward_report_paused(struct forwards *forwards, int error);

#endif
