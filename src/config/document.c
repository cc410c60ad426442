/* SPDX-License-Identifier: ISC */
#include "config/document.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	const struct source *source;
	struct pool *pool;
	struct notes *notes;
	struct node *root;
	struct node *open[DOCUMENT_MAX_DEPTH];	/* the lists and maps we are in */
	struct node **tail[DOCUMENT_MAX_DEPTH]; /* where the next child of each goes */
	unsigned children[DOCUMENT_MAX_DEPTH];	/* of a map, even: a key comes next */
	unsigned depth;
	unsigned documents;
};

/* libyaml counts from 0, and in characters as we do. Its end of the file is on a line of its own
 * (yaml_parser_fetch_stream_end()), also where the last line of the file has no end. */
static struct place
place_of(const struct reader *reader, const yaml_mark_t *mark)
{
	if (mark->line >= reader->source->n_lines)
		return source_place(reader->source, reader->source->len);
	return (struct place){
	    reader->source->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static void
report_tab(struct reader *reader, struct place at)
{
	notes_error(reader->notes, at, "a tab; YAML wants spaces for indentation");
}

/* What libyaml says, which is about its own insides, and what people write instead. */
static const struct problem {
	const char *theirs, *ours;
	bool at_start; /* the fault is where the thing begins, not where it turned out */
} problems[] = {
    {"found unexpected end of stream", "the quotes are not closed", true},
    {"could not find expected ':'", "expected 'key: value' or '- item'", true},
    {"mapping values are not allowed",
	"': ' is not allowed here; quote the value, or check the indentation", false},
    {"found character that cannot start",
	"this character cannot begin a value; put the value in quotes", false},
    {"unknown escape character",
	"not an escape that double quotes know; single quotes take it literally", false},
    {"expected '-' indicator", "expected '- ' at the same indentation", false},
    {"expected ',' or ']'", "expected ',' or ']'", false},
    {"expected ',' or '}'", "expected ',' or '}'", false},
    {"expected key", "expected a key at the same indentation", false},
    {"expected node content", "expected a value", false},
    {"expected <document start>", "expected the end of the file", false},
    {"incompatible YAML document", "the versions of YAML are 1.1 and 1.2", false},
};

static struct problem
problem_of(const yaml_parser_t *parser)
{
	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (strstr(parser->problem, problems[i].theirs) != NULL)
			return problems[i];
	return (struct problem){parser->problem, parser->problem, false};
}

/* Whether everything on the line before this place is blank, with a tab among it. */
static bool
is_indented_by_tab(const struct source *source, struct place at)
{
	struct slice line = source_line(source, at.line);
	size_t blank = 0;

	while (blank < line.len && (line.text[blank] == ' ' || line.text[blank] == '\t'))
		blank++;
	return memchr(line.text, '\t', blank) != NULL;
}

static int
report_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	struct place at = place_of(reader, &parser->problem_mark);
	struct place since = place_of(reader, &parser->context_mark);
	const char *text = source_at(reader->source, at);
	struct problem problem;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	problem = problem_of(parser);
	if (text != NULL && (*text == '\t' || is_indented_by_tab(reader->source, at)))
		report_tab(reader, at);
	else if (text != NULL && at.column > 1 && text[0] == ':' && text[-1] == ']')
		notes_error(reader->notes, at,
		    "an address in brackets must be quoted, as in \"[2001:db8::7]:443\"");
	else if (problem.at_start || parser->context == NULL || since.line == at.line)
		notes_error(reader->notes, problem.at_start ? since : at, "not valid YAML: %s",
		    problem.ours);
	else
		notes_error(reader->notes, at, "not valid YAML: %s, in what begins in line %u",
		    problem.ours, since.line);
	return -EINVAL;
}

/* A key must be a word; which words there are is for the options to say. */
static void
check_key(struct reader *reader, struct node *key)
{
	const char *fault = NULL;

	if (key->type == NODE_LIST || key->type == NODE_MAP)
		fault = "a list or a map cannot be a key";
	else if (key->style == NODE_PLAIN && key->text.len == 0)
		fault = "a key is missing before ':'";
	else if (key->style == NODE_PLAIN && key->text.len == 2 &&
		 memcmp(key->text.text, "<<", 2) == 0)
		fault = "merge keys are not taken; what peers share goes into 'defaults'";
	if (fault == NULL)
		return;
	notes_error(reader->notes, key->at, "%s", fault);
	key->broken = true;
}

/* Put it into the list or map that is open. */
static struct node *
reader_add(struct reader *reader, const yaml_event_t *event, enum node_type type)
{
	struct node *node = pool_alloc(reader->pool, sizeof(*node));
	unsigned top = reader->depth - 1;

	if (node == NULL)
		return NULL;
	node->type = type;
	node->at = place_of(reader, &event->start_mark);
	if (reader->depth == 0) {
		reader->root = node;
		return node;
	}
	*reader->tail[top] = node;
	reader->tail[top] = &node->next;
	reader->children[top]++;
	return node;
}

static bool
is_key(const struct reader *reader)
{
	unsigned top = reader->depth - 1;

	return reader->depth > 0 && reader->open[top]->type == NODE_MAP &&
	       reader->children[top] % 2 == 1;
}

/* Anchors and tags: an error, but the node behind them is read as if they were not there. */
static void
check_properties(struct reader *reader, struct place at, const void *anchor, const void *tag)
{
	if (anchor != NULL)
		notes_error(reader->notes, at,
		    "anchors are not taken; what peers share goes into 'defaults'");
	if (tag != NULL)
		notes_error(
		    reader->notes, at, "tags are not taken; what a value is follows from its key");
}

static int
reader_open(struct reader *reader, const yaml_event_t *event, enum node_type type)
{
	struct node *node;

	if (reader->depth == DOCUMENT_MAX_DEPTH) {
		notes_error(reader->notes, place_of(reader, &event->start_mark),
		    "nested deeper than %d", DOCUMENT_MAX_DEPTH);
		return -EINVAL;
	}
	node = reader_add(reader, event, type);
	if (node == NULL)
		return -ENOMEM;
	if (is_key(reader))
		check_key(reader, node);
	reader->open[reader->depth] = node;
	reader->tail[reader->depth] = &node->first;
	reader->children[reader->depth] = 0;
	reader->depth++;
	return 0;
}

static enum node_style
style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return NODE_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return NODE_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return NODE_BLOCK;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
	default:
		return NODE_PLAIN;
	}
}

