/* SPDX-License-Identifier: ISC */
#include "net/relay.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pump.h"
#include "net/stall.h"

/* When there is no descriptor for a pipe, somebody else may have let go of one by then. */
#define NO_PIPE_MS 100

/* Sockets with news that are served before others of the loop have their turn. */
#define NEWS 64

#define READABLE     (EPOLLIN | EPOLLRDHUP | EPOLLPRI)
#define ENDED_ANYHOW (EPOLLERR | EPOLLHUP)

/* Directions to be moved in. */
#define FROM(side) (1u << (side))
#define BOTH_WAYS  (FROM(RELAY_CLIENT) | FROM(RELAY_PEER))

uint64_t
relay_owner(const struct relay *relay, enum relay_side from)
{
	return relay->life << 1 | (from == RELAY_PEER);
}

uint64_t
relay_owner_life(uint64_t owner, enum relay_side *ret_from)
{
	*ret_from = owner & 1 ? RELAY_PEER : RELAY_CLIENT;
	return owner >> 1;
}

/* What the epoll knows a leg by: an address is even. */
static uint64_t
mark_of(const struct relay *relay, enum relay_side side)
{
	return (uint64_t)(uintptr_t)relay | (side == RELAY_PEER);
}

/* Ends are told in any case, and told once where nothing else is waited for. */
static struct epoll_event
event_of(const struct relay *relay, enum relay_side side)
{
	const struct relay_leg *leg = &relay->legs[side];
	uint32_t events = (leg->in ? READABLE : 0u) | (leg->out ? EPOLLOUT : 0u);

	return (struct epoll_event){
	    .events = events != 0 ? events : (uint32_t)EPOLLET, .data.u64 = mark_of(relay, side)};
}

/*
 * What is waited for, as it stands. Level-triggered: who has read little need not ask whether there
 * is more. As long as bytes come and go nothing changes.
 */
static bool
wants(struct relay *relay, enum relay_side side)
{
	struct relay_leg *leg = &relay->legs[side];
	bool in = relay->legs[RELAY_PEER].fd >= 0 && !leg->eof && !relay->in_turn &&
		  relay_held(relay, side) == 0;
	bool out = relay_held(relay, pump_opposite(side)) > 0;
	bool differs = in != leg->in || out != leg->out;

	leg->in = in;
	leg->out = out;
	return differs;
}

/* 0, or negative errno where it was not watched before: a change needs no memory (ep_modify() in
 * fs/eventpoll.c). */
static int
watch(struct relay *relay, enum relay_side side)
{
	struct relay_leg *leg = &relay->legs[side];
	struct epoll_event event;

	if (!wants(relay, side) && leg->watched)
		return 0;
	event = event_of(relay, side);
	if (epoll_ctl(relay->relays->epoll_fd, leg->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		leg->fd, &event) < 0)
		return -errno;
	leg->watched = true;
	return 0;
}

static void
wait_on(struct relay *relay)
{
	for (int side = 0; side < RELAY_SIDES; side++)
		if (relay->legs[side].watched)
			(void)watch(relay, (enum relay_side)side);
}

/* A reset shows at a read, which does not come while what was read before is in the way, nor after
 * the end. */
static bool
failed(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	int error;

	if (relay_held(relay, side) == 0 && !relay->legs[side].eof)
		return false;
	error = pump_error_of(relay->legs[side].fd, 0);
	if (error != 0)
		*end = (struct relay_end){side, error};
	return error != 0;
}

static void
starve(struct relay *relay)
{
	struct relays *relays = relay->relays;

	if (!relay->in_turn)
		TAILQ_INSERT_TAIL(&relays->starved, relay, turn);
	relay->in_turn = true;
	if (!wake_armed(&relays->turn))
		wake_after(&relays->turn, NO_PIPE_MS);
}

