/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_PEER_H
#define KAGUARD_CONFIG_PEER_H

/* From the settings of a peer to what the daemon uses: how values must fit each other, the plan. */

#include "config/config.h"
#include "config/settings.h"

/* Plans of wishes that have been seen: most peers want the same. A power of two. */
#define PEER_PLANS 256

struct peer_plan {
	struct plan_wish wish;
	struct plan plan;
	bool used;
};

/* What has been copied into the configuration last, for each option: defaults are shared so. */
struct peer_copy {
	const char *from;
	char *to;
	size_t len;
};

struct peer_builder {
	struct config *config;
	struct report *report;
	const struct settings *defaults; /* what the peers began with */
	const struct settings *settings; /* of the peer that is being built */
	size_t room;			 /* in config->peers */
	struct peer_copy copies[OPTION_COUNT];
	struct config_heartbeat *heartbeat; /* the last one made */
	struct peer_plan plans[PEER_PLANS];
};

/*
 * Add a peer to the configuration. Where its settings do not fit each other that is reported, and
 * the configuration is not for use; report->error is set where memory was out.
 */
void peer_build(struct peer_builder *builder, const struct settings *settings);

/* A copy of the text in the configuration's pool; "" where memory was out. */
char *peer_copy_text(struct peer_builder *builder, enum option_id id, struct slice text);

#endif
