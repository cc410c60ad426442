/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_PEER_PLAN_H
#define KAGUARD_CONFIG_PEER_PLAN_H

/* The part of building a peer that keeps its sessions alive: firewall, keepalive, heartbeat. */

#include "config/peer.h"

void peer_build_heartbeat(struct peer_builder *builder, struct config_peer *peer);
void peer_build_plan(struct peer_builder *builder, struct config_peer *peer);

/* Whether the peer sets the option itself, rather than by the defaults. */
bool peer_is_own(const struct peer_builder *builder, enum option_id id);

/*
 * Where to report that two options do not fit: where the peer sets one of them, else where the
 * defaults do, else at the peer. `a` comes before `b`; OPTION_PEER stands for none.
 */
struct place peer_blame(const struct peer_builder *builder, enum option_id a, enum option_id b);

#endif
