/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_KERNEL_KEEPALIVE_H
#define KAGUARD_TESTS_KERNEL_KEEPALIVE_H

/*
 * Linux's keepalive timer, event by event, in ticks: net/ipv4/tcp_timer.c tcp_keepalive_timer() on
 * top of kernel/time/timer.c calc_wheel_index(). For tests that do not want to take a formula's
 * word for what the kernel does.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/plan.h"

enum kernel_mood {
	KERNEL_ON_TIME, /* timers fire when they are due, as none really does */
	KERNEL_PROMPT,	/* a tick late, as early as a real one can be */
	KERNEL_LATE,	/* as late as can be, each time */
	KERNEL_WHEEL,	/* as the wheel has it, from a random jiffies on */
};

enum kernel_event {
	KERNEL_PROBES,
	KERNEL_GIVES_UP
};

struct kernel {
	int hz;
	enum kernel_mood mood;
	uint64_t random;
	int idle_s, interval_s, count;
	int64_t user_timeout_ms;
	int64_t now, fires, last_ack; /* jiffies */
	int probes_out;
};

/* A session that was acknowledged this moment, with the options of a plan. */
void kernel_init(struct kernel *k, const struct plan *plan, int hz, enum kernel_mood mood);

/* From a word of which every bit counts. */
void kernel_seed(struct kernel *k, uint64_t random);

/* Let time pass until the timer sends a probe or gives up. */
enum kernel_event kernel_run(struct kernel *k);

/* The probe just sent is acknowledged after so long. */
void kernel_answer(struct kernel *k, int64_t rtt_ms);

/* Since the last acknowledgment. */
double kernel_silent_ms(const struct kernel *k);

/* How coarse is the level of the wheel that takes a delay, in ticks. */
int64_t kernel_granule(int64_t delay);

/* The wheel's clock may trail by so many ticks. */
int64_t kernel_wheel_lag(int hz);

/* The next word of a pseudo-random sequence. */
uint64_t kernel_random(uint64_t *state);

#endif
