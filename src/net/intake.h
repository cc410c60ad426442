/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_INTAKE_H
#define KAGUARD_NET_INTAKE_H

/*
 * What a peer sends is read, and thrown away unless somebody listens, at bounded cost: so much at a
 * time, and after data net/conn leaves the socket alone for a while, so that no peer gets more than
 * ten wake-ups a second out of us. TCP's window tells the peer to slow down meanwhile. What is to
 * be saved for a client is not read at all.
 */

struct conn;

/* Read what is there. 1: there may be more. 0: nothing left. -1: the session has ended, *ret_error
 * says how. */
int intake_take(struct conn *conn, int *ret_error);

/* What lies there is left alone: 0, or -1 as above. `what` has woken us. */
int intake_look(struct conn *conn, unsigned what, int *ret_error);

#endif
