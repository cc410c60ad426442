/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_WRITE_CONFIG_H
#define KAGUARD_TESTS_WRITE_CONFIG_H

#include <stdio.h>

struct config;

/* A configuration as YAML that says everything, defaults too: to be read again as the same. */
void write_config(const struct config *config, FILE *out);

#endif
