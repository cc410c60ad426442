/* SPDX-License-Identifier: ISC */
#include "host/courier.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "host/ring.h"

/* Enough for libsystemd, which keeps a path and its vectors there; only touched pages count. */
#define COURIER_STACK ((size_t)256 * 1024)

enum courier_order {
	COURIER_GO_ON, /* carry what there is, then wait for more */
	COURIER_END,   /* carry what there is, then end */
	COURIER_DROP,  /* end as soon as the call under way returns */
};

/* What a record is worth where there is too little room. */
enum courier_worth {
	WORTH_NOTHING,
	WORTH_MINOR,
	WORTH_MAJOR,
};

struct courier {
	struct carrier *carrier;
	pthread_t thread;
	pthread_mutex_t lock; /* held for a copy at most, never while the carrier works */
	pthread_cond_t work;  /* there is something to do for the thread */
	pthread_cond_t quiet; /* there is nothing left to do for the thread */
	enum courier_order order;
	bool asleep;
	bool carrying;
	enum courier_worth refused; /* what is not taken, nor is less, before half has left */
	struct ring ring;	    /* each record's tag: how many were lost just before it */
	uint64_t gap;		    /* lost since the last record that was taken */
	uint64_t unsaid;	    /* lost before what is carried next, and not reported yet */
	uint64_t lost;		    /* lost in all */
};

/* The next two are called with the lock held, and give it up while the carrier works. */
static void
report_lost(struct courier *courier, uint64_t lost)
{
	struct carrier *carrier = courier->carrier;

	courier->unsaid += lost;
	if (courier->unsaid == 0 || carrier->report_lost == NULL)
		return;

	uint64_t unsaid = courier->unsaid;

	courier->carrying = true;
	pthread_mutex_unlock(&courier->lock);
	int r = carrier->report_lost(carrier, unsaid);
	pthread_mutex_lock(&courier->lock);
	courier->carrying = false;
	if (r >= 0)
		courier->unsaid = 0;
}

static void
carry(struct courier *courier, const struct ring_record *record)
{
	struct carrier *carrier = courier->carrier;

	courier->carrying = true;
	pthread_mutex_unlock(&courier->lock);
	int r = carrier->carry(carrier, record->bytes, record->size);
	pthread_mutex_lock(&courier->lock);
	courier->carrying = false;
	ring_pop(&courier->ring);
	if (r < 0) {
		courier->unsaid++;
		courier->lost++;
	}
}

/* False: there was nothing to do. */
static bool
step(struct courier *courier)
{
	struct ring_record record;

	if (ring_peek(&courier->ring, &record) == 0) {
		report_lost(courier, record.tag);
		if (courier->order != COURIER_DROP)
			carry(courier, &record);
		return true;
	}
	if (courier->gap > 0) {
		uint64_t gap = courier->gap;

		courier->gap = 0;
		report_lost(courier, gap);
		return true;
	}
	return false;
}

static void *
run(void *argument)
{
	struct courier *courier = argument;

	pthread_mutex_lock(&courier->lock);
	while (courier->order != COURIER_DROP) {
		if (step(courier))
			continue;
		pthread_cond_signal(&courier->quiet);
		if (courier->order == COURIER_END)
			break;
		courier->asleep = true;
		pthread_cond_wait(&courier->work, &courier->lock);
		courier->asleep = false;
	}
	pthread_mutex_unlock(&courier->lock);
	return NULL;
}

/* The thread takes no signal: they belong to the event loop, and must not interrupt the carrier. */
static int
start_thread(struct courier *courier)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_attr_setstacksize(&attributes, COURIER_STACK);
	if (r == 0)
		r = pthread_create(&courier->thread, &attributes, run, courier);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

static void
courier_free(struct courier *courier)
{
	ring_clear(&courier->ring);
	pthread_cond_destroy(&courier->quiet);
	pthread_cond_destroy(&courier->work);
	pthread_mutex_destroy(&courier->lock);
	free(courier);
}

