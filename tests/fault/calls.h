/* SPDX-License-Identifier: ISC */

/*
 * What can fail: CALL(type, what it returns then, errno, another errno or 0, name, parameters,
 * arguments). The linker puts __wrap_NAME in the place of NAME for each (fault.mk reads this file);
 * faulty.c makes them. No guard: it is included for its macro.
 *
 * special.c has those that are more than that: open(), fcntl(), read(), write(), ioctl(), mremap(),
 * asprintf(), connect(), epoll_ctl(), epoll_create1(), pipe2(), timerfd_settime() and
 * sd_journal_sendv().
 *
 * What is in neither cannot fail in a way that a program could meet: clock_gettime(), close() (it
 * has closed), munmap() of all that was mapped, pthread_mutex_lock() and the like; what does
 * nothing but compute; and json_*(), yaml_*() and event_*() fail by what they call. Nor do sockets
 * claim EAGAIN that the kernel would not: whoever waits for an edge after it waits for ever, and
 * rightly. complete.py holds what the daemon imports against this.
 */

/* clang-format off */
CALL(void *, NULL, ENOMEM, 0, malloc, (size_t a), (a))
CALL(void *, NULL, ENOMEM, 0, calloc, (size_t a, size_t b), (a, b))
CALL(void *, NULL, ENOMEM, 0, realloc, (void *a, size_t b), (a, b))
CALL(void *, NULL, ENOMEM, 0, reallocarray, (void *a, size_t b, size_t c), (a, b, c))
CALL(char *, NULL, ENOMEM, 0, strdup, (const char *a), (a))
CALL(char *, NULL, ENOMEM, 0, strndup, (const char *a, size_t b), (a, b))
CALL(int, -1, ENOMEM, 0, vasprintf, (char **a, const char *b, va_list c), (a, b, c))
CALL(FILE *, NULL, ENOMEM, 0, open_memstream, (char **a, size_t *b), (a, b))
CALL(void *, MAP_FAILED, ENOMEM, 0, mmap, (void *a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f))

CALL(int, -1, EMFILE, ENOBUFS, socket, (int a, int b, int c), (a, b, c))
CALL(int, -1, EMFILE, 0, socketpair, (int a, int b, int c, int *d), (a, b, c, d))
CALL(int, -1, EADDRNOTAVAIL, EACCES, bind, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))
CALL(int, -1, EADDRINUSE, 0, listen, (int a, int b), (a, b))
CALL(int, -1, EMFILE, ECONNABORTED, accept4, (int a, struct sockaddr *b, socklen_t *c, int d), (a, b, c, d))
CALL(int, -1, ENOMEM, ENOPROTOOPT, setsockopt, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e))
CALL(int, -1, ENOBUFS, 0, getsockopt, (int a, int b, int c, void *d, socklen_t *e), (a, b, c, d, e))
CALL(int, -1, ENOBUFS, 0, getsockname, (int a, struct sockaddr *b, socklen_t *c), (a, b, c))
CALL(int, -1, ENOTCONN, 0, getpeername, (int a, struct sockaddr *b, socklen_t *c), (a, b, c))
CALL(int, -1, ENOTCONN, 0, shutdown, (int a, int b), (a, b))
CALL(ssize_t, -1, ENOBUFS, EPIPE, send, (int a, const void *b, size_t c, int d), (a, b, c, d))
CALL(ssize_t, -1, ENOBUFS, ETOOMANYREFS, sendmsg, (int a, const struct msghdr *b, int c), (a, b, c))
CALL(ssize_t, -1, ECONNRESET, EINTR, recv, (int a, void *b, size_t c, int d), (a, b, c, d))
CALL(ssize_t, -1, ENOMEM, EINTR, recvmsg, (int a, struct msghdr *b, int c), (a, b, c))
CALL(ssize_t, -1, ENOMEM, 0, splice, (int a, off64_t *b, int c, off64_t *d, size_t e, unsigned f), (a, b, c, d, e, f))

