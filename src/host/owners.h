/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_OWNERS_H
#define KAGUARD_HOST_OWNERS_H

/*
 * Whose bytes are in each pipe: a number for every slot of host/parktable, in memory that outlives
 * the process as that does. A number is one store, with no system call, so it can be made before
 * each splice(2) that needs it; and it is whole or has not been.
 */

#include <stdint.h>

struct owners;

/* All 0. 0 or negative errno. */
int owners_new(struct owners **ret);

/* Those behind fd, which it owns from then on; or negative errno: fd is left alone. */
int owners_attach(int fd, struct owners **ret);

/* Unmaps and closes; NULL is fine. What others hold of it stays as it is. */
void owners_free(struct owners *owners);

int owners_fd(const struct owners *owners);

/* That of a slot, which is below PARKTABLE_MAX_SLOTS. */
volatile uint64_t *owners_at(const struct owners *owners, uint32_t slot);

#endif
