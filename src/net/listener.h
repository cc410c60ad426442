/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_LISTENER_H
#define KAGUARD_NET_LISTENER_H

/* Sockets that local clients connect to. */

#include <stdbool.h>
#include <stddef.h>

/* What is asked for; the strings are borrowed. */
struct listener_wish {
	const char *where; /* ADDRESS:PORT or unix:/path */
	const char *group; /* of a unix socket; NULL: as it comes */
	unsigned mode;	   /* of a unix socket */
};

/*
 * Listen there. A unix socket that nobody listens on any more is replaced. 0 with the descriptor,
 * or negative errno with the words for it.
 */
int listener_open(const struct listener_wish *wish, int *ret_fd, char *why, size_t size);

/* Nobody is taken in any more, in spite of duplicates; the name of a unix socket goes with it. */
void listener_close(int fd);

/* That fd is a stream socket that listens; it does not block from then on. 0; -ENOTSOCK: it is
 * none; else negative errno. */
int listener_check(int fd);

/* Whether it is where the wish says. */
bool listener_fits(int fd, const struct listener_wish *wish);

/* One that fits may have been opened with another group and mode. As listener_open(). */
int listener_dress(const struct listener_wish *wish, char *why, size_t size);

/*
 * The next client, or negative errno: -EAGAIN where there is none, -EMFILE where there is no room
 * for it.
 */
int listener_accept(int fd);

/* The client is refused: it sees a reset, or the end of a unix socket. */
void listener_refuse(int client_fd);

#endif
