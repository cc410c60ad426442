/* SPDX-License-Identifier: ISC */

/*
 * Records of the journal with any bytes in them, on the three ways that they go: whatever is said,
 * it is one record, with the fields that are meant and no others, and one line of text. What is
 * said is kept for the control socket as well, which hands it out as JSON.
 *
 * The first byte of the input is the priority, the second the message, the third the way; then a
 * number, for all fields that are one, and eight texts that end in NUL.
 */

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/events.h"
#include "daemon/view.h"
#include "fuzz.h"
#include "host/journal.h"
#include "host/receipt.h"
#include "host/record.h"
#include "shown.h"

#define HEAD  (3 + sizeof(int64_t))
#define TEXTS 8
#define WAYS  3
#define STAMP 20 /* "2026-11-22 15:37:01 " */

/* A journal for each way, and what came out of it. */
static struct {
	struct journal *journal;
	int read_fd;
} ways[WAYS];
static struct record received;
static sem_t sent;

/* In place of libsystemd's, on the courier's thread. */
int sd_journal_sendv(const struct iovec *fields, int n);
int
sd_journal_sendv(const struct iovec *fields, int n)
{
	received.size = 0;
	received.fields = (unsigned)n;
	for (int i = 0; i < n; i++) {
		assert(received.size + fields[i].iov_len < sizeof(received.bytes));
		memcpy(received.bytes + received.size, fields[i].iov_base, fields[i].iov_len);
		received.size += fields[i].iov_len;
		received.bytes[received.size++] = '\n';
	}
	assert(sem_post(&sent) == 0);
	return 0;
}

static void
set_up(void)
{
	int fds[2];

	if (ways[0].journal != NULL)
		return;
	assert(sem_init(&sent, 0, 0) == 0);
	for (int i = 0; i < WAYS; i++) {
		assert(pipe(fds) == 0);
		ways[i].read_fd = fds[0];
		assert(journal_open_on(
			   (enum journal_target)i, fds[1], LOG_DEBUG, &ways[i].journal) == 0);
	}
}

/* --- what a record is ------------------------------------------------------------------------- */

/* As the journal wants them: journal_field_valid() of systemd. */
static void
check_name(const char *name, size_t size)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	assert(size > 0 && size <= 64 && strchr("0123456789_", name[0]) == NULL);
	for (size_t i = 0; i < size; i++)
		assert(name[i] != '\0' && strchr(allowed, name[i]) != NULL);
}

static void
check_fields(const struct record *record)
{
	const char *at = record->bytes, *end = at + record->size;
	unsigned n = 0;

	assert(record->size <= RECORD_MAX && record->fields <= RECORD_FIELDS);
	for (; at < end; n++) {
		const char *line = memchr(at, '\n', (size_t)(end - at)), *equals;

		assert(line != NULL);
		equals = memchr(at, '=', (size_t)(line - at));
		assert(equals != NULL);
		check_name(at, (size_t)(equals - at));
		assert(memchr(equals, '\t', (size_t)(line - equals)) == NULL);
		shown_line(equals + 1, (size_t)(line - equals) - 1);
		at = line + 1;
	}
	assert(n == record->fields);
}

/* How many of its fields have that name. */
static unsigned
count(const struct record *record, const char *name)
{
	const char *at = record->bytes, *end = at + record->size;
	unsigned n = 0;

	for (; at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1)
		n += strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == '=';
	return n;
}

/* A field is there if it was given; further ones are beside it, and never in its place. */
static void
check_given(const struct record *record, const struct journal_fields *fields)
{
	assert(strncmp(record->bytes, "MESSAGE=", strlen("MESSAGE=")) == 0);
	if (fields->extra != NULL)
		return;
	assert(count(record, "MESSAGE") == 1 && count(record, "MESSAGE_ID") == 1);
	assert(count(record, "PRIORITY") == 1 && count(record, "SYSLOG_IDENTIFIER") == 1);
	assert(count(record, "KAGUARD_PEER") == (fields->peer != NULL));
	assert(count(record, "KAGUARD_STATE") == (fields->state != NULL));
	assert(count(record, "KAGUARD_REASON") == (fields->reason != NULL));
	assert(count(record, "KAGUARD_LOCAL") == (fields->local != NULL));
	assert(count(record, "KAGUARD_SESSION") == (fields->session >= 0));
	assert(count(record, "ERRNO") == (fields->error > 0));
}

