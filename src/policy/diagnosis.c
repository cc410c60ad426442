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
	case ETIMEDOUT:
		return REASON_PENDING;
	case ECONNRESET:
	case EPIPE:
		/* A reset that answers a probe: from the firewall, or from a peer that was
		 * rebooted meanwhile. One that comes unasked is the peer's own doing. */
		return death->probes > 0 || death->data_lost ? REASON_PENDING : REASON_RESET;
	default:
		return diagnosis_is_local(death->error) ? REASON_LOCAL : REASON_UNREACHABLE;
	}
}

enum reason
diagnosis_revise(enum reason reason, bool came_up)
{
	if (reason != REASON_PENDING)
		return reason;
	return came_up ? REASON_EXPIRED : REASON_UNREACHABLE;
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
		return "";
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
