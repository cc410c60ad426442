/* SPDX-License-Identifier: ISC */

/*
 * Loading with every allocation failing in its turn, first alone and then with all that follow: no
 * crash, no leak (the sanitizers look), and either a configuration, or -ENOMEM.
 */

#include "config/load.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "config/config.h"
#include "config_text.h"

/* The linker's --wrap puts these between the library and the C library. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
char *__real_strdup(const char *text);
int __real_vasprintf(char **ret, const char *format, va_list ap);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_vasprintf(char **ret, const char *format, va_list ap);

static long countdown = -1; /* allocations until one fails; -1: none does */
static bool for_good;	    /* and then all do */
static long made;

static bool
fails(void)
{
	made++;
	if (countdown < 0)
		return false;
	if (countdown > 0) {
		countdown--;
		return false;
	}
	if (!for_good)
		countdown = -1;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *
__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, n, size);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

int
__wrap_vasprintf(char **ret, const char *format, va_list ap)
{
	return fails() ? -1 : __real_vasprintf(ret, format, ap);
}

/* Enough of everything that each kind of allocation is there, and more than one of it. */
static char *
make_text(bool valid)
{
	static char text[16384];
	size_t len = (size_t)snprintf(text, sizeof(text),
	    "defaults: {bind: 192.0.2.1, heartbeat: {send: 'x\\n', expect: y, every: 5}}\n"
	    "peers:\n");

	/* The first cannot be reached from there, of which there is a warning. */
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "- {name: peer-%d, address: \"%s%d%s:443\", firewall: %d, sessions: %s}\n", i,
		    i == 0 ? "[2001:db8::" : "host-", i, i == 0 ? "]" : ".example.com", 200 + i,
		    valid ? "2" : "two");
	return text;
}

/* The result of loading with the n-th allocation failing. */
static int
load(const char *text, long n, bool all)
{
	struct config *config = NULL;
	struct remarks remarks;
	int error;

	made = 0;
	countdown = n;
	for_good = all;
	error = config_text_load(text, strlen(text), &config, &remarks);
	countdown = -1;
	assert_true((error == 0) == (config != NULL));
	assert_true(error == 0 || error == -ENOMEM || remarks.n_errors > 0);
	if (error == 0)
		assert_int_equal(config->n_peers, 100);
	config_free(config);
	remarks_clear(&remarks);
	return error;
}

/* The excerpt of a source line is left out rather than its remark, so `remarks` of them may fail.
 */
static void
try_each(const char *text, int expected, long remarks)
{
	long total, spared = 0;

	assert_int_equal(load(text, -1, false), expected);
	total = made;
	assert_true(total > 20);
	for (long n = 0; n < total; n++) {
		int error = load(text, n, false);

		assert_true(error == -ENOMEM || error == expected);
		spared += error == expected;
		assert_int_equal(load(text, n, true), n + 1 < total ? -ENOMEM : error);
	}
	assert_int_equal(spared, remarks);
	assert_int_equal(load(text, total, true), expected);
}

static void
a_valid_file(void **state)
{
	(void)state;
	try_each(make_text(true), 0, 1);
}

static void
a_file_with_errors(void **state)
{
	(void)state;
	try_each(make_text(false), -EINVAL, 101);
}

/* All allocations are jansson's there, which are not the linker's to wrap. */
static int
print_schema(long n, bool all)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int error;

	assert_non_null(out);
	made = 0;
	countdown = n;
	for_good = all;
	error = config_schema_print(out);
	countdown = -1;
	fclose(out);
	if (error == 0)
		assert_true(size > 1000 && text[size - 2] == '}');
	free(text);
	return error;
}

static void
the_schema(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	long total;

	(void)state;
	json_set_alloc_funcs(__wrap_malloc, free);
	assert_int_equal(print_schema(-1, false), 0);
	total = made;
	assert_true(total > 1000);
	/* What is lost in the writing is no lack of memory, but of the same kind. */
	for (long n = 0; n < total; n++) {
		int error = print_schema(n, n % 2 == 0);

		assert_true(error == -ENOMEM || error == -EIO);
	}
	json_set_alloc_funcs(malloc, free);
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(config_schema_print(full), -EIO);
	fclose(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_valid_file),
	    cmocka_unit_test(a_file_with_errors),
	    cmocka_unit_test(the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
