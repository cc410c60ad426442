/* SPDX-License-Identifier: ISC */
#include "config/settings.h"

#include <stdio.h>
#include <string.h>

#include "config/parse.h"
#include "config/values.h"

_Static_assert(OPTION_COUNT <= 64, "scope.seen has one bit an option");

/* A map that is being read. */
struct scope {
	enum option_id map;
	bool defaults; /* the map is `defaults`: the keys of a peer, but not all of them */
	uint64_t seen;
	const struct node *peers;
};

static void read_map(struct settings_reader *reader, struct scope *scope, const struct node *map,
    struct settings *settings);

void
settings_init(struct settings *settings)
{
	struct why why;

	*settings = (struct settings){0};
	for (int id = 0; id < OPTION_COUNT; id++) {
		const struct option *option = option_at((enum option_id)id);
		struct slice text = {option->fallback, 0};

		if (option->fallback == NULL)
			continue;
		text.len = strlen(option->fallback);
		/* Cannot fail: the tests parse every default of the table. */
		(void)option_parse(option, text, &settings->of[id], &why);
	}
}

static uint64_t
bit(enum option_id id)
{
	return UINT64_C(1) << id;
}

/* Where else a key that is unknown here would be known, or OPTION_COUNT. */
static enum option_id
key_home(struct slice key)
{
	for (int id = OPTION_ROOT + 1; id < OPTION_COUNT; id++) {
		enum option_id parent = option_at((enum option_id)id)->parent;

		if (option_find(parent, key) == (enum option_id)id)
			return parent;
	}
	return OPTION_COUNT;
}

/* Whether the option can stand in the map that is being read. */
static bool
belongs(const struct scope *scope, enum option_id id)
{
	const struct option *option = option_at(id);

	return id != OPTION_ROOT && id != OPTION_PEER && option->parent == scope->map &&
	       !(scope->defaults && option->own);
}

static void
report_unknown(struct settings_reader *reader, const struct scope *scope, const struct node *key)
{
	const char *meant = option_suggest(scope->map, key->text);
	enum option_id home = key_home(key->text);
	char quoted[QUOTE_MAX], list[256] = "";
	size_t len = 0;

	notes_quote(key->text, quoted);
	for (int id = 0; id < OPTION_COUNT && len < sizeof(list); id++)
		if (belongs(scope, (enum option_id)id))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
			    len == 0 ? "" : ", ", option_at((enum option_id)id)->key);
	if (home == OPTION_ROOT)
		notes_error(reader->notes, key->at,
		    "unknown key %s here; it belongs to the top of the file", quoted);
	else if (home != OPTION_COUNT)
		notes_error(reader->notes, key->at, "unknown key %s here; it belongs to '%s'",
		    quoted, home == OPTION_PEER ? "peers" : option_at(home)->key);
	else if (meant != NULL)
		notes_error(
		    reader->notes, key->at, "unknown key %s; did you mean '%s'?", quoted, meant);
	else
		notes_error(
		    reader->notes, key->at, "unknown key %s; allowed here: %s", quoted, list);
}

/* The option that the key names; OPTION_ROOT where an error has been reported. */
static enum option_id
read_key(struct settings_reader *reader, struct scope *scope, const struct node *key,
    const struct settings *settings)
{
	enum option_id id;

	if (key->type != NODE_SCALAR || key->broken)
		return OPTION_ROOT;
	id = option_find(scope->map, key->text);
	if (id == OPTION_ROOT) {
		report_unknown(reader, scope, key);
	} else if (!belongs(scope, id)) {
		notes_error(reader->notes, key->at,
		    "'%s' cannot be a default: it belongs to one peer", option_at(id)->key);
		id = OPTION_ROOT;
	} else if (scope->seen & bit(id)) {
		notes_error(reader->notes, key->at, "'%s' is given twice; first in line %u",
		    option_at(id)->key, settings->of[id].at.line);
		id = OPTION_ROOT;
	}
	return id;
}

