# SPDX-License-Identifier: ISC
"""What the service manager and the operator see."""
import netlab
from conftest import PORT, QUICK

CONFIG = f"""
defaults: {{firewall: 12s, backoff: {{first: 100ms, max: 1s}}, {QUICK}}}
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", sessions: 2}}
  - {{name: depot, address: "[{netlab.SERVER6}]:7002"}}
"""


def test_stops_properly(bench):
    peers = [bench.peer(), bench.peer(7002)]
    daemon = bench.guard(CONFIG)
    daemon.await_note(r"^READY=1")
    daemon.await_up(3)
    sessions = peers[0].await_sessions(2, 5) + peers[1].await_sessions(1, 5)
    code, took = daemon.stop()
    assert code == 0
    assert took < 1
    daemon.await_note(r"^STOPPING=1")
    for peer in peers:
        peer.await_that(lambda peer=peer: not peer.open_sessions(), 2, "end of all sessions")
    assert {session.end for session in sessions} == {"fin"}


def test_stops_while_nothing_works(bench):
    """A stop waits for nobody: here one peer is refused and the other never answers."""
    bench.firewall.fault("tcp dport 7002")
    daemon = bench.guard(CONFIG)
    daemon.await_line(r"\bhq\b.*\brefused\b")
    code, took = daemon.stop()
    assert (code, took < 1) == (0, True)


def test_status_is_true(bench):
    """STATUS= follows what happens, and names the peer that is down, and why."""
    hq = bench.peer()
    daemon = bench.guard(CONFIG)
    daemon.await_note(r"^STATUS=2/3 sessions.*\bdepot\b.*\brefused\b")
    bench.peer(7002)
    daemon.await_note(r"^STATUS=3/3 sessions")
    notes = len(daemon.notes)
    hq.refuse()
    hq.abort()
    daemon.await_note(r"^STATUS=1/3 sessions.*\bhq\b", start=notes)


def test_ready_when_all_are_up(bench):
    bench.peer()
    daemon = bench.guard("ready_when: all-up\n" + CONFIG)
    daemon.await_line(r"\bdepot\b.*\brefused\b")
    assert "READY=1" not in daemon.notes
    bench.peer(7002)
    daemon.await_note(r"^READY=1")
    assert "3/3" in daemon.status()


def test_ready_when_any_is_up(bench):
    daemon = bench.guard("ready_when: any-up\n" + CONFIG)
    daemon.await_line(r"\bdepot\b.*\brefused\b")
    daemon.await_line(r"\bhq\b.*\brefused\b")
    assert "READY=1" not in daemon.notes
    bench.peer(7002)
    daemon.await_note(r"^READY=1")


def test_status_table_on_request(bench):
    bench.peer()
    daemon = bench.guard(CONFIG)
    daemon.await_up(2)
    daemon.await_line(r"\bdepot\b.*\brefused\b")
    table = daemon.table(["hq", "depot"])
    assert sum("hq" in line and netlab.SERVER4 in line for line in table) == 2
    assert any("depot" in line and "refused" in line for line in table)


def test_no_peers(bench):
    daemon = bench.guard("peers: []")
    daemon.await_note(r"^READY=1")
    daemon.await_note(r"^STATUS=.*no peers configured")
    assert daemon.stop()[0] == 0
