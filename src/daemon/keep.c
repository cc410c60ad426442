/* SPDX-License-Identifier: ISC */
#include "daemon/keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/peer.h"
#include "daemon/stow.h"
#include "host/owners.h"
#include "net/clock.h"

/* Sockets that are not wanted any more lie on their shelves that long, so that many that end
 * together cost one new shelf. They have been shut down before. */
#define FLUSH_MS 1000

/* Many shelves are filled one after the other, for the service manager has other work, too. And
 * again, after trouble of our own. */
#define MORE_MS	   50
#define TROUBLE_MS 10000

/* A service manager that does not keep something is not asked again for so long, since it writes a
 * line to the journal each time; unless somebody has reloaded the configuration. */
#define RETRY_MS (10 * 60 * 1000)

void
keep_warn(struct keep *keep, const char *format, ...)
{
	struct report *report = &keep->guard->report;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report->say(report, MESSAGE_NOT_KEPT, LOG_WARNING, &none, text);
}

/* Once: it is the same trouble for all, and mostly lasts. */
void
keep_trouble(struct keep *keep, int error)
{
	if (keep->told)
		return;
	keep->told = true;
	if (error == -ECONNRESET)
		keep_warn(keep,
		    "the service manager does not keep the sessions: a restart will close those "
		    "it has dropped; FileDescriptorStoreMax= of the unit has to be %u or more",
		    parking_shelves(keep->parking) + 2);
	else if (error == -ETOOMANYREFS)
		keep_warn(keep,
		    "not all sessions can be kept for a restart: too many descriptors are under "
		    "way; LimitNOFILE= of the unit has to be above the number of sessions");
	else
		keep_warn(keep, "not all sessions can be kept for a restart: %s", strerror(-error));
}

/* In place of the one of that generation; 0: of none. */
static int
store_table(struct keep *keep, uint32_t old_generation)
{
	char name[NOTIFY_NAME], old[NOTIFY_NAME];

	store_name_text(STORE_TABLE, keep->table_generation, name);
	store_name_text(STORE_TABLE, old_generation, old);
	return notify_store(
	    keep->notify, parktable_fd(keep->table), name, old_generation != 0 ? old : NULL);
}

static void
arm_flush(struct keep *keep, int64_t delay_ms)
{
	int64_t due_ms = clock_now_ms() + delay_ms;

	if (wake_armed(&keep->flush) && keep->flush_ms <= due_ms)
		return;
	keep->flush_ms = due_ms;
	wake_after(&keep->flush, delay_ms);
}

static void
on_flush(struct wake *wake, unsigned what)
{
	struct keep *keep = container_of(wake, struct keep, flush);
	int64_t now_ms = clock_now_ms();
	bool retry = now_ms >= keep->retry_ms;
	int r;

	(void)what;
	if (retry) {
		keep->retry_ms = now_ms + RETRY_MS;
		(void)store_table(keep, 0);
		stow_store(keep);
	}
	r = parking_flush(keep->parking, retry);
	if (r < 0)
		keep_trouble(keep, r);
	if (r > 0)
		arm_flush(keep, MORE_MS);
	else if (parking_dirty(keep->parking))
		arm_flush(keep, r < 0 ? TROUBLE_MS : RETRY_MS);
}

static void
on_watch(struct wake *wake, unsigned what)
{
	struct keep *keep = container_of(wake, struct keep, watch);

	(void)what;
	if (parking_look(keep->parking) == 0)
		return;
	keep_trouble(keep, -ECONNRESET);
	arm_flush(keep, RETRY_MS);
}

int
keep_receive(struct keep *keep)
{
	return store_take(&keep->store);
}

static const char *
table_trouble(int error)
{
	switch (error) {
	case -EMEDIUMTYPE:
		return "it is no such table";
	case -EPROTONOSUPPORT:
		return "another version of kaguard wrote it";
	case -EBADMSG:
		return "it is damaged";
	default:
		return strerror(-error);
	}
}

/* The youngest table that can be read, and no other one in the store. */
static void
attach_table(struct keep *keep)
{
	char name[NOTIFY_NAME];

	for (unsigned i = 0; i < keep->store.n; i++) {
		struct store_item *item = &keep->store.items[i];
		bool copied = false;
		int r;

		if (item->name.kind != STORE_TABLE)
			continue;
		r = keep->table != NULL ? -EEXIST
					: parktable_attach(item->fd, &keep->table, &copied);
		if (r == 0) {
			item->fd = -1;
			keep->table_generation = item->name.generation;
		} else if (r != -EEXIST) {
			keep_warn(keep, "what was known of the sessions cannot be used: %s",
			    table_trouble(r));
		}
		if (copied) {
			keep->table_generation = parking_generation(keep->parking, 0);
			(void)store_table(keep, item->name.generation);
		} else if (r < 0) {
			store_name_text(STORE_TABLE, item->name.generation, name);
			(void)notify_forget(keep->notify, name);
		}
	}
}

static int
open_table(struct keep *keep)
{
	int r;

	for (unsigned i = 0; i < keep->store.n; i++)
		parking_generation(keep->parking, keep->store.items[i].name.generation);
	attach_table(keep);
	stow_attach(keep);
	if (keep->table != NULL)
		return 0;
	r = parktable_new(&keep->table);
	if (r < 0)
		return r;
	keep->table_generation = parking_generation(keep->parking, 0);
	return store_table(keep, 0);
}

