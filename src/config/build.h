/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_BUILD_H
#define KAGUARD_CONFIG_BUILD_H

/* From the settings of a peer to what the daemon uses: how values must fit each other, the plan. */

#include "config/config.h"
#include "config/settings.h"

/* What came of wishes that have been seen: most peers want the same. */
#define BUILD_PLANS 256

struct build_plan {
	struct plan_wish wish;
	struct plan plan;
	struct plan_conflict conflict; /* if result is not 0 */
	int result;
	bool used;
};

/* What has been copied into the configuration last, for each option: defaults are shared so. */
struct build_copy {
	const char *from;
	char *to;
	size_t len;
};

struct builder {
	struct config *config;
	struct notes *notes;
	const struct settings *defaults; /* what the peers began with */
	const struct settings *settings; /* of the peer that is being built */
	size_t room;			 /* in config->peers */
	struct build_copy copies[OPTION_COUNT];
	struct config_heartbeat *heartbeat; /* the last one made */
	struct build_plan plans[BUILD_PLANS];
};

/*
 * Add a peer to the configuration. Where its settings do not fit each other that is reported, and
 * the configuration is not for use; notes->error is set where memory was out.
 */
void build_peer(struct builder *builder, const struct settings *settings);

/* A copy of the text in the configuration's pool; "" where memory was out. */
char *build_text(struct builder *builder, enum option_id id, struct slice text);

/* What the peer that is being built says about an option, or the defaults do, or the table. */
static inline const struct setting *
build_setting(const struct builder *builder, enum option_id id)
{
	return &builder->settings->of[id];
}

/* Whether it was written anywhere. */
static inline bool
build_is_given(const struct builder *builder, enum option_id id)
{
	return build_setting(builder, id)->at.line > 0;
}

#endif
