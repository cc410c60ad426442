/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SERVICE_H
#define KAGUARD_DAEMON_SERVICE_H

/* What the control socket shows, and what it can have done. */

#include <stdbool.h>
#include <stdint.h>

#include "config/load.h"

struct clients;
struct events;
struct guard;
struct journal;
struct loop;

/* What came of a reload. */
struct service_answer {
	int error;		/* 0, or negative errno: the configuration before it is in force */
	char text[256];		/* what changed, or why nothing did */
	struct remarks remarks; /* to be cleared */
};

struct service {
	struct loop *loop;
	struct guard *guard;
	struct events *events;
	const char *config_path;
	const struct clients *clients;
	const struct journal *journal;
	int64_t started_ms, loaded_ms; /* of the day: the last time that it could be loaded */
	bool load_failed;	       /* since then */
	void (*reload)(struct service *service, struct service_answer *ret);
};

#endif
