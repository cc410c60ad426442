# SPDX-License-Identifier: ISC
"""Out of descriptors: said once, nobody is hurt, and it passes by itself."""
import resource

import netlab
from conftest import PORT, QUICK

SCARCE = 7002


def config(*peers):
    lines = [f'  - {{name: {name}, address: "{netlab.SERVER4}:{port}", sessions: {count}}}'
             for name, port, count in peers]
    return "\n".join([f"defaults: {{firewall: 30s, backoff: {{first: 100ms, max: 1s}}, {QUICK}}}",
                      "peers:", *lines])


def test_told_once_and_passes(bench):
    healthy, scarce = bench.peer(), bench.peer(SCARCE)
    daemon = bench.guard(config(("healthy", PORT, 10)))
    daemon.await_up(10)
    sessions, ports = healthy.await_sessions(10, 5), daemon.ports(PORT)

    # Room for five descriptors above those in use, and a peer that wants thirty.
    _, hard = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
    soft = max(daemon.descriptors()) + 6
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (soft, hard))
    records = daemon.reload(config(("healthy", PORT, 10), ("scarce", SCARCE, 30)))
    daemon.await_said(start=records, reason="local")
    assert healthy.stays(sessions, 3)
    assert daemon.ports(PORT) == ports
    assert len(daemon.said(start=records, reason="local")) == 1, "once loud, then quiet"
    assert len(daemon.descriptors()) <= soft
    assert len(scarce.open_sessions()) < 30

    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (hard, hard))
    scarce.await_sessions(30, 10)
    daemon.await_up(40)
    assert daemon.ports(PORT) == ports
    assert healthy.stays(sessions, 0)
