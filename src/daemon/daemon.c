/* SPDX-License-Identifier: ISC */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/load.h"
#include "daemon/chores.h"
#include "daemon/desk.h"
#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/heart.h"
#include "daemon/keep.h"
#include "daemon/limits.h"
#include "daemon/manager.h"
#include "daemon/memory.h"
#include "daemon/outcome.h"
#include "daemon/network.h"
#include "daemon/session.h"
#include "daemon/signals.h"
#include "daemon/status.h"
#include "daemon/stow.h"
#include "daemon/surveyor.h"
#include "daemon/takeover.h"
#include "host/journal.h"
#include "net/clock.h"
#include "policy/version.h"

/* How long what is still to be written may keep a daemon that is stopping. */
#define FLUSH_MS 400

struct daemon {
	const struct daemon_options *options;
	struct config *config;
	struct journal *journal;
	struct manager *manager;
	struct loop *loop;
	struct net net;
	struct guard guard;
	struct signals signals;
	struct chores chores;
	struct keep keep;
	struct outcome outcome;
	struct memory memory;
	struct desk desk;
	struct network network;
	struct forwards forwards;
	struct surveyor surveyor;
};

static void
report_say(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	struct daemon *d = container_of(report, struct daemon, guard.report);

	journal_say(d->journal, message, priority, fields, "%s", text);
	desk_heard(&d->desk, message, priority, fields, text);
}

__attribute__((format(printf, 4, 5))) static void
say(struct daemon *d, enum message message, int priority, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_say(&d->guard.report, message, priority, NULL, text);
}

static bool
report_wants(struct report *report, int priority)
{
	return priority <= EVENTS_PRIORITY ||
	       journal_wants(container_of(report, struct daemon, guard.report)->journal, priority);
}

static void
on_changed(struct guard *guard)
{
	manager_changed(container_of(guard, struct daemon, guard)->manager);
}

static void
on_moved(struct guard *guard, struct session *session)
{
	keep_moved(&container_of(guard, struct daemon, guard)->keep, session);
}

static void
on_freed(struct guard *guard, struct session *session)
{
	keep_freed(&container_of(guard, struct daemon, guard)->keep, session);
}

static void
on_due(struct guard *guard)
{
	chores_due(&container_of(guard, struct daemon, guard)->chores);
}

static void
set_log_level(struct daemon *d)
{
	int level = d->options->log_level;

	journal_set_priority(d->journal, level >= 0 ? level : d->config->log_level);
}

/* Put a configuration in force; the daemon owns it from here. 0, or negative errno. */
static int
take_config(struct daemon *d, struct config *config, struct guard_changes *ret_changes)
{
	struct config *before = d->config;
	int r;

	memory_note(&d->memory);
	r = guard_configure(&d->guard, config, ret_changes);
	if (d->guard.config != config) { /* there was no memory to begin with */
		config_free(config);
		return r;
	}
	/* Even when memory ran out half way, peers may refer to the new one already. */
	d->config = config;
	config_free(before);
	set_log_level(d);
	limits_set(&d->guard, d->config);
	chores_restart(&d->chores, config->summary_every_ms);
	manager_configure(d->manager, config->ready_when);
	desk_configure(&d->desk, config->control_socket);
	return r;
}

/* A file that is not fit to be in force changes nothing. */
static void
reject(struct daemon *d, struct service_answer *answer)
{
	size_t n = answer->remarks.n_errors;
	char what[48] = "cannot be loaded for want of memory";

	if (n > 0)
		snprintf(what, sizeof(what), "has %zu error%s", n, n == 1 ? "" : "s");
	snprintf(answer->text, sizeof(answer->text),
	    "%s %s: nothing was changed, the old configuration stays in force",
	    d->options->config_path, what);
	say(d, MESSAGE_RELOAD_FAILED, outcome_priority(&d->outcome, LOG_ERR, false), "%s",
	    answer->text);
	manager_reload_failed(d->manager, -answer->error);
}

