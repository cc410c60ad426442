/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_CLIENTS_H
#define KAGUARD_DAEMON_CLIENTS_H

/*
 * Who is connected to the control socket. Calls are answered in turns, one piece of an answer for
 * one client in each turn of the loop, however many ask: so the longest pause that they all make
 * together is that of one piece.
 */

#include <sys/queue.h>

#include "daemon/events.h"
#include "daemon/service.h"
#include "host/control.h"
#include "net/loop.h"

#define CLIENTS_MAX 32

/* A client that takes nothing of what is there for it is dropped after this. */
#define CLIENTS_PATIENCE_MS 10000

struct client;
TAILQ_HEAD(client_list, client);

struct clients {
	struct service *service;
	struct control control;
	struct wake listener, turn;
	struct client_list all;	    /* who has come first is first */
	struct client_list in_turn; /* who has something to be done for */
	unsigned n;
};

/* 0, or -ENOMEM. Nobody can connect yet. */
int clients_init(struct clients *clients, struct service *service);

/*
 * Listen at the path, and no longer where that was before. 0, or negative errno with the words for
 * it in why; then nobody can connect, and those who have stay.
 */
int clients_listen(struct clients *clients, const char *path, char *why, size_t size);

/* Something that some wait for has happened. */
void clients_news(struct clients *clients);

void clients_clear(struct clients *clients);

#endif
