/* SPDX-License-Identifier: ISC */
#include "host/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/kaguard-statefile-XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static void
path_of(const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", directory, name);
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"a", "a.new", "a.corrupt"};
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(names[i], path);
		(void)remove(path);
	}
	return rmdir(directory);
}

static void
assert_reads(const char *expected)
{
	char *text = NULL;
	size_t size = 0;

	assert_int_equal(statefile_read(directory, "a", &text, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(text, expected);
	free(text);
}

static void
what_is_written_is_read(void **state)
{
	char *text = NULL, path[256];
	struct stat status;
	size_t size = 0;

	(void)state;
	assert_int_equal(statefile_read(directory, "a", &text, &size), -ENOENT);
	assert_int_equal(statefile_write(directory, "a", "one\n", 4), 0);
	assert_reads("one\n");
	assert_int_equal(statefile_write(directory, "a", "", 0), 0);
	assert_reads("");
	assert_int_equal(statefile_write(directory, "a", "three\nlines\n", 12), 0);
	assert_reads("three\nlines\n");
	path_of("a", path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	path_of("a.new", path);
	assert_int_equal(access(path, F_OK), -1);
}

/* Any byte that is another one, and any end that is cut off. */
static void
damage_is_found(void **state)
{
	static const char good[] = "kept\n";
	char path[256], bytes[64];
	size_t size;
	FILE *file;

	(void)state;
	assert_int_equal(statefile_write(directory, "a", good, strlen(good)), 0);
	path_of("a", path);
	file = fopen(path, "r+");
	assert_non_null(file);
	size = fread(bytes, 1, sizeof(bytes), file);
	assert_int_equal(size, 27 + strlen(good));
	for (size_t i = 0; i < 2 * size; i++) {
		char *text = (char *)(uintptr_t)good;
		size_t got = 99;

		rewind(file);
		bytes[i / 2] ^= i % 2 ? 0x20 : 0x01;
		assert_int_equal(fwrite(bytes, 1, size, file), size);
		assert_int_equal(fflush(file), 0);
		assert_int_equal(statefile_read(directory, "a", &text, &got), -EBADMSG);
		assert_ptr_equal(text, good);
		assert_int_equal(got, 99);
		bytes[i / 2] ^= i % 2 ? 0x20 : 0x01;
	}
	rewind(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fflush(file), 0);
	assert_reads(good);
	for (size_t length = size; length-- > 0;) {
		char *text = NULL;
		size_t got = 0;

		assert_int_equal(ftruncate(fileno(file), (off_t)length), 0);
		assert_int_equal(statefile_read(directory, "a", &text, &got), -EBADMSG);
	}
	fclose(file);
}

static void
a_damaged_one_is_set_aside(void **state)
{
	char path[256], *text = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(statefile_write(directory, "a", "x", 1), 0);
	assert_int_equal(statefile_set_aside(directory, "a"), 0);
	assert_int_equal(statefile_read(directory, "a", &text, &size), -ENOENT);
	path_of("a.corrupt", path);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(statefile_set_aside(directory, "a"), -ENOENT);
}

/* A disk that is full in the middle: the file before it stays, and nothing else. */
static void
a_write_that_fails_changes_nothing(void **state)
{
	struct rlimit before, none = {0};
	char path[256], *large = calloc(1, 65536);
	int r;

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 65536);
	assert_int_equal(statefile_write(directory, "a", "old", 3), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r = statefile_write(directory, "a", large, 65536);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(r, -EFBIG);
	assert_reads("old");
	path_of("a.new", path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(statefile_write("/nonexistent/kaguard", "a", "x", 1), -ENOENT);
	free(large);
}

/* As when a directory or a pipe has its name, or no path can be that long. */
static void
what_is_no_file_is_refused(void **state)
{
	char path[256], longer[5000], *text = NULL;
	size_t size;

	(void)state;
	path_of("folder", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(statefile_read(directory, "folder", &text, &size), -EBADMSG);
	assert_int_equal(statefile_write(directory, "folder", "x", 1), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	for (size_t i = 0; i < sizeof(longer); i++)
		longer[i] = i % 2 == 0 ? 'x' : '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(statefile_read(directory, longer, &text, &size), -ENAMETOOLONG);
	assert_int_equal(statefile_write(directory, longer, "x", 1), -ENAMETOOLONG);
	assert_int_equal(statefile_set_aside(directory, longer), -ENAMETOOLONG);
	assert_null(text);
}

/* What another process, killed in between, has left there is no obstacle. */
static void
leftovers_are_overwritten(void **state)
{
	char path[256];
	FILE *file;

	(void)state;
	path_of("a.new", path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("much longer than what is written next, and half of it", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(statefile_write(directory, "a", "short", 5), 0);
	assert_reads("short");
}

static void
the_first_directory_is_ours(void **state)
{
	char *given;

	(void)state;
	unsetenv("STATE_DIRECTORY");
	assert_null(statefile_directory());
	setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
	given = statefile_directory();
	assert_string_equal(given, "/var/lib/a");
	free(given);
	setenv("STATE_DIRECTORY", "relative", 1);
	assert_null(statefile_directory());
	unsetenv("STATE_DIRECTORY");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(damage_is_found),
	    cmocka_unit_test(a_damaged_one_is_set_aside),
	    cmocka_unit_test(a_write_that_fails_changes_nothing),
	    cmocka_unit_test(what_is_no_file_is_refused),
	    cmocka_unit_test(leftovers_are_overwritten),
	    cmocka_unit_test(the_first_directory_is_ours),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
