/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_SETTINGS_H
#define KAGUARD_CONFIG_SETTINGS_H

/* The values of the options as they were written, each checked by itself, with their places. */

#include <stdbool.h>
#include <stdint.h>

#include "config/document.h"
#include "config/options.h"
#include "config/notes.h"
#include "config/scalar.h"
#include "policy/firewalls.h"

/* Of all firewalls on a path, the one that forgets first. */
struct firewall_choice {
	int64_t timeout_ms;
	struct slice shown;
	const struct firewall *deaf; /* one of them that does not count keepalive probes, or NULL */
	bool measure;
};

struct setting {
	struct place at; /* line 0: not given, the value is the default */
	bool broken;	 /* given, but wrong: an error has been reported for it */
	union {
		int64_t number; /* also durations, and the meaning of words */
		double factor;
		struct slice text;
		struct firewall_choice firewall;
		struct {
			struct slice text; /* as above */
			struct endpoint endpoint;
		} address;
	};
};

struct settings {
	struct setting of[OPTION_COUNT];
};

/* What reading needs beside the node. */
struct settings_reader {
	struct pool *pool; /* of the documents: texts made here live as long */
	struct notes *notes;
};

/* The defaults of the table. */
void settings_init(struct settings *settings);

/*
 * A file as a whole. What it sets replaces what is in *settings; `defaults` is read into it, too,
 * and *ret_peers is the list of peers, NULL where there is none.
 */
void settings_read_file(struct settings_reader *reader, const struct node *root,
    struct settings *settings, const struct node **ret_peers);

/* One item of the list of peers, on top of what is in *settings. False if it is no peer at all. */
bool settings_read_peer(
    struct settings_reader *reader, const struct node *node, struct settings *settings);

#endif
