/* SPDX-License-Identifier: ISC */
#include "daemon/forward_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/forward_client.h"
#include "daemon/forward_keep.h"
#include "daemon/forward_report.h"
#include "daemon/forward_tune.h"
#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"
#include "net/listener.h"

/* Clients taken in by one turn of the loop, so that sessions and other peers have theirs. */
#define ACCEPTS 32

/* After trouble of our own. */
#define NO_ROOM_MS 1000

/* A place that cannot be listened on is tried again, twice as late each time. */
#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS  60000

static const char systemd_prefix[] = "systemd:";

static struct listener_wish
wish_of(const struct forward *f)
{
	return (struct listener_wish){.where = f->where, .group = f->group, .mode = f->mode};
}

static const char *
name_of(const struct forward *f)
{
	return strncmp(f->where, systemd_prefix, strlen(systemd_prefix)) == 0
		   ? f->where + strlen(systemd_prefix)
		   : NULL;
}

/* --- taking in -------------------------------------------------------------------------------- */

static void
each(struct forwards *all, void (*fn)(struct ear *ear))
{
	struct guard *guard = all->guard;

	for (size_t i = 0; i < guard->n_peers; i++) {
		struct forward *f = guard->peers[i]->forward;

		for (unsigned j = 0; f != NULL && j < f->n_ears; j++)
			fn(&f->ears[j]);
	}
}

static void
close_ear(struct ear *ear)
{
	wake_disarm(&ear->wake);
}

static void
open_ear(struct ear *ear)
{
	if (wake_arm(&ear->wake, ear->fd, WAKE_READ | WAKE_END, -1) < 0)
		wake_after(&ear->forward->all->resume, NO_ROOM_MS);
}

/* Said once, until there was room. */
static void
pause_all(struct forwards *all, int error)
{
	if (all->paused)
		return;
	all->paused = true;
	if (!all->paused_told)
		forward_report_paused(all, error);
	all->paused_told = true;
	each(all, close_ear);
	if (error != 0)
		wake_after(&all->resume, NO_ROOM_MS);
}

void
forward_resume(struct forwards *all)
{
	if (all->n_clients >= all->max_clients)
		return;
	all->paused = false;
	wake_disarm(&all->resume);
	each(all, open_ear);
}

static void
on_resume(struct wake *wake, unsigned what)
{
	(void)what;
	forward_resume(container_of(wake, struct forwards, resume));
}

/* Whoever has a duplicate has shut it down: it would be readable for ever, with nobody there. */
static void
begin_anew(struct ear *ear)
{
	struct forward *f = ear->forward;

	close_ear(ear);
	forward_report_deaf(f, "it was shut down", FIRST_RETRY_MS);
	wake_after(&f->retry, FIRST_RETRY_MS);
}

static void
on_ear(struct wake *wake, unsigned what)
{
	struct ear *ear = container_of(wake, struct ear, wake);
	struct forward *f = ear->forward;
	struct forwards *all = f->all;
	int fd = 0;

	/* Of a unix socket accept4() does not say so (unix_accept() in net/unix/af_unix.c). */
	if (what & WAKE_END)
		fd = -EINVAL;
	for (unsigned i = 0; i < ACCEPTS && fd >= 0 && !all->paused; i++) {
		if (all->n_clients >= all->max_clients) {
			pause_all(all, 0);
			break;
		}
		fd = listener_accept(ear->fd);
		if (fd >= 0)
			forward_admit(ear, fd);
		else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM)
			pause_all(all, -fd);
		else if (fd == -ECONNABORTED || fd == -EINTR)
			fd = 0;
	}
	if (fd == -EINVAL)
		begin_anew(ear);
	if (!all->paused)
		all->paused_told = false;
	forward_pump(f);
}

/* --- where ------------------------------------------------------------------------------------ */

static int
add_ear(struct forward *f, int fd)
{
	struct ear *ear = &f->ears[f->n_ears];
	int r = wake_init(f->all->loop, &ear->wake, on_ear);

	if (r == 0 && !f->all->paused)
		r = wake_arm(&ear->wake, fd, WAKE_READ | WAKE_END, -1);
	if (r < 0) {
		wake_clear(&ear->wake);
		return r;
	}
	ear->fd = fd;
	ear->forward = f;
	ear->stowed = (struct stowed){0};
	ear->tuned = false;
	f->n_ears++;
	return 0;
}

static int
duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy >= 0 ? copy : -errno;
}

/* Duplicates: what the service manager has handed over may be asked for again after a reload. */
static int
take_inherited(struct forward *f, const char *name, const char **ret_why)
{
	int fds[FORWARD_EARS];
	unsigned n = inherited_find(&f->all->keep->store.sockets, name, fds, FORWARD_EARS);
	int r = n > 0 ? 0 : -ENOENT;

	*ret_why = "the service manager has handed over no socket of that name: see "
		   "FileDescriptorName= of the socket unit, and start that before kaguard";
	for (unsigned i = 0; i < n; i++) {
		int fd = -1;

		r = listener_check(fds[i]);
		if (r == 0)
			r = fd = duplicate(fds[i]);
		if (r >= 0)
			r = add_ear(f, fd);
		if (r == 0)
			continue;
		*ret_why = r == -ENOTSOCK ? "what the service manager has handed over is no "
					    "stream socket that listens (Accept= has to be no)"
					  : strerror(-r);
		if (fd >= 0)
			close(fd);
		break;
	}
	return r;
}

