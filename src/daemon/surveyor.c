/* SPDX-License-Identifier: ISC */
#include "daemon/surveyor.h"

#include <string.h>

#include "daemon/guard.h"
#include "daemon/path.h"
#include "daemon/path_report.h"
#include "daemon/peer.h"

/* What stands in the way may soon be over: the peer is being tried, or another peer at the same
 * address is measured. */
#define LATER_MS 30000

/* After one that came to no end, twice as long each time, but not above so many doublings. */
#define MOST_DOUBLINGS 9

void
surveyor_due(struct surveyor *surveyor, int64_t at_ms)
{
	int64_t wait_ms = at_ms - guard_now_ms(surveyor->guard);

	if (at_ms >= surveyor->wake_ms)
		return;
	surveyor->wake_ms = at_ms;
	surveyor->ops->wake(surveyor, wait_ms > 0 ? wait_ms : 0);
}

static void
clear(struct survey_job *job)
{
	job->surveyor->ops->end(job);
	job->peer->path->job = NULL;
	*job = (struct survey_job){.surveyor = job->surveyor};
}

void
surveyor_cancel(struct peer *peer)
{
	if (peer->path != NULL && peer->path->job != NULL)
		clear(peer->path->job);
}

/* It comes to no end: again later. */
static void
interrupt(struct survey_job *job, const char *why)
{
	struct peer *peer = job->peer;
	struct path *path = peer->path;

	clear(job);
	path->not_before_ms = guard_now_ms(peer->guard) + ((int64_t)LATER_MS << path->interrupted);
	path->interrupted += path->interrupted < MOST_DOUBLINGS;
	path_report_void(peer, why);
	surveyor_due(peer->guard->surveyor, path->not_before_ms);
}

void
surveyor_give_way(struct peer *peer, enum reason reason)
{
	struct surveyor *surveyor = peer->guard->surveyor;
	bool scarce = reason == REASON_LOCAL && !peer->away;

	for (unsigned i = 0; surveyor != NULL && i < SURVEY_AT_ONCE; i++) {
		struct survey_job *job = &surveyor->jobs[i];

		if (job->peer != NULL && (scarce || job->peer == peer))
			interrupt(job, scarce ? "this host has run short of something"
					      : "the peer was in trouble");
	}
}

void
surveyor_ended(struct survey_job *job)
{
	job->over = true;
	surveyor_due(job->surveyor, guard_now_ms(job->surveyor->guard));
}

static void
conclude(struct survey_job *job)
{
	struct peer *peer = job->peer;
	struct guard *guard = peer->guard;
	int64_t now_ms = guard_now_ms(guard);
	const struct path_measurement measurement = {job->view, now_ms - job->begun_ms, job->error};
	/* No clock of the measurement has seen that. */
	if (guard->resumed_ms > job->begun_ms) {
		interrupt(job, "the machine slept");
		return;
	}
	clear(job);
	peer->path->not_before_ms = now_ms + LATER_MS;
	peer->path->interrupted = 0;
	path_measured(peer, &measurement);
}

/* A session that is up, of a peer that is not in trouble. */
static const struct session *
witness(const struct peer *peer)
{
	return peer->waiting == NULL ? peer_held(peer) : NULL;
}

static struct survey_job *
free_job(struct surveyor *surveyor)
{
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		if (surveyor->jobs[i].peer == NULL)
			return &surveyor->jobs[i];
	return NULL;
}

static bool
is_measured(const struct surveyor *surveyor, const union address *remote)
{
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		if (surveyor->jobs[i].peer != NULL &&
		    address_equal(&surveyor->jobs[i].remote, remote))
			return true;
	return false;
}

static void
begin(struct surveyor *surveyor, struct survey_job *job, struct peer *peer)
{
	const struct session *session = witness(peer);
	int64_t now_ms = guard_now_ms(surveyor->guard);

	peer->path->not_before_ms = now_ms + LATER_MS;
	if (session == NULL || is_measured(surveyor, &session->conn.remote) ||
	    !survey_ladder(&peer->config->wish, &job->wish))
		return;
	job->surveyor = surveyor;
	job->peer = peer;
	job->remote = session->conn.remote;
	job->begun_ms = now_ms;
	if (surveyor->ops->begin(job) < 0) {
		*job = (struct survey_job){.surveyor = surveyor};
		return;
	}
	peer->path->job = job;
	surveyor->next_ms = now_ms + SURVEY_SPREAD_MS;
	path_report_begun(peer, job);
}

void
surveyor_run(struct surveyor *surveyor)
{
	struct guard *guard = surveyor->guard;
	int64_t now_ms = guard_now_ms(guard), next_ms = INT64_MAX;
	struct survey_job *job;

	surveyor->wake_ms = INT64_MAX;
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		if (surveyor->jobs[i].over)
			conclude(&surveyor->jobs[i]);
	job = free_job(surveyor);
	for (size_t i = 0; job != NULL && i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];
		int64_t due_ms = path_due_ms(peer);

		if (due_ms <= now_ms && surveyor->next_ms <= now_ms) {
			begin(surveyor, job, peer);
			job = free_job(surveyor);
			due_ms = path_due_ms(peer);
		}
		next_ms = due_ms < next_ms ? due_ms : next_ms;
	}
	if (job != NULL && next_ms != INT64_MAX)
		surveyor_due(surveyor, next_ms > surveyor->next_ms ? next_ms : surveyor->next_ms);
}

void
surveyor_init(struct surveyor *surveyor, const struct surveyor_ops *ops, struct guard *guard)
{
	*surveyor = (struct surveyor){.guard = guard, .ops = ops, .wake_ms = INT64_MAX};
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		surveyor->jobs[i].surveyor = surveyor;
	guard->surveyor = surveyor;
}

void
surveyor_close(struct surveyor *surveyor)
{
	if (surveyor->guard == NULL)
		return;
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		if (surveyor->jobs[i].peer != NULL)
			clear(&surveyor->jobs[i]);
	wake_clear(&surveyor->wake);
	surveyor->guard->surveyor = NULL;
	*surveyor = (struct surveyor){0};
}
