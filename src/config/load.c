/* SPDX-License-Identifier: ISC */
#include "config/load.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/build.h"
#include "config/config.h"
#include "config/document.h"
#include "config/dropins.h"
#include "config/settings.h"

/* Everything that lives while files are being loaded. */
struct loader {
	struct config *config;
	struct notes notes;
	struct pool pool; /* of the documents */
	struct source *sources;
	const struct node **peers; /* the list of each file, or NULL */
	size_t n_sources;
	struct settings settings; /* of all files: the later wins */
	struct settings_reader reader;
	int error; /* the first file that could not be read */
};

/* mode: the one with which the daemon could read it. */
static void
say_unreadable(struct loader *loader, const struct source *source, int error, const char *mode)
{
	const struct place at = {.file = source->file};

	if (loader->error == 0)
		loader->error = error;
	if (error == -ENOENT && source->file == 0)
		notes_error(&loader->notes, at,
		    "there is no such file; create it (one line does: 'peers: [\"HOST:PORT\"]'), "
		    "or name another with -c FILE");
	else if (error == -ENOENT)
		notes_error(&loader->notes, at, "there is no such file; is it a link to nowhere?");
	else if (error == -EACCES)
		notes_error(&loader->notes, at,
		    "user id %u may not read it; the daemon runs without privileges, so "
		    "chmod %s %s, or chown it to a group of the daemon's",
		    (unsigned)geteuid(), mode, source->name);
	else if (error == -EFBIG)
		notes_error(&loader->notes, at, "larger than %zu MiB; split it into drop-ins",
		    SOURCE_MAX >> 20);
	else
		notes_error(&loader->notes, at, "cannot be read: %s", strerror(-error));
}

/* One more file. The name alone is enough to say something about it. */
static struct source *
add_source(struct loader *loader)
{
	size_t n = loader->n_sources + 1;
	struct source *sources = reallocarray(loader->sources, n, sizeof(*sources));
	const struct node **peers;

	if (sources == NULL)
		return NULL;
	loader->sources = loader->notes.sources = sources;
	peers = reallocarray(loader->peers, n, sizeof(*peers));
	if (peers == NULL)
		return NULL;
	loader->peers = peers;
	peers[n - 1] = NULL;
	loader->notes.n_sources = loader->n_sources = n;
	return &sources[n - 1];
}

/* 0 whatever is in the file; or -ENOMEM. */
static int
load_file(struct loader *loader, const char *name)
{
	struct source *source = add_source(loader);
	struct node *root = NULL;
	int error;

	if (source == NULL)
		return -ENOMEM;
	error = source_open(source, name, (unsigned)loader->n_sources - 1);
	if (error == -ENOMEM)
		return error;
	if (error != 0) {
		say_unreadable(loader, source, error, "0644");
		return 0;
	}
	error = document_parse(source, &loader->pool, &loader->notes, &root);
	if (error == 0 && root != NULL)
		settings_read_file(
		    &loader->reader, root, &loader->settings, &loader->peers[source->file]);
	return error == -ENOMEM ? error : 0;
}

/* A file or directory that is not read, but about which there is something to say. NULL: no memory.
 */
static const struct source *
name_source(struct loader *loader, const char *name)
{
	struct source *source = add_source(loader);

	if (source == NULL)
		return NULL;
	*source = (struct source){.name = strdup(name), .file = (unsigned)loader->n_sources - 1};
	return source->name == NULL ? NULL : source;
}

/* The drop-ins, once they are found; error is what became of that. */
static int
load_dropins(struct loader *loader, const struct dropins *dropins, int error)
{
	const struct source *source;

	if (error == -ENOMEM)
		return error;
	if (error != 0) {
		source = name_source(loader, dropins->directory);
		if (source == NULL)
			return -ENOMEM;
		say_unreadable(loader, source, error, "0755");
	}
	for (size_t i = 0; i < dropins->n; i++)
		if (load_file(loader, dropins->files[i]) != 0)
			return -ENOMEM;
	for (size_t i = 0; i < dropins->n_ignored; i++) {
		source = name_source(loader, dropins->ignored[i]);
		if (source == NULL)
			return -ENOMEM;
		notes_warning(&loader->notes, (struct place){.file = source->file},
		    "ignored: the name of a drop-in ends in '.yaml'");
	}
	return 0;
}

