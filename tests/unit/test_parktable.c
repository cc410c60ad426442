/* SPDX-License-Identifier: ISC */
#include "host/parktable.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "parktable_bytes.h"

/* The format, as the header of the module describes it and any later version has to find it. */
#ifndef PARKTABLE_MORE
#define PARKTABLE_MORE 0
#endif
#define SLOT	     ((uint32_t)sizeof(struct parktable_entry) + 8 + PARKTABLE_MORE)
#define HEADER	     64
#define VERSION_AT   8
#define SLOT_SIZE_AT 12
#define FIRST_SLOT   208 /* of the first version */
#define REDO	     (8 + SLOT)
#define SLOTS	     (HEADER + REDO)

static struct parktable_entry
entry(const char *peer, uint32_t index, uint64_t life)
{
	struct parktable_entry e;

	memset(&e, 0, sizeof(e));
	strcpy(e.peer, peer);
	e.index = index;
	e.life = life;
	e.since_ms = 1000 + index;
	memset(e.local, 0x11 + (int)index, sizeof(e.local));
	return e;
}

/* A memfd with these bytes, sealed as a table is. */
static int
memory_with(const unsigned char *bytes, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	return fd;
}

/* What a killed daemon leaves: the bytes of its table as they are now. */
static unsigned char *
image_of(const struct parktable *table, size_t *ret_size)
{
	struct stat status;
	unsigned char *bytes;

	assert_int_equal(fstat(parktable_fd(table), &status), 0);
	*ret_size = (size_t)status.st_size;
	bytes = malloc(*ret_size);
	assert_non_null(bytes);
	assert_int_equal(pread(parktable_fd(table), bytes, *ret_size, 0), status.st_size);
	return bytes;
}

static struct parktable *
attach(const unsigned char *bytes, size_t size)
{
	struct parktable *table = NULL;
	bool copied = true;

	assert_int_equal(parktable_attach(memory_with(bytes, size), &table, &copied), 0);
	assert_false(copied);
	return table;
}

static int
attach_error(const unsigned char *bytes, size_t size)
{
	struct parktable *table = NULL;
	bool copied;
	int fd = memory_with(bytes, size);
	int r = parktable_attach(fd, &table, &copied);

	assert_null(table);
	assert_int_equal(close(fd), 0); /* it was left alone */
	return r;
}

static struct parktable *
table_of(unsigned n)
{
	struct parktable *table;

	assert_int_equal(parktable_new(&table), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct parktable_entry e = entry("hq", i, 100 + i);
		uint32_t slot;

		assert_int_equal(parktable_take(table, &slot), 0);
		assert_int_equal(slot, i);
		parktable_write(table, slot, &e);
	}
	return table;
}

static void
assert_entry(const struct parktable *table, uint32_t slot, const struct parktable_entry *expected)
{
	struct parktable_entry e;

	assert_int_equal(parktable_read(table, slot, &e), 1);
	assert_memory_equal(&e, expected, sizeof(e));
}

static void
what_was_written_is_found_by_the_next(void **unused)
{
	struct parktable *table = table_of(1000), *next;
	struct parktable_entry e;
	unsigned char *bytes;
	uint32_t slot;
	size_t size;

	(void)unused;
	parktable_give(table, 7);
	parktable_give(table, 999);
	bytes = image_of(table, &size);
	next = attach(bytes, size);
	assert_int_equal(parktable_slots(next), 999);
	for (uint32_t i = 0; i < 999; i++) {
		e = entry("hq", i, 100 + i);
		if (i == 7)
			assert_int_equal(parktable_read(next, i, &e), 0);
		else
			assert_entry(next, i, &e);
	}
	assert_int_equal(parktable_take(next, &slot), 0);
	assert_int_equal(slot, 7);
	assert_int_equal(parktable_take(next, &slot), 0);
	assert_int_equal(slot, 999);
	parktable_free(table);
	parktable_free(next);
	free(bytes);
}

