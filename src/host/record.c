/* SPDX-License-Identifier: ISC */
#include "host/record.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/text.h"

static void
start(struct record *record)
{
	record->size = 0;
	record->fields = 0;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One line of at most `room` bytes. The caller has seen to it that it fits. */
static void
put_text(struct record *record, size_t room, const char *text, size_t length)
{
	room = least(room, RECORD_MAX - record->size - 1);
	record->size += text_line(record->bytes + record->size, room, text, length);
	record->bytes[record->size++] = '\n';
}

static void
put_head(struct record *record, const char *head, size_t length)
{
	memcpy(record->bytes + record->size, head, length);
	record->size += length;
}

/* name: with the equals sign. */
static void
put_string(struct record *record, const char *name, const char *value)
{
	if (value == NULL)
		return;
	put_head(record, name, strlen(name));
	put_text(record, RECORD_FIELD_MAX, value, strlen(value));
	record->fields++;
}

static void
put_number(struct record *record, const char *name, int64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	if (value < 0)
		return;
	put_head(record, name, strlen(name));
	digits[--at] = '\n';
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put_head(record, digits + at, sizeof(digits) - at);
	record->fields++;
}

/*
 * A name that the journal takes from a program: its journal_field_valid() wants 1 to 64 of A-Z, 0-9
 * and _, no digit first, and the underscore first is for what the journal knows for sure.
 */
static bool
name_is_valid(const char *name, size_t length)
{
	if (length == 0 || length > 64 || name[0] == '_' || (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (size_t i = 0; i < length; i++) {
		bool letter = name[i] >= 'A' && name[i] <= 'Z';
		bool digit = name[i] >= '0' && name[i] <= '9';

		if (!letter && !digit && name[i] != '_')
			return false;
	}
	return true;
}

/* "NAME=value" without its end of line. One bad name would make the journal refuse the record. */
static void
put_extra_field(struct record *record, size_t end, const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length);

	if (equals == NULL || !name_is_valid(line, (size_t)(equals - line)))
		return;

	size_t head = (size_t)(equals - line) + 1;

	if (record->fields == RECORD_FIELDS || record->size + head + TEXT_LINE_MIN + 1 > end)
		return;
	put_head(record, line, head);
	put_text(record, end - record->size - 1, equals + 1, length - head);
	record->fields++;
}

static void
put_extra(struct record *record, const char *extra)
{
	size_t end = least(record->size + RECORD_EXTRA_MAX, RECORD_MAX);

	while (extra != NULL && *extra != '\0') {
		size_t length = strcspn(extra, "\n");

		put_extra_field(record, end, extra, length);
		extra += length + (extra[length] == '\n');
	}
}

void
record_fields(struct record *record, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	start(record);
	put_head(record, "MESSAGE=", strlen("MESSAGE="));
	put_text(record, RECORD_TEXT_MAX, text, strlen(text));
	record->fields++;
	put_string(record, "MESSAGE_ID=", message_id(message));
	put_number(record, "PRIORITY=", priority);
	put_string(record, "SYSLOG_IDENTIFIER=", "kaguard");
	if (fields == NULL)
		return;
	put_string(record, "KAGUARD_PEER=", fields->peer);
	put_number(record, "KAGUARD_SESSION=", fields->session);
	put_string(record, "KAGUARD_STATE=", fields->state);
	put_string(record, "KAGUARD_OLD_STATE=", fields->old_state);
	put_string(record, "KAGUARD_REASON=", fields->reason);
	put_string(record, "KAGUARD_REMOTE=", fields->remote);
	put_string(record, "KAGUARD_LOCAL=", fields->local);
	put_number(record, "KAGUARD_IDLE_MS=", fields->idle_ms);
	put_number(record, "KAGUARD_RTT_US=", fields->rtt_us);
	put_number(record, "KAGUARD_RETRY_MS=", fields->retry_ms);
	put_number(record, "KAGUARD_ATTEMPT=", fields->attempt);
	if (fields->error > 0)
		put_number(record, "ERRNO=", fields->error);
	put_extra(record, fields->extra);
}

void
record_prefixed(struct record *record, int priority, const char *text)
{
	const char head[] = {'<', (char)('0' + (priority & 7)), '>'};

	start(record);
	put_head(record, head, sizeof(head));
	put_text(record, RECORD_TEXT_MAX, text, strlen(text));
}

static const char *
priority_word(int priority)
{
	if (priority <= LOG_ERR)
		return "error: ";
	if (priority == LOG_WARNING)
		return "warning: ";
	return priority >= LOG_DEBUG ? "debug: " : "";
}

void
record_line(struct record *record, int priority, int64_t now, const char *text)
{
	const char *word = priority_word(priority);
	time_t seconds = (time_t)now;
	struct tm local;

	start(record);
	if (localtime_r(&seconds, &local) != NULL)
		record->size = strftime(record->bytes, RECORD_MAX, "%Y-%m-%d %H:%M:%S ", &local);
	put_head(record, word, strlen(word));
	put_text(record, RECORD_TEXT_MAX, text, strlen(text));
}
