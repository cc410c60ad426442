/* SPDX-License-Identifier: ISC */
#include "daemon/takeover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"
#include "host/haul.h"
#include "host/twins.h"
#include "net/inspect.h"

/* A session that is up by now, and whose socket is known to be dead. */
struct corpse {
	struct session *session;
	int error;
};

/* What a slot of the table says: the socket that goes with it, and whose it is. */
struct claim {
	struct session *session; /* NULL: nobody's any more */
	uint64_t lives[2];	 /* of the second one, too; 0: there was no socket */
};

struct takeover {
	struct keep *keep;
	const struct config *config;
	struct haul haul;
	struct corpse *corpses;
	struct claim *claims; /* of every slot */
	int64_t now_ms;
	unsigned expected; /* sessions that were up, by the table */
	unsigned taken, dead, unwanted, wrong, damaged;
};

/* The session that an entry is about, or NULL and why there is none. */
static struct session *
find(const struct takeover *t, const struct parktable_entry *e, const char **ret_why)
{
	const struct config_peer *config = config_find(t->config, e->peer);
	struct peer *peer;

	if (config == NULL) {
		*ret_why = "its peer was removed";
		return NULL;
	}
	peer = t->keep->guard->peers[config - t->config->peers];
	if (e->index >= peer->n_sessions) {
		*ret_why = "no longer wanted";
		return NULL;
	}
	if (e->target != keep_fingerprint(config)) {
		*ret_why = "its address or source has changed";
		return NULL;
	}
	return peer->sessions[e->index];
}

/* Times that lie ahead are of another clock, as after a reboot, or damaged. */
static int64_t
not_after(int64_t at_ms, int64_t now_ms)
{
	return at_ms < now_ms ? at_ms : now_ms;
}

static void
restore(struct session *s, const struct parktable_entry *e, uint32_t slot, int64_t now_ms)
{
	s->slot = slot;
	s->down_ms = not_after(e->down_ms, now_ms);
	s->died = (struct death){.error = e->error,
	    .idle_ms = e->died_idle_ms,
	    .survived_ms = -1,
	    .quiet_ms = -1,
	    .age_ms = -1};
	s->reconnects = e->reconnects;
	s->error = e->error;
	s->tuned = e->tuned;
	s->jitter = e->jitter;
	s->was_up = (e->flags & PARKTABLE_WAS_UP) != 0;
	s->lost_aloud = (e->flags & PARKTABLE_LOST_ALOUD) != 0;
	s->reason = e->reason < REASON_COUNT ? e->reason : REASON_NONE;
	s->unsettled = s->reason == REASON_PENDING;
	s->conn.discarded = e->discarded;
	if (s->peer->failures < e->failures)
		s->peer->failures = e->failures;
}

/* Whatever has no session any more, and no socket that were still to be closed, is forgotten. */
static void
read_slot(struct takeover *t, uint32_t slot)
{
	struct claim *claim = &t->claims[slot];
	struct parktable_entry e;
	const char *why;
	int r = parktable_read(t->keep->table, slot, &e);
	struct session *s = r > 0 ? find(t, &e, &why) : NULL;

	t->damaged += r < 0;
	if (r > 0)
		*claim = (struct claim){.lives = {e.life, e.partner}};
	t->expected += claim->lives[0] != 0 && e.kind == PARKTABLE_SESSION;
	if (s != NULL && s->slot == SESSION_NO_SLOT) {
		claim->session = s;
		restore(s, &e, slot, t->now_ms);
	} else if (r != 0 && claim->lives[0] == 0) {
		parktable_give(t->keep->table, slot);
	}
}

static int
read_table(struct takeover *t)
{
	uint32_t n = parktable_slots(t->keep->table);

	t->claims = calloc(n > 0 ? n : 1, sizeof(*t->claims));
	if (t->claims == NULL)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < n; slot++)
		read_slot(t, slot);
	return 0;
}

