/* SPDX-License-Identifier: ISC */
#include "host/twins.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct twin {
	dev_t device;
	ino_t inode;
};

static bool
identify(int fd, struct twin *ret)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	*ret = (struct twin){.device = status.st_dev, .inode = status.st_ino};
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->device > y->device) - (x->device < y->device);
}

void
twins_add(struct twins *twins, int fd)
{
	struct twin twin;

	if (!identify(fd, &twin))
		return;
	if (twins->n == twins->room) {
		unsigned room = twins->room * 2 + 64;
		struct twin *list = reallocarray(twins->list, room, sizeof(*list));

		if (list == NULL) {
			twins->failed = true;
			return;
		}
		twins->list = list;
		twins->room = room;
	}
	twins->list[twins->n++] = twin;
	twins->sorted = false;
}

bool
twins_know(struct twins *twins, int fd)
{
	struct twin twin;

	if (twins->failed)
		return true;
	if (twins->n == 0 || !identify(fd, &twin))
		return false;
	if (!twins->sorted)
		qsort(twins->list, twins->n, sizeof(*twins->list), compare);
	twins->sorted = true;
	return bsearch(&twin, twins->list, twins->n, sizeof(*twins->list), compare) != NULL;
}

void
twins_end(struct twins *twins, int fd)
{
	if (!twins_know(twins, fd))
		shutdown(fd, SHUT_RDWR);
	close(fd);
}

void
twins_clear(struct twins *twins)
{
	free(twins->list);
	*twins = (struct twins){0};
}