/* Whatever mixture of the images before and after an update: old or new, and the others. */
static void
check_mixture(const unsigned char *mixture, size_t size, const struct parktable_entry *before,
    const struct parktable_entry *after)
{
	struct parktable *table = attach(mixture, size);
	struct parktable_entry e, neighbour = entry("hq", 2, 102);

	assert_int_equal(parktable_read(table, 1, &e), 1);
	if (memcmp(&e, before, sizeof(e)) != 0)
		assert_memory_equal(&e, after, sizeof(e));
	assert_entry(table, 2, &neighbour);
	parktable_free(table);
}

/* The order of the stores: the prepared copy, in whatever order, and then the slot. */
static void
an_update_that_was_interrupted_anywhere_is_whole_or_has_never_been(void **unused)
{
	struct parktable *table = table_of(3);
	struct parktable_entry before = entry("hq", 1, 101), after = entry("plant-7", 9, 555);
	unsigned char *old, *new, *now;
	size_t size;

	(void)unused;
	old = image_of(table, &size);
	parktable_write(table, 1, &after);
	new = image_of(table, &size);
	now = malloc(size);
	assert_non_null(now);
	memcpy(now, old, size);
	for (size_t i = 0; i < REDO + SLOT; i++) {
		size_t at = i < REDO ? HEADER + i : SLOTS + SLOT + i - REDO;

		now[at] = new[at];
		check_mixture(now, size, &before, &after);
	}
	assert_memory_equal(now, new, size);
	memcpy(now, old, size); /* and backwards */
	for (size_t i = 0; i < REDO + SLOT; i++) {
		size_t at = i < REDO ? SLOTS - 1 - i : SLOTS + 2 * SLOT - 1 - (i - REDO);

		now[at] = new[at];
		check_mixture(now, size, &before, &after);
	}
	assert_memory_equal(now, new, size);
	parktable_free(table);
	free(old);
	free(new);
	free(now);
}

static void
a_damaged_slot_is_noticed_and_costs_no_other(void **unused)
{
	struct parktable *table = table_of(3), *next; /* the prepared copy is of slot 2 */
	struct parktable_entry e, neighbour = entry("hq", 2, 102);
	size_t size;
	unsigned char *bytes = image_of(table, &size);

	(void)unused;
	for (size_t i = 0; i < SLOT; i++) {
		if (i >= 4 && i < 8)
			continue; /* reserved, but summed */
		bytes[SLOTS + SLOT + i] ^= 0x40;
		next = attach(bytes, size);
		assert_int_equal(parktable_read(next, 1, &e), -EBADMSG);
		assert_entry(next, 2, &neighbour);
		parktable_free(next);
		bytes[SLOTS + SLOT + i] ^= 0x40;
	}
	parktable_free(table);
	free(bytes);
}

static void
every_damage_of_the_header_is_refused(void **unused)
{
	struct parktable *table = table_of(3);
	size_t size;
	unsigned char *bytes = image_of(table, &size);

	(void)unused;
	for (size_t i = 0; i < HEADER; i++) {
		bytes[i] ^= 1;
		assert_int_equal(attach_error(bytes, size), i < 8 ? -EMEDIUMTYPE : -EBADMSG);
		bytes[i] ^= 1;
	}
	for (size_t length = 0; length < SLOTS + SLOT; length++)
		assert_true(attach_error(bytes, length) < 0);
	parktable_free(table);
	free(bytes);
}

/* The table as a version with slots of that length writes it. */
static unsigned char *
with_slots_of(uint32_t slot, const unsigned char *bytes, unsigned n, size_t *ret_size)
{
	uint32_t common = slot < SLOT ? slot : SLOT;
	size_t first = HEADER + 8 + slot;
	unsigned char *to = malloc(first + n * slot);

	assert_non_null(to);
	memset(to, 0x5a, first + n * slot);
	memcpy(to, bytes, HEADER);
	put32(to + SLOT_SIZE_AT, slot);
	put32(to + HEADER - 4, sum_of(to, HEADER - 4));
	for (unsigned i = 0; i < n; i++) {
		unsigned char *at = to + first + i * slot;

		memcpy(at, bytes + SLOTS + i * SLOT, common);
		put32(at, sum_of(at + 4, slot - 4));
	}
	*ret_size = first + n * slot;
	return to;
}

