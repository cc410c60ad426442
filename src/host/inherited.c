/* SPDX-License-Identifier: ISC */
#include "host/inherited.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0; -ENOTSOCK: it does not, or negative errno. */
static int
check_listens(int fd)
{
	int type = 0, accepts = 0;
	socklen_t length = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) != 0)
		return -errno;
	return type == SOCK_STREAM && accepts ? 0 : -ENOTSOCK;
}

int
inherited_add(struct inherited *inherited, int fd, const char *name, size_t name_length)
{
	struct inherited_socket *list;
	int r = check_listens(fd);
	char *copy;

	if (r < 0)
		return r;
	list = reallocarray(inherited->list, inherited->n + 1, sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	inherited->list = list;
	copy = strndup(name, name_length);
	if (copy == NULL)
		return -ENOMEM;
	list[inherited->n++] = (struct inherited_socket){copy, fd};
	return 0;
}

unsigned
inherited_find(const struct inherited *inherited, const char *name, int *ret_fds, unsigned most)
{
	unsigned n = 0;

	for (unsigned i = 0; i < inherited->n && n < most; i++)
		if (strcmp(inherited->list[i].name, name) == 0)
			ret_fds[n++] = inherited->list[i].fd;
	return n;
}

void
inherited_clear(struct inherited *inherited)
{
	for (unsigned i = 0; i < inherited->n; i++) {
		close(inherited->list[i].fd);
		free(inherited->list[i].name);
	}
	free(inherited->list);
	*inherited = (struct inherited){0};
}
