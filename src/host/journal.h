/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_JOURNAL_H
#define KAGUARD_HOST_JOURNAL_H

/*
 * What the operator reads. Records leave through a courier (a bounded queue and a thread of its
 * own), because the journal's socket and a full pipe on stderr both block: the caller never waits.
 * What had to be dropped is counted, and said as soon as there is room again; what is less
 * important than LOG_NOTICE goes first.
 *
 * Goes to the journal, structured, where stderr is the journal's stream ($JOURNAL_STREAM); else to
 * stderr as lines, with <N> priority prefixes where stderr is a stream of the service manager.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <syslog.h>

#include "host/messages.h"

struct journal;

/* The fields of a record beside MESSAGE, MESSAGE_ID and PRIORITY; each where it applies. */
struct journal_fields {
	const char *peer;      /* KAGUARD_PEER; NULL: none */
	const char *state;     /* KAGUARD_STATE */
	const char *old_state; /* KAGUARD_OLD_STATE */
	const char *reason;    /* KAGUARD_REASON */
	const char *remote;    /* KAGUARD_REMOTE */
	const char *local;     /* KAGUARD_LOCAL */
	const char *extra;     /* further "NAME=value" fields, '\n' between them; NULL: none */
	int64_t session;       /* KAGUARD_SESSION; -1: none, as in the numbers that follow */
	int64_t idle_ms;       /* KAGUARD_IDLE_MS: age of the last proof of life */
	int64_t rtt_us;	       /* KAGUARD_RTT_US */
	int64_t retry_ms;      /* KAGUARD_RETRY_MS */
	int64_t attempt;       /* KAGUARD_ATTEMPT */
	int64_t error;	       /* ERRNO; 0: none too */
};

/* No field at all. */
#define JOURNAL_NO_FIELDS         \
	((struct journal_fields){ \
	    .session = -1, .idle_ms = -1, .rtt_us = -1, .retry_ms = -1, .attempt = -1})

/* 0, or negative errno. max_priority: LOG_ERR .. LOG_DEBUG; less important records are not made. */
int journal_open(int max_priority, struct journal **ret);

enum journal_target {
	JOURNAL_NATIVE,	  /* structured, by sd_journal_sendv(3) */
	JOURNAL_PREFIXED, /* lines with <N>, for a service manager whose journal we cannot reach */
	JOURNAL_LINES,	  /* lines with the time, for a person or a file */
};

/* stream: of $JOURNAL_STREAM, or NULL; st: of stderr; socket_path: where the journal listens. */
enum journal_target journal_target(
    const char *stream, const struct stat *st, const char *socket_path);

/* As journal_open(), which chooses the target and writes to stderr. fd: not used if native. */
int journal_open_on(enum journal_target target, int fd, int max_priority, struct journal **ret);

void journal_set_priority(struct journal *journal, int max_priority);

/* True where a record of that priority would be written, for callers whose text is costly. */
bool journal_wants(const struct journal *journal, int priority);

/*
 * Say one thing, from the thread that opened the journal. Never blocks and never fails; `fields`
 * may be NULL. The text is one line: control characters and invalid UTF-8 are replaced.
 */
void journal_say(struct journal *journal, enum message message, int priority,
    const struct journal_fields *fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Records dropped since journal_open(). */
uint64_t journal_dropped(const struct journal *journal);

/*
 * Waits up to wait_ms for what is queued to leave, and for the journal to have read it: it finds
 * out by the process which unit has sent a record. Then frees. NULL is fine.
 */
void journal_close(struct journal *journal, int wait_ms);

#endif
