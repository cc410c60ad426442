/* SPDX-License-Identifier: ISC */
#include "host/cli.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Of several letters behind one dash getopt_long() says which, of words only where they stand; for
 * a word with an argument that it does not take it has the letter of that option. */
const char *
cli_unknown(const char *word, const char *letters, char buf[CLI_OPTION])
{
	if (optopt <= 0 || optopt > CHAR_MAX || strchr(letters, optopt) != NULL)
		return word;
	snprintf(buf, CLI_OPTION, "-%c", optopt);
	return buf;
}

bool
cli_has_written(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}
