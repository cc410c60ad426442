/* SPDX-License-Identifier: ISC */
#include "host/ring.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static void
records_come_out_in_order(void **state)
{
	struct ring ring;
	struct ring_record record;

	(void)state;
	assert_int_equal(ring_init(&ring, 256), 0);
	assert_int_equal(ring_peek(&ring, &record), -ENOENT);
	assert_int_equal(ring_push(&ring, "one", 3, 1), 0);
	assert_int_equal(ring_push(&ring, "", 0, 2), 0);
	assert_int_equal(ring_peek(&ring, &record), 0);
	assert_int_equal(record.size, 3);
	assert_int_equal(record.tag, 1);
	assert_memory_equal(record.bytes, "one", 3);
	ring_pop(&ring);
	assert_int_equal(ring_peek(&ring, &record), 0);
	assert_int_equal(record.size, 0);
	assert_int_equal(record.tag, 2);
	ring_pop(&ring);
	assert_int_equal(ring_peek(&ring, &record), -ENOENT);
	ring_clear(&ring);
}

static void
an_emptied_ring_starts_at_its_beginning(void **state)
{
	struct ring ring;

	(void)state;
	assert_int_equal(ring_init(&ring, 1 << 20), 0);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(ring_push(&ring, "0123456789abcdef", 16, 0), 0);
		ring_pop(&ring);
		assert_int_equal(ring.write, 0);
	}
	ring_clear(&ring);
}

static void
a_full_ring_refuses(void **state)
{
	struct ring ring;
	char big[256] = {0};

	(void)state;
	assert_int_equal(ring_init(&ring, 128), 0);
	assert_int_equal(ring_push(&ring, big, 129, 0), -ENOBUFS);
	assert_int_equal(ring_push(&ring, big, 113, 0), -ENOBUFS);
	assert_int_equal(ring_push(&ring, big, SIZE_MAX, 0), -ENOBUFS);
	assert_int_equal(ring_push(&ring, big, 112, 0), 0);
	assert_int_equal(ring_push(&ring, "", 0, 0), -ENOBUFS);
	ring_pop(&ring);
	assert_int_equal(ring_push(&ring, big, 112, 0), 0);
	ring_clear(&ring);
}

/* Against a plain list of what was pushed: sizes, bytes and tags, in rings of several sizes. */
static void
it_behaves_like_a_list(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("# seed %u\n", seed);
	for (size_t capacity = 32; capacity < 2000; capacity += 97) {
		struct ring ring;
		struct ring_record record;
		unsigned char bytes[400];
		uint64_t pushed = 0, popped = 0;
		size_t sizes[4096];

		assert_int_equal(ring_init(&ring, capacity), 0);
		while (pushed < 4096) {
			size_t size = (size_t)rand_r(&seed) % (capacity / 5);

			memset(bytes, (int)(pushed & 0xff), size);
			if (rand_r(&seed) % 2 == 0 && ring_push(&ring, bytes, size, pushed) == 0) {
				sizes[pushed++] = size;
			} else if (ring_peek(&ring, &record) == 0) {
				assert_int_equal(record.tag, popped);
				assert_int_equal(record.size, sizes[popped]);
				memset(bytes, (int)(popped & 0xff), sizeof(bytes));
				assert_memory_equal(record.bytes, bytes, record.size);
				ring_pop(&ring);
				popped++;
			} else {
				assert_int_equal(pushed, popped);
				assert_int_equal(ring.used, 0);
			}
			assert_true(ring.used <= ring.capacity);
		}
		ring_clear(&ring);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_come_out_in_order),
	    cmocka_unit_test(an_emptied_ring_starts_at_its_beginning),
	    cmocka_unit_test(a_full_ring_refuses),
	    cmocka_unit_test(it_behaves_like_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
