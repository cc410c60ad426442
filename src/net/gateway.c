/* SPDX-License-Identifier: ISC */
#include "net/gateway.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include "net/rtnl.h"
#include "policy/words.h"

#define AT " at "
#define ON " on "

int
gateway_name(const union address *local, const union address *remote, const char *device, char *buf,
    size_t size)
{
	int index = device != NULL ? (int)if_nametoindex(device) : 0;
	char router[INET6_ADDRSTRLEN] = "", link[IF_NAMESIZE] = "?";
	struct rtnl_hop hop;
	int r = rtnl_next_hop(local, remote, index, &hop);

	if (r < 0)
		return r;
	inet_ntop(hop.address.any.sa_family,
	    hop.address.any.sa_family == AF_INET ? (const void *)&hop.address.in.sin_addr
						 : (const void *)&hop.address.in6.sin6_addr,
	    router, sizeof(router));
	if_indextoname((unsigned)hop.index, link);
	buf[0] = '\0';
	words_add(buf, size, "%s%s", router, hop.link_len > 0 ? AT : ON);
	if (hop.link_len == 0)
		words_add(buf, size, "%s", link);
	for (unsigned i = 0; i < hop.link_len; i++)
		words_add(buf, size, "%s%02x", i > 0 ? ":" : "", hop.link[i]);
	return 0;
}

bool
gateway_same(const char *a, const char *b)
{
	size_t len = strcspn(a, " ");

	if (strcmp(a, b) == 0)
		return true;
	/* The same router, and of one of them it is not known by what link-layer address. */
	return strncmp(a, b, len) == 0 && b[len] == ' ' &&
	       (strstr(a, AT) == NULL) != (strstr(b, AT) == NULL);
}
