# SPDX-License-Identifier: ISC
"""Why sessions die: each cause for real, and told from what looks like it."""
import contextlib
import json
import subprocess

import pytest

import netlab
from conftest import PORT, QUICK
from peers import Impatient, Peer

FORGETS, CLOSES, RESETS = 7011, 7012, 7013
FIREWALL_S = 5
# Tight enough for the firewall of 5 s: probes after 2 s.
KEPT = "firewall: 8s, keepalive: {outage: 2s}"
# Too loose: probes after 11 s.
TOO_LOOSE = "firewall: 20s, keepalive: {outage: 2s}"
BACKOFF = "backoff: {first: 100ms, max: 1s, stable_after: 3s}"
HASTY = f"{QUICK}, connect_timeout: 1s"


def peer_line(name, port, rest):
    return f'  - {{name: {name}, address: "{netlab.SERVER4}:{port}", {rest}, {BACKOFF}}}\n'


def number(record, field):
    return int(record["KAGUARD_" + field])


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A directory for what is learnt, for the daemons that are started from now on."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path


def run_kaguard(daemon, *options):
    return subprocess.run([daemon.program, *options, "-c", str(daemon.file)], check=True,
                          capture_output=True, text=True).stdout


def in_force(daemon, name):
    """What kaguard --plan says of a peer, as JSON."""
    return next(p for p in json.loads(run_kaguard(daemon, "--plan", "--json"))["peers"]
                if p["peer"] == name)


def test_who_ends_idle_sessions(bench_of, state):
    """After 5 s: a firewall that forgets, a server that closes, one that resets. The first is
    learnt from; for the others keepalive can do nothing, and they are told from it."""
    bench = bench_of(timeout_s=FIREWALL_S, kind="reset")
    forgotten = bench.peer(FORGETS)
    bench.peer(CLOSES, Impatient, after_s=FIREWALL_S)
    bench.peer(RESETS, Impatient, after_s=FIREWALL_S, end=Peer.abort_one)
    capture = bench.capture()
    daemon = bench.guard("peers:\n" + peer_line("forgets", FORGETS, TOO_LOOSE) +
                         peer_line("closes", CLOSES, KEPT) + peer_line("resets", RESETS, KEPT))
    closes = daemon.await_said("closes idle sessions after 5s; keepalive cannot prevent that",
                               40, peer="closes", reason="closed", cause="ends-idle")
    resets = daemon.await_said("resets idle sessions after 5s; keepalive cannot prevent that",
                               40, peer="resets", reason="reset", cause="ends-idle")
    for record in (closes, resets):
        assert 4900 <= number(record, "QUIET_MS") <= 5500
        assert len(daemon.said("idle sessions", peer=record["KAGUARD_PEER"])) == 1, "told once"
    # They had answered probes all the while.
    ended = [s.source_port for s in capture.syns(CLOSES)][0]
    assert capture.probes(ended)

    expired = daemon.await_said("the firewall had forgotten it within 1[01]s of idleness", 40,
                                peer="forgets", reason="expired", cause="idle")
    assert 10000 <= number(expired, "FORGOTTEN_MS") <= 13000
    learnt = daemon.await_said(r'declared as 20s; from now on it is taken to be 8s.*'
                               r'put "firewall: 8s" into kaguard.yaml', 60, peer="forgets")
    assert (learnt["PRIORITY"], number(learnt, "DECLARED_MS")) == ("4", 20000)
    assert number(learnt, "LEARNT_MS") == 8000
    assert not daemon.said(peer="closes", reason="expired")
    assert not daemon.said(peer="resets", reason="expired")

    # From here on it lives, as the firewall's own clock shows.
    session, = daemon.held(FORGETS)
    assert session.idle_s == 2
    living = forgotten.await_sessions(1, 5)
    assert forgotten.stays(living, 3 * FIREWALL_S)
    assert daemon.ports(FORGETS) == [session.local[1]]
    assert session.local[1] in {e.source_port for e in bench.firewall.entries(FORGETS)}

    # So it does for the next daemon, from its first session on.
    daemon.stop()
    shown = in_force(daemon, "forgets")
    assert (shown["firewall_s"], shown["learnt_s"], shown["idle_s"]) == (20, 8, 2)
    assert "20s, learnt 8s" in run_kaguard(daemon, "--plan")
    again = bench.guard(daemon.file.read_text())
    again.await_up(3)
    assert [held.idle_s for held in again.held(FORGETS)] == [2]
    assert not again.said("taken to be")
    # Another declaration is believed.
    again.reload(daemon.file.read_text().replace("20s", "21s"))
    assert [held.idle_s for held in again.held(FORGETS)] != [2]


# A session that is probed after 2 s has survived as much by then, as far as can be told of timers
# that may be late: it was heard of after 6 s, and will be a second later.
STEADY_S = 7


