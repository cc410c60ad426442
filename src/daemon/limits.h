/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_LIMITS_H
#define KAGUARD_DAEMON_LIMITS_H

/* How many descriptors the daemon takes, and how many it may have. */

struct config;
struct guard;

/* Make room for what a configuration takes: see descriptors_expect(). */
void limits_expect(const struct config *config);

/*
 * As many descriptors as there may be, but for those that the daemon keeps for itself; say so
 * beforehand where they are fewer than the sessions take.
 */
void limits_set(struct guard *guard, const struct config *config);

#endif
