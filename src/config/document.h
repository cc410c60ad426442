/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_DOCUMENT_H
#define KAGUARD_CONFIG_DOCUMENT_H

/*
 * A YAML file as nodes with their places. Strict: what YAML can do beyond maps, lists and scalars
 * (anchors, aliases, tags, merge keys, several documents) is an error, and so is deep nesting. What
 * a scalar means is for the schema to say, never guessed here.
 */

#include <stdbool.h>

#include "config/pool.h"
#include "config/notes.h"
#include "config/source.h"

/* A map in a list in a map, and so on. The options need 4 of them. */
#define DOCUMENT_MAX_DEPTH 8

enum node_type {
	NODE_BROKEN, /* an error has been reported for it */
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
};

enum node_style {
	NODE_PLAIN,
	NODE_SINGLE_QUOTED,
	NODE_DOUBLE_QUOTED,
	NODE_BLOCK
};

struct node {
	enum node_type type;
	enum node_style style; /* of a scalar */
	bool broken;	       /* a key about which an error has been reported */
	struct place at;
	struct slice text;  /* of a scalar */
	struct node *first; /* of a list: its items; of a map: key, value, key, value */
	struct node *next;  /* the sibling that follows */
};

/*
 * 0 with *ret_root, which lives in the pool and is NULL for an empty file; -EINVAL where the text
 * is not YAML, which has been reported; -ENOMEM. Errors that leave the rest readable are reported,
 * too, and the result is 0.
 */
int document_parse(
    const struct source *source, struct pool *pool, struct notes *notes, struct node **ret_root);

#endif
