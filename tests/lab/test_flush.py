# SPDX-License-Identifier: ISC
"""The firewall forgets everything at once; three kinds of firewall, one outcome."""
import pytest

import netlab
from conftest import PORT, QUICK


@pytest.mark.parametrize("kind", ["silent", "reset", "nat"])
def test_sessions_come_back(bench_of, kind):
    bench = bench_of(kind=kind)
    peer = bench.peer()
    daemon = bench.guard(f"""
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", firewall: 12s, sessions: 3, {QUICK}}}
""")
    daemon.await_up(3)
    old = peer.await_sessions(3, 5)
    ports, records, notes = daemon.ports(PORT), len(daemon.records), len(daemon.notes)
    assert len(bench.firewall.entries(PORT)) == 3

    bench.firewall.flush()

    daemon.await_up("[012]", timeout=10, start=notes)
    peer.await_that(lambda: len(peer.sessions) >= 6, 10, "three sessions more")
    daemon.await_up(3, start=notes)
    assert not set(ports) & set(daemon.ports(PORT)), "a dead session is still held"
    assert len(bench.firewall.entries(PORT)) >= 3
    daemon.await_said(start=records, peer="hq", reason="expired")
    reasons = {record.get("KAGUARD_REASON") for record in daemon.said(start=records)}
    assert reasons <= {None, "expired"}
    assert peer.sessions[:3] == old
