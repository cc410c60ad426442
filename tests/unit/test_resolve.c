/* SPDX-License-Identifier: ISC */

/* The pool of threads that look names up; getaddrinfo(3) is the test's, and answers when told to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "net/resolve.h"

#define THREADS	  4  /* at most that many names are looked up at a time */
#define ADDRESSES 16 /* of one name that many are taken */

/* --- getaddrinfo ------------------------------------------------------------------------------ */

static sem_t begun, may_answer, freed;
static atomic_uint lookups;
static int n_answers = 1, foreign; /* the first `foreign` of them are of no use */

int __wrap_getaddrinfo(
    const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret);
void __wrap_freeaddrinfo(struct addrinfo *list);

/* "none" is no name; any other is all of 192.0.2.1 and 2001:db8::1 in turn. */
int
__wrap_getaddrinfo(
    const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
	union address addresses[2] = {0};
	struct addrinfo *list;
	union address *at;

	(void)port;
	(void)hints;
	lookups++;
	sem_post(&begun);
	sem_wait(&may_answer);
	if (strcmp(host, "none") == 0)
		return EAI_NONAME;
	address_parse("192.0.2.1", 0, &addresses[0]);
	address_parse("2001:db8::1", 0, &addresses[1]);
	list = calloc((size_t)n_answers, sizeof(*list) + sizeof(*at));
	at = (union address *)(void *)(list + n_answers);
	for (int i = 0; i < n_answers; i++) {
		at[i] = addresses[i % 2];
		list[i] = (struct addrinfo){.ai_addr = &at[i].any,
		    .ai_addrlen = address_len(&at[i]),
		    .ai_next = i + 1 < n_answers ? &list[i + 1] : NULL};
		if (i < foreign)
			at[i].any.sa_family = AF_UNIX;
		list[i].ai_family = at[i].any.sa_family;
	}
	*ret = list;
	return 0;
}

void
__wrap_freeaddrinfo(struct addrinfo *list)
{
	free(list);
	sem_post(&freed);
}

/* --- who asks --------------------------------------------------------------------------------- */

struct asker {
	struct resolve_query query;
	unsigned answers, n, four;
	uint16_t port;
	int error;
	struct asker *cancels; /* when it is answered */
};

static struct loop *loop;
static struct resolver *resolver;
static unsigned awaited;

static void
on_answer(struct resolve_query *query, struct addresses *addresses, int error)
{
	struct asker *asker = container_of(query, struct asker, query);

	asker->answers++;
	asker->error = error;
	asker->n = addresses != NULL ? addresses->n : 0;
	for (unsigned i = 0; i < asker->n; i++) {
		asker->port = ntohs(addresses->list[i].in.sin_port);
		asker->four += addresses->list[i].any.sa_family == AF_INET;
	}
	if (asker->cancels != NULL)
		resolve_cancel(&asker->cancels->query);
	if (--awaited == 0)
		loop_stop(loop);
}

static void
ask(struct asker *asker, const char *host, uint16_t port)
{
	struct addresses *literal = NULL;

	asker->query.fn = on_answer;
	assert_int_equal(resolve_start(resolver, &asker->query, host, port, &literal), 0);
	assert_null(literal);
}

/* So many lookups may end, and until then so many askers are answered. */
static void
answer(unsigned n, unsigned askers)
{
	awaited = askers;
	for (unsigned i = 0; i < n; i++)
		sem_post(&may_answer);
	assert_int_equal(loop_run(loop), 0);
}

static void
await_begun(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		while (sem_wait(&begun) != 0)
			assert_int_equal(errno, EINTR);
}

