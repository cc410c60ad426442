/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_FIREWALLS_H
#define KAGUARD_POLICY_FIREWALLS_H

/* The presets: what well-known firewalls, NATs and load balancers do with an idle TCP session. */

#include <stddef.h>

/* Whether a keepalive probe, which carries no data, resets the idle clock. */
enum firewall_counts {
	FIREWALL_COUNTS_YES,	 /* the vendor says so, or it was measured */
	FIREWALL_COUNTS_LIKELY,	 /* nothing says it does not */
	FIREWALL_COUNTS_UNKNOWN, /* not known; a heartbeat is safer */
	FIREWALL_COUNTS_NO,	 /* only data counts: needs a heartbeat */
};

struct firewall {
	const char *name;  /* as in kaguard.yaml */
	const char *title; /* as its vendor calls it */
	int idle_timeout_s;
	const char *configurable; /* the range or the means, or "" */
	enum firewall_counts counts;
	const char *counts_note; /* what the source adds, or "" */
	const char *at_expiry;
	const char *confidence; /* high, medium */
	const char *source;
};

/* Idle timeout assumed where nothing is said: the shortest among common packet filters. */
#define FIREWALL_DEFAULT_S 240

size_t firewall_count(void);

/* The i-th preset, in the order of the table; i < firewall_count(). */
const struct firewall *firewall_at(size_t i);

/* The preset of that name, or NULL. */
const struct firewall *firewall_find(const char *name);

/* "yes", "likely", "unknown", "no" */
const char *firewall_counts_name(enum firewall_counts counts);

#endif
