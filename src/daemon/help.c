/* SPDX-License-Identifier: ISC */
#include "daemon/help.h"

static const char help[] =
    "Usage: kaguard [-c FILE] [-l LEVEL]\n"
    "       kaguard --check | --plan [--json] [-c FILE]\n"
    "       kaguard --list-firewalls [--json] | --schema\n"
    "\n"
    "Open persistent TCP sessions and keep them alive through firewalls that forget idle ones.\n"
    "\n"
    "  -c, --config=FILE     the configuration (default: " KAGUARD_SYSCONFDIR "/kaguard.yaml)\n"
    "  -l, --log-level=LEVEL error, warning, notice, info or debug, in place of log.level\n"
    "      --check           check the configuration and exit: 0, or 78 with every error\n"
    "      --plan            show when each peer's sessions are probed, and what that promises\n"
    "      --list-firewalls  show the firewalls known by name\n"
    "      --schema          print the JSON Schema of the configuration\n"
    "      --json            with --plan and --list-firewalls: as JSON\n"
    "  -h, --help            show this\n"
    "  -V, --version         show the version\n"
    "\n"
    "Signals: TERM stops, HUP reloads the configuration, USR1 writes the status table, USR2 ends\n"
    "the daemon and leaves its sessions to the one that the service manager starts next.\n"
    "See kaguard(8) and kaguard.yaml(5).\n";

const char *
help_text(void)
{
	return help;
}
