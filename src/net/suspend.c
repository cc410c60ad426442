/* SPDX-License-Identifier: ISC */
#include "net/suspend.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* A time that does not come: it is the clock's jump that ends the wait (timerfd_create(2)). */
static int
arm(int fd)
{
	const struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX * INT64_C(4)}};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0
		   ? 0
		   : -errno;
}

static void
on_wake(struct wake *wake, unsigned what)
{
	struct suspend *suspend = container_of(wake, struct suspend, wake);
	uint64_t expirations;

	(void)what;
	/* ECANCELED, as a rule; and what else it may be says no more. */
	if (read(suspend->fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
		return;
	if (arm(suspend->fd) < 0)
		wake_disarm(wake);
	suspend->fn(suspend);
}

int
suspend_open(struct suspend *suspend, struct loop *loop, void (*fn)(struct suspend *))
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC), r;

	*suspend = (struct suspend){.fd = -1, .fn = fn};
	if (fd < 0)
		return -errno;
	suspend->fd = fd;
	r = arm(fd);
	if (r == 0)
		r = wake_init(loop, &suspend->wake, on_wake);
	if (r == 0)
		r = wake_arm(&suspend->wake, fd, WAKE_READ, -1);
	if (r < 0)
		suspend_close(suspend);
	return r;
}

void
suspend_close(struct suspend *suspend)
{
	wake_clear(&suspend->wake);
	if (suspend->fd >= 0)
		close(suspend->fd);
	suspend->fd = -1;
}