/* As long as there is no descriptor for its copy. */
static void
check_not_copied(int fd)
{
	struct parktable *table = NULL;
	struct rlimit before, none;
	bool copied;
	int r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	r = parktable_attach(fd, &table, &copied);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -EMFILE);
	assert_null(table);
}

static void
check_version_with_slots_of(uint32_t slot)
{
	struct parktable *table = table_of(5), *next = NULL;
	unsigned char *bytes, *other;
	bool copied = false;
	size_t size;
	int fd;

	parktable_give(table, 3);
	bytes = image_of(table, &size);
	other = with_slots_of(slot, bytes, 5, &size);
	fd = memory_with(other, size);
	if (slot != SLOT)
		check_not_copied(fd);
	assert_int_equal(parktable_attach(fd, &next, &copied), 0);
	assert_int_equal(copied, slot != SLOT);
	assert_int_equal(parktable_slots(next), 5);
	for (uint32_t i = 0; i < 5; i++) {
		struct parktable_entry e = entry("hq", i, 100 + i);

		if (i == 3)
			assert_int_equal(parktable_read(next, i, &e), 0);
		else
			assert_entry(next, i, &e);
	}
	parktable_free(table);
	parktable_free(next);
	free(bytes);
	free(other);
}

/* Before and after this one. */
static void
versions_with_fewer_or_more_fields_are_understood(void **unused)
{
	(void)unused;
	for (uint32_t slot = FIRST_SLOT; slot <= SLOT + 64; slot += 8)
		check_version_with_slots_of(slot);
}

static void
another_layout_is_refused(void **unused)
{
	struct parktable *table = table_of(3);
	size_t size;
	unsigned char *bytes = image_of(table, &size);

	(void)unused;
	for (uint32_t version = 0; version < 4; version++) {
		if (version == PARKTABLE_VERSION)
			continue;
		put32(bytes + VERSION_AT, version);
		put32(bytes + HEADER - 4, sum_of(bytes, HEADER - 4));
		assert_int_equal(attach_error(bytes, size), -EPROTONOSUPPORT);
	}
	put32(bytes + VERSION_AT, PARKTABLE_VERSION);
	for (uint32_t slot_size = 0; slot_size < FIRST_SLOT; slot_size += 8) {
		put32(bytes + SLOT_SIZE_AT, slot_size);
		put32(bytes + HEADER - 4, sum_of(bytes, HEADER - 4));
		assert_int_equal(attach_error(bytes, size), -EBADMSG);
	}
	parktable_free(table);
	free(bytes);
}

static void
what_is_no_sealed_memory_is_refused(void **unused)
{
	struct parktable *table = NULL;
	bool copied;
	int pair[2];
	int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)unused;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(parktable_attach(pair[0], &table, &copied), -EMEDIUMTYPE);
	assert_int_equal(parktable_attach(unsealed, &table, &copied), -EMEDIUMTYPE);
	assert_int_equal(parktable_attach(-1, &table, &copied), -EMEDIUMTYPE);
	close(pair[0]);
	close(pair[1]);
	close(unsealed);
}

static void
it_grows_to_as_many_sessions_as_a_configuration_may_have(void **unused)
{
	struct parktable *table = table_of(100000);
	struct parktable_entry first = entry("hq", 0, 100), last = entry("hq", 99999, 100099);

	(void)unused;
	assert_entry(table, 0, &first);
	assert_entry(table, 99999, &last);
	parktable_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_is_found_by_the_next),
	    cmocka_unit_test(an_update_that_was_interrupted_anywhere_is_whole_or_has_never_been),
	    cmocka_unit_test(a_damaged_slot_is_noticed_and_costs_no_other),
	    cmocka_unit_test(every_damage_of_the_header_is_refused),
	    cmocka_unit_test(versions_with_fewer_or_more_fields_are_understood),
	    cmocka_unit_test(another_layout_is_refused),
	    cmocka_unit_test(what_is_no_sealed_memory_is_refused),
	    cmocka_unit_test(it_grows_to_as_many_sessions_as_a_configuration_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
