/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_MANAGER_H
#define KAGUARD_DAEMON_MANAGER_H

/* What the service manager is told and when: ready, status, reloading, stopping. */

#include "config/config.h"

struct guard;
struct loop;
struct manager;
struct notify;

int manager_new(struct loop *loop, struct guard *guard, struct manager **ret);

/* NULL is fine, as in all that follow. Waits up to wait_ms for what is still to be sent. */
void manager_free(struct manager *manager, int wait_ms);

/* What it tells the service manager with. */
struct notify *manager_notify(const struct manager *manager);

void manager_configure(struct manager *manager, enum config_ready ready_when);

/* The configuration is in force and the first attempts are under way. */
void manager_started(struct manager *manager);

/* Something that the status shows has changed: it is sent, at most once a second. */
void manager_changed(struct manager *manager);

void manager_reloading(struct manager *manager);
void manager_reloaded(struct manager *manager);
void manager_reload_failed(struct manager *manager, int error);
void manager_stopping(struct manager *manager, const char *status);

/* Something is wrong inside: the service manager is asked to restart the daemon. */
void manager_fault(struct manager *manager);

/* The daemon ends with this error. */
void manager_failed(struct manager *manager, int error, const char *why);

#endif
