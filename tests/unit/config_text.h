/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_UNIT_CONFIG_TEXT_H
#define KAGUARD_TESTS_UNIT_CONFIG_TEXT_H

/* A configuration out of a string. */

#include <stddef.h>

#include "config/config.h"
#include "config/load.h"

/* As config_load(). The file has no name to speak of, and no drop-ins. */
int config_text_load(
    const char *text, size_t len, struct config **ret_config, struct remarks *ret_remarks);

#endif
