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

#define WATCHED (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET)

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

/* A reset shows at a read, which does not come while what was read before is in the way. */
static bool
failed(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	int error;

	if (relay->flows[side].held == 0)
		return false;
	error = pump_error_of(relay->legs[side].fd, 0);
	if (error != 0)
		*end = (struct relay_end){side, error};
	return error != 0;
}

static void
enqueue(struct relay *relay, int64_t delay_ms)
{
	struct relays *relays = relay->relays;

	if (!relay->in_turn) {
		TAILQ_INSERT_TAIL(&relays->busy, relay, turn);
		relays->n_busy++;
		relay->in_turn = true;
	}
	if (!wake_armed(&relays->turn) || delay_ms == 0)
		wake_after(&relays->turn, delay_ms);
}

/* Both directions. The relay may be gone then. */
static void
move(struct relay *relay)
{
	uint64_t before = relay->flows[RELAY_CLIENT].bytes + relay->flows[RELAY_PEER].bytes;
	struct relay_end end = {RELAY_CLIENT, 0};
	/* What the peer has met is known before anything is sent to it. */
	enum moved there = STUCK, back = pump(relay, RELAY_PEER, &end);

	if (back != ENDED)
		there = pump(relay, RELAY_CLIENT, &end);
	if (there == ENDED || back == ENDED ||
	    (relay->legs[RELAY_CLIENT].shut && relay->legs[RELAY_PEER].shut)) {
		relay->relays->ended(relay, &end);
		return;
	}
	if (before != relay->flows[RELAY_CLIENT].bytes + relay->flows[RELAY_PEER].bytes)
		stall_watch(relay);
	if (there == MOVED || back == MOVED)
		enqueue(relay, 0);
	else if (there == NO_PIPE || back == NO_PIPE)
		enqueue(relay, NO_PIPE_MS);
}

/* Nobody to carry it to yet. Whoever has sent something and closed is carried all the same. */
static void
on_lone_client(struct relay *relay, uint32_t what)
{
	struct relay_end end = {RELAY_CLIENT, 0};
	int unread = 0;

	if ((what & (EPOLLERR | EPOLLHUP)) == 0)
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
	struct relay_end end;

	if (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		leg->readable = true;
	if (what & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		leg->writable = true;
	if (what & EPOLLPRI)
		leg->readable = leg->urgent = true;
	if (relay->legs[RELAY_PEER].fd < 0)
		on_lone_client(relay, what);
	else if (what & (EPOLLERR | EPOLLHUP) && failed(relay, side, &end))
		relay->relays->ended(relay, &end);
	else if (!relay->in_turn)
		move(relay);
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

/* There will be no news of that leg, nor of what comes to be in the same place. */
static void
unwatch(struct relay *relay, enum relay_side side)
{
	struct relays *relays = relay->relays;

	for (int i = 0; i < relays->n_news; i++)
		if (relays->news[i].data.u64 == mark_of(relay, side))
			relays->news[i].data.u64 = 0;
	/* Duplicates would keep it there. */
	epoll_ctl(relays->epoll_fd, EPOLL_CTL_DEL, relay->legs[side].fd, NULL);
}

static void
dequeue(struct relay *relay)
{
	if (!relay->in_turn)
		return;
	TAILQ_REMOVE(&relay->relays->busy, relay, turn);
	relay->relays->n_busy--;
	relay->in_turn = false;
}

/* Each that has more to do does a part of it; those that are not ready then come again later. */
static void
on_turn(struct wake *wake, unsigned what)
{
	struct relays *relays = container_of(wake, struct relays, turn);
	struct relay *relay;

	(void)what;
	for (unsigned n = relays->n_busy; n > 0; n--) {
		relay = TAILQ_FIRST(&relays->busy);
		if (relay == NULL)
			break;
		dequeue(relay);
		move(relay);
	}
}

int
relays_init(struct relays *relays, struct loop *loop,
    void (*fn)(struct relay *relay, const struct relay_end *end))
{
	int r;

	relays->ended = fn;
	TAILQ_INIT(&relays->busy);
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

static int
watch(struct relay *relay, enum relay_side side, int fd)
{
	struct epoll_event event = {.events = WATCHED, .data.u64 = mark_of(relay, side)};

	if (epoll_ctl(relay->relays->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	relay->legs[side].fd = fd;
	return 0;
}

int
relay_open(struct relay *relay, struct relays *relays, int client_fd, uint64_t life)
{
	memset(relay, 0, sizeof(*relay));
	relay->relays = relays;
	relay->life = life;
	relay->legs[RELAY_PEER].fd = -1;
	return watch(relay, RELAY_CLIENT, client_fd);
}

/* What the client has sent so far is moved when the epoll tells of the peer's socket, at once. */
int
relay_join(struct relay *relay, int peer_fd)
{
	return watch(relay, RELAY_PEER, peer_fd);
}

int
relay_start(struct relay *relay, struct relays *relays, const int fds[RELAY_SIDES], uint64_t life)
{
	int r = relay_open(relay, relays, fds[RELAY_CLIENT], life);

	if (r < 0)
		return r;
	r = relay_join(relay, fds[RELAY_PEER]);
	if (r < 0)
		unwatch(relay, RELAY_CLIENT);
	return r;
}

void
relay_resume(struct relay *relay, enum relay_side from, struct pipe *pipe, uint32_t held)
{
	relay->flows[from].pipe = pipe;
	relay->flows[from].bytes = relay->flows[from].held = held;
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
	unwatch(relay, side);
	close(leg->fd);
	leg->fd = -1;
}

void
relay_leave(struct relay *relay)
{
	dequeue(relay);
	stall_forget(relay);
	let_go(relay, RELAY_CLIENT);
	let_go(relay, RELAY_PEER);
}

void
relay_part(struct relay *relay)
{
	dequeue(relay);
	stall_forget(relay);
	end_socket(relay->legs[RELAY_PEER].fd, true);
	let_go(relay, RELAY_PEER);
	relay->legs[RELAY_PEER] = (struct relay_leg){.fd = -1};
}

void
relay_stop(struct relay *relay, bool reset)
{
	for (int side = 0; side < RELAY_SIDES; side++)
		if (relay->legs[side].fd >= 0)
			end_socket(relay->legs[side].fd, reset);
	relay_leave(relay);
}

bool
relay_untouched(const struct relay *relay)
{
	const struct relay_flow *there = &relay->flows[RELAY_CLIENT];

	return there->bytes == there->held && relay->flows[RELAY_PEER].bytes == 0 &&
	       !relay->legs[RELAY_PEER].shut && !relay->legs[RELAY_CLIENT].shut;
}
