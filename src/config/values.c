/* SPDX-License-Identifier: ISC */
#include "config/values.h"

#include <errno.h>
#include <string.h>

#include "config/parse.h"

static const char *
node_phrase(const struct node *node)
{
	if (node->type == NODE_LIST)
		return "a list";
	if (node->type == NODE_MAP)
		return "a map";
	if (node->style != NODE_PLAIN)
		return "a string";
	switch (scalar_plain_kind(node->text)) {
	case PLAIN_NULL:
		return "nothing";
	case PLAIN_BOOLEAN:
		return "a boolean";
	case PLAIN_NUMBER:
		return "a number";
	case PLAIN_STRING:
	case PLAIN_LEGACY_BOOLEAN:
		break;
	}
	return "a word";
}

int
value_refuse(struct settings_reader *reader, enum option_id id, const struct node *node)
{
	const struct option *option = option_at(id);

	if (node->type != NODE_BROKEN)
		notes_error(reader->notes, node->at, "'%s' must be %s, not %s", option->key,
		    option_type_phrase(option->type), node_phrase(node));
	return -EINVAL;
}

bool
value_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && node->style == NODE_PLAIN &&
	       scalar_plain_kind(node->text) == PLAIN_NULL;
}

/* Without quotes, YAML takes some words for what they are not meant to be. */
static int
check_plain_string(struct settings_reader *reader, enum option_id id, const struct node *node)
{
	enum plain_kind kind = scalar_plain_kind(node->text);
	char quoted[QUOTE_MAX];

	switch (kind) {
	case PLAIN_LEGACY_BOOLEAN:
		notes_error(reader->notes, node->at,
		    "%s is a boolean to older YAML (there are only true and false now); "
		    "put it in quotes",
		    notes_quote(node->text, quoted));
		return -EINVAL;
	case PLAIN_BOOLEAN:
	case PLAIN_NUMBER:
		notes_error(reader->notes, node->at, "'%s' must be %s, not %s; put it in quotes",
		    option_at(id)->key, option_type_phrase(option_at(id)->type), node_phrase(node));
		return -EINVAL;
	case PLAIN_NULL:
	case PLAIN_STRING:
		break;
	}
	return 0;
}

static bool
is_numeric(enum option_type type)
{
	return type == OPTION_TYPE_NUMBER || type == OPTION_TYPE_FACTOR;
}

static bool
is_duration(enum option_type type)
{
	return type == OPTION_TYPE_DURATION || type == OPTION_TYPE_SECONDS ||
	       type == OPTION_TYPE_FIREWALL;
}

/* Whether the node is written as a value of this type is: with quotes or without. */
static int
check_style(struct settings_reader *reader, enum option_id id, const struct node *node)
{
	enum option_type type = option_at(id)->type;

	if (node->type != NODE_SCALAR)
		return value_refuse(reader, id, node);
	if (value_is_null(node)) {
		notes_error(reader->notes, node->at, "'%s' has no value; it must be %s",
		    option_at(id)->key, option_type_phrase(type));
		return -EINVAL;
	}
	if (is_numeric(type) && node->style != NODE_PLAIN) {
		notes_error(reader->notes, node->at,
		    "'%s' must be a number, not a string; remove the quotes", option_at(id)->key);
		return -EINVAL;
	}
	if (!is_numeric(type) && !is_duration(type) && node->style == NODE_PLAIN)
		return check_plain_string(reader, id, node);
	return 0;
}

static int
read_scalar(struct settings_reader *reader, enum option_id id, const struct node *node,
    struct setting *setting)
{
	struct setting value = *setting;
	struct why why;

	if (check_style(reader, id, node) != 0)
		return -EINVAL;
	if (option_parse(option_at(id), node->text, &value, &why) != 0) {
		notes_error(reader->notes, node->at, "%s", why.text);
		return -EINVAL;
	}
	*setting = value;
	return 0;
}

/* In double quotes YAML has its own escapes, and \xff is a character there: two bytes of UTF-8. */
static bool
is_ambiguous(const struct node *node)
{
	if (node->style != NODE_DOUBLE_QUOTED)
		return false;
	for (size_t i = 0; i < node->text.len; i++)
		if (node->text.text[i] & 0x80)
			return true;
	return false;
}

static int
read_bytes(struct settings_reader *reader, enum option_id id, const struct node *node,
    struct setting *setting)
{
	const struct option *option = option_at(id);
	struct slice bytes = node->text;
	struct why why;
	char *out;

	if (check_style(reader, id, node) != 0)
		return -EINVAL;
	if (is_ambiguous(node)) {
		notes_error(reader->notes, node->at,
		    "'%s' has a character above 127 in double quotes; write its bytes in single "
		    "quotes, as in '\\xff'",
		    option->key);
		return -EINVAL;
	}
	if (node->style != NODE_DOUBLE_QUOTED) {
		out = pool_alloc(reader->pool, bytes.len + 1);
		if (out == NULL) {
			reader->notes->error = -ENOMEM;
			return -EINVAL;
		}
		if (scalar_bytes(node->text, out, &bytes.len, &why) != 0) {
			notes_error(reader->notes, node->at, "%s", why.text);
			return -EINVAL;
		}
		bytes.text = out;
	}
	if (bytes.len == 0 || bytes.len > (size_t)option->max) {
		notes_error(reader->notes, node->at, "'%s' must be 1 to %d bytes, not %zu",
		    option->key, (int)option->max, bytes.len);
		return -EINVAL;
	}
	setting->text = bytes;
	return 0;
}

/* Of several firewalls on a path the one counts that forgets first. */
static int
read_firewalls(struct settings_reader *reader, const struct node *list, struct setting *setting)
{
	struct firewall_choice least = {0};
	const struct firewall *deaf = NULL;
	int result = 0;

	if (list->first == NULL) {
		notes_error(reader->notes, list->at,
		    "the list is empty; leave 'firewall' out for the default of %ds",
		    FIREWALL_DEFAULT_S);
		return -EINVAL;
	}
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		struct setting item = {0};

		if (read_scalar(reader, OPTION_FIREWALL, node, &item) != 0) {
			result = -EINVAL;
		} else if (item.firewall.measure) {
			notes_error(reader->notes, node->at,
			    "'auto' stands alone: what is measured is the path as a whole");
			result = -EINVAL;
		} else {
			deaf = item.firewall.deaf != NULL ? item.firewall.deaf : deaf;
			if (node == list->first || item.firewall.timeout_ms < least.timeout_ms)
				least = item.firewall;
		}
	}
	if (result == 0) {
		least.deaf = deaf;
		setting->firewall = least;
	}
	return result;
}

int
value_read(struct settings_reader *reader, enum option_id id, const struct node *node,
    struct setting *setting)
{
	enum option_type type = option_at(id)->type;

	if (type == OPTION_TYPE_FIREWALL && node->type == NODE_LIST)
		return read_firewalls(reader, node, setting);
	if (type == OPTION_TYPE_BYTES)
		return read_bytes(reader, id, node, setting);
	return read_scalar(reader, id, node, setting);
}
