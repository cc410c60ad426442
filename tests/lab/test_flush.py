# SPDX-License-Identifier: ISC
"""The firewall forgets everything at once; three kinds of firewall, one outcome."""
import time

import pytest

import netlab
from conftest import PORT, QUICK
from witness import await_look


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


def test_a_death_gives_others_no_time_anew(bench):
    """The first to die has its fellows probed: one that was silent already is not given up later."""
    peer = bench.peer()
    capture = bench.capture()
    daemon = bench.guard(f"""
log: {{level: debug}}
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", firewall: 12s, sessions: 2, {QUICK}}}
""")
    daemon.await_up(2)
    first, second = peer.await_sessions(2, 5)
    probe = capture.await_that(lambda c: c.probes(first.port), 5, "a probe")[-1]
    capture.await_that(lambda c: any(s.at > probe.at and s.remote_port == first.port
                                     for s in list(c.segments)), 1, "its answer")
    await_look(lambda: time.time() > probe.at + 1, 2, "another phase")
    second.sock.send(b"still here")
    await_look(lambda: not second.unacknowledged(), 1, "acknowledgement")

    bench.firewall.flush()

    bound = daemon.plan("hq")["detect_within_worst_ms"] / 1000
    for session in (first, second):
        lost = daemon.await_said(r"\blost after\b", 15, loud=False,
                                 local=f"{netlab.CLIENT4}:{session.port}")
        heard = max(s.at for s in list(capture.segments)
                    if s.remote_port == session.port and s.source_port == PORT)
        assert lost["RECEIVED"] - heard <= bound
