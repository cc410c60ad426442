/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_SHELF_H
#define KAGUARD_HOST_SHELF_H

/* One queue of sockets: the kernel's side of host/parking. */

#include <stddef.h>
#include <stdint.h>

#include "host/parking.h"

/* A new pair: the end to write to, and the one that keeps. 0 or negative errno. */
int shelf_pair(int *ret_write, int *ret_keep);

/* Put n of them (1 .. PARKING_SHELF) into the queue with one message. 0 or negative errno. */
int shelf_send(int write_fd, const struct parked *parked, size_t n);

/* Start from the beginning. 0, or -EMEDIUMTYPE where fd is no shelf at all. */
int shelf_rewind(int fd);

/*
 * Duplicates of what is in the next message, at most PARKING_SHELF. Their number, or 0 behind the
 * last one. *ret_bad: sockets that are missing, or 1 where the message is none of ours.
 */
unsigned shelf_peek(int fd, struct parked *parked, unsigned *ret_bad);

#endif
