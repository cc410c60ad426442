/* SPDX-License-Identifier: ISC */
#include "host/parktable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_ROOM 256u

/* Of the first version: no table has shorter slots. */
#define FIRST_SLOT 208u

/* The tests build a version that has more fields. */
#ifndef PARKTABLE_MORE
#define PARKTABLE_MORE 0
#endif

static const char magic[8] = "kgpark\n";

/* Its sum is that of all before it. */
struct header {
	char magic[8];
	uint32_t version;
	uint32_t slot_size; /* with its sum; a multiple of 8 */
	uint64_t room[5];
	uint32_t reserved;
	uint32_t sum;
};

/* One slot, as this version writes it. Those of others begin alike, and end sooner or later. */
struct slot {
	uint32_t sum; /* of all behind it; 0: never written */
	uint32_t reserved;
	struct parktable_entry entry;
	unsigned char more[PARKTABLE_MORE];
};

/* What is written next, whole, before the slot itself is touched. */
struct redo {
	uint32_t sum; /* of the number and the slot */
	uint32_t number;
	struct slot slot;
};

_Static_assert(sizeof(struct header) == 64, "the header is part of the format");
_Static_assert(
    offsetof(struct parktable_entry, peer) == 132, "so are the fields of the first entry");
_Static_assert(
    sizeof(struct slot) >= FIRST_SLOT && sizeof(struct slot) % 8 == 0, "slots only grow");
_Static_assert(offsetof(struct redo, slot) == 8, "and what lies before a copy of one");

struct parktable {
	unsigned char *memory;
	size_t size;
	uint32_t slot_size;
	uint32_t room;	 /* slots that there is memory for */
	uint32_t n;	 /* slots below are in use, or in `free` */
	uint32_t *free;	 /* a stack */
	uint32_t n_free; /* has room for all slots, so that giving one back cannot fail */
	int fd;
};

