/* SPDX-License-Identifier: ISC */
#include "daemon/manager.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/guard.h"
#include "host/notify.h"
#include "net/clock.h"
#include "net/loop.h"

#define STATUS_SIZE	1024
#define STATUS_EVERY_MS 1000
#define EXTEND_EVERY_MS 10000
#define EXTEND_BY_MS	30000 /* three missed turns */
#define REJECTED_SIZE	128

struct manager {
	struct guard *guard;
	struct notify *notify;
	struct wake status, extend, watchdog;
	enum config_ready ready_when;
	bool started, ready, final;
	int64_t sent_ms;
	char last[STATUS_SIZE];
	char rejected[REJECTED_SIZE]; /* set while the file on disk is not the one in force */
};

static char *
status_text(const struct manager *m, char buf[STATUS_SIZE])
{
	struct guard_times times;
	struct summary summary;
	size_t used;

	guard_summarize(m->guard, &times, &summary);
	summary_status(&summary, buf, STATUS_SIZE);
	used = strlen(buf);
	snprintf(buf + used, STATUS_SIZE - used, "%s", m->rejected);
	return buf;
}

static bool
is_ready(const struct manager *m)
{
	switch (m->ready_when) {
	case CONFIG_READY_STARTED:
		return true;
	case CONFIG_READY_ANY_UP:
		return m->guard->in_state[FSM_UP] > 0 || m->guard->n_sessions == 0;
	case CONFIG_READY_ALL_UP:
		return m->guard->in_state[FSM_UP] == m->guard->n_sessions;
	}
	return true;
}

static void
send_status(struct manager *m)
{
	char text[STATUS_SIZE];

	if (strcmp(status_text(m, text), m->last) == 0)
		return;
	memcpy(m->last, text, sizeof(text));
	m->sent_ms = clock_now_ms();
	notify_status(m->notify, text);
}

static void
become_ready(struct manager *m)
{
	if (!m->started || m->ready || !is_ready(m))
		return;
	m->ready = true;
	wake_disarm(&m->extend);
	notify_ready(m->notify, status_text(m, m->last));
	m->sent_ms = clock_now_ms();
}

static void
on_status(struct wake *wake, unsigned what)
{
	(void)what;
	send_status(container_of(wake, struct manager, status));
}

static void
on_extend(struct wake *wake, unsigned what)
{
	struct manager *m = container_of(wake, struct manager, extend);

	(void)what;
	notify_extend(m->notify, EXTEND_BY_MS);
	wake_after(&m->extend, EXTEND_EVERY_MS);
}

/*
 * From the loop itself, by one of its timers: that it gets here is the proof that it turns. Three
 * times as often as asked for, so that one turn may be late.
 */
static void
on_watchdog(struct wake *wake, unsigned what)
{
	struct manager *m = container_of(wake, struct manager, watchdog);

	(void)what;
	notify_watchdog(m->notify);
	wake_after(&m->watchdog, notify_watchdog_ms(m->notify) / 3);
}

int
manager_new(struct loop *loop, struct guard *guard, struct manager **ret)
{
	struct manager *m = calloc(1, sizeof(*m));
	int r;

	if (m == NULL)
		return -ENOMEM;
	m->guard = guard;
	r = notify_open(&m->notify);
	if (r == 0)
		r = wake_init(loop, &m->status, on_status);
	if (r == 0)
		r = wake_init(loop, &m->extend, on_extend);
	if (r == 0)
		r = wake_init(loop, &m->watchdog, on_watchdog);
	if (r < 0) {
		manager_free(m, 0);
		return r;
	}
	*ret = m;
	return 0;
}

void
manager_free(struct manager *m, int wait_ms)
{
	if (m == NULL)
		return;
	wake_clear(&m->status);
	wake_clear(&m->extend);
	wake_clear(&m->watchdog);
	notify_close(m->notify, wait_ms);
	free(m);
}

struct notify *
manager_notify(const struct manager *m)
{
	return m->notify;
}

void
manager_configure(struct manager *m, enum config_ready ready_when)
{
	m->ready_when = ready_when;
}

void
manager_started(struct manager *m)
{
	m->started = true;
	if (notify_watchdog_ms(m->notify) > 0)
		on_watchdog(&m->watchdog, 0);
	become_ready(m);
	if (!m->ready) {
		send_status(m);
		on_extend(&m->extend, 0);
	}
}

void
manager_changed(struct manager *m)
{
	int64_t wait_ms;

	if (m == NULL || !m->started || m->final)
		return;
	become_ready(m);
	if (wake_armed(&m->status))
		return;
	wait_ms = m->sent_ms + STATUS_EVERY_MS - clock_now_ms();
	wake_after(&m->status, wait_ms > 0 ? wait_ms : 0);
}

void
manager_reloading(struct manager *m)
{
	notify_reloading(m->notify);
}

/* The end of a reload is READY=1, whatever came of it: only the status can tell. */
static void
end_reload(struct manager *m)
{
	notify_ready(m->notify, status_text(m, m->last));
	m->sent_ms = clock_now_ms();
	/* A daemon that was still waiting for its peers has just said that it is ready. */
	m->ready = true;
	wake_disarm(&m->extend);
}

void
manager_reloaded(struct manager *m)
{
	m->rejected[0] = '\0';
	notify_errno(m->notify, 0);
	end_reload(m);
}

void
manager_reload_failed(struct manager *m, int error)
{
	time_t now = time(NULL);
	struct tm tm;
	char at[16] = "";

	if (localtime_r(&now, &tm) != NULL)
		strftime(at, sizeof(at), "%H:%M:%S", &tm);
	snprintf(m->rejected, sizeof(m->rejected),
	    "; the configuration was rejected at %s, the one before it is in force", at);
	notify_errno(m->notify, error);
	end_reload(m);
}

void
manager_stopping(struct manager *m, const char *status)
{
	m->final = true;
	wake_disarm(&m->status);
	wake_disarm(&m->extend);
	notify_stopping(m->notify, status);
}

void
manager_fault(struct manager *m)
{
	notify_fault(m->notify);
}

void
manager_failed(struct manager *m, int error, const char *why)
{
	if (m == NULL)
		return;
	m->final = true;
	notify_errno(m->notify, error);
	notify_stopping(m->notify, why);
}
