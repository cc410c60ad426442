/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_MONOTONIC_H
#define KAGUARD_HOST_MONOTONIC_H

/* The clock for limits on waiting, where net/clock is out of reach. */

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds. */
int64_t monotonic_ms(void);

#endif
