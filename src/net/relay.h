/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_RELAY_H
#define KAGUARD_NET_RELAY_H

/*
 * Two connected sockets, and bytes moved between them by splice(2): they go from one socket's queue
 * through a pipe to the other's and are in the kernel all the time, so that whoever has duplicates
 * of sockets and pipes can go on in the middle of it. An idle relay has no pipe and no timer.
 *
 * It begins with the client's socket alone, and is given the peer's when there is one; until then
 * what the client sends stays where it is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/loop.h"
#include "net/pipes.h"

struct epoll_event;
struct relay;

enum relay_side {
	RELAY_CLIENT,
	RELAY_PEER,
	RELAY_SIDES
};

/* How it ended. */
struct relay_end {
	enum relay_side side; /* whose socket it was */
	int error;	      /* positive errno; 0: both sides had closed in order */
};

/*
 * What all relays share. Their sockets are in an epoll of its own, since what the loop needs for
 * each would be most of the memory of an idle one.
 */
struct relays {
	struct pipes pipes;
	int epoll_fd;
	struct wake ready;
	struct wake turn; /* those that wait for a pipe */
	TAILQ_HEAD(relay_list, relay) starved;
	struct wake look; /* at those that have sent something which has not arrived: net/stall */
	TAILQ_HEAD(, relay) under_way;
	struct epoll_event *news; /* what is being worked off */
	int n_news;
	/*
	 * Both sockets are the relay's still: relay_stop() is to be called, and it may be freed
	 * then. While it has none of the peer's it is the client that went away.
	 */
	void (*ended)(struct relay *relay, const struct relay_end *end);
	/* What it moves next would be missing for whoever goes on with it. */
	void (*exposed)(struct relay *relay);
};

struct relay_leg {
	int fd; /* -1: the peer's, before there is one */
	int user_timeout_ms;
	bool in : 1, out : 1; /* the epoll is to tell when it can be read, be written to */
	bool urgent : 1;      /* data of which splice(2) knows nothing may be in the way */
	bool ending : 1;      /* the end of its direction is near */
	bool eof : 1;	      /* and has come */
	bool shut : 1;	      /* and so have we closed the other one */
	bool watched : 1;     /* by the epoll */
	bool lifted : 1;      /* it does not have its TCP_USER_TIMEOUT for now: net/stall */
	bool bulk : 1;	      /* what comes from it has filled a pipe */
};

/* From the leg of that side to the other one. */
struct relay_flow {
	struct pipe *pipe; /* while there is something in it */
	uint64_t bytes;	   /* moved, ever */
};

struct relay {
	struct relays *relays;
	struct relay_leg legs[RELAY_SIDES];
	struct relay_flow flows[RELAY_SIDES];
	TAILQ_ENTRY(relay) turn;   /* in relays->starved, where in_turn */
	TAILQ_ENTRY(relay) looked; /* in relays->under_way, where is_looked */
	uint64_t life;		   /* names it in pipe owners */
	bool in_turn, is_looked;
	/* Somebody may have duplicates of its sockets: closing them here ends nothing. */
	bool shared;
	/* The end of the peer's socket is no end as long as it is untouched: it is told as an end
	 * of that side, and relay_part() is to be called. */
	bool replaceable;
};

/* Bytes on their way from that side: in its pipe. */
static inline uint32_t
relay_held(const struct relay *relay, enum relay_side from)
{
	return relay->flows[from].pipe != NULL ? relay->flows[from].pipe->held : 0;
}

/* 0, or negative errno. */
int relays_init(struct relays *relays, struct loop *loop,
    void (*ended)(struct relay *relay, const struct relay_end *end));

/* After all relays were stopped. All zero is fine. */
void relays_clear(struct relays *relays);

/*
 * Begin with the client's socket, which does not block, and is the relay's from then on. `life` is
 * not used twice, and below 1 << 63.
 */
void relay_open(struct relay *relay, struct relays *relays, int client_fd, uint64_t life);

/* There is none of the peer's yet: its end is told meanwhile. 0, or negative errno. */
int relay_await(struct relay *relay);

/* Here is the peer's. 0, or negative errno with nothing done. */
int relay_join(struct relay *relay, int peer_fd);

/* Close the peer's socket, and wait for another one: of a relay that is untouched. What had come
 * from the client goes there. */
void relay_part(struct relay *relay);

/*
 * What a relay before this one, of the same life, has left in a pipe: goes on to the side opposite
 * to `from` first. Between relay_join() and the loop. The pipe is the relay's then.
 */
void relay_resume(struct relay *relay, enum relay_side from, struct pipe *pipe);

/*
 * Let go of both sockets. `reset`: their peers see a reset, even where there are duplicates.
 * Otherwise they are closed in order.
 */
void relay_stop(struct relay *relay, bool reset);

/* Let go of both sockets without ending anything: others have duplicates. */
void relay_leave(struct relay *relay);

/* No byte has gone either way, nor an end; what came from the client waits here. */
bool relay_untouched(const struct relay *relay);

/* The owner of a pipe, and back. */
uint64_t relay_owner(const struct relay *relay, enum relay_side from);
uint64_t relay_owner_life(uint64_t owner, enum relay_side *ret_from);

#endif
