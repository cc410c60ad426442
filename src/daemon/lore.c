/* SPDX-License-Identifier: ISC */
#include "daemon/lore.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "host/statefile.h"

#define LORE_VERSION 1

static void
entry_clear(struct lore_entry *entry)
{
	free(entry->peer);
	free(entry->address);
}

void
lore_clear(struct lore *lore)
{
	for (size_t i = 0; i < lore->n; i++)
		entry_clear(&lore->entries[i]);
	free(lore->entries);
	*lore = (struct lore){0};
}

/* Where the peer of that name is, or would be. */
static size_t
place_of(const struct lore *lore, const char *peer)
{
	size_t low = 0, high = lore->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(lore->entries[middle].peer, peer) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_at(const struct lore *lore, size_t i, const char *peer)
{
	return i < lore->n && strcmp(lore->entries[i].peer, peer) == 0;
}

bool
lore_has(const struct lore *lore, const char *peer)
{
	return is_at(lore, place_of(lore, peer), peer);
}

const struct lore_entry *
lore_find(const struct lore *lore, const char *peer, const char *address, int64_t declared_ms)
{
	size_t i = place_of(lore, peer);

	if (!is_at(lore, i, peer) || strcmp(lore->entries[i].address, address) != 0 ||
	    lore->entries[i].learn.declared_ms != declared_ms)
		return NULL;
	return &lore->entries[i];
}

int
lore_put(struct lore *lore, const struct lore_entry *entry)
{
	struct lore_entry copy = *entry, *entries;
	size_t i = place_of(lore, entry->peer);

	copy.peer = strdup(entry->peer);
	copy.address = strdup(entry->address);
	entries = is_at(lore, i, entry->peer)
		      ? lore->entries
		      : reallocarray(lore->entries, lore->n + 1, sizeof(*entries));
	if (entries != NULL)
		lore->entries = entries;
	if (copy.peer == NULL || copy.address == NULL || entries == NULL) {
		entry_clear(&copy);
		return -ENOMEM;
	}
	if (is_at(lore, i, entry->peer)) {
		entry_clear(&entries[i]);
	} else {
		memmove(&entries[i + 1], &entries[i], (lore->n - i) * sizeof(*entries));
		lore->n++;
	}
	entries[i] = copy;
	return 0;
}

bool
lore_is_worth(const struct lore_entry *entry)
{
	return entry->learn.learnt_ms > 0 || entry->learn.seen_ms > 0 || entry->learn.n > 0 ||
	       entry->habit.n > 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int
parse_events(json_t *list, struct learn *learn)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		json_int_t noticed, idle;

		if (learn->n == LEARN_EVENTS ||
		    json_unpack(item, "{s:I s:I}", "noticed_at_ms", &noticed, "idle_ms", &idle) < 0)
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

		if (habit->n == HABIT_ENDS || json_unpack(item, "{s:I s:I s:I}", "at_ms", &at,
						  "quiet_ms", &quiet, "age_ms", &age) < 0)
			return -EBADMSG;
		habit->ends[habit->n++] = (struct habit_end){at, quiet, age};
	}
	return 0;
}

static int
parse_entry(json_t *object, struct lore *lore)
{
	json_int_t known, declared, learnt, seen;
	const char *peer, *address, *how;
	json_t *events, *ends;
	struct lore_entry e = {0};

	if (json_unpack(object, "{s:s s:s s:I s:I s:I s:I s:o s:s s:o}", "peer", &peer, "address",
		&address, "known_at_ms", &known, "declared_ms", &declared, "learnt_ms", &learnt,
		"seen_ms", &seen, "expired", &events, "ended_by", &how, "ended", &ends) < 0)
		return -EBADMSG;
	if (declared <= 0 || learnt < 0 || seen < 0 || parse_events(events, &e.learn) < 0 ||
	    parse_ends(ends, &e.habit) < 0)
		return -EBADMSG;
	e.peer = (char *)(uintptr_t)peer;
	e.address = (char *)(uintptr_t)address;
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
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL), *list = NULL;
	struct lore lore = {0};
	int version, r = 0;
	size_t i;

	if (root == NULL ||
	    json_unpack(root, "{s:i s:o}", "version", &version, "peers", &list) < 0 ||
	    version != LORE_VERSION || !json_is_array(list))
		r = -EBADMSG;
	for (i = 0; r == 0 && i < json_array_size(list); i++)
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

static json_t *
events_of(const struct learn *learn)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < learn->n; i++)
		json_array_append_new(list,
		    json_pack("{s:I s:I}", "noticed_at_ms", (json_int_t)learn->events[i].noticed_ms,
			"idle_ms", (json_int_t)learn->events[i].idle_ms));
	return list;
}

static json_t *
ends_of(const struct habit *habit)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < habit->n; i++)
		json_array_append_new(
		    list, json_pack("{s:I s:I s:I}", "at_ms", (json_int_t)habit->ends[i].at_ms,
			      "quiet_ms", (json_int_t)habit->ends[i].quiet_ms, "age_ms",
			      (json_int_t)habit->ends[i].age_ms));
	return list;
}

static json_t *
object_of(const struct lore_entry *e)
{
	return json_pack("{s:s s:s s:I s:I s:I s:I s:o s:s s:o}", "peer", e->peer, "address",
	    e->address, "known_at_ms", (json_int_t)e->known_ms, "declared_ms",
	    (json_int_t)e->learn.declared_ms, "learnt_ms", (json_int_t)e->learn.learnt_ms,
	    "seen_ms", (json_int_t)e->learn.seen_ms, "expired", events_of(&e->learn), "ended_by",
	    diagnosis_name((enum reason)e->habit.reason), "ended", ends_of(&e->habit));
}

char *
lore_print(const struct lore *lore, int64_t oldest_ms)
{
	json_t *list = json_array(), *root;
	char *text = NULL;

	for (size_t i = 0; i < lore->n && list != NULL; i++) {
		const struct lore_entry *e = &lore->entries[i];

		if (e->known_ms < oldest_ms || !lore_is_worth(e))
			continue;
		if (json_array_append_new(list, object_of(e)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	root = json_pack("{s:i s:o}", "version", LORE_VERSION, "peers", list);
	if (root != NULL)
		text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}
