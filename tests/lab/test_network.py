# SPDX-License-Identifier: ISC
"""The host's own network comes and goes under the daemon: links, addresses, routes."""
import contextlib
import signal
import time

import pytest

import netlab
from conftest import PORT, QUICK
from witness import await_look

OTHER4 = "10.77.1.3"
# Whoever waits does so for longer than any test here has patience.
LONG = "backoff: {first: 5min, max: 5min}"
# Far from a probe of its own, and with an outage that is ridden out.
CALM = "keepalive: {idle: 200s, interval: 2s, count: 10}"
SOON = 3


def config(*rest, keepalive=QUICK, firewall="240s"):
    peers = [f'  - {{name: p{n}, address: "{address}:{PORT}", {option}}}'
             for n, (address, option) in enumerate(rest)]
    return "\n".join([f"defaults: {{firewall: {firewall}, connect_timeout: 1s, {keepalive}}}",
                      "peers:", *peers])


def link(bench, state):
    bench.lab.client.run("ip", "link", "set", "eth0", state)


def routes(bench):
    """As a host has them again that has lost them with its link."""
    bench.lab.client.run("ip", "route", "replace", "default", "via", "10.77.1.1", "dev", "eth0")


def cable(bench, state):
    """The other end's: this one loses its carrier, and keeps its addresses and routes."""
    bench.lab.router.run("ip", "link", "set", "client", state)
    if state == "up":  # a link that is set down loses its IPv6 addresses
        bench.lab.router.run("ip", "addr", "replace", "2001:db8:1::1/64", "dev", "client")


def test_a_link_that_comes_back_ends_a_long_wait(bench):
    peer = bench.peer()
    peer.refuse()
    daemon = bench.guard(config((netlab.SERVER4, LONG)))
    assert int(daemon.await_said("next attempt in", peer="p0")["KAGUARD_RETRY_MS"]) > SOON * 2000
    peer.listen()
    link(bench, "down")
    daemon.await_said("eth0 is down")
    assert not peer.sessions
    start = time.monotonic()
    link(bench, "up")
    routes(bench)
    peer.await_sessions(1, SOON)
    daemon.await_up(1)
    assert time.monotonic() - start < SOON
    daemon.await_said("eth0 is up.*; trying 1 peer again")


def test_an_address_that_comes_ends_a_long_wait(bench):
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, f"bind: {OTHER4}, {LONG}")))
    daemon.await_said(peer="p0", reason="local")
    bench.lab.client.run("ip", "addr", "add", f"{OTHER4}/24", "dev", "eth0")
    session, = peer.await_sessions(1, SOON)
    assert session.address == OTHER4


def test_sessions_leave_with_their_address(bench):
    """Of two addresses one goes: its session does so at once, and the other one's has seen nothing.
    A session without a source of its own comes back from what there is."""
    bench.lab.client.run("ip", "addr", "add", f"{OTHER4}/24", "dev", "eth0")
    bench.lab.client.run("ip", "route", "replace", "default", "via", "10.77.1.1", "src", OTHER4)
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, "backoff: {first: 100ms}"),
                                (netlab.SERVER4, f"bind: {netlab.CLIENT4}"), keepalive=CALM))
    daemon.await_up(2)
    assert sorted(h.local[0] for h in daemon.held(PORT)) == [netlab.CLIENT4, OTHER4]
    kept = {h.local for h in daemon.held(PORT) if h.local[0] == netlab.CLIENT4}
    bench.lab.client.run("ip", "route", "replace", "default", "via", "10.77.1.1")
    start = time.monotonic()
    bench.lab.client.run("ip", "addr", "del", f"{OTHER4}/24", "dev", "eth0")
    lost = daemon.await_said("its own address has left this host", timeout=SOON, peer="p0")
    assert time.monotonic() - start < SOON
    assert lost["KAGUARD_REASON"] == "local"
    assert lost["KAGUARD_LOCAL"].startswith(OTHER4)
    daemon.await_said("p0/0: up after")
    now = {h.local for h in daemon.held(PORT)}
    assert {address for address, _ in now} == {netlab.CLIENT4}
    assert kept < now
    assert not daemon.said(r"p1/0: lost")