@pytest.fixture(params=["reset", "nat"])
def three(bench_of, request):
    """Three peers behind one firewall, with sessions that have been answered for a while. What is
    forgotten meets a reset, the firewall's own or the server's, which a flushed NAT has given it
    another port for."""
    bench = bench_of(timeout_s=60, kind=request.param)
    peers = {name: bench.peer(port) for name, port in
             (("a", FORGETS), ("b", CLOSES), ("c", RESETS))}
    daemon = bench.guard("peers:\n" + "".join(
        peer_line(name, peer.port, f"sessions: 2, {QUICK}") for name, peer in peers.items()))
    daemon.await_up(6)
    assert all(peer.stays(peer.await_sessions(2, 5), 0) for peer in peers.values())
    assert peers["a"].stays(peers["a"].open_sessions(), STEADY_S)
    return bench, daemon, peers


def test_rebooted_peer_or_flushed_firewall(three):
    """Both answer a probe with a reset; but one forgets its own sessions only."""
    bench, daemon, peers = three
    records = len(daemon.records)
    peers["a"].crash()
    rebooted = daemon.await_said("did not know it any more: it was restarted", start=records,
                                 peer="a", reason="reset", cause="restarted")
    daemon.await_up(6, start=len(daemon.notes) - 1)
    assert not daemon.said(start=records, reason="expired"), rebooted
    assert len(peers["b"].sessions) == len(peers["c"].sessions) == 2

    assert peers["a"].stays(peers["a"].await_sessions(2, 5), STEADY_S)
    records = len(daemon.records)
    bench.firewall.flush()
    for name, peer in peers.items():
        peer.await_that(lambda p=peer, n=4 if name != "a" else 6: len(p.sessions) >= n, 10,
                        "new sessions")
    daemon.await_said("sessions of other peers at that time: it was restarted or flushed",
                      start=records, reason="expired", cause="flushed")
    assert not daemon.said(start=records, cause="idle")
    assert not daemon.said(start=records, cause="restarted")
    assert not daemon.said("taken to be"), "one event teaches nothing"


def test_rebooting_peer(three):
    """Its kernel is back, its service is not yet."""
    _, daemon, peers = three
    records = len(daemon.records)
    peers["a"].refuse()
    peers["a"].crash()
    daemon.await_said("refused; the peer did not know it any more: it was restarted",
                      start=records, peer="a", reason="refused", cause="restarted")
    peers["a"].listen()
    peers["a"].await_sessions(2, 10)
    assert not daemon.said(start=records, reason="expired")


def test_pulled_cable_or_dead_peer(bench_of):
    """Ten seconds of silence kill a session that gives up after five, and not the one that is to
    ride out as much. What is back at once was never dead, what stays away is."""
    bench = bench_of(timeout_s=60)
    peer, dead = bench.peer(), bench.peer(CLOSES)
    daemon = bench.guard("peers:\n" +
                         peer_line("hasty", PORT, HASTY) +
                         peer_line("patient", PORT, "keepalive: {outage: 15s, detect_within: 30s}, "
                                   "firewall: 20s, bind: 10.77.1.2") +
                         peer_line("dead", CLOSES, HASTY))
    daemon.await_up(3)
    patient = [h.local[1] for h in daemon.held(PORT) if h.idle_s > 2]
    records = len(daemon.records)
    bench.firewall.fault(f"tcp dport {CLOSES}")
    bench.firewall.fault(f"tcp dport {PORT}")
    daemon.await_said(start=records, peer="hasty", reason="unreachable")
    daemon.await_said(start=records, peer="dead", reason="unreachable")
    with contextlib.suppress(AssertionError):  # ten seconds in all
        peer.await_that(lambda: False, 4, "nothing")
    bench.firewall.heal()
    bench.firewall.fault(f"tcp dport {CLOSES}")
    daemon.await_said(r"up after \d+ attempts, down for", start=records, peer="hasty")
    assert not daemon.said(start=records, reason="expired")
    assert not daemon.said(start=records, peer="patient")
    assert set(patient) <= set(daemon.ports(PORT))
    assert not daemon.said(start=records, peer="dead", message="up after")
    assert len(dead.sessions) == 1


def test_our_own_cable(bench_of):
    """Pulled for longer than sessions ride out: whatever the kernel calls it, no peer is to blame,
    nor a firewall. With the route gone as well IPv6 says that there is none, and with data under
    way it is the neighbour that cannot be reached."""
    bench = bench_of(timeout_s=60)
    bench.peer()
    heart = 'heartbeat: {send: "hello", every: 3s, timeout: 2s}'
    daemon = bench.guard("peers:\n" + peer_line("four", PORT, HASTY) +
                         peer_line("beats", PORT, f"{HASTY}, {heart}") +
                         peer_line("six", PORT, HASTY).replace(netlab.SERVER4,
                                                               f"[{netlab.SERVER6}]"))
    daemon.await_up(3)
    bench.lab.router.run("ip", "link", "set", "client", "down")
    daemon.await_said("eth0 is down")
    bench.lab.client.run("ip", "-6", "route", "del", "default")
    for name in ("four", "beats", "six"):
        daemon.await_said(f"^{name}/0: lost", 20)
    bench.lab.router.run("ip", "link", "set", "client", "up")
    bench.lab.router.run("ip", "addr", "replace", "2001:db8:1::1/64", "dev", "client")
    bench.lab.client.run("ip", "-6", "route", "add", "default", "via", "2001:db8:1::1",
                         "dev", "eth0")
    for name in ("four", "beats", "six"):
        up = daemon.await_said(f"^{name}/0: up after .*this machine had changed meanwhile", 20)
        assert (up["KAGUARD_REASON"], up["KAGUARD_CAUSE"]) == ("local", "network")
    for reason in ("unreachable", "expired", "heartbeat", "timed-out"):
        assert not daemon.said(reason=reason), reason


