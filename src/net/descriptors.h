/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_DESCRIPTORS_H
#define KAGUARD_NET_DESCRIPTORS_H

/* How many descriptors the process may have, and room for them. */

/* The limit, after it was raised as far as it goes; INT_MAX where there is none. */
int descriptors_limit(void);

/*
 * Make room for n at once. The kernel doubles the table of descriptors as it fills, and with more
 * than one thread waits for an RCU grace period each time (fs/file.c expand_fdtable()): some 10 ms,
 * eight times on the way to 15,000. Before there are threads it waits for nothing.
 */
void descriptors_expect(int n);

#endif