def test_no_network_at_the_start(bench):
    """Nobody is tried in vain, nor blamed; loopback is a network of its own. And then at once."""
    peer = bench.peer()
    here = bench.peer(behaviour=lambda _, port: type(peer)(bench.lab.client, port))
    link(bench, "down")
    daemon = bench.guard(config((netlab.SERVER4, LONG), (f"[{netlab.SERVER6}]", LONG),
                                ("127.0.0.1", "sessions: 2")))
    here.await_sessions(2, 5)
    daemon.await_said("there is no network yet")
    daemon.await_up(2)
    assert len(daemon.said("no network")) == 1
    assert not daemon.said("cannot|next attempt")
    start = time.monotonic()
    capture = bench.capture()
    link(bench, "up")
    bench.lab.client.run("ip", "addr", "add", f"{netlab.CLIENT6}/64", "dev", "eth0")
    for gateway in ("10.77.1.1", "2001:db8:1::1"):
        bench.lab.client.run("ip", "route", "add", "default", "via", gateway, "dev", "eth0")
    peer.await_sessions(2, SOON + 3)
    daemon.await_up(4)
    assert time.monotonic() - start < SOON + 3
    assert capture.syns(PORT)
    assert not daemon.said("cannot")
    for session in ("p0/0", "p1/0"):
        assert "1 attempt" in (up := daemon.await_said(f"^{session}: up")["MESSAGE"]) or (
            "attempt" not in up)


def test_a_pulled_cable_kills_nothing(bench_of):
    """Ten seconds, of an outage of twenty, and of the minute that the firewall remembers. When it is
    plugged in, a probe goes out at once, and each session keeps its port and its place in the
    firewall."""
    bench = bench_of(timeout_s=60)
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, "sessions: 5"),
                                (f"[{netlab.SERVER6}]", "sessions: 2"), keepalive=CALM))
    daemon.await_up(7)
    sessions = peer.await_sessions(7, 5)
    ports = daemon.ports(PORT)
    options = {h.local: h for h in daemon.held(PORT)}
    places = {entry.source_port: entry.outside_port for entry in bench.firewall.entries(PORT)}
    cable(bench, "down")
    daemon.await_said("eth0 is down")
    assert peer.stays(sessions, 10)
    capture = bench.capture("server")
    start = time.monotonic()
    cable(bench, "up")
    daemon.await_said("eth0 is up.*; probing 7 sessions")
    for port in ports:
        capture.await_that(lambda c, port=port: c.probes(port), SOON, f"a probe from {port}")
    assert time.monotonic() - start < SOON + 1
    await_look(lambda: {h.local: h for h in daemon.held(PORT)} == options, 5,
               "the plan's values, once the probes are answered")
    assert daemon.ports(PORT) == ports == sorted(places)
    assert {e.source_port: e.outside_port for e in bench.firewall.entries(PORT)} == places
    assert not daemon.said("lost")


def examine(bench):
    """From now on an IPv6 address is examined for three seconds whenever it comes, or its link does
    (RFC 4862 section 5.4), as it is on every host; and it stays while the link is down. The router
    is looked for (RFC 4861 section 7.2.2) for longer than that, or what waits to be sent may be
    thrown away at the moment when it could be."""
    for name, value in (("accept_dad", 1), ("dad_transmits", 3), ("keep_addr_on_down", 1)):
        bench.lab.client.sysctl(f"net.ipv6.conf.eth0.{name}", value)
    bench.lab.client.sysctl("net.ipv6.neigh.eth0.mcast_solicit", 10)


def tentative(bench):
    return netlab.CLIENT6 in bench.lab.client.run("ip", "-6", "addr", "show", "dev", "eth0",
                                                  "tentative")


