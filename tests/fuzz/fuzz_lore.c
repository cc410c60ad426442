/* SPDX-License-Identifier: ISC */

/*
 * The state file, after its checksum: what was learnt of peers, and measured of their paths. What
 * is taken in comes out again, and can be reckoned with.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/lore.h"
#include "fuzz.h"

/* Some day, as the daemon reckons from its own clock to that of the day. */
#define SOME_DAY_MS INT64_C(1800000000000)

static void
use(const struct lore_entry *entry)
{
	struct survey survey = entry->survey;

	survey.measured_ms -= SOME_DAY_MS;
	survey.tried_ms -= SOME_DAY_MS;
	assert(survey_in_force_ms(&survey, 240000) > 0);
	(void)survey_due_ms(&survey, 0, 1);
	(void)survey_contradicted(&survey, 60000);
	assert(survey_in_force_ms(&survey, 240000) > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lore lore = {0}, again = {0};
	char *first, *second;

	if (lore_parse((const char *)data, size, &lore) < 0)
		return 0;
	for (size_t i = 0; i < lore.n; i++)
		use(&lore.entries[i]);
	first = lore_print(&lore, INT64_MIN);
	assert(first != NULL && lore_parse(first, strlen(first), &again) == 0);
	second = lore_print(&again, INT64_MIN);
	assert(second != NULL && strcmp(first, second) == 0);
	free(first);
	free(second);
	lore_clear(&lore);
	lore_clear(&again);
	return 0;
}
