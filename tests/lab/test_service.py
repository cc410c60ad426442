# SPDX-License-Identifier: ISC
"""What the service manager and the operator see."""
import errno
import re

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
    daemon.await_said(peer="hq", reason="refused")
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
    daemon.await_said(peer="depot", reason="refused")
    assert "READY=1" not in daemon.notes
    bench.peer(7002)
    daemon.await_note(r"^READY=1")
    assert "3/3" in daemon.status()


def test_ready_when_any_is_up(bench):
    daemon = bench.guard("ready_when: any-up\n" + CONFIG)
    daemon.await_said(peer="depot", reason="refused")
    daemon.await_said(peer="hq", reason="refused")
    assert "READY=1" not in daemon.notes
    bench.peer(7002)
    daemon.await_note(r"^READY=1")


def test_status_table_on_request(bench):
    bench.peer()
    daemon = bench.guard(CONFIG)
    daemon.await_up(2)
    daemon.await_said(peer="depot", reason="refused")
    table = daemon.table(["hq/0", "hq/1", "depot/0"])
    for session in ("hq/0", "hq/1"):
        assert " up " in table[session] and f"{netlab.SERVER4}:{PORT}" in table[session]
    assert " backoff " in table["depot/0"] and "refused" in table["depot/0"]


def test_lines_on_stderr(bench):
    """Without a journal the same is said in lines for people."""
    bench.peer()
    daemon = bench.guard(CONFIG, journal=False)
    daemon.await_up(2)
    daemon.await_said(rf"hq/[01]: up\b.*{netlab.SERVER4}:{PORT}")
    daemon.await_said(r"warning: .*depot/0: .*refused")
    assert not daemon.said("KAGUARD_")


def test_records_in_the_journal(bench):
    """Structured, each with the id by which the catalog explains it."""
    hq = bench.peer()
    daemon = bench.guard(CONFIG)
    up = daemon.await_said(peer="hq", state="up")
    assert up["KAGUARD_REMOTE"] == f"{netlab.SERVER4}:{PORT}"
    assert up["KAGUARD_LOCAL"].rpartition(":")[0] == netlab.CLIENT4
    assert up["KAGUARD_SESSION"] in "01" and int(up["KAGUARD_RTT_US"]) >= 0
    refused = daemon.await_said(peer="depot", reason="refused")
    assert refused["ERRNO"] == str(errno.ECONNREFUSED)
    assert refused["KAGUARD_STATE"] == "backoff" and int(refused["KAGUARD_RETRY_MS"]) <= 100
    hq.await_sessions(2, 5)
    hq.hang_up()
    lost = daemon.await_said(peer="hq", reason="closed")
    assert lost["KAGUARD_OLD_STATE"] == "up" and int(lost["KAGUARD_IDLE_MS"]) >= 0
    ids = {record["MESSAGE_ID"] for record in (up, refused, lost)}
    assert len(ids) == 3 and all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)
    assert {r["PRIORITY"] for r in (refused, lost)} == {"4"}
    assert {r["SYSLOG_IDENTIFIER"] for r in daemon.said()} == {"kaguard"}


def test_no_peers(bench):
    daemon = bench.guard("peers: []")
    daemon.await_note(r"^READY=1")
    daemon.await_note(r"^STATUS=.*no peers configured")
    assert daemon.stop()[0] == 0
