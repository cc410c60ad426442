/* SPDX-License-Identifier: ISC */
#include "daemon/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/guard.h"
#include "daemon/memory.h"
#include "daemon/path_report.h"
#include "daemon/peer.h"
#include "daemon/surveyor.h"

/* Where the network has no name: no route is shown, or none may be asked for. */
#define NAMELESS "an unknown network"

int
path_configure(struct peer *peer)
{
	const struct config_peer *config = peer->config;

	if (!config->firewall_auto || config->wish.exact_idle_s > 0) {
		path_free(peer);
		return 0;
	}
	if (peer->path != NULL)
		return 0;
	peer->path = calloc(1, sizeof(*peer->path));
	if (peer->path == NULL)
		return -ENOMEM;
	peer->path->random = peer->guard->ops->random(peer->guard->net);
	return 0;
}

void
path_free(struct peer *peer)
{
	if (peer->path == NULL)
		return;
	surveyor_cancel(peer);
	free(peer->path);
	peer->path = NULL;
}

int64_t
path_firewall_ms(const struct peer *peer)
{
	int64_t safe_ms = peer->config->wish.firewall_ms;

	return peer->path != NULL ? survey_in_force_ms(&peer->path->survey, safe_ms) : safe_ms;
}

/* Another network: what was known of this one is put down, and what is known of that taken up. */
static void
move(struct peer *peer, const char *network)
{
	struct path *path = peer->path;

	if (path->known)
		memory_note_one(peer->guard->memory, peer);
	surveyor_cancel(peer);
	snprintf(path->network, sizeof(path->network), "%s", network);
	path->survey = (struct survey){0};
	path->not_before_ms = 0;
	learn_begin(&peer->learn, peer->config->wish.firewall_ms);
	memory_recall(peer->guard->memory, peer);
	peer_plan_again(peer);
	memory_learnt(peer->guard->memory);
}

void
path_look(struct peer *peer, const struct session *s)
{
	struct guard *guard = peer->guard;
	struct path *path = peer->path;
	char name[GATEWAY_NAME];
	bool unseen, elsewhere, news;

	if (path == NULL || guard->surveyor == NULL ||
	    (path->known && peer->n_up > 1 && path->looked_ms > guard->network_changed_ms))
		return;
	unseen = !path->known || path->looked_ms <= guard->network_changed_ms;
	path->looked_ms = guard_now_ms(guard);
	if (guard->surveyor->ops->network(guard->surveyor, s, name, sizeof(name)) < 0)
		snprintf(name, sizeof(name), NAMELESS);
	elsewhere = !gateway_same(path->network, name);
	news = path->known ? elsewhere : path->survey.outcome != SURVEY_UNKNOWN;
	if (elsewhere)
		move(peer, name);
	if (news || (elsewhere && path->survey.outcome != SURVEY_UNKNOWN))
		path_report_network(peer, path->known && elsewhere);
	path->known = true;
	if (unseen || elsewhere)
		path->since_ms = path->looked_ms;
	surveyor_due(guard->surveyor, path_due_ms(peer));
}

void
path_look_again(struct peer *peer)
{
	const struct session *s = peer_held(peer);

	if (s != NULL)
		path_look(peer, s);
}

void
path_look_around(struct guard *guard)
{
	char name[GATEWAY_NAME];

	for (size_t i = 0; guard->surveyor != NULL && i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];
		const struct session *s = peer->path != NULL ? peer_held(peer) : NULL;

		/* Where there is no route now, there may be the same again. */
		if (s == NULL ||
		    guard->surveyor->ops->network(guard->surveyor, s, name, sizeof(name)) < 0)
			continue;
		peer->path->looked_ms = INT64_MIN;
		path_look(peer, s);
	}
}

int64_t
path_due_ms(const struct peer *peer)
{
	const struct path *path = peer->path;
	int64_t due_ms;

	if (path == NULL || !path->known || path->job != NULL || peer->n_up == 0)
		return INT64_MAX;
	due_ms = survey_due_ms(&path->survey, path->since_ms, path->random);
	return due_ms > path->not_before_ms ? due_ms : path->not_before_ms;
}

void
path_measured(struct peer *peer, const struct path_measurement *measurement)
{
	struct survey *survey = &peer->path->survey;
	int64_t before_ms = learn_in_force_ms(&peer->learn);
	bool doubted = survey->contradicted;

	if (!survey_concluded(survey, &measurement->view, guard_now_ms(peer->guard))) {
		path_report_nothing(peer, measurement);
	} else {
		/* Where deaths were the reason to measure again, what they have taught is true all
		 * the same. */
		if (doubted)
			peer->learn.declared_ms = path_firewall_ms(peer);
		else
			learn_begin(&peer->learn, path_firewall_ms(peer));
		path_report_result(peer, measurement, before_ms, peer_plan_again(peer));
	}
	memory_learnt(peer->guard->memory);
}

/* What was measured is contradicted. */
static void
doubt(struct peer *peer, const char *why, int64_t idle_ms)
{
	int64_t before_ms = learn_in_force_ms(&peer->learn);

	peer->learn.declared_ms = path_firewall_ms(peer);
	if (learn_in_force_ms(&peer->learn) != before_ms)
		peer_plan_again(peer);
	path_report_doubt(peer, why, idle_ms);
	if (peer->guard->surveyor != NULL)
		surveyor_due(peer->guard->surveyor, path_due_ms(peer));
}

void
path_forgot(struct peer *peer, int64_t idle_ms)
{
	if (peer->path != NULL && survey_contradicted(&peer->path->survey, idle_ms))
		doubt(peer, "a session was forgotten within ", idle_ms);
}

void
path_lost(struct peer *peer, int64_t idle_ms, int64_t noticed_ms)
{
	if (peer->path != NULL &&
	    survey_lost(&peer->path->survey, noticed_ms - idle_ms, noticed_ms))
		doubt(peer, "sessions are lost again and again, now within ", idle_ms);
}
