# SPDX-License-Identifier: ISC
"""Out of descriptors: said once, nobody is hurt, and it passes by itself."""
import resource

import netlab
from conftest import PORT, QUICK

FILLER, SCARCE = 7002, 7003
RESERVED = 40  # RESERVED_DESCRIPTORS in src/daemon/limits.c


def config(*peers):
    lines = [f'  - {{name: {name}, address: "{netlab.SERVER4}:{port}", sessions: {count}}}'
             for name, port, count in peers]
    return "\n".join([f"defaults: {{firewall: 30s, backoff: {{first: 100ms, max: 1s}}, {QUICK}}}",
                      "peers:", *lines])


def test_told_once_and_passes(bench):
    healthy, filler, scarce = bench.peer(), bench.peer(FILLER), bench.peer(SCARCE)
    daemon = bench.guard(config(("healthy", PORT, 10), ("filler", FILLER, 30)))
    daemon.await_up(40)
    sessions, ports = healthy.await_sessions(10, 5), daemon.ports(PORT)
    filler.await_sessions(30, 5)

    # Room for five descriptors above those in use and the few that are not for sessions, and a
    # peer that wants thirty. The hard limit is lowered too, for the daemon may take all it leaves.
    limit = max(daemon.descriptors()) + 6 + RESERVED
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (limit, limit))
    records = daemon.reload(config(("healthy", PORT, 10), ("filler", FILLER, 30),
                                   ("scarce", SCARCE, 30)))
    daemon.await_said(start=records, reason="local")
    assert healthy.stays(sessions, 3)
    assert daemon.ports(PORT) == ports
    assert len(daemon.said(start=records, reason="local")) == 1, "once loud, then quiet"
    assert len(scarce.open_sessions()) < 30
    assert len(filler.open_sessions()) == 30

    daemon.reload(config(("healthy", PORT, 10), ("scarce", SCARCE, 30)))
    scarce.await_sessions(30, 10)
    daemon.await_up(40)
    assert daemon.ports(PORT) == ports
    assert healthy.stays(sessions, 0)
