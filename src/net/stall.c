/* SPDX-License-Identifier: ISC */
#include "net/stall.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/tcpinfo.h"

/* More often than any TCP_USER_TIMEOUT that is in use ends. */
#define LOOK_MS 1000

#ifndef TCP_USER_TIMEOUT
#define TCP_USER_TIMEOUT 18
#endif

static void
set_timeout(struct relay_leg *leg, bool lifted)
{
	int value = lifted ? 0 : leg->user_timeout_ms;

	if (leg->user_timeout_ms <= 0 || leg->lifted == lifted)
		return;
	setsockopt(leg->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof(value));
	leg->lifted = lifted;
}

/* Whether something that was sent has not arrived. */
static bool
look_at(struct relay_leg *leg)
{
	struct tcp_facts facts;
	int queued = 0;

	if (leg->user_timeout_ms <= 0 || ioctl(leg->fd, SIOCOUTQ, &queued) < 0 || queued == 0) {
		set_timeout(leg, false);
		return false;
	}
	/* What waits, with nothing on its way, waits for the window. */
	if (tcpinfo_read(leg->fd, &facts) == 0)
		set_timeout(leg, !facts.data_in_flight);
	return true;
}

void
stall_look(struct wake *wake, unsigned what)
{
	struct relays *relays = container_of(wake, struct relays, look);
	struct relay *relay, *next;

	(void)what;
	for (relay = TAILQ_FIRST(&relays->under_way); relay != NULL; relay = next) {
		bool waits = look_at(&relay->legs[RELAY_CLIENT]);

		next = TAILQ_NEXT(relay, looked);
		if (!look_at(&relay->legs[RELAY_PEER]) && !waits)
			stall_forget(relay);
	}
	if (!TAILQ_EMPTY(&relays->under_way))
		wake_after(&relays->look, LOOK_MS);
}

void
stall_watch(struct relay *relay)
{
	struct relays *relays = relay->relays;

	if (relay->is_looked)
		return;
	TAILQ_INSERT_TAIL(&relays->under_way, relay, looked);
	relay->is_looked = true;
	if (!wake_armed(&relays->look))
		wake_after(&relays->look, LOOK_MS);
}

void
stall_forget(struct relay *relay)
{
	if (!relay->is_looked)
		return;
	TAILQ_REMOVE(&relay->relays->under_way, relay, looked);
	relay->is_looked = false;
}

void
stall_settle(struct relay *relay)
{
	for (int side = 0; side < RELAY_SIDES; side++)
		if (relay->legs[side].fd >= 0 && look_at(&relay->legs[side]))
			stall_watch(relay);
}
