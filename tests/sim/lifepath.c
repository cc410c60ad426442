/* SPDX-License-Identifier: ISC */

/*
 * Firewalls that nobody has declared, and that come to forget sooner or later than they did. Their
 * measurements are led by the ladder over simulated sessions, which meet the same outages, flushes
 * and losses as the others:
 *
 * - nothing longer is planned for than a test session has survived, or what is safe; and no more
 *   than that once a session was forgotten all the same;
 * - measurements are few, and so are their sessions;
 * - a firewall that forgets sooner from now on is found out, and forgets nobody any more.
 */

#include "lifeworld.h"

#include <stdio.h>
#include <string.h>

#include "daemon/path.h"
#include "daemon/peer.h"
#include "simattempt.h"

#define SAFE_MS	  (4 * MINUTE)
#define LEARNT_MS (12 * HOUR)

/* After so many a measurement begins 8 hours after the last one, after one more 16. */
#define MOST_DOUBTS 4

static struct lifeworld *
life_of(struct surveyor *surveyor)
{
	return container_of(surveyor, struct lifeworld, paths.surveyor);
}

static unsigned
host_of(const struct peer *peer)
{
	return (unsigned)(peer->config->name[0] - 'a');
}

static struct simpath_run **
run_of(const struct survey_job *job)
{
	struct surveyor *surveyor = job->surveyor;

	return &life_of(surveyor)->paths.runs[job - surveyor->jobs];
}

/* The path is as the host's is now. */
static void
tell(struct simpath *path, const struct simhost *host, int64_t now_ms)
{
	static const enum simpath_kind kinds[] = {[SIMWALL_RESETS] = PATH_RESETS,
	    [SIMWALL_DROPS] = PATH_DROPS,
	    [SIMWALL_LOOSE] = PATH_LOOSE};
	bool blocked = host->down || host->mode == SIMHOST_SILENT;

	path->kind = kinds[host->wall];
	path->timeout_ms = host->forgets_ms;
	path->rtt_ms = host->rtt_ms;
	path->loss_permille = (int)host->loss_permille;
	path->refuses = host->mode != SIMHOST_TAKES;
	path->crash_ms = host->restarted_ms;
	if (blocked && path->outage_ms[1] <= now_ms)
		path->outage_ms[0] = now_ms;
	if (blocked || path->outage_ms[1] > now_ms)
		path->outage_ms[1] = blocked ? INT64_MAX : now_ms;
}

void
lifepath_tell(struct lifeworld *life)
{
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++) {
		const struct survey_job *job = &life->paths.surveyor.jobs[i];

		if (job->peer != NULL)
			tell(simpath_of(life->paths.runs[i]), &life->w.hosts[host_of(job->peer)],
			    life->w.sim.now_ms);
	}
}

/* --- what the surveyor needs of the world ----------------------------------------------------- */

static int
network(struct surveyor *surveyor, const struct session *session, char *buf, size_t size)
{
	(void)surveyor;
	assert_int_equal(session_state(session), FSM_UP);
	snprintf(buf, size, "192.0.2.1 at 02:00:00:00:00:01");
	return 0;
}

static int
begin_job(struct survey_job *job)
{
	struct lifeworld *life = life_of(job->surveyor);
	unsigned host = host_of(job->peer);
	int64_t now_ms = life->w.sim.now_ms;
	struct simpath path = {0};

	assert_null(*run_of(job));
	assert_true(life->paths.begun_ms == 0 || now_ms - life->paths.begun_ms >= SURVEY_SPREAD_MS);
	assert_true(job->peer->path->survey.tried_ms == 0 ||
		    now_ms - life->paths.concluded_ms[host] >= SURVEY_CONTRADICTED_MS);
	assert_in_range(job->wish.connections, 1, SURVEY_CONNECTIONS);
	assert_in_range(job->wish.opens, 1, SURVEY_OPENS);
	tell(&path, &life->w.hosts[host], now_ms);
	*run_of(job) = simpath_begin(&path, &job->wish, simnet_random(&life->w.sim), now_ms);
	life->paths.begun_ms = now_ms;
	life->sum.measured++;
	return 0;
}

static void
end_job(struct survey_job *job)
{
	struct lifeworld *life = life_of(job->surveyor);
	struct simpath_end end = simpath_end(*run_of(job));

	assert_in_range(end.opened, 0, job->wish.opens);
	life->sum.tests += end.opened;
	simpath_run_free(*run_of(job));
	*run_of(job) = NULL;
}

/* surveyor->wake_ms is looked at. */
static void
wake(struct surveyor *surveyor, int64_t delay_ms)
{
	(void)surveyor;
	(void)delay_ms;
}

static const struct surveyor_ops ops = {
    .network = network, .begin = begin_job, .end = end_job, .wake = wake};

void
lifepath_begin(struct lifeworld *life)
{
	surveyor_init(&life->paths.surveyor, &ops, &life->w.guard);
	for (unsigned i = 0; i < HOSTS; i++)
		life->paths.changed_ms[i] = -1;
}

int64_t
lifepath_due_ms(const struct lifeworld *life)
{
	int64_t due_ms = life->paths.surveyor.wake_ms;

	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		if (life->paths.runs[i] != NULL && simpath_next_ms(life->paths.runs[i]) < due_ms)
			due_ms = simpath_next_ms(life->paths.runs[i]);
	return due_ms > life->w.sim.now_ms ? due_ms : life->w.sim.now_ms;
}

