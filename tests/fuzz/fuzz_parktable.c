/* SPDX-License-Identifier: ISC */

/*
 * What a daemon finds in the descriptor store, whoever put it there: the table of sessions, the
 * names, and what lies on a shelf. The first byte of the input says what the rest is.
 */

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"
#include "host/parktable.h"
#include "host/shelf.h"
#include "host/store.h"

#define AS_NAME	  1u /* a name; else a table, and then */
#define FIX_HEAD  2u /* with a header that is right but for its length of slots */
#define FIX_SLOTS 4u /* and slots whose sums are right */
#define AS_SHELF  8u /* messages on a shelf, each with its length and its number of descriptors */

#define HEADER 64u
#define SLOT   208u

/* As in host/parktable.c: a sum that never fits would hide what is behind it. */
static uint32_t
sum_of(const unsigned char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u, word;
	size_t i = 0;

	for (; i + 8 <= size; i += 8) {
		memcpy(&word, bytes + i, 8);
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	for (; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

static void
fix(unsigned char *bytes, size_t size, unsigned how)
{
	const uint32_t version = PARKTABLE_VERSION, slot_size = SLOT + bytes[12] % 8 * 8u;
	size_t first = HEADER + 8 + slot_size;
	uint32_t sum;

	memcpy(bytes, "kgpark\n", 8);
	memcpy(bytes + 8, &version, 4);
	memcpy(bytes + 12, &slot_size, 4);
	sum = sum_of(bytes, HEADER - 4);
	memcpy(bytes + HEADER - 4, &sum, 4);
	if ((how & FIX_SLOTS) == 0)
		return;
	for (size_t at = first; at + slot_size <= size; at += slot_size) {
		sum = sum_of(bytes + at + 4, slot_size - 4);
		memcpy(bytes + at, &sum, 4);
	}
	if (first > size)
		return;
	sum = sum_of(bytes + HEADER + 4, 4 + slot_size);
	memcpy(bytes + HEADER, &sum, 4);
}

/* Whatever it is, it can be read, and what is written then is what is found. */
static void
use(struct parktable *table)
{
	struct parktable_entry e, mine = {.life = 7, .peer = "hq"}, found;
	uint32_t slot;

	for (uint32_t i = 0; i < parktable_slots(table); i++) {
		int r = parktable_read(table, i, &e);

		assert(r <= 0 || (e.peer[0] != '\0' && strlen(e.peer) < sizeof(e.peer)));
		if (r < 0 || i % 2 == 0)
			if (r != 0)
				parktable_give(table, i);
	}
	if (parktable_take(table, &slot) < 0)
		return;
	assert(parktable_read(table, slot, &found) == 0);
	parktable_write(table, slot, &mine);
	assert(parktable_read(table, slot, &found) == 1);
	assert(memcmp(&mine, &found, sizeof(mine)) == 0);
}

static void
fuzz_table(const unsigned char *data, size_t size, unsigned how)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	unsigned char *bytes = malloc(size > 0 ? size : 1);
	struct parktable *table = NULL;
	bool copied;

	assert(fd >= 0 && bytes != NULL);
	if (size > 0)
		memcpy(bytes, data, size);
	if (how & FIX_HEAD && size >= HEADER)
		fix(bytes, size, how);
	assert(write(fd, bytes, size) == (ssize_t)size);
	assert(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	if (parktable_attach(fd, &table, &copied) == 0)
		use(table);
	else
		close(fd);
	parktable_free(table);
	free(bytes);
}

static void
fuzz_name(const unsigned char *data, size_t size)
{
	char text[NOTIFY_NAME];
	struct store_name name;

	if (!store_name_parse((const char *)data, size, &name))
		return;
	/* There is one way to write each. */
	assert(name.generation > 0 && name.kind < STORE_KINDS);
	store_name_text(name.kind, name.generation, text);
	assert(strlen(text) == size && memcmp(text, data, size) == 0);
}

/* Put a message on the shelf, with so many descriptors. */
static void
put_letter(int fd, const unsigned char *data, size_t size, unsigned n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (unsigned i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &fd, sizeof(int));
	}
	(void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* It comes to an end, and every descriptor is had once. */
static void
fuzz_shelf(const unsigned char *data, size_t size)
{
	static struct parked parked[PARKING_SHELF];
	unsigned n, bad;
	int write_fd, keep_fd;

	assert(shelf_pair(&write_fd, &keep_fd) == 0);
	while (size >= 2) {
		size_t length = data[0] * 4u < size - 2 ? data[0] * 4u : size - 2;

		put_letter(write_fd, data + 2, length, data[1] % 9);
		data += 2 + length;
		size -= 2 + length;
	}
	assert(shelf_rewind(keep_fd) == 0);
	while ((n = shelf_peek(keep_fd, parked, &bad)) > 0 || bad > 0)
		for (; n > 0; n--)
			assert(close(parked[n - 1].fd) == 0);
	close(write_fd);
	close(keep_fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & AS_NAME)
		fuzz_name(data + 1, size - 1);
	else if (data[0] & AS_SHELF)
		fuzz_shelf(data + 1, size - 1);
	else
		fuzz_table(data + 1, size - 1, data[0]);
	return 0;
}