/* Asked for by a signal, or at the control socket. */
static void
reload(struct service *service, struct service_answer *answer)
{
	struct daemon *d = container_of(service, struct daemon, desk.service);
	struct config *config = NULL, *before = d->config;
	struct guard_changes changes;
	char text[256];
	bool changed;
	int r;

	manager_reloading(d->manager);
	answer->error = config_load(d->options->config_path, &config, &answer->remarks);
	desk_loaded(&d->desk, answer->error);
	outcome_remarks(&d->outcome, d->journal, &answer->remarks, clock_now_ms());
	if (answer->error < 0) {
		reject(d, answer);
		return;
	}
	r = take_config(d, config, &changes);
	if (d->config == before) {
		answer->error = r;
		reject(d, answer);
		return;
	}
	if (r < 0)
		say(d, MESSAGE_LOCAL_TROUBLE, LOG_ERR, "not all of it is in force: %s",
		    strerror(-r));
	changed = changes.unchanged < d->guard.n_peers || changes.removed > 0;
	snprintf(answer->text, sizeof(answer->text), "reloaded %s: %s", d->options->config_path,
	    guard_changes_text(&changes, text, sizeof(text)));
	say(d, MESSAGE_RELOADED, outcome_priority(&d->outcome, LOG_NOTICE, changed), "%s",
	    answer->text);
	forwards_configure(&d->forwards);
	guard_pump(&d->guard);
	keep_retry(&d->keep);
	manager_reloaded(d->manager);
}

static void
stop(struct daemon *d, const char *signal)
{
	unsigned up = d->guard.in_state[FSM_UP];

	say(d, MESSAGE_STOPPING, LOG_NOTICE, "stopping on %s: closing %u session%s", signal, up,
	    up == 1 ? "" : "s");
	manager_stopping(d->manager, "closing sessions");
	forwards_stop(&d->forwards);
	guard_stop(&d->guard);
	keep_forget(&d->keep);
	loop_stop(d->loop);
}

/* The service manager starts another one at once: RestartKillSignal= of the unit. */
static void
leave(struct daemon *d)
{
	unsigned left = keep_leave(&d->keep);

	say(d, MESSAGE_STOPPING, LOG_NOTICE,
	    "restarting on SIGUSR2: leaving %u session%s open for the next daemon", left,
	    left == 1 ? "" : "s");
	manager_stopping(d->manager, "leaving the sessions open");
	loop_stop(d->loop);
}

static void
on_signal(struct signals *signals, int signo)
{
	struct daemon *d = container_of(signals, struct daemon, signals);
	struct service_answer answer = {0};

	switch (signo) {
	case SIGHUP:
		reload(&d->desk.service, &answer);
		remarks_clear(&answer.remarks);
		break;
	case SIGUSR1:
		status_write(&d->guard);
		break;
	case SIGUSR2:
		leave(d);
		break;
	case SIGINT:
		stop(d, "SIGINT");
		break;
	default:
		stop(d, "SIGTERM");
		break;
	}
}

static void
on_fault(struct guard *guard, const char *what)
{
	struct daemon *d = container_of(guard, struct daemon, guard);

	say(d, MESSAGE_INTERNAL, LOG_CRIT, "an error in kaguard itself, please report it: %s",
	    what);
	manager_fault(d->manager);
}

static int
open_all(struct daemon *d)
{
	int level = d->options->log_level;
	/* These read the environment, and clear it: before there are threads. And this one before
	 * anything is open that somebody may claim to have handed over. */
	int r = keep_receive(&d->keep);

	if (r == 0)
		r = loop_new(&d->loop);
	if (r == 0)
		r = manager_new(d->loop, &d->guard, &d->manager);
	if (r == 0)
		r = journal_open(level >= 0 ? level : LOG_INFO, &d->journal);
	if (r == 0)
		r = net_open(&d->net, d->loop);
	if (r == 0)
		r = chores_init(&d->chores, d->loop, &d->guard);
	if (r == 0)
		r = desk_open(&d->desk, d->loop, &d->guard, reload);
	if (r == 0)
		r = signals_open(&d->signals, d->loop);
	if (r == 0)
		r = network_open(&d->network, d->loop, &d->guard);
	if (r == 0)
		r = keep_open(&d->keep, d->loop, &d->guard, manager_notify(d->manager));
	if (r == 0)
		r = memory_open(&d->memory, d->loop, &d->guard);
	if (r == 0)
		r = forwards_open(&d->forwards, d->loop, &d->guard, &d->keep);
	return r == 0 ? surveyor_open(&d->surveyor, d->loop, &d->guard) : r;
}

