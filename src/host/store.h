/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_STORE_H
#define KAGUARD_HOST_STORE_H

/*
 * What the service manager hands over at the start (sd_listen_fds(3)): the descriptors that the
 * daemon before this one had put into its store, by the names that were given to them there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/inherited.h"
#include "host/notify.h"

enum store_kind {
	STORE_TABLE,  /* the memfd of host/parktable */
	STORE_SHELF,  /* a socket of host/parking */
	STORE_OWNERS, /* the memfd of host/owners */
	STORE_KINDS
};

/* "kg-shelf-17". The number is never used twice while anything with a lower one is stored. */
struct store_name {
	enum store_kind kind;
	uint32_t generation; /* from 1 */
};

struct store_item {
	struct store_name name;
	int fd;
};

struct store {
	struct store_item *items; /* the youngest first */
	unsigned n;
	unsigned n_foreign;	  /* descriptors that nobody here knows, which were closed */
	char foreign[64];	  /* the name of the first of them */
	struct inherited sockets; /* not of the store, but handed over with it */
};

/* Writes the name. Returns buf. */
char *store_name_text(enum store_kind kind, uint32_t generation, char buf[NOTIFY_NAME]);

/* Strict: what store_name_text() writes and nothing else. False: it is no name of ours. */
bool store_name_parse(const char *text, size_t length, struct store_name *ret);

/*
 * Takes the descriptors, and removes the variables from the environment: call it before there are
 * other threads. Sockets that listen are kept apart; what else is not ours is closed and counted. 0
 * or -ENOMEM.
 */
int store_take(struct store *ret);

/* Closes what was not taken out (fd set to -1) of the store; and the sockets as well. */
void store_close(struct store *store);
void store_clear(struct store *store);

#endif