static void
say_closed(struct takeover *t, const struct parktable_entry *e, const struct conn_socket *socket,
    const char *why)
{
	struct report *report = &t->keep->guard->report;
	int priority = t->unwanted < BURST_LINES ? LOG_INFO : LOG_DEBUG; /* the sum is told */
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char local[ADDRESS_TEXT_SIZE], remote[ADDRESS_TEXT_SIZE], text[256];

	fields.peer = e->peer;
	fields.session = e->index;
	fields.state = fsm_state_name(FSM_IDLE);
	fields.old_state = fsm_state_name(FSM_UP);
	fields.local = address_text(&socket->local, local, sizeof(local));
	fields.remote = address_text(&socket->remote, remote, sizeof(remote));
	snprintf(text, sizeof(text), "%s/%u: closed by us: %s", e->peer, e->index, why);
	report->say(report, MESSAGE_SESSION_CLOSED, priority, &fields, text);
}

/* The socket is the one that the entry tells of: a name alone is no proof. */
static bool
matches(const struct inspection *i, const struct parktable_entry *e)
{
	union address local, remote;

	memcpy(&local, e->local, sizeof(local));
	memcpy(&remote, e->remote, sizeof(remote));
	return address_equal(&i->socket.local, &local) &&
	       (i->has_peer ? address_equal(&i->socket.remote, &remote) : !i->lives);
}

/* True: it is held by the session now, or is about to be lost by it. */
static bool
adopt(struct takeover *t, struct session *s, const struct parked *parked,
    const struct parktable_entry *e, struct inspection *seen)
{
	if (parking_know(t->keep->parking, parked) < 0) {
		t->wrong++;
		return false;
	}
	s->life = parked->life;
	memcpy(&seen->socket.remote, e->remote, sizeof(seen->socket.remote));
	session_adopt(s, &seen->socket, not_after(e->since_ms, t->now_ms));
	if (seen->lives)
		t->taken++;
	else
		t->corpses[t->dead++] = (struct corpse){s, seen->error};
	return true;
}

/* The entry that a socket names. False: there is none; its end had come, and been told, before. */
static bool
read_entry(const struct takeover *t, const struct parked *parked, struct parktable_entry *ret)
{
	const struct parktable *table = t->keep->table;
	uint32_t slot = parked->slot & ~PARKING_SECOND;

	return parked->life != 0 && slot < parktable_slots(table) &&
	       t->claims[slot].lives[parked->slot / PARKING_SECOND] == parked->life &&
	       parktable_read(table, slot, ret) > 0;
}

/* One that is no session's. True: the tunnels have it. */
static bool
take_other(struct takeover *t, const struct parked *parked, const struct parktable_entry *e)
{
	struct forwards *forwards = t->keep->guard->forwards;
	struct claim *claim = &t->claims[parked->slot & ~PARKING_SECOND];

	if (parking_know(t->keep->parking, parked) == 0) {
		if (salvage_add(&forwards->salvage, parked, e)) {
			claim->lives[parked->slot / PARKING_SECOND] = 0; /* the slot is theirs */
			return true;
		}
		parking_remove(t->keep->parking, parked->slot);
	}
	t->wrong++;
	return false;
}

/* True: a session has it, or a tunnel. */
static bool
take_one(struct takeover *t, const struct parked *parked)
{
	struct inspection seen;
	struct parktable_entry e;
	const char *why = NULL;
	struct session *s;

	if (!read_entry(t, parked, &e))
		return false;
	if (e.kind != PARKTABLE_SESSION)
		return take_other(t, parked, &e);
	if (inspect_socket(parked->fd, &seen) < 0 || !matches(&seen, &e)) {
		t->wrong++;
		return false;
	}
	s = t->claims[parked->slot].session;
	if (s != NULL && session_state(s) == FSM_IDLE)
		return adopt(t, s, parked, &e, &seen);
	/* A session has one socket: any other is nobody's. */
	if (s == NULL && find(t, &e, &why) == NULL) {
		say_closed(t, &e, &seen.socket, why);
		t->unwanted++;
	} else {
		t->wrong++;
	}
	return false;
}

