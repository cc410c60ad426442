/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_FAKE_RTNL_H
#define KAGUARD_TESTS_FAKE_RTNL_H

/* In the place of net/rtnl.c: the kernel tells what the test has it tell. A route that has an
 * address is one of that family. */

#include <stdbool.h>

#include "net/rtnl.h"

extern struct fake_rtnl {
	int fd;
	struct rtnl_message there[16], told[16]; /* what a dump and what a reading brings */
	unsigned n_there, n_told;
	int dump_error, told_error;
	unsigned dumps, changing; /* so many dumps are of what changes meanwhile */
	bool denied;
} kernel;

#endif
