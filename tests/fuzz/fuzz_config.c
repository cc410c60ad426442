/* SPDX-License-Identifier: ISC */

/*
 * A configuration: the main file, and behind each form feed, which no YAML has, a drop-in. Where it
 * is refused, each error is at a place that there is, and can be shown. Where it is taken, it is
 * complete; and written down in full, it is read again as the same.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"
#include "fuzz.h"
#include "shown.h"
#include "write_config.h"

#define MOST_FILES 4
#define MOST_PEERS 64	/* that are written down */
#define LONGEST	   1024 /* of a remark: as much as a reload hands out */
#define EXCERPT	   160	/* of a source line, in characters */

static char directory[] = "/tmp/kaguard-fuzz-XXXXXX";
static const char *const names[] = {"x.yaml", "x.d/0.yaml", "x.d/1.yaml", "x.d/2.yaml"};

struct document {
	const char *text;
	size_t size;
};

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
tidy(void)
{
	for (size_t i = 0; i < MOST_FILES; i++)
		unlink(path_of(names[i]));
	unlink(path_of("again.yaml"));
	rmdir(path_of("x.d"));
	rmdir(directory);
}

static void
set_up(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	assert(mkdtemp(directory) != NULL && mkdir(path_of("x.d"), 0700) == 0);
	atexit(tidy);
}

static void
put_file(const char *name, const struct document *document)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0);
	assert(write(fd, document->text, document->size) == (ssize_t)document->size);
	close(fd);
}

/* How many there are; the last one has what is left. */
static size_t
put_files(const char *text, size_t size, struct document files[MOST_FILES])
{
	const char *feed;
	size_t n = 0;

	while (n + 1 < MOST_FILES && (feed = memchr(text, '\f', size)) != NULL) {
		files[n++] = (struct document){text, (size_t)(feed - text)};
		size -= (size_t)(feed - text) + 1;
		text = feed + 1;
	}
	files[n++] = (struct document){text, size};
	for (size_t i = 0; i < n; i++)
		put_file(names[i], &files[i]);
	for (size_t i = n; i < MOST_FILES; i++)
		unlink(path_of(names[i]));
	return n;
}

/* --- what is said of it ----------------------------------------------------------------------- */

/* The bytes of line `number`, from 1; -1: there is no such line. */
static ptrdiff_t
line_size(const struct document *document, unsigned number)
{
	const char *at = document->text, *end = at + document->size, *first;

	if (document->size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	for (;; number--) {
		for (first = at; at < end && *at != '\n' && *at != '\r'; at++)
			;
		if (number == 1)
			return at - first;
		if (at == end)
			return -1;
		at += end - at > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : 1;
	}
}

/* How many characters it has. */
static size_t
check_line(const char *text, size_t most)
{
	size_t size = strlen(text);

	assert(size < most);
	return shown_line(text, size);
}

static void
check_remark(const struct remark *remark, const struct document files[], size_t n)
{
	char text[64], whole[2 * LONGEST];
	ptrdiff_t size;

	assert(remark->order < n && strcmp(remark->file, path_of(names[remark->order])) == 0);
	assert(check_line(remark->text, LONGEST) > 0);
	assert(strlen(remark_text(remark, text, sizeof(text))) < sizeof(text));
	check_line(remark_text(remark, whole, sizeof(whole)), sizeof(whole) - 1);
	if (remark->line == 0) {
		assert(remark->column == 0 && remark->source == NULL);
		return;
	}
	size = line_size(&files[remark->order], remark->line);
	assert(size >= 0 && remark->column > 0 && remark->column <= (size_t)size + 1);
	if (remark->source == NULL)
		return;
	size = (ptrdiff_t)check_line(remark->source, 4 * EXCERPT);
	assert(size <= EXCERPT && remark->caret > 0 && remark->caret <= (size_t)size + 1);
}

static bool
in_order(const struct remark *a, const struct remark *b)
{
	if (a->order != b->order)
		return a->order < b->order;
	if (a->line != b->line)
		return a->line < b->line;
	return a->column <= b->column;
}

static void
check_remarks(const struct remarks *remarks, const struct document files[], size_t n)
{
	char *printed;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	assert(out != NULL && remarks->n <= REMARKS_MAX + 1);
	for (size_t i = 0; i < remarks->n; i++)
		check_remark(&remarks->list[i], files, n);
	/* The last one may be that there are more. */
	for (size_t i = 1; i < remarks->n && i < REMARKS_MAX; i++)
		assert(in_order(&remarks->list[i - 1], &remarks->list[i]));
	remarks_print(remarks, out);
	fclose(out);
	assert((size > 0) == (remarks->n > 0));
	free(printed);
}

/* --- what it is ------------------------------------------------------------------------------- */

static void
check_peer(const struct config *config, const struct config_peer *peer, size_t n_files)
{
	struct plan plan;

	assert(config_find(config, peer->name) == peer && config_peer_diff(peer, peer) == 0);
	assert(peer->file < n_files && peer->line > 0);
	assert(peer->sessions > 0 || peer->listen != NULL);
	assert(plan_make(&peer->wish, &plan, NULL) == 0 && plan.count == peer->plan.count);
	assert(peer->plan.margin_ms >= 0 || peer->wish.exact_idle_s > 0);
	assert(peer->backoff.first_ms > 0 && peer->backoff.first_ms <= peer->backoff.max_ms);
}

static void
check_same(const struct config *one, const struct config *other)
{
	assert(one->ready_when == other->ready_when && one->log_level == other->log_level);
	assert(one->summary_every_ms == other->summary_every_ms);
	assert(strcmp(one->control_socket, other->control_socket) == 0);
	assert(one->n_peers == other->n_peers);
	for (size_t i = 0; i < one->n_peers; i++) {
		const struct config_peer *a = &one->peers[i], *b = &other->peers[i];

		assert(strcmp(a->name, b->name) == 0 && strcmp(a->address, b->address) == 0);
		assert(config_peer_diff(a, b) == CONFIG_SAME);
	}
}

static void
check_config(const struct config *config, size_t n_files)
{
	struct config *again = NULL;
	struct remarks remarks;
	FILE *out;

	assert(config->n_files == n_files);
	for (size_t i = 0; i < config->n_peers; i++)
		check_peer(config, &config->peers[i], n_files);
	if (config->n_peers > MOST_PEERS)
		return;
	out = fopen(path_of("again.yaml"), "w");
	assert(out != NULL);
	write_config(config, out);
	assert(fclose(out) == 0);
	if (config_load(path_of("again.yaml"), &again, &remarks) != 0) {
		remarks_print(&remarks, stderr);
		abort();
	}
	check_same(config, again);
	config_free(again);
	remarks_clear(&remarks);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document files[MOST_FILES];
	struct config *config = NULL;
	struct remarks remarks;
	size_t n;
	int r;

	set_up();
	n = put_files((const char *)data, size, files);
	r = config_load(path_of(names[0]), &config, &remarks);
	assert(r == 0 || r == -EINVAL);
	assert((r == 0) == (remarks.n_errors == 0) && (r == 0) == (config != NULL));
	check_remarks(&remarks, files, n);
	if (config != NULL)
		check_config(config, n);
	config_free(config);
	remarks_clear(&remarks);
	return 0;
}