static int
set_up(void **state)
{
	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&may_answer, 0, 0);
	sem_init(&freed, 0, 0);
	lookups = 0;
	n_answers = 1;
	foreign = 0;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(resolver_new(loop, &resolver), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	resolver_free(resolver);
	loop_free(loop);
	return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
one_lookup_answers_all_who_ask_the_same(void **unused)
{
	struct asker same[3] = {0}, port = {0}, host = {0};

	(void)unused;
	for (int i = 0; i < 3; i++)
		ask(&same[i], "a.example", 80);
	ask(&port, "a.example", 443);
	ask(&host, "b.example", 80);
	await_begun(3);
	answer(3, 5);
	assert_int_equal(lookups, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(same[i].answers, 1);
		assert_int_equal(same[i].port, 80);
		assert_null(same[i].query.job);
	}
	assert_int_equal(port.port, 443);
	assert_int_equal(host.port, 80);
}

static void
whoever_cancels_is_not_answered(void **unused)
{
	struct asker a[3] = {0}, again = {0};

	(void)unused;
	for (int i = 0; i < 3; i++)
		ask(&a[i], "a.example", 80);
	resolve_cancel(&a[1].query);
	resolve_cancel(&a[1].query); /* which is fine */
	/* The last that asked is the first that is answered; it takes another with it. */
	a[2].cancels = &a[0];
	await_begun(1);
	answer(1, 1);
	assert_int_equal(a[2].answers, 1);
	assert_int_equal(a[0].answers + a[1].answers, 0);
	assert_null(a[0].query.job);
	/* A name that nobody waits for any more is looked up to the end, for whoever asks again. */
	ask(&a[0], "a.example", 80);
	resolve_cancel(&a[0].query);
	ask(&again, "a.example", 80);
	answer(1, 1);
	assert_int_equal(again.answers, 1);
	assert_int_equal(lookups, 2);
}

static void
so_many_names_at_a_time_and_the_others_wait(void **unused)
{
	struct asker a[THREADS + 3] = {0};
	char host[] = "a.example";
	int waiting = -1;

	(void)unused;
	for (int i = 0; i < THREADS + 3; i++, host[0]++)
		ask(&a[i], host, 80);
	await_begun(THREADS);
	assert_int_equal(sem_trywait(&begun), -1);
	assert_int_equal(lookups, THREADS);
	answer(THREADS + 3, THREADS + 3);
	for (int i = 0; i < THREADS + 3; i++)
		assert_int_equal(a[i].answers, 1);
	sem_getvalue(&begun, &waiting);
	assert_int_equal(waiting, 3);
}

static void
what_cannot_be_connected_to_is_left_out(void **unused)
{
	struct asker some = {0}, many = {0}, none = {0};

	(void)unused;
	n_answers = 5;
	foreign = 2;
	ask(&some, "a.example", 80);
	answer(1, 1);
	assert_int_equal(some.n, 3);
	assert_int_equal(some.four, 2);
	n_answers = ADDRESSES + 4;
	foreign = 0;
	ask(&many, "a.example", 80);
	answer(1, 1);
	assert_int_equal(many.n, ADDRESSES);
	ask(&none, "none", 80);
	answer(1, 1);
	assert_int_equal(none.n, 0);
	assert_int_equal(none.error, EAI_NONAME);
}

/* As the daemon does when it is stopped: nobody is waited for, and what is left is freed. */
static void
one_that_is_freed_leaves_its_threads_to_themselves(void **unused)
{
	struct asker a[THREADS + 2] = {0};
	char host[] = "a.example";

	(void)unused;
	for (int i = 0; i < THREADS + 2; i++, host[0]++)
		ask(&a[i], host, 80);
	await_begun(THREADS);
	resolver_free(resolver);
	resolver = NULL;
	for (int i = 0; i < THREADS; i++)
		sem_post(&may_answer);
	for (int i = 0; i < THREADS; i++)
		sem_wait(&freed);
	assert_int_equal(lookups, THREADS); /* and those that waited are not begun */
	for (int i = 0; i < THREADS + 2; i++)
		assert_int_equal(a[i].answers, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(one_lookup_answers_all_who_ask_the_same),
	    TEST(whoever_cancels_is_not_answered),
	    TEST(so_many_names_at_a_time_and_the_others_wait),
	    TEST(what_cannot_be_connected_to_is_left_out),
	    TEST(one_that_is_freed_leaves_its_threads_to_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