/* The relay may be gone then. */
static void
move(struct relay *relay, unsigned ways)
{
	uint64_t before = relay->flows[RELAY_CLIENT].bytes + relay->flows[RELAY_PEER].bytes;
	struct relay_end end = {RELAY_CLIENT, 0};
	enum moved there = MOVED, back = MOVED;

	/* What the peer has met is known before anything is sent to it. */
	if (ways & FROM(RELAY_PEER) || (relay->replaceable && relay_untouched(relay)))
		back = pump(relay, RELAY_PEER, &end);
	if (ways & FROM(RELAY_CLIENT) && back != ENDED)
		there = pump(relay, RELAY_CLIENT, &end);
	if (there == ENDED || back == ENDED ||
	    (relay->legs[RELAY_CLIENT].shut && relay->legs[RELAY_PEER].shut)) {
		relay->relays->ended(relay, &end);
		return;
	}
	if (before != relay->flows[RELAY_CLIENT].bytes + relay->flows[RELAY_PEER].bytes)
		stall_watch(relay);
	if (there == NO_PIPE || back == NO_PIPE)
		starve(relay);
	wait_on(relay);
}

/* Nobody to carry it to yet. Whoever has sent something and closed is carried all the same. */
static void
on_lone_client(struct relay *relay, uint32_t what)
{
	struct relay_end end = {RELAY_CLIENT, 0};
	int unread = 0;

	if ((what & ENDED_ANYHOW) == 0)
		return;
	end.error = pump_error_of(relay->legs[RELAY_CLIENT].fd, 0);
	if (end.error == 0 && ioctl(relay->legs[RELAY_CLIENT].fd, FIONREAD, &unread) == 0 &&
	    unread > 0)
		return;
	if (end.error == 0)
		end.error = ECONNRESET;
	relay->relays->ended(relay, &end);
}

static void
on_leg(struct relay *relay, enum relay_side side, uint32_t what)
{
	struct relay_leg *leg = &relay->legs[side];
	unsigned ways = 0;
	struct relay_end end;

	leg->urgent |= (what & EPOLLPRI) != 0;
	leg->ending |= (what & (EPOLLRDHUP | ENDED_ANYHOW)) != 0;
	if (what & (READABLE | ENDED_ANYHOW))
		ways |= FROM(side);
	if (relay_held(relay, pump_opposite(side)) > 0)
		ways |= FROM(pump_opposite(side));
	if (relay->legs[RELAY_PEER].fd < 0)
		on_lone_client(relay, what);
	else if (what & ENDED_ANYHOW && failed(relay, side, &end))
		relay->relays->ended(relay, &end);
	else
		move(relay, ways);
}

static void
on_ready(struct wake *wake, unsigned what)
{
	struct relays *relays = container_of(wake, struct relays, ready);
	struct epoll_event news[NEWS];

	(void)what;
	relays->news = news;
	relays->n_news = epoll_wait(relays->epoll_fd, news, NEWS, 0);
	for (int i = 0; i < relays->n_news; i++) {
		uint64_t mark = news[i].data.u64;

		if (mark != 0) /* else it was stopped meanwhile */
			on_leg((struct relay *)(uintptr_t)(mark & ~UINT64_C(1)),
			    mark & 1 ? RELAY_PEER : RELAY_CLIENT, news[i].events);
	}
	relays->n_news = 0;
}

/* There will be no news of that leg, nor of what comes to be in the same place. A socket that is
 * closed leaves the epoll with its last duplicate (eventpoll_release() in fs/eventpoll.c). */
static void
unwatch(struct relay *relay, enum relay_side side, bool closes)
{
	struct relays *relays = relay->relays;

	for (int i = 0; i < relays->n_news; i++)
		if (relays->news[i].data.u64 == mark_of(relay, side))
			relays->news[i].data.u64 = 0;
	if (relay->legs[side].watched && (relay->shared || !closes))
		epoll_ctl(relays->epoll_fd, EPOLL_CTL_DEL, relay->legs[side].fd, NULL);
	relay->legs[side].watched = false;
}

static void
dequeue(struct relay *relay)
{
	if (!relay->in_turn)
		return;
	TAILQ_REMOVE(&relay->relays->starved, relay, turn);
	relay->in_turn = false;
}

/* Those for whom there is none yet come again later. */
static void
on_turn(struct wake *wake, unsigned what)
{
	struct relays *relays = container_of(wake, struct relays, turn);
	struct relay *last = TAILQ_LAST(&relays->starved, relay_list), *relay;

	(void)what;
	while ((relay = TAILQ_FIRST(&relays->starved)) != NULL) {
		bool done = relay == last;

		dequeue(relay);
		move(relay, BOTH_WAYS);
		if (done)
			break;
	}
}