/* --- the ways --------------------------------------------------------------------------------- */

static void
receive_line(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	ssize_t n;

	received.size = 0;
	do {
		assert(poll(&wait, 1, -1) == 1);
		n = read(fd, received.bytes + received.size, RECORD_MAX - received.size);
		assert(n > 0);
		received.size += (size_t)n;
	} while (received.bytes[received.size - 1] != '\n');
	assert(memchr(received.bytes, '\n', received.size - 1) == NULL);
}

static void
expect(const struct record *wanted, size_t skip)
{
	assert(received.size == wanted->size);
	assert(memcmp(received.bytes + skip, wanted->bytes + skip, wanted->size - skip) == 0);
}

/* It arrives as it is encoded; the journal cuts its text before it is, and to no other end. */
static void
say(enum journal_target way, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	static struct record wanted;

	journal_say(ways[way].journal, message, priority, fields, "%s", text);
	if (way == JOURNAL_NATIVE)
		assert(sem_wait(&sent) == 0);
	else
		receive_line(ways[way].read_fd);
	switch (way) {
	case JOURNAL_NATIVE:
		record_fields(&wanted, message, priority, fields, text);
		check_fields(&wanted);
		check_given(&wanted, fields);
		assert(received.fields == wanted.fields);
		expect(&wanted, 0);
		break;
	case JOURNAL_PREFIXED:
		record_prefixed(&wanted, priority, text);
		shown_line(wanted.bytes, wanted.size - 1);
		expect(&wanted, 0);
		break;
	case JOURNAL_LINES:
		record_line(&wanted, priority, 0, text);
		shown_line(wanted.bytes, wanted.size - 1);
		expect(&wanted, STAMP);
		break;
	}
}

static void
keep(enum message message, int priority, const struct journal_fields *fields, const char *text)
{
	struct events events = {0};
	const struct event *event;
	json_t *object;
	char *printed;

	assert(events_init(&events) == 0);
	events_add(&events, message, priority, fields, text);
	event = events_at(&events, 1);
	if (event != NULL) {
		object = view_event(event);
		printed = json_dumps(object, JSON_COMPACT);
		assert(object != NULL && printed != NULL && strchr(printed, '\n') == NULL);
		free(printed);
		json_decref(object);
	}
	events_clear(&events);
}

/* Nobody listens at what cannot be, and what is no stream of the service manager's is a file. */
static void
be_started(const char *text, int64_t number)
{
	const struct stat st = {.st_dev = (dev_t)number, .st_ino = (ino_t)number};
	char path[4096];

	snprintf(path, sizeof(path), "/nonexistent/%s", text);
	assert(receipt_await(path, 0) < 0);
	if (journal_target(text, &st, "/nonexistent") != JOURNAL_LINES)
		assert(strtoumax(text, NULL, 10) == st.st_dev);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char *copy, *texts[TEXTS] = {NULL}, *at;
	int64_t number;

	if (size < HEAD)
		return 0;
	set_up();
	copy = calloc(1, size - HEAD + 1);
	assert(copy != NULL);
	memcpy(copy, data + HEAD, size - HEAD);
	memcpy(&number, data + 3, sizeof(number));
	at = copy;
	for (int i = 0; i < TEXTS && at < copy + size - HEAD; i++, at += strlen(at) + 1)
		texts[i] = at;
	if (texts[0] == NULL)
		texts[0] = copy;
	fields.session = fields.idle_ms = fields.rtt_us = fields.error = number;
	fields.peer = texts[1];
	fields.state = texts[2];
	fields.old_state = texts[3];
	fields.remote = texts[4];
	fields.local = texts[5];
	fields.reason = texts[6] != NULL && texts[6][0] != '\0' ? "expired" : NULL;
	fields.extra = texts[7];
	say(data[2] % WAYS, data[1] % MESSAGE_COUNT, data[0] % 8, &fields, texts[0]);
	keep(data[1] % MESSAGE_COUNT, data[0] % 8, &fields, texts[0]);
	be_started(texts[0], number);
	free(copy);
	return 0;
}
