/* SPDX-License-Identifier: ISC */

/*
 * Several clients of the control socket at once, who send anything in any pieces, stop to read, and
 * hang up when it suits them, while sessions come and go: each reply is one to a call, in the form
 * that it has to have, and in the end nothing is left of any of them.
 *
 * The input is steps that end in NUL. A digit is a call of that client; another letter as follows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "caller.h"
#include "config/load.h"
#include "daemon/clients.h"
#include "daemon/forward.h"
#include "daemon/keep.h"
#include "descriptors.h"
#include "fuzz.h"
#include "net/loop.h"
#include "../sim/world.h"

#define CLIENTS	 4
#define STEPS	 64
#define SESSIONS 5
#define TURNS	 10	/* that it takes at most from a call to the first piece of its answer */
#define PATIENCE 700000 /* more than any probe has */

static struct daemon {
	struct world world;
	struct loop *loop;
	struct wake stop;
	struct service service;
	struct events events;
	struct clients clients;
	struct forwards forwards;
	struct keep keep;
	bool tunnels;
	const char *text; /* of the configuration that is read at a reload */
	size_t size;
} d;
static struct caller callers[CLIENTS];
static struct journal *journal;
static char directory[] = "/tmp/kaguard-fuzz-XXXXXX", path[64], tunnel[64];

/* --- the daemon ------------------------------------------------------------------------------- */

static void
on_say(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	(void)report;
	events_add(&d.events, message, priority, fields, text);
}

static void
on_added(struct events *events)
{
	(void)events;
	clients_news(&d.clients);
}

static void
on_stop(struct wake *wake, unsigned what)
{
	(void)wake;
	(void)what;
	loop_stop(d.loop);
}

/* Peers come and go; the first of them may be a tunnel. */
static void
configure(void)
{
	struct config_peer *peer;

	world_configure(&d.world, SESSIONS);
	peer = d.world.peers[d.world.current];
	if (d.tunnels && d.world.guard.n_peers > 0) {
		peer->listen = tunnel;
		peer->listen_mode = 0600;
	}
	forwards_configure(&d.forwards);
}

/* The books are those of sessions without clients, who are not wanted all the time. */
static void
pass(int64_t ms)
{
	int64_t until_ms = d.world.sim.now_ms + ms;

	if (!d.tunnels)
		world_pass(&d.world, ms);
	else
		while (world_step(&d.world, until_ms))
			;
}

/* What is told of the configuration comes from a real one, what is put in force does not. */
static void
on_reload(struct service *service, struct service_answer *ret)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config *config = NULL;
	char name[32];

	(void)service;
	assert_true(fd >= 0 && write(fd, d.text, d.size) == (ssize_t)d.size);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ret->error = config_load(name, &config, &ret->remarks);
	close(fd);
	config_free(config);
	snprintf(ret->text, sizeof(ret->text), "%s", ret->error == 0 ? "changed" : "refused");
	if (ret->error == 0)
		configure();
}

static void
tidy(void)
{
	journal_close(journal, 0);
	rmdir(directory);
}

static void
set_up_once(void)
{
	if (journal != NULL)
		return;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/control", directory);
	snprintf(tunnel, sizeof(tunnel), "unix:%s/tunnel", directory);
	assert_int_equal(journal_open_on(JOURNAL_LINES, 2, LOG_ERR, &journal), 0);
	atexit(tidy);
}

static void
set_up(void)
{
	char why[256];

	memset(&d, 0, sizeof(d));
	assert_int_equal(loop_new(&d.loop), 0);
	assert_int_equal(wake_init(d.loop, &d.stop, on_stop), 0);
	assert_int_equal(events_init(&d.events), 0);
	d.events.added = on_added;
	d.service = (struct service){.loop = d.loop,
	    .guard = &d.world.guard,
	    .events = &d.events,
	    .config_path = "/etc/kaguard.yaml",
	    .clients = &d.clients,
	    .journal = journal,
	    .reload = on_reload};
	assert_int_equal(clients_init(&d.clients, &d.service), 0);
	assert_int_equal(clients_listen(&d.clients, path, why, sizeof(why)), 0);
	world_init(&d.world, 1);
	d.world.guard.report.say = on_say;
	assert_int_equal(forwards_open(&d.forwards, d.loop, &d.world.guard, &d.keep), 0);
	configure();
	for (int i = 0; i < CLIENTS; i++) {
		callers[i].fd = -1;
		callers[i].owed = -1;
	}
}

