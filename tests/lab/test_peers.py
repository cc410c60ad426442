# SPDX-License-Identifier: ISC
"""Peers that fail or misbehave, each beside a healthy one that must not notice."""
import contextlib
import re

import pytest

import netlab
from conftest import PORT, QUICK
from peers import Closer, Peer, Talker

BAD = 7002
WINDOW_S = 6
# Without growth, attempts would come every 50 ms on average: 120 in the window.
MANY = 25

CONFIG = f"""
defaults:
  firewall: 12s
  connect_timeout: 1s
  backoff: {{first: 100ms, max: 10s, factor: 2, stable_after: 2s}}
  {QUICK}
peers:
  - {{name: healthy, address: "{netlab.SERVER4}:{PORT}", sessions: 2}}
  - {{name: bad, address: "{netlab.SERVER4}:{BAD}"}}
"""


@pytest.fixture
def healthy(bench):
    return bench.peer()


@contextlib.contextmanager
def undisturbed(healthy, daemon):
    """The healthy peer keeps its sessions through all that happens meanwhile."""
    sessions = healthy.await_sessions(2, 5)
    ports = daemon.ports(PORT)
    yield sessions
    assert healthy.stays(sessions, 0)
    assert daemon.ports(PORT) == ports
    assert len(healthy.sessions) == 2


def ceilings(count):
    return [min(0.1 * 2**n, 10) for n in range(count)]


def attempts_in_window(healthy, sessions, capture):
    """When the bad peer was tried, from the first time on and for the length of the window."""
    first = capture.await_that(lambda c: c.syns(BAD), 5, "a first attempt")[0].at
    assert healthy.stays(sessions, WINDOW_S)
    return [syn.at for syn in capture.syns(BAD) if syn.at < first + WINDOW_S]


def assert_backs_off(times, each_lasts=0.0):
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert 4 <= len(times) <= MANY
    for gap, ceiling in zip(gaps, ceilings(len(gaps))):
        assert gap <= ceiling + each_lasts + 0.3


def test_refused(bench, healthy):
    capture = bench.capture()
    daemon = bench.guard(CONFIG)
    with undisturbed(healthy, daemon) as sessions:
        assert_backs_off(attempts_in_window(healthy, sessions, capture))
        daemon.await_said(peer="bad", reason="refused")
        assert len(daemon.said(peer="bad")) == 1, "once loud, then quiet"
        assert "2/3 session" in daemon.status() and "refused" in daemon.status()
        records, peer = len(daemon.records), bench.peer(BAD)
        peer.await_sessions(1, 15)
        daemon.await_said(r"up after \d+ attempts, down for", start=records, peer="bad")
        daemon.await_up(3)


def test_black_holed(bench, healthy):
    peer, capture = bench.peer(BAD), bench.capture()
    bench.firewall.fault(f"tcp dport {BAD}")
    daemon = bench.guard(CONFIG)
    with undisturbed(healthy, daemon) as sessions:
        times = attempts_in_window(healthy, sessions, capture)
        assert all(later - earlier >= 0.95 for earlier, later in zip(times, times[1:]))
        daemon.await_said(peer="bad", reason="timed-out")
        assert len(daemon.said(peer="bad")) == 1, "once loud, then quiet"
        bench.firewall.heal()
        peer.await_sessions(1, 15)
        daemon.await_up(3)


def test_unreachable(bench, healthy):
    """Both the session and what would replace it get no answer: no firewall's fault."""
    peer = bench.peer(BAD)
    daemon = bench.guard(CONFIG)
    daemon.await_up(3)
    with undisturbed(healthy, daemon):
        records = len(daemon.records)
        bench.firewall.fault(f"tcp dport {BAD}")
        daemon.await_said(start=records, peer="bad", reason="unreachable")
        assert not daemon.said(start=records, reason="expired")
        bench.firewall.heal()
        peer.await_that(lambda: len(peer.sessions) >= 2, 15, "second session")
        daemon.await_said(r"up after \d+ attempt", start=records, peer="bad")


def test_rebooted(bench, healthy):
    """The server has forgotten the session, and says so when it is probed."""
    peer = bench.peer(BAD)
    daemon = bench.guard(CONFIG)
    daemon.await_up(3)
    with undisturbed(healthy, daemon):
        half_open, records = daemon.ports(BAD), len(daemon.records)
        peer.crash()
        peer.await_that(lambda: len(peer.sessions) >= 2, 10, "second session")
        daemon.await_said(start=records, peer="bad", reason="expired")
        daemon.await_up(3)
        assert daemon.ports(BAD) != half_open


@pytest.mark.parametrize("end, reason", [(Peer.hang_up, "closed"), (Peer.abort, "reset")])
def test_ended_by_the_peer(bench, healthy, end, reason):
    peer = bench.peer(BAD)
    daemon = bench.guard(CONFIG)
    daemon.await_up(3)
    with undisturbed(healthy, daemon):
        records = len(daemon.records)
        end(peer)
        daemon.await_said(start=records, peer="bad", reason=reason)
        peer.await_that(lambda: len(peer.sessions) >= 2, 10, "second session")


def test_closing_at_once_for_ever(bench, healthy):
    bench.peer(BAD, Closer)
    capture = bench.capture()
    daemon = bench.guard(CONFIG)
    with undisturbed(healthy, daemon) as sessions:
        assert_backs_off(attempts_in_window(healthy, sessions, capture))
        daemon.await_said(peer="bad", reason="closed")
        assert len(daemon.said(peer="bad")) <= 6, "once loud, then quiet"


def test_sending_without_end(bench, healthy):
    """Read and thrown away at a bounded cost, and counted."""
    talker = bench.peer(BAD, Talker)
    daemon = bench.guard(CONFIG)
    daemon.await_up(3)
    with undisturbed(healthy, daemon) as sessions:
        talking, used = talker.await_sessions(1, 5), daemon.cpu_s()
        assert healthy.stays(sessions, 5)
        assert daemon.cpu_s() - used < 0.25 * 5
        assert talker.stays(talking, 0), "thrown away, not closed"
        told = daemon.await_said(r"has sent \d+ bytes", timeout=20, peer="bad")
        sent = int(re.search(r"(\d+) bytes", told["MESSAGE"])[1])
        counted = max(int(number) for number in re.findall(r"\b\d+\b", daemon.table(["bad/0"])["bad/0"]))
        assert counted >= sent > 2**20
