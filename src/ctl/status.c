/* SPDX-License-Identifier: ISC */
#include "ctl/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/rows.h"
#include "ctl/tunnels.h"
#include "ctl/watch.h"
#include "policy/summary.h"

int
status_verdict(const struct rows *rows)
{
	if (rows->up == rows->total)
		return CTL_OK;
	return rows->up > 0 ? CTL_FAILED : CTL_NONE;
}

int
status_fetch(const struct ctl *ctl, struct call *call, struct rows *ret)
{
	json_t *document;
	int r = ask_list(ctl, call, "io.kaguard.Status", "sessions", &document);

	if (r != CTL_OK)
		return r;
	r = rows_read(document, ctl->states, ret);
	if (r < 0)
		return ctl_complain(CTL_NO_DAEMON, "the daemon's answer cannot be read: %s",
		    r == -EPROTO ? "is it of another version?" : strerror(-r));
	return CTL_OK;
}

const char *
status_line(const struct ctl *ctl, const struct rows *rows, char buf[STATUS_LINE])
{
	const struct summary summary = {
	    .peers = ctl->n_arguments, .sessions = (unsigned)rows->total, .up = (unsigned)rows->up};

	return summary.peers > 0 ? summary_status(&summary, buf, STATUS_LINE) : rows_summary(rows);
}

static void
print_table(const struct ctl *ctl, const struct rows *rows)
{
	struct grid grid = {.source = &rows_source,
	    .rows = rows->list,
	    .n_rows = rows->n,
	    .columns = ctl_columns(),
	    .coloured = ctl_has_colours()};
	char line[GRID_LINE];

	puts(status_line(ctl, rows, line));
	if (rows->n == 0)
		return;
	grid_measure(&grid);
	printf("\n%s\n", grid_titles(&grid, line));
	for (size_t i = 0; i < rows->n; i++)
		puts(grid_row(&grid, i, line));
}

/* The sessions that were asked for, in the document itself. */
static void
keep_shown(const struct rows *rows)
{
	const json_t *all = json_object_get(rows->document, "sessions");
	json_t *shown = json_array();

	for (size_t i = 0; i < rows->n; i++)
		json_array_append(shown, json_array_get(all, rows->list[i].order));
	json_object_set_new(rows->document, "sessions", shown);
}

/* Whatever it was that failed, it does not say that some are down. */
static int
unknown(int r)
{
	return r == CTL_FAILED ? CTL_NO_DAEMON : r;
}

static int
show_status(const struct ctl *ctl)
{
	struct call call;
	struct rows rows;
	int verdict, r;

	if (ctl->given & CTL_WATCH)
		return watch(ctl);
	r = ask_open(ctl, &call);
	if (r != CTL_OK)
		return r;
	r = status_fetch(ctl, &call, &rows);
	if (r == CTL_OK) {
		r = tunnels_fetch(ctl, &call, rows.document);
		if (r != CTL_OK)
			rows_clear(&rows);
	}
	call_close(&call);
	if (r != CTL_OK)
		return unknown(r);
	verdict = status_verdict(&rows);
	if (ctl->given & CTL_JSON) {
		keep_shown(&rows);
		r = ctl_print_json(json_incref(rows.document));
	} else {
		print_table(ctl, &rows);
		tunnels_print(rows.document);
	}
	rows_clear(&rows);
	return r == CTL_OK ? verdict : unknown(r);
}

const struct ctl_command ctl_status = {
    .name = "status",
    .arguments = "[PEER]...",
    .help = "the sessions, those in trouble first",
    .takes = CTL_JSON | CTL_STATE | CTL_WATCH,
    .most = 64,
    .run = show_status,
};
