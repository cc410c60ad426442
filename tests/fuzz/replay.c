/* SPDX-License-Identifier: ISC */

/*
 * Runs the fuzz target that it is linked to over its corpus once, with any compiler: a test for
 * each file. The corpus is the one that the program is named for, fuzz_NAME; and the good and bad
 * files of tests/NAME, where another test has such.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_BYTES (1 << 20)

static int
replay(const char *directory, const char *name)
{
	static uint8_t bytes[MAX_BYTES];
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return -1;
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return LLVMFuzzerTestOneInput(bytes, size);
}

static int
is_visible(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_type != DT_DIR && end != entry->d_name &&
	       (end == NULL || strcmp(end, ".expect") != 0);
}

/* How many tests it was with these. */
static int
replay_all(const char *directory, int tests)
{
	struct dirent **entries;
	int n = scandir(directory, &entries, is_visible, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file = entries[i]->d_name;

		printf("%sok %d - %s\n", replay(directory, file) == 0 ? "" : "not ", ++tests, file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return tests;
}

int
main(void)
{
	static const struct {
		const char *before, *behind;
	} places[] = {{"tests/fuzz/corpus", ""}, {"tests", "/good"}, {"tests", "/bad"}};
	const char *source = getenv("KAGUARD_SRCDIR");
	const char *name = strrchr(program_invocation_short_name, '_');
	char directory[2048];
	int tests = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(directory, sizeof(directory), "%s/%s/%s%s", source != NULL ? source : ".",
		    places[i].before, name != NULL ? name + 1 : "", places[i].behind);
		tests = replay_all(directory, tests);
	}
	printf("1..%d\n", tests);
	return tests > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
