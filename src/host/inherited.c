/* SPDX-License-Identifier: ISC */
#include "host/inherited.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
listens(int fd)
{
	int type = 0, accepts = 0;
	socklen_t length = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) == 0 && accepts != 0;
}

bool
inherited_add(struct inherited *inherited, int fd, const char *name, size_t name_length)
{
	struct inherited_socket *list;
	char *copy;

	if (!listens(fd))
		return false;
	list = reallocarray(inherited->list, inherited->n + 1, sizeof(*list));
	if (list == NULL)
		return false;
	inherited->list = list;
	copy = strndup(name, name_length);
	if (copy == NULL)
		return false;
	list[inherited->n++] = (struct inherited_socket){copy, fd};
	return true;
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