int
relays_init(struct relays *relays, struct loop *loop,
    void (*fn)(struct relay *relay, const struct relay_end *end))
{
	int r;

	relays->ended = fn;
	TAILQ_INIT(&relays->starved);
	TAILQ_INIT(&relays->under_way);
	relays->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (relays->epoll_fd < 0) {
		relays->epoll_fd = 0;
		return -errno;
	}
	r = wake_init(loop, &relays->turn, on_turn);
	if (r == 0)
		r = wake_init(loop, &relays->look, stall_look);
	if (r == 0)
		r = wake_init(loop, &relays->ready, on_ready);
	return r == 0 ? wake_arm(&relays->ready, relays->epoll_fd, WAKE_READ, -1) : r;
}

void
relays_clear(struct relays *relays)
{
	wake_clear(&relays->ready);
	wake_clear(&relays->look);
	wake_clear(&relays->turn);
	pipes_clear(&relays->pipes);
	if (relays->epoll_fd > 0)
		close(relays->epoll_fd);
	relays->epoll_fd = 0;
}

void
relay_open(struct relay *relay, struct relays *relays, int client_fd, uint64_t life)
{
	memset(relay, 0, sizeof(*relay));
	relay->relays = relays;
	relay->life = life;
	relay->legs[RELAY_CLIENT].fd = client_fd;
	relay->legs[RELAY_PEER].fd = -1;
}

int
relay_await(struct relay *relay)
{
	return watch(relay, RELAY_CLIENT);
}

/* What is there already is told of by the epoll at once. */
int
relay_join(struct relay *relay, int peer_fd)
{
	int r;

	relay->legs[RELAY_PEER].fd = peer_fd;
	r = watch(relay, RELAY_PEER);
	if (r == 0)
		r = watch(relay, RELAY_CLIENT);
	if (r < 0) {
		unwatch(relay, RELAY_PEER, false);
		relay->legs[RELAY_PEER] = (struct relay_leg){.fd = -1};
		relay->legs[RELAY_CLIENT].in = false;
	}
	return r;
}

void
relay_resume(struct relay *relay, enum relay_side from, struct pipe *pipe)
{
	relay->flows[from].pipe = pipe;
	relay->flows[from].bytes = pipe->held;
	wait_on(relay);
}

/* close() alone ends nothing where there are duplicates; connecting to nowhere aborts
 * (tcp_disconnect() in net/ipv4/tcp.c). */
static void
end_socket(int fd, bool reset)
{
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	if (!reset || connect(fd, &nowhere, sizeof(nowhere)) < 0)
		shutdown(fd, SHUT_RDWR);
}

static void
let_go(struct relay *relay, enum relay_side side)
{
	struct relay_leg *leg = &relay->legs[side];

	pump_clear(relay, side);
	if (leg->fd < 0)
		return;
	unwatch(relay, side, true);
	close(leg->fd);
	leg->fd = -1;
}

static void
end(struct relay *relay)
{
	dequeue(relay);
	stall_forget(relay);
	let_go(relay, RELAY_CLIENT);
	let_go(relay, RELAY_PEER);
}

void
relay_leave(struct relay *relay)
{
	relay->shared = true;
	end(relay);
}

void
relay_part(struct relay *relay)
{
	dequeue(relay);
	stall_forget(relay);
	end_socket(relay->legs[RELAY_PEER].fd, true);
	let_go(relay, RELAY_PEER);
	relay->legs[RELAY_PEER] = (struct relay_leg){.fd = -1};
	wait_on(relay);
}

void
relay_stop(struct relay *relay, bool reset)
{
	bool ended = relay->legs[RELAY_CLIENT].shut && relay->legs[RELAY_PEER].shut;

	for (int side = 0; side < RELAY_SIDES; side++)
		if (relay->legs[side].fd >= 0 && (reset || !ended))
			end_socket(relay->legs[side].fd, reset);
	end(relay);
}

bool
relay_untouched(const struct relay *relay)
{
	return relay->flows[RELAY_CLIENT].bytes == relay_held(relay, RELAY_CLIENT) &&
	       relay->flows[RELAY_PEER].bytes == 0 && !relay->legs[RELAY_PEER].shut &&
	       !relay->legs[RELAY_CLIENT].shut;
}
