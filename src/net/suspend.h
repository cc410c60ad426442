/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_SUSPEND_H
#define KAGUARD_NET_SUSPEND_H

/*
 * Wakes when the machine may have been asleep: it comes back with a wall clock that jumps, as it
 * does when somebody sets it. How long it has slept is clock_asleep_ms()'s to say.
 */

#include "net/loop.h"

struct suspend {
	struct wake wake;
	void (*fn)(struct suspend *suspend);
	int fd; /* -1 */
};

/* 0, or negative errno; `suspend` is as if closed then. */
int suspend_open(struct suspend *suspend, struct loop *loop, void (*fn)(struct suspend *));

/* All zero but fd is fine. */
void suspend_close(struct suspend *suspend);

#endif
