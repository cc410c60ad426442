/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_ADDRESS_H
#define KAGUARD_NET_ADDRESS_H

/* Socket addresses: as small as they can be, as text, and as ordered lists. */

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Longest text: "[" address "%" scope "]:" port. */
#define ADDRESS_TEXT_SIZE 80

/* Either family in 28 bytes, where sockaddr_storage takes 128. */
union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Where to connect to, and from where; the strings are borrowed. */
struct target {
	const char *host;
	const char *bind;   /* numeric source address, or NULL */
	const char *device; /* interface, or NULL */
	uint16_t port;
};

struct addresses {
	unsigned n;
	unsigned refs;
	union address list[];
};

socklen_t address_len(const union address *address);

int address_equal(const union address *a, const union address *b);

/* "192.0.2.7:443", "[2001:db8::7]:443", "" where the family is neither. Returns buf. */
char *address_text(const union address *address, char *buf, size_t size);

/* From a literal, with no lookup. 0, or -EINVAL. */
int address_parse(const char *host, uint16_t port, union address *ret);

/*
 * Take turns between the families, the first one first, otherwise in the order given:
 * RFC 8305 section 4 with a First Address Family Count of 1.
 */
void addresses_interleave(struct addresses *addresses);

/* n slots, one reference; NULL where there is no memory. */
struct addresses *addresses_new(unsigned n);
struct addresses *addresses_ref(struct addresses *addresses);
void addresses_unref(struct addresses *addresses); /* NULL is fine */

#endif
