/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_FUZZ_H
#define KAGUARD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls, and tests/fuzz/replay.c. Returns 0, or does not return. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
