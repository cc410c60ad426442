/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_STALL_H
#define KAGUARD_NET_STALL_H

/*
 * Whoever reads slowly is not dead. TCP_USER_TIMEOUT is to end what gets no acknowledgement; but
 * the kernel ends by it as well who answers every probe of a window that stays closed
 * (tcp_probe_timer() in net/ipv4/tcp_timer.c): a pager that waits for its reader, a server that is
 * busy. So the relays that have sent something which has not arrived are looked at once a second,
 * and those whose window is closed have none until it opens; what ends them if they vanish
 * meanwhile is the kernel's own patience (tcp_retries2, some 15 min).
 */

#include "net/relay.h"

/* Its legs have just been given their TCP_USER_TIMEOUT, maybe with their windows closed. */
void stall_settle(struct relay *relay);

/* For net/relay only. It has moved something. */
void stall_watch(struct relay *relay);
void stall_forget(struct relay *relay);

/* The wake of it. */
void stall_look(struct wake *wake, unsigned what);

#endif
