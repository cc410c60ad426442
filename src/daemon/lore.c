/* SPDX-License-Identifier: ISC */
#include "daemon/lore.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "host/jsontext.h"
#include "host/statefile.h"

/* Version 1 knew of no networks, nor measurements. */
#define LORE_VERSION 2

/* No day is later, or as long before 1970. */
#define LATEST_MS (INT64_C(1) << 60)

static void
entry_clear(struct lore_entry *entry)
{
	free(entry->peer);
	free(entry->address);
	free(entry->network);
}

void
lore_clear(struct lore *lore)
{
	for (size_t i = 0; i < lore->n; i++)
		entry_clear(&lore->entries[i]);
	free(lore->entries);
	*lore = (struct lore){0};
}

/* Where the peer of that name is in that network, or would be. */
static size_t
place_of(const struct lore *lore, const char *peer, const char *network)
{
	size_t low = 0, high = lore->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(lore->entries[middle].peer, peer);

		if (order == 0)
			order = strcmp(lore->entries[middle].network, network);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_of(const struct lore *lore, size_t i, const char *peer)
{
	return i < lore->n && strcmp(lore->entries[i].peer, peer) == 0;
}

static bool
is_at(const struct lore *lore, size_t i, const char *peer, const char *network)
{
	return is_of(lore, i, peer) && strcmp(lore->entries[i].network, network) == 0;
}

bool
lore_has(const struct lore *lore, const char *peer, const char *network)
{
	return is_at(lore, place_of(lore, peer, network), peer, network);
}

const struct lore_entry *
lore_find_in(const struct lore *lore, const char *peer, const char *address, const char *network)
{
	size_t i = place_of(lore, peer, network);

	if (!is_at(lore, i, peer, network) || strcmp(lore->entries[i].address, address) != 0)
		return NULL;
	return &lore->entries[i];
}

const struct lore_entry *
lore_find(const struct lore *lore, const char *peer, const char *address, int64_t declared_ms)
{
	const struct lore_entry *found = lore_find_in(lore, peer, address, "");

	return found != NULL && found->learn.declared_ms == declared_ms ? found : NULL;
}

const struct lore_entry *
lore_latest(const struct lore *lore, const char *peer, const char *address)
{
	const struct lore_entry *latest = NULL;

	for (size_t i = place_of(lore, peer, ""); is_of(lore, i, peer); i++) {
		const struct lore_entry *e = &lore->entries[i];

		if (e->network[0] != '\0' && strcmp(e->address, address) == 0 &&
		    (latest == NULL || e->known_ms > latest->known_ms))
			latest = e;
	}
	return latest;
}

static void
remove_at(struct lore *lore, size_t i)
{
	entry_clear(&lore->entries[i]);
	lore->n--;
	memmove(&lore->entries[i], &lore->entries[i + 1], (lore->n - i) * sizeof(lore->entries[0]));
}

/* Have room for one more network of the peer: the one that it was in longest ago makes way. */
static void
make_room(struct lore *lore, const char *peer)
{
	size_t first = place_of(lore, peer, ""), oldest = first, i;

	for (i = first; is_of(lore, i, peer); i++)
		if (lore->entries[i].known_ms < lore->entries[oldest].known_ms)
			oldest = i;
	if (i - first >= LORE_NETWORKS)
		remove_at(lore, oldest);
}

/* Put it there, before what stands there. It is the list's from now on. 0 or -ENOMEM. */
static int
insert_at(struct lore *lore, size_t i, const struct lore_entry *entry)
{
	struct lore_entry *entries = reallocarray(lore->entries, lore->n + 1, sizeof(*entries));

	if (entries == NULL)
		return -ENOMEM;
	lore->entries = entries;
	memmove(&entries[i + 1], &entries[i], (lore->n - i) * sizeof(*entries));
	lore->n++;
	entries[i] = *entry;
	return 0;
}

int
lore_put(struct lore *lore, const struct lore_entry *entry)
{
	struct lore_entry copy = *entry;
	size_t i;
	int r = 0;

	copy.peer = strdup(entry->peer);
	copy.address = strdup(entry->address);
	copy.network = strdup(entry->network);
	if (copy.peer == NULL || copy.address == NULL || copy.network == NULL)
		r = -ENOMEM;
	if (r == 0 && !lore_has(lore, entry->peer, entry->network))
		make_room(lore, entry->peer);
	i = place_of(lore, entry->peer, entry->network);
	if (r == 0 && is_at(lore, i, entry->peer, entry->network)) {
		entry_clear(&lore->entries[i]);
		lore->entries[i] = copy;
	} else if (r == 0) {
		r = insert_at(lore, i, &copy);
	}
	if (r < 0)
		entry_clear(&copy);
	return r;
}

bool
lore_is_worth(const struct lore_entry *entry)
{
	return entry->learn.learnt_ms > 0 || entry->learn.seen_ms > 0 || entry->learn.n > 0 ||
	       entry->habit.n > 0 || entry->survey.outcome != SURVEY_UNKNOWN ||
	       entry->survey.failed > 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int
parse_events(json_t *list, struct learn *learn)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		json_int_t noticed, idle;
		int r =
		    jsontext_unpack(item, "{s:I s:I}", "noticed_at_ms", &noticed, "idle_ms", &idle);

		if (r < 0)
			return r;
		if (learn->n == LEARN_EVENTS)
			return -EBADMSG;
		learn->events[learn->n++] = (struct learn_event){noticed, idle};
	}
	return 0;
}