int
keep_open(struct keep *keep, struct loop *loop, struct guard *guard, struct notify *notify)
{
	int r;

	keep->guard = guard;
	keep->notify = notify;
	/* Above all that any daemon of this boot has given before. */
	keep->life = (uint64_t)clock_now_ms() << 20;
	keep->retry_ms = clock_now_ms() + RETRY_MS;
	if (keep->store.n_foreign > 0)
		keep_warn(keep, "closed %u descriptors that are not kaguard's, among them \"%s\"",
		    keep->store.n_foreign, keep->store.foreign);
	if (!notify_present(notify))
		return 0;
	r = parking_new(notify, &keep->parking);
	if (r == 0)
		r = wake_init(loop, &keep->flush, on_flush);
	if (r == 0)
		r = wake_init(loop, &keep->watch, on_watch);
	if (r == 0)
		r = wake_arm(&keep->watch, parking_watch_fd(keep->parking), WAKE_READ, -1);
	return r == 0 ? open_table(keep) : r;
}

void
keep_clear(struct keep *keep)
{
	wake_clear(&keep->flush);
	wake_clear(&keep->watch);
	parktable_free(keep->table);
	owners_free(keep->owners);
	parking_free(keep->parking);
	store_clear(&keep->store);
	*keep = (struct keep){0};
}

static uint64_t
hash(uint64_t h, const char *text)
{
	if (text != NULL)
		for (; *text != '\0'; text++)
			h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return (h ^ 0x100u) * 0x100000001b3u; /* an end that no text has within */
}

uint64_t
keep_fingerprint(const struct config_peer *config)
{
	uint64_t h = hash(0xcbf29ce484222325u ^ config->port, config->host);

	return hash(hash(h, config->bind), config->device);
}

static void
write_entry(struct keep *keep, const struct session *s)
{
	const struct config_peer *config = s->peer->config;
	struct parktable_entry e = {.life = s->life,
	    .target = keep_fingerprint(config),
	    .discarded = s->conn.discarded,
	    .since_ms = s->since_ms,
	    .down_ms = s->down_ms,
	    .died_idle_ms = s->died.idle_ms,
	    .index = s->index,
	    .reconnects = s->reconnects,
	    .failures = s->peer->failures,
	    .error = s->error,
	    .tuned = s->tuned,
	    .jitter = s->jitter,
	    .flags = (uint8_t)((s->was_up ? PARKTABLE_WAS_UP : 0) |
			       (s->lost_aloud ? PARKTABLE_LOST_ALOUD : 0)),
	    .reason = s->reason};

	_Static_assert(sizeof(e.peer) > CONFIG_MAX_NAME, "a name fits");
	_Static_assert(sizeof(e.local) == sizeof(s->conn.local), "an address fits");
	memcpy(e.local, &s->conn.local, sizeof(e.local));
	memcpy(e.remote, &s->conn.remote, sizeof(e.remote));
	strncpy(e.peer, config->name, sizeof(e.peer) - 1);
	parktable_write(keep->table, s->slot, &e);
}

/* What is not in line on the shelves waits for a while, for more of it may come. */
void
keep_tidy(struct keep *keep)
{
	if (parking_dirty(keep->parking))
		arm_flush(keep, FLUSH_MS);
}

/* The table knows of a socket before it is parked, and of its end before it is taken away: what is
 * found without an entry is nobody's. */
void
keep_moved(struct keep *keep, struct session *s)
{
	bool held = session_state(s) == FSM_UP && s->conn.fd >= 0;
	bool came = held && s->life == 0, went = !held && s->life != 0;
	int r = 0;

	if (keep->table == NULL)
		return;
	if (s->slot == SESSION_NO_SLOT)
		r = parktable_take(keep->table, &s->slot);
	if (r < 0) {
		keep_trouble(keep, r);
		return;
	}
	if (came)
		s->life = ++keep->life;
	if (went)
		s->life = 0;
	write_entry(keep, s);
	if (came) {
		const struct parked parked = {.life = s->life, .slot = s->slot, .fd = s->conn.fd};

		r = parking_put(keep->parking, &parked);
	} else if (went) {
		parking_remove(keep->parking, s->slot);
	}
	if (r < 0)
		keep_trouble(keep, r);
	keep_tidy(keep);
}

void
keep_freed(struct keep *keep, struct session *s)
{
	if (keep->table == NULL || s->slot == SESSION_NO_SLOT)
		return;
	parking_remove(keep->parking, s->slot);
	parktable_give(keep->table, s->slot);
	s->slot = SESSION_NO_SLOT;
	s->life = 0;
	keep_tidy(keep);
}

void
keep_settle(struct keep *keep)
{
	int r = parking_reserve(keep->parking);

	if (r < 0)
		keep_trouble(keep, r);
	keep_tidy(keep);
}

void
keep_retry(struct keep *keep)
{
	if (keep->table == NULL || !parking_dirty(keep->parking))
		return;
	keep->retry_ms = 0;
	keep->told = false;
	arm_flush(keep, 0);
}

void
keep_abandon(struct keep *keep)
{
	if (keep->table == NULL)
		return;
	guard_leave(keep->guard);
	keep_clear(keep);
}

unsigned
keep_leave(struct keep *keep)
{
	struct guard *guard = keep->guard;
	unsigned n = 0;

	if (keep->table == NULL)
		return 0;
	(void)parking_flush(keep->parking, true);
	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; j < guard->peers[i]->n_sessions; j++) {
			struct session *s = guard->peers[i]->sessions[j];

			if (s->life == 0)
				continue;
			write_entry(keep, s);
			n++;
		}
	keep_abandon(keep);
	return n;
}

void
keep_forget(struct keep *keep)
{
	char name[NOTIFY_NAME];

	if (keep->table == NULL)
		return;
	store_name_text(STORE_TABLE, keep->table_generation, name);
	parking_forget(keep->parking);
	stow_forget(keep);
	(void)notify_forget(keep->notify, name);
}
