/* SPDX-License-Identifier: ISC */

/*
 * Calls that can fail, but not always, or not by themselves, or whose parameters vary. And
 * sd_journal_sendv() writes to stderr, for there is no journal.
 */
#include "faulty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* clang-format off */
int __real_fstat(int fd, struct stat *ret);
int __real_vasprintf(char **ret, const char *format, va_list args);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_fcntl(int fd, int cmd, ...);
int __wrap_fcntl(int fd, int cmd, ...);
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __real_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __real_epoll_create(int size);
int __wrap_epoll_create(int size);
int __real_pipe2(int fds[2], int flags);
int __wrap_pipe2(int fds[2], int flags);
int __real_pipe(int fds[2]);
int __wrap_pipe(int fds[2]);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_mremap(void *old, size_t old_size, size_t size, int flags, ...);
void *__wrap_mremap(void *old, size_t old_size, size_t size, int flags, ...);
int __wrap_asprintf(char **ret, const char *format, ...);
int __real_timerfd_settime(
    int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_timerfd_settime(
    int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_sd_journal_sendv(const struct iovec *fields, int n);
/* clang-format on */

int
__wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	if (!FAULT_MEETS("open"))
		return __real_open(path, flags, mode);
	fault_errno(EMFILE, EACCES);
	return -1;
}

int
__wrap_fcntl(int fd, int cmd, ...)
{
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	/* Of a descriptor that is open these cannot fail. */
	if (cmd == F_GETFD || cmd == F_SETFD || !FAULT_MEETS("fcntl"))
		return __real_fcntl(fd, cmd, arg);
	errno = cmd == F_DUPFD_CLOEXEC || cmd == F_DUPFD ? EMFILE : EPERM;
	return -1;
}

/*
 * libevent takes the older call where the newer fails. For want of a descriptor that would fail as
 * well.
 */
static __thread bool no_descriptor;

int
__wrap_epoll_create1(int flags)
{
	no_descriptor = FAULT_MEETS("epoll_create1");
	if (!no_descriptor)
		return __real_epoll_create1(flags);
	fault_errno(EMFILE, ENOMEM);
	return -1;
}

int
__wrap_epoll_create(int size)
{
	if (!no_descriptor)
		return __real_epoll_create(size);
	fault_errno(EMFILE, ENOMEM);
	return -1;
}

int
__wrap_pipe2(int fds[2], int flags)
{
	no_descriptor = FAULT_MEETS("pipe2");
	if (!no_descriptor)
		return __real_pipe2(fds, flags);
	errno = EMFILE;
	return -1;
}

int
__wrap_pipe(int fds[2])
{
	if (!no_descriptor)
		return __real_pipe(fds);
	errno = EMFILE;
	return -1;
}

/* As of a socket that is not what it seems, in a sandbox. */
int
__wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!FAULT_MEETS("ioctl"))
		return __real_ioctl(fd, request, arg);
	errno = ENOTTY;
	return -1;
}

void *
__wrap_mremap(void *old, size_t old_size, size_t size, int flags, ...)
{
	if (!FAULT_MEETS("mremap"))
		return __real_mremap(old, old_size, size, flags);
	errno = ENOMEM;
	return MAP_FAILED;
}

int
__wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int n = -1;

	va_start(args, format);
	if (!FAULT_MEETS("asprintf"))
		n = __real_vasprintf(ret, format, args);
	else
		errno = ENOMEM;
	va_end(args);
	return n;
}

/*
 * $KAGUARD_SLEEP_MS: so long after its start the machine has been asleep for an hour. The timer
 * that the daemon has for that then ends, and is armed anew.
 */
static bool dozing, slept;

int
__wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	struct itimerspec soon = {.it_value.tv_nsec = fault_sleep_ms() * 1000000L};
	bool first = !dozing;

	if ((flags & TFD_TIMER_CANCEL_ON_SET) == 0)
		return __real_timerfd_settime(fd, flags, new, old);
	if (FAULT_MEETS("timerfd_settime")) {
		errno = EINVAL;
		return -1;
	}
	dozing = true;
	if (first && fault_sleep_ms() > 0)
		return __real_timerfd_settime(fd, 0, &soon, old);
	slept = fault_sleep_ms() > 0;
	return __real_timerfd_settime(fd, flags, new, old);
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = __real_clock_gettime(clock, ret);

	if (clock == CLOCK_BOOTTIME && slept)
		ret->tv_sec += 3600;
	return r;
}

/* To nowhere, that is to let go of what there was: tcp_disconnect() has nothing that could fail. */
int
__wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	if (address->sa_family == AF_UNSPEC || !FAULT_MEETS("connect"))
		return __real_connect(fd, address, size);
	fault_errno(EADDRNOTAVAIL, ENETUNREACH);
	return -1;
}

/* Only what has to be allocated can fail. */
int
__wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (op != EPOLL_CTL_ADD || !FAULT_MEETS("epoll_ctl"))
		return __real_epoll_ctl(epfd, op, fd, event);
	fault_errno(ENOMEM, ENOSPC);
	return -1;
}

/* From a pipe that is what libevent is told of signals by; it has nothing that could fail. */
ssize_t
__wrap_read(int fd, void *data, size_t size)
{
	struct stat st;

	if ((__real_fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) || !FAULT_MEETS("read"))
		return __real_read(fd, data, size);
	fault_errno(EIO, EINTR);
	return -1;
}

/* One byte goes the same way: the pipe is as good as empty. */
ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
	if (size == 1 || !FAULT_MEETS("write"))
		return __real_write(fd, data, size);
	fault_errno(ENOSPC, EINTR);
	return -1;
}

int
__wrap_sd_journal_sendv(const struct iovec *fields, int n)
{
	if (FAULT_MEETS("sd_journal_sendv"))
		return -ENOBUFS;
	for (int i = 0; i < n; i++)
		if (fields[i].iov_len > 8 && memcmp(fields[i].iov_base, "MESSAGE=", 8) == 0) {
			const struct iovec line[] = {
			    {(char *)fields[i].iov_base + 8, fields[i].iov_len - 8},
			    {(char[]){"\n"}, 1}};

			(void)!writev(STDERR_FILENO, line, 2);
		}
	return 0;
}