/* Duplicates lie on the shelves until the next flush, so it takes more than close(). */
static void
end(int fd)
{
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

/* A session whose socket did not come, or an entry whose session is gone: it holds nothing. */
static void
settle_table(struct takeover *t)
{
	struct keep *keep = t->keep;

	for (uint32_t slot = 0; slot < parktable_slots(keep->table); slot++) {
		const struct claim *claim = &t->claims[slot];

		if (claim->lives[0] == 0)
			continue;
		if (claim->session == NULL)
			parktable_give(keep->table, slot);
		else if (claim->session->life != claim->lives[0])
			keep_moved(keep, claim->session);
	}
}

/* Only now that all are up: the loss of one begins an attempt where nothing else stands back. */
static void
bury(struct takeover *t)
{
	for (unsigned i = 0; i < t->dead; i++) {
		const struct conn_news news = {.what = CONN_LOST, .error = t->corpses[i].error};

		/* How it went before it was taken over is not known. */
		t->corpses[i].session->steady_ms = INT64_MAX;
		session_news(&t->corpses[i].session->conn, &news);
	}
}

/* What became of the dead, for the sum. */
struct deaths {
	unsigned reset, closed, silent;
};

static struct deaths
count_deaths(const struct takeover *t)
{
	struct deaths n = {0};

	for (unsigned i = 0; i < t->dead; i++) {
		n.closed += t->corpses[i].error == 0;
		n.reset += t->corpses[i].error == ECONNRESET || t->corpses[i].error == EPIPE;
	}
	n.silent = t->dead - n.closed - n.reset;
	return n;
}

static void
say_sum(struct takeover *t)
{
	const struct deaths n = count_deaths(t);
	const struct {
		unsigned n;
		const char *what;
	} parts[] = {
	    {n.reset, "had been reset meanwhile"},
	    {n.closed, "had been closed by the peer meanwhile"},
	    {n.silent, "had been given up by the kernel meanwhile"},
	    {t->unwanted, "belong to nothing in the configuration"},
	    {t->expected - t->taken - t->dead - t->unwanted, "were lost"},
	};
	struct report *report = &t->keep->guard->report;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[512];
	int used = snprintf(text, sizeof(text), "took over %u of %u session%s", t->taken,
	    t->expected, t->expected == 1 ? "" : "s");

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].n > 0)
			used += snprintf(text + used, sizeof(text) - (size_t)used, "; %u %s",
			    parts[i].n, parts[i].what);
	report->say(report, MESSAGE_TAKEN_OVER, LOG_NOTICE, &none, text);
}

static void
say_all(struct takeover *t)
{
	struct keep *keep = t->keep;

	if (t->expected > 0)
		say_sum(t);
	if (t->damaged > 0)
		keep_warn(keep, "what was known of %u sessions is damaged", t->damaged);
	if (t->haul.bad > 0)
		keep_warn(keep,
		    "%u things in the descriptor store are not what kaguard puts there, or could "
		    "not be had for want of descriptors",
		    t->haul.bad);
	if (t->wrong > 0)
		keep_warn(keep, "closed %u sockets that are not what the table of sessions says",
		    t->wrong);
}

/* What no entry names had ended, unless another number is its name by now. */
static void
end_strays(struct takeover *t)
{
	struct parktable_entry e;
	struct twins named = {0};

	for (unsigned i = 0; i < t->haul.n; i++)
		if (read_entry(t, &t->haul.list[i], &e))
			twins_add(&named, t->haul.list[i].fd);
	for (unsigned i = 0; i < t->haul.n; i++)
		if (!read_entry(t, &t->haul.list[i], &e)) {
			twins_end(&named, t->haul.list[i].fd);
			t->haul.list[i].fd = -1;
		}
	twins_clear(&named);
}

/* Everything that was found goes to its session, or is ended. */
static void
take_all(struct takeover *t)
{
	end_strays(t);
	for (unsigned i = 0; i < t->haul.n; i++) {
		if (t->haul.list[i].fd >= 0 && !take_one(t, &t->haul.list[i]))
			end(t->haul.list[i].fd);
		t->haul.list[i].fd = -1;
	}
	settle_table(t);
	say_all(t);
	salvage_restore(&t->keep->guard->forwards->salvage, t->keep->guard->forwards, t->config);
	bury(t);
	keep_settle(t->keep);
}

int
takeover(struct keep *keep, const struct config *config)
{
	struct takeover t = {.keep = keep, .config = config};
	int r;

	if (keep->table == NULL)
		return 0;
	t.now_ms = guard_now_ms(keep->guard);
	r = haul_take(&t.haul, keep->parking, &keep->store);
	store_close(&keep->store);
	if (r == 0) {
		t.corpses = calloc(t.haul.n > 0 ? t.haul.n : 1, sizeof(*t.corpses));
		r = t.corpses == NULL ? -ENOMEM : read_table(&t);
	}
	if (r == 0)
		take_all(&t);
	free(t.claims);
	free(t.corpses);
	haul_clear(&t.haul);
	return r;
}