static int
parse_ends(json_t *list, struct habit *habit)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		json_int_t at, quiet, age;
		int r = jsontext_unpack(
		    item, "{s:I s:I s:I}", "at_ms", &at, "quiet_ms", &quiet, "age_ms", &age);

		if (r < 0)
			return r;
		if (habit->n == HABIT_ENDS)
			return -EBADMSG;
		habit->ends[habit->n++] = (struct habit_end){at, quiet, age};
	}
	return 0;
}

/* One that can be reckoned with. */
static bool
is_time(json_int_t ms)
{
	return ms > -LATEST_MS && ms < LATEST_MS;
}

/* NULL: there was none, as in version 1, and where the firewall is declared. */
static int
parse_survey(json_t *object, struct survey *survey)
{
	json_int_t firewall, measured, tried, failed, doubts;
	const char *outcome;
	int contradicted, r;

	if (object == NULL)
		return 0;
	r = jsontext_unpack(object, "{s:s s:I s:I s:I s:I s:I s:b}", "found", &outcome,
	    "firewall_ms", &firewall, "measured_at_ms", &measured, "tried_at_ms", &tried, "failed",
	    &failed, "doubts", &doubts, "contradicted", &contradicted);
	if (r < 0)
		return r;
	if (firewall < 0 || firewall > LADDER_MAX_MS || !is_time(measured) || !is_time(tried) ||
	    failed < 0 || failed > UINT32_MAX || doubts < 0 || doubts > UINT32_MAX)
		return -EBADMSG;
	*survey = (struct survey){.outcome = survey_outcome_of(outcome),
	    .firewall_ms = firewall,
	    .measured_ms = measured,
	    .tried_ms = tried,
	    .failed = (unsigned)failed,
	    .doubts = (unsigned)doubts,
	    .contradicted = contradicted != 0};
	/* A plan is made of it. */
	if (survey->outcome != SURVEY_UNKNOWN && firewall == 0)
		return -EBADMSG;
	return 0;
}

static int
parse_entry(json_t *object, struct lore *lore)
{
	json_int_t known, declared, learnt, seen;
	const char *peer, *address, *how, *network = "";
	json_t *events, *ends, *survey = NULL;
	struct lore_entry e = {0};
	int r = jsontext_unpack(object, "{s:s s:s s?s s:I s:I s:I s:I s:o s:s s:o s?o}", "peer",
	    &peer, "address", &address, "network", &network, "known_at_ms", &known, "declared_ms",
	    &declared, "learnt_ms", &learnt, "seen_ms", &seen, "expired", &events, "ended_by", &how,
	    "ended", &ends, "survey", &survey);

	if (r == 0 && (declared <= 0 || learnt < 0 || seen < 0))
		r = -EBADMSG;
	if (r == 0)
		r = parse_events(events, &e.learn);
	if (r == 0)
		r = parse_ends(ends, &e.habit);
	if (r == 0)
		r = parse_survey(network[0] != '\0' ? survey : NULL, &e.survey);
	if (r < 0)
		return r;
	e.peer = (char *)(uintptr_t)peer;
	e.address = (char *)(uintptr_t)address;
	e.network = (char *)(uintptr_t)network;
	e.known_ms = known;
	e.learn.declared_ms = declared;
	e.learn.learnt_ms = learnt;
	e.learn.seen_ms = seen;
	e.habit.reason =
	    strcmp(how, diagnosis_name(REASON_RESET)) == 0 ? REASON_RESET : REASON_CLOSED;
	return lore_put(lore, &e);
}

