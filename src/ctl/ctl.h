/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_CTL_H
#define KAGUARD_CTL_CTL_H

/* What the commands of kaguardctl share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

/* Exit codes. Those of status are its own, so that it serves as a monitoring check. */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1, /* status: some sessions are down */
	CTL_NONE = 2,	/* status: none is up */
	CTL_NO_DAEMON = 3,
	CTL_USAGE = 64,
};

/* The options that a command may take. */
enum {
	CTL_JSON = 1 << 0,
	CTL_WATCH = 1 << 1,
	CTL_STATE = 1 << 2,
	CTL_FOLLOW = 1 << 3,
	CTL_TIMEOUT = 1 << 4,
	CTL_QUIET = 1 << 5,
	CTL_MAX = 1 << 6,
	CTL_PRECISION = 1 << 7,
	CTL_CONNECTIONS = 1 << 8,
	CTL_NO_PER_PEER = 1 << 9,
	CTL_HTTP = 1 << 10,
};

struct ctl {
	const char *socket;
	char **arguments; /* of the command: peers */
	unsigned n_arguments;
	unsigned given;				   /* CTL_* */
	unsigned states;			   /* of --state, bits of enum row_state */
	int timeout_ms;				   /* of --timeout */
	const char *max, *precision, *connections; /* of measure; NULL: not given */
};

struct ctl_command {
	const char *name, *arguments, *help;
	unsigned takes;	      /* CTL_* */
	unsigned least, most; /* arguments */
	int (*run)(const struct ctl *ctl);
};

extern const struct ctl_command ctl_status, ctl_events, ctl_probe, ctl_reconnect, ctl_reload;
extern const struct ctl_command ctl_plan, ctl_metrics, ctl_measure, ctl_version;

/* Prints "kaguardctl: ..." on stderr. Returns the exit code it is given. */
int ctl_complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The document on stdout: for a person on a terminal, in a line for programs. Taken over. */
int ctl_print_json(struct json_t *document);

/* True where stdout takes colours. */
bool ctl_has_colours(void);

/* Of the terminal; 0: stdout is none. */
unsigned ctl_columns(void);
unsigned ctl_lines(void);

#endif
