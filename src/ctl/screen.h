/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_SCREEN_H
#define KAGUARD_CTL_SCREEN_H

/*
 * The terminal as a page that is drawn again and again: on its other screen, so that what was there
 * is there again afterwards, and only the lines that have changed.
 */

#include <stdbool.h>
#include <termios.h>

#include "ctl/grid.h"

enum screen_key {
	SCREEN_NO_KEY,
	SCREEN_QUIT,
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_FIRST,
	SCREEN_LAST
};

struct screen {
	struct termios before;
	bool has_keys; /* stdin is the terminal, too */
	bool hung_up;
	unsigned columns, n_lines;
	char (*lines)[GRID_LINE]; /* as they are on it */
	char *bytes;		  /* on their way to it */
	size_t size, room;
	char typed[64]; /* and not used yet */
	size_t n_typed;
};

/* 0, or negative errno. */
int screen_open(struct screen *screen);

/* As it was before. One that was not opened but is all zero is fine. */
void screen_close(struct screen *screen);

/* Find out how large it is; all is drawn anew. 0, or -ENOMEM. */
int screen_resize(struct screen *screen);

/* Put a line in place, "" for an empty one; it is there after screen_flush(). */
void screen_line(struct screen *screen, unsigned line, const char *text);
void screen_flush(struct screen *screen);

/* Take in what was typed, once there is something to read. */
void screen_listen(struct screen *screen);

/* The next key of that; SCREEN_NO_KEY: no more. */
enum screen_key screen_key(struct screen *screen);

#endif
