# SPDX-License-Identifier: ISC
"""A thousand sessions of one dead peer."""
import netlab
from conftest import PORT, QUICK
from witness import await_look

SESSIONS = 1000
BACKLOG = 128
CONFIG = f"""
peers:
  - name: crowd
    address: "{netlab.SERVER4}:{PORT}"
    firewall: 60s
    sessions: {SESSIONS}
    backoff: {{first: 100ms, max: 2s, factor: 2, stable_after: 1s}}
    {QUICK}
"""


def attempts_while_dead(capture, seconds):
    """Attempts in a time in which none succeeds, one after the other."""
    first = capture.await_that(lambda c: c.syns(PORT), 5, "a first attempt")[0].at
    await_look(lambda: capture.segments[-1].at > first + seconds, 4 * seconds, "further attempts")
    return capture.syns(PORT)


def told(daemon, what, start):
    """How many sessions were said to be so: one by one, and in sums."""
    return len(daemon.said(rf"^crowd/\d+: {what}\b", start)) + sum(
        int(record["KAGUARD_COUNT"]) for record in daemon.said(rf"\b{what}\b", start)
        if "KAGUARD_COUNT" in record)


def overruns(bench):
    """How often the server's listen queue was full. All at once, seven eighths of the crowd would
    find it so: this server takes longer to accept a session than kaguard to open one."""
    return bench.lab.server.counter("TcpExtListenOverflows")


def test_a_dead_peer_is_tried_by_one(bench):
    peer = bench.peer(backlog=BACKLOG)
    peer.refuse()
    capture = bench.capture()
    daemon = bench.guard(CONFIG)
    assert 3 <= len(attempts_while_dead(capture, 4)) <= 30

    capture.stop()
    peer.listen()
    peer.await_sessions(SESSIONS, 20)
    daemon.await_up(SESSIONS)
    assert len(peer.sessions) == SESSIONS
    assert overruns(bench) == 0

    assert peer.stays(peer.open_sessions(), 2), "all have lasted longer than stable_after"
    records, notes = len(daemon.records), len(daemon.notes)
    peer.refuse()
    again = bench.capture()
    peer.abort()
    daemon.await_up(0, start=notes)
    assert 3 <= len(attempts_while_dead(again, 4)) <= 30
    again.stop()
    peer.listen()
    peer.await_sessions(SESSIONS, 20)
    daemon.await_up(SESSIONS, start=notes)
    assert len(daemon.said(start=records)) <= 20, "a handful of lines with counts"
    for what in ("lost", "up"):
        await_look(lambda what=what: told(daemon, what, records) == SESSIONS, 5,
                   f"all {SESSIONS} told as {what}, one by one or as counts")
    assert overruns(bench) == 0
