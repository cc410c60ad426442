/* SPDX-License-Identifier: ISC */

/* Probes on demand from the real kernel over the loopback interface: no privilege is needed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/conn.h"
#include "net/prober.h"
#include "net/tcpinfo.h"

/* Longer than anything here takes; a test that waits for it has failed. */
#define PATIENCE_MS 20000

struct fixture {
	struct loop *loop;
	struct prober prober;
	struct wake patience;
	int listener;
	unsigned wanted; /* answers, before the loop is to stop */
};

struct pair {
	struct probe probe;
	struct fixture *fixture;
	int peer;
	unsigned answers;
	int64_t answer_ms;
};

static void
on_patience(struct wake *wake, unsigned what)
{
	(void)what;
	loop_stop(container_of(wake, struct fixture, patience)->loop);
}

static void
on_answered(struct probe *probe, int64_t answer_ms)
{
	struct pair *pair = container_of(probe, struct pair, probe);

	pair->answers++;
	pair->answer_ms = answer_ms;
	if (--pair->fixture->wanted == 0)
		loop_stop(pair->fixture->loop);
}

/* Run until so many answers were told, or for so long. */
static void
run(struct fixture *f, unsigned wanted, int64_t ms)
{
	f->wanted = wanted;
	wake_after(&f->patience, ms);
	assert_int_equal(loop_run(f->loop), 0);
	wake_disarm(&f->patience);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_in address = {.sin_family = AF_INET};

	assert_non_null(f);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(prober_init(&f->prober, f->loop), 0);
	assert_int_equal(wake_init(f->loop, &f->patience, on_patience), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	prober_clear(&f->prober);
	wake_clear(&f->patience);
	loop_free(f->loop);
	close(f->listener);
	free(f);
	return 0;
}

/* A session that nothing but a probe on demand would touch for long. */
static void
open_pair(struct fixture *f, struct pair *pair)
{
	struct sockopt_refusal refusal;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	*pair = (struct pair){.fixture = f};
	pair->probe.answered = on_answered;
	pair->probe.keepalive = (struct keepalive){
	    .idle_s = 2000, .interval_s = 1, .count = 3, .user_timeout_ms = 2003000};
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&address, &len), 0);
	pair->probe.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair->probe.fd, (struct sockaddr *)&address, len), 0);
	pair->peer = accept(f->listener, NULL, NULL);
	assert_true(pair->peer >= 0);
	assert_int_equal(sockopt_keepalive(pair->probe.fd, &pair->probe.keepalive, &refusal), 0);
}

static void
close_pair(struct pair *pair)
{
	prober_stop(&pair->probe);
	close(pair->probe.fd);
	close(pair->peer);
}

/* As a firewall does that has forgotten the session, so that the peer answers nothing. Some kernels
 * let no ordinary user filter. */
static void
silence(struct pair *pair)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	int r = setsockopt(pair->peer, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));

	if (r < 0 && errno == EPERM)
		skip();
	assert_int_equal(r, 0);
}

static unsigned
segments_in(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_segs_in;
}

static int
option(int fd, int number)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, number, &value, &len), 0);
	return value;
}

static void
an_answer_is_told(void **state)
{
	struct fixture *f = *state;
	struct pair pair;
	unsigned before;

	open_pair(f, &pair);
	before = segments_in(pair.peer);
	prober_start(&f->prober, &pair.probe);
	run(f, 1, PATIENCE_MS);
	assert_int_equal(pair.answers, 1);
	assert_true(segments_in(pair.peer) > before);
	assert_in_range(pair.answer_ms, 0, 500);
	close_pair(&pair);
}

static void
a_dead_one_gets_as_many_probes_as_planned(void **state)
{
	struct fixture *f = *state;
	struct pair pair;
	struct tcp_facts facts;
	int64_t from_ms = clock_now_ms();
	struct pollfd end;

	open_pair(f, &pair);
	silence(&pair);
	prober_start(&f->prober, &pair.probe);
	run(f, 1, 1500); /* it is asked, and looked at again and again */
	assert_int_equal(pair.answers, 0);
	end = (struct pollfd){.fd = pair.probe.fd};
	assert_int_equal(poll(&end, 1, PATIENCE_MS), 1);
	/* Within what the plan has for it, and not 2000 s later. */
	assert_in_range(clock_now_ms() - from_ms, 3900, 8000);
	assert_int_equal(tcpinfo_read(pair.probe.fd, &facts), 0);
	assert_true(facts.dead);
	assert_int_equal(facts.probes, 3);
	close_pair(&pair);
}

