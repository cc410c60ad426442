/* SPDX-License-Identifier: ISC */
#include "net/owned.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>

#include "policy/unrest.h"

struct own {
	SLIST_ENTRY(own) next;
	union address address;
	int index;   /* of its link */
	bool seen;   /* by the reading under way */
	bool usable; /* not, or no longer, examined */
	bool known;  /* was usable before it was examined or lost: there may be sessions from it */
};

static bool
is_link_local(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 16 == 0xa9fe; /* RFC 3927: 169.254/16 */
	return IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
}

static bool
same_host(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

/* On that link, or on any where the index is -1. */
static struct own *
find(const struct own_list *list, const union address *address, int index)
{
	struct own *own;

	SLIST_FOREACH(own, list, next)
	if (same_host(&own->address, address) && (index < 0 || own->index == index))
		return own;
	return NULL;
}

static bool
has_usable(const struct owned *owned, const union address *address)
{
	const struct own *own;

	SLIST_FOREACH(own, &owned->here, next)
	if (same_host(&own->address, address) && own->usable)
		return true;
	return false;
}

/* One that never could be used is nobody's loss, nor one that another link has. */
static unsigned
lose(struct owned *owned, struct own *own)
{
	SLIST_REMOVE(&owned->here, own, own, next);
	if ((!own->usable && !own->known) || find(&owned->here, &own->address, -1) != NULL) {
		free(own);
		return 0;
	}
	SLIST_INSERT_HEAD(&owned->lost, own, next);
	return is_link_local(&own->address) ? UNREST_NEAR_GONE : UNREST_ADDRESS_GONE;
}

static struct own *
add(struct owned *owned, const struct rtnl_message *m)
{
	struct own *back = find(&owned->lost, &m->address, -1);
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	own->address = m->address;
	own->index = m->index;
	own->known = back != NULL;
	SLIST_INSERT_HEAD(&owned->here, own, next);
	if (back != NULL) {
		SLIST_REMOVE(&owned->lost, back, own, next);
		free(back);
	}
	return own;
}

unsigned
owned_take(struct owned *owned, const struct rtnl_message *m)
{
	struct own *own = find(&owned->here, &m->address, m->index);
	bool elsewhere;

	if (m->gone)
		return own != NULL ? lose(owned, own) : 0;
	if (own == NULL)
		own = add(owned, m);
	if (own == NULL)
		return 0;
	own->seen = true;
	own->known |= own->usable;
	if (m->tentative || own->usable) {
		own->usable = !m->tentative;
		return 0;
	}
	elsewhere = has_usable(owned, &m->address);
	own->usable = true;
	if (elsewhere)
		return 0;
	if (own->known)
		return UNREST_ADDRESS_BACK;
	return is_link_local(&m->address) ? 0 : UNREST_ADDRESS_ADDED; /* every link has one */
}

void
owned_begin(struct owned *owned)
{
	struct own *own;

	SLIST_FOREACH(own, &owned->here, next)
	own->seen = false;
}

bool
owned_sweep(struct owned *owned, union address *ret_address, unsigned *ret_change)
{
	struct own *own;

	SLIST_FOREACH(own, &owned->here, next)
	if (!own->seen) {
		*ret_address = own->address;
		*ret_change = lose(owned, own);
		return true;
	}
	return false;
}

bool
owned_has(const struct owned *owned, const union address *address)
{
	return find(&owned->here, address, -1) != NULL;
}

bool
owned_lost(const struct owned *owned, const union address *address)
{
	return find(&owned->lost, address, -1) != NULL;
}

bool
owned_on(const struct owned *owned, int link)
{
	const struct own *own;

	SLIST_FOREACH(own, &owned->here, next)
	if (own->index == link && !is_link_local(&own->address))
		return true;
	return false;
}

static void
clear(struct own_list *list)
{
	struct own *own;

	while ((own = SLIST_FIRST(list)) != NULL) {
		SLIST_REMOVE_HEAD(list, next);
		free(own);
	}
}

void
owned_forget_lost(struct owned *owned)
{
	clear(&owned->lost);
}

void
owned_clear(struct owned *owned)
{
	clear(&owned->here);
	clear(&owned->lost);
}
