/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_RECEIPT_H
#define KAGUARD_HOST_RECEIPT_H

/*
 * Whether what was sent to a unix datagram socket has been dealt with, where nobody answers.
 *
 * Its queue is one, whoever sends: empty datagrams are put behind what is there already. When one
 * of them has been read, whoever reads there has come back for more and is done with what was in
 * front of it. journald ignores them (server_process_datagram(), where it has no descriptor and no
 * bytes).
 */

/*
 * Waits up to wait_ms until all that is in the queue of the socket at `path` now has been dealt
 * with. 0, -ETIMEDOUT, or the negative errno of why nothing can be sent there.
 */
int receipt_await(const char *path, int wait_ms);

#endif
