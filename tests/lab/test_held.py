# SPDX-License-Identifier: ISC
"""One long wait, five idle timeouts of the firewall, and all that it shows."""
import types

import pytest

import netlab
from conftest import PORT, benches_for
from witness import await_look

TIMEOUT_S = 12
WATCHED_S = 5 * TIMEOUT_S
WORST, LOSSY = 7003, 7004
LATE = 71 / 63  # a kernel timer fires up to 8/63 late: kernel/time/timer.c calc_wheel_index()

CONFIG = f"""
defaults: {{firewall: {TIMEOUT_S}s}}
peers:
  - {{name: steady, address: "{netlab.SERVER4}:{PORT}", sessions: 3}}
  - {{name: steady6, address: "[{netlab.SERVER6}]:{PORT}", sessions: 2}}
  - {{name: worst, address: "{netlab.SERVER4}:{WORST}"}}
  - {{name: lossy, address: "{netlab.SERVER4}:{LOSSY}", sessions: 10, backoff: {{max: 2s}}}}
"""


@pytest.fixture(scope="module")
def watched(request):
    with benches_for(request.node) as make:
        bench = make(timeout_s=TIMEOUT_S)
        peers = {port: bench.peer(port) for port in (PORT, WORST, LOSSY)}
        capture = bench.capture()
        daemon = bench.guard(CONFIG)
        daemon.await_up(16)
        control = bench.lab.client.connect((netlab.SERVER4, PORT))
        start = {port: daemon.ports(port) for port in peers}
        guarded = [s for s in peers[PORT].await_sessions(6, 5) if s.port in start[PORT]]
        plan = {name: daemon.plan(name) for name in ("steady", "worst", "lossy")}
        lost = plan["worst"]["survives_lost"]
        firewall = bench.firewall
        firewall.fault(f"iifname client tcp dport {WORST} tcp flags & (syn | ack) == ack "
                       f"numgen inc mod {lost + 1} < {lost}")
        for end in ("dport", "sport"):
            firewall.fault(f"tcp {end} {LOSSY} numgen random mod 100 < 20")
        clocks = bench.clocks()
        held = peers[PORT].stays(guarded, WATCHED_S)
        clocks.stop()
        yield types.SimpleNamespace(
            bench=bench, daemon=daemon, peers=peers, capture=capture, clocks=clocks, plan=plan,
            control=control, start=start, held=held, guarded=guarded)
        control.close()


def test_held_with_the_same_ports(watched):
    assert watched.held
    assert watched.daemon.ports(PORT) == watched.start[PORT]
    assert {e.source_port for e in watched.bench.firewall.entries(PORT)} >= set(watched.start[PORT])


def test_still_carry_data(watched):
    """What the server sends comes through the firewall and is acknowledged."""
    for session in watched.guarded:
        session.sock.send(b"are you there?")
    await_look(lambda: not any(s.unacknowledged() for s in watched.guarded), 3,
               "acknowledgement by every guarded session")


def test_unguarded_session_dies(watched):
    """The control: the same path, nobody probes, and the firewall forgets it."""
    port = watched.control.getsockname()[1]
    assert port in watched.clocks.seen
    assert port not in {e.source_port for e in watched.bench.firewall.entries(PORT)}
    watched.control.settimeout(2)
    watched.control.send(b"is this still on?")
    with pytest.raises(TimeoutError):
        watched.control.recv(64)


def test_clock_keeps_its_margin(watched):
    """Even where as many probes in a row are lost as the plan survives, over and over."""
    port, = watched.start[WORST]
    assert watched.daemon.ports(WORST) == [port]
    assert len(watched.clocks.seen[port]) >= 0.9 * watched.clocks.looks
    lowest = watched.clocks.lowest(port)
    assert lowest >= watched.plan["worst"]["margin_ms"] // 1000
    assert lowest < min(map(watched.clocks.lowest, watched.start[PORT])), "no probe was lost"
    assert watched.clocks.refreshes(port) >= 3


def test_as_many_probes_as_planned(watched):
    idle = watched.plan["steady"]["idle_s"]
    for port in watched.start[PORT]:
        times = [probe.at for probe in watched.capture.probes(port)]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        assert min(gaps) >= 0.95 * idle - 0.1
        assert max(gaps) <= LATE * idle + 0.5
        assert len(times) >= WATCHED_S / (LATE * idle + 0.5) - 1


def test_twenty_percent_loss(watched):
    """Those that live were protected all along; those that died are back; all carry data."""
    daemon, peer = watched.daemon, watched.peers[LOSSY]
    lived = set(watched.start[LOSSY]) & set(daemon.ports(LOSSY))
    plan = watched.plan["lossy"]
    unanswered = sum(later.at - earlier.at < 0.9 * plan["idle_s"]
                     for port in watched.start[LOSSY]
                     for probes in [watched.capture.probes(port)]
                     for earlier, later in zip(probes, probes[1:]))
    assert unanswered > 0, "no probe was lost"
    watched.bench.firewall.heal()

    def all_there():
        return len(daemon.ports(LOSSY)) == 10 and set(daemon.ports(LOSSY)) <= {
            e.source_port for e in watched.bench.firewall.entries(LOSSY)
            if e.state == "ESTABLISHED"}
    await_look(all_there, plan["detect_within_worst_ms"] / 1000 + 5, "ten sessions that live")
    ports = daemon.ports(LOSSY)
    mine = [s for s in peer.open_sessions() if s.port in ports]
    for session in mine:
        session.sock.send(b"are you there?")
    await_look(lambda: not any(s.unacknowledged() for s in mine), 5, "acknowledgement by all ten")
    for port in lived & set(ports):
        assert len(watched.clocks.seen[port]) >= 0.9 * watched.clocks.looks
