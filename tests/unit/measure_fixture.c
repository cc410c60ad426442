/* SPDX-License-Identifier: ISC */
#include "measure_fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"

int64_t __wrap_clock_now_ms(void);
int64_t __real_clock_now_ms(void);
int __wrap_wake_after(struct wake *wake, int64_t delay_ms);
int __real_wake_after(struct wake *wake, int64_t delay_ms);

int64_t faster, ahead_ms;

int64_t
__wrap_clock_now_ms(void)
{
	return __real_clock_now_ms() * faster + ahead_ms;
}

int
__wrap_wake_after(struct wake *wake, int64_t delay_ms)
{
	return __real_wake_after(wake, (delay_ms + faster - 1) / faster);
}

struct fixture f;

static void
on_ended(struct measure *measure)
{
	assert_ptr_equal(measure, &f.measure);
	assert_false(f.ended);
	f.ended = true;
	loop_stop(f.loop);
}

static void
on_client(struct wake *wake, unsigned what)
{
	int fd = listener_accept(f.listener);

	(void)wake;
	(void)what;
	if (fd < 0)
		return;
	if (f.n_taken == PEERS) {
		close(fd);
		return;
	}
	f.taken[f.n_taken++] = fd;
	if (f.visit != NULL)
		f.visit(fd);
}

static void
on_patience(struct wake *wake, unsigned what)
{
	(void)wake;
	(void)what;
	loop_stop(f.loop);
}

int
measure_set_up(void **state)
{
	const struct listener_wish wish = {.where = "127.0.0.1:0"};
	socklen_t len = sizeof(union address);
	char why[128];

	(void)state;
	memset(&f, 0, sizeof(f));
	faster = 1;
	ahead_ms = 0;
	f.addresses = addresses_new(1);
	assert_int_equal(loop_new(&f.loop), 0);
	assert_int_equal(listener_open(&wish, &f.listener, why, sizeof(why)), 0);
	assert_int_equal(getsockname(f.listener, &f.addresses->list[0].any, &len), 0);
	assert_int_equal(wake_init(f.loop, &f.accepting, on_client), 0);
	assert_int_equal(wake_init(f.loop, &f.patience, on_patience), 0);
	assert_int_equal(wake_arm(&f.accepting, f.listener, WAKE_READ, -1), 0);
	f.measure = (struct measure){.loop = f.loop,
	    .target = &f.target,
	    .wish = {.min_ms = 2000,
		.max_ms = 4000,
		.precision_permille = 250,
		.connections = 3,
		.opens = 6,
		.opens_per_second = 100},
	    .ended = on_ended};
	return 0;
}

int
measure_tear_down(void **state)
{
	(void)state;
	measure_clear(&f.measure);
	for (unsigned i = 0; i < f.n_taken; i++)
		close(f.taken[i]);
	wake_clear(&f.accepting);
	wake_clear(&f.patience);
	if (f.listener >= 0)
		listener_close(f.listener);
	addresses_unref(f.addresses);
	loop_free(f.loop);
	return 0;
}

void
run(int64_t ms)
{
	__real_wake_after(&f.patience, ms);
	assert_int_equal(loop_run(f.loop), 0);
	wake_disarm(&f.patience);
}

void
begin(void)
{
	assert_int_equal(measure_start(&f.measure, f.addresses), 0);
}

void
greet(int fd)
{
	assert_int_equal(send(fd, "220 hello\r\n", 11, 0), 11);
}