static int
load_files(struct loader *loader, const char *path)
{
	struct dropins dropins = {0};
	int error = load_file(loader, path);

	if (error == 0)
		error = load_dropins(loader, &dropins, dropins_find(path, &dropins));
	dropins_clear(&dropins);
	return error;
}

/* The peers of all files, each on top of the defaults of all files. */
static int
build_peers(struct loader *loader)
{
	struct builder *builder = calloc(1, sizeof(*builder));
	struct settings settings;

	if (builder == NULL)
		return -ENOMEM;
	builder->config = loader->config;
	builder->notes = &loader->notes;
	builder->defaults = &loader->settings;
	for (size_t file = 0; file < loader->n_sources; file++) {
		const struct node *list = loader->peers[file];

		for (const struct node *node = list == NULL ? NULL : list->first; node != NULL;
		     node = node->next) {
			settings = loader->settings;
			if (settings_read_peer(&loader->reader, node, &settings))
				build_peer(builder, &settings);
		}
	}
	free(builder);
	return loader->notes.error;
}

/* What is not about peers. */
static int
build_rest(struct loader *loader)
{
	struct config *config = loader->config;
	const struct setting *of = loader->settings.of;
	const struct slice socket = of[OPTION_CONTROL_SOCKET].text;

	config->ready_when = (enum config_ready)of[OPTION_READY_WHEN].number;
	config->log_level = (int)of[OPTION_LOG_LEVEL].number;
	config->summary_every_ms = of[OPTION_LOG_SUMMARY_EVERY].number;
	config->control_socket = pool_text(&config->pool, socket.text, socket.len);
	config->files = calloc(loader->n_sources, sizeof(*config->files));
	if (config->control_socket == NULL || config->files == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < loader->n_sources; i++) {
		const struct source *source = &loader->sources[i];

		if (source->text == NULL)
			continue;
		config->files[config->n_files] =
		    pool_text(&config->pool, source->name, strlen(source->name));
		if (config->files[config->n_files++] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
load(struct loader *loader, const char *path)
{
	int error;

	loader->config = calloc(1, sizeof(*loader->config));
	if (loader->config == NULL)
		return -ENOMEM;
	loader->reader = (struct settings_reader){.pool = &loader->pool, .notes = &loader->notes};
	settings_init(&loader->settings);
	error = load_files(loader, path);
	if (error == 0)
		error = build_peers(loader);
	if (error == 0)
		error = build_rest(loader);
	if (error == 0)
		error = loader->notes.error;
	if (error == 0)
		error = loader->error;
	if (error == 0 && loader->notes.remarks.n_errors > 0)
		error = -EINVAL;
	return error;
}

int
config_load(const char *path, struct config **ret_config, struct remarks *ret_remarks)
{
	struct loader loader = {0};
	int error = load(&loader, path);

	notes_finish(&loader.notes, ret_remarks);
	if (error == 0)
		error = loader.notes.error;
	if (error == 0)
		*ret_config = loader.config;
	else
		config_free(loader.config);
	for (size_t i = 0; i < loader.n_sources; i++)
		source_clear(&loader.sources[i]);
	free(loader.sources);
	free(loader.peers);
	pool_clear(&loader.pool);
	assert(error == 0 || error == -ENOMEM || ret_remarks->n_errors > 0);
	return error;
}

int
config_log_level(const char *word)
{
	const struct option_word *known = option_at(OPTION_LOG_LEVEL)->words;

	while (known->word != NULL && strcmp(known->word, word) != 0)
		known++;
	return known->word != NULL ? known->value : -EINVAL;
}
