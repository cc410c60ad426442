/* SPDX-License-Identifier: ISC */
#include "host/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/parktable.h"

#define SIZE (PARKTABLE_MAX_SLOTS * sizeof(uint64_t))

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

struct owners {
	volatile uint64_t *list;
	int fd;
};

/* Only the pages that are written to take any memory. */
static int
map(int fd, struct owners **ret)
{
	struct owners *owners = calloc(1, sizeof(*owners));
	void *memory;

	if (owners == NULL)
		return -ENOMEM;
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		free(owners);
		return -errno;
	}
	owners->list = memory;
	owners->fd = fd;
	*ret = owners;
	return 0;
}

int
owners_new(struct owners **ret)
{
	int fd = memfd_create("kaguard-pipes", MFD_CLOEXEC | MFD_ALLOW_SEALING), r;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, SIZE) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		r = -errno;
	else
		r = map(fd, ret);
	if (r < 0)
		close(fd);
	return r;
}

int
owners_attach(int fd, struct owners **ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;

	if (seals < 0 || (seals & SEALS) != SEALS || (seals & F_SEAL_WRITE) != 0 ||
	    fstat(fd, &status) < 0 || status.st_size != (off_t)SIZE)
		return -EMEDIUMTYPE;
	return map(fd, ret);
}

void
owners_free(struct owners *owners)
{
	if (owners == NULL)
		return;
	munmap((void *)(uintptr_t)owners->list, SIZE);
	close(owners->fd);
	free(owners);
}

int
owners_fd(const struct owners *owners)
{
	return owners->fd;
}

volatile uint64_t *
owners_at(const struct owners *owners, uint32_t slot)
{
	return &owners->list[slot];
}
