/* SPDX-License-Identifier: ISC */
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/loop.h"

#define MAX_THREADS   4
#define MAX_ADDRESSES 16	   /* more would not be tried within a connect_timeout anyway */
#define STACK_SIZE    (512 * 1024) /* NSS modules are other people's code */

/* A name being looked up. The thread that has it reads host and port, and writes the last two. */
struct resolve_job {
	LIST_HEAD(, resolve_query) queries;
	STAILQ_ENTRY(resolve_job) next;
	LIST_ENTRY(resolve_job) known;
	char *host;
	uint16_t port;
	struct addresses *addresses;
	int error;
};

STAILQ_HEAD(job_queue, resolve_job);

/* What loop and threads share; outlives the resolver while a thread is in it. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job_queue todo, done;
	unsigned threads, idle, waiting; /* waiting: length of todo */
	bool closed;
	int eventfd;
};

struct resolver {
	struct loop *loop;
	struct wake wake;
	struct pool *pool;
	LIST_HEAD(, resolve_job) jobs;
};

static void
job_free(struct resolve_job *job)
{
	addresses_unref(job->addresses);
	free(job->host);
	free(job);
}

static void
pool_free(struct pool *pool)
{
	struct resolve_job *job;

	while ((job = STAILQ_FIRST(&pool->todo)) != NULL) {
		STAILQ_REMOVE_HEAD(&pool->todo, next);
		job_free(job);
	}
	while ((job = STAILQ_FIRST(&pool->done)) != NULL) {
		STAILQ_REMOVE_HEAD(&pool->done, next);
		job_free(job);
	}
	close(pool->eventfd);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static struct addresses *
take_addresses(const struct addrinfo *found, uint16_t port)
{
	struct addresses *addresses;
	unsigned n = 0;

	for (const struct addrinfo *a = found; a != NULL && n < MAX_ADDRESSES; a = a->ai_next)
		n += a->ai_family == AF_INET || a->ai_family == AF_INET6;
	addresses = addresses_new(n);
	if (addresses == NULL)
		return NULL;
	n = 0;
	for (const struct addrinfo *a = found; a != NULL && n < addresses->n; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		memcpy(&addresses->list[n], a->ai_addr, a->ai_addrlen);
		addresses->list[n++].in.sin_port = htons(port);
	}
	addresses_interleave(addresses);
	return addresses;
}

static void
look_up(struct resolve_job *job)
{
	/* No AI_ADDRCONFIG: it counts no loopback address, and an address of a family that this
	 * host cannot reach costs the race nothing, its connect(2) fails at once. */
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	job->error = getaddrinfo(job->host, NULL, &hints, &found);
	if (job->error != 0)
		return;
	job->addresses = take_addresses(found, job->port);
	if (job->addresses == NULL)
		job->error = EAI_MEMORY;
	freeaddrinfo(found);
}

static void *
thread_main(void *arg)
{
	struct pool *pool = arg;
	struct resolve_job *job;
	bool last;

	pthread_mutex_lock(&pool->lock);
	while (!pool->closed) {
		job = STAILQ_FIRST(&pool->todo);
		if (job == NULL) {
			pool->idle++;
			pthread_cond_wait(&pool->work, &pool->lock);
			pool->idle--;
			continue;
		}
		STAILQ_REMOVE_HEAD(&pool->todo, next);
		pool->waiting--;
		pthread_mutex_unlock(&pool->lock);
		look_up(job);
		pthread_mutex_lock(&pool->lock);
		STAILQ_INSERT_TAIL(&pool->done, job, next);
		eventfd_write(pool->eventfd, 1);
	}
	last = --pool->threads == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last)
		pool_free(pool);
	return NULL;
}

/* With the lock held. */
static int
add_thread(struct pool *pool)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attr, thread_main, pool);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (r != 0)
		return -r;
	pthread_setname_np(thread, "kaguard-resolve");
	pool->threads++;
	return 0;
}

/* The queries of a job leave one by one: an answer may cancel its neighbour. */
static void
answer(struct resolve_job *job)
{
	struct resolve_query *query;

	LIST_REMOVE(job, known);
	while ((query = LIST_FIRST(&job->queries)) != NULL) {
		LIST_REMOVE(query, same);
		query->job = NULL;
		query->fn(query, job->addresses, job->error);
	}
	job_free(job);
}

