/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_OBITUARY_H
#define KAGUARD_DAEMON_OBITUARY_H

/* What is written of a session that died, for somebody who is tired: words, and fields. */

#include <stddef.h>

#include "daemon/autopsy.h"

struct lesson;
struct peer;
struct session;

/* Room for the fields. */
#define OBITUARY_EXTRA 256

/* Appends how it ended: "closed by the peer", "3 probes unanswered, last sign of life 5s ago". */
void obituary_add_end(
    char *text, size_t size, const struct session *s, const struct report_death *what);

/* Appends what s->diagnosis says, which begins with "; ". Nothing where the reason says it all. */
void obituary_add_verdict(char *text, size_t size, const struct session *s);

/* Further fields of the record, as struct journal_fields has them. */
void obituary_end_fields(char extra[OBITUARY_EXTRA], const struct report_death *what);
void obituary_verdict_fields(char extra[OBITUARY_EXTRA], const struct session *s);

/* What was declared, what was seen, what to do. `lesson`: NULL where nothing follows from it. */
void obituary_add_lesson(
    char *text, size_t size, const struct peer *peer, const struct lesson *lesson);
void obituary_lesson_fields(
    char extra[OBITUARY_EXTRA], const struct peer *peer, const struct lesson *lesson);

#endif
