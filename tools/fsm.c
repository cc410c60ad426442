/* SPDX-License-Identifier: ISC */

/* Prints the transitions of a session, for doc/architecture.md. */

#include "policy/fsm.h"

int
main(void)
{
	fsm_print(stdout);
	return 0;
}
