/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_OPTIONS_H
#define KAGUARD_CONFIG_OPTIONS_H

/*
 * The one table of what a configuration may say. The parser, the JSON Schema and the manual page
 * all read it, so they cannot disagree.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/source.h"

enum option_id {
	OPTION_ROOT,
	OPTION_READY_WHEN,
	OPTION_LOG,
	OPTION_LOG_LEVEL,
	OPTION_LOG_SUMMARY_EVERY,
	OPTION_CONTROL,
	OPTION_CONTROL_SOCKET,
	OPTION_DEFAULTS,
	OPTION_PEERS,

	OPTION_PEER, /* one of the peers; the keys of defaults are among its own */
	OPTION_NAME,
	OPTION_ADDRESS,
	OPTION_FIREWALL,
	OPTION_SESSIONS,
	OPTION_KEEPALIVE,
	OPTION_DETECT_WITHIN,
	OPTION_LOST_PROBES,
	OPTION_OUTAGE,
	OPTION_IDLE,
	OPTION_INTERVAL,
	OPTION_COUNT_PROBES,
	OPTION_HEARTBEAT,
	OPTION_SEND,
	OPTION_EXPECT,
	OPTION_EVERY,
	OPTION_TIMEOUT,
	OPTION_CONNECT_TIMEOUT,
	OPTION_BACKOFF,
	OPTION_FIRST,
	OPTION_MAX,
	OPTION_FACTOR,
	OPTION_STABLE_AFTER,
	OPTION_BIND,
	OPTION_DEVICE,
	OPTION_LISTEN,
	OPTION_LISTEN_MODE,
	OPTION_LISTEN_GROUP,
	OPTION_MAX_CLIENTS,
	OPTION_WHEN_DOWN,

	OPTION_COUNT
};

enum option_type {
	OPTION_TYPE_MAP,      /* further options */
	OPTION_TYPE_DEFAULTS, /* the map of OPTION_PEER, less what belongs to one peer */
	OPTION_TYPE_PEERS,    /* a list of OPTION_PEER, or of addresses */
	OPTION_TYPE_DURATION, /* min and max in ms */
	OPTION_TYPE_SECONDS,  /* a duration of whole seconds; min and max in s */
	OPTION_TYPE_NUMBER,
	OPTION_TYPE_FACTOR, /* min and max too are whole */
	OPTION_TYPE_WORD,
	OPTION_TYPE_FIREWALL, /* a duration, a preset, `auto`, or a list; min and max in ms */
	OPTION_TYPE_NAME,
	OPTION_TYPE_ENDPOINT,
	OPTION_TYPE_LISTEN,
	OPTION_TYPE_MODE, /* permissions, octal */
	OPTION_TYPE_GROUP,
	OPTION_TYPE_ADDRESS,
	OPTION_TYPE_DEVICE,
	OPTION_TYPE_SOCKET,
	OPTION_TYPE_BYTES, /* max is how many */
};

struct option_word {
	const char *word; /* NULL ends the list */
	int value;
	bool alias; /* of the one before */
};

struct option {
	enum option_id parent;
	const char *key;
	enum option_type type;
	int64_t min, max;
	const char *fallback; /* the default as one would write it, or NULL */
	const char *help;     /* one sentence */
	const char *example;  /* as one would write it, in YAML's flow style */
	const struct option_word *words;
	bool required;
	/* Zero is allowed below min. */
	bool zero;
	/* Belongs to one peer, cannot be in defaults. */
	bool own;
};

/* HOST:PORT as far as a pattern can tell, for the schema. */
#define OPTION_PATTERN_ENDPOINT \
	"^([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+(%[^\\[\\]\\s]+)?\\]):[1-9][0-9]{0,4}$"

/* The word with which a firewall is to be measured. */
#define OPTION_FIREWALL_AUTO "auto"

const struct option *option_at(enum option_id id);

/* The option of that key below `parent`, or OPTION_ROOT where there is none. */
enum option_id option_find(enum option_id parent, struct slice key);

/* "backoff.first"; the peers' own options begin at the peer. Returns buf. */
char *option_path(enum option_id id, char *buf, size_t size);

/* The key or the preset that is most like `text`, or NULL where none is like it. */
const char *option_suggest(enum option_id parent, struct slice text);
const char *option_suggest_firewall(struct slice text);
const char *option_suggest_word(const struct option_word *words, struct slice text);

#endif
