/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_VALUES_H
#define KAGUARD_CONFIG_VALUES_H

/* A node of the document to the value of one option, with the errors at its place. */

#include "config/settings.h"

/*
 * The value of an option that is not a map or the list of peers. 0, or -EINVAL where an error has
 * been reported; *setting is untouched then.
 */
int value_read(struct settings_reader *reader, enum option_id id, const struct node *node,
    struct setting *setting);

/* True for what is left empty, `~` and `null`. */
bool value_is_null(const struct node *node);

/* Report that the node is of the wrong type for the option. -EINVAL. */
int value_refuse(struct settings_reader *reader, enum option_id id, const struct node *node);

#endif
