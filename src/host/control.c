/* SPDX-License-Identifier: ISC */
#include "host/control.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59 /* asm-generic/socket.h, since Linux 4.13 */
#endif

/* Connections that wait to be accepted: those of one turn of the loop. */
#define BACKLOG 32

static int
make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd >= 0 ? fd : -errno;
}

/* The process behind the other end; 0: not known, as from another PID namespace. */
static pid_t
pid_behind(int fd)
{
	struct ucred ucred;
	socklen_t size = sizeof(ucred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &size) == 0 ? ucred.pid : 0;
}

/*
 * What is in the way: removed if it is a socket without a listener. 0: the way is free. Or negative
 * errno, with the words for it.
 */
static int
clear_way(const struct sockaddr_un *address, char *why, size_t size)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, r;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		snprintf(why, size, "%s is there already, and is no socket", path);
		return -EEXIST;
	}
	fd = make_socket();
	if (fd < 0)
		return fd;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;
	if (r == 0 || r == -EAGAIN) { /* EAGAIN: so many wait for it that we cannot */
		pid_t pid = r == 0 ? pid_behind(fd) : 0;

		if (pid > 0)
			snprintf(why, size, "%s is held by process %d", path, (int)pid);
		else
			snprintf(why, size, "%s is held by another process", path);
		r = -EADDRINUSE;
	} else if (r == -ECONNREFUSED) {
		r = unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
	} else if (r == -ENOENT) {
		r = 0;
	}
	close(fd);
	return r;
}

/* Its directory, which a service manager makes; by hand there may be none yet. */
static void
make_directory(const char *path)
{
	char directory[108];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	mkdir(directory, 0755); /* if it failed, bind() will say so */
}

static int
bind_to(int fd, const struct sockaddr_un *address, char *why, size_t size)
{
	int r;

	/* The mode of the socket is that of its name, less the umask (unix_bind_bsd() in
	 * net/unix/af_unix.c): so at no moment it is open to more than it should be. */
	if (fchmod(fd, CONTROL_MODE) != 0)
		return -errno;
	make_directory(address->sun_path);
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	r = clear_way(address, why, size);
	if (r < 0)
		return r;
	return bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;
}

/* Root gives it to the group of that name; anybody else's own group it is already. */
static int
set_access(const char *path)
{
	const struct group *group = geteuid() == 0 ? getgrnam(CONTROL_GROUP) : NULL;

	if (group != NULL && chown(path, (uid_t)-1, group->gr_gid) != 0)
		return -errno;
	return chmod(path, CONTROL_MODE) == 0 ? 0 : -errno;
}

int
control_open(const char *path, struct control *ret, char *why, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control control = {.fd = -1};
	struct stat st;
	int r;

	why[0] = '\0';
	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(why, size, "%s is longer than the name of a socket can be", path);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	strcpy(control.path, path);
	r = control.fd = make_socket();
	if (r >= 0)
		r = bind_to(control.fd, &address, why, size);
	if (r == 0)
		r = set_access(path);
	if (r == 0 && (listen(control.fd, BACKLOG) != 0 || stat(path, &st) != 0))
		r = -errno;
	if (r < 0) {
		if (why[0] == '\0')
			snprintf(why, size, "%s: %s", path, strerror(-r));
		if (control.fd >= 0)
			close(control.fd);
		return r;
	}
	control.group = st.st_gid;
	control.device = st.st_dev;
	control.inode = st.st_ino;
	*ret = control;
	return 0;
}

void
control_close(struct control *control)
{
	struct stat st;

	if (control->fd < 0)
		return;
	if (stat(control->path, &st) == 0 && st.st_dev == control->device &&
	    st.st_ino == control->inode)
		unlink(control->path);
	close(control->fd);
	control->fd = -1;
}

int
control_accept(const struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

/*
 * In a user namespace, such as that of PrivateUsers=, everybody who is not mapped into it is seen
 * as one (DEFAULT_OVERFLOWUID in include/linux/highuid.h): that many of them share an id proves
 * nothing.
 */
#define NOBODY 65534u

/* Whether the group is among those that the caller is in beside its first. */
static bool
is_member(int fd, gid_t group)
{
	socklen_t size = 0;
	gid_t *groups;
	bool found = false;

	/* Says how much room it takes (sk_getsockopt() in net/core/sock.c). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	groups = malloc(size);
	if (groups != NULL && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof(*groups); i++)
			found = found || groups[i] == group;
	free(groups);
	return found;
}

void
control_identify(const struct control *control, int fd, struct control_caller *ret)
{
	struct ucred ucred;
	socklen_t size = sizeof(ucred);

	*ret = (struct control_caller){.uid = (uid_t)-1};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &size) != 0)
		return;
	ret->pid = ucred.pid;
	ret->uid = ucred.uid;
	ret->may_act = ucred.uid == 0 || (ucred.uid == geteuid() && ucred.uid != NOBODY);
	if (!ret->may_act && control->group != NOBODY)
		ret->may_act = ucred.gid == control->group || is_member(fd, control->group);
}