def test_short_interruption(bench_of):
    """The path is back while the next attempt is under way: nobody has forgotten anything."""
    bench = bench_of(timeout_s=60)
    bench.peer()
    daemon = bench.guard("peers:\n" + peer_line("hq", PORT, QUICK))
    daemon.await_up(1)
    records = len(daemon.records)
    capture = bench.capture()
    bench.firewall.fault(f"tcp dport {PORT}")
    capture.await_that(lambda c: c.syns(PORT), 15, "a new attempt")
    bench.firewall.heal()
    daemon.await_said("the path was interrupted", start=records, peer="hq", reason="unreachable",
                      cause="interrupted")
    assert not daemon.said(start=records, reason="expired")


@pytest.mark.parametrize("kind", ["silent", "nat"])
def test_forgotten_for_its_idleness(bench_of, kind):
    """Firewalls that drop, or that give another port: not one word from them either way."""
    bench = bench_of(timeout_s=FIREWALL_S, kind=kind)
    bench.peer(FORGETS)
    daemon = bench.guard("peers:\n" + peer_line(
        "hq", FORGETS, "firewall: 15s, keepalive: {outage: 2s, lost_probes: 1}"))
    daemon.await_up(1)
    expired = daemon.await_said("the firewall had forgotten it within", 40, peer="hq",
                                reason="expired", cause="idle")
    lost = daemon.await_said("the next attempt will tell", peer="hq")
    assert number(expired, "FORGOTTEN_MS") <= number(lost, "IDLE_MS")
    assert number(expired, "FORGOTTEN_MS") >= 1000 * FIREWALL_S
    assert number(expired, "DECLARED_MS") == 15000


def test_a_firewall_that_says_so(bench_of):
    """Of a heartbeat for what it has forgotten, that it is prohibited. It is the firewall's doing all
    the same, not ours, nor the application's."""
    bench = bench_of(timeout_s=FIREWALL_S, kind="reject")
    bench.peer(FORGETS)
    rest = 'firewall: 20s, keepalive: {outage: 2s}, heartbeat: {send: "x", every: 9s, timeout: 5s}'
    daemon = bench.guard("peers:\n" + peer_line("four", FORGETS, rest) +
                         peer_line("six", FORGETS, rest).replace(netlab.SERVER4,
                                                                 f"[{netlab.SERVER6}]"))
    for name in ("four", "six"):
        daemon.await_said("data was not acknowledged", 30, peer=name)
        daemon.await_said("up after 1 attempt.*the firewall remembers for less", peer=name,
                          reason="expired", cause="forgotten")
    for reason in ("local", "unreachable", "heartbeat"):
        assert not daemon.said(reason=reason), reason


def test_our_own_side(bench):
    """An address that is not there: no peer is to blame."""
    bench.peer()
    daemon = bench.guard("peers:\n" + peer_line("hq", PORT, "bind: 10.77.1.9"))
    daemon.await_said("our side cannot", peer="hq", reason="local")


def test_state_file_is_damaged(bench, state):
    """It is set aside and told, and the daemon starts as if there had been none."""
    file = state / "learnt.json"
    file.write_text("kaguard 1 0123456789abcdef\n{}\n")
    bench.peer()
    daemon = bench.guard("peers:\n" + peer_line("hq", PORT, KEPT))
    told = daemon.await_said("learnt.json is damaged: it was renamed to learnt.json.corrupt")
    assert told["PRIORITY"] == "4"
    daemon.await_up(1)
    assert not file.exists()
    assert (state / "learnt.json.corrupt").read_text().startswith("kaguard 1 0123456789abcdef")


def test_state_cannot_be_written(bench, state):
    """Told once, and nothing else is the worse for it; written as soon as that is possible."""
    peer = bench.peer(CLOSES)
    missing = state / "missing"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(missing))
        daemon = bench.guard("peers:\n" + peer_line("hq", CLOSES, KEPT))
    daemon.await_up(1)
    peer.hang_up()
    daemon.await_said(f"what was learnt cannot be written to {missing}: No such file")
    peer.await_that(lambda: len(peer.sessions) >= 2, 5, "second session")
    peer.hang_up()
    peer.await_that(lambda: len(peer.sessions) >= 3, 5, "third session")
    missing.mkdir()
    daemon.stop()
    assert json.loads((missing / "learnt.json").read_text().partition("\n")[2])["peers"]
    assert len(daemon.said("cannot be written")) == 1
