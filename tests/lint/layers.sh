#!/bin/sh
# SPDX-License-Identifier: ISC
# The layers hold: each foreign interface stays in the files that own it, includes point downwards.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

layers()
{
	find "$1/src" -name '*.[ch]' -exec awk -f "$lint_dir/layers.awk" {} +
}

clean "includes respect the layers" layers "$KAGUARD_SRCDIR"
catches "<event2/event.h> belongs to other files" src/daemon/session.c layers <<'END'
#include <event2/event.h>
END
catches "<yaml.h> belongs to other files" src/config/scalar.c layers <<'END'
#  include <yaml.h>
END
catches "<systemd/sd-daemon.h> belongs to other files" src/daemon/daemon.c layers <<'END'
#include <systemd/sd-daemon.h>
END
catches "<jansson.h> belongs to other files" src/host/notify.c layers <<'END'
#include <jansson.h>
END
catches "<libmnl/libmnl.h> belongs to other files" src/net/connect.c layers <<'END'
#include <libmnl/libmnl.h>
END
catches "<time.h> in pure policy" src/policy/plan.c layers <<'END'
#include <time.h>
END
catches '"host/journal.h" is not below policy' src/policy/fsm.c layers <<'END'
#include "host/journal.h"
END
catches '"daemon/session.h" is not below net' src/net/connect.h layers <<'END'
#include "daemon/session.h"
END
catches '"net/clock.h" is not below host' src/host/courier.c layers <<'END'
#include "net/clock.h"
END
catches '"daemon/guard.h" is not for kaguardctl' src/ctl/status.c layers <<'END'
#include "daemon/guard.h"
END
catches '"net/clock.h" is not for kaguardctl' src/ctl/watch.c layers <<'END'
#include "net/clock.h"
END
catches '"session.h" lacks its directory' src/daemon/session.c layers <<'END'
#include "session.h"
END
catches 'layer "misc" has no place' src/misc/thing.c layers <<'END'
int thing;
END
lint_end
