/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_MESSAGES_H
#define KAGUARD_HOST_MESSAGES_H

/* The kinds of record. Each has one MESSAGE_ID for ever; ids are never reused. */

enum message {
	MESSAGE_STARTED,	 /* the configuration is loaded, the first attempts are under way */
	MESSAGE_STOPPING,	 /* asked to stop: sessions are being closed */
	MESSAGE_RELOADED,	 /* a new configuration is in force; says what changed */
	MESSAGE_RELOAD_FAILED,	 /* the new configuration has errors; the old one stays in force */
	MESSAGE_CONFIG_REMARK,	 /* one error or warning about the configuration */
	MESSAGE_SESSION_UP,	 /* a session came up, or came back */
	MESSAGE_SESSION_LOST,	 /* a session that was up is no more */
	MESSAGE_SESSION_CLOSED,	 /* closed by us, on request: removed, reloaded, stopped */
	MESSAGE_ATTEMPT_FAILED,	 /* an attempt to open a session failed */
	MESSAGE_MANY,		 /* many sessions changed at once: the counts */
	MESSAGE_LOCAL_TROUBLE,	 /* our side cannot: descriptors, memory, no route, address gone */
	MESSAGE_OPTION_REFUSED,	 /* the kernel did not take a keepalive value */
	MESSAGE_PLAN_CHANGED,	 /* the round trip is longer than planned for: other values */
	MESSAGE_PEER_SENDS,	 /* a peer sends data, which is thrown away */
	MESSAGE_SUMMARY,	 /* the counts of the last summary_every */
	MESSAGE_TABLE,		 /* a row of the status table, asked for by SIGUSR1 */
	MESSAGE_RECORDS_DROPPED, /* the journal did not keep up; how many records were dropped */
	MESSAGE_INTERNAL,	 /* something that should not happen did */
	MESSAGE_STATE,		 /* any other change of a session's state; for debugging */
	MESSAGE_TAKEN_OVER,	 /* sessions of the daemon before this one go on */
	MESSAGE_NOT_KEPT,	 /* sessions will not, or did not, outlive their daemon */
	MESSAGE_LEARNT,		 /* the firewall forgets sooner than was declared */
	MESSAGE_STATE_FILE,	 /* what was learnt is not kept, or was lost */
	MESSAGE_NO_CONTROL,	 /* the control socket cannot be had */
	MESSAGE_NETWORK_CHANGED, /* links, addresses, routes of this host; what follows from it */
	MESSAGE_NETWORK_AWAY,	 /* nobody can be reached: waiting for a link or a route */
	MESSAGE_NETWORK_UNSEEN,	 /* changes of the network, or suspends, cannot be seen */
	MESSAGE_AWOKE,		 /* the machine was suspended; what follows from it */
	MESSAGE_CLIENT_LOST,	 /* a client was cut off, by its peer or by itself */
	MESSAGE_LISTENING,	 /* clients cannot be taken in, or can again */
	MESSAGE_CLIENTS_REFUSED, /* there are too many clients, or no room for more */
	MESSAGE_MEASURING,	 /* a measurement of a peer's path begins */
	MESSAGE_MEASURED,	 /* what it found, and what is planned for from now on */
	MESSAGE_NOT_MEASURED,	 /* it found nothing, or what it found was contradicted since */
	MESSAGE_PATH_FOUND,	 /* which network a measured path begins in; what is known there */
	MESSAGE_COUNT
};

/* MESSAGE_ID= as 32 hexadecimal digits. */
const char *message_id(enum message message);

/* A short name: "session-up". */
const char *message_name(enum message message);

#endif