/* A map below another. What is left empty, with all its lines commented out, is not given. */
static int
read_submap(struct settings_reader *reader, struct scope scope, const struct node *node,
    struct settings *settings)
{
	if (value_is_null(node))
		return 0;
	if (node->type != NODE_MAP)
		return value_refuse(reader, scope.defaults ? OPTION_DEFAULTS : scope.map, node);
	read_map(reader, &scope, node, settings);
	return 0;
}

static void
read_value(struct settings_reader *reader, struct scope *scope, const struct node *key,
    struct settings *settings)
{
	enum option_id id = read_key(reader, scope, key, settings);
	struct setting *setting = &settings->of[id];
	const struct node *node = key->next;
	enum option_type type = option_at(id)->type;
	int error = 0;

	if (id == OPTION_ROOT)
		return;
	scope->seen |= bit(id);
	setting->at = key->at;
	setting->broken = false;
	if (type == OPTION_TYPE_MAP)
		error = read_submap(reader, (struct scope){.map = id}, node, settings);
	else if (type == OPTION_TYPE_DEFAULTS)
		error = read_submap(
		    reader, (struct scope){.map = OPTION_PEER, .defaults = true}, node, settings);
	else if (type != OPTION_TYPE_PEERS)
		error = value_read(reader, id, node, setting);
	else if (node->type == NODE_LIST)
		scope->peers = node;
	else if (!value_is_null(node))
		error = value_refuse(reader, id, node);
	setting->broken |= error != 0;
}

/* Exact values take the place of wishes, so both in one map are one too many. */
static void
check_keepalive(
    struct settings_reader *reader, const struct scope *scope, struct settings *settings)
{
	const uint64_t exact = bit(OPTION_IDLE) | bit(OPTION_INTERVAL) | bit(OPTION_COUNT_PROBES);
	const uint64_t wishes =
	    bit(OPTION_DETECT_WITHIN) | bit(OPTION_LOST_PROBES) | bit(OPTION_OUTAGE);

	if ((scope->seen & exact) && (scope->seen & wishes)) {
		notes_error(reader->notes, settings->of[OPTION_KEEPALIVE].at,
		    "'keepalive' has either detect_within, lost_probes and outage, or exact idle, "
		    "interval and count, not both");
		settings->of[OPTION_KEEPALIVE].broken = true;
	} else if (scope->seen & wishes) {
		/* A wish of a peer takes the place of exact values among the defaults. */
		settings->of[OPTION_IDLE] = (struct setting){0};
		settings->of[OPTION_INTERVAL] = (struct setting){0};
		settings->of[OPTION_COUNT_PROBES] = (struct setting){0};
	}
}

static void
read_map(struct settings_reader *reader, struct scope *scope, const struct node *map,
    struct settings *settings)
{
	for (const struct node *key = map->first; key != NULL; key = key->next->next)
		read_value(reader, scope, key, settings);
	if (scope->map == OPTION_KEEPALIVE)
		check_keepalive(reader, scope, settings);
}

void
settings_read_file(struct settings_reader *reader, const struct node *root,
    struct settings *settings, const struct node **ret_peers)
{
	struct scope scope = {.map = OPTION_ROOT};

	if (root->type == NODE_MAP)
		read_map(reader, &scope, root, settings);
	else if (root->type != NODE_BROKEN && !value_is_null(root))
		notes_error(reader->notes, root->at,
		    "the file must be a map of keys and values, such as 'peers:'");
	*ret_peers = scope.peers;
}

bool
settings_read_peer(
    struct settings_reader *reader, const struct node *node, struct settings *settings)
{
	struct scope scope = {.map = OPTION_PEER};
	struct setting *address = &settings->of[OPTION_ADDRESS];

	settings->of[OPTION_PEER].at = node->at;
	if (node->type == NODE_MAP) {
		read_map(reader, &scope, node, settings);
		return true;
	}
	if (node->type == NODE_SCALAR && !value_is_null(node)) {
		address->at = node->at;
		address->broken = value_read(reader, OPTION_ADDRESS, node, address) != 0;
		return true;
	}
	if (node->type != NODE_BROKEN)
		notes_error(reader->notes, node->at,
		    "a peer must be HOST:PORT, or a map with an 'address'");
	return false;
}
