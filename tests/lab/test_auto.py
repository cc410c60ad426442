# SPDX-License-Identifier: ISC
"""firewall: auto: the daemon measures the path by itself, plans for what it finds, and remembers."""
import json
import re
import subprocess

import pytest

import netlab
from conftest import PORT
from peers import Impatient

FIREWALL_S = 12
CLOSES_S = 9
LOOSE, CLOSING = PORT + 1, PORT + 2
BACKOFF = "backoff: {first: 100ms, max: 1s}"


def config(name, port, rest, defaults=""):
    return (f'defaults: {{{BACKOFF}, keepalive: {{detect_within: 40s, outage: 2s}}{defaults}}}\n'
            f'peers: [{{name: {name}, address: "{netlab.SERVER4}:{port}", {rest}}}]')


@pytest.fixture
def guard(tmp_path, monkeypatch):
    """Starts daemons with a state directory each: guard(bench, "hq", config)."""
    def start(bench, name, text):
        directory = tmp_path / name
        directory.mkdir(exist_ok=True)
        monkeypatch.setenv("STATE_DIRECTORY", str(directory))
        return bench.guard(text)
    return start


def shown(daemon, directory, *options):
    return subprocess.run([daemon.program, "--plan", *options, "-c", str(daemon.file)],
                          check=True, capture_output=True, text=True,
                          env={"STATE_DIRECTORY": str(directory)}).stdout


def plan(daemon, directory):
    return json.loads(shown(daemon, directory, "--json"))["peers"][0]


def idle_s(daemon, port):
    """TCP_KEEPIDLE of its session, which is not one of those that measure."""
    return [h.idle_s for h in daemon.held(port) if h.idle_s != 32767]


def asked(capture, port):
    return len(capture.syns(port))


def test_measures_adopts_and_remembers(bench_of, guard, tmp_path):
    bench = bench_of(timeout_s=FIREWALL_S)
    peer, loose = bench.peer(PORT), bench.peer(LOOSE)
    bench.peer(CLOSING, Impatient, after_s=CLOSES_S)
    capture = bench.capture()
    # Too loose a plan at first, too tight a one, and one that is of no use.
    tight = guard(bench, "tight", config("tight", PORT, "firewall: auto"))
    wide = guard(bench, "wide", config("wide", LOOSE, "firewall: auto", ", firewall: 8s"))
    vain = guard(bench, "vain", config("vain", CLOSING, "firewall: auto"))
    wide.await_up(1)
    kept = wide.ports(LOOSE)
    assert idle_s(wide, LOOSE) == [plan(wide, tmp_path / "wide")["idle_s"]]
    assert "auto, 8s until measured" in shown(wide, tmp_path / "wide")
    assert "auto, 240s until measured" in shown(tight, tmp_path / "tight")
    for daemon, safe in ((tight, "240s"), (wide, "8s"), (vain, "240s")):
        begun = daemon.await_said("measuring after how long the path", 20)
        assert re.search(f"with at most 8 connections at a time; until that is known {safe} is "
                         "planned for", begun["MESSAGE"])
        assert re.fullmatch(r"10\.77\.1\.1 at [0-9a-f:]{17}", begun["KAGUARD_NETWORK"])

    for daemon, safe in ((tight, "240s"), (wide, "8s")):
        found = daemon.await_said("measured in .* with .* connections: the path forgets sessions that are idle for ", 90)
        assert found["KAGUARD_VERDICT"] == "drops_silently"
        lives, dead = int(found["KAGUARD_LIVES_MS"]), int(found["KAGUARD_DEAD_MS"])
        assert 0.9 * FIREWALL_S * 1000 <= lives <= FIREWALL_S * 1000 + 50 <= dead + 100
        measured_ms = int(found["KAGUARD_MEASURED_MS"])
        assert lives - 1000 < measured_ms <= lives, "the lower edge"
        assert f"from now on {measured_ms // 1000}s is planned for instead of {safe}" in \
            found["MESSAGE"]
        assert 'put "firewall: ' in found["MESSAGE"]
        print(f'\n{found["MESSAGE"]}', end="")
    # It was found dead, or dies of what it had already been idle for; from then on it is held.
    tight.await_up(1, 30)
    living = peer.await_sessions(1, 10)
    told = vain.await_said(r"closes clients that are idle for between 8\.\d s and 9\.\d s: keepalive "
                           "cannot prevent that, a heartbeat every 6s may; 240s stays planned for", 90)
    assert (told["PRIORITY"], told["KAGUARD_VERDICT"]) == ("4", "peer_closes")
    print(f'\n{told["MESSAGE"]}', end="")
    assert peer.stays(living, 2 * FIREWALL_S)
    # This one had never been in danger, and now takes fewer probes.
    assert wide.ports(LOOSE) == kept and not wide.said(reason="expired")
    now = plan(wide, tmp_path / "wide")
    assert now["auto"] and now["measured"] == "firewall" and not now["contradicted"]
    assert now["idle_s"] > 2 and idle_s(wide, LOOSE) == [now["idle_s"]]
    assert asked(capture, PORT) <= 32 + 2 + len(tight.said("session-up"))
    assert re.search(r"auto, 11s measured \d+s ago", shown(wide, tmp_path / "wide"))

    # Another declaration is believed; and what was measured is remembered.
    text = wide.file.read_text()
    wide.reload(text.replace("auto", "9s"))
    assert [s for s in idle_s(wide, LOOSE) if s < now["idle_s"]]
    start = wide.reload(text)
    assert idle_s(wide, LOOSE) == [now["idle_s"]]
    wide.await_said("where it was measured .* ago: 11s is planned for", start=start)
    assert loose.stays(loose.open_sessions(), 1) and wide.ports(LOOSE) == kept

    # So it is by the next daemon.
    tight.stop()
    again = guard(bench, "tight", tight.file.read_text())
    again.await_said("its path begins at 10.77.1.1 at .*, where it was measured .* ago: 11s is "
                     "planned for")
    again.await_up(1)
    assert idle_s(again, PORT) == [now["idle_s"]]
    living = peer.await_sessions(1, 10)
    assert peer.stays(living, FIREWALL_S)
    for daemon in (again, wide):
        assert len(daemon.said("measuring after how long")) == (daemon is wide)


