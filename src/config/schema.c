/* SPDX-License-Identifier: ISC */
#include "config/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "config/options.h"
#include "config/scalar.h"
#include "policy/firewalls.h"

/* draft-07 is what the YAML language server takes. */
#define SCHEMA_DRAFT "http://json-schema.org/draft-07/schema#"

/*
 * A function here returns NULL where memory is out, and passes on a NULL that it is given: only the
 * last one needs a look.
 */

static json_t *map_schema(enum option_id map, bool defaults);

/* object[key] = value; takes both. */
static json_t *
with(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* list + [value]; takes both. */
static json_t * and (json_t * list, json_t *value)
{
	if (json_array_append_new(list, value) == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *
any_of(json_t *list)
{
	return with(json_object(), "anyOf", list);
}

static json_t *
pattern(const char *regex)
{
	return json_pack("{s:s s:s}", "type", "string", "pattern", regex);
}

/* A bare number is seconds. */
static json_t *
duration_number(const struct option *option)
{
	double unit = option->type == OPTION_TYPE_SECONDS ? 1 : 1000;
	double min = option->zero ? 0 : (double)option->min / unit;

	return json_pack("{s:s s:f s:f}", "type", "number", "minimum", min, "maximum",
	    (double)option->max / unit);
}

static json_t *
duration_text(void)
{
	char units[256] = "", regex[sizeof(units) + 128];
	size_t len = 0;

	for (size_t i = 0; scalar_duration_unit(i) != NULL && len < sizeof(units); i++)
		len += (size_t)snprintf(units + len, sizeof(units) - len, "%s%s", i == 0 ? "" : "|",
		    scalar_duration_unit(i));
	snprintf(regex, sizeof(regex),
	    "^ *((0|[1-9][0-9]*)(\\.[0-9]+)? *|((0|[1-9][0-9]*)(\\.[0-9]+)? *(%s) *)+)$", units);
	return pattern(regex);
}

static json_t *
duration_schema(const struct option *option)
{
	return any_of(and(and(json_array(), duration_number(option)), duration_text()));
}

static json_t *
word_schema(const struct option_word *words)
{
	json_t *list = json_array();

	for (; words->word != NULL; words++)
		list = and(list, json_string(words->word));
	return with(json_object(), "enum", list);
}

static json_t *
firewall_schema(const struct option *option)
{
	json_t *presets = json_array(), *item, *list, *any;

	for (size_t i = 0; i < firewall_count(); i++)
		presets = and(presets, json_string(firewall_at(i)->name));
	presets = with(json_object(), "enum", presets);
	item =
	    any_of(and(and(and(json_array(), duration_number(option)), duration_text()), presets));
	list = with(
	    json_pack("{s:s s:i}", "type", "array", "minItems", 1), "items", json_incref(item));
	any = and(and(json_array(), item), list);
	return any_of(and(any, with(json_object(), "const", json_string(OPTION_FIREWALL_AUTO))));
}

static json_t *
peers_schema(void)
{
	const struct option *address = option_at(OPTION_ADDRESS);
	json_t *map = map_schema(OPTION_PEER, false), *text;

	map = with(map, "required", and(json_array(), json_string(address->key)));
	text = with(pattern(OPTION_PATTERN_ENDPOINT), "description", json_string(address->help));
	return with(json_pack("{s:[ss]}", "type", "array", "null"), "items",
	    any_of(and(and(json_array(), text), map)));
}

static json_t *
number_schema(const struct option *option)
{
	return json_pack("{s:s s:I s:I}", "type",
	    option->type == OPTION_TYPE_FACTOR ? "number" : "integer", "minimum",
	    (json_int_t)option->min, "maximum", (json_int_t)option->max);
}

/* What a text of that type looks like. */
static const char *const patterns[] = {
    [OPTION_TYPE_NAME] = "^[A-Za-z0-9._:\\[\\]-]{1,64}$",
    [OPTION_TYPE_ENDPOINT] = OPTION_PATTERN_ENDPOINT,
    [OPTION_TYPE_LISTEN] = "^(unix:/.*[^/]|systemd:[!-9;-~]+|"
			   "([0-9.]+|\\[[^\\[\\]]+\\]):[1-9][0-9]{0,4})$",
    [OPTION_TYPE_MODE] = "^0?[0-7]{3}$",
    [OPTION_TYPE_GROUP] = "^[^\\s:/,-][^\\s:/,]{0,31}$",
    [OPTION_TYPE_ADDRESS] = "^([0-9.]+|[0-9A-Fa-f:.]+(%[^/:%\\s]+)?)$",
    [OPTION_TYPE_DEVICE] = "^[^/:%\\s]{1,15}$",
    [OPTION_TYPE_SOCKET] = "^/.*[^/]$",
};

static json_t *
type_schema(enum option_id id)
{
	const struct option *option = option_at(id);

	switch (option->type) {
	case OPTION_TYPE_MAP:
		return map_schema(id, false);
	case OPTION_TYPE_DEFAULTS:
		return map_schema(OPTION_PEER, true);
	case OPTION_TYPE_PEERS:
		return peers_schema();
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SECONDS:
		return duration_schema(option);
	case OPTION_TYPE_NUMBER:
	case OPTION_TYPE_FACTOR:
		return number_schema(option);
	case OPTION_TYPE_WORD:
		return word_schema(option->words);
	case OPTION_TYPE_FIREWALL:
		return firewall_schema(option);
	case OPTION_TYPE_NAME:
	case OPTION_TYPE_ENDPOINT:
	case OPTION_TYPE_LISTEN:
	case OPTION_TYPE_MODE:
	case OPTION_TYPE_GROUP:
	case OPTION_TYPE_ADDRESS:
	case OPTION_TYPE_DEVICE:
	case OPTION_TYPE_SOCKET:
		return pattern(patterns[option->type]);
	case OPTION_TYPE_BYTES:
		return json_pack("{s:s s:i}", "type", "string", "minLength", 1);
	}
	return NULL;
}

/* A value as the table writes it: a number where it is one. */
static json_t *
value_json(const struct option *option, const char *text)
{
	size_t len = strlen(text);

	if (option->type == OPTION_TYPE_NUMBER)
		return json_integer(strtoll(text, NULL, 10));
	if (option->type == OPTION_TYPE_FACTOR)
		return json_real(strtod(text, NULL));
	if (len > 1 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0])
		return json_stringn(text + 1, len - 2);
	return json_string(text);
}

static json_t *
option_schema(enum option_id id)
{
	const struct option *option = option_at(id);
	json_t *schema = type_schema(id);

	schema = with(schema, "description", json_string(option->help));
	if (option->fallback != NULL)
		schema = with(schema, "default", value_json(option, option->fallback));
	/* The examples of lists and maps are in YAML's flow style, which is not JSON. */
	if (option->example != NULL && option->example[0] != '[' && option->example[0] != '{')
		schema = with(
		    schema, "examples", and(json_array(), value_json(option, option->example)));
	return schema;
}

/* A map may be left empty, with all its lines commented out. */
static json_t *
map_schema(enum option_id map, bool defaults)
{
	json_t *properties = json_object(), *schema;

	for (int i = OPTION_ROOT + 1; i < OPTION_COUNT; i++) {
		enum option_id id = (enum option_id)i;
		const struct option *option = option_at(id);

		if (id != OPTION_PEER && option->parent == map && !(defaults && option->own))
			properties = with(properties, option->key, option_schema(id));
	}
	schema = json_pack("{s:b}", "additionalProperties", 0);
	if (map == OPTION_PEER && !defaults)
		schema = with(schema, "type", json_string("object"));
	else
		schema = with(schema, "type", json_pack("[ss]", "object", "null"));
	return with(schema, "properties", properties);
}

int
config_schema_print(FILE *out)
{
	json_t *schema = json_pack("{s:s s:s}", "$schema", SCHEMA_DRAFT, "title", "kaguard.yaml");
	int error = 0;

	schema = with(schema, "description", json_string(option_at(OPTION_ROOT)->help));
	if (schema == NULL || json_object_update_new(schema, map_schema(OPTION_ROOT, false)) != 0)
		error = -ENOMEM;
	else if (json_dumpf(schema, out, JSON_INDENT(2)) != 0 || fputc('\n', out) == EOF)
		error = -EIO;
	json_decref(schema);
	return error;
}
