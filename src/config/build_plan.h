/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_BUILD_PLAN_H
#define KAGUARD_CONFIG_BUILD_PLAN_H

/* The part of building a peer that keeps its sessions alive: firewall, keepalive, heartbeat. */

#include "config/build.h"

void build_heartbeat(struct builder *builder, struct config_peer *peer);
void build_keepalive(struct builder *builder, struct config_peer *peer);

/* Whether the peer sets the option itself, rather than by the defaults. */
bool build_is_own(const struct builder *builder, enum option_id id);

/*
 * Where to report that two options do not fit: where the peer sets one of them, else where the
 * defaults do, else at the peer. `a` comes before `b`; OPTION_PEER stands for none.
 */
struct place build_blame(const struct builder *builder, enum option_id a, enum option_id b);

#endif
