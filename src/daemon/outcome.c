/* SPDX-License-Identifier: ISC */
#include "daemon/outcome.h"

#include <syslog.h>

#include "config/load.h"
#include "host/journal.h"

#define QUIET_MS 1000

/* FNV-1a of 64 bits; an outcome that is taken for another by chance is missing from the journal. */
static uint64_t
digest_text(uint64_t digest, const char *text)
{
	for (; *text != '\0'; text++)
		digest = (digest ^ (unsigned char)*text) * 1099511628211U;
	return digest;
}

static uint64_t
digest_remarks(const struct remarks *remarks)
{
	uint64_t digest = 14695981039346656037U + remarks->n_errors;
	char text[1024];

	for (size_t i = 0; i < remarks->n; i++)
		digest = digest_text(digest, remark_text(&remarks->list[i], text, sizeof(text)));
	return digest;
}

void
outcome_remarks(
    struct outcome *outcome, struct journal *journal, const struct remarks *remarks, int64_t now_ms)
{
	uint64_t digest = digest_remarks(remarks);
	char text[1024];

	outcome->is_repetition = digest == outcome->digest && now_ms < outcome->quiet_ms;
	outcome->digest = digest;
	outcome->read_ms = now_ms;
	for (size_t i = 0; i < remarks->n; i++) {
		const struct remark *remark = &remarks->list[i];
		int usual = remark->severity == REMARK_ERROR ? LOG_ERR : LOG_WARNING;

		journal_say(journal, MESSAGE_CONFIG_REMARK,
		    outcome->is_repetition ? LOG_DEBUG : usual, NULL, "%s",
		    remark_text(remark, text, sizeof(text)));
	}
}

int
outcome_priority(struct outcome *outcome, int usual, bool changed)
{
	if (outcome->is_repetition && !changed)
		return LOG_DEBUG;
	outcome->quiet_ms = outcome->read_ms + QUIET_MS;
	return usual;
}
