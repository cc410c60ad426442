/* SPDX-License-Identifier: ISC */
#include "keeping_manager.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

int
manager_setup(void **state)
{
	struct manager *m = calloc(1, sizeof(*m));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(address);
	char name[sizeof(address.sun_path) + 2];

	assert_non_null(m);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(m->fd, (struct sockaddr *)&address, &length), 0);
	snprintf(name, sizeof(name), "@%.*s",
	    (int)(length - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&m->notify), 0);
	assert_int_equal(parking_new(m->notify, &m->parking), 0);
	*state = m;
	return 0;
}

static void
take_out(struct manager *m, const char *name)
{
	struct store_name parsed;

	assert_true(store_name_parse(name, strlen(name), &parsed));
	for (unsigned i = 0; i < m->n;)
		if (m->stored[i].name.generation == parsed.generation) {
			close(m->stored[i].fd);
			m->stored[i] = m->stored[--m->n];
		} else {
			i++;
		}
}

static int
received_fd(struct msghdr *message)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (c != NULL)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

void
manager_serve(struct manager *m, unsigned n)
{
	while (n-- > 0) {
		char text[256], control[CMSG_SPACE(sizeof(int))];
		struct iovec iov = {text, sizeof(text) - 1};
		struct msghdr message = {.msg_iov = &iov,
		    .msg_iovlen = 1,
		    .msg_control = control,
		    .msg_controllen = sizeof(control)};
		ssize_t size = recvmsg(m->fd, &message, MSG_CMSG_CLOEXEC);
		int fd = received_fd(&message);

		assert_true(size > 0);
		text[size] = '\0';
		if (strncmp(text, "FDSTOREREMOVE=1\nFDNAME=", 23) == 0) {
			take_out(m, text + 23);
			continue;
		}
		assert_memory_equal(text, "FDSTORE=1\nFDPOLL=0\nFDNAME=", 26);
		assert_true(fd >= 0 && m->n < MAX_STORED);
		if (m->full) {
			close(fd);
			continue;
		}
		m->stored[m->n].fd = fd;
		assert_true(
		    store_name_parse(text + 26, strlen(text + 26), &m->stored[m->n++].name));
	}
}

bool
manager_is_quiet(const struct manager *m)
{
	struct pollfd p = {.fd = m->fd, .events = POLLIN};

	return poll(&p, 1, 50) == 0;
}

int
manager_teardown(void **state)
{
	struct manager *m = *state;

	parking_free(m->parking);
	notify_close(m->notify, 1000);
	while (m->n > 0)
		close(m->stored[--m->n].fd);
	close(m->fd);
	free(m);
	return 0;
}

static struct haul
haul_into(struct manager *m, struct parking *parking)
{
	struct store store = {.n = m->n};
	struct haul haul;

	store.items = calloc(m->n > 0 ? m->n : 1, sizeof(*store.items));
	assert_non_null(store.items);
	for (unsigned i = 0; i < m->n; i++) {
		store.items[i] = (struct store_item){m->stored[i].name, dup(m->stored[i].fd)};
		parking_generation(parking, store.items[i].name.generation);
	}
	assert_int_equal(haul_take(&haul, parking, &store), 0);
	store_clear(&store);
	return haul;
}

struct haul
manager_haul(struct manager *m)
{
	struct parking *other;
	struct haul haul;

	assert_int_equal(parking_new(m->notify, &other), 0);
	haul = haul_into(m, other);
	parking_free(other);
	return haul;
}

struct haul
manager_next_daemon(struct manager *m)
{
	parking_free(m->parking);
	assert_int_equal(parking_new(m->notify, &m->parking), 0);
	return haul_into(m, m->parking);
}