int
lore_parse(const char *text, size_t size, struct lore *ret)
{
	json_t *root = NULL, *list = NULL;
	struct lore lore = {0};
	int version, r = jsontext_parse(text, size, &root);

	if (r == 0)
		r = jsontext_unpack(root, "{s:i s:o}", "version", &version, "peers", &list);
	if (r == 0 && (version < 1 || version > LORE_VERSION || !json_is_array(list)))
		r = -EBADMSG;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = parse_entry(json_array_get(list, i), &lore);
	json_decref(root);
	if (r < 0)
		lore_clear(&lore);
	else
		*ret = lore;
	return r;
}

int
lore_load(const char *directory, struct lore *ret)
{
	char *text = NULL;
	size_t size = 0;
	int r = statefile_read(directory, LORE_FILE, &text, &size);

	if (r == 0)
		r = lore_parse(text, size, ret);
	free(text);
	return r;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* NULL where there was no memory: a file that says less would replace one that says more. */
static json_t *
append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *
events_of(const struct learn *learn)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < learn->n; i++)
		list = append(list,
		    json_pack("{s:I s:I}", "noticed_at_ms", (json_int_t)learn->events[i].noticed_ms,
			"idle_ms", (json_int_t)learn->events[i].idle_ms));
	return list;
}

static json_t *
ends_of(const struct habit *habit)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < habit->n; i++)
		list = append(
		    list, json_pack("{s:I s:I s:I}", "at_ms", (json_int_t)habit->ends[i].at_ms,
			      "quiet_ms", (json_int_t)habit->ends[i].quiet_ms, "age_ms",
			      (json_int_t)habit->ends[i].age_ms));
	return list;
}

static json_t *
survey_of(const struct survey *survey)
{
	return json_pack("{s:s s:I s:I s:I s:I s:I s:b}", "found",
	    survey_outcome_name(survey->outcome), "firewall_ms", (json_int_t)survey->firewall_ms,
	    "measured_at_ms", (json_int_t)survey->measured_ms, "tried_at_ms",
	    (json_int_t)survey->tried_ms, "failed", (json_int_t)survey->failed, "doubts",
	    (json_int_t)survey->doubts, "contradicted", (int)survey->contradicted);
}

static json_t *
object_of(const struct lore_entry *e)
{
	json_t *object = json_pack("{s:s s:s s:s s:I s:I s:I s:I s:o s:s s:o}", "peer", e->peer,
	    "address", e->address, "network", e->network, "known_at_ms", (json_int_t)e->known_ms,
	    "declared_ms", (json_int_t)e->learn.declared_ms, "learnt_ms",
	    (json_int_t)e->learn.learnt_ms, "seen_ms", (json_int_t)e->learn.seen_ms, "expired",
	    events_of(&e->learn), "ended_by", diagnosis_name((enum reason)e->habit.reason), "ended",
	    ends_of(&e->habit));

	if (e->network[0] != '\0' &&
	    json_object_set_new(object, "survey", survey_of(&e->survey)) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

char *
lore_print(const struct lore *lore, int64_t oldest_ms)
{
	json_t *list = json_array(), *root;
	char *text;

	for (size_t i = 0; i < lore->n; i++)
		if (lore->entries[i].known_ms >= oldest_ms && lore_is_worth(&lore->entries[i]))
			list = append(list, object_of(&lore->entries[i]));
	root = json_pack("{s:i s:o}", "version", LORE_VERSION, "peers", list);
	text = root != NULL ? jsontext_print(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	return text;
}
