/* SPDX-License-Identifier: ISC */
#include "ctl/http.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static enum http_status
status_of(const char *text)
{
	struct http_request request;

	http_parse(text, &request);
	return request.status;
}

static void
requests_are_understood(void **state)
{
	static const struct {
		enum http_status status;
		const char *line;
	} rows[] = {
	    {HTTP_OK, "GET /metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_OK, "GET /metrics HTTP/1.0\n\n"},
	    {HTTP_OK, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"},
	    {HTTP_OK, "GET /metrics?name=up HTTP/1.1\r\n\r\n"},
	    {HTTP_OK, "GET http://localhost:10476/metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_OK, "GET HTTP://x/metrics? HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "GET / HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "GET /metrics/ HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "GET /metric HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "GET /../metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "GET http://x HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "GET http:// HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_FOUND, "OPTIONS * HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_ALLOWED, "POST /metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_ALLOWED, "get /metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_NOT_ALLOWED, "GETS /metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "GET /metrics\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "GET /metrics HTTP/2.0\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "GET /metrics HTTP/1.1x\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "GET /metrics HTTP/1.\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "GET  /metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "GET /met rics HTTP/1.1\r\n\r\n"},
	    {HTTP_BAD_REQUEST, " GET /metrics HTTP/1.1\r\n\r\n"},
	    {HTTP_BAD_REQUEST, "\r\n\r\n"},
	    {HTTP_BAD_REQUEST, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status_of(rows[i].line) != rows[i].status)
			fail_msg("%d, not %d: %s", (int)status_of(rows[i].line),
			    (int)rows[i].status, rows[i].line);
}

/* --- on a connection -------------------------------------------------------------------------- */

/* Its status, or negative errno; `end`: they send nothing more. */
static int
received(const char *bytes, size_t size, bool end)
{
	struct http_request request;
	int fds[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], bytes, size), size);
	if (end)
		shutdown(fds[1], SHUT_WR);
	r = http_receive(fds[0], 30, &request);
	close(fds[0]);
	close(fds[1]);
	return r < 0 ? r : (int)request.status;
}

static void
a_request_has_bounds(void **state)
{
	char longest[HTTP_MAX_REQUEST + 1] = "GET /metrics HTTP/1.1\r\nX: ";
	size_t begun = strlen(longest);

	(void)state;
	memset(longest + begun, 'x', sizeof(longest) - begun);
	assert_int_equal(received(longest, HTTP_MAX_REQUEST + 1, false), HTTP_TOO_LARGE);
	assert_int_equal(received(longest, HTTP_MAX_REQUEST, true), HTTP_TOO_LARGE);
	assert_int_equal(received(longest, HTTP_MAX_REQUEST - 1, false), HTTP_TIMEOUT);
	memcpy(longest + HTTP_MAX_REQUEST - 4, "\r\n\r\n", 4);
	assert_int_equal(received(longest, HTTP_MAX_REQUEST, false), HTTP_OK);
}

static void
whoever_says_nothing_is_not_answered(void **state)
{
	(void)state;
	assert_int_equal(received("", 0, true), -ECONNRESET);
	assert_int_equal(received("", 0, false), -ETIMEDOUT);
	assert_int_equal(received("GET /metrics", 12, true), -ECONNRESET);
}

static void
half_a_request_times_out(void **state)
{
	(void)state;
	assert_int_equal(received("GET /metrics HTTP/1.1\r\n", 23, false), HTTP_TIMEOUT);
}

static void
bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	assert_int_equal(received("GET /metrics\0HTTP/1.1\r\n\r\n", 25, false), HTTP_BAD_REQUEST);
	assert_int_equal(received("\x16\x03\x01\x00", 4, false), HTTP_BAD_REQUEST);
}

/* What the other end has of it. */
static void
respond(const struct http_request *request, const char *body, char *ret, size_t size)
{
	size_t used = 0;
	ssize_t n;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	shutdown(fds[1], SHUT_WR);
	assert_int_equal(http_respond(fds[0], request, "text/plain", body), 0);
	close(fds[0]);
	while ((n = read(fds[1], ret + used, size - 1 - used)) > 0)
		used += (size_t)n;
	ret[used] = '\0';
	close(fds[1]);
}

static void
responses_are_whole(void **state)
{
	struct http_request request = {.status = HTTP_OK};
	char text[4096];

	(void)state;
	respond(&request, "kaguard_peers 3\n", text, sizeof(text));
	assert_ptr_equal(strstr(text, "HTTP/1.1 200 OK\r\n"), text);
	assert_non_null(strstr(text, "\r\nContent-Length: 16\r\n"));
	assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nkaguard_peers 3\n"));
	assert_null(strstr(text, "Allow:"));

	/* As of the request to GET, but for the body (RFC 9110, section 9.3.2). */
	request.only_head = true;
	respond(&request, "kaguard_peers 3\n", text, sizeof(text));
	assert_non_null(strstr(text, "\r\nContent-Length: 16\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}

/* RFC 9110, section 15.5.6. */
static void
another_method_is_told_which_are_allowed(void **state)
{
	struct http_request request = {.status = HTTP_NOT_ALLOWED};
	char text[4096];

	(void)state;
	respond(&request, "no\n", text, sizeof(text));
	assert_ptr_equal(strstr(text, "HTTP/1.1 405 "), text);
	assert_non_null(strstr(text, "\r\nAllow: GET, HEAD\r\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_are_understood),
	    cmocka_unit_test(a_request_has_bounds),
	    cmocka_unit_test(whoever_says_nothing_is_not_answered),
	    cmocka_unit_test(half_a_request_times_out),
	    cmocka_unit_test(bytes_that_are_no_text_are_refused),
	    cmocka_unit_test(responses_are_whole),
	    cmocka_unit_test(another_method_is_told_which_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
