/* SPDX-License-Identifier: ISC */
#include "daemon/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/guard.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "host/courier.h"
#include "host/statefile.h"

/* Many changes at once make one file; and one that could not be written is tried again. */
#define WRITE_MS 1000
#define LOOK_MS	 1000
#define RETRY_MS 60000
#define ROOM	 ((size_t)4 * 1024 * 1024)

/* What the thread knows. Apart, for it may outlive the daemon in a call that hangs. */
struct memory_writer {
	struct carrier carrier;
	struct courier *courier;
	char *directory;
	atomic_int error;
	atomic_uint_fast64_t written; /* or tried */
};

static int64_t
wall_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* From the guard's clock to the time of day. */
static int64_t
wall_offset_ms(const struct guard *guard)
{
	return wall_now_ms() - guard_now_ms(guard);
}

__attribute__((format(printf, 3, 4))) static void
say(struct memory *memory, int priority, const char *format, ...)
{
	struct report *report = &memory->guard->report;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report->say(report, MESSAGE_STATE_FILE, priority, &none, text);
}

/* --- the file --------------------------------------------------------------------------------- */

static int
carry(struct carrier *carrier, const void *record, size_t size)
{
	struct memory_writer *writer = container_of(carrier, struct memory_writer, carrier);
	int r = statefile_write(writer->directory, LORE_FILE, record, size);

	atomic_store(&writer->error, r);
	atomic_fetch_add(&writer->written, 1);
	return r;
}

static void
writer_free(struct memory_writer *writer)
{
	if (writer == NULL)
		return;
	free(writer->directory);
	free(writer);
}

static int
start_writer(struct memory *memory)
{
	struct memory_writer *writer;
	int r = -ENOMEM;

	if (memory->writer != NULL)
		return 0;
	writer = calloc(1, sizeof(*writer));
	if (writer != NULL) {
		writer->carrier.carry = carry;
		writer->directory = strdup(memory->directory);
	}
	if (writer != NULL && writer->directory != NULL)
		r = courier_open("kg-state", ROOM, &writer->carrier, &writer->courier);
	if (r < 0) {
		writer_free(writer);
		return r;
	}
	memory->writer = writer;
	return 0;
}

/* Hand all that is known to the thread. */
static int
post(struct memory *memory)
{
	char *text;
	int r = start_writer(memory);

	if (r < 0)
		return r;
	memory_note(memory);
	text = lore_print(&memory->lore, wall_now_ms() - LORE_KEEP_MS);
	r = text == NULL ? -ENOMEM : courier_post(memory->writer->courier, text, strlen(text));
	free(text);
	if (r == 0) {
		memory->posted++;
		memory->dirty = false;
	}
	return r;
}

/* Once, until it works again. */
static void
tell(struct memory *memory, int error)
{
	if (!memory->told)
		say(memory, LOG_WARNING,
		    "what was learnt cannot be written to %s: %s; it is in force all the same, and "
		    "tried again",
		    memory->directory, strerror(-error));
	memory->told = true;
}

static void
on_wake(struct wake *wake, unsigned what)
{
	struct memory *memory = container_of(wake, struct memory, wake);
	struct memory_writer *writer = memory->writer;
	int r = 0;

	(void)what;
	if (writer != NULL && atomic_load(&writer->written) < memory->posted) {
		wake_after(wake, LOOK_MS);
		return;
	}
	if (writer != NULL && memory->posted > 0)
		r = atomic_load(&writer->error);
	if (r < 0 && !memory->dirty) { /* it has failed since */
		memory->dirty = true;
		tell(memory, r);
		wake_after(wake, RETRY_MS);
		return;
	}
	if (r == 0)
		memory->told = false;
	if (!memory->dirty)
		return;
	r = post(memory);
	if (r < 0)
		tell(memory, r);
	wake_after(wake, r < 0 ? RETRY_MS : LOOK_MS);
}

/* One that cannot be read now may be another time: then it is not written either. */
static void
read_file(struct memory *memory)
{
	int r = lore_load(memory->directory, &memory->lore);

	if (r == 0 || r == -ENOENT)
		return;
	if (r == -EBADMSG && statefile_set_aside(memory->directory, LORE_FILE) == 0) {
		say(memory, LOG_WARNING,
		    "%s/%s is damaged: it was renamed to %s.corrupt, and what was learnt is lost",
		    memory->directory, LORE_FILE, LORE_FILE);
		return;
	}
	say(memory, LOG_WARNING,
	    "what was learnt cannot be read from %s/%s: %s; the file is left as it is until the "
	    "next start, and what is learnt until then is not kept",
	    memory->directory, LORE_FILE, strerror(-r));
	free(memory->directory);
	memory->directory = NULL;
}

