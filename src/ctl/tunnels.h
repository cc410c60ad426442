/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_TUNNELS_H
#define KAGUARD_CTL_TUNNELS_H

/* The tunnels, as they stand below the sessions. */

struct call;
struct ctl;
struct json_t;

/* Ask for them, and put them into the answer about the sessions. CTL_OK, or an exit code. */
int tunnels_fetch(const struct ctl *ctl, struct call *call, struct json_t *document);

/* Those of the answer as a table; nothing where there are none. */
void tunnels_print(const struct json_t *document);

#endif