static void
wire(struct daemon *d)
{
	d->signals.asked = on_signal;
	d->desk.service.config_path = d->options->config_path;
	d->net.on_news = session_news;
	d->net.on_data = heart_data;
	d->guard.ops = &net_ops;
	d->guard.net = &d->net;
	d->guard.report = (struct report){.say = report_say, .wants = report_wants};
	d->guard.storm.holding = on_due;
	turn_init(&d->guard.turn, on_due);
	d->guard.changed = on_changed;
	d->guard.beating = on_due;
	d->guard.moved = on_moved;
	d->guard.freed = on_freed;
	d->guard.fault = on_fault;
}

static void
close_all(struct daemon *d)
{
	memory_close(&d->memory, FLUSH_MS);
	surveyor_close(&d->surveyor);
	guard_clear(&d->guard);
	forwards_close(&d->forwards);
	keep_clear(&d->keep);
	desk_close(&d->desk);
	signals_clear(&d->signals);
	chores_clear(&d->chores);
	network_close(&d->network);
	net_close(&d->net);
	manager_free(d->manager, FLUSH_MS);
	loop_free(d->loop);
	config_free(d->config);
	journal_close(d->journal, FLUSH_MS);
}

static void
fail(struct daemon *d, int r)
{
	if (d->journal != NULL)
		say(d, MESSAGE_INTERNAL, LOG_CRIT, "cannot go on: %s", strerror(-r));
	else
		fprintf(stderr, "kaguard: cannot start: %s\n", strerror(-r));
	manager_failed(d->manager, -r, "cannot go on");
	keep_abandon(&d->keep); /* for the daemon that the service manager starts next */
}

static int
start(struct daemon *d, struct config *config)
{
	struct guard_changes changes;
	int r;

	d->desk.service.journal = d->journal;
	r = take_config(d, config, &changes);
	if (r == 0)
		r = takeover(&d->keep, config);
	if (r < 0)
		return r;
	forwards_configure(&d->forwards);
	stow_await(&d->keep);
	guard_pump(&d->guard);
	say(d, MESSAGE_STARTED, LOG_NOTICE, "kaguard %s started: %s, %zu peer%s, %u session%s",
	    KAGUARD_VERSION, d->options->config_path, d->guard.n_peers,
	    d->guard.n_peers == 1 ? "" : "s", d->guard.n_sessions,
	    d->guard.n_sessions == 1 ? "" : "s");
	if (d->guard.n_peers == 0)
		say(d, MESSAGE_STARTED, LOG_NOTICE,
		    "no peers configured: add some to %s and reload", d->options->config_path);
	manager_started(d->manager);
	return 0;
}

int
daemon_run(const struct daemon_options *options)
{
	struct daemon d = {.options = options};
	struct config *config = NULL;
	struct remarks remarks;
	int loaded, r;

	signal(SIGPIPE, SIG_IGN);
	signals_block();
	/* Loaded before there are threads: see limits_expect(). */
	loaded = config_load(options->config_path, &config, &remarks);
	if (loaded == 0)
		limits_expect(config);
	wire(&d);
	r = loaded != -ENOMEM ? open_all(&d) : loaded; /* that is not the file's fault */
	if (r == 0)
		outcome_remarks(&d.outcome, d.journal, &remarks, clock_now_ms());
	remarks_clear(&remarks);
	if (r == 0 && loaded == 0)
		r = start(&d, config);
	else
		config_free(config);
	if (r == 0 && loaded == 0)
		r = loop_run(d.loop);
	if (r < 0)
		fail(&d, r);
	else if (loaded < 0)
		manager_failed(d.manager, -loaded, "the configuration has errors, see the journal");
	close_all(&d);
	return r < 0 ? EXIT_FAILURE : loaded < 0 ? EXIT_CONFIG : EXIT_SUCCESS;
}
