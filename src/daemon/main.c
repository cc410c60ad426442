/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/load.h"
#include "daemon/daemon.h"
#include "daemon/help.h"
#include "daemon/show.h"
#include "host/cli.h"
#include "policy/version.h"

enum {
	OPT_CHECK = 256,
	OPT_PLAN,
	OPT_FIREWALLS,
	OPT_SCHEMA,
	OPT_JSON
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"log-level", required_argument, NULL, 'l'},
    {"check", no_argument, NULL, OPT_CHECK},
    {"plan", no_argument, NULL, OPT_PLAN},
    {"list-firewalls", no_argument, NULL, OPT_FIREWALLS},
    {"schema", no_argument, NULL, OPT_SCHEMA},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char letters[] = ":c:l:hV";

static int
usage(const char *what, const char *which)
{
	fprintf(stderr,
	    "kaguard: %s%s\nUsage: kaguard [OPTION]...; 'kaguard --help' lists the options\n", what,
	    which);
	return EXIT_USAGE;
}

/* The exit code for what was, or was not, printed. */
static int
printed(int r)
{
	if (r >= 0 && cli_has_written())
		return EXIT_SUCCESS;
	fprintf(stderr, "kaguard: the output could not be written%s\n",
	    r == -ENOMEM ? ": out of memory" : "");
	return EXIT_FAILURE;
}

/* Load, print what there is to say, and show the plans if asked to. The exit code. */
static int
check(const char *path, int mode, bool json)
{
	struct config *config = NULL;
	struct remarks remarks;
	int r = config_load(path, &config, &remarks);

	remarks_print(&remarks, stderr);
	remarks_clear(&remarks);
	if (r < 0)
		return EXIT_CONFIG;
	if (mode == OPT_PLAN)
		r = show_plans_in_force(config, json);
	config_free(config);
	return printed(r);
}

static int
run(int mode, bool json, const struct daemon_options *options)
{
	switch (mode) {
	case OPT_CHECK:
	case OPT_PLAN:
		return check(options->config_path, mode, json);
	case OPT_FIREWALLS:
		return printed(show_firewalls(json, stdout));
	case OPT_SCHEMA:
		return printed(config_schema_print(stdout));
	case 'h':
		return printed(fputs(help_text(), stdout));
	case 'V':
		return printed(puts("kaguard " KAGUARD_VERSION));
	default:
		return daemon_run(options);
	}
}

int
main(int argc, char *argv[])
{
	struct daemon_options options = {KAGUARD_SYSCONFDIR "/kaguard.yaml", -1};
	char option[CLI_OPTION];
	bool json = false;
	int c, mode = 0;

	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (c == 'c')
			options.config_path = optarg;
		else if (c == 'l' && (options.log_level = config_log_level(optarg)) < 0)
			return usage(
			    "log levels are error, warning, notice, info, debug; not ", optarg);
		else if (c == OPT_JSON)
			json = true;
		else if (c == ':')
			return usage("an argument is missing after ", argv[optind - 1]);
		else if (c == '?')
			return usage(
			    "unknown option ", cli_unknown(argv[optind - 1], letters, option));
		else if (c != 'l' && mode != 0 && mode != c)
			return usage("these options exclude each other", "");
		else if (c != 'l')
			mode = c;
	}
	if (optind < argc)
		return usage("unexpected argument ", argv[optind]);
	if (json && mode != OPT_PLAN && mode != OPT_FIREWALLS)
		return usage("--json goes with --plan or --list-firewalls", "");
	return run(mode, json, &options);
}
