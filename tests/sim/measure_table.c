/* SPDX-License-Identifier: ISC */

/*
 * Measurements of thousands of paths in virtual time: what was found, how far off, how soon, with
 * how many connections. "measure_table --all" tries every idle timeout from 30 s to 2 h, a second
 * apart; without it, some of them. KAGUARD_SEED repeats a run. Prints TAP.
 */

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "simpath.h"
#include "policy/firewalls.h"

#define LEAST_S	 30
#define MOST_S	 7200
#define SPARE_MS 15000 /* beside what is allowed as a part of the idle timeout */
#define LATE_MS	 50
#define AGAIN_MS 1000 /* a packet of the handshake is sent again (RFC 6298, section 2.1) */
#define BINS	 400  /* hundredths of T, for the median */

enum which {
	EVERY,	/* idle timeouts */
	COMMON, /* those of the presets */
	ONCE,	/* one path, as it is */
};

/* What happens at some moment before the expiry. */
enum upset {
	CALM,
	OUTAGE,	 /* of 20 s */
	FLUSH,	 /* the firewall forgets all */
	RESTART, /* of the server: it closes all */
};

struct row {
	struct simpath path;
	enum which which;
	unsigned connections;
	enum evidence_verdict verdict;
	int error_permille;	 /* of the idle timeout; -1: any */
	int wall_percent;	 /* of the idle timeout, beside SPARE_MS; 0: any */
	unsigned wrong_permille; /* how many may be wrong */
	int server_percent;	 /* of the idle timeout: when the server closes */
	enum upset upset;
};

static const struct row rows[] = {
    {{.name = "common value, drops"}, COMMON, 40, EVIDENCE_FORGETS, 30, 110, 0, 0, 0},
    {{.name = "common value, drops, 5% loss", .loss_permille = 50}, COMMON, 40, EVIDENCE_FORGETS,
	30, 110, 0, 0, 0},
    {{.name = "any, drops"}, EVERY, 40, EVIDENCE_FORGETS, 50, 220, 0, 0, 0},
    {{.name = "any, drops, 120 connections"}, EVERY, 120, EVIDENCE_FORGETS, 50, 110, 0, 0, 0},
    {{.name = "any, drops, 8 at a time, 32 in all"}, EVERY, 8, EVIDENCE_FORGETS, 50, 0, 0, 0, 0},
    {{.name = "any, drops, 5% loss", .loss_permille = 50}, EVERY, 40, EVIDENCE_FORGETS, 50, 220, 0,
	0, 0},
    {{.name = "any, drops, 20% loss", .loss_permille = 200}, EVERY, 40, EVIDENCE_FORGETS, 50, 220,
	5, 0, 0},
    {{.name = "any, drops, RTT of 0.8 s", .rtt_ms = 800}, EVERY, 40, EVIDENCE_FORGETS, 50, 220, 0,
	0, 0},
    {{.name = "any, drops, evicts 5%", .evict_permille = 50}, EVERY, 40, EVIDENCE_FORGETS, 50, 220,
	2, 0, 0},
    {{.name = "any, drops, 20 s without a path"}, EVERY, 40, EVIDENCE_FORGETS, 50, 0, 10, 0,
	OUTAGE},
    {{.name = "any, drops, flushed meanwhile"}, EVERY, 40, EVIDENCE_FORGETS, 50, 0, 20, 0, FLUSH},
    {{.name = "any, drops, server restarted"}, EVERY, 40, EVIDENCE_FORGETS, 50, 0, 10, 0, RESTART},
    {{.name = "any, drops, server takes 12", .most = 12}, EVERY, 40, EVIDENCE_FORGETS, 50, 0, 0, 0,
	0},
    {{.name = "any, drops, server closes later"}, EVERY, 40, EVIDENCE_FORGETS, 50, 220, 0, 250, 0},
    {{.name = "any, drops, server closes sooner"}, EVERY, 40, EVIDENCE_PEER_CLOSES, 50, 110, 0, 60,
	0},
    {{.name = "any, resets", .kind = PATH_RESETS}, EVERY, 40, EVIDENCE_RESETS, 50, 220, 0, 0, 0},
    {{.name = "any, resets, 5% loss", .kind = PATH_RESETS, .loss_permille = 50}, EVERY, 40,
	EVIDENCE_RESETS, 50, 220, 0, 0, 0},
    {{.name = "any, resets both", .kind = PATH_RESETS_BOTH}, EVERY, 40, EVIDENCE_RESETS_BOTH, 50,
	110, 0, 0, 0},
    {{.name = "any, ignores keepalive", .kind = PATH_IGNORES}, EVERY, 40, EVIDENCE_BLIND, 50, 0, 0,
	0, 0},
    {{.name = "any, ignores keepalive, 5% loss", .kind = PATH_IGNORES, .loss_permille = 50}, EVERY,
	40, EVIDENCE_BLIND, 50, 0, 10, 0, 0},
    {{.name = "any, takes up again", .kind = PATH_LOOSE}, EVERY, 40, EVIDENCE_NO_EXPIRY, -1, 0, 0,
	0, 0},
    {{.name = "no expiry"}, ONCE, 40, EVIDENCE_NO_EXPIRY, -1, 0, 0, 0, 0},
    {{.name = "no expiry, 5% loss", .loss_permille = 50}, ONCE, 40, EVIDENCE_NO_EXPIRY, -1, 0, 0, 0,
	0},
    {{.name = "2.5 s, below all rungs", .timeout_ms = 2500}, ONCE, 40, EVIDENCE_FORGETS, -1, 0, 0,
	0, 0},
    {{.name = "server talks all the time", .timeout_ms = 60000, .chatter_ms = 900}, ONCE, 40,
	EVIDENCE_NOTHING, -1, 0, 0, 0, 0},
};

