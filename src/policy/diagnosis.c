/* SPDX-License-Identifier: ISC */
#include "policy/diagnosis.h"

#include <errno.h>

bool
diagnosis_is_local(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRNOTAVAIL: /* the source address has gone, or all its ports are taken */
	case EADDRINUSE:
	case EAFNOSUPPORT:
	case ENETDOWN:
	case ENODEV:
	case EACCES:
	case EPERM: /* a rule of our own host's firewall */
		return true;
	default:
		return false;
	}
}

enum reason
diagnosis_of_death(const struct death *death)
{
	switch (death->error) {
	case 0:
		return REASON_CLOSED;
	case EACCES: /* ICMPv6: administratively prohibited */
		return REASON_PENDING;
	case ECONNRESET:
	case EPIPE:
		/* A reset that answers a probe: from the firewall, or from a peer that was
		 * rebooted meanwhile. One that comes unasked is the peer's own doing. */
		return death->probes > 0 || death->data_lost ? REASON_PENDING : REASON_RESET;
	default:
		/* Silence. Where there was a router's word meanwhile, or no route, the kernel calls
		 * it by that name (sk_err_soft in net/ipv4/tcp_timer.c tcp_write_err()): it may be
		 * a firewall's for a session that it has forgotten. */
		return diagnosis_is_local(death->error) ? REASON_LOCAL : REASON_PENDING;
	}
}

bool
diagnosis_was_reset(const struct death *death)
{
	return death->error == ECONNRESET || death->error == EPIPE;
}

int64_t
diagnosis_probed_ms(const struct death *death, int64_t interval_ms)
{
	/* A reset answers the last probe; where there was silence, the kernel waited once more. */
	int waited = diagnosis_was_reset(death) ? death->probes - 1 : death->probes;
	int64_t probed_ms = death->idle_ms - (waited > 0 ? waited : 0) * interval_ms;

	return death->idle_ms < 0 ? -1 : probed_ms > 0 ? probed_ms : 0;
}

bool
diagnosis_survives(int64_t idle_plan_ms, int64_t steady_ms, int64_t idle_ms)
{
	/* Twice, since the first idle time of a socket may be the shorter one: a kernel timer is up
	 * to 8/63 late (kernel/time/timer.c calc_wheel_index()), and each of the later ones as late
	 * as the others. */
	return idle_ms >= 0 && steady_ms - idle_ms >= 2 * idle_plan_ms * 71 / 63;
}

/* Whether a firewall that forgets what is idle explains the death. */
static bool
idleness_explains(const struct death *death, const struct scene *scene, int64_t probed_ms)
{
	/* A probe on demand finds out about sessions that were hardly idle. Jitter makes the idle
	 * time up to 5 % shorter than planned, and the clocks are read one after the other. */
	return probed_ms >= scene->idle_plan_ms * 9 / 10 && !scene->not_idle_lost &&
	       death->survived_ms < scene->idle_plan_ms;
}

/* The new session came up at once: who had forgotten the old one? */
static void
find_forgetful(const struct death *death, const struct scene *scene, struct diagnosis *v)
{
	bool by_reset = diagnosis_was_reset(death);

	v->reason = REASON_EXPIRED;
	v->forgotten_ms =
	    death->data_lost ? death->idle_ms : diagnosis_probed_ms(death, scene->interval_plan_ms);
	if (death->idle_ms < 0 || death->survived_ms < 0) {
		v->cause = CAUSE_NONE;
	} else if (!death->data_lost && !scene->network_changed &&
		   idleness_explains(death, scene, v->forgotten_ms)) {
		v->cause = CAUSE_IDLE;
	} else if (scene->others_lost > (by_reset ? 0 : 1)) {
		/* Of silence, on a path that loses much, two at a time may be chance. */
		v->cause = CAUSE_FLUSHED;
	} else if (by_reset && scene->fellows_alive == 0 && scene->others_alive > 0) {
		*v = (struct diagnosis){REASON_RESET, CAUSE_RESTARTED, -1};
	} else {
		v->cause = CAUSE_FORGOTTEN;
	}
}

void
diagnosis_settle(const struct death *death, const struct scene *scene, struct diagnosis *ret)
{
	bool by_reset = diagnosis_was_reset(death);
	struct diagnosis v = {REASON_UNREACHABLE, CAUSE_NONE, -1};

	/* A reset came over the network, so it was there. */
	if (scene->network_changed && !by_reset)
		v = (struct diagnosis){REASON_LOCAL, CAUSE_NETWORK, -1};
	else if (scene->next == NEXT_REFUSED)
		v = (struct diagnosis){
		    by_reset ? REASON_RESET : REASON_UNREACHABLE, CAUSE_RESTARTED, -1};
	else if (scene->next == NEXT_STRAINED && !by_reset)
		v.cause = CAUSE_INTERRUPTED;
	else if (scene->next != NEXT_FAILED && scene->suspended)
		v = (struct diagnosis){REASON_EXPIRED, CAUSE_SUSPENDED, -1};
	else if (scene->next != NEXT_FAILED)
		find_forgetful(death, scene, &v);
	*ret = v;
}

enum reason
diagnosis_of_attempt(int error, bool local)
{
	if (local || diagnosis_is_local(error))
		return REASON_LOCAL;
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
		return REASON_REFUSED;
	case ETIMEDOUT:
		return REASON_TIMED_OUT;
	default: /* ICMP: host, network, protocol unreachable */
		return REASON_UNREACHABLE;
	}
}

const char *
diagnosis_name(enum reason reason)
{
	switch (reason) {
	case REASON_NONE:
	case REASON_PENDING:
	case REASON_COUNT:
		break;
	case REASON_EXPIRED:
		return "expired";
	case REASON_UNREACHABLE:
		return "unreachable";
	case REASON_CLOSED:
		return "closed";
	case REASON_RESET:
		return "reset";
	case REASON_REFUSED:
		return "refused";
	case REASON_TIMED_OUT:
		return "timed-out";
	case REASON_UNRESOLVED:
		return "unresolved";
	case REASON_HEARTBEAT:
		return "heartbeat";
	case REASON_LOCAL:
		return "local";
	}
	return "";
}

const char *
diagnosis_cause_name(enum death_cause cause)
{
	switch (cause) {
	case CAUSE_NONE:
	case CAUSE_COUNT:
		break;
	case CAUSE_IDLE:
		return "idle";
	case CAUSE_FLUSHED:
		return "flushed";
	case CAUSE_FORGOTTEN:
		return "forgotten";
	case CAUSE_SUSPENDED:
		return "suspended";
	case CAUSE_RESTARTED:
		return "restarted";
	case CAUSE_INTERRUPTED:
		return "interrupted";
	case CAUSE_NETWORK:
		return "network";
	case CAUSE_ENDS_IDLE:
		return "ends-idle";
	case CAUSE_ENDS_OLD:
		return "ends-old";
	}
	return "";
}
