/* SPDX-License-Identifier: ISC */
/* Prints the JSON Schema of the configuration, for the file that is installed. */

#include <stdio.h>

#include "config/load.h"

int
main(void)
{
	return config_schema_print(stdout) == 0 && fflush(stdout) == 0 ? 0 : 1;
}
