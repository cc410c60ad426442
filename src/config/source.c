/* SPDX-License-Identifier: ISC */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_BLOCK ((size_t)1 << 16)

size_t
source_decode(const char *text, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)text[0];
	size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t code;

	if (size == 0 || size > len || first > 0xf4)
		return 0;
	code = size == 1 ? first : first & (0xffU >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3fU);
	}
	if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return size;
}

/* The bytes of the line's end at text[0..len): LF, CR or both. */
static size_t
line_end(const char *text, size_t len)
{
	return text[0] == '\r' && len > 1 && text[1] == '\n' ? 2 : 1;
}

/* How many lines begin behind the first; their offsets go to `lines` unless that is NULL. */
static size_t
find_lines(const struct source *source, uint32_t *lines)
{
	const char *text = source->text;
	size_t n = 0, end;

	for (size_t i = 0; i < source->len; i++) {
		if (text[i] != '\n' && text[i] != '\r')
			continue;
		end = line_end(text + i, source->len - i);
		i += end - 1;
		if (lines != NULL)
			lines[n] = (uint32_t)(i + 1);
		n++;
	}
	return n;
}

static int
source_find_lines(struct source *source)
{
	source->n_lines = find_lines(source, NULL) + 1;
	source->lines = calloc(source->n_lines, sizeof(*source->lines));
	if (source->lines == NULL)
		return -ENOMEM;
	find_lines(source, source->lines + 1);
	return 0;
}

static void
source_strip_mark(struct source *source)
{
	if (source->len < 3 || memcmp(source->text, "\xef\xbb\xbf", 3) != 0)
		return;
	source->len -= 3;
	memmove(source->text, source->text + 3, source->len + 1);
}

/* Takes files and pipes alike, so that `--check -c /dev/stdin` works. */
static int
source_read(struct source *source, int fd)
{
	size_t room = 0;
	ssize_t got = 1;
	char *text;

	while (got > 0) {
		if (room - source->len < SOURCE_BLOCK) {
			room = room * 2 + 2 * SOURCE_BLOCK;
			text = realloc(source->text, room);
			if (text == NULL)
				return -ENOMEM;
			source->text = text;
		}
		got = read(fd, source->text + source->len, room - source->len - 1);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			source->len += (size_t)got;
		if (source->len > SOURCE_MAX)
			return -EFBIG;
	}
	source->text[source->len] = '\0';
	return got < 0 ? -errno : 0;
}

int
source_open(struct source *source, const char *name, unsigned file)
{
	int fd, error;

	*source = (struct source){.file = file, .name = strdup(name)};
	if (source->name == NULL)
		return -ENOMEM;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = source_read(source, fd);
	close(fd);
	if (error != 0) {
		free(source->text);
		source->text = NULL;
		source->len = 0;
		return error;
	}
	source_strip_mark(source);
	return source_find_lines(source);
}

int
source_init(struct source *source, const char *name, struct slice text)
{
	*source =
	    (struct source){.name = strdup(name), .text = malloc(text.len + 1), .len = text.len};
	if (source->name == NULL || source->text == NULL)
		return -ENOMEM;
	memcpy(source->text, text.text, text.len);
	source->text[text.len] = '\0';
	source_strip_mark(source);
	return source_find_lines(source);
}

void
source_clear(struct source *source)
{
	free(source->name);
	free(source->text);
	free(source->lines);
	*source = (struct source){0};
}

/* What is wrong with a character, or NULL. */
static const char *
character_fault(uint32_t code)
{
	if (code == '\t' || code == '\n' || code == '\r')
		return NULL;
	if (code == 0)
		return "a NUL byte; is this a text file?";
	if (code < 0x20 || (code >= 0x7f && code < 0xa0 && code != 0x85))
		return "a control character; write it as an escape in double quotes, such as "
		       "\"\\x1b\"";
	/* libyaml would begin a new line here, as YAML 1.1 had it; editors and YAML 1.2 do not. */
	if (code == 0x85 || code == 0x2028 || code == 0x2029)
		return "a Unicode line separator; use an ordinary line end";
	if (code == 0xfeff)
		return "a byte order mark, which may only be at the very start of a file";
	if (code == 0xfffe || code == 0xffff)
		return "a character that Unicode does not assign";
	return NULL;
}

const char *
source_check(const struct source *source, struct place *ret_at)
{
	const char *fault;
	uint32_t code;
	size_t size;

	for (size_t i = 0; i < source->len; i += size) {
		size = 1;
		if (source->text[i] >= ' ' && source->text[i] < 0x7f)
			continue;
		size = source_decode(source->text + i, source->len - i, &code);
		fault =
		    size == 0 ? "not valid UTF-8; save the file as UTF-8" : character_fault(code);
		if (fault != NULL) {
			*ret_at = source_place(source, i);
			return fault;
		}
	}
	return NULL;
}

struct place
source_place(const struct source *source, size_t offset)
{
	struct place at = {.file = source->file, .column = 1};
	size_t low = 0, high = source->n_lines, size;
	uint32_t code;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (source->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	at.line = (unsigned)low + 1;
	for (size_t i = source->lines[low]; i<offset; i += size> 0 ? size : 1) {
		size = source_decode(source->text + i, source->len - i, &code);
		at.column++;
	}
	return at;
}

struct slice
source_line(const struct source *source, unsigned line)
{
	size_t start, end;

	if (line == 0 || line > source->n_lines)
		return (struct slice){"", 0};
	start = source->lines[line - 1];
	for (end = start; end < source->len && source->text[end] != '\n'; end++)
		if (source->text[end] == '\r')
			break;
	return (struct slice){source->text + start, end - start};
}

const char *
source_at(const struct source *source, struct place at)
{
	struct slice line = source_line(source, at.line);
	size_t offset = 0, size;
	uint32_t code;

	for (unsigned column = 1; column < at.column; column++) {
		if (offset >= line.len)
			return NULL;
		size = source_decode(line.text + offset, line.len - offset, &code);
		offset += size > 0 ? size : 1;
	}
	return offset <= line.len ? line.text + offset : NULL;
}
