/* SPDX-License-Identifier: ISC */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/address.h"

/* Clients that wait to be taken in; the kernel takes no more than net.core.somaxconn. */
#define BACKLOG 4096

/* Longer than the name of any group. */
#define GROUP_BUFFER 16384

union place {
	struct sockaddr any;
	struct sockaddr_un un;
	union address address;
};

static const char unix_prefix[] = "unix:";

static const char *
path_of(const char *where)
{
	return strncmp(where, unix_prefix, strlen(unix_prefix)) == 0 ? where + strlen(unix_prefix)
								     : NULL;
}

/* 0, or -EINVAL, which the configuration does not let through. */
static int
parse(const char *where, union place *ret, socklen_t *ret_len)
{
	const char *path = path_of(where), *colon = strrchr(where, ':');
	char host[ADDRESS_TEXT_SIZE];
	size_t len;
	int r;

	*ret = (union place){0};
	if (path != NULL) {
		if (strlen(path) >= sizeof(ret->un.sun_path))
			return -EINVAL;
		ret->un.sun_family = AF_UNIX;
		strcpy(ret->un.sun_path, path);
		*ret_len = sizeof(ret->un);
		return 0;
	}
	len = colon != NULL ? (size_t)(colon - where) : 0;
	if (len > 1 && where[0] == '[') {
		where++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, where, len);
	host[len] = '\0';
	r = address_parse(host, (uint16_t)strtoul(colon + 1, NULL, 10), &ret->address);
	*ret_len = r == 0 ? address_len(&ret->address) : 0;
	return r;
}

/* --- unix ------------------------------------------------------------------------------------- */

/* What is in the way is removed if it is a socket without a listener. 0: the way is free. */
static int
clear_way(const union place *place)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(place->un.sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		r = -EEXIST;
	else if (connect(fd, &place->any, sizeof(place->un)) == 0 || errno == EAGAIN)
		r = -EADDRINUSE;
	else if (errno == ECONNREFUSED)
		r = unlink(place->un.sun_path) == 0 || errno == ENOENT ? 0 : -errno;
	else
		r = errno == ENOENT ? 0 : -errno;
	close(fd);
	return r;
}

static int
find_group(const char *name, gid_t *ret)
{
	struct group group, *found = NULL;
	char *buf = malloc(GROUP_BUFFER);
	int r = buf == NULL ? ENOMEM : getgrnam_r(name, &group, buf, GROUP_BUFFER, &found);

	if (found != NULL)
		*ret = group.gr_gid;
	free(buf);
	return r != 0 ? -r : found != NULL ? 0 : -ESRCH;
}

static int
dress(const char *path, const struct listener_wish *wish, gid_t group)
{
	if (group != (gid_t)-1 && chown(path, (uid_t)-1, group) != 0)
		return -errno;
	return chmod(path, wish->mode) == 0 ? 0 : -errno;
}

/* What a new one in that directory has if nothing is asked for (inode_init_owner() in fs/inode.c).
 */
static gid_t
usual_group(char *path)
{
	char *slash = strrchr(path, '/');
	struct stat st;

	if (slash != NULL)
		*slash = '\0';
	return stat(slash == NULL   ? "."
		    : *path == '\0' ? "/"
				    : path,
		   &st) == 0 &&
		       (st.st_mode & S_ISGID) != 0
		   ? st.st_gid
		   : getegid();
}

/* Nobody but us gets at it before it has its group and its mode: those of its name are what the
 * socket has, less the umask (unix_bind_bsd() in net/unix/af_unix.c). */
static int
bind_path(int fd, const union place *place, const struct listener_wish *wish)
{
	const char *path = place->un.sun_path;
	gid_t group = (gid_t)-1;
	int r = wish->group != NULL ? find_group(wish->group, &group) : 0;

	if (r < 0)
		return r;
	if (fchmod(fd, 0600) != 0)
		return -errno;
	if (bind(fd, &place->any, sizeof(place->un)) != 0) {
		r = errno == EADDRINUSE ? clear_way(place) : -errno;
		if (r < 0)
			return r;
		if (bind(fd, &place->any, sizeof(place->un)) != 0)
			return -errno;
	}
	r = dress(path, wish, group);
	if (r < 0)
		unlink(path);
	return r;
}

