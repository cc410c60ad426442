/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_FSM_H
#define KAGUARD_POLICY_FSM_H

/*
 * The life of a session as one const table: states, events, transitions. Says what to do; does
 * nothing itself.
 */

#include <stdbool.h>
#include <stdio.h>

/* What a session is doing, and what can wake it. */
enum fsm_state {
	FSM_IDLE,	/* nothing: stopped, or waiting for its turn while another tries the peer */
	FSM_RESOLVING,	/* an answer of the resolver, or the time for it is over */
	FSM_CONNECTING, /* an attempt that succeeds, the last one that fails, or the time is over */
	FSM_UP,		/* the kernel: end of file, an error, keepalive's verdict */
	FSM_BACKOFF,	/* the delay is over */
	FSM_N_STATES
};

enum fsm_event {
	FSM_START,     /* its turn has come */
	FSM_ADOPTED,   /* a connected socket of the daemon before this one is its own now */
	FSM_RESOLVED,  /* addresses are known */
	FSM_CONNECTED, /* one of the attempts succeeded */
	FSM_FAILED,    /* no address, or all attempts failed */
	FSM_LOST,      /* the held session is no more */
	FSM_GIVEN,     /* its socket goes to a client, and another one is wanted */
	FSM_TIMER,     /* the time limit of the state is over */
	FSM_RETRY,     /* do not wait any longer: reconnect now */
	FSM_YIELD,     /* another session of the peer does the trying */
	FSM_STOP,      /* not wanted any longer */
	FSM_N_EVENTS
};

/* What a transition does, in this order. */
enum fsm_action {
	FSM_DROP = 1 << 0,    /* cancel what is in flight, close the socket */
	FSM_FAIL = 1 << 1,    /* a failure: count it, choose the delay */
	FSM_RESOLVE = 1 << 2, /* ask for the peer's addresses */
	FSM_CONNECT = 1 << 3, /* race the addresses */
	FSM_HOLD = 1 << 4,    /* apply the plan, watch the socket */
	FSM_GIVE = 1 << 5,    /* let go of the socket, which somebody else has from now on */
};

/* What ends a state by the mere passing of time. */
enum fsm_limit {
	FSM_LIMIT_NONE,	   /* idle waits for its turn; somebody else of the peer has a limit */
	FSM_LIMIT_CONNECT, /* connect_timeout, then FSM_TIMER */
	FSM_LIMIT_KERNEL,  /* keepalive and TCP_USER_TIMEOUT, then FSM_LOST */
	FSM_LIMIT_BACKOFF, /* the delay, then FSM_TIMER */
};

struct fsm_transition {
	bool defined;
	enum fsm_state next;
	unsigned actions; /* enum fsm_action */
};

/* defined is false where the event cannot come in that state: a bug of the caller. */
struct fsm_transition fsm_next(enum fsm_state state, enum fsm_event event);

enum fsm_limit fsm_limit(enum fsm_state state);

/* True where the state has a socket, an attempt or a resolution under way. */
bool fsm_in_flight(enum fsm_state state);

const char *fsm_state_name(enum fsm_state state);
const char *fsm_event_name(enum fsm_event event);

/* The table as text, a line a transition, for doc/architecture.md. */
void fsm_print(FILE *out);

#endif
