/* SPDX-License-Identifier: ISC */
#include "net/connect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* linux/in.h, where the system's is older than Linux 6.3 */
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

struct race_try {
	struct wake wake;
	struct race *race;
	int fd;
};

/* Which of two failures tells more: what the peer did, before what the network or we did. */
static void
remember(struct race *race, int error, bool sent)
{
	if (race->error == 0 || (sent && !race->sent) || error == ECONNREFUSED)
		race->error = error;
	race->sent |= sent;
}

/* Why a socket that has ended is not connected, as an errno. */
static int
error_of(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return errno;
	return error != 0 ? error : ECONNRESET;
}

/* A try has ended: hand its fd over if it is connected. 0, or the errno that it comes to. */
static int
hand_over(struct race_try *try, struct race_end *ret_end)
{
	const struct race *race = try->race;
	struct race_end end = {.fd = try->fd, .remote = race->addresses->list[try - race->tries]};
	socklen_t len = sizeof(end.local);

	/* TCP_INFO says as much as SO_ERROR where all is well, and more. */
	if (tcpinfo_read(try->fd, &end.facts) < 0 || !end.facts.connected)
		return error_of(try->fd);
	if (getsockname(try->fd, &end.local.any, &len) != 0)
		return errno;
	/* A connect to a port of our own host, with that very port as its ephemeral one, meets
	 * itself (simultaneous open, RFC 9293 section 3.5): nobody is there. */
	if (address_equal(&end.local, &end.remote))
		return ECONNREFUSED;
	try->fd = -1;
	*ret_end = end;
	return 0;
}

static int
bind_source(int fd, int family, const char *source)
{
	union address local;
	const int on = 1;

	if (address_parse(source, 0, &local) < 0 || local.any.sa_family != family)
		return -EAFNOSUPPORT;
	/* The port is chosen at connect, so each destination has all of them. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, &local.any, address_len(&local)) == 0 ? 0 : -errno;
}

/*
 * connect() tries the ports of one parity first, and the others once it has found all of those
 * taken: from some 14,000 sessions to one address on, each costs it a millisecond to find that out
 * (net/ipv4/inet_hashtables.c __inet_hash_connect()). A range of the socket's own has it look at
 * all of them alike, since Linux 6.8; of this one it takes what the system's range allows.
 */
static void
use_all_ports(int fd)
{
	const uint32_t range = UINT32_C(1) | UINT32_C(65535) << 16;

	setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof(range));
}

static int
open_socket(const struct race *race, int family)
{
	int r = 0, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (race->fd_limit > 0 && fd >= race->fd_limit)
		r = -EMFILE;
	if (r == 0 && race->target->device != NULL &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, race->target->device,
		(socklen_t)strlen(race->target->device)) != 0)
		r = -errno;
	if (r == 0 && race->target->bind != NULL)
		r = bind_source(fd, family, race->target->bind);
	if (r < 0) {
		close(fd);
		return r;
	}
	use_all_ports(fd);
	return fd;
}

static void
try_close(struct race_try *try)
{
	wake_clear(&try->wake);
	if (try->fd >= 0)
		close(try->fd);
	try->fd = -1;
}

static void on_try(struct wake *wake, unsigned what);

/* 0: under way. 1: connected already. Or negative errno. */
static int
try_start(struct race *race, struct race_try *try, const union address *remote)
{
	int r;

	try->race = race;
	try->fd = open_socket(race, remote->any.sa_family);
	if (try->fd < 0)
		return try->fd;
	if (connect(try->fd, &remote->any, address_len(remote)) == 0)
		return 1;
	r = -errno;
	if (r == -EINPROGRESS) {
		r = wake_init(race->loop, &try->wake, on_try);
		if (r == 0)
			/* Reading as well: who holds the socket later waits for that, so the
			 * kernel's set changes once, not twice. */
			r = wake_arm(&try->wake, try->fd, WAKE_READ | WAKE_WRITE, -1);
	}
	if (r < 0)
		try_close(try);
	return r;
}

/* Start addresses until one is under way. 0: something is under way. 1: ended. */
static int
try_next(struct race *race, struct race_end *ret_end)
{
	while (race->next < race->addresses->n) {
		unsigned i = race->next++;
		int r = try_start(race, &race->tries[i], &race->addresses->list[i]);

		if (r == 1) {
			r = -hand_over(&race->tries[i], ret_end);
			if (r == 0)
				return 1;
			try_close(&race->tries[i]);
		}
		if (r < 0) {
			remember(race, -r, false);
			continue;
		}
		race->running++;
		if (race->next < race->addresses->n)
			wake_after(&race->delay, CONNECT_ATTEMPT_DELAY_MS);
		return 0;
	}
	if (race->running > 0)
		return 0;
	*ret_end = (struct race_end){.fd = -1,
	    .error = race->error != 0 ? race->error : ENOENT,
	    .local_trouble = !race->sent};
	return 1;
}

static void
on_try(struct wake *wake, unsigned what)
{
	struct race_try *try = container_of(wake, struct race_try, wake);
	struct race *race = try->race;
	struct race_end end = {.fd = -1};
	int error = hand_over(try, &end);

	(void)what;
	/* The wake stays armed until the race is cleared, when the new owner has armed its own. */
	if (error != 0) {
		remember(race, error, true);
		try_close(try);
		race->running--;
		if (try_next(race, &end) == 0)
			return;
	}
	race->fn(race, &end); /* may free the race: the last thing done */
}

static void
on_delay(struct wake *wake, unsigned what)
{
	struct race *race = container_of(wake, struct race, delay);
	struct race_end end;

	(void)what;
	if (try_next(race, &end) == 1)
		race->fn(race, &end);
}

int
race_start(struct race *race, struct race_end *ret_end)
{
	unsigned n = race->addresses->n;
	int r = -ENOMEM;

	race->tries = calloc(n > 0 ? n : 1, sizeof(*race->tries));
	if (race->tries == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		race->tries[i].fd = -1;
	if (n > 1)
		r = wake_init(race->loop, &race->delay, on_delay);
	if (n > 1 && r < 0)
		return r;
	return try_next(race, ret_end);
}

void
race_clear(struct race *race)
{
	for (unsigned i = 0; race->tries != NULL && i < race->addresses->n; i++)
		try_close(&race->tries[i]);
	free(race->tries);
	race->tries = NULL;
	wake_clear(&race->delay);
}
