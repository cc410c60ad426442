/* SPDX-License-Identifier: ISC */

/*
 * Between kaguard and all that it calls: each call in calls.h can be made to fail.
 *
 * A call is known by its name and by who called: the return addresses of four frames. So it is the
 * same call in each run, whatever the order in which things happen. $KAGUARD_FAULT is "ID:N" for
 * its n-th time, "ID:N+" for that and all later ones, "ID:N:2" for the other errno.
 * $KAGUARD_FAULT_TRACE is where each call is written when it is made, as "ID N NAME", and the
 * failed one as "! ID N NAME CALLER...".
 */
#include "faulty.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct event;
struct event_base;
struct event_config;
struct mnl_socket;
struct nlmsghdr;

/* Only the builds of sanitizers and those without optimization have all frames in order. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define CALLERS 4
#else
#define CALLERS 1
#endif
#define SITES	 16384 /* a power of two; a daemon has some thousands */
#define TRACE_FD 200   /* out of the way of what the daemon opens, and of those handed over */

/* clang-format off */
#define CALL(type, bad, error, other, name, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters;
#include "calls.h"
#undef CALL
int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
/* clang-format on */

extern const char __executable_start[], etext[];

static struct site {
	uint32_t id; /* 0: free */
	uint32_t n;
} sites[SITES];

static struct {
	uint32_t id, n;
	bool all, other;
	bool tracing, ready;
	int sleep_ms;
} wanted;

static bool lock;

__attribute__((constructor)) static void
begin(void)
{
	const char *fault = getenv("KAGUARD_FAULT"), *trace = getenv("KAGUARD_FAULT_TRACE");
	const char *sleep_ms = getenv("KAGUARD_SLEEP_MS");
	char *end;

	if (sleep_ms != NULL)
		wanted.sleep_ms = atoi(sleep_ms);
	if (trace != NULL) {
		int fd = __real_open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		wanted.tracing = fd >= 0 && dup3(fd, TRACE_FD, O_CLOEXEC) == TRACE_FD;
		close(fd);
	}
	if (fault != NULL) {
		wanted.id = (uint32_t)strtoul(fault, &end, 16);
		wanted.n = *end == ':' ? (uint32_t)strtoul(end + 1, &end, 10) : 1;
		wanted.all = *end == '+';
		wanted.other = *end == ':';
	}
	wanted.ready = true;
}

/* The daemon has ended: what is still called is gcov's, which writes down what was run. */
__attribute__((destructor)) static void
end(void)
{
	wanted.ready = false;
}

/* FNV-1a: as good as any here. */
static uint32_t
mix(uint32_t hash, uintptr_t value)
{
	for (; value != 0; value >>= 8)
		hash = (hash ^ (uint32_t)(value & 0xff)) * 16777619u;
	return hash;
}

/*
 * Follow the frames for as long as they are the program's own: libraries are built without, and
 * what stands in the register then is anything.
 */
__attribute__((no_sanitize("address", "undefined", "thread"))) static uint32_t
identify(const char *name, const uintptr_t *frame, uintptr_t callers[CALLERS])
{
	uint32_t id = 2166136261u;
	uintptr_t from = (uintptr_t)frame;

	for (; *name != '\0'; name++)
		id = mix(id, (unsigned char)*name);
	for (int i = 0; i < CALLERS; i++) {
		uintptr_t pc = frame[1], next = frame[0];

		if (pc < (uintptr_t)__executable_start || pc >= (uintptr_t)etext)
			break;
		callers[i] = pc - (uintptr_t)__executable_start;
		id = mix(id, callers[i]);
		if (next <= (uintptr_t)frame || next - from > 65536 || next % sizeof(next) != 0)
			break;
		frame = (const uintptr_t *)next;
	}
	return id != 0 ? id : 1;
}

static uint32_t
count(uint32_t id)
{
	uint32_t i = id % SITES, n;

	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
		;
	while (sites[i].id != 0 && sites[i].id != id)
		i = (i + 1) % SITES;
	sites[i].id = id;
	n = ++sites[i].n;
	__atomic_clear(&lock, __ATOMIC_RELEASE);
	return n;
}

static void
trace(const char *mark, uint32_t id, uint32_t n, const char *name)
{
	char line[160];
	int size;

	if (!wanted.tracing)
		return;
	size = snprintf(line, sizeof(line), "%s%08" PRIx32 " %" PRIu32 " %s\n", mark, id, n, name);
	(void)!__real_write(TRACE_FD, line, (size_t)size);
}

static void
trace_failure(uint32_t id, uint32_t n, const char *name, const uintptr_t callers[CALLERS])
{
	char text[128];
	int used = snprintf(text, sizeof(text), "%s", name);

	for (int i = 0; i < CALLERS; i++)
		used +=
		    snprintf(text + used, sizeof(text) - (size_t)used, " %" PRIxPTR, callers[i]);
	trace("! ", id, n, text);
}

/* Whether this call is to fail. What it would have been lives on in errno. */
bool
fault_meets(const char *name, const void *frame)
{
	uintptr_t callers[CALLERS] = {0};
	int error = errno;
	bool failing;
	uint32_t id, n;

	if (!wanted.ready)
		return false;
	id = identify(name, frame, callers);
	n = count(id);
	failing = id == wanted.id && (n == wanted.n || (wanted.all && n > wanted.n));
	if (failing)
		trace_failure(id, n, name, callers);
	else
		trace("", id, n, name);
	errno = error;
	return failing;
}

int
fault_sleep_ms(void)
{
	return wanted.sleep_ms;
}

void
fault_errno(int error, int other)
{
	if (error != 0)
		errno = wanted.other && other != 0 ? other : error;
}

/* clang-format off */
#define CALL(type, bad, error, other, name, parameters, arguments) \
	type __wrap_##name parameters \
	{ \
		if (!FAULT_MEETS(#name)) \
			return __real_##name arguments; \
		fault_errno(error, other); \
		return bad; \
	}
#include "calls.h"
#undef CALL
/* clang-format on */
