/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_PIPES_H
#define KAGUARD_NET_PIPES_H

/*
 * Pipes that splice(2) moves bytes through. A pipe is taken while there is something in it and
 * given back empty, so that there are as many as are in use at one time, and none for those who are
 * idle.
 */

#include <stdbool.h>
#include <stdint.h>

struct pipe {
	struct pipe *next;
	/* Whose bytes are in it, for whoever finds the pipe later; stored before any come. 0: it is
	 * empty, and nobody misses it. */
	volatile uint64_t *owner;
	uint64_t own;  /* where `owner` points to, unless made() has another place */
	uint64_t life; /* for whoever keeps it: how it is found again */
	uint32_t slot;
	uint32_t size;
	uint32_t held; /* bytes in it, by whoever has taken it */
	int read_fd;
	int write_fd; /* -1: of one that was found with something in it, and takes no more */
	bool exposed; /* what is in it is lost with the process, while others are kept */
};

struct pipes {
	struct pipe *small, *large; /* free ones */
	unsigned n, n_large;
	int leaving; /* what is in them is left to whoever finds it */
	/* Called with each new one, which is not given away before it has returned; or NULL. */
	void (*made)(struct pipes *pipes, struct pipe *pipe);
	/* And with one that is about to be no more. */
	void (*gone)(struct pipes *pipes, struct pipe *pipe);
};

/*
 * An empty pipe. `bulk`: preferably one that takes much at a time. 0, or negative errno: there are
 * no more descriptors.
 */
int pipes_take(struct pipes *pipes, uint64_t owner, int bulk, struct pipe **ret);

/* It is empty, or what is in it is of no use: then it is closed. */
void pipes_give(struct pipes *pipes, struct pipe *pipe);
void pipes_discard(struct pipes *pipes, struct pipe *pipe);

/* It was filled to the brim: make it larger where that is allowed. */
void pipes_enlarge(struct pipes *pipes, struct pipe *pipe);

/* Closes the free ones; all others were given back. All zero is fine. */
void pipes_clear(struct pipes *pipes);

#endif
