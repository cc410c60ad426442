/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_ASK_H
#define KAGUARD_CTL_ASK_H

/* Asking the daemon, and what is said where it does not answer, or refuses. */

#include <stdbool.h>

#include "ctl/call.h"

struct ctl;
struct json_t;

/* How long a daemon that is well can take. */
#define ASK_PATIENCE_MS 20000

/* Connects. CTL_OK, or an exit code after it was said why not. */
int ask_open(const struct ctl *ctl, struct call *call);

/* The parameter `peers`: the command's arguments, or null. NULL: no memory. */
struct json_t *ask_peers(const struct ctl *ctl);

/* A call; parameters taken over, NULL: none. CTL_OK, or an exit code after it was said why not. */
int ask(const struct ctl *ctl, struct call *call, const char *method, struct json_t *parameters,
    bool more);

/* The next reply; errors are told. CTL_OK, or an exit code. */
int ask_next(const struct ctl *ctl, struct call *call, int timeout_ms, struct call_reply *ret);

/* As above, but this error is an answer like others. */
int ask_any(const struct ctl *ctl, struct call *call, const char *error, int timeout_ms,
    struct call_reply *ret);

/* What the first of several replies has, with the lists of all; the reply is cleared. */
void ask_put_together(struct json_t **document, const char *list, struct call_reply *reply);

/*
 * A call whose answer has a list, which may come in several replies; they are put together. Errors
 * are told. CTL_OK with the parameters, or an exit code.
 */
int ask_list(const struct ctl *ctl, struct call *call, const char *method, const char *list,
    struct json_t **ret);

/* The answer alone, after ask() with `more`. */
int ask_rest(const struct ctl *ctl, struct call *call, const char *list, struct json_t **ret);

#endif