static void
go_on(struct lifeworld *life, struct survey_job *job)
{
	struct simpath_run *run = *run_of(job);
	unsigned host = host_of(job->peer);

	if (simpath_next_ms(run) > life->w.sim.now_ms)
		return;
	simpath_pass(run, life->w.sim.now_ms);
	if (simpath_next_ms(run) != INT64_MAX)
		return;
	job->view = simpath_end(run).view;
	life->paths.found_ms[host] = simpath_end(run).proven_ms;
	life->paths.concluded_ms[host] = life->w.sim.now_ms;
	surveyor_ended(job);
}

void
lifepath_run(struct lifeworld *life)
{
	struct surveyor *surveyor = &life->paths.surveyor;

	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++)
		if (surveyor->jobs[i].peer != NULL)
			go_on(life, &surveyor->jobs[i]);
	if (surveyor->wake_ms <= life->w.sim.now_ms)
		surveyor_run(surveyor);
	life_note_plans(life);
}

/* --- what befalls ----------------------------------------------------------------------------- */

void
lifepath_configure(struct lifeworld *life, struct config_peer *peer)
{
	static char automatic[] = "auto";

	if (life_choose(life, 8) == 0)
		return;
	peer->firewall = automatic;
	peer->firewall_auto = true;
	peer->wish.firewall_ms = SAFE_MS;
}

int64_t
lifepath_timeout_ms(struct lifeworld *life)
{
	static const int64_t timeouts_s[] = {120, 240, 350, 900, 3600, 432000};

	return 1000 * timeouts_s[life_choose(life, 6)];
}

/* Another firewall, where nobody has said what it is. */
void
lifepath_change(struct lifeworld *life, struct simhost *host)
{
	unsigned i = (unsigned)(host - life->w.hosts);

	if (i % 2 == 0)
		return;
	host->forgets_ms = lifepath_timeout_ms(life);
	life->paths.changed_ms[i] = life->w.sim.now_ms;
}

void
lifepath_forget(struct lifeworld *life, const struct simhost *host, unsigned one_in)
{
	for (unsigned i = 0; i < SURVEY_AT_ONCE; i++) {
		const struct survey_job *job = &life->paths.surveyor.jobs[i];

		if (job->peer != NULL && &life->w.hosts[host_of(job->peer)] == host)
			simpath_forget(life->paths.runs[i], one_in);
	}
}

/* --- what holds at any time ------------------------------------------------------------------- */

/* It has another plan. */
void
lifepath_check_plan(struct lifeworld *life, const struct peer *peer)
{
	struct life_paths *paths = &life->paths;
	unsigned i = host_of(peer);
	struct plan_wish wish = peer->config->wish;
	struct plan longest;

	if (peer->path == NULL)
		return;
	if (peer->path->survey.measured_ms != paths->measured_ms[i]) {
		paths->measured_ms[i] = peer->path->survey.measured_ms;
		paths->proven_ms[i] = paths->measured_ms[i] != 0 ? paths->found_ms[i] : 0;
	}
	if (wish.firewall_ms < paths->proven_ms[i])
		wish.firewall_ms = paths->proven_ms[i];
	wish.rtt_ms = peer->plan_rtt_ms;
	assert_int_equal(plan_make(&wish, &longest, NULL), 0);
	assert_in_range(peer->plan.idle_s, 1, longest.idle_s);
}

void
lifepath_check(const struct peer *peer)
{
	if (peer->path != NULL && peer->path->survey.contradicted)
		assert_in_range(peer->plan.idle_s, 1, peer->config->plan.idle_s);
}

/* A loose firewall takes up again what it has forgotten. */
void
lifepath_expired(struct lifeworld *life, const struct session *s)
{
	const struct simhost *host = s->conn.attempt->host;

	if (s->peer->path != NULL && host->wall != SIMWALL_LOOSE)
		life->paths.expired[host - life->w.hosts]++;
}

/* Whoever was wrong that often is not measured again before LEARNT_MS have passed. */
static bool
is_patient(const struct lifeworld *life, unsigned host)
{
	const struct peer *peer = guard_find(&life->w.guard, life->w.hosts[host].name);

	return peer != NULL && peer->path != NULL && peer->path->survey.doubts > MOST_DOUBTS;
}

/* All firewalls that are measured forget sooner from now on, and in the end nobody. */
void
lifepath_end(struct lifeworld *life)
{
	static const int64_t sooner_s[] = {60, 100, 200, 300};

	for (unsigned i = 1; i < HOSTS; i += 2) {
		struct simhost *host = &life->w.hosts[i];
		int64_t forgets_ms = 1000 * sooner_s[life_choose(life, 4)];

		if (host->forgets_ms > forgets_ms)
			host->forgets_ms = forgets_ms;
		life->paths.changed_ms[i] = life->w.sim.now_ms;
	}
	life_pass(life, LEARNT_MS);
	memset(life->paths.expired, 0, sizeof(life->paths.expired));
	life_pass(life, 6 * HOUR);
	for (unsigned i = 1; i < HOSTS; i += 2)
		assert_true(life->paths.expired[i] == 0 || is_patient(life, i));
}
