/* SPDX-License-Identifier: ISC */
#include "ctl/http.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "host/monotonic.h"

/* After the response, for the other end to read it: until it hangs up, or no longer than this. */
#define LINGER_MS 1000

/* --- the request ------------------------------------------------------------------------------ */

/* Skip one word and the blank behind it (RFC 9112, section 3). NULL: there is none. */
static const char *
next_word(const char *text, size_t *ret_length)
{
	size_t length = strcspn(text, " \t\r\n");

	if (length == 0 || text[length] != ' ')
		return NULL;
	*ret_length = length;
	return text + length + 1;
}

static bool
is_word(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && strncmp(text, word, length) == 0;
}

/* The path of a request target, which may come with a host (RFC 9112, section 3.2.2), or a query.
 */
static bool
is_metrics(const char *target, size_t length)
{
	const char *end = target + length, *slash;

	if (length >= 7 && strncasecmp(target, "http://", 7) == 0) {
		slash = memchr(target + 7, '/', length - 7);
		target = slash != NULL ? slash : end;
	}
	slash = memchr(target, '?', (size_t)(end - target));
	return is_word(target, (size_t)((slash != NULL ? slash : end) - target), "/metrics");
}

static bool
is_version(const char *text)
{
	return strncmp(text, "HTTP/1.", 7) == 0 && isdigit((unsigned char)text[7]) &&
	       (text[8] == '\r' || text[8] == '\n');
}

void
http_parse(const char *method, struct http_request *ret)
{
	size_t method_length = 0, target_length = 0;
	const char *target = next_word(method, &method_length);
	const char *version = target != NULL ? next_word(target, &target_length) : NULL;

	*ret = (struct http_request){.status = HTTP_BAD_REQUEST};
	if (version == NULL || !is_version(version))
		return;
	ret->only_head = is_word(method, method_length, "HEAD");
	if (!is_metrics(target, target_length))
		ret->status = HTTP_NOT_FOUND;
	else if (!ret->only_head && !is_word(method, method_length, "GET"))
		ret->status = HTTP_NOT_ALLOWED;
	else
		ret->status = HTTP_OK;
}

/* Some more bytes by then: how many, 0 at the end, -ETIMEDOUT, or another negative errno. */
static ssize_t
read_some(int fd, int64_t end_ms, char *bytes, size_t room)
{
	int64_t left_ms = end_ms - monotonic_ms();
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int r = poll(&poll_fd, 1, left_ms > 0 ? (int)left_ms : 0);
	ssize_t n;

	if (r <= 0)
		return r == 0 ? -ETIMEDOUT : -errno;
	n = read(fd, bytes, room);
	return n < 0 ? -errno : n;
}

/* The header has come to its end. */
static bool
is_whole(const char *text)
{
	return strstr(text, "\r\n\r\n") != NULL || strstr(text, "\n\n") != NULL;
}

int
http_receive(int fd, int timeout_ms, struct http_request *ret)
{
	int64_t end_ms = monotonic_ms() + timeout_ms;
	char text[HTTP_MAX_REQUEST + 1];
	size_t size = 0;
	ssize_t n;

	do {
		if (size == HTTP_MAX_REQUEST) {
			*ret = (struct http_request){.status = HTTP_TOO_LARGE};
			return 0;
		}
		n = read_some(fd, end_ms, text + size, HTTP_MAX_REQUEST - size);
		if (n == -ETIMEDOUT && size > 0) {
			*ret = (struct http_request){.status = HTTP_TIMEOUT};
			return 0;
		}
		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		size += (size_t)n;
		text[size] = '\0';
		/* What follows the header is not ours to judge, however much of it has come along.
		 */
		if (!is_whole(text) && memchr(text + size - n, '\0', (size_t)n) != NULL) {
			*ret = (struct http_request){.status = HTTP_BAD_REQUEST};
			return 0;
		}
	} while (!is_whole(text));
	http_parse(text, ret);
	return 0;
}

/* --- the response ----------------------------------------------------------------------------- */

static const char *
reason_phrase(enum http_status status)
{
	switch (status) {
	case HTTP_OK:
		return "OK";
	case HTTP_BAD_REQUEST:
		return "Bad Request";
	case HTTP_NOT_FOUND:
		return "Not Found";
	case HTTP_NOT_ALLOWED:
		return "Method Not Allowed";
	case HTTP_TIMEOUT:
		return "Request Timeout";
	case HTTP_TOO_LARGE:
		return "Request Header Fields Too Large";
	case HTTP_UNAVAILABLE:
		return "Service Unavailable";
	}
	return "";
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* To close a socket with bytes in it that were not read resets the connection, and with it what of
 * the response is still on its way (RFC 9112, section 9.6). */
static void
linger(int fd)
{
	int64_t end_ms = monotonic_ms() + LINGER_MS;
	char bytes[1024];

	if (shutdown(fd, SHUT_WR) == 0)
		while (read_some(fd, end_ms, bytes, sizeof(bytes)) > 0)
			;
}

int
http_respond(int fd, const struct http_request *request, const char *type, const char *body)
{
	const struct timeval patience = {.tv_sec = HTTP_PATIENCE_MS / 1000};
	size_t size = strlen(body);
	char head[512];
	int length, r;

	/* Not a socket in a test, or by hand: then nobody keeps us waiting. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 &&
	    errno != ENOTSOCK)
		return -errno;
	length = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
	    "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
	    (int)request->status, reason_phrase(request->status), type, size,
	    request->status == HTTP_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "");
	r = write_all(fd, head, (size_t)length);
	if (r == 0 && !request->only_head)
		r = write_all(fd, body, size);
	if (r == 0)
		linger(fd);
	return r;
}
