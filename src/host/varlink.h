/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_VARLINK_H
#define KAGUARD_HOST_VARLINK_H

/*
 * One conversation in Varlink (varlink.org), as the service: a JSON object and a NUL byte each way.
 * Knows bytes, not descriptors: whoever has the descriptor moves them in and out. Both buffers are
 * bounded: the one for calls by VARLINK_MAX_CALL, the one for replies by VARLINK_MAX_PENDING, and
 * by the caller, who replies in pieces while varlink_has_room().
 */

#include <stdbool.h>
#include <stddef.h>

struct json_t;

#define VARLINK_MAX_CALL    (64 * 1024)
#define VARLINK_MAX_DEPTH   8
#define VARLINK_ENOUGH	    (128 * 1024) /* with so much on its way, nothing is added to a list */
#define VARLINK_MAX_PENDING (1024 * 1024)

/* Errors of the interface that every service has. */
#define VARLINK_NO_INTERFACE  "org.varlink.service.InterfaceNotFound"
#define VARLINK_NO_METHOD     "org.varlink.service.MethodNotFound"
#define VARLINK_NOT_MADE      "org.varlink.service.MethodNotImplemented"
#define VARLINK_BAD_PARAMETER "org.varlink.service.InvalidParameter"
#define VARLINK_NOT_PERMITTED "org.varlink.service.PermissionDenied"
#define VARLINK_WANTS_MORE    "org.varlink.service.ExpectedMore"

struct varlink_bytes {
	char *at;
	size_t begin, end, room;
};

struct varlink {
	struct varlink_bytes in, out;
	size_t searched; /* of `in`, for the end of the call */
	bool mute;	 /* the call is oneway: nothing is replied */
	bool listed;	 /* the list that is being written has an item */
	bool failed;	 /* a reply could not be made: the conversation has to end */
};

struct varlink_call {
	struct json_t *message;
	const char *method;	   /* of message, as the next one */
	struct json_t *parameters; /* an object, or NULL */
	bool more;
};

/* All zero is a conversation that has just begun. */
void varlink_clear(struct varlink *varlink);

/* Where bytes that were received are to be put, *ret_size of them at most; NULL: there is no room
 * now. Then, how many it were. */
char *varlink_space(struct varlink *varlink, size_t *ret_size);
void varlink_received(struct varlink *varlink, size_t size);

/* What is to be sent. Then, how much of it was. */
const char *varlink_pending(const struct varlink *varlink, size_t *ret_size);
void varlink_sent(struct varlink *varlink, size_t size);

static inline bool
varlink_has_room(const struct varlink *varlink)
{
	return varlink->out.end - varlink->out.begin < VARLINK_ENOUGH;
}

/*
 * The next call, for varlink_call_clear(). 1, or 0: it is not there yet. -EPROTO, -EMSGSIZE or
 * -ENOMEM: it is none, too long, or cannot be read; an error says so, but where memory runs out,
 * and nothing more can be understood.
 */
int varlink_next(struct varlink *varlink, struct varlink_call *ret);
void varlink_call_clear(struct varlink_call *call);

/* Whether a call, or something that is none, has come in whole. */
bool varlink_has_call(struct varlink *varlink);

/* --- replies: where memory runs out, varlink->failed ---------------------------------------- */

/* The parameters, taken over. `continues`: another reply will follow. */
void varlink_reply(struct varlink *varlink, struct json_t *parameters, bool continues);

/* Parameters taken over, or NULL. */
void varlink_error(struct varlink *varlink, const char *error, struct json_t *parameters);

/* An error of which there is one thing to say: {key: value}. */
void varlink_refuse(struct varlink *varlink, const char *error, const char *key, const char *value);

/*
 * A reply that is too long to be made at once: `head` (an object, taken over), to which a member
 * `list` is added; its items, one by one; the end.
 */
void varlink_list(struct varlink *varlink, struct json_t *head, const char *list);
void varlink_item(struct varlink *varlink, const struct json_t *item);
void varlink_list_end(struct varlink *varlink, bool continues);

#endif