/* --- both ------------------------------------------------------------------------------------- */

/* "[::]" is every address of this host, of both families. */
static int
bind_address(int fd, const union place *place, socklen_t len)
{
	int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (place->any.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) ||
	    bind(fd, &place->any, len) != 0)
		return -errno;
	return 0;
}

static void
explain(const struct listener_wish *wish, int error, char *why, size_t size)
{
	switch (error) {
	case -EADDRINUSE:
		snprintf(why, size, "somebody else listens there");
		break;
	case -EADDRNOTAVAIL:
		snprintf(why, size, "this host does not have that address");
		break;
	case -EEXIST:
		snprintf(why, size, "there is a file of that name, which is no socket");
		break;
	case -ESRCH:
		snprintf(why, size, "there is no group '%s'", wish->group);
		break;
	default:
		snprintf(why, size, "%s", strerror(-error));
		break;
	}
}

int
listener_open(const struct listener_wish *wish, int *ret_fd, char *why, size_t size)
{
	union place place;
	socklen_t len = 0;
	int r = parse(wish->where, &place, &len), fd = -1;

	if (r == 0) {
		fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		r = fd < 0 ? -errno : 0;
	}
	if (r == 0)
		r = place.any.sa_family == AF_UNIX ? bind_path(fd, &place, wish)
						   : bind_address(fd, &place, len);
	if (r == 0 && listen(fd, BACKLOG) != 0)
		r = -errno;
	if (r < 0) {
		explain(wish, r, why, size);
		if (fd >= 0)
			close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

void
listener_close(int fd)
{
	union place place = {0};
	socklen_t len = sizeof(place);
	bool named = getsockname(fd, &place.any, &len) == 0 && place.any.sa_family == AF_UNIX;

	/* Duplicates would go on listening. */
	shutdown(fd, SHUT_RDWR);
	close(fd);
	/* What somebody else listens on by now is left alone. */
	if (named)
		(void)clear_way(&place);
}

/* A unix socket that was shut down says still that it listens (unix_shutdown() in
 * net/unix/af_unix.c). */
static bool
is_shut_down(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLRDHUP};

	return poll(&end, 1, 0) > 0 && (end.revents & (POLLRDHUP | POLLHUP)) != 0;
}

int
listener_check(int fd)
{
	int type = 0, listens = 0, flags;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0)
		return -errno;
	if (type != SOCK_STREAM || !listens || is_shut_down(fd))
		return -ENOTSOCK;
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
}

bool
listener_fits(int fd, const struct listener_wish *wish)
{
	union place place, bound = {0};
	socklen_t len, bound_len = sizeof(bound);

	if (parse(wish->where, &place, &len) < 0 || getsockname(fd, &bound.any, &bound_len) != 0 ||
	    bound.any.sa_family != place.any.sa_family)
		return false;
	if (place.any.sa_family == AF_UNIX)
		return strcmp(place.un.sun_path, bound.un.sun_path) == 0 &&
		       access(place.un.sun_path, F_OK) == 0;
	return address_equal(&place.address, &bound.address);
}

int
listener_dress(const struct listener_wish *wish, char *why, size_t size)
{
	union place place, copy;
	gid_t group = (gid_t)-1;
	socklen_t len;
	int r = parse(wish->where, &place, &len);

	if (r < 0 || place.any.sa_family != AF_UNIX)
		return 0;
	copy = place;
	if (wish->group != NULL)
		r = find_group(wish->group, &group);
	else
		group = usual_group(copy.un.sun_path);
	if (r == 0)
		r = dress(place.un.sun_path, wish, group);
	if (r < 0)
		explain(wish, r, why, size);
	return r;
}

int
listener_accept(int fd)
{
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return client >= 0 ? client : -errno;
}

void
listener_refuse(int client_fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(client_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client_fd);
}