static int
open_own(struct forward *f, char *why, size_t size)
{
	const struct listener_wish wish = wish_of(f);
	struct salvaged before = {.fd = -1};
	int fd, r = 0;

	if (salvage_listener(&f->all->salvage, &wish, &before)) {
		fd = before.fd;
		r = listener_dress(&wish, why, size);
		if (r < 0) { /* as if it could not be opened */
			listener_close(fd);
			stow_remove(f->all->keep, &before.stowed);
		}
	} else {
		r = listener_open(&wish, &fd, why, size);
	}
	if (r < 0)
		return r;
	r = add_ear(f, fd);
	if (r == 0) {
		f->ears[0].stowed = before.stowed;
		f->ears[0].tuned = forward_tune_listener(fd);
		if (before.fd < 0)
			forward_keep_ear(&f->ears[0]);
	}
	if (r < 0) {
		snprintf(why, size, "%s", strerror(-r));
		listener_close(fd);
		stow_remove(f->all->keep, &before.stowed);
	}
	return r;
}

static void
try_to_listen(struct forward *f)
{
	const char *name = name_of(f), *text;
	int64_t retry_ms = FIRST_RETRY_MS;
	char why[256];
	int r;

	if (name != NULL) {
		r = take_inherited(f, name, &text);
		f->given = true;
	} else {
		r = open_own(f, why, sizeof(why));
		f->given = false;
		text = why;
	}
	if (r == 0) {
		forward_report_listening(f);
		f->failures = 0;
		return;
	}
	for (unsigned i = 0; i < f->failures && retry_ms < LAST_RETRY_MS; i++)
		retry_ms *= 2;
	if (retry_ms > LAST_RETRY_MS)
		retry_ms = LAST_RETRY_MS;
	f->failures++;
	/* What was handed over was so at the start, and is what it is. */
	if (f->given && (r == -ENOENT || r == -ENOTSOCK))
		retry_ms = -1;
	forward_report_deaf(f, text, retry_ms);
	if (retry_ms >= 0)
		wake_after(&f->retry, retry_ms);
}

static void
let_go(struct forward *f, bool shut)
{
	for (unsigned i = 0; i < f->n_ears; i++) {
		wake_clear(&f->ears[i].wake);
		if (shut)
			stow_remove(f->all->keep, &f->ears[i].stowed);
		if (shut && !f->given)
			listener_close(f->ears[i].fd);
		else
			close(f->ears[i].fd);
	}
	f->n_ears = 0;
}

static void
on_retry(struct wake *wake, unsigned what)
{
	struct forward *f = container_of(wake, struct forward, retry);

	(void)what;
	/* Of several that were handed over some may have been taken. */
	let_go(f, true);
	if (f->where != NULL)
		try_to_listen(f);
	else
		forward_listen(f);
}

void
forward_deafen(struct forward *f)
{
	wake_disarm(&f->retry);
	let_go(f, true);
	free(f->where);
	free(f->group);
	f->where = f->group = NULL;
	f->failures = 0;
}

void
forward_unhand(struct forward *f)
{
	wake_disarm(&f->retry);
	let_go(f, false);
}

static bool
is_as_wished(const struct forward *f)
{
	const struct config_peer *config = f->peer->config;

	return f->n_ears > 0 && config->listen != NULL && strcmp(f->where, config->listen) == 0 &&
	       f->mode == config->listen_mode &&
	       (f->group == NULL) == (config->listen_group == NULL) &&
	       (f->group == NULL || strcmp(f->group, config->listen_group) == 0);
}

void
forward_move_out(struct forward *f)
{
	if (!is_as_wished(f))
		forward_deafen(f);
}

void
forward_listen(struct forward *f)
{
	const struct config_peer *config = f->peer->config;

	if (is_as_wished(f))
		return;
	forward_deafen(f);
	f->where = strdup(config->listen);
	f->group = config->listen_group != NULL ? strdup(config->listen_group) : NULL;
	f->mode = config->listen_mode;
	if (f->where != NULL) {
		try_to_listen(f);
	} else {
		forward_report_deaf(f, strerror(ENOMEM), FIRST_RETRY_MS);
		wake_after(&f->retry, FIRST_RETRY_MS);
	}
}

int
forward_listen_init(struct forward *f)
{
	return wake_init(f->all->loop, &f->retry, on_retry);
}

int
forwards_listen_init(struct forwards *all)
{
	all->max_clients = UINT32_MAX;
	return wake_init(all->loop, &all->resume, on_resume);
}