CALL(ssize_t, -1, EIO, 0, pread, (int a, void *b, size_t c, off_t d), (a, b, c, d))
CALL(int, -1, EIO, 0, fstat, (int a, struct stat *b), (a, b))
CALL(int, -1, EACCES, 0, stat, (const char *a, struct stat *b), (a, b))
CALL(int, -1, EACCES, 0, lstat, (const char *a, struct stat *b), (a, b))
CALL(int, -1, EACCES, 0, access, (const char *a, int b), (a, b))
CALL(int, -1, EACCES, 0, unlink, (const char *a), (a))
CALL(int, -1, EPERM, 0, chmod, (const char *a, mode_t b), (a, b))
CALL(int, -1, EPERM, 0, fchmod, (int a, mode_t b), (a, b))
CALL(int, -1, EPERM, 0, chown, (const char *a, uid_t b, gid_t c), (a, b, c))
CALL(int, -1, ENOSPC, 0, mkdir, (const char *a, mode_t b), (a, b))
CALL(int, -1, ENOSPC, 0, rename, (const char *a, const char *b), (a, b))
CALL(int, -1, EIO, 0, fsync, (int a), (a))
CALL(int, -1, ENOSPC, 0, ftruncate, (int a, off_t b), (a, b))
CALL(int, -1, ENOMEM, 0, scandir, (const char *a, struct dirent ***b, int (*c)(const struct dirent *), int (*d)(const struct dirent **, const struct dirent **)), (a, b, c, d))

CALL(int, -1, EINTR, 0, epoll_wait, (int a, struct epoll_event *b, int c, int d), (a, b, c, d))
CALL(int, -1, EINTR, ENOMEM, poll, (struct pollfd *a, nfds_t b, int c), (a, b, c))
CALL(int, -1, EINTR, 0, nanosleep, (const struct timespec *a, struct timespec *b), (a, b))
CALL(int, -1, EMFILE, 0, eventfd, (unsigned a, int b), (a, b))
CALL(int, -1, EMFILE, 0, timerfd_create, (int a, int b), (a, b))
CALL(int, -1, ENFILE, 0, signalfd, (int a, const sigset_t *b, int c), (a, b, c))
CALL(int, -1, EMFILE, ENOSYS, memfd_create, (const char *a, unsigned b), (a, b))
CALL(ssize_t, -1, EINTR, 0, getrandom, (void *a, size_t b, unsigned c), (a, b, c))
CALL(int, -1, EPERM, 0, setrlimit, (int a, const struct rlimit *b), (a, b))
CALL(int, EINVAL, 0, 0, pthread_attr_setstacksize, (pthread_attr_t *a, size_t b), (a, b))
CALL(int, EAGAIN, 0, 0, pthread_create, (pthread_t *a, const pthread_attr_t *b, void *(*c)(void *), void *d), (a, b, c, d))

CALL(int, EAI_MEMORY, 0, 0, getaddrinfo, (const char *a, const char *b, const struct addrinfo *c, struct addrinfo **d), (a, b, c, d))
CALL(char *, NULL, ENXIO, 0, if_indextoname, (unsigned a, char *b), (a, b))
CALL(unsigned, 0, ENODEV, 0, if_nametoindex, (const char *a), (a))
CALL(struct group *, NULL, EIO, 0, getgrnam, (const char *a), (a))
CALL(int, EIO, 0, 0, getgrnam_r, (const char *a, struct group *b, char *c, size_t d, struct group **e), (a, b, c, d, e))
CALL(struct tm *, NULL, EOVERFLOW, 0, localtime_r, (const time_t *a, struct tm *b), (a, b))
CALL(struct tm *, NULL, EOVERFLOW, 0, gmtime_r, (const time_t *a, struct tm *b), (a, b))

CALL(struct event_base *, NULL, ENOMEM, 0, event_base_new_with_config, (const struct event_config *a), (a))
CALL(struct event *, NULL, ENOMEM, 0, event_new, (struct event_base *a, int b, short c, void (*d)(int, short, void *), void *e), (a, b, c, d, e))
CALL(int, -1, ENOMEM, 0, event_add, (struct event *a, const struct timeval *b), (a, b))
CALL(int, 0, ENOMEM, 0, yaml_parser_initialize, (void *a), (a))
CALL(struct mnl_socket *, NULL, EMFILE, 0, mnl_socket_open2, (int a, int b), (a, b))
CALL(int, -1, ENOBUFS, 0, mnl_socket_bind, (struct mnl_socket *a, unsigned b, pid_t c), (a, b, c))
CALL(int, -1, EPERM, 0, mnl_socket_setsockopt, (const struct mnl_socket *a, int b, void *c, socklen_t d), (a, b, c, d))
CALL(ssize_t, -1, ENOBUFS, EINTR, mnl_socket_recvfrom, (const struct mnl_socket *a, void *b, size_t c), (a, b, c))
CALL(ssize_t, -1, ENOBUFS, 0, mnl_socket_sendto, (const struct mnl_socket *a, const void *b, size_t c), (a, b, c))
CALL(int, -1, EPERM, EINTR, mnl_cb_run, (const void *a, size_t b, unsigned c, unsigned d, int (*e)(const struct nlmsghdr *, void *), void *f), (a, b, c, d, e, f))
CALL(int, -EINVAL, 0, 0, sd_watchdog_enabled, (int a, uint64_t *b), (a, b))
