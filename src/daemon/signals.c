/* SPDX-License-Identifier: ISC */
#include "daemon/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* Each has a handler that knows its place: the loop does not say which signal it was. */
#define HANDLER(i, signo)                                                               \
	static void on_##i(struct wake *wake, unsigned what)                            \
	{                                                                               \
		struct signals *signals = container_of(wake, struct signals, wakes[i]); \
                                                                                        \
		(void)what;                                                             \
		signals->asked(signals, signo);                                         \
	}

HANDLER(0, SIGTERM)
HANDLER(1, SIGINT)
HANDLER(2, SIGHUP)
HANDLER(3, SIGUSR1)
HANDLER(4, SIGUSR2)

static void
mask(int how)
{
	sigset_t requests;

	sigemptyset(&requests);
	sigaddset(&requests, SIGHUP);
	sigaddset(&requests, SIGUSR1);
	sigaddset(&requests, SIGUSR2);
	/* By default these end any process but the first of a container, which never gets them. */
	if (getpid() == 1) {
		sigaddset(&requests, SIGTERM);
		sigaddset(&requests, SIGINT);
	}
	sigprocmask(how, &requests, NULL);
}

void
signals_block(void)
{
	/* The first process of a container inherits children for whom nobody waits. */
	signal(SIGCHLD, SIG_IGN);
	mask(SIG_BLOCK);
}

int
signals_open(struct signals *signals, struct loop *loop)
{
	static const int signos[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
	static void (*const handlers[SIGNALS])(struct wake *, unsigned) = {
	    on_0, on_1, on_2, on_3, on_4};
	int r = 0;

	for (int i = 0; i < SIGNALS && r == 0; i++) {
		r = wake_init(loop, &signals->wakes[i], handlers[i]);
		if (r == 0)
			r = wake_signal(&signals->wakes[i], signos[i]);
	}
	if (r == 0)
		mask(SIG_UNBLOCK);
	return r;
}

void
signals_clear(struct signals *signals)
{
	mask(SIG_BLOCK);
	for (int i = 0; i < SIGNALS; i++)
		wake_clear(&signals->wakes[i]);
}