static void
on_done(struct wake *wake, unsigned what)
{
	struct resolver *resolver = container_of(wake, struct resolver, wake);
	struct pool *pool = resolver->pool;
	struct resolve_job *job;
	eventfd_t count;

	(void)what;
	eventfd_read(pool->eventfd, &count);
	for (;;) {
		pthread_mutex_lock(&pool->lock);
		job = STAILQ_FIRST(&pool->done);
		if (job != NULL)
			STAILQ_REMOVE_HEAD(&pool->done, next);
		pthread_mutex_unlock(&pool->lock);
		if (job == NULL)
			return;
		answer(job);
	}
}

static struct pool *
pool_new(void)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->eventfd < 0) {
		free(pool);
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	STAILQ_INIT(&pool->todo);
	STAILQ_INIT(&pool->done);
	return pool;
}

int
resolver_new(struct loop *loop, struct resolver **ret)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int r = -ENOMEM;

	if (resolver == NULL)
		return -ENOMEM;
	resolver->loop = loop;
	LIST_INIT(&resolver->jobs);
	resolver->pool = pool_new();
	if (resolver->pool == NULL)
		goto fail;
	r = wake_init(loop, &resolver->wake, on_done);
	if (r == 0)
		r = wake_arm(&resolver->wake, resolver->pool->eventfd, WAKE_READ, -1);
	if (r < 0)
		goto fail;
	*ret = resolver;
	return 0;
fail:
	resolver_free(resolver);
	return r;
}

void
resolver_free(struct resolver *resolver)
{
	struct pool *pool;
	bool unused;

	if (resolver == NULL)
		return;
	wake_clear(&resolver->wake);
	pool = resolver->pool;
	if (pool != NULL) {
		pthread_mutex_lock(&pool->lock);
		pool->closed = true;
		unused = pool->threads == 0;
		pthread_cond_broadcast(&pool->work);
		pthread_mutex_unlock(&pool->lock);
		if (unused)
			pool_free(pool); /* else the last thread does it */
	}
	free(resolver);
}

static struct resolve_job *
find_job(struct resolver *resolver, const char *host, uint16_t port)
{
	struct resolve_job *job;

	LIST_FOREACH (job, &resolver->jobs, known)
		if (job->port == port && strcmp(job->host, host) == 0)
			return job;
	return NULL;
}

static int
add_job(struct resolver *resolver, const char *host, uint16_t port, struct resolve_job **ret)
{
	struct pool *pool = resolver->pool;
	struct resolve_job *job = calloc(1, sizeof(*job));
	int r = 0;

	if (job == NULL)
		return -ENOMEM;
	job->host = strdup(host);
	job->port = port;
	LIST_INIT(&job->queries);
	if (job->host == NULL) {
		free(job);
		return -ENOMEM;
	}
	pthread_mutex_lock(&pool->lock);
	if (pool->idle <= pool->waiting && pool->threads < MAX_THREADS)
		r = add_thread(pool);
	if (pool->threads == 0) {
		pthread_mutex_unlock(&pool->lock);
		job_free(job);
		return r;
	}
	STAILQ_INSERT_TAIL(&pool->todo, job, next);
	pool->waiting++;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	LIST_INSERT_HEAD(&resolver->jobs, job, known);
	*ret = job;
	return 0;
}

static int
answer_literal(const union address *address, struct addresses **ret)
{
	struct addresses *addresses = addresses_new(1);

	if (addresses == NULL)
		return -ENOMEM;
	addresses->list[0] = *address;
	*ret = addresses;
	return 1;
}

int
resolve_start(struct resolver *resolver, struct resolve_query *query, const char *host,
    uint16_t port, struct addresses **ret_literal)
{
	struct resolve_job *job;
	union address literal;
	int r;

	if (address_parse(host, port, &literal) == 0)
		return answer_literal(&literal, ret_literal);
	job = find_job(resolver, host, port);
	if (job == NULL) {
		r = add_job(resolver, host, port, &job);
		if (r < 0)
			return r;
	}
	LIST_INSERT_HEAD(&job->queries, query, same);
	query->job = job;
	return 0;
}

void
resolve_cancel(struct resolve_query *query)
{
	if (query->job == NULL)
		return;
	/* The job goes on: its thread cannot be called back, and somebody may ask again soon. */
	LIST_REMOVE(query, same);
	query->job = NULL;
}