/* One turn of its loop. */
static void
turn(void)
{
	assert_int_equal(wake_after(&d.stop, 0), 0);
	assert_int_equal(loop_run(d.loop), 0);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void
receive_all(void)
{
	turn();
	for (int i = 0; i < CLIENTS; i++)
		caller_receive(&callers[i]);
}

/* A call with its end, or a piece of one. Who takes no answers is not listened to in the end. */
static void
send_text(struct caller *c, const char *text, size_t size, bool whole)
{
	size_t sent = 0;

	caller_connect(c, path);
	if (whole)
		caller_asks(c, text);
	else
		c->owed = -1;
	while (c->fd >= 0 && (sent = caller_send(c, text, size)) < size && !c->deaf) {
		text += sent;
		size -= sent;
		receive_all();
	}
	if (c->fd < 0 || sent < size)
		c->owed = -1;
}

static void
say(const char *text)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	fields.peer = "a";
	on_say(NULL, MESSAGE_SESSION_UP, LOG_INFO, &fields, text);
}

/* What the daemon, its host and its peers do. */
static void
happen(char what, const char *text, size_t size)
{
	switch (what) {
	case 't': /* time passes */
		pass(size > 0 ? (unsigned char)text[0] * 200 : 100);
		break;
	case 's': /* something is said */
		say(text);
		break;
	case 'c': /* a configuration is there, and is put in force if it is one */
		d.text = text;
		d.size = size;
		break;
	case 'f': /* there are tunnels from now on */
		d.tunnels = true;
		configure();
		break;
	case 'l': /* peers come and go */
		configure();
		break;
	default:
		break;
	}
}

/* What one of the clients does, or else happens. */
static void
act(char what, const char *text, size_t size)
{
	struct caller *c = &callers[size > 0 ? (unsigned char)text[0] % CLIENTS : 0];

	switch (what) {
	case 'h': /* hangs up */
		caller_hang_up(c);
		c->owed = -1;
		break;
	case 'e': /* sends no more */
		if (c->fd >= 0)
			shutdown(c->fd, SHUT_WR);
		break;
	case 'd': /* reads nothing, or again */
		c->deaf = !c->deaf;
		break;
	case 'p': /* sends a piece */
		if (size > 1)
			send_text(c, text + 1, size - 1, false);
		break;
	default:
		happen(what, text, size);
		break;
	}
}

/* Who waits for an answer has it when its time is over, save for those who want all events. */
static void
finish(void)
{
	size_t before, now = 0;

	for (int i = 0; i < CLIENTS; i++) {
		callers[i].deaf = false;
		if (callers[i].fd >= 0)
			shutdown(callers[i].fd, SHUT_WR);
	}
	do {
		before = now;
		d.world.sim.now_ms += PATIENCE;
		clients_news(&d.clients);
		for (int i = 0; i < TURNS; i++)
			receive_all();
		now = 0;
		for (int i = 0; i < CLIENTS; i++)
			now += callers[i].received;
	} while (now != before);
	for (int i = 0; i < CLIENTS; i++) {
		assert_true(callers[i].owed < 0 || callers[i].answers == (unsigned)callers[i].owed);
		caller_hang_up(&callers[i]);
	}
	for (int i = 0; i < 4; i++)
		turn();
}

static void
tear_down(void)
{
	clients_clear(&d.clients);
	assert_int_equal(d.clients.n, 0);
	d.events.added = NULL;
	forwards_stop(&d.forwards);
	world_clear(&d.world);
	forwards_close(&d.forwards);
	events_clear(&d.events);
	wake_clear(&d.stop);
	loop_free(d.loop);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *at = copy, *end = copy + size;
	size_t length;
	unsigned before;

	set_up_once();
	before = descriptors_open();
	assert_non_null(copy);
	memcpy(copy, data, size);
	*end = '\0';
	set_up();
	for (int i = 0; i < STEPS && at < end; i++, at += length + 1) {
		length = strlen(at);
		if (at[0] >= '0' && at[0] < '0' + CLIENTS)
			send_text(&callers[at[0] - '0'], at + 1, length, true);
		else if (length > 0)
			act(at[0], at + 1, length - 1);
		receive_all();
	}
	finish();
	tear_down();
	assert_int_equal(descriptors_open(), before);
	free(copy);
	return 0;
}