def test_another_network_is_another_path(bench_of, guard, tmp_path):
    """The same addresses, another router: what was measured is not true of it, until it is back."""
    bench = bench_of(timeout_s=FIREWALL_S)
    peer = bench.peer()
    text = config("hq", PORT, "firewall: auto").replace("40s", "12s")
    daemon = guard(bench, "hq", text)
    found = daemon.await_said("measured in", 60)
    measured = idle_s(daemon, PORT)

    def carry_to(address):
        start = len(daemon.records)
        bench.lab.router.run("ip", "link", "set", "client", "address", address)
        bench.lab.client.run("ip", "neigh", "flush", "all")
        peer.hang_up()
        return start

    start = carry_to("02:00:00:00:00:02")
    daemon.await_said("its path now begins at 10.77.1.1 at 02:00:00:00:00:02, where it was never "
                      "measured: 240s is planned for until it is", 20, start)
    daemon.await_said("measuring", 20, start)
    assert idle_s(daemon, PORT) != measured or found["KAGUARD_VERDICT"] == "no_expiry"
    start = carry_to(found["KAGUARD_NETWORK"].split()[-1])
    daemon.await_said("its path now begins at .*, where it was measured .* ago", 20, start)
    assert idle_s(daemon, PORT) == measured


def test_killed_in_the_middle_begins_anew(bench_of, guard, tmp_path):
    """Nothing half known is kept, and no connection of the measurement stays; that two peers have one
    address makes two measurements, one after the other."""
    bench = bench_of(timeout_s=FIREWALL_S)
    peer = bench.peer()
    text = config("hq", PORT, "firewall: auto").replace("40s", "12s")
    daemon = guard(bench, "hq", text)
    daemon.await_said("measuring after how long", 30)
    peer.await_sessions(4, 20)
    daemon.process.kill()
    daemon.process.wait()
    peer.await_that(lambda: not peer.open_sessions(), 20, "end of all sessions")

    again = text.replace("peers: [", f'peers: [{{name: twin, address: "{netlab.SERVER4}:{PORT}", '
                                     'firewall: auto}, ')
    daemon = guard(bench, "hq", again)
    first = daemon.await_said("measuring after how long", 30)["KAGUARD_PEER"]
    other = {"hq": "twin", "twin": "hq"}[first]
    assert "until measured" in shown(daemon, tmp_path / "hq")
    daemon.await_said("measured in", 90, peer=first)
    assert not daemon.said("measuring after how long", peer=other), "both at once"
    # One that is removed meanwhile is measured no more, and the others are none the worse.
    daemon.await_said("measuring after how long", 60, peer=other)
    daemon.reload(config(first, PORT, "firewall: auto").replace("40s", "12s"))
    peer.await_that(lambda: len(peer.open_sessions()) == 1, 20, "end of the measurement")
    assert not daemon.said("measured in", peer=other)
