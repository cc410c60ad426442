/* SPDX-License-Identifier: ISC */
#include "config/dropins.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && strcmp(name + len - end, suffix) == 0;
}

/* "FILE.d" for FILE.yaml; for a name that ends otherwise, ".d" is added to all of it. */
static char *
directory_of(const char *path)
{
	size_t len = strlen(path);
	char *directory;

	if (ends_in(path, ".yaml"))
		len -= strlen(".yaml");
	else if (ends_in(path, ".yml"))
		len -= strlen(".yml");
	if (asprintf(&directory, "%.*s.d", (int)len, path) < 0)
		return NULL;
	return directory;
}

/* Editors leave hidden files behind. */
static int
is_yaml(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (ends_in(entry->d_name, ".yaml") || ends_in(entry->d_name, ".yml"));
}

/* By bytes: the order must not depend on the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
take_names(struct dropins *dropins, struct dirent **entries, size_t n)
{
	char *name;

	dropins->files = calloc(n, sizeof(*dropins->files));
	dropins->ignored = calloc(n, sizeof(*dropins->ignored));
	if (dropins->files == NULL || dropins->ignored == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (asprintf(&name, "%s/%s", dropins->directory, entries[i]->d_name) < 0)
			return -ENOMEM;
		if (ends_in(name, ".yaml"))
			dropins->files[dropins->n++] = name;
		else
			dropins->ignored[dropins->n_ignored++] = name;
	}
	return 0;
}

int
dropins_find(const char *path, struct dropins *dropins)
{
	struct dirent **entries = NULL;
	int n, error = 0;

	*dropins = (struct dropins){.directory = directory_of(path)};
	if (dropins->directory == NULL)
		return -ENOMEM;
	n = scandir(dropins->directory, &entries, is_yaml, by_name);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	if (n > 0)
		error = take_names(dropins, entries, (size_t)n);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return error;
}

void
dropins_clear(struct dropins *dropins)
{
	for (size_t i = 0; i < dropins->n; i++)
		free(dropins->files[i]);
	for (size_t i = 0; i < dropins->n_ignored; i++)
		free(dropins->ignored[i]);
	free(dropins->files);
	free(dropins->ignored);
	free(dropins->directory);
	*dropins = (struct dropins){0};
}
