/* SPDX-License-Identifier: ISC */

/*
 * A request for the metrics, in the pieces that the first byte says: where it is cut makes no
 * difference, what is answered is what the request asks for, and the response is in the form that
 * HTTP has for it.
 */

#include <assert.h>
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/http.h"
#include "fuzz.h"

#define BODY   "# HELP kaguard_up 1\nkaguard_up 1\n"
#define PIECES 128 /* that a socket has room for */

/*
 * Each piece is a packet, so that each is read by itself, and behind the last comes the end. One
 * that is longer than the room that is left for it would be cut by the socket, which no stream
 * does.
 */
static int
send_pieces(const char *bytes, size_t size, size_t piece)
{
	size_t room = HTTP_MAX_REQUEST, n;
	int fds[2];

	if (piece < size / PIECES + 1)
		piece = size / PIECES + 1;
	assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	for (; size > 0 && room > 0; bytes += n, size -= n, room -= n) {
		n = piece < room ? piece : room;
		n = n < size ? n : size;
		assert(send(fds[0], bytes, n, MSG_DONTWAIT) == (ssize_t)n);
	}
	close(fds[0]);
	return fds[1];
}

static int
receive(const char *bytes, size_t size, size_t piece, struct http_request *ret)
{
	int fd = send_pieces(bytes, size, piece), r = http_receive(fd, 1000, ret);

	close(fd);
	return r;
}

static bool
matches(const char *pattern, const char *text)
{
	regex_t compiled;
	int r;

	assert(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0);
	r = regexec(&compiled, text, 0, NULL, 0);
	regfree(&compiled);
	return r == 0;
}

/* The first line as RFC 9112 has it in section 3. */
#define WORD	 "[^ \t\r\n]+"
#define METRICS	 "([hH][tT][tT][pP]://[^/ \t\r\n]*)?/metrics([?][^ \t\r\n]*)?"
#define PROTOCOL " HTTP/1[.][0-9][\r\n]"

static enum http_status
judge(const char *text)
{
	if (!matches("^" WORD " " WORD PROTOCOL, text))
		return HTTP_BAD_REQUEST;
	if (!matches("^" WORD " " METRICS PROTOCOL, text))
		return HTTP_NOT_FOUND;
	return matches("^(GET|HEAD) ", text) ? HTTP_OK : HTTP_NOT_ALLOWED;
}

static void
check_request(const char *text, size_t size, const struct http_request *request)
{
	if (request->status == HTTP_TOO_LARGE) {
		assert(size >= HTTP_MAX_REQUEST);
		return;
	}
	assert(request->status == HTTP_OK || request->status == HTTP_BAD_REQUEST ||
	       request->status == HTTP_NOT_FOUND || request->status == HTTP_NOT_ALLOWED);
	if (strlen(text) < size && request->status == HTTP_BAD_REQUEST)
		return;
	assert(judge(text) == request->status);
	assert(request->status == HTTP_BAD_REQUEST ||
	       request->only_head == (strncmp(text, "HEAD ", 5) == 0));
}

/* The other end has said all and asks for nothing more, so nobody waits for it. */
static void
check_response(const struct http_request *request)
{
	char bytes[2048] = "", wanted[64];
	const char *body;
	ssize_t n;
	int fds[2];

	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	assert(shutdown(fds[1], SHUT_WR) == 0);
	assert(http_respond(fds[0], request, "text/plain", BODY) == 0);
	close(fds[0]);
	n = read(fds[1], bytes, sizeof(bytes) - 1);
	close(fds[1]);
	assert(n > 0);
	snprintf(wanted, sizeof(wanted), "HTTP/1.1 %d ", (int)request->status);
	assert(strncmp(bytes, wanted, strlen(wanted)) == 0);
	snprintf(wanted, sizeof(wanted), "\r\nContent-Length: %zu\r\n", strlen(BODY));
	assert(strstr(bytes, wanted) != NULL && strstr(bytes, "\r\nConnection: close\r\n") != NULL);
	body = strstr(bytes, "\r\n\r\n");
	assert(body != NULL && strcmp(body + 4, request->only_head ? "" : BODY) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {0}, other = {0};
	char *text;
	int r;

	if (size < 1)
		return 0;
	text = calloc(1, size);
	assert(text != NULL);
	memcpy(text, data + 1, --size);
	r = receive(text, size, 1 + data[0], &request);
	assert(receive(text, size, HTTP_MAX_REQUEST, &other) == r);
	assert(r == 0 || r == -ECONNRESET);
	if (r == 0) {
		assert(other.status == request.status && other.only_head == request.only_head);
		check_request(text, size, &request);
		check_response(&request);
	}
	free(text);
	return 0;
}