@pytest.fixture
def examined(bench_of):
    """Two sessions from an address that is about to be examined. The kernel would repeat the
    daemon's probe after a minute."""
    bench = bench_of(timeout_s=60)
    examine(bench)
    bench.peer()
    daemon = bench.guard(config((f"[{netlab.SERVER6}]", "sessions: 2"), firewall="10min",
                                keepalive="keepalive: {idle: 200s, interval: 60s, count: 3}"))
    daemon.await_up(2)
    return bench, daemon, daemon.ports(PORT), bench.capture("server")


def test_a_link_whose_address_is_examined_first(examined):
    """Until it may be used no answer comes: there is another probe when it may."""
    bench, daemon, ports, capture = examined
    link(bench, "down")
    daemon.await_said("eth0 is down")
    link(bench, "up")
    bench.lab.client.run("ip", "route", "replace", "default", "via", "2001:db8:1::1", "dev", "eth0")
    assert tentative(bench)
    daemon.await_said(f"{netlab.CLIENT6} is back; probing 2 sessions")
    for port in ports:
        capture.await_that(lambda c, port=port: c.probes(port), SOON, f"a probe from {port}")
    assert daemon.ports(PORT) == ports
    assert not daemon.said("lost")


def test_an_address_that_comes_back_is_examined_first(examined):
    """As where a host is configured anew: the address is there, so its sessions stay."""
    bench, daemon, ports, capture = examined
    bench.lab.client.run("ip", "-batch", "-", stdin=f"addr del {netlab.CLIENT6}/64 dev eth0\n"
                                                    f"addr add {netlab.CLIENT6}/64 dev eth0\n")
    assert tentative(bench)
    daemon.await_said(f"{netlab.CLIENT6} is back; probing 2 sessions")
    for port in ports:
        capture.await_that(lambda c, port=port: c.probes(port), SOON, f"a probe from {port}")
    assert daemon.ports(PORT) == ports
    assert not daemon.said("lost")


def test_an_address_that_somebody_else_has(examined):
    """The examination finds the router with the same: the host may not use it, and what was
    connected from there is not."""
    bench, daemon, *_ = examined
    bench.lab.router.run("ip", "addr", "add", f"{netlab.CLIENT6}/128", "dev", "client")
    bench.lab.client.run("ip", "-batch", "-", stdin=f"addr del {netlab.CLIENT6}/64 dev eth0\n"
                                                    f"addr add {netlab.CLIENT6}/64 dev eth0\n")
    lost = daemon.await_said("its own address has left this host", peer="p0")
    assert lost["KAGUARD_REASON"] == "local"


def test_what_died_behind_a_pulled_cable_is_known_soon(bench):
    """The firewall is flushed meanwhile: not after 200 s of silence, but after the plan's ten
    probes, two seconds apart, and from the moment of the return on."""
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, "sessions: 3, backoff: {first: 100ms}"),
                                keepalive="keepalive: {idle: 200s, interval: 1s, count: 5}"))
    daemon.await_up(3)
    cable(bench, "down")
    daemon.await_said("eth0 is down")
    bench.firewall.flush()
    notes = len(daemon.notes)
    start = time.monotonic()
    cable(bench, "up")
    daemon.await_said(r"5 probes unanswered", timeout=10)
    assert 4.5 < time.monotonic() - start < 9
    daemon.await_up(3, start=notes)


BRIDGE = f"""
link add br0 type bridge forward_delay 0
link add link eth0 name port0 type macvlan mode passthru
link add inside0 type veth peer name inside1
link set port0 master br0
link set inside0 master br0
link set br0 up
link set port0 up
link set inside0 up
link set inside1 up
addr flush dev eth0
addr add {netlab.CLIENT4}/24 dev br0
route add default via 10.77.1.1 dev br0
"""


