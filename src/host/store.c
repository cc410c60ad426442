/* SPDX-License-Identifier: ISC */
#include "host/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first descriptor that is handed over (SD_LISTEN_FDS_START in sd-daemon.h). */
#define FIRST_FD 3

/* More than any FileDescriptorStoreMax= in use; a larger number is nonsense, not a store. */
#define MAX_FDS 65536

static const char *const prefixes[STORE_KINDS] = {
    [STORE_TABLE] = "kg-table-",
    [STORE_SHELF] = "kg-shelf-",
    [STORE_OWNERS] = "kg-pipes-",
};

char *
store_name_text(enum store_kind kind, uint32_t generation, char buf[NOTIFY_NAME])
{
	snprintf(buf, NOTIFY_NAME, "%s%" PRIu32, prefixes[kind], generation);
	return buf;
}

/* Digits only, no leading zero, 1 .. max. 0 where it is anything else. */
static uint32_t
parse_number(const char *text, size_t length, uint32_t max)
{
	uint64_t value = 0;

	if (length == 0 || length > 10 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	return value <= max ? (uint32_t)value : 0;
}

bool
store_name_parse(const char *text, size_t length, struct store_name *ret)
{
	for (int kind = 0; kind < STORE_KINDS; kind++) {
		size_t prefix = strlen(prefixes[kind]);
		uint32_t generation;

		if (length <= prefix || memcmp(text, prefixes[kind], prefix) != 0)
			continue;
		generation = parse_number(text + prefix, length - prefix, UINT32_MAX);
		if (generation == 0)
			return false;
		*ret = (struct store_name){(enum store_kind)kind, generation};
		return true;
	}
	return false;
}

/* How many descriptors are handed to this process. */
static unsigned
count_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (pid == NULL || fds == NULL ||
	    parse_number(pid, strlen(pid), INT32_MAX) != (uint32_t)getpid())
		return 0;
	return parse_number(fds, strlen(fds), MAX_FDS);
}

static void
close_foreign(struct store *store, int fd, const char *name, size_t length)
{
	if (store->n_foreign++ == 0)
		snprintf(store->foreign, sizeof(store->foreign), "%.*s",
		    (int)(length < sizeof(store->foreign) ? length : sizeof(store->foreign)), name);
	close(fd);
}

/* The fd under a name of that length. 0, or negative errno. */
static int
take_one(struct store *store, int fd, const char *text, size_t length)
{
	struct store_name name;
	int r;

	/* One that is not open was closed by whoever came between the manager and us. */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return 0;
	if (store_name_parse(text, length, &name)) {
		store->items[store->n++] = (struct store_item){name, fd};
		return 0;
	}
	r = inherited_add(&store->sockets, fd, text, length);
	if (r != -ENOTSOCK)
		return r;
	close_foreign(store, fd, text, length);
	return 0;
}

/* All n of them; the names have colons between. */
static int
take_all(struct store *store, const char *names, unsigned n)
{
	int r = 0;

	for (unsigned i = 0; i < n && r == 0; i++) {
		size_t length = strcspn(names, ":");

		r = take_one(store, FIRST_FD + (int)i, names, length);
		names += length + (names[length] == ':');
	}
	return r;
}

static int
youngest_first(const void *a, const void *b)
{
	const struct store_item *x = a, *y = b;

	return (x->name.generation < y->name.generation) -
	       (x->name.generation > y->name.generation);
}

int
store_take(struct store *ret)
{
	const char *names = getenv("LISTEN_FDNAMES");
	struct store store = {0};
	unsigned n = count_fds();
	int r;

	store.items = calloc(n > 0 ? n : 1, sizeof(*store.items));
	if (store.items == NULL)
		return -ENOMEM;
	r = take_all(&store, names != NULL ? names : "", n);
	if (r < 0) {
		store_clear(&store);
		return r;
	}
	qsort(store.items, store.n, sizeof(*store.items), youngest_first);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("LISTEN_PIDFDID");
	unsetenv("FDSTORE");
	*ret = store;
	return 0;
}

void
store_close(struct store *store)
{
	for (unsigned i = 0; i < store->n; i++)
		if (store->items[i].fd >= 0)
			close(store->items[i].fd);
	free(store->items);
	store->items = NULL;
	store->n = 0;
}

void
store_clear(struct store *store)
{
	store_close(store);
	inherited_clear(&store->sockets);
}
