/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_PARSE_H
#define KAGUARD_CONFIG_PARSE_H

/* The text of a scalar to the value of an option, by the option's type, bounds and words. */

#include "config/options.h"
#include "config/scalar.h"
#include "config/settings.h"

/*
 * 0 with the value in *setting, whose slices point into text; or -EINVAL with why->text. For every
 * type that one scalar can express, save bytes. Of a list of firewalls this is one item.
 */
int option_parse(
    const struct option *option, struct slice text, struct setting *setting, struct why *why);

/* What a value of this type is called in an error: "a number". */
const char *option_type_phrase(enum option_type type);

#endif
