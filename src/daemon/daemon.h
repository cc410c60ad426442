/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_DAEMON_H
#define KAGUARD_DAEMON_DAEMON_H

/* The daemon: loop, signals, service manager, journal, and the guard that they serve. */

/* Exit codes, from <sysexits.h> where there is one. */
#define EXIT_USAGE  64 /* EX_USAGE */
#define EXIT_CONFIG 78 /* EX_CONFIG */

struct daemon_options {
	const char *config_path;
	int log_level; /* syslog priority; -1: as the configuration says */
};

/* Runs until it is asked to stop. The exit code of the process. */
int daemon_run(const struct daemon_options *options);

#endif
