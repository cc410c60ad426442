/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FAULT_FAULTY_H
#define TESTS_FAULT_FAULTY_H

#include <stdbool.h>

/* Whether this call, of the function that it stands in, is to fail. What errno was lives on. */
#define FAULT_MEETS(name) fault_meets(name, __builtin_frame_address(0))
bool fault_meets(const char *name, const void *frame);

/* Set errno, to `other` where that is asked for and is not 0. 0: leave it. */
void fault_errno(int error, int other);

/* $KAGUARD_SLEEP_MS, or 0. */
int fault_sleep_ms(void);

#endif
