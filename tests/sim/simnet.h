/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_SIMNET_H
#define KAGUARD_TESTS_SIMNET_H

/*
 * A network, a resolver and a clock that are what the test says: struct session_ops behind which
 * nothing is real. Hosts answer, refuse, stay silent or drop whom they have taken; time passes from
 * event to event.
 */

#include <stdbool.h>
#include <stdint.h>

#include "net/conn.h"
#include "simheap.h"

enum simhost_mode {
	SIMHOST_TAKES,	 /* accepts and holds */
	SIMHOST_REFUSES, /* answers with a reset */
	SIMHOST_SILENT,	 /* does not answer at all */
	SIMHOST_DROPS,	 /* accepts and closes at once */
	SIMHOST_UNKNOWN, /* its name does not resolve */
	SIMHOST_MODES
};

/* What a firewall does with a packet of a session that it has forgotten. */
enum simwall {
	SIMWALL_RESETS, /* answers it with a reset; so does the peer where it was a NAT's mapping */
	SIMWALL_DROPS,
	SIMWALL_LOOSE, /* takes it up again */
	SIMWALLS
};

struct simhost {
	const char *name;
	enum simhost_mode mode;
	int64_t forgets_ms; /* what is idle for so long; 0: no firewall, no probes */
	enum simwall wall;
	unsigned loss_permille; /* each way */
	bool late;		/* the kernel's timers are, as they may */
	bool down;		/* the path is */
	int64_t down_ms, up_ms; /* since when, and when it was back the last time */
	int64_t restarted_ms;	/* the host: knows nothing of sessions from before */
	int64_t rtt_ms;
	unsigned connects;  /* attempts that reached it */
	unsigned held;	    /* sessions it has now */
	unsigned in_flight; /* attempts under way, and the most there ever were */
	unsigned most_in_flight;
	const char *answer; /* of its application to whatever is sent; NULL: it hangs */
	int64_t answer_ms;  /* that takes it so long */
	unsigned beats;	    /* it was sent, and the most within one second */
	unsigned most_beats, beats_now;
	int64_t beats_second;
};

struct simnet;

/* What a test may want to know of the kernel's keepalive. */
struct simwatch {
	/* A probe has found its session forgotten, for it was idle for too long. */
	void (*expired)(struct simnet *sim, struct conn *conn);
	/* The kernel gives a session up; the daemon hears of it next. */
	void (*gave_up)(struct simnet *sim, struct conn *conn);
	/* The first packet since the last answer leaves for the host: a probe or data. */
	void (*asked)(struct simnet *sim, struct conn *conn);
	/* The daemon sends data; the host's application has said something. */
	void (*sent)(struct simnet *sim, struct conn *conn);
	void (*said)(struct simnet *sim, struct conn *conn, const char *data);
};

struct simnet {
	struct net net;		      /* first: what the daemon is given */
	const struct simwatch *watch; /* or NULL */
	struct conn *last; /* to whom the last event was told; NULL: it was the kernel's own */
	struct simhost *hosts;
	unsigned n_hosts;
	int64_t now_ms, asleep_ms;
	uint64_t seed;
	unsigned sockets, max_sockets; /* beyond which EMFILE */
	unsigned probes;	       /* asked for on demand */
	unsigned conns;		       /* opened and not cleared */
	bool no_memory;		       /* for another one */
	bool prompt;		       /* names are literals: known at once */
	/* every conn that is open, for the test to walk */
	struct attempt **all;
	unsigned n_all, room;
	struct simheap heap;
};

extern const struct session_ops simnet_ops;

void simnet_init(struct simnet *sim, struct simhost *hosts, unsigned n_hosts, uint64_t seed);
void simnet_clear(struct simnet *sim);

uint32_t simnet_random(struct simnet *sim);

/* Pass the time to the next thing that is due, and do it. False: nothing is due before until_ms,
 * which it is now. */
bool simnet_step(struct simnet *sim, int64_t until_ms);

/* End every held session of the host with that errno (0: FIN), each within spread_ms from now. */
void simnet_kill(struct simnet *sim, const struct simhost *host, int error, uint32_t spread_ms);

/* A firewall forgets each nth session of the host: nobody is told, and probes get no answer; but
 * for a reset, where forgets_ms is set. */
void simnet_forget(struct simnet *sim, const struct simhost *host, unsigned one_in);

/* The host's application says something, unasked, on every held session: whatever it is, or that,
 * which may be lost. */
void simnet_talk(struct simnet *sim, const struct simhost *host);
void simnet_say(struct simnet *sim, const struct simhost *host, const char *data);

/* What a conn has: to be held against the state of its session. */
bool simnet_has_timer(const struct conn *conn);
bool simnet_is_pending(const struct conn *conn);
bool simnet_is_held(const struct conn *conn);

#endif
