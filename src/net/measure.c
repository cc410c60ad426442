/* SPDX-License-Identifier: ISC */
#include "net/measure.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/connect.h"
#include "net/segments.h"
#include "net/sockopt.h"

#define CONNECT_MS 5000

/* What a peer sends is thrown away, at most so much at a time, then it has to wait. */
#define DISCARD_BYTES	 (64 * 1024)
#define DISCARD_PAUSE_MS 100

struct measure_session {
	struct measure *measure;
	struct race race; /* while it is being opened */
	struct wake wake; /* until it is open: the time that is left; then what the peer sends */
	struct probe probe;
	unsigned received; /* segments, up to the last that was asked for */
	int fd;
};

/* No probe comes by itself; one that was asked for is repeated until it is answered, or dropped. */
static const struct keepalive silent = {.idle_s = 32767, .interval_s = 1, .count = 127};

static unsigned
number(const struct measure_session *session)
{
	return (unsigned)(session - session->measure->sessions);
}

static void
session_close(struct measure_session *session, bool abort)
{
	const struct linger now = {.l_onoff = 1};

	prober_stop(&session->probe);
	race_clear(&session->race);
	wake_clear(&session->wake);
	if (session->fd < 0)
		return;
	/* A FIN would be repeated for minutes where nobody answers any more. */
	if (abort)
		setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(session->fd);
	session->fd = -1;
}

/* Before any is open there is nothing to be learnt: that ends it. */
static void
refused(struct measure_session *session, int error)
{
	struct measure *measure = session->measure;

	session_close(session, false);
	measure->last_error = error;
	if (!measure->answered) {
		measure->error = error;
		ladder_stop(measure->ladder);
	}
	ladder_refused(measure->ladder, number(session), clock_now_ms());
}

static void advance(struct measure *measure);

static void
on_answered(struct probe *probe, int64_t answer_ms)
{
	struct measure_session *session = container_of(probe, struct measure_session, probe);
	struct sockopt_refusal refusal;

	sockopt_keepalive(session->fd, &silent, &refusal);
	session->received = segments_received(session->fd);
	ladder_answered(session->measure->ladder, number(session), probe->asked_ms + answer_ms);
	advance(session->measure);
}

/* The kernel has given a session up: so does the ladder, which counts the probes itself. */
static bool
is_silence(int error)
{
	return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void
on_wake(struct wake *wake, unsigned what)
{
	static char nowhere[DISCARD_BYTES];
	struct measure_session *session = container_of(wake, struct measure_session, wake);
	struct measure *measure = session->measure;
	int64_t now_ms = clock_now_ms();
	ssize_t n;

	if (session->fd < 0) {
		refused(session, ETIMEDOUT);
		advance(measure);
		return;
	}
	n = recv(session->fd, nowhere, sizeof(nowhere), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOMEM || errno == ENOBUFS)) {
		if (what & WAKE_TIME && wake_arm(wake, session->fd, WAKE_READ, -1) < 0)
			wake_after(wake, DISCARD_PAUSE_MS);
		return;
	}
	if (n > 0) {
		session->received = segments_received(session->fd);
		ladder_data(measure->ladder, number(session), now_ms);
		wake_after(wake, DISCARD_PAUSE_MS);
	} else if (n < 0 && is_silence(errno)) {
		prober_stop(&session->probe);
		wake_disarm(wake);
	} else {
		if (n == 0)
			ladder_closed(measure->ladder, number(session), now_ms);
		else
			ladder_reset(measure->ladder, number(session), now_ms);
		session_close(session, n < 0);
	}
	advance(measure);
}

/* All others go to the address that the first has found to answer. */
static int
settle_on(struct measure *measure, const union address *remote)
{
	struct addresses *one;

	if (measure->answered)
		return 0;
	one = addresses_new(1);
	if (one == NULL)
		return -ENOMEM;
	one->list[0] = *remote;
	measure->found = one;
	measure->answered = true;
	return 0;
}

static void
opened(struct measure_session *session, const struct race_end *end)
{
	struct measure *measure = session->measure;
	struct sockopt_refusal refusal;
	int r = end->fd >= 0 ? 0 : -end->error;

	race_clear(&session->race);
	session->fd = end->fd;
	if (r == 0)
		r = settle_on(measure, &end->remote);
	if (r == 0)
		r = sockopt_keepalive(session->fd, &silent, &refusal);
	if (r == 0)
		r = wake_arm(&session->wake, session->fd, WAKE_READ, -1);
	session->received = r == 0 ? segments_received(session->fd) : 0;
	if (r < 0)
		refused(session, -r);
	else
		ladder_opened(measure->ladder, number(session), clock_now_ms());
}