/* FNV-1a, eight bytes at a time: finds an interrupted update, not an adversary. Never 0. */
static uint32_t
sum_of(const unsigned char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u, word;

	for (size_t i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	for (size_t i = size - size % sizeof(word); i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

static size_t
slots_offset(uint32_t slot_size)
{
	return sizeof(struct header) + offsetof(struct redo, slot) + slot_size;
}

static unsigned char *
slot_at(const struct parktable *table, uint32_t number)
{
	return table->memory + slots_offset(table->slot_size) + (size_t)number * table->slot_size;
}

static uint32_t
slot_sum(const unsigned char *slot, uint32_t slot_size)
{
	return sum_of(slot + sizeof(uint32_t), slot_size - sizeof(uint32_t));
}

/* The process may end between any two stores, and the compiler shall not choose their order. */
static void
in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static uint32_t
redo_sum(const unsigned char *redo, uint32_t slot_size)
{
	const size_t from = offsetof(struct redo, number);

	return sum_of(redo + from, offsetof(struct redo, slot) - from + slot_size);
}

/* Finish what the process before this one had begun to write, where it was prepared whole. */
static void
complete(struct parktable *table)
{
	unsigned char *redo = table->memory + sizeof(struct header);
	uint32_t sum, number;

	memcpy(&sum, redo, sizeof(sum));
	memcpy(&number, redo + offsetof(struct redo, number), sizeof(number));
	if (sum != redo_sum(redo, table->slot_size) || number >= table->room)
		return;
	memcpy(slot_at(table, number), redo + offsetof(struct redo, slot), table->slot_size);
}

static void
write_slot(struct parktable *table, uint32_t number, const struct parktable_entry *entry)
{
	struct redo redo = {.number = number, .slot.entry = *entry};
	unsigned char *to = table->memory + sizeof(struct header);

	redo.slot.sum = slot_sum((unsigned char *)&redo.slot, sizeof(redo.slot));
	redo.sum = redo_sum((unsigned char *)&redo, sizeof(redo.slot));
	memcpy(to, &redo, sizeof(redo));
	in_order();
	memcpy(slot_at(table, number), &redo.slot, sizeof(redo.slot));
	in_order();
}

/* Map `room` slots; what is mapped already may move. */
static int
map(struct parktable *table, uint32_t room)
{
	size_t size = slots_offset(table->slot_size) + (size_t)room * table->slot_size;
	uint32_t *free_slots = reallocarray(table->free, room, sizeof(*free_slots));
	void *memory;

	if (free_slots == NULL)
		return -ENOMEM;
	table->free = free_slots;
	if (table->memory == NULL)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, table->fd, 0);
	else
		memory = mremap(table->memory, table->size, size, MREMAP_MAYMOVE);
	if (memory == MAP_FAILED)
		return -errno;
	table->memory = memory;
	table->size = size;
	table->room = room;
	return 0;
}

static int
grow(struct parktable *table)
{
	uint32_t room = table->room > 0 ? table->room * 2 : FIRST_ROOM;
	size_t size = slots_offset(table->slot_size) + (size_t)room * table->slot_size;

	if (room > PARKTABLE_MAX_SLOTS)
		return -ENOSPC;
	if (ftruncate(table->fd, (off_t)size) < 0)
		return -errno;
	return map(table, room);
}

static void
write_header(struct parktable *table)
{
	struct header header = {.version = PARKTABLE_VERSION, .slot_size = table->slot_size};

	memcpy(header.magic, magic, sizeof(magic));
	header.sum = sum_of((unsigned char *)&header, offsetof(struct header, sum));
	memcpy(table->memory, &header, sizeof(header));
}

int
parktable_new(struct parktable **ret)
{
	struct parktable *table = calloc(1, sizeof(*table));
	int r;

	if (table == NULL)
		return -ENOMEM;
	table->slot_size = sizeof(struct slot);
	table->fd = memfd_create("kaguard-sessions", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* Whoever maps it later relies on its being no shorter than it was. */
	if (table->fd < 0 || fcntl(table->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		r = -errno;
	else
		r = grow(table);
	if (r < 0) {
		parktable_free(table);
		return r;
	}
	write_header(table);
	*ret = table;
	return 0;
}

/* Whether fd is a table, and how long it and its slots are. */
static int
examine(int fd, uint32_t *ret_slot_size, uint32_t *ret_room)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct header header;
	struct stat status;
	size_t head;

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || (seals & F_SEAL_WRITE) != 0 ||
	    fstat(fd, &status) < 0)
		return -EMEDIUMTYPE;
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.magic, magic, sizeof(magic)) != 0)
		return -EMEDIUMTYPE;
	if (header.sum != sum_of((unsigned char *)&header, offsetof(struct header, sum)))
		return -EBADMSG;
	if (header.version != PARKTABLE_VERSION)
		return -EPROTONOSUPPORT;
	if (header.slot_size < FIRST_SLOT || header.slot_size > 65536 || header.slot_size % 8 != 0)
		return -EBADMSG;
	head = slots_offset(header.slot_size);
	if ((size_t)status.st_size < head + header.slot_size)
		return -EBADMSG;
	*ret_slot_size = header.slot_size;
	*ret_room = ((size_t)status.st_size - head) / header.slot_size > PARKTABLE_MAX_SLOTS
			? PARKTABLE_MAX_SLOTS
			: (uint32_t)(((size_t)status.st_size - head) / header.slot_size);
	return 0;
}

/* Which slots are free; a damaged one is not, until somebody gives it back. */
static void
find_free(struct parktable *table)
{
	struct parktable_entry entry;

	table->n = table->room;
	while (table->n > 0 && parktable_read(table, table->n - 1, &entry) == 0)
		table->n--;
	for (uint32_t i = table->n; i-- > 0;)
		if (parktable_read(table, i, &entry) == 0)
			table->free[table->n_free++] = i;
}

/* The same slots in a table as this version writes it. */
static int
copy(const struct parktable *from, struct parktable **ret)
{
	struct parktable *to = NULL;
	struct parktable_entry entry;
	int r = parktable_new(&to);

	while (r == 0 && to->room < from->n)
		r = grow(to);
	if (r < 0) {
		parktable_free(to);
		return r;
	}
	for (uint32_t i = 0; i < from->n; i++)
		if (parktable_read(from, i, &entry) > 0)
			write_slot(to, i, &entry);
	find_free(to);
	*ret = to;
	return 0;
}

int
parktable_attach(int fd, struct parktable **ret, bool *ret_copied)
{
	struct parktable *table = calloc(1, sizeof(*table)), *ours = NULL;
	uint32_t room = 0;
	int r = table == NULL ? -ENOMEM : examine(fd, &table->slot_size, &room);

	if (r == 0) {
		table->fd = fd;
		r = map(table, room);
	}
	if (r == 0) {
		complete(table);
		find_free(table);
	}
	if (r == 0 && table->slot_size != sizeof(struct slot))
		r = copy(table, &ours);
	if (r < 0) {
		if (table != NULL)
			table->fd = -1;
		parktable_free(table);
		return r;
	}
	*ret_copied = ours != NULL;
	*ret = ours != NULL ? ours : table;
	if (ours != NULL)
		parktable_free(table);
	return 0;
}

void
parktable_free(struct parktable *table)
{
	if (table == NULL)
		return;
	if (table->memory != NULL)
		munmap(table->memory, table->size);
	if (table->fd >= 0)
		close(table->fd);
	free(table->free);
	free(table);
}

int
parktable_fd(const struct parktable *table)
{
	return table->fd;
}

uint32_t
parktable_slots(const struct parktable *table)
{
	return table->n;
}

int
parktable_read(const struct parktable *table, uint32_t number, struct parktable_entry *ret)
{
	const unsigned char *from = slot_at(table, number);
	struct slot slot = {0};

	memcpy(&slot, from, table->slot_size < sizeof(slot) ? table->slot_size : sizeof(slot));
	if (slot.sum == 0)
		return 0;
	if (slot.sum != slot_sum(from, table->slot_size) ||
	    memchr(slot.entry.peer, '\0', sizeof(slot.entry.peer)) == NULL)
		return -EBADMSG;
	if (slot.entry.peer[0] == '\0')
		return 0;
	*ret = slot.entry;
	return 1;
}

void
parktable_write(struct parktable *table, uint32_t number, const struct parktable_entry *entry)
{
	if (number < table->n)
		write_slot(table, number, entry);
}

int
parktable_take(struct parktable *table, uint32_t *ret_slot)
{
	int r;

	if (table->n_free > 0) {
		*ret_slot = table->free[--table->n_free];
		return 0;
	}
	if (table->n == table->room) {
		r = grow(table);
		if (r < 0)
			return r;
	}
	*ret_slot = table->n++;
	return 0;
}

void
parktable_give(struct parktable *table, uint32_t slot)
{
	static const struct parktable_entry nothing;

	if (slot >= table->n || table->n_free >= table->room)
		return;
	write_slot(table, slot, &nothing);
	table->free[table->n_free++] = slot;
}
