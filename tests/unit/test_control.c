/* SPDX-License-Identifier: ISC */
#include "host/control.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GROUP  54321 /* kaguard's here */
#define OTHERS 54320
#define USER   54322

/* The linker's --wrap puts these between the library and the C library. */
struct group *__wrap_getgrnam(const char *name);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);

static bool group_is_there, tells_nothing;

struct group *
__wrap_getgrnam(const char *name)
{
	static struct group group = {.gr_gid = GROUP};

	assert_string_equal(name, CONTROL_GROUP);
	return group_is_there ? &group : NULL;
}

int
__wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	if (!tells_nothing)
		return __real_getsockopt(fd, level, name, value, size);
	errno = ENOPROTOOPT;
	return -1;
}

static char directory[64], path[96];

static int
set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/kaguard-control-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/run/control", directory);
	return 0;
}

static int
tear_down(void **state)
{
	char inner[96];

	(void)state;
	snprintf(inner, sizeof(inner), "%s/run", directory);
	unlink(path);
	rmdir(inner);
	return rmdir(directory);
}

static int
try_to_connect(int fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int
connect_to_it(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_return_code(try_to_connect(fd), errno);
	return fd;
}

static void
is_there_for_its_group_only(void **state)
{
	mode_t umask_before = umask(0);
	struct control control;
	struct stat st;
	char why[256];

	(void)state;
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	assert_return_code(stat(path, &st), errno);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, CONTROL_MODE);
	assert_int_equal(st.st_gid, control.group);
	control_close(&control);
	assert_int_equal(stat(path, &st), -1);
	umask(077);
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_mode & 07777, CONTROL_MODE);
	control_close(&control);
	umask(umask_before);
}

static void
knows_who_comes(void **state)
{
	struct control_caller caller;
	struct control control;
	char why[256];
	int fd, accepted;

	(void)state;
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	assert_int_equal(control_accept(&control), -EAGAIN);
	fd = connect_to_it();
	accepted = control_accept(&control);
	assert_return_code(accepted, -accepted);
	control_identify(&control, accepted, &caller);
	assert_int_equal(caller.pid, getpid());
	assert_int_equal(caller.uid, geteuid());
	assert_true(caller.may_act);
	close(accepted);
	close(fd);
	control_close(&control);
}

/* Connects as another user, who is in these groups; returns the connection as the daemon sees it.
 */
static int
visited_by(const struct control *control, gid_t first, gid_t second)
{
	int status;
	pid_t child = fork();

	assert_return_code(child, errno);
	if (child == 0) {
		if (setgroups(second != 0, &second) == 0 && setgid(first) == 0 && setuid(USER) == 0)
			_exit(try_to_connect(socket(AF_UNIX, SOCK_STREAM, 0)) != 0);
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_not_equal(WEXITSTATUS(status), 2);
	return control_accept(control);
}

static void
its_group_may_act(void **state)
{
	static const struct {
		gid_t first, second;
	} rows[] = {{GROUP, 0}, {OTHERS, GROUP}};
	struct control_caller caller;
	struct control control;
	struct stat st;
	char why[256];

	(void)state;
	if (geteuid() != 0)
		skip();
	group_is_there = true;
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_gid, GROUP);
	assert_int_equal(control.group, GROUP);
	assert_return_code(chmod(directory, 0755), errno);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = visited_by(&control, rows[i].first, rows[i].second);

		assert_return_code(fd, -fd);
		control_identify(&control, fd, &caller);
		assert_int_equal(caller.uid, USER);
		assert_true(caller.may_act);
		close(fd);
	}
	/* The mode keeps everybody else out. */
	assert_int_equal(visited_by(&control, OTHERS, 0), -EAGAIN);
	group_is_there = false;
	control_close(&control);
}

