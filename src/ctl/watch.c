/* SPDX-License-Identifier: ISC */
#include "ctl/watch.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/rows.h"
#include "ctl/screen.h"
#include "ctl/status.h"
#include "host/monotonic.h"
#include "policy/words.h"

/* How often to ask; and a daemon with many sessions is not kept busy for more than a twentieth. */
#define EVERY_MS 1000
#define SHARE	 20

/* Above the rows: how it stands, what is shown, an empty line, the titles. */
#define HEAD 4

struct watch {
	const struct ctl *ctl;
	struct screen screen;
	struct rows rows;
	struct grid grid;
	size_t first; /* row on the page */
	struct call call;
	json_t *document; /* what has come so far of an answer; */
	bool asking;	  /* that is awaited */
	int64_t asked_ms, next_ms;
	char trouble[96]; /* why there is no answer; "" */
	int signals;
	bool done;
};

/* --- the page --------------------------------------------------------------------------------- */

static size_t
page(const struct watch *w)
{
	return w->screen.n_lines > HEAD + 1 ? w->screen.n_lines - HEAD : 1;
}

static void
measure(struct watch *w)
{
	struct grid before = w->grid;

	w->grid = (struct grid){.source = &rows_source,
	    .rows = w->rows.list,
	    .n_rows = w->rows.n,
	    .columns = w->screen.columns,
	    .coloured = ctl_has_colours()};
	grid_measure(&w->grid);
	if (before.columns == w->grid.columns)
		grid_steady(&w->grid, &before);
}

/* A line that is cut at the edge. */
static void
put_text(struct watch *w, unsigned line, const char *text)
{
	char cut[GRID_LINE];

	snprintf(cut, sizeof(cut), "%.*s", (int)w->screen.columns, text);
	screen_line(&w->screen, line, cut);
}

/* What part of the rows is on the page, and how to come to the others. */
static void
put_place(struct watch *w)
{
	size_t last = w->first + page(w) < w->rows.n ? w->first + page(w) : w->rows.n;
	char text[GRID_LINE] = "", at[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(at, sizeof(at), "%H:%M:%S", &tm);
	words_add(text, sizeof(text), "%s  ", at);
	if (w->trouble[0] != '\0')
		words_add(text, sizeof(text), "%s; this is how it was  ", w->trouble);
	if (w->rows.n < w->rows.total)
		words_add(text, sizeof(text), "%zu of %zu sessions  ", w->rows.n, w->rows.total);
	if (page(w) < w->rows.n)
		words_add(text, sizeof(text), "%zu-%zu of %zu  space, b: page  ", w->first + 1,
		    last, w->rows.n);
	words_add(text, sizeof(text), "q: quit");
	put_text(w, 1, text);
}

static void
draw(struct watch *w)
{
	char line[GRID_LINE];
	size_t most = w->rows.n > page(w) ? w->rows.n - page(w) : 0;

	if (w->first > most)
		w->first = most;
	put_text(w, 0, status_line(w->ctl, &w->rows, line));
	put_place(w);
	screen_line(&w->screen, 2, "");
	screen_line(&w->screen, 3, w->rows.n > 0 ? grid_titles(&w->grid, line) : "");
	for (size_t i = 0; i < page(w); i++)
		screen_line(&w->screen, (unsigned)(HEAD + i),
		    w->first + i < w->rows.n ? grid_row(&w->grid, w->first + i, line) : "");
	screen_flush(&w->screen);
}

static void
turn_to(struct watch *w, enum screen_key key)
{
	size_t step = page(w);

	switch (key) {
	case SCREEN_QUIT:
		w->done = true;
		return;
	case SCREEN_UP:
		w->first -= w->first > 0;
		break;
	case SCREEN_DOWN:
		w->first++;
		break;
	case SCREEN_PAGE_UP:
		w->first -= w->first > step ? step : w->first;
		break;
	case SCREEN_PAGE_DOWN:
		w->first += step;
		break;
	case SCREEN_FIRST:
		w->first = 0;
		break;
	case SCREEN_LAST:
		w->first = w->rows.n;
		break;
	case SCREEN_NO_KEY:
		return;
	}
	draw(w);
}

static void
turn_over(struct watch *w)
{
	enum screen_key key;

	screen_listen(&w->screen);
	while (!w->done && (key = screen_key(&w->screen)) != SCREEN_NO_KEY)
		turn_to(w, key);
}

/* --- the answers ------------------------------------------------------------------------------ */

static void
give_up(struct watch *w, const char *why)
{
	snprintf(w->trouble, sizeof(w->trouble), "%s", why);
	call_close(&w->call);
	json_decref(w->document);
	w->document = NULL;
	w->asking = false;
	w->next_ms = monotonic_ms() + EVERY_MS;
	draw(w);
}

static void
ask_anew(struct watch *w)
{
	if ((w->call.fd < 0 && call_open(&w->call, w->ctl->socket) < 0) ||
	    call_ask(&w->call, "io.kaguard.Status", ask_peers(w->ctl), true) < 0) {
		give_up(w, "kaguard does not answer");
		return;
	}
	w->asking = true;
	w->asked_ms = monotonic_ms();
}

static void
take(struct watch *w)
{
	int64_t took_ms = monotonic_ms() - w->asked_ms;
	json_t *document = w->document;
	struct rows rows;

	w->document = NULL;
	w->asking = false;
	w->next_ms = w->asked_ms + (took_ms * SHARE > EVERY_MS ? took_ms * SHARE : EVERY_MS);
	if (rows_read(document, w->ctl->states, &rows) < 0) {
		give_up(w, "the answer cannot be read");
		return;
	}
	rows_clear(&w->rows);
	w->rows = rows;
	w->trouble[0] = '\0';
	measure(w);
	draw(w);
}

/* The next part of the answer is there. */
static void
hear(struct watch *w)
{
	struct call_reply reply;
	bool ended;

	if (call_next(&w->call, ASK_PATIENCE_MS, &reply) < 0) {
		give_up(w, "kaguard has hung up");
		return;
	}
	if (reply.error != NULL) {
		call_reply_clear(&reply);
		give_up(w, "kaguard refuses to answer: the peer is gone");
		return;
	}
	ended = !reply.continues;
	ask_put_together(&w->document, "sessions", &reply);
	if (ended)
		take(w);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void
on_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo != SIGWINCH) {
		w->done = true;
		return;
	}
	if (screen_resize(&w->screen) < 0)
		w->done = true;
	measure(w);
	draw(w);
}

