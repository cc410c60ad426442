/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_LORE_H
#define KAGUARD_DAEMON_LORE_H

/*
 * What is known of peers beyond this daemon and this boot, as the state file has it. Times are of
 * the day, in milliseconds since 1970: no other clock outlives a boot.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/habit.h"
#include "policy/learn.h"
#include "policy/survey.h"

#define LORE_FILE "learnt.json"

/* Of peers that nobody has configured for so long nothing is kept. */
#define LORE_KEEP_MS (INT64_C(90) * 24 * 3600 * 1000)

/* Of so many networks it is kept what the path of a peer is like in them. */
#define LORE_NETWORKS 16

struct lore_entry {
	char *peer, *address;
	char *network;	  /* whose path was measured; "": it was declared, and in any network */
	int64_t known_ms; /* when the peer was last configured, and in that network */
	struct learn learn;
	struct habit habit;
	struct survey survey;
};

/* In the order of their names, and networks. All zero is empty. */
struct lore {
	struct lore_entry *entries;
	size_t n;
};

void lore_clear(struct lore *lore);

/* From the state file in that directory. 0, or as statefile_read() or lore_parse(). */
int lore_load(const char *directory, struct lore *ret);

/* 0; -EBADMSG: it is no such text; -ENOMEM. */
int lore_parse(const char *text, size_t size, struct lore *ret);

/* Without what has been of no use since before `oldest_ms`. To be freed; NULL: no memory. */
char *lore_print(const struct lore *lore, int64_t oldest_ms);

/* What is known of that peer at that address, whose firewall is declared so. NULL: nothing. */
const struct lore_entry *lore_find(
    const struct lore *lore, const char *peer, const char *address, int64_t declared_ms);

/* Likewise of one whose firewall is measured: in that network, or in the one it was last in. */
const struct lore_entry *lore_find_in(
    const struct lore *lore, const char *peer, const char *address, const char *network);
const struct lore_entry *lore_latest(
    const struct lore *lore, const char *peer, const char *address);

/* Whether there is an entry of that name and network, whatever it says. */
bool lore_has(const struct lore *lore, const char *peer, const char *network);

/* Take a copy, in place of what was known of the peer of that name in that network. 0 or -ENOMEM.
 */
int lore_put(struct lore *lore, const struct lore_entry *entry);

/* True where there is anything in it that is worth to be kept. */
bool lore_is_worth(const struct lore_entry *entry);

#endif
