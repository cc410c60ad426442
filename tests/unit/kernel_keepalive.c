/* SPDX-License-Identifier: ISC */
#include "kernel_keepalive.h"

#include <assert.h>

/* kernel/time/timer.c */
#define LVL_DEPTH    9
#define LVL_SHIFT(n) ((n)*3)
#define LVL_START(n) ((int64_t)63 << (((n)-1) * 3))
#define LVL_GRAN(n)  ((int64_t)1 << LVL_SHIFT(n))

uint64_t
kernel_random(uint64_t *state)
{
	/* splitmix64, by Sebastiano Vigna, public domain */
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static int
level(int64_t delay)
{
	for (int n = 0; n < LVL_DEPTH - 1; n++) {
		if (delay < LVL_START(n + 1))
			return n;
	}
	return LVL_DEPTH - 1;
}

int64_t
kernel_granule(int64_t delay)
{
	return LVL_GRAN(level(delay));
}

int64_t
kernel_wheel_lag(int hz)
{
	return hz / 20; /* 50 ms */
}

/* calc_wheel_index() and calc_index() */
static int64_t
bucket_expiry(int64_t expires, int64_t clk)
{
	int n = level(expires - clk);

	return ((expires >> LVL_SHIFT(n)) + 1) << LVL_SHIFT(n);
}

/* sk_reset_timer(sk, timer, jiffies + delay) */
static void
arm(struct kernel *k, int64_t delay)
{
	int64_t lag = kernel_wheel_lag(k->hz);
	int64_t expires = k->now + delay;

	switch (k->mood) {
	case KERNEL_ON_TIME:
		k->fires = expires;
		break;
	case KERNEL_PROMPT:
		k->fires = expires + 1;
		break;
	case KERNEL_LATE:
		k->fires = expires + kernel_granule(delay + lag);
		break;
	case KERNEL_WHEEL:
		lag = (int64_t)(kernel_random(&k->random) % (uint64_t)(lag + 1));
		k->fires = bucket_expiry(expires, k->now - lag);
		break;
	}
}

void
kernel_init(struct kernel *k, const struct plan *plan, int hz, enum kernel_mood mood)
{
	*k = (struct kernel){.hz = hz,
	    .mood = mood,
	    .idle_s = plan->idle_s,
	    .interval_s = plan->interval_s,
	    .count = plan->count,
	    .user_timeout_ms = plan->user_timeout_ms};
	arm(k, (int64_t)k->idle_s * hz);
}

void
kernel_seed(struct kernel *k, uint64_t random)
{
	k->random = random;
	k->now = k->last_ack = (int64_t)(random >> 32);
	arm(k, (int64_t)k->idle_s * k->hz);
}

/* tcp_keepalive_timer(); false if it only armed itself anew. */
static bool
keepalive_timer(struct kernel *k, enum kernel_event *ret)
{
	int64_t elapsed = k->now - k->last_ack; /* keepalive_time_elapsed() */
	int64_t when = (int64_t)k->idle_s * k->hz;
	int64_t user_timeout = (k->user_timeout_ms * k->hz + 999) / 1000; /* msecs_to_jiffies() */

	if (elapsed < when) {
		arm(k, when - elapsed);
		return false;
	}
	if ((user_timeout != 0 && elapsed >= user_timeout && k->probes_out > 0) ||
	    (user_timeout == 0 && k->probes_out >= k->count)) {
		*ret = KERNEL_GIVES_UP;
		return true;
	}
	k->probes_out++;
	arm(k, (int64_t)k->interval_s * k->hz);
	*ret = KERNEL_PROBES;
	return true;
}

enum kernel_event
kernel_run(struct kernel *k)
{
	enum kernel_event event;

	do {
		k->now = k->fires;
	} while (!keepalive_timer(k, &event));
	return event;
}

void
kernel_answer(struct kernel *k, int64_t rtt_ms)
{
	k->last_ack = k->now + rtt_ms * k->hz / 1000;
	assert(k->last_ack <= k->fires); /* or the timer would have come first */
	k->probes_out = 0;
}

double
kernel_silent_ms(const struct kernel *k)
{
	return (double)(k->now - k->last_ack) * 1000 / k->hz;
}
