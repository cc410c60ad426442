/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_RTNL_PARSE_H
#define KAGUARD_NET_RTNL_PARSE_H

/* One message of rtnetlink(7): what it says. */

#include <stdbool.h>
#include <stddef.h>

#include "net/rtnl.h"

struct nlattr;
struct nlmsghdr;

/* False where it is nothing to us. */
bool rtnl_parse(const struct nlmsghdr *message, struct rtnl_message *ret_message);

/* The attributes behind a header of that size: the first, and whether there is one at that place.
 */
const struct nlattr *rtnl_first(const struct nlmsghdr *message, size_t header);
bool rtnl_more(const struct nlmsghdr *message, const struct nlattr *attr);

/* False where it is no address of that family; `attr` may be NULL. */
bool rtnl_address(union address *ret_address, int family, const struct nlattr *attr);

#endif
