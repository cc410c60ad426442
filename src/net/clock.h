/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_CLOCK_H
#define KAGUARD_NET_CLOCK_H

/* Time and randomness from the kernel. */

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds. */
int64_t clock_now_ms(void);

/* A random word; not for secrets. */
uint32_t clock_random(void);

/* How long the machine has been suspended since it was started. */
int64_t clock_asleep_ms(void);

#endif