struct sum {
	unsigned runs, right, connections;
	int64_t worst_error; /* permille of T */
	int64_t worst_wall;  /* percent of T, beside SPARE_MS */
	unsigned bins[BINS];
};

static uint64_t seed;

/* What is to be found: the firewall's idle timeout, or the server's. */
static int64_t
truth(const struct row *row, const struct simpath *path)
{
	return row->verdict == EVIDENCE_PEER_CLOSES ? path->server_ms : path->timeout_ms;
}

/*
 * The truth is in the bracket, but for what a probe leaves late; and where nothing but the
 * handshake counts, the second copy of one of its packets may be the last that did.
 */
static bool
encloses(const struct ladder_view *view, int64_t t, const struct simpath *path)
{
	bool again = path->kind == PATH_IGNORES && path->loss_permille > 0;
	int64_t late_ms = again ? LATE_MS + AGAIN_MS : LATE_MS;

	return view->lives_ms <= t + late_ms && t <= view->dead_ms + late_ms;
}

static void
judge(const struct row *row, const struct simpath *path, const struct simpath_end *end,
    struct sum *sum)
{
	int64_t t = truth(row, path), error = 0, wall = 0, bin;

	if (t != 0) {
		error = llabs(end->view.firewall_ms - t) * 1000 / t;
		wall = (end->wall_ms - SPARE_MS) * 100 / t;
	}
	bin = t != 0 ? end->wall_ms * 100 / t : 0;
	sum->bins[bin < BINS ? bin : BINS - 1]++;
	sum->runs++;
	if (end->opened > sum->connections)
		sum->connections = end->opened;
	if (wall > sum->worst_wall)
		sum->worst_wall = wall;
	/* What was upset may not be known, but it may not be wrong either. */
	if (row->upset != CALM && end->view.confidence == EVIDENCE_LOW) {
		sum->right++;
		return;
	}
	if (end->view.verdict != row->verdict ||
	    (row->error_permille >= 0 &&
		(error > row->error_permille || !encloses(&end->view, t, path))) ||
	    (row->wall_percent > 0 && wall > row->wall_percent)) {
		printf("#   %s: T %" PRId64 ", %s, %" PRId64 "..%" PRId64 " ms, after %" PRId64
		       " ms, %u connections\n",
		    row->path.name, t, evidence_verdict_name(end->view.verdict), end->view.lives_ms,
		    end->view.dead_ms, end->wall_ms, end->opened);
		return;
	}
	sum->right++;
	if (error > sum->worst_error && row->error_permille >= 0)
		sum->worst_error = error;
}

