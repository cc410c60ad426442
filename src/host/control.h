/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_CONTROL_H
#define KAGUARD_HOST_CONTROL_H

/* The control socket in the file system, and who comes to it. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Its group where the daemon runs as root, and may choose. */
#define CONTROL_GROUP "kaguard"
#define CONTROL_MODE  0660

struct control {
	int fd;
	gid_t group; /* whose members may act */
	dev_t device;
	ino_t inode;
	char path[108]; /* as in struct sockaddr_un */
};

/*
 * Listen there. A socket that nobody listens on any more is replaced. 0, or negative errno with
 * the words for it in why: -EADDRINUSE where somebody does.
 */
int control_open(const char *path, struct control *ret, char *why, size_t size);

/* Removes the socket, unless it is somebody else's by now. */
void control_close(struct control *control);

/* The next caller's descriptor, or negative errno: -EAGAIN where there is none. */
int control_accept(const struct control *control);

/* Who has connected. */
struct control_caller {
	pid_t pid;
	uid_t uid;
	bool may_act; /* root, who the daemon runs as, or a member of the socket's group */
};
void control_identify(const struct control *control, int fd, struct control_caller *ret);

#endif
