/* SPDX-License-Identifier: ISC */
#include "net/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* What a new pipe takes (PIPE_DEF_BUFFERS pages in fs/pipe.c), and one for bulk. */
#define SMALL_SIZE 65536
#define LARGE_SIZE (512 * 1024)

/* All pipes of a user count against /proc/sys/fs/pipe-user-pages-soft, 64 MiB unless it was
 * changed; half of that is for those that are large. */
#define MAX_LARGE (32 * 1024 * 1024 / LARGE_SIZE)

static int
make(struct pipes *pipes, struct pipe **ret)
{
	struct pipe *pipe = calloc(1, sizeof(*pipe));
	int fds[2];

	if (pipe == NULL)
		return -ENOMEM;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		free(pipe);
		return -errno;
	}
	pipe->read_fd = fds[0];
	pipe->write_fd = fds[1];
	pipe->size = SMALL_SIZE;
	pipes->n++;
	pipe->owner = &pipe->own;
	if (pipes->made != NULL)
		pipes->made(pipes, pipe);
	*ret = pipe;
	return 0;
}

static struct pipe *
pop(struct pipe **list)
{
	struct pipe *pipe = *list;

	if (pipe != NULL)
		*list = pipe->next;
	return pipe;
}

int
pipes_take(struct pipes *pipes, uint64_t owner, int bulk, struct pipe **ret)
{
	struct pipe *pipe = pop(bulk ? &pipes->large : &pipes->small);
	int r;

	if (pipe == NULL)
		pipe = pop(bulk ? &pipes->small : &pipes->large);
	if (pipe == NULL) {
		r = make(pipes, &pipe);
		if (r < 0)
			return r;
	}
	*pipe->owner = owner;
	*ret = pipe;
	return 0;
}

void
pipes_give(struct pipes *pipes, struct pipe *pipe)
{
	struct pipe **list = pipe->size > SMALL_SIZE ? &pipes->large : &pipes->small;

	/* Another one may be better off. */
	if (pipe->write_fd < 0 || pipe->exposed) {
		pipes_discard(pipes, pipe);
		return;
	}
	*pipe->owner = 0;
	pipe->held = 0;
	pipe->next = *list;
	*list = pipe;
}

void
pipes_discard(struct pipes *pipes, struct pipe *pipe)
{
	if (pipe->size > SMALL_SIZE)
		pipes->n_large--;
	if (!pipes->leaving) {
		*pipe->owner = 0;
		if (pipes->gone != NULL)
			pipes->gone(pipes, pipe);
	}
	close(pipe->read_fd);
	if (pipe->write_fd >= 0)
		close(pipe->write_fd);
	free(pipe);
}

void
pipes_enlarge(struct pipes *pipes, struct pipe *pipe)
{
	int size;

	if (pipe->size > SMALL_SIZE || pipes->n_large >= MAX_LARGE)
		return;
	size = fcntl(pipe->write_fd, F_SETPIPE_SZ, LARGE_SIZE);
	if (size <= SMALL_SIZE)
		return; /* above what the user may have: it goes on as it is */
	pipe->size = (uint32_t)size;
	pipes->n_large++;
}

void
pipes_clear(struct pipes *pipes)
{
	struct pipe *pipe;

	while ((pipe = pop(&pipes->small)) != NULL || (pipe = pop(&pipes->large)) != NULL)
		pipes_discard(pipes, pipe);
}