/* One whom an administrator let in by the mode is in the way of nobody, but may only look. */
static void
others_may_look(void **state)
{
	struct control_caller caller;
	struct control control;
	char why[256];
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	group_is_there = true;
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	assert_return_code(chmod(directory, 0755), errno);
	assert_return_code(chmod(path, 0666), errno);
	for (int i = 0; i < 2; i++) {
		fd = visited_by(&control, OTHERS, i == 0 ? 0 : OTHERS + 2);
		assert_return_code(fd, -fd);
		control_identify(&control, fd, &caller);
		assert_int_equal(caller.uid, USER);
		assert_false(caller.may_act);
		close(fd);
	}
	fd = visited_by(&control, 65534, 0);
	control.group =
	    65534; /* all of whom are seen as that who are not mapped: it proves nothing */
	control_identify(&control, fd, &caller);
	assert_false(caller.may_act);
	close(fd);
	group_is_there = false;
	control_close(&control);
}

static void
who_is_not_known_may_not_act(void **state)
{
	struct control_caller caller = {.may_act = true};
	struct control control, second;
	char why[256];
	int fd, accepted;

	(void)state;
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	fd = connect_to_it();
	accepted = control_accept(&control);
	tells_nothing = true;
	control_identify(&control, accepted, &caller);
	assert_int_equal(caller.uid, (uid_t)-1);
	assert_false(caller.may_act);
	/* Nor can it be said who has it. */
	assert_int_equal(control_open(path, &second, why, sizeof(why)), -EADDRINUSE);
	assert_non_null(strstr(why, "is held by another process"));
	tells_nothing = false;
	close(accepted);
	close(fd);
	control_close(&control);
	control_close(&control); /* which is closed already */
}

static void
one_that_nobody_listens_on_is_replaced(void **state)
{
	struct control left, control;
	char why[256];
	int fd;

	(void)state;
	assert_int_equal(control_open(path, &left, why, sizeof(why)), 0);
	close(left.fd); /* as a process that was killed */
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	fd = connect_to_it();
	close(fd);
	control_close(&control);
}

static void
one_that_somebody_has_is_not(void **state)
{
	struct control control, second;
	char why[256], holder[64];

	(void)state;
	assert_int_equal(control_open(path, &control, why, sizeof(why)), 0);
	assert_int_equal(control_open(path, &second, why, sizeof(why)), -EADDRINUSE);
	snprintf(holder, sizeof(holder), "is held by process %d", (int)getpid());
	assert_non_null(strstr(why, holder));
	close(connect_to_it());
	control_close(&control);
}

static void
what_is_no_socket_stays(void **state)
{
	struct control control;
	char why[256], inner[96];
	FILE *file;

	(void)state;
	snprintf(inner, sizeof(inner), "%s/run", directory);
	assert_return_code(mkdir(inner, 0755), errno);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(control_open(path, &control, why, sizeof(why)), -EEXIST);
	assert_non_null(strstr(why, "is no socket"));
	assert_int_equal(access(path, F_OK), 0);
}

static void
what_cannot_be_has_words(void **state)
{
	struct control control;
	char why[256], longer[200];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(control_open(longer, &control, why, sizeof(why)), -ENAMETOOLONG);
	assert_int_equal(
	    control_open("/nonexistent/further/down", &control, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "/nonexistent/further/down: No such file or directory");
}

/* The socket of the daemon that has come after us is not ours to remove. */
static void
somebody_elses_is_left(void **state)
{
	struct control first, second;
	char why[256];

	(void)state;
	assert_int_equal(control_open(path, &first, why, sizeof(why)), 0);
	assert_return_code(unlink(path), errno);
	assert_int_equal(control_open(path, &second, why, sizeof(why)), 0);
	control_close(&first);
	assert_int_equal(access(path, F_OK), 0);
	control_close(&second);
	assert_int_equal(access(path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(is_there_for_its_group_only, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(knows_who_comes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(its_group_may_act, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(others_may_look, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_is_not_known_may_not_act, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		one_that_nobody_listens_on_is_replaced, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_that_somebody_has_is_not, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_no_socket_stays, set_up, tear_down),
	    cmocka_unit_test(what_cannot_be_has_words),
	    cmocka_unit_test_setup_teardown(somebody_elses_is_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
