/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_CONFIG_H
#define KAGUARD_CONFIG_CONFIG_H

/*
 * The configuration as the daemon uses it: validated, complete with defaults, immutable.
 * Knows no YAML; config/load makes one from files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/pool.h"
#include "policy/backoff.h"
#include "policy/beat.h"
#include "policy/expect.h"
#include "policy/plan.h"

#define CONFIG_MAX_SESSIONS 100000
#define CONFIG_MAX_NAME	    64

enum config_ready {
	CONFIG_READY_STARTED,
	CONFIG_READY_ANY_UP,
	CONFIG_READY_ALL_UP
};

/* What becomes of clients while their peer cannot be reached. */
enum config_down {
	CONFIG_DOWN_WAIT,
	CONFIG_DOWN_REFUSE
};

/* Bytes exchanged on the session where keepalive probes do not count. */
struct config_heartbeat {
	char *send;
	size_t send_len;
	struct expect expect;
	struct beat_terms terms;
};

struct config_peer {
	char *name;
	char *address;			    /* as written, HOST:PORT */
	char *host;			    /* name or literal, without brackets */
	char *firewall;			    /* as shown: "aws-nat-gateway", "350s", "auto" */
	char *bind;			    /* numeric source address, or NULL */
	char *device;			    /* interface name, or NULL */
	char *listen;			    /* or NULL */
	char *listen_group;		    /* or NULL */
	struct config_heartbeat *heartbeat; /* or NULL; may be shared with other peers */
	uint16_t port;
	bool firewall_auto;
	unsigned sessions;
	unsigned max_clients;
	unsigned listen_mode;
	enum config_down when_down;
	int64_t connect_timeout_ms;
	struct backoff backoff;
	struct plan_wish wish; /* firewall_ms is the smallest on the path */
	struct plan plan;      /* of wish; a valid configuration always has one */
	unsigned file, line;   /* where it was written: index in config->files, line from 1 */
};

/*
 * Every string and every heartbeat in it lives in `pool`, so that peers can share them; `peers`,
 * `files` and `index` are allocated by themselves.
 */
struct config {
	struct pool pool;
	enum config_ready ready_when;
	int log_level;		  /* syslog priority, LOG_ERR .. LOG_DEBUG */
	int64_t summary_every_ms; /* 0: never */
	char *control_socket;
	struct config_peer *peers; /* in the order written */
	size_t n_peers;
	char **files; /* the main file, then the drop-ins that were read */
	size_t n_files;
	uint32_t *index; /* of the peers by name, made by config_index_last(); or NULL */
	size_t index_size;
};

/* NULL is fine, and so is one that is half built. */
void config_free(struct config *config);

/*
 * Take the last of the peers into the index, so that config_find() finds it fast. 0 or -ENOMEM; or
 * -EEXIST with the one that has the name already in *ret_first.
 */
int config_index_last(struct config *config, const struct config_peer **ret_first);

/* The peer of that name, or NULL. */
const struct config_peer *config_find(const struct config *config, const char *name);

/* What differs between two versions of a peer of one name. */
enum config_change {
	CONFIG_SAME = 0,
	CONFIG_RECONNECT = 1 << 0, /* address, bind, device: other sockets are needed */
	CONFIG_RETUNE = 1 << 1,	   /* the plan: the live sockets are given other values */
	CONFIG_SESSIONS = 1 << 2,  /* how many */
	CONFIG_POLICY = 1 << 3,	   /* backoff, connect_timeout and the like: for the next attempt */
	CONFIG_HEARTBEAT = 1 << 4, /* the live sessions go on with another one, or none */
};
unsigned config_peer_diff(const struct config_peer *before, const struct config_peer *after);

#endif