int
memory_open(struct memory *memory, struct loop *loop, struct guard *guard)
{
	memory->guard = guard;
	guard->memory = memory;
	memory->directory = statefile_directory();
	if (memory->directory == NULL) {
		say(memory, LOG_DEBUG,
		    "no $STATE_DIRECTORY: what is learnt about firewalls is not kept");
		return 0;
	}
	read_file(memory);
	return wake_init(loop, &memory->wake, on_wake);
}

void
memory_close(struct memory *memory, int wait_ms)
{
	wake_clear(&memory->wake);
	if (memory->directory != NULL && memory->dirty)
		(void)post(memory);
	if (memory->writer != NULL && courier_close(memory->writer->courier, wait_ms))
		writer_free(memory->writer);
	if (memory->guard != NULL)
		memory->guard->memory = NULL;
	lore_clear(&memory->lore);
	free(memory->directory);
	*memory = (struct memory){0};
}

/* --- the peers -------------------------------------------------------------------------------- */

void
memory_learnt(struct memory *memory)
{
	if (memory == NULL || memory->directory == NULL || memory->dirty)
		return;
	memory->dirty = true;
	wake_after(&memory->wake, WRITE_MS);
}

/* Between the guard's clock and the time of day. */
static void
shift(struct lore_entry *entry, int64_t by_ms)
{
	for (unsigned i = 0; i < entry->learn.n; i++)
		entry->learn.events[i].noticed_ms += by_ms;
	for (unsigned i = 0; i < entry->habit.n; i++)
		entry->habit.ends[i].at_ms += by_ms;
	entry->survey.measured_ms += by_ms;
	entry->survey.tried_ms += by_ms;
}

/* What was learnt is an answer to what was planned for. */
static bool
answers(const struct peer *peer, const struct lore_entry *entry)
{
	return entry->learn.declared_ms ==
	       survey_in_force_ms(&entry->survey, peer->config->wish.firewall_ms);
}

static const struct lore_entry *
find(const struct memory *memory, const struct peer *peer)
{
	const struct config_peer *c = peer->config;

	if (peer->path == NULL)
		return lore_find(&memory->lore, c->name, c->address, c->wish.firewall_ms);
	if (peer->path->network[0] == '\0')
		return lore_latest(&memory->lore, c->name, c->address);
	return lore_find_in(&memory->lore, c->name, c->address, peer->path->network);
}

void
memory_recall(const struct memory *memory, struct peer *peer)
{
	const struct lore_entry *known = memory != NULL ? find(memory, peer) : NULL;
	struct lore_entry entry;

	if (known == NULL)
		return;
	entry = *known;
	shift(&entry, -wall_offset_ms(memory->guard));
	peer->habit = entry.habit;
	if (peer->path != NULL) {
		peer->path->survey = entry.survey;
		snprintf(peer->path->network, sizeof(peer->path->network), "%s", entry.network);
		learn_begin(&peer->learn, path_firewall_ms(peer));
	}
	if (answers(peer, &entry))
		peer->learn = entry.learn;
}

void
memory_note_one(struct memory *memory, const struct peer *peer)
{
	struct lore_entry entry = {.peer = peer->config->name,
	    .address = peer->config->address,
	    .network = (char *)(uintptr_t) "",
	    .known_ms = wall_now_ms(),
	    .learn = peer->learn,
	    .habit = peer->habit};

	/* Of one that has not been in its network yet nothing is new. */
	if (memory == NULL || (peer->path != NULL && !peer->path->known))
		return;
	if (peer->path != NULL) {
		entry.network = peer->path->network;
		entry.survey = peer->path->survey;
	}
	shift(&entry, wall_offset_ms(memory->guard));
	/* One of which nothing is known any more replaces what was. */
	if (lore_is_worth(&entry) || lore_has(&memory->lore, entry.peer, entry.network))
		(void)lore_put(&memory->lore, &entry);
}

void
memory_note(struct memory *memory)
{
	for (size_t i = 0; i < memory->guard->n_peers; i++)
		memory_note_one(memory, memory->guard->peers[i]);
}