static void
on_race_end(struct race *race, const struct race_end *end)
{
	struct measure_session *session = container_of(race, struct measure_session, race);

	opened(session, end);
	advance(session->measure);
}

static void
open_session(struct measure *measure, struct measure_session *session)
{
	struct race_end end = {.fd = -1};
	int r;

	session->measure = measure;
	session->fd = -1;
	session->race = (struct race){
	    .loop = measure->loop,
	    .addresses = measure->found != NULL ? measure->found : measure->addresses,
	    .target = measure->target,
	    .fd_limit = measure->fd_limit,
	    .fn = on_race_end,
	};
	r = wake_init(measure->loop, &session->wake, on_wake);
	if (r == 0)
		r = wake_after(&session->wake, CONNECT_MS);
	if (r == 0)
		r = race_start(&session->race, &end);
	if (r < 0)
		refused(session, -r);
	else if (r == 1)
		opened(session, &end);
}

static void
probe_session(struct measure *measure, struct measure_session *session)
{
	/* The kernel repeats it; the ladder only counts. */
	if (session->fd < 0 || session->probe.list != NULL)
		return;
	/* A SYN-ACK that was sent again, since our acknowledgement was lost; a probe of the peer's:
	 * the kernel answers, and says nothing. */
	if (segments_received(session->fd) != session->received)
		ladder_stirred(measure->ladder, number(session));
	session->probe.fd = session->fd;
	session->probe.keepalive = silent;
	session->probe.answered = on_answered;
	prober_start(&measure->prober, &session->probe);
}

static void
end(struct measure *measure)
{
	measure->over = true;
	wake_disarm(&measure->wake);
	for (unsigned i = 0; i < measure->wish.opens; i++)
		if (measure->sessions[i].measure != NULL)
			session_close(&measure->sessions[i], false);
	measure->ended(measure);
}

/* Do what there is to do now. */
static void
advance(struct measure *measure)
{
	while (!measure->over) {
		int64_t now_ms = clock_now_ms();
		struct ladder_step step = ladder_next(measure->ladder, now_ms);
		struct measure_session *session = &measure->sessions[step.session];

		switch (step.action) {
		case LADDER_WAIT:
			wake_after(&measure->wake, step.until_ms - now_ms);
			return;
		case LADDER_OPEN:
			open_session(measure, session);
			break;
		case LADDER_PROBE:
			probe_session(measure, session);
			break;
		case LADDER_DROP:
			session_close(session, true);
			break;
		case LADDER_FINISHED:
			end(measure);
			return;
		}
	}
}

static void
on_time(struct wake *wake, unsigned what)
{
	(void)what;
	advance(container_of(wake, struct measure, wake));
}

int
measure_start(struct measure *measure, struct addresses *addresses)
{
	int r = ladder_new(&measure->wish, clock_now_ms(), &measure->ladder);

	measure->sessions = calloc(measure->wish.opens, sizeof(*measure->sessions));
	if (r == 0 && measure->sessions == NULL)
		r = -ENOMEM;
	if (r == 0)
		r = prober_init(&measure->prober, measure->loop);
	if (r == 0)
		r = wake_init(measure->loop, &measure->wake, on_time);
	if (r == 0)
		r = wake_after(&measure->wake, 0);
	if (r < 0) {
		measure_clear(measure);
		return r;
	}
	measure->addresses = addresses_ref(addresses);
	return 0;
}

void
measure_stop(struct measure *measure)
{
	ladder_stop(measure->ladder);
	advance(measure);
}

struct ladder_view
measure_view(const struct measure *measure)
{
	return ladder_view(measure->ladder, clock_now_ms());
}

void
measure_clear(struct measure *measure)
{
	for (unsigned i = 0; measure->sessions != NULL && i < measure->wish.opens; i++)
		if (measure->sessions[i].measure != NULL)
			session_close(&measure->sessions[i], false);
	free(measure->sessions);
	measure->sessions = NULL;
	wake_clear(&measure->wake);
	prober_clear(&measure->prober);
	ladder_free(measure->ladder);
	measure->ladder = NULL;
	addresses_unref(measure->addresses);
	addresses_unref(measure->found);
	measure->addresses = measure->found = NULL;
}
