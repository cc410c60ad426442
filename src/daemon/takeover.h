/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_TAKEOVER_H
#define KAGUARD_DAEMON_TAKEOVER_H

/*
 * Takes up the sessions of the daemon before this one: those that the configuration still wants,
 * each with its counters and its age. What died meanwhile is lost as any session is; what is not
 * wanted is closed.
 */

struct config;
struct keep;

/* After the configuration is in force, and before any session has begun. 0 or negative errno. */
int takeover(struct keep *keep, const struct config *config);

#endif
