/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_INHERITED_H
#define KAGUARD_HOST_INHERITED_H

/*
 * Sockets that listen, which the service manager has opened and hands over at the start
 * (systemd.socket(5)), under the names of their units or of FileDescriptorName=.
 */

#include <stdbool.h>
#include <stddef.h>

struct inherited_socket {
	char *name;
	int fd;
};

/* All zero is fine: none. */
struct inherited {
	struct inherited_socket *list;
	unsigned n;
};

/* Keep it: fd is its own from then on. -ENOTSOCK: it is no stream socket that listens; else
 * negative errno. */
int inherited_add(struct inherited *inherited, int fd, const char *name, size_t name_length);

/* Those of that name, which stay its own: how many there are, at most `most`. */
unsigned inherited_find(
    const struct inherited *inherited, const char *name, int *ret_fds, unsigned most);

void inherited_clear(struct inherited *inherited);

#endif
