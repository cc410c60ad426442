/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_CALL_H
#define KAGUARD_CTL_CALL_H

/* A conversation with the daemon in Varlink, as the one who asks. Waits for answers. */

#include <stdbool.h>
#include <stddef.h>

struct json_t;

struct call {
	int fd;
	char *bytes; /* received, from begin to end */
	size_t begin, end, room;
};

struct call_reply {
	struct json_t *message;
	struct json_t *parameters; /* of message: an object */
	const char *error;	   /* likewise; NULL: it is none */
	bool continues;
};

/* 0, or negative errno. */
int call_open(struct call *call, const char *path);

/* One that was not opened but has fd -1 is fine. */
void call_close(struct call *call);

/* Parameters taken over; NULL: none. 0, or negative errno. */
int call_ask(struct call *call, const char *method, struct json_t *parameters, bool more);

/*
 * The next reply, for call_reply_clear(). timeout_ms -1: however long it takes. 0, or negative
 * errno: -ETIMEDOUT, -EPIPE where the daemon has hung up, -EPROTO where it says what is no reply.
 */
int call_next(struct call *call, int timeout_ms, struct call_reply *ret);
void call_reply_clear(struct call_reply *reply);

/* Whether a reply is there already, so that call_next() does not wait. */
bool call_has_reply(const struct call *call);

#endif
