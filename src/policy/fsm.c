/* SPDX-License-Identifier: ISC */
#include "policy/fsm.h"

#include <assert.h>

#define GO(state, what)                                             \
	{                                                           \
		.defined = true, .next = (state), .actions = (what) \
	}

static const struct fsm_transition table[FSM_N_STATES][FSM_N_EVENTS] =
    {
	[FSM_IDLE] =
	    {
		[FSM_START] = GO(FSM_RESOLVING, FSM_RESOLVE),
		[FSM_ADOPTED] = GO(FSM_UP, FSM_HOLD),
		[FSM_RETRY] = GO(FSM_IDLE, 0),
		[FSM_STOP] = GO(FSM_IDLE, 0),
	    },
	[FSM_RESOLVING] =
	    {
		[FSM_RESOLVED] = GO(FSM_CONNECTING, FSM_CONNECT),
		[FSM_FAILED] = GO(FSM_BACKOFF, FSM_DROP | FSM_FAIL),
		[FSM_TIMER] = GO(FSM_BACKOFF, FSM_DROP | FSM_FAIL),
		[FSM_RETRY] = GO(FSM_RESOLVING, 0),
		[FSM_STOP] = GO(FSM_IDLE, FSM_DROP),
	    },
	[FSM_CONNECTING] =
	    {
		[FSM_CONNECTED] = GO(FSM_UP, FSM_HOLD),
		[FSM_FAILED] = GO(FSM_BACKOFF, FSM_DROP | FSM_FAIL),
		[FSM_TIMER] = GO(FSM_BACKOFF, FSM_DROP | FSM_FAIL),
		[FSM_RETRY] = GO(FSM_CONNECTING, 0),
		[FSM_STOP] = GO(FSM_IDLE, FSM_DROP),
	    },
	[FSM_UP] =
	    {
		[FSM_LOST] = GO(FSM_BACKOFF, FSM_DROP | FSM_FAIL),
		[FSM_GIVEN] = GO(FSM_IDLE, FSM_GIVE),
		[FSM_RETRY] = GO(FSM_RESOLVING, FSM_DROP | FSM_RESOLVE),
		[FSM_STOP] = GO(FSM_IDLE, FSM_DROP),
	    },
	[FSM_BACKOFF] =
	    {
		[FSM_TIMER] = GO(FSM_RESOLVING, FSM_RESOLVE),
		[FSM_RETRY] = GO(FSM_RESOLVING, FSM_RESOLVE),
		[FSM_YIELD] = GO(FSM_IDLE, 0),
		[FSM_STOP] = GO(FSM_IDLE, 0),
	    },
};

struct fsm_transition
fsm_next(enum fsm_state state, enum fsm_event event)
{
	assert(state < FSM_N_STATES && event < FSM_N_EVENTS);
	return table[state][event];
}

enum fsm_limit
fsm_limit(enum fsm_state state)
{
	switch (state) {
	case FSM_IDLE:
	case FSM_N_STATES:
		return FSM_LIMIT_NONE;
	case FSM_RESOLVING:
	case FSM_CONNECTING:
		return FSM_LIMIT_CONNECT;
	case FSM_UP:
		return FSM_LIMIT_KERNEL;
	case FSM_BACKOFF:
		return FSM_LIMIT_BACKOFF;
	}
	return FSM_LIMIT_NONE;
}

bool
fsm_in_flight(enum fsm_state state)
{
	return state == FSM_RESOLVING || state == FSM_CONNECTING || state == FSM_UP;
}

const char *
fsm_state_name(enum fsm_state state)
{
	switch (state) {
	case FSM_IDLE:
		return "idle";
	case FSM_RESOLVING:
		return "resolving";
	case FSM_CONNECTING:
		return "connecting";
	case FSM_UP:
		return "up";
	case FSM_BACKOFF:
		return "backoff";
	case FSM_N_STATES:
		break;
	}
	return "?";
}

const char *
fsm_event_name(enum fsm_event event)
{
	switch (event) {
	case FSM_START:
		return "start";
	case FSM_ADOPTED:
		return "adopted";
	case FSM_RESOLVED:
		return "resolved";
	case FSM_CONNECTED:
		return "connected";
	case FSM_FAILED:
		return "failed";
	case FSM_LOST:
		return "lost";
	case FSM_GIVEN:
		return "given";
	case FSM_TIMER:
		return "timer";
	case FSM_RETRY:
		return "retry";
	case FSM_YIELD:
		return "yield";
	case FSM_STOP:
		return "stop";
	case FSM_N_EVENTS:
		break;
	}
	return "?";
}

static void
print_actions(unsigned actions, FILE *out)
{
	static const char *const names[] = {"drop", "fail", "resolve", "connect", "hold", "give"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (actions & 1u << i)
			fprintf(out, " %s", names[i]);
}

void
fsm_print(FILE *out)
{
	for (int s = 0; s < FSM_N_STATES; s++)
		for (int e = 0; e < FSM_N_EVENTS; e++) {
			const struct fsm_transition *t = &table[s][e];

			if (!t->defined)
				continue;
			fprintf(out, "%-10s  %-9s -> %-10s ", fsm_state_name((enum fsm_state)s),
			    fsm_event_name((enum fsm_event)e), fsm_state_name(t->next));
			print_actions(t->actions, out);
			fputc('\n', out);
		}
}