static void
upset(enum upset upset, int64_t at_ms, struct simpath *path)
{
	switch (upset) {
	case CALM:
		break;
	case OUTAGE:
		path->outage_ms[0] = at_ms;
		path->outage_ms[1] = at_ms + 20000;
		break;
	case FLUSH:
		path->flush_ms = at_ms;
		break;
	case RESTART:
		path->restart_ms = at_ms;
		break;
	}
}

static void
measure(const struct row *row, int64_t timeout_ms, struct sum *sum)
{
	const struct ladder_wish wish = {
	    .min_ms = 4000,
	    .max_ms = MOST_S * 1000,
	    .precision_permille = 50,
	    .connections = row->connections,
	    .opens = row->connections < 12 ? 4 * row->connections : row->connections,
	    .opens_per_second = 10,
	};
	struct simpath path = row->path;
	uint64_t random = seed + (uint64_t)timeout_ms;
	struct simpath_end end;

	if (path.rtt_ms == 0)
		path.rtt_ms = 40;
	if (row->which != ONCE)
		path.timeout_ms = timeout_ms;
	path.server_ms = path.timeout_ms * row->server_percent / 100;
	upset(row->upset, simpath_random(&random, path.timeout_ms + 1), &path);
	end = simpath_measure(&path, &wish, seed + (uint64_t)timeout_ms);
	judge(row, &path, &end, sum);
}

static void
measure_common(const struct row *row, struct sum *sum)
{
	for (size_t i = 0; i < firewall_count(); i++)
		if (firewall_at(i)->idle_timeout_s <= MOST_S)
			measure(row, firewall_at(i)->idle_timeout_s * (int64_t)1000, sum);
}

/* Hundredths of T that half of the runs stay below. */
static unsigned
median(const struct sum *sum)
{
	unsigned n = 0, bin = 0;

	while (bin < BINS - 1 && (n += sum->bins[bin]) * 2 < sum->runs)
		bin++;
	return bin;
}

/*
 * Where not all have to be right: as many as that share of the runs, and four standard deviations
 * of a Poisson distribution more, so that no choice of paths fails by chance.
 */
static bool
is_plausible(unsigned wrong, unsigned runs, unsigned wrong_permille)
{
	double mean = runs * wrong_permille / 1000.0;

	return wrong == 0 || (mean > 0 && wrong <= 1 + mean + 4 * sqrt(mean));
}

static bool
print(int number, const struct row *row, const struct sum *sum)
{
	bool ok = is_plausible(sum->runs - sum->right, sum->runs, row->wrong_permille);
	bool timed = row->which != ONCE && row->verdict != EVIDENCE_NO_EXPIRY;

	printf("%sok %d - %-34s %-17s %4u/%-4u", ok ? "" : "not ", number, row->path.name,
	    evidence_verdict_name(row->verdict), sum->right, sum->runs);
	if (timed)
		printf(" %4.1f%% %5.2f %5.2f", (double)sum->worst_error / 10,
		    (double)median(sum) / 100, (double)sum->worst_wall / 100);
	else
		printf(" %5s %5s %5s", "-", "-", "-");
	printf(" %3u/%u\n", sum->connections, row->connections);
	return ok;
}

int
main(int argc, char *argv[])
{
	const char *given = getenv("KAGUARD_SEED");
	int n = sizeof(rows) / sizeof(rows[0]), failed = 0;
	/* A prime, and from elsewhere each time, so that in the end all are tried. */
	int64_t step_s = argc > 1 && strcmp(argv[1], "--all") == 0 ? 1 : 173, from_s;

	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	from_s = LEAST_S + (int64_t)(seed % (uint64_t)step_s);
	printf("1..%d\n# KAGUARD_SEED=%" PRIu64 "\n"
	       "# error: worst, of T. wall: median over T; worst of (wall - 15 s) over T\n"
	       "#      %-34s %-17s %9s %5s %5s %5s %s\n",
	    n, seed, "path", "verdict", "right", "error", "wall", "worst", "connections");
	for (int i = 0; i < n; i++) {
		struct sum sum = {0};

		if (rows[i].which == COMMON)
			measure_common(&rows[i], &sum);
		else if (rows[i].which == ONCE)
			measure(&rows[i], 0, &sum);
		else
			for (int64_t t = from_s; t <= MOST_S; t += step_s)
				measure(&rows[i], t * 1000, &sum);
		failed += !print(i + 1, &rows[i], &sum);
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
