/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_MEASURE_FIXTURE_H
#define KAGUARD_TESTS_MEASURE_FIXTURE_H

/*
 * A measurement, and the peer it is made with. The kernel is the real one, but the measurement's
 * own time may pass faster, or jump ahead.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "net/listener.h"
#include "net/measure.h"

#define PEERS 8

extern int64_t faster, ahead_ms;

extern struct fixture {
	struct loop *loop;
	struct measure measure;
	struct target target;
	struct addresses *addresses;
	struct wake accepting, patience;
	int listener, taken[PEERS];
	unsigned n_taken;
	void (*visit)(int fd); /* what the peer does with whom it takes in */
	bool ended;
} f;

/* Set-up and tear-down of each test. */
int measure_set_up(void **state);
int measure_tear_down(void **state);

void begin(void);

/* Until it has ended, or for so long. */
void run(int64_t ms);

/* The peer says something. */
void greet(int fd);

#endif
