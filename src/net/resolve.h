/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_RESOLVE_H
#define KAGUARD_NET_RESOLVE_H

/*
 * Names to addresses, by the system's own resolver (nsswitch, /etc/hosts), in a small pool of
 * threads, since getaddrinfo(3) blocks. Who asks for a name that is being looked up already shares
 * the answer. Literals are answered at once and never leave the loop.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "net/address.h"

struct loop;
struct resolver;
struct resolve_job;

/* One question; embedded in whoever asks. */
struct resolve_query {
	struct resolve_job *job; /* NULL: nothing is asked */
	LIST_ENTRY(resolve_query) same;
	/*
	 * The answer: addresses, of which the callee takes its own reference if it keeps them, or
	 * NULL and an error of getaddrinfo(3) (EAI_*; errno in error_errno for EAI_SYSTEM).
	 */
	void (*fn)(struct resolve_query *query, struct addresses *addresses, int gai_error);
};

int resolver_new(struct loop *loop, struct resolver **ret);

/* Threads that are still in getaddrinfo() are left to themselves: they own what they use. */
void resolver_free(struct resolver *resolver);

/*
 * Ask. 0: query->fn will be called, unless resolve_cancel() comes first. 1: a literal, the answer
 * is in *ret_literal (one reference, the caller's) and fn will not be called. Or negative errno.
 */
int resolve_start(struct resolver *resolver, struct resolve_query *query, const char *host,
    uint16_t port, struct addresses **ret_literal);

/* Fine where nothing is asked. */
void resolve_cancel(struct resolve_query *query);

#endif
