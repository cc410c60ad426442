/* SPDX-License-Identifier: ISC */
#include "host/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_FORMAT "kaguard 1 %016" PRIx64 "\n"
#define HEAD_SIZE   27 /* as printed by it */
#define PATH_SIZE   4096

/* FNV-1a: finds damage, not an adversary, who could write the sum as well. */
static uint64_t
sum_of(const char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return hash;
}

char *
statefile_directory(void)
{
	const char *list = getenv("STATE_DIRECTORY");

	return list == NULL || *list != '/' ? NULL : strndup(list, strcspn(list, ":"));
}

static int
join(char path[PATH_SIZE], const char *directory, const char *name, const char *suffix)
{
	int n = snprintf(path, PATH_SIZE, "%s/%s%s", directory, name, suffix);

	return n < 0 || n >= PATH_SIZE ? -ENAMETOOLONG : 0;
}

/* All there is, or as much as there may be. */
static int
read_all(int fd, char **ret, size_t *ret_size)
{
	struct stat status;
	size_t size, used = 0;
	ssize_t n = 1;
	char *text;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || (size_t)status.st_size > STATEFILE_MAX)
		return -EBADMSG;
	size = (size_t)status.st_size;
	text = malloc(size + 1);
	if (text == NULL)
		return -ENOMEM;
	while (used < size && (n = read(fd, text + used, size - used)) != 0) {
		if (n < 0 && errno != EINTR) {
			n = -errno;
			free(text);
			return (int)n;
		}
		used += n > 0 ? (size_t)n : 0;
	}
	text[used] = '\0';
	*ret = text;
	*ret_size = used;
	return 0;
}

/* Whether the head is that of what follows; it is then cut off. */
static bool
check(char *text, size_t *size)
{
	char head[HEAD_SIZE + 1];

	if (*size < HEAD_SIZE)
		return false;
	snprintf(head, sizeof(head), HEAD_FORMAT, sum_of(text + HEAD_SIZE, *size - HEAD_SIZE));
	if (memcmp(head, text, HEAD_SIZE) != 0)
		return false;
	*size -= HEAD_SIZE;
	memmove(text, text + HEAD_SIZE, *size + 1);
	return true;
}

int
statefile_read(const char *directory, const char *name, char **ret, size_t *ret_size)
{
	char path[PATH_SIZE], *text = NULL;
	size_t size = 0;
	int fd, r = join(path, directory, name, "");

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = read_all(fd, &text, &size);
	close(fd);
	if (r == 0 && !check(text, &size)) {
		free(text);
		r = -EBADMSG;
	}
	if (r == 0) {
		*ret = text;
		*ret_size = size;
	}
	return r;
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* A new file with that text, on the disk. */
static int
write_new(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	char head[HEAD_SIZE + 1];
	int r;

	if (fd < 0)
		return -errno;
	snprintf(head, sizeof(head), HEAD_FORMAT, sum_of(text, size));
	r = write_all(fd, head, HEAD_SIZE);
	if (r == 0)
		r = write_all(fd, text, size);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* A name lasts when its directory is on the disk. */
static int
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r;
}

int
statefile_write(const char *directory, const char *name, const char *text, size_t size)
{
	char path[PATH_SIZE], new_path[PATH_SIZE];
	int r = join(path, directory, name, "");

	if (r == 0)
		r = join(new_path, directory, name, ".new");
	if (r < 0)
		return r;
	r = write_new(new_path, text, size);
	if (r == 0 && rename(new_path, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(new_path);
		return r;
	}
	return sync_directory(directory);
}

int
statefile_set_aside(const char *directory, const char *name)
{
	char path[PATH_SIZE], aside[PATH_SIZE];
	int r = join(path, directory, name, "");

	if (r == 0)
		r = join(aside, directory, name, ".corrupt");
	if (r < 0)
		return r;
	return rename(path, aside) < 0 ? -errno : 0;
}
