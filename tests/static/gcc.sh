#!/bin/sh
# SPDX-License-Identifier: ISC
# What gcc finds when it follows the paths through the functions. Only in src: of cmocka's assertions it
# does not know that they do not return.
# shellcheck source=tests/static/static.sh
. "$KAGUARD_SRCDIR/tests/static/static.sh"

gcc='gcc-12'
command -v "$gcc" >/dev/null || gcc=gcc
judge "$gcc" 12

# Without optimization: what was inlined, or assumed never to be NULL, is not what was written.
findings()
{
	files_in "$1" -path "$1/src/*" -name '*.c' |
		with_flags for_each "$gcc" -std=gnu11 -O0 -fanalyzer -fdiagnostics-plain-output -c '{}' -o /dev/null
}

analyze gcc
catches_planted -Wanalyzer-use-after-free <<'END'
#include <stdlib.h>
#include <string.h>
size_t
last_length(char *text)
{
	free(text);
	return *text == '\0' ? 0 : strlen(text);
}
END
catches_planted -Wanalyzer-double-fclose <<'END'
#include <stdio.h>
int
close_both(const char *name)
{
	FILE *file = fopen(name, "r");

	if (file == NULL)
		return -1;
	if (getc(file) == EOF)
		fclose(file);
	return fclose(file);
}
END
lint_end
