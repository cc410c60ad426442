/* SPDX-License-Identifier: ISC */

/* What the surveyor needs of the world: measurements over sockets, the name of a network, time. */

#include <errno.h>
#include <stddef.h>

#include "daemon/guard.h"
#include "daemon/peer.h"
#include "daemon/surveyor.h"
#include "net/gateway.h"

static int
network(struct surveyor *surveyor, const struct session *session, char *buf, size_t size)
{
	const struct conn *conn = &session->conn;

	(void)surveyor;
	return gateway_name(&conn->local, &conn->remote, session->peer->target.device, buf, size);
}

static void
on_ended(struct measure *measure)
{
	struct survey_job *job = container_of(measure, struct survey_job, measure);

	job->view = measure_view(measure);
	job->error = measure->error;
	surveyor_ended(job);
}

static int
begin(struct survey_job *job)
{
	struct addresses *one = addresses_new(1);
	int r;

	if (one == NULL)
		return -ENOMEM;
	one->list[0] = job->remote;
	job->measure = (struct measure){.loop = job->surveyor->loop,
	    .target = &job->peer->target,
	    .wish = job->wish,
	    .fd_limit = job->surveyor->guard->net->fd_limit,
	    .ended = on_ended};
	r = measure_start(&job->measure, one);
	addresses_unref(one);
	return r;
}

static void
end(struct survey_job *job)
{
	measure_clear(&job->measure);
}

static void
wake(struct surveyor *surveyor, int64_t delay_ms)
{
	wake_after(&surveyor->wake, delay_ms);
}

static void
on_wake(struct wake *wake, unsigned what)
{
	(void)what;
	surveyor_run(container_of(wake, struct surveyor, wake));
}

int
surveyor_open(struct surveyor *surveyor, struct loop *loop, struct guard *guard)
{
	static const struct surveyor_ops live = {
	    .network = network, .begin = begin, .end = end, .wake = wake};

	surveyor_init(surveyor, &live, guard);
	surveyor->loop = loop;
	return wake_init(loop, &surveyor->wake, on_wake);
}
