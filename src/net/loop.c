/* SPDX-License-Identifier: ISC */
#include "net/loop.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

struct loop {
	struct event_base *base;
};

/*
 * A timer could not be armed: what waits for it would wait for ever, so the loop ends. Of the
 * loop's thread, and not in struct loop, to which a wake would have to know the way: there are very
 * many.
 */
static __thread int broken;

/*
 * By epoll: where that cannot be had, libevent would go on with poll(), which knows no edges, and
 * what is left unread would keep it awake for ever. And by the exact clock: the coarse one, which
 * libevent takes otherwise, moves in steps of a tick, and what is to be spread over time would come
 * in lumps of up to 10 ms.
 */
static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	errno = 0;
	if (event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0 &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int
loop_new(struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (loop == NULL)
		return -ENOMEM;
	loop->base = new_base();
	if (loop->base == NULL) {
		r = errno != 0 ? -errno : -ENOMEM;
		free(loop);
		return r;
	}
	broken = 0;
	*ret = loop;
	return 0;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	event_base_free(loop->base);
	free(loop);
	libevent_global_shutdown();
}

int
loop_run(struct loop *loop)
{
	if (broken == 0 && event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
		return -EIO;
	return broken;
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

static void
on_event(evutil_socket_t fd, short events, void *arg)
{
	struct wake *wake = arg;
	unsigned what = 0;

	(void)fd;
	if (events & EV_READ)
		what |= WAKE_READ;
	if (events & EV_WRITE)
		what |= WAKE_WRITE;
	if (events & EV_TIMEOUT)
		what |= WAKE_TIME;
	if (events & EV_CLOSED)
		what |= WAKE_END;
	wake->fn(wake, what);
}

int
wake_init(struct loop *loop, struct wake *wake, void (*fn)(struct wake *, unsigned))
{
	struct event *event = event_new(loop->base, -1, 0, on_event, wake);

	if (event == NULL)
		return -ENOMEM;
	wake->event = event;
	wake->fn = fn;
	return 0;
}

void
wake_clear(struct wake *wake)
{
	if (wake->event != NULL)
		event_free(wake->event);
	wake->event = NULL;
}

static int
arm(struct wake *wake, int fd, short events, const struct timeval *timeout)
{
	struct event_base *base = event_get_base(wake->event);

	event_del(wake->event);
	if (event_assign(wake->event, base, fd, events, on_event, wake) != 0)
		return -EINVAL;
	if (event_add(wake->event, timeout) != 0)
		return errno != 0 ? -errno : -ENOMEM;
	return 0;
}

int
wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms)
{
	struct timeval timeout = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
	short events = 0;

	if (what & WAKE_READ)
		events |= EV_READ | EV_PERSIST;
	if (what & WAKE_WRITE)
		events |= EV_WRITE | EV_PERSIST;
	if (what & WAKE_END)
		events |= EV_CLOSED | EV_PERSIST;
	if (what & WAKE_EDGE)
		events |= EV_ET;
	errno = 0;
	return arm(wake, fd, events, delay_ms >= 0 ? &timeout : NULL);
}

int
wake_after(struct wake *wake, int64_t delay_ms)
{
	int r = wake_arm(wake, -1, 0, delay_ms);

	if (r < 0) {
		broken = r;
		event_base_loopbreak(event_get_base(wake->event));
	}
	return r;
}

int
wake_signal(struct wake *wake, int signo)
{
	return arm(wake, signo, EV_SIGNAL | EV_PERSIST, NULL);
}

void
wake_disarm(struct wake *wake)
{
	if (wake->event != NULL)
		event_del(wake->event);
}

int
wake_armed(const struct wake *wake)
{
	return wake->event != NULL &&
	       event_pending(wake->event, EV_READ | EV_WRITE | EV_TIMEOUT | EV_SIGNAL, NULL) != 0;
}
