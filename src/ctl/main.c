/* SPDX-License-Identifier: ISC */

#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/rows.h"
#include "host/cli.h"
#include "policy/version.h"

#define DEFAULT_SOCKET "/run/kaguard/control"

static const struct ctl_command *const commands[] = {
    &ctl_status,
    &ctl_events,
    &ctl_probe,
    &ctl_reconnect,
    &ctl_reload,
    &ctl_plan,
    &ctl_metrics,
    &ctl_measure,
    &ctl_version,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Long options without a letter. */
enum {
	OPT_MAX = 256,
	OPT_PRECISION,
	OPT_CONNECTIONS,
	OPT_NO_PER_PEER,
	OPT_HTTP
};

/* What an option is to the commands; 0: all take it. */
struct option_use {
	int letter;
	unsigned bit;
};
static const struct option_use uses[] = {
    {'j', CTL_JSON},
    {'s', CTL_STATE},
    {'w', CTL_WATCH},
    {'f', CTL_FOLLOW},
    {'t', CTL_TIMEOUT},
    {'q', CTL_QUIET},
    {OPT_MAX, CTL_MAX},
    {OPT_PRECISION, CTL_PRECISION},
    {OPT_CONNECTIONS, CTL_CONNECTIONS},
    {OPT_NO_PER_PEER, CTL_NO_PER_PEER},
    {OPT_HTTP, CTL_HTTP},
};

static const char letters[] = ":js:wft:qS:hV";

static const struct option long_options[] = {
    {"socket", required_argument, NULL, 'S'},
    {"json", no_argument, NULL, 'j'},
    {"state", required_argument, NULL, 's'},
    {"watch", no_argument, NULL, 'w'},
    {"follow", no_argument, NULL, 'f'},
    {"timeout", required_argument, NULL, 't'},
    {"quiet", no_argument, NULL, 'q'},
    {"max", required_argument, NULL, OPT_MAX},
    {"precision", required_argument, NULL, OPT_PRECISION},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"no-per-peer", no_argument, NULL, OPT_NO_PER_PEER},
    {"http", no_argument, NULL, OPT_HTTP},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char options_help[] =
    "\n"
    "  -j, --json            as JSON\n"
    "  -s, --state=STATE,... only sessions in these states: up, suspect, idle, resolving,\n"
    "                        connecting, backoff, or down for all that are not up\n"
    "  -w, --watch           status: draw it anew every second, on the whole terminal\n"
    "  -f, --follow          events: go on with what happens\n"
    "  -t, --timeout=SECONDS probe: wait so long for an answer (default: 10)\n"
    "  -q, --quiet           reload: print nothing, only exit 0 or 1\n"
    "      --max=TIME        measure: look for idle timeouts up to this (default: 2h)\n"
    "      --precision=PART  measure: until it is known to that part of it (default: 5%)\n"
    "      --connections=N   measure: with so many connections at most (default: 40)\n"
    "      --no-per-peer     metrics: of all peers together, not of each\n"
    "      --http            metrics: answer one HTTP request, from standard input to output\n"
    "  -S, --socket=PATH     the control socket (default: $KAGUARD_SOCKET, or\n"
    "                        " DEFAULT_SOCKET ")\n"
    "  -h, --help            show this\n"
    "  -V, --version         show the version of this program\n"
    "\n"
    "Exit codes of status: 0 all sessions are up, 1 some are down, 2 none is up, 3 no daemon.\n"
    "See kaguardctl(1).\n";

/* --- for the commands ------------------------------------------------------------------------- */

int
ctl_complain(int code, const char *format, ...)
{
	va_list args;

	fputs("kaguardctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

int
ctl_print_json(json_t *document)
{
	size_t flags = JSON_REAL_PRECISION(10);
	int r;

	flags |= isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT;
	r = document != NULL ? json_dumpf(document, stdout, flags) : -1;
	json_decref(document);
	if (r != 0 && !ferror(stdout))
		return ctl_complain(CTL_FAILED, "out of memory");
	putchar('\n');
	return CTL_OK;
}

bool
ctl_has_colours(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static struct winsize
terminal(void)
{
	struct winsize size = {0};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return (struct winsize){0};
	return size;
}

unsigned
ctl_columns(void)
{
	return terminal().ws_col;
}

unsigned
ctl_lines(void)
{
	return terminal().ws_row;
}

/* --- the command line ------------------------------------------------------------------------- */

static int
help(void)
{
	printf("Usage: kaguardctl [OPTION]... COMMAND [PEER]...\n\n"
	       "Ask the running kaguard how its sessions are, and have it act.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-10s %-11s %s\n", commands[i]->name, commands[i]->arguments,
		    commands[i]->help);
	return fputs(options_help, stdout) == EOF ? CTL_FAILED : CTL_OK;
}

__attribute__((format(printf, 1, 2))) static int
usage(const char *format, ...)
{
	va_list args;

	fputs("kaguardctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nUsage: kaguardctl [OPTION]... COMMAND [PEER]...; 'kaguardctl --help' lists them\n",
	    stderr);
	return CTL_USAGE;
}

static unsigned
bit_of(int letter)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (uses[i].letter == letter)
			return uses[i].bit;
	return 0;
}

static const char *
name_of(unsigned bit)
{
	for (const struct option *option = long_options; option->name != NULL; option++)
		if (bit_of(option->val) == bit)
			return option->name;
	return "";
}

/* In ms; -1: it is none. */
static int
timeout_of(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	return end == text || *end != '\0' || !(seconds >= 0) || seconds > 600
		   ? -1
		   : (int)(seconds * 1000);
}

/* 0, or an exit code after it was said what is wrong. */
static int
take_option(struct ctl *ctl, int letter)
{
	ctl->given |= bit_of(letter);
	if (letter == 'S')
		ctl->socket = optarg;
	else if (letter == 's' && (ctl->states = rows_states(optarg)) == 0)
		return usage("there is no state such as '%s'", optarg);
	else if (letter == 't' && (ctl->timeout_ms = timeout_of(optarg)) < 0)
		return usage("a timeout is 0 to 600 seconds, not '%s'", optarg);
	else if (letter == OPT_MAX)
		ctl->max = optarg;
	else if (letter == OPT_PRECISION)
		ctl->precision = optarg;
	else if (letter == OPT_CONNECTIONS)
		ctl->connections = optarg;
	return 0;
}

/* What was to be said may not have arrived: a monitoring check does not know then how it stands. */
static int
finish(int r, bool is_check)
{
	if (cli_has_written())
		return r;
	return ctl_complain(
	    is_check ? CTL_NO_DAEMON : CTL_FAILED, "the output could not be written");
}

static int
run(struct ctl *ctl, const char *name)
{
	const struct ctl_command *command = NULL;
	unsigned odd;

	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			command = commands[i];
	if (command == NULL)
		return usage("there is no command '%s'", name);
	odd = ctl->given & ~command->takes;
	if (odd != 0)
		return usage("--%s does not go with %s", name_of(odd & -odd), name);
	if ((ctl->given & CTL_WATCH) && (ctl->given & CTL_JSON))
		return usage("--watch does not go with --json");
	if (ctl->n_arguments < command->least)
		return usage("%s needs a %.*s", name, (int)strcspn(command->arguments, "."),
		    command->arguments);
	if (ctl->n_arguments > command->most && command->most > 1)
		return usage("%s takes no more than %u PEERs", name, command->most);
	if (ctl->n_arguments > command->most)
		return usage("%s is one too many for %s", ctl->arguments[command->most], name);
	return finish(command->run(ctl), command == &ctl_status);
}

int
main(int argc, char *argv[])
{
	const char *socket = getenv("KAGUARD_SOCKET");
	struct ctl ctl = {.socket = socket != NULL && socket[0] != '\0' ? socket : DEFAULT_SOCKET,
	    .timeout_ms = 10000};
	char option[CLI_OPTION];
	int c, r;

	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (c == 'h')
			return finish(help(), false);
		if (c == 'V')
			return finish(puts("kaguardctl " KAGUARD_VERSION) < 0, false);
		if (c == ':')
			return usage("an argument is missing after %s", argv[optind - 1]);
		if (c == '?')
			return usage(
			    "unknown option %s", cli_unknown(argv[optind - 1], letters, option));
		r = take_option(&ctl, c);
		if (r != 0)
			return r;
	}
	if (optind == argc)
		return usage("which command?");
	ctl.arguments = argv + optind + 1;
	ctl.n_arguments = (unsigned)(argc - optind - 1);
	return run(&ctl, argv[optind]);
}
