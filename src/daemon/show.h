/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SHOW_H
#define KAGUARD_DAEMON_SHOW_H

/* What kaguard --plan and kaguard --list-firewalls print. */

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

struct lore;

/*
 * The plan of every peer, as a table or as JSON: the one in force, by what was learnt about its
 * firewall. `lore` is NULL where that cannot be read. 0, -ENOMEM or -EIO.
 */
int show_plans(const struct config *config, const struct lore *lore, bool json, FILE *out);

/* The same on stdout, with what is learnt by the daemon of this machine. */
int show_plans_in_force(const struct config *config, bool json);

/* The presets, as a table or as JSON. 0, -ENOMEM or -EIO. */
int show_firewalls(bool json, FILE *out);

#endif