static int
reader_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct node *node = reader_add(reader, event, NODE_SCALAR);

	if (node == NULL)
		return -ENOMEM;
	check_properties(reader, node->at, event->data.scalar.anchor, event->data.scalar.tag);
	node->style = style_of(event->data.scalar.style);
	node->text.len = event->data.scalar.length;
	node->text.text =
	    pool_text(reader->pool, (const char *)event->data.scalar.value, node->text.len);
	if (node->text.text == NULL)
		return -ENOMEM;
	if (is_key(reader))
		check_key(reader, node);
	return 0;
}

static int
reader_alias(struct reader *reader, const yaml_event_t *event)
{
	notes_error(reader->notes, place_of(reader, &event->start_mark),
	    "aliases are not taken; quote a value that begins with '*'");
	return reader_add(reader, event, NODE_BROKEN) == NULL ? -ENOMEM : 0;
}

static int
reader_document(struct reader *reader, const yaml_event_t *event)
{
	struct place at = place_of(reader, &event->start_mark);

	if (event->data.document_start.tag_directives.start !=
	    event->data.document_start.tag_directives.end)
		notes_error(reader->notes, at, "%%TAG is not taken: there are no tags here");
	if (++reader->documents > 1)
		notes_error(reader->notes, at,
		    "a second document; a file is one, further peers go into drop-in files");
	return 0;
}

static int
reader_event(struct reader *reader, const yaml_event_t *event)
{
	struct place at = place_of(reader, &event->start_mark);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return reader_document(reader, event);
	case YAML_ALIAS_EVENT:
		return reader_alias(reader, event);
	case YAML_SCALAR_EVENT:
		return reader_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		check_properties(
		    reader, at, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		return reader_open(reader, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		check_properties(
		    reader, at, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		return reader_open(reader, event, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		reader->depth--;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return 0;
	}
}

static int
reader_run(struct reader *reader)
{
	yaml_event_type_t type;
	yaml_event_t event;
	int error;

	do {
		if (!yaml_parser_parse(&reader->parser, &event))
			return report_syntax(reader);
		type = event.type;
		error = reader_event(reader, &event);
		yaml_event_delete(&event);
	} while (error == 0 && type != YAML_STREAM_END_EVENT && reader->documents <= 1);
	return error;
}

int
document_parse(
    const struct source *source, struct pool *pool, struct notes *notes, struct node **ret_root)
{
	struct reader reader = {.source = source, .pool = pool, .notes = notes};
	struct place at;
	const char *fault = source_check(source, &at);
	int error;

	if (fault != NULL) {
		notes_error(notes, at, "%s", fault);
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&reader.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &reader.parser, (const unsigned char *)source->text, source->len);
	error = reader_run(&reader);
	yaml_parser_delete(&reader.parser);
	if (error == 0)
		*ret_root = reader.root;
	return error;
}