/* Locks and conditions of the default kind cannot fail to be made on Linux. */
static void
init_locks(struct courier *courier)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&courier->lock, NULL);
	pthread_cond_init(&courier->work, NULL);
	pthread_cond_init(&courier->quiet, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int
courier_open(const char *name, size_t capacity, struct carrier *carrier, struct courier **ret)
{
	struct courier *courier = calloc(1, sizeof(*courier));

	if (courier == NULL)
		return -ENOMEM;
	courier->carrier = carrier;
	init_locks(courier);

	int r = ring_init(&courier->ring, capacity);

	if (r == 0)
		r = start_thread(courier);
	if (r < 0) {
		courier_free(courier);
		return r;
	}
	/* For whoever looks with ps -L; without it the thread works as well. */
	(void)pthread_setname_np(courier->thread, name);
	*ret = courier;
	return 0;
}

/* With the lock held. */
static bool
has_room(const struct courier *courier, enum courier_worth worth, size_t size)
{
	size_t capacity = courier->ring.capacity;

	if (worth == WORTH_MINOR && courier->ring.used + size > capacity - capacity / 4)
		return false;
	return worth > courier->refused;
}

/* With the lock held. What slips through while there is a gap does not end it. */
static int
take(struct courier *courier, enum courier_worth worth, const void *record, size_t size)
{
	int r = -ENOBUFS;

	if (courier->ring.used <= courier->ring.capacity / 2)
		courier->refused = WORTH_NOTHING;

	uint64_t gap = courier->refused == WORTH_NOTHING ? courier->gap : 0;

	if (has_room(courier, worth, size))
		r = ring_push(&courier->ring, record, size, gap);
	if (r == 0) {
		courier->gap -= gap;
		return 0;
	}
	courier->gap++;
	courier->lost++;
	if (courier->refused < worth)
		courier->refused = worth;
	return r;
}

static int
post(struct courier *courier, enum courier_worth worth, const void *record, size_t size)
{
	pthread_mutex_lock(&courier->lock);
	int r = take(courier, worth, record, size);
	bool wake = courier->asleep;

	pthread_mutex_unlock(&courier->lock);
	if (wake)
		pthread_cond_signal(&courier->work);
	return r;
}

int
courier_post(struct courier *courier, const void *record, size_t size)
{
	return post(courier, WORTH_MAJOR, record, size);
}

int
courier_post_minor(struct courier *courier, const void *record, size_t size)
{
	return post(courier, WORTH_MINOR, record, size);
}

uint64_t
courier_lost(struct courier *courier)
{
	pthread_mutex_lock(&courier->lock);
	uint64_t lost = courier->lost;
	pthread_mutex_unlock(&courier->lock);
	return lost;
}

static struct timespec
monotonic_after(int wait_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += wait_ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

/* With the lock held: the thread cannot be in a call of the carrier, nor come into one. */
static bool
nothing_left(const struct courier *courier)
{
	return courier->ring.used == 0 && courier->gap == 0 && !courier->carrying;
}

/* With the lock held, which is given up meanwhile. */
static bool
await_quiet(struct courier *courier, int wait_ms)
{
	struct timespec until = monotonic_after(wait_ms);
	int r = 0;

	while (!nothing_left(courier) && r == 0)
		r = pthread_cond_timedwait(&courier->quiet, &courier->lock, &until);
	return nothing_left(courier);
}

bool
courier_await(struct courier *courier, int wait_ms)
{
	pthread_mutex_lock(&courier->lock);
	bool quiet = await_quiet(courier, wait_ms);

	pthread_mutex_unlock(&courier->lock);
	return quiet;
}

bool
courier_close(struct courier *courier, int wait_ms)
{
	pthread_mutex_lock(&courier->lock);
	bool finished = await_quiet(courier, wait_ms);

	courier->order = finished ? COURIER_END : COURIER_DROP;
	pthread_cond_signal(&courier->work);
	pthread_mutex_unlock(&courier->lock);
	if (!finished) {
		pthread_detach(courier->thread);
		return false;
	}
	pthread_join(courier->thread, NULL);
	courier_free(courier);
	return true;
}
