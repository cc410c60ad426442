/* SPDX-License-Identifier: ISC */
#include "ctl/call.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECE (64 * 1024)

/* Where as many wait to be accepted as there may (listen(2)), a daemon that hangs has others wait
 * for ever. */
#define PATIENCE_S 5

/* When SO_SNDTIMEO is over it is told as if the socket did not block (unix_stream_connect() in
 * net/unix/af_unix.c). */
static int
error_of(int error)
{
	return error == EAGAIN ? -ETIMEDOUT : -error;
}

int
call_open(struct call *call, const char *path)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	*call = (struct call){.fd = -1};
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (call->fd >= 0 &&
	    setsockopt(call->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(call->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	r = error_of(errno);
	call_close(call);
	return r;
}

void
call_close(struct call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	free(call->bytes);
	*call = (struct call){.fd = -1};
}

static int
send_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		/* Who hangs up may have said why. */
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? 0 : error_of(errno);
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

int
call_ask(struct call *call, const char *method, json_t *parameters, bool more)
{
	json_t *message = json_pack("{s:s s:b s:o?}", "method", method, "more", (int)more,
	    "parameters", parameters != NULL ? parameters : json_object());
	char *text = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
	int r = text != NULL ? send_all(call->fd, text, strlen(text) + 1) : -ENOMEM;

	free(text);
	json_decref(message);
	return r;
}

static int
make_room(struct call *call)
{
	size_t size = call->end - call->begin, room = call->room > 0 ? call->room : PIECE;
	char *bytes;

	if (call->room - call->end >= PIECE / 2)
		return 0;
	if (call->begin > 0)
		memmove(call->bytes, call->bytes + call->begin, size);
	call->begin = 0;
	call->end = size;
	while (room - size < PIECE / 2)
		room *= 2;
	bytes = realloc(call->bytes, room);
	if (bytes == NULL)
		return -ENOMEM;
	call->bytes = bytes;
	call->room = room;
	return 0;
}

static int
receive(struct call *call, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = call->fd, .events = POLLIN};
	int r = poll(&poll_fd, 1, timeout_ms);
	ssize_t n;

	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0)
		return -errno;
	r = make_room(call);
	if (r < 0)
		return r;
	n = recv(call->fd, call->bytes + call->end, call->room - call->end, 0);
	if (n <= 0)
		return n == 0 || errno == ECONNRESET ? -EPIPE : -errno;
	call->end += (size_t)n;
	return 0;
}

static int
understand(json_t *message, struct call_reply *ret)
{
	json_t *parameters = json_object_get(message, "parameters");

	if (message == NULL || (parameters != NULL && !json_is_object(parameters))) {
		json_decref(message);
		return -EPROTO;
	}
	*ret = (struct call_reply){.message = message,
	    .parameters = parameters,
	    .error = json_string_value(json_object_get(message, "error")),
	    .continues = json_is_true(json_object_get(message, "continues"))};
	return 0;
}

int
call_next(struct call *call, int timeout_ms, struct call_reply *ret)
{
	size_t searched = 0;

	for (;;) {
		size_t size = call->end - call->begin;
		const char *first = call->bytes + call->begin, *end = NULL;
		int r;

		if (size > searched)
			end = memchr(first + searched, '\0', size - searched);
		if (end != NULL) {
			json_t *message = json_loadb(first, (size_t)(end - first), 0, NULL);

			call->begin += (size_t)(end - first) + 1;
			return understand(message, ret);
		}
		searched = size;
		r = receive(call, timeout_ms);
		if (r < 0)
			return r;
	}
}

bool
call_has_reply(const struct call *call)
{
	size_t size = call->end - call->begin;

	return size > 0 && memchr(call->bytes + call->begin, '\0', size) != NULL;
}

void
call_reply_clear(struct call_reply *reply)
{
	json_decref(reply->message);
	*reply = (struct call_reply){0};
}
