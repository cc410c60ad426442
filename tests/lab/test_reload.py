# SPDX-License-Identifier: ISC
"""SIGHUP: what differs is changed, on the live sockets where that can be; nothing else is."""
import signal

import pytest

import netlab
from conftest import PORT
from witness import await_look

KEPT, TUNED, GONE, NEW, MOVED = 7001, 7002, 7003, 7004, 7005
SLOW = "keepalive: {idle: 5s, interval: 2s, count: 4}"
FAST = "keepalive: {idle: 2s, interval: 1s, count: 3}"


def config(*peers):
    lines = [f'  - {{name: p{port}, address: "{netlab.SERVER4}:{port}", {rest}}}'
             for port, rest in peers]
    return "\n".join(["defaults: {firewall: 30s}", "peers:", *lines])


BEFORE = config((KEPT, f"sessions: 2, {SLOW}"), (TUNED, f"sessions: 2, {SLOW}"), (GONE, SLOW))


@pytest.fixture
def reloaded(bench):
    peers = {port: bench.peer(port) for port in (KEPT, TUNED, GONE, NEW)}
    daemon = bench.guard(BEFORE)
    daemon.await_up(5)
    for port, count in ((KEPT, 2), (TUNED, 2), (GONE, 1)):
        peers[port].await_sessions(count, 5)
    return peers, daemon


def options(daemon, port):
    return {(h.idle_s, h.interval_s, h.count, h.keepalive) for h in daemon.held(port)}


def test_adds_removes_and_retunes(bench, reloaded):
    peers, daemon = reloaded
    ports = {port: daemon.ports(port) for port in (KEPT, TUNED)}
    assert options(daemon, TUNED) == {(5, 2, 4, 1)}
    capture = bench.capture()

    daemon.reload(config((KEPT, f"sessions: 2, {SLOW}"), (TUNED, f"sessions: 2, {FAST}"),
                         (NEW, SLOW)))

    peers[GONE].await_that(lambda: peers[GONE].sessions[0].end == "fin", 5, "FIN")
    peers[NEW].await_sessions(1, 5)
    daemon.await_up(5)
    assert daemon.ports(KEPT) == ports[KEPT]
    assert daemon.ports(TUNED) == ports[TUNED]
    assert not daemon.held(GONE)
    assert options(daemon, KEPT) == {(5, 2, 4, 1)}
    assert options(daemon, TUNED) == {(2, 1, 3, 1)}
    for port in ports[TUNED]:
        first, second = capture.await_that(
            lambda c, port=port: c.probes(port)[:2] if len(c.probes(port)) > 1 else None,
            10, "two probes")
        assert 1.9 <= second.at - first.at <= 2 * 71 / 63 + 0.3
    assert all(len(peers[port].sessions) == 2 for port in (KEPT, TUNED))


def test_more_and_fewer_sessions(reloaded):
    peers, daemon = reloaded
    ports = {port: daemon.ports(port) for port in (KEPT, TUNED)}
    daemon.reload(config((KEPT, f"sessions: 4, {SLOW}"), (TUNED, f"sessions: 1, {SLOW}"),
                         (GONE, SLOW)))
    peers[KEPT].await_sessions(4, 5)
    peers[TUNED].await_that(lambda: [s.end for s in peers[TUNED].sessions].count("fin") == 1, 5,
                            "FIN of one session")
    daemon.await_note(r"^STATUS=6/6 ")
    assert set(ports[KEPT]) < set(daemon.ports(KEPT))
    assert set(daemon.ports(TUNED)) < set(ports[TUNED])


def test_another_address_is_another_session(bench, reloaded):
    peers, daemon = reloaded
    moved, kept = bench.peer(MOVED), daemon.ports(KEPT)
    daemon.reload(BEFORE.replace(f"{netlab.SERVER4}:{TUNED}", f"{netlab.SERVER4}:{MOVED}"))
    moved.await_sessions(2, 5)
    peers[TUNED].await_that(lambda: not peers[TUNED].open_sessions(), 5, "end of the old sessions")
    assert {s.end for s in peers[TUNED].sessions} == {"fin"}
    assert daemon.ports(KEPT) == kept


def test_a_bad_file_changes_nothing(reloaded):
    peers, daemon = reloaded
    ports = daemon.ports()
    daemon.write(BEFORE + "\nsurprise: 1")
    records, notes = len(daemon.records), len(daemon.notes)
    daemon.signal(signal.SIGHUP)
    daemon.await_said(r"kaguard\.yaml:\d+:\d+: error: .*surprise", start=records)
    daemon.await_note(r"^STATUS=.*\brejected\b", start=notes)
    assert all(peers[port].stays(peers[port].open_sessions(), 0.5) for port in peers)
    assert daemon.ports() == ports
    assert daemon.process.poll() is None

    daemon.reload(config((KEPT, f"sessions: 2, {SLOW}")))
    await_look(lambda: daemon.ports() == daemon.ports(KEPT), 5, "the good file in force")
    assert set(daemon.ports(KEPT)) < set(ports)
