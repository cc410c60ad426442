/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SHOW_H
#define KAGUARD_DAEMON_SHOW_H

/* What kaguard --plan and kaguard --list-firewalls print. */

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

/* The plan of every peer, as a table or as JSON. 0, -ENOMEM or -EIO. */
int show_plans(const struct config *config, bool json, FILE *out);

/* The presets, as a table or as JSON. 0, -ENOMEM or -EIO. */
int show_firewalls(bool json, FILE *out);

#endif