def test_the_cable_of_a_bridge(bench_of):
    """As of a host of virtual machines: the bridge with the address runs on without the cable, for
    there are those. They come and go, and that is no news."""
    bench = bench_of(timeout_s=60)
    client = bench.lab.client
    client.run("ip", "-batch", "-", stdin=BRIDGE)
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, "sessions: 2"), keepalive=CALM))
    daemon.await_up(2)
    ports = daemon.ports(PORT)
    for state in ("down", "up"):
        client.run("ip", "link", "set", "inside1", state)
    cable(bench, "down")
    daemon.await_said("port0 is down")
    assert ",UP,LOWER_UP>" in client.run("ip", "link", "show", "br0")
    capture = bench.capture("server")
    cable(bench, "up")
    daemon.await_said("port0 is up; probing 2 sessions")
    for port in ports:
        capture.await_that(lambda c, port=port: c.probes(port), SOON, f"a probe from {port}")
    assert not daemon.said("inside")


GUESTS = """
link add guests0 type bridge forward_delay 0
link add inside0 type veth peer name inside1
link set inside0 master guests0
link set guests0 up
link set inside0 up
link set inside1 up
addr add 172.17.0.1/16 dev guests0
"""


def test_the_last_container_ends(bench_of):
    """Its bridge has an address of this host and loses its carrier, while a peer is silent: that is no
    trouble of ours."""
    bench = bench_of(timeout_s=60)
    client = bench.lab.client
    client.run("ip", "-batch", "-", stdin=GUESTS)
    bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, "backoff: {first: 100ms}")))
    daemon.await_up(1)
    bench.firewall.fault(f"tcp dport {PORT}")
    client.run("ip", "link", "set", "inside1", "down")
    await_look(lambda: "NO-CARRIER" in client.run("ip", "link", "show", "guests0"), 5,
               "the bridge without a carrier")
    daemon.await_said(peer="p0", reason="unreachable")
    assert not daemon.said(reason="local")
    assert not daemon.said("guests0 is down", loud=False)


def test_a_route_that_comes_ends_a_long_wait(bench):
    peer = bench.peer()
    bench.lab.client.run("ip", "route", "del", "default")
    daemon = bench.guard(config((netlab.SERVER4, LONG), keepalive=CALM))
    daemon.await_said("cannot", peer="p0", reason="local")
    routes(bench)
    peer.await_sessions(1, SOON)
    daemon.await_said("the default route was added; trying 1 peer again")


@contextlib.contextmanager
def stopped(daemon):
    daemon.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.signal(signal.SIGCONT)


def test_more_changes_than_the_kernel_keeps_for_us(bench):
    """The daemon is stopped while its socket overruns; what it then reads anew has the one thing
    that mattered."""
    client = bench.lab.client
    client.run("ip", "addr", "add", f"{OTHER4}/24", "dev", "eth0")
    bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, f"bind: {OTHER4}, {LONG}"), keepalive=CALM))
    daemon.await_up(1)
    batch = "".join(f"addr add 192.0.2.{n % 250 + 1}/32 dev lo\n"
                    f"addr del 192.0.2.{n % 250 + 1}/32 dev lo\n" for n in range(2000))
    with stopped(daemon):
        client.run("ip", "-batch", "-", stdin=batch)
        client.run("ip", "addr", "del", f"{OTHER4}/24", "dev", "eth0")
    lost = daemon.await_said("its own address has left this host", timeout=SOON + 2, peer="p0")
    assert lost["KAGUARD_REASON"] == "local"
    daemon.await_said("more than could be told")


def test_a_paused_process_loses_nothing(bench):
    """Thirty seconds, through a firewall that forgets after twelve: the kernel keeps the sessions."""
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, "sessions: 20"), firewall="12s",
                                keepalive="sessions: 1"))
    daemon.await_up(20)
    sessions, ports = peer.await_sessions(20, 5), daemon.ports(PORT)
    with stopped(daemon):
        assert peer.stays(sessions, 30)
    start, notes = len(daemon.records), len(daemon.notes)
    daemon.table([f"p0/{n}" for n in range(20)])
    assert daemon.ports(PORT) == ports
    assert not daemon.said("lost|cannot|network|asleep|error", start=0)
    assert len(peer.sessions) == 20
    assert len(daemon.said(start=start, loud=False)) < 40
    assert not [n for n in daemon.notes[notes:] if "WATCHDOG=trigger" in n]
