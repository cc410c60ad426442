/* SPDX-License-Identifier: ISC */
#include "config/notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Characters of a source line shown on each side of the caret. */
#define EXCERPT_SIDE 70
#define EXCERPT_CUT  "..."
#define QUOTE_SHOWN  48

/* Control characters, and those that turn the direction of what follows. */
static bool
is_harmful(uint32_t code)
{
	return (code < 0x20 && code != '\t') || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

/* Copy a character to `out`, or '?' for one that is no text. Returns the bytes read; adds to *len.
 */
static size_t
copy_character(struct slice from, char *out, size_t *len)
{
	uint32_t code;
	size_t size = source_decode(from.text, from.len, &code);

	if (size == 0 || is_harmful(code)) {
		out[(*len)++] = '?';
		return size == 0 ? 1 : size;
	}
	memcpy(out + *len, from.text, size);
	*len += size;
	return size;
}

char *
notes_quote(struct slice text, char buf[QUOTE_MAX])
{
	size_t len = 0, at = 0;

	buf[len++] = '\'';
	while (at < text.len && len < QUOTE_SHOWN)
		at += copy_character((struct slice){text.text + at, text.len - at}, buf, &len);
	if (at < text.len) {
		memcpy(buf + len, EXCERPT_CUT, strlen(EXCERPT_CUT));
		len += strlen(EXCERPT_CUT);
	}
	buf[len++] = '\'';
	buf[len] = '\0';
	return buf;
}

/* The source line as far as it fits, and which of its characters is meant. */
static char *
excerpt(const struct source *source, struct place at, unsigned *ret_caret)
{
	unsigned skip = at.column > EXCERPT_SIDE + 1 ? at.column - EXCERPT_SIDE - 1 : 0;
	const char *start = source_at(source, (struct place){at.file, at.line, skip + 1});
	struct slice line = source_line(source, at.line);
	char *out;
	size_t len = 0;
	unsigned shown = 0;

	if (start == NULL || line.len == 0)
		return NULL;
	out = malloc(2 * strlen(EXCERPT_CUT) + (2 * EXCERPT_SIDE + 1) * 4 + 1);
	if (out == NULL)
		return NULL;
	line.len -= (size_t)(start - line.text);
	line.text = start;
	if (skip > 0) {
		memcpy(out, EXCERPT_CUT, strlen(EXCERPT_CUT));
		len = strlen(EXCERPT_CUT);
	}
	*ret_caret = at.column - skip + (unsigned)len;
	for (size_t size; line.len > 0 && shown < 2 * EXCERPT_SIDE + 1; shown++) {
		size = copy_character(line, out, &len);
		line = (struct slice){line.text + size, line.len - size};
	}
	strcpy(out + len, line.len > 0 ? EXCERPT_CUT : "");
	return out;
}

static bool
said_already(const struct remarks *remarks, struct place at, const char *text)
{
	for (size_t i = remarks->n; i-- > 0;) {
		const struct remark *said = &remarks->list[i];

		if (said->line == at.line && said->column == at.column && said->order == at.file &&
		    strcmp(said->text, text) == 0)
			return true;
	}
	return false;
}

/* Takes text. */
static int
notes_append(struct notes *notes, enum remark_severity severity, struct place at, char *text)
{
	struct remarks *remarks = &notes->remarks;
	const struct source *source = &notes->sources[at.file];
	struct remark *remark;

	/* Doubles at powers of two. */
	if ((remarks->n & (remarks->n - 1)) == 0) {
		size_t room = remarks->n == 0 ? 1 : remarks->n * 2;

		remark = realloc(remarks->list, room * sizeof(*remark));
		if (remark == NULL)
			return -ENOMEM;
		remarks->list = remark;
	}
	remark = &remarks->list[remarks->n];
	*remark = (struct remark){.severity = severity,
	    .file = strdup(source->name),
	    .line = at.line,
	    .column = at.column,
	    .text = text,
	    .order = at.file};
	if (remark->file == NULL)
		return -ENOMEM;
	if (at.line > 0 && source->text != NULL)
		remark->source = excerpt(source, at, &remark->caret);
	remarks->n++;
	return 0;
}

__attribute__((format(printf, 4, 0))) static void
notes_say(struct notes *notes, enum remark_severity severity, struct place at, const char *format,
    va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0) {
		notes->error = -ENOMEM;
		return;
	}
	if (said_already(&notes->remarks, at, text)) {
		free(text);
		return;
	}
	notes->remarks.n_errors += severity == REMARK_ERROR;
	if (notes->remarks.n >= REMARKS_MAX) {
		notes->dropped++;
		free(text);
	} else if (notes_append(notes, severity, at, text) != 0) {
		notes->error = -ENOMEM;
		free(text);
	}
}

void
notes_error(struct notes *notes, struct place at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	notes_say(notes, REMARK_ERROR, at, format, ap);
	va_end(ap);
}

void
notes_warning(struct notes *notes, struct place at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	notes_say(notes, REMARK_WARNING, at, format, ap);
	va_end(ap);
}

static int
remark_order(const void *a, const void *b)
{
	const struct remark *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text);
}

void
notes_finish(struct notes *notes, struct remarks *ret)
{
	struct remarks *remarks = &notes->remarks;
	enum remark_severity severity = remarks->n_errors > 0 ? REMARK_ERROR : REMARK_WARNING;
	char *text;

	if (remarks->n > 0)
		qsort(remarks->list, remarks->n, sizeof(*remarks->list), remark_order);
	if (notes->dropped > 0) {
		if (asprintf(&text, "%zu more remarks are not shown", notes->dropped) < 0) {
			notes->error = -ENOMEM;
		} else if (notes_append(notes, severity, (struct place){0}, text) != 0) {
			notes->error = -ENOMEM;
			free(text);
		}
	}
	*ret = *remarks;
	*remarks = (struct remarks){0};
}
