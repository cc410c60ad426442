/* SPDX-License-Identifier: ISC */
#include "host/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Where in the source a record was made is not for operators. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "host/courier.h"
#include "host/monotonic.h"
#include "host/receipt.h"
#include "host/record.h"

/* Some 3,000 changes of a session; a queue that stays short touches its first pages only. */
#define JOURNAL_QUEUE ((size_t)1024 * 1024)

/* The address of the journal's native protocol. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
	struct carrier carrier;
	struct courier *courier;
	enum journal_target target;
	int fd;
	int max_priority;
	/* Of the caller: some bytes more than are kept, so that printf's cut is never seen. */
	char text[RECORD_TEXT_MAX + 8];
	struct record record;
	/* Of the courier's thread. */
	struct record notice;
};

static struct journal *
journal_of(struct carrier *carrier)
{
	return (struct journal *)(void *)((char *)carrier - offsetof(struct journal, carrier));
}

static int
send_fields(const char *bytes, size_t size)
{
	struct iovec fields[RECORD_FIELDS];
	int n = 0;

	while (size > 0 && n < RECORD_FIELDS) {
		const char *end = memchr(bytes, '\n', size);
		size_t length = end == NULL ? size : (size_t)(end - bytes);

		fields[n++] =
		    (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
		length = end == NULL ? length : length + 1;
		bytes += length;
		size -= length;
	}
	return sd_journal_sendv(fields, n);
}

/* The descriptor is shared with whoever started us, who may have made it non-blocking. */
static int
write_whole(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n >= 0) {
			bytes += n;
			size -= (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd room = {.fd = fd, .events = POLLOUT};

			(void)poll(&room, 1, -1);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

static int
carry(struct carrier *carrier, const void *record, size_t size)
{
	struct journal *journal = journal_of(carrier);

	if (journal->target == JOURNAL_NATIVE)
		return send_fields(record, size);
	return write_whole(journal->fd, record, size);
}

static int64_t
now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now.tv_sec;
}

struct remark {
	enum message message;
	int priority;
	const struct journal_fields *fields;
	const char *text;
};

static void
make_record(enum journal_target target, const struct remark *remark, struct record *ret)
{
	switch (target) {
	case JOURNAL_NATIVE:
		record_fields(ret, remark->message, remark->priority, remark->fields, remark->text);
		break;
	case JOURNAL_PREFIXED:
		record_prefixed(ret, remark->priority, remark->text);
		break;
	case JOURNAL_LINES:
		record_line(ret, remark->priority, now_seconds(), remark->text);
		break;
	}
}

static int
report_lost(struct carrier *carrier, uint64_t lost)
{
	struct journal *journal = journal_of(carrier);
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char text[96], extra[48];

	snprintf(text, sizeof(text), "%" PRIu64 " record%s dropped: %s did not keep up", lost,
	    lost == 1 ? "" : "s",
	    journal->target == JOURNAL_LINES ? "the reader of stderr" : "the journal");
	snprintf(extra, sizeof(extra), "KAGUARD_DROPPED=%" PRIu64, lost);
	fields.extra = extra;

	struct remark remark = {MESSAGE_RECORDS_DROPPED, LOG_WARNING, &fields, text};

	make_record(journal->target, &remark, &journal->notice);
	return carry(carrier, journal->notice.bytes, journal->notice.size);
}

enum journal_target
journal_target(const char *stream, const struct stat *st, const char *socket_path)
{
	uintmax_t device, inode;
	char rest;

	/* "DEVICE:INODE" in decimal (systemd.exec(5)), of what the service manager connected. */
	if (stream == NULL || sscanf(stream, "%ju:%ju%c", &device, &inode, &rest) != 2)
		return JOURNAL_LINES;
	if (st->st_dev != device || st->st_ino != inode)
		return JOURNAL_LINES;
	return access(socket_path, W_OK) == 0 ? JOURNAL_NATIVE : JOURNAL_PREFIXED;
}

int
journal_open_on(enum journal_target target, int fd, int max_priority, struct journal **ret)
{
	/* Not calloc(): the buffers are long, and little of them is ever written. */
	struct journal *journal = malloc(sizeof(*journal));

	if (journal == NULL)
		return -ENOMEM;
	journal->carrier = (struct carrier){.carry = carry, .report_lost = report_lost};
	journal->target = target;
	journal->fd = fd;
	journal->max_priority = max_priority;
	tzset(); /* reads a file: now, and not at the first line */

	int r = courier_open("kg-journal", JOURNAL_QUEUE, &journal->carrier, &journal->courier);

	if (r < 0) {
		free(journal);
		return r;
	}
	*ret = journal;
	return 0;
}

int
journal_open(int max_priority, struct journal **ret)
{
	enum journal_target target = JOURNAL_LINES;
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0)
		target = journal_target(getenv("JOURNAL_STREAM"), &st, JOURNAL_SOCKET);
	return journal_open_on(target, STDERR_FILENO, max_priority, ret);
}

void
journal_set_priority(struct journal *journal, int max_priority)
{
	journal->max_priority = max_priority;
}

bool
journal_wants(const struct journal *journal, int priority)
{
	return priority <= journal->max_priority;
}

void
journal_say(struct journal *journal, enum message message, int priority,
    const struct journal_fields *fields, const char *format, ...)
{
	va_list arguments;

	if (!journal_wants(journal, priority))
		return;
	va_start(arguments, format);
	if (vsnprintf(journal->text, sizeof(journal->text), format, arguments) < 0)
		journal->text[0] = '\0';
	va_end(arguments);

	struct remark remark = {message, priority, fields, journal->text};

	make_record(journal->target, &remark, &journal->record);
	/* What finds no room is counted by the courier. */
	if (priority <= LOG_NOTICE)
		(void)courier_post(journal->courier, journal->record.bytes, journal->record.size);
	else
		(void)courier_post_minor(
		    journal->courier, journal->record.bytes, journal->record.size);
}

uint64_t
journal_dropped(const struct journal *journal)
{
	return courier_lost(journal->courier);
}

void
journal_close(struct journal *journal, int wait_ms)
{
	if (journal == NULL)
		return;

	int64_t until = monotonic_ms() + wait_ms;

	/* A thread that hangs goes on using the journal until the process is gone. */
	if (!courier_close(journal->courier, wait_ms))
		return;
	/* The journal learns of which unit a record is from /proc, where we must still be found. */
	if (journal->target == JOURNAL_NATIVE)
		(void)receipt_await(JOURNAL_SOCKET, (int)(until - monotonic_ms()));
	free(journal);
}
