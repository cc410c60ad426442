# SPDX-License-Identifier: ISC
"""Names and address families."""
import pytest

import netlab
from conftest import PORT, QUICK
from peers import NameServer

NAME = "peer.lab.test"
CONFIG = f"""
defaults:
  firewall: 12s
  connect_timeout: 3s
  backoff: {{first: 100ms, max: 1s}}
  {QUICK}
peers:
  - {{name: literal, address: "{netlab.SERVER4}:7002"}}
  - {{name: named, address: "{NAME}:{PORT}"}}
"""


@pytest.mark.parametrize("failure", ["SERVFAIL", "NXDOMAIN", "mute"])
def test_names_fail_and_come_back(bench, failure):
    """An answer that never comes stops nobody else; one that comes again is used."""
    named, literal = bench.peer(), bench.peer(7002)
    server = bench.names()
    server.zone[NAME] = [netlab.SERVER4]
    server.mute = failure == "mute"
    server.rcode = getattr(NameServer, failure, NameServer.NOERROR)
    daemon = bench.guard(CONFIG)
    literal.await_sessions(1, 2)
    daemon.await_said(peer="named", reason="unresolved")
    assert server.queries > 0 and not named.sessions
    server.mute, server.rcode = False, NameServer.NOERROR
    named.await_sessions(1, 5)
    daemon.await_up(2)
    assert len(daemon.said(r"cannot", reason="unresolved")) == 1, "once loud, then quiet"
    assert len(literal.sessions) == 1


@pytest.mark.parametrize("zone, used", [
    ([netlab.SERVER4], {netlab.SERVER4}),
    ([netlab.SERVER6], {netlab.SERVER6}),
    ([netlab.SERVER4, netlab.SERVER6], {netlab.SERVER4, netlab.SERVER6}),
], ids=["v4-only", "v6-only", "both"])
def test_families(bench, zone, used):
    peer = bench.peer()
    bench.peer(7002)
    server = bench.names()
    server.zone[NAME] = zone
    daemon = bench.guard(CONFIG)
    session, = peer.await_sessions(1, 5)
    daemon.await_up(2)
    assert {held.remote[0] for held in daemon.held(PORT)} <= used
    assert len(peer.sessions) == 1, "the race has one winner"
    assert peer.stays([session], 1)


@pytest.mark.parametrize("first, second", [
    (netlab.SERVER6, netlab.SERVER4),
    (netlab.SERVER4, netlab.SERVER6),
], ids=["v6-dead", "v4-dead"])
def test_one_family_dead(bench, first, second):
    """The second family is tried a connection attempt delay after the first (RFC 8305 section 5)."""
    if first == netlab.SERVER4:
        # IPv6 comes first, but not from a deprecated address (RFC 6724 section 6, rules 3 and 6).
        bench.lab.client.run("ip", "addr", "change", f"{netlab.CLIENT6}/64", "dev", "eth0",
                             "preferred_lft", "0")
    peer = bench.peer()
    bench.peer(7002)
    capture = bench.capture()
    server = bench.names()
    server.zone[NAME] = [first, second]
    family = "ip6" if ":" in first else "ip"
    bench.firewall.fault(f"{family} daddr {first} tcp dport {PORT}")
    daemon = bench.guard(CONFIG)
    peer.await_sessions(1, 5)
    daemon.await_up(2)
    dead, alive = capture.syns(PORT)
    assert (dead.remote, alive.remote) == (first, second)
    assert 0.24 <= alive.at - dead.at <= 0.40
    assert [held.remote[0] for held in daemon.held(PORT)] == [second]
    assert {record.get("KAGUARD_REASON") for record in daemon.said()} == {None}
