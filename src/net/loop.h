/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_LOOP_H
#define KAGUARD_NET_LOOP_H

/* The event loop; its .c is the only file that knows libevent. */

#include <stdint.h>

struct loop;
struct event;

#define WAKE_READ  1u
#define WAKE_WRITE 2u
#define WAKE_TIME  4u
#define WAKE_EDGE  8u  /* wake_arm(): only when it becomes ready, not as long as it is */
#define WAKE_END   16u /* the other end sends no more */

/*
 * Something that can be woken: by a descriptor, by time, or by whichever comes first. Embedded in
 * its owner, which finds itself with container_of. One shot for time, persistent for descriptors.
 */
struct wake {
	struct event *event;
	void (*fn)(struct wake *wake, unsigned what);
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* 0, or -ENOMEM. */
int loop_new(struct loop **ret);
void loop_free(struct loop *loop);

/* Runs until loop_stop(). 0, or a negative errno where the loop itself failed, or wake_after(). */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* 0, or -ENOMEM; the wake is not armed yet. */
int wake_init(struct loop *loop, struct wake *wake, void (*fn)(struct wake *, unsigned));

/* Disarms and frees. A wake that is all zero is fine. */
void wake_clear(struct wake *wake);

/*
 * Wait for what (WAKE_READ, WAKE_WRITE) on fd, or for delay_ms to pass; in place of whatever was
 * waited for. fd -1: time only. delay_ms -1: descriptor only. 0, or negative errno.
 */
int wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms);

/* Time only. What waits for a timer in vain waits for ever: where there is no memory for it, which
 * is the one way to fail, the loop ends. */
int wake_after(struct wake *wake, int64_t delay_ms);

/* Call fn, with what 0, whenever the process gets the signal. */
int wake_signal(struct wake *wake, int signo);

void wake_disarm(struct wake *wake);

/* True while armed. */
int wake_armed(const struct wake *wake);

#endif
