/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_CALLER_H
#define KAGUARD_TESTS_CALLER_H

/* A client of the control socket who checks what it is answered. */

#include <stdbool.h>
#include <stddef.h>

#define CALLER_INPUT (256 * 1024)

struct caller {
	int fd; /* -1: not connected */
	bool deaf;
	unsigned calls, answers;
	int owed;	       /* answers to what it has asked so far; -1: that cannot be told */
	size_t size, received; /* of input; and in all */
	char input[CALLER_INPUT];
};

/* Unless it is connected already. */
void caller_connect(struct caller *c, const char *path);

void caller_hang_up(struct caller *c);

/* Sends what can be sent, and says how much: less than all where nobody takes it. */
size_t caller_send(struct caller *c, const char *text, size_t size);

/* It is about to send all of this, with its end. */
void caller_asks(struct caller *c, const char *text);

/* Takes in what is there, unless it is deaf, and hangs up where the other end has. */
void caller_receive(struct caller *c);

#endif