static int
patience(const struct watch *w)
{
	int64_t left_ms = w->next_ms - monotonic_ms();

	if (w->asking)
		return call_has_reply(&w->call) ? 0 : ASK_PATIENCE_MS;
	return left_ms > 0 ? (int)left_ms : 0;
}

static void
go_on(struct watch *w)
{
	struct pollfd fds[] = {
	    {.fd = w->signals, .events = POLLIN},
	    {.fd = w->screen.has_keys ? STDIN_FILENO : -1, .events = POLLIN},
	    {.fd = w->asking ? w->call.fd : -1, .events = POLLIN},
	};
	int n = poll(fds, 3, patience(w));

	if (n < 0)
		return;
	if (fds[0].revents != 0)
		on_signal(w);
	if (fds[1].revents != 0)
		turn_over(w);
	if (w->asking && (fds[2].revents != 0 || call_has_reply(&w->call)))
		hear(w);
	else if (w->asking && n == 0)
		give_up(w, "kaguard does not answer");
	else if (!w->asking && monotonic_ms() >= w->next_ms)
		ask_anew(w);
}

static int
take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int
watch(const struct ctl *ctl)
{
	struct watch w = {.ctl = ctl, .next_ms = monotonic_ms() + EVERY_MS};
	int verdict, r;

	if (ctl_columns() == 0)
		return ctl_complain(CTL_USAGE, "--watch needs a terminal");
	/* What is wrong from the start is said where it can be read afterwards. */
	r = ask_open(ctl, &w.call);
	if (r == CTL_OK)
		r = status_fetch(ctl, &w.call, &w.rows);
	if (r != CTL_OK) {
		call_close(&w.call);
		return r;
	}
	w.signals = take_signals();
	r = w.signals < 0 ? -errno : screen_open(&w.screen);
	if (r == 0) {
		measure(&w);
		draw(&w);
		while (!w.done)
			go_on(&w);
		screen_close(&w.screen);
	}
	verdict = r < 0 ? ctl_complain(CTL_NO_DAEMON, "%s", strerror(-r)) : status_verdict(&w.rows);
	json_decref(w.document);
	rows_clear(&w.rows);
	call_close(&w.call);
	return verdict;
}
