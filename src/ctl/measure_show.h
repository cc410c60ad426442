/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_MEASURE_SHOW_H
#define KAGUARD_CTL_MEASURE_SHOW_H

/* How kaguardctl measure shows what is known. */

#include <stdint.h>
#include <time.h>

#include "policy/findings.h"
#include "policy/ladder.h"

/* What was asked for, and how it went. */
struct measure_report {
	const char *address; /* as it was given */
	const char *remote;  /* the address that answered */
	const struct ladder_wish *wish;
	struct ladder_view view;
	int64_t took_ms;
	time_t started;
};

#define MEASURE_TEXT FINDINGS_TEXT

/* Where it is by now, in a line. Returns buf of MEASURE_TEXT bytes. */
char *measure_progress(const struct measure_report *report, char *buf);

/* The ages on a line from min to max: '=' lives, '.' is open, 'x' is dead. Returns buf. */
char *measure_picture(const struct measure_report *report, char *buf, unsigned columns);

struct json_t *measure_json(const struct measure_report *report);

#endif
