/* SPDX-License-Identifier: ISC */
#include "ctl/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"

/* xterm's other screen, and no cursor there; all that calls itself a terminal knows these. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

/* In a file descriptor's way there may be a full pipe, but here it is a terminal. */
static void
write_all(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, size);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
	}
}

static void
add(struct screen *screen, const char *text)
{
	size_t length = strlen(text), room = screen->room > 0 ? screen->room : 4096;
	char *bytes;

	while (room < screen->size + length)
		room *= 2;
	if (room > screen->room) {
		bytes = realloc(screen->bytes, room);
		if (bytes == NULL)
			return; /* the line stays as it is */
		screen->bytes = bytes;
		screen->room = room;
	}
	memcpy(screen->bytes + screen->size, text, length);
	screen->size += length;
}

int
screen_open(struct screen *screen)
{
	struct termios raw;
	int r;

	*screen = (struct screen){0};
	screen->has_keys = tcgetattr(STDIN_FILENO, &screen->before) == 0;
	if (screen->has_keys) {
		raw = screen->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		/* Stopped in the middle, it would leave the terminal as it is. */
		raw.c_cc[VSUSP] = _POSIX_VDISABLE;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	write_all(ENTER, strlen(ENTER));
	r = screen_resize(screen);
	if (r < 0)
		screen_close(screen);
	return r;
}

void
screen_close(struct screen *screen)
{
	if (screen->lines != NULL)
		write_all(LEAVE, strlen(LEAVE));
	if (screen->has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
	free(screen->lines);
	free(screen->bytes);
	*screen = (struct screen){0};
}

int
screen_resize(struct screen *screen)
{
	unsigned n = ctl_lines() > 0 ? ctl_lines() : 24;
	char(*lines)[GRID_LINE] = reallocarray(screen->lines, n, sizeof(*lines));

	if (lines == NULL)
		return -ENOMEM;
	memset(lines, 0, n * sizeof(*lines));
	screen->lines = lines;
	screen->n_lines = n;
	screen->columns = ctl_columns() > 0 ? ctl_columns() : 80;
	screen->size = 0;
	add(screen, "\033[2J");
	return 0;
}

void
screen_line(struct screen *screen, unsigned line, const char *text)
{
	char place[24];

	if (line >= screen->n_lines || strcmp(screen->lines[line], text) == 0)
		return;
	snprintf(screen->lines[line], GRID_LINE, "%s", text);
	snprintf(place, sizeof(place), "\033[%u;1H", line + 1);
	add(screen, place);
	add(screen, text);
	add(screen, "\033[K");
}

void
screen_flush(struct screen *screen)
{
	write_all(screen->bytes, screen->size);
	screen->size = 0;
}

static const struct {
	const char *bytes;
	enum screen_key key;
} keys[] = {
    {"q", SCREEN_QUIT},
    {"k", SCREEN_UP},
    {"\033[A", SCREEN_UP},
    {"j", SCREEN_DOWN},
    {"\033[B", SCREEN_DOWN},
    {"b", SCREEN_PAGE_UP},
    {"\033[5~", SCREEN_PAGE_UP},
    {" ", SCREEN_PAGE_DOWN},
    {"\033[6~", SCREEN_PAGE_DOWN},
    {"g", SCREEN_FIRST},
    {"\033[H", SCREEN_FIRST},
    {"G", SCREEN_LAST},
    {"\033[F", SCREEN_LAST},
};

static void
use_up(struct screen *screen, size_t n)
{
	screen->n_typed -= n;
	memmove(screen->typed, screen->typed + n, screen->n_typed);
}

void
screen_listen(struct screen *screen)
{
	size_t room = sizeof(screen->typed) - screen->n_typed;
	ssize_t n = read(STDIN_FILENO, screen->typed + screen->n_typed, room);

	if (n > 0)
		screen->n_typed += (size_t)n;
	else
		screen->hung_up = true;
}

/* Several may have come at once, others in parts, and between them what is no key. */
enum screen_key
screen_key(struct screen *screen)
{
	if (screen->hung_up)
		return SCREEN_QUIT;
	for (; screen->n_typed > 0; use_up(screen, 1)) {
		bool begun = false;

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t size = strlen(keys[i].bytes);
			size_t common = screen->n_typed < size ? screen->n_typed : size;

			if (memcmp(screen->typed, keys[i].bytes, common) != 0)
				continue;
			if (common == size) {
				use_up(screen, size);
				return keys[i].key;
			}
			begun = true;
		}
		if (begun)
			break;
	}
	return SCREEN_NO_KEY;
}
