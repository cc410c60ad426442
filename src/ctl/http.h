/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_HTTP_H
#define KAGUARD_CTL_HTTP_H

/*
 * As much of HTTP/1.x as one scrape takes: one request on a connection that a service manager has
 * accepted, with a bound of size and of time, and one response.
 */

#include <stdbool.h>
#include <stddef.h>

#define HTTP_MAX_REQUEST 8192

/* How long a request may take to come, and the other end not to take a piece of the response. */
#define HTTP_PATIENCE_MS 5000

enum http_status {
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_NOT_ALLOWED = 405,
	HTTP_TIMEOUT = 408,
	HTTP_TOO_LARGE = 431,
	HTTP_UNAVAILABLE = 503,
};

struct http_request {
	enum http_status status; /* what is to be answered, as far as the request tells */
	bool only_head;
};

/* From the whole of a request; HTTP_OK where it is one to GET, or HEAD, /metrics. */
void http_parse(const char *text, struct http_request *ret);

/* 0, or negative errno: there is nobody to be answered. */
int http_receive(int fd, int timeout_ms, struct http_request *ret);

/* `type`: of the body. 0, or negative errno. Nothing can follow on that connection. */
int http_respond(int fd, const struct http_request *request, const char *type, const char *body);

#endif
