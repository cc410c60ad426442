/* SPDX-License-Identifier: ISC */
#include "courier_line.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static int
send_line(struct line *line, const void *bytes, size_t size)
{
	if (line->refuse > 0) {
		line->refuse--;
		return -ECONNREFUSED;
	}
	return send(line->theirs, bytes, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
line_carry(struct carrier *carrier, const void *record, size_t size)
{
	return send_line((struct line *)(void *)carrier, record, size);
}

static int
report_lost(struct carrier *carrier, uint64_t lost)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "(lost %" PRIu64 ")", lost);

	return send_line((struct line *)(void *)carrier, text, (size_t)n);
}

int
line_setup(void **state)
{
	struct line *line = calloc(1, sizeof(*line));
	int fds[2], size = 1; /* the kernel makes the least it can out of it */

	if (line == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	if (setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return -1;
	line->carrier = (struct carrier){.carry = line_carry, .report_lost = report_lost};
	line->ours = fds[0];
	line->theirs = fds[1];
	*state = line;
	return 0;
}

int
line_teardown(void **state)
{
	struct line *line = *state;

	if (line->ours >= 0)
		close(line->ours);
	close(line->theirs);
	free(line);
	return 0;
}

void
line_fill(struct line *line)
{
	char filler[64] = "filler";

	while (send(line->theirs, filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

const char *
line_next(struct line *line)
{
	static char text[256];
	ssize_t n;

	do {
		n = recv(line->ours, text, sizeof(text) - 1, 0);
		assert_true(n >= 0);
		text[n] = '\0';
	} while (strcmp(text, "filler") == 0);
	return text;
}
