/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SIGNALS_H
#define KAGUARD_DAEMON_SIGNALS_H

/* The signals that ask for something, handled from the loop. */

#include "net/loop.h"

#define SIGNALS 5

struct signals {
	struct wake wakes[SIGNALS];
	void (*asked)(struct signals *signals, int signo);
};

/*
 * A reload or a table that is asked for before there is a handler waits for it, where it would end
 * the process otherwise; and a stop of the first process of a container, where it would be lost.
 */
void signals_block(void);

/* 0, or negative errno; those that were blocked come now. */
int signals_open(struct signals *signals, struct loop *loop);

/* They are blocked again: the process ends with the status that it has. */
void signals_clear(struct signals *signals);

#endif