/* The first probe is lost; the kernel goes on, and so does the look for an answer. */
static void
a_late_answer_is_told(void **state)
{
	struct fixture *f = *state;
	struct pair pair;
	int none = 0;

	open_pair(f, &pair);
	silence(&pair);
	prober_start(&f->prober, &pair.probe);
	run(f, 1, 1500);
	assert_int_equal(pair.answers, 0);
	assert_int_equal(option(pair.probe.fd, TCP_KEEPIDLE), 1);
	setsockopt(pair.peer, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
	run(f, 1, PATIENCE_MS);
	assert_int_equal(pair.answers, 1);
	close_pair(&pair);
}

/* Asked again while there is no answer: from now on there are as many as planned, once more. */
static void
asking_again_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct pair pair;
	int before;

	open_pair(f, &pair);
	silence(&pair);
	prober_start(&f->prober, &pair.probe);
	run(f, 1, 2500);
	before = option(pair.probe.fd, TCP_USER_TIMEOUT);
	prober_start(&f->prober, &pair.probe);
	prober_start(&f->prober, &pair.probe); /* it waits for its turn already */
	run(f, 1, 200);
	assert_in_range(option(pair.probe.fd, TCP_USER_TIMEOUT), before + 1000, before + 5000);
	close_pair(&pair);
}

static void
on_news(struct conn *conn, const struct conn_news *news)
{
	assert_int_equal(news->what, CONN_PROBED);
	assert_in_range(news->answer_ms, 0, 500);
	loop_stop(conn->net->loop);
}

/* As a session has it: nothing is left of the probe, neither after its answer nor its end. */
static void
a_conn_is_probed_until_it_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct net net = {.on_news = on_news};
	struct conn conn = {.fd = -1};
	struct conn_socket held = {0};
	struct pair pair;

	open_pair(f, &pair);
	held.fd = pair.probe.fd;
	assert_int_equal(net_open(&net, f->loop), 0);
	assert_int_equal(net_ops.open(&net, &conn), 0);
	assert_int_equal(net_ops.probe(&conn, &pair.probe.keepalive), -EBADF);
	net_ops.adopt(&conn, &held);
	assert_int_equal(net_ops.probe(&conn, &pair.probe.keepalive), 0);
	assert_non_null(conn.probing);
	run(f, 1, PATIENCE_MS);
	assert_null(conn.probing);
	assert_int_equal(net_ops.probe(&conn, &pair.probe.keepalive), 0);
	net_ops.clear(&conn);
	assert_null(conn.probing);
	run(f, 1, 1500); /* on_news would be called without its conn */
	net_close(&net);
	close(pair.peer);
}

static void
many_are_spread(void **state)
{
	enum {
		MANY = 300,
		AT_ONCE = 128
	};
	struct fixture *f = *state;
	struct pair *pairs = calloc(MANY, sizeof(*pairs));
	unsigned together = 0, most = 0;

	assert_non_null(pairs);
	for (unsigned i = 0; i < MANY; i++)
		open_pair(f, &pairs[i]);
	for (unsigned i = 0; i < MANY; i++)
		prober_start(&f->prober, &pairs[i].probe);
	prober_stop(&pairs[MANY - 1].probe);
	run(f, MANY - 1, PATIENCE_MS);
	for (unsigned i = 0; i < MANY - 1; i++) {
		assert_int_equal(pairs[i].answers, 1);
		together = i > 0 && pairs[i].probe.asked_ms - pairs[i - 1].probe.asked_ms < 20
			       ? together + 1
			       : 1;
		most = together > most ? together : most;
	}
	assert_int_equal(most, AT_ONCE);
	assert_int_equal(pairs[MANY - 1].answers, 0);
	assert_int_equal(option(pairs[MANY - 1].probe.fd, TCP_KEEPIDLE), 2000);
	assert_false(wake_armed(&f->prober.wake)); /* nothing is left to be woken for */
	for (unsigned i = 0; i < MANY; i++)
		close_pair(&pairs[i]);
	free(pairs);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(an_answer_is_told),
	    TEST(a_dead_one_gets_as_many_probes_as_planned),
	    TEST(a_late_answer_is_told),
	    TEST(asking_again_begins_anew),
	    TEST(a_conn_is_probed_until_it_is_dropped),
	    TEST(many_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
