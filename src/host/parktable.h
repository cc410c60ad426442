/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_PARKTABLE_H
#define KAGUARD_HOST_PARKTABLE_H

/*
 * What is known of each session, in memory that outlives the process: a memfd that the service
 * manager keeps, mapped and shared, so that an update is a store and a killed daemon leaves it as
 * it was at that instant. An update that was interrupted by the end of the process is either
 * completed or has never been, whatever the instruction was.
 *
 * The layout: a header, one record of what is being written, then the slots. A field that is new
 * comes at the end of the entry, which stays a multiple of eight bytes, and 0 in it means that
 * nothing is known: daemons of before and after it go on understanding each other. Any other change
 * takes another PARKTABLE_VERSION, is refused by those of before, and so costs all sessions.
 */

#include <stdbool.h>
#include <stdint.h>

#define PARKTABLE_MAX_SLOTS (1u << 20)

/* The tests build other ones. */
#ifndef PARKTABLE_VERSION
#define PARKTABLE_VERSION 1
#endif

/* The session was up at some time; and its loss was told, so its return is to be. */
#define PARKTABLE_WAS_UP     1u
#define PARKTABLE_LOST_ALOUD 2u

/* What is parked. Of all but sessions the index is one that no session has. */
enum parktable_kind {
	PARKTABLE_SESSION,
	PARKTABLE_LISTENER, /* where clients of the peer come in */
	PARKTABLE_CLIENT,   /* a client; its partner is what it is carried over */
	PARKTABLE_CARRIER,  /* that: it has no entry of its own */
	PARKTABLE_PIPE,	    /* one through which bytes go, see host/owners.h; of no peer */
	PARKTABLE_KINDS
};

struct parktable_entry {
	uint64_t life;	 /* names the connection that is held; 0: none */
	uint64_t target; /* fingerprint of what was configured: address, bind, device */
	uint64_t discarded;
	/* CLOCK_MONOTONIC: the memory does not outlive the kernel, so its clock goes on. */
	int64_t since_ms, down_ms, died_idle_ms;
	uint32_t index;
	uint32_t reconnects;
	uint32_t failures; /* of its peer, in a row */
	int32_t error;
	uint32_t tuned; /* names the keepalive values that the socket has; 0: not known */
	uint32_t reserved;
	uint16_t jitter;
	uint8_t flags;
	uint8_t reason;			     /* enum reason */
	unsigned char local[28], remote[28]; /* sockaddr_in or sockaddr_in6 */
	char peer[68];			     /* its name, with the NUL; "": the slot is free */
	uint64_t partner; /* the life of the other socket of a client that is carried */
	uint32_t kind;	  /* enum parktable_kind */
	uint32_t reserved2;
};

struct parktable;

/* An empty one. 0 or negative errno. */
int parktable_new(struct parktable **ret);

/*
 * The one behind fd, which it owns from then on. If it has another length of slots than this
 * version writes, *ret is a copy in a new memfd with the same numbers of slots: *ret_copied is
 * true, and fd closed. Or -EMEDIUMTYPE: no such table; -EPROTONOSUPPORT: of another version;
 * -EBADMSG: its header is damaged; or another negative errno. fd is then left alone.
 */
int parktable_attach(int fd, struct parktable **ret, bool *ret_copied);

/* Unmaps and closes; NULL is fine. What others hold of it stays as it is. */
void parktable_free(struct parktable *table);

int parktable_fd(const struct parktable *table);

/* Slots from 0 to here have been used. */
uint32_t parktable_slots(const struct parktable *table);

/* 1: read. 0: the slot is free. -EBADMSG: it is damaged. */
int parktable_read(const struct parktable *table, uint32_t slot, struct parktable_entry *ret);

/* Of a slot that was taken, or read. */
void parktable_write(struct parktable *table, uint32_t slot, const struct parktable_entry *entry);

/* A free slot, which is then not free any more. 0, or negative errno. */
int parktable_take(struct parktable *table, uint32_t *ret_slot);

/* Free the slot; what is in it is forgotten. */
void parktable_give(struct parktable *table, uint32_t slot);

#endif
