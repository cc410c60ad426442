/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_CLI_H
#define KAGUARD_HOST_CLI_H

/* What the command lines of both programs have in common. */

#include <stdbool.h>

#define CLI_OPTION 3

/* Which option getopt_long() does not know, by its last answer: the word where it stands,
 * argv[optind - 1], or one of several letters in it. `letters` are those that it does. */
const char *cli_unknown(const char *word, const char *letters, char buf[CLI_OPTION]);

/* Whether all that was printed on stdout has arrived. */
bool cli_has_written(void);

#endif
