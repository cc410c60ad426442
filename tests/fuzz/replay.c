/* SPDX-License-Identifier: ISC */

/* Runs the fuzz target that it is linked to over its corpus once, with any compiler: a test for
 * each file. The corpus is the one that the program is named for: fuzz_NAME. */

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

int
main(void)
{
	const char *source = getenv("KAGUARD_SRCDIR");
	const char *name = strrchr(program_invocation_short_name, '_');
	char directory[2048];
	struct dirent **entries;
	int n, tests = 0;

	snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s",
	    source != NULL ? source : ".", name != NULL ? name + 1 : "");
	n = scandir(directory, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *file = entries[i]->d_name;

		if (file[0] != '.')
			printf("%sok %d - %s\n", replay(directory, file) == 0 ? "" : "not ",
			    ++tests, file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	printf("1..%d\n", tests);
	return tests > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
