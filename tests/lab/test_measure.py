# SPDX-License-Identifier: ISC
"""kaguardctl measure: the idle timeout of real firewalls, servers and proxies.

All of them are measured at the same time, each in a lab of its own. KAGUARD_MEASURE_RUNS=10 measures
every combination, each ten times.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

import netlab
import peers
from conftest import PORT, obstacle

RUNS = int(os.environ.get("KAGUARD_MEASURE_RUNS", "0"))
AT_ONCE = 24  # measurements; each is nearly idle
LONGEST_S = 200
SCHEMA = pathlib.Path(__file__).parents[2] / "etc" / "measure.schema.json"

SILENT, RESETS, PEER = "drops_silently", "resets", "peer_closes"
BOTH, BLIND = "resets_both_ends", "ignores_keepalive"
COMMON_S = (60,)  # of those here a preset has


class Closing(peers.Peer):
    """Closes what has sent nothing for so long."""

    def __init__(self, netns, port, idle_s):
        self.idle_s, self._timers = idle_s, []
        super().__init__(netns, port)

    def accepted(self, session):
        super().accepted(session)
        timer = threading.Timer(self.idle_s, self.hang_up_one, [session])
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def stop(self):
        for timer in self._timers:
            timer.cancel()
        super().stop()


class Full(peers.Peer):
    """Resets at once what is one too many."""

    def __init__(self, netns, port, most):
        self.most = most
        super().__init__(netns, port)

    def accepted(self, session):
        super().accepted(session)
        if len(self._live) > self.most:
            self._drop(session, linger=0)


@dataclasses.dataclass(frozen=True)
class Case:
    kind: str
    timeout_s: int
    verdict: str
    loss_permille: int = 0
    server_s: int = 0  # the server closes idle sessions
    proxy_s: int = 0  # a proxy before it does
    most: int = 0  # sessions that the server takes; 0: any number
    max_s: int = 7200
    connections: int = 40
    run: int = 0

    def __str__(self):
        parts = [self.kind, f"{self.timeout_s}s"]
        parts += [f"{self.loss_permille / 10:g}%-loss"] if self.loss_permille else []
        parts += [f"server-closes-{self.server_s}s"] if self.server_s else []
        parts += [f"proxy-closes-{self.proxy_s}s"] if self.proxy_s else []
        parts += [f"takes-{self.most}"] if self.most else []
        parts += [f"{self.connections}-connections"] if self.connections != 40 else []
        return "-".join(parts) + (f"#{self.run}" if self.run else "")

    @property
    def truth_s(self):
        return self.server_s or self.proxy_s or self.timeout_s

    @property
    def quick(self):
        """What many firewalls have is tried first."""
        return self.verdict != BLIND and (self.truth_s in COMMON_S or self.connections >= 120)

    @property
    def allowed_s(self):
        if self.verdict == "no_expiry":
            return self.max_s * 1.1 + 15
        # Where a probe was lost, those that die have nobody to confirm it but younger ones.
        if self.verdict == BLIND:
            return 3.4 * self.truth_s + 15
        return (1.1 if self.quick else 2.2) * self.truth_s + 15

    @property
    def error_part(self):
        return 0.03 if self.truth_s in COMMON_S else 0.05


FEW = [
    Case("silent", 10, SILENT), Case("silent", 17, SILENT), Case("silent", 37, SILENT),
    Case("silent", 60, SILENT), Case("silent", 37, SILENT, connections=120),
    Case("reset", 10, RESETS), Case("reset", 37, RESETS), Case("nat", 17, RESETS),
    Case("silent", 17, SILENT, loss_permille=50), Case("nat", 37, RESETS, loss_permille=50),
    Case("both", 10, BOTH), Case("both", 37, BOTH, loss_permille=50),
    Case("blind", 10, BLIND), Case("blind", 37, BLIND, loss_permille=50),
    Case("loose", 10, "no_expiry", max_s=30),
    Case("silent", 40, PEER, server_s=20), Case("silent", 40, PEER, proxy_s=12),
    Case("silent", 432000, "no_expiry", max_s=25),
    Case("silent", 17, SILENT, most=12),
]
ALL = [Case(kind, timeout_s, verdict, loss_permille=loss)
       for kind, verdict in (("silent", SILENT), ("reset", RESETS), ("nat", RESETS), ("both", BOTH),
                             ("blind", BLIND))
       for timeout_s in (10, 17, 37, 60) for loss in (0, 50)]
ALL += [Case("loose", timeout_s, "no_expiry", loss_permille=loss, max_s=2 * timeout_s)
        for timeout_s in (10, 17, 37, 60) for loss in (0, 50)]
ALL += [case for case in FEW if case not in ALL]
CASES = FEW if RUNS == 0 else [dataclasses.replace(case, run=run)
                               for case in ALL for run in range(1, RUNS + 1)]


def command(port, *options):
    program = pathlib.Path(os.environ["KAGUARD"]).with_name("kaguardctl")
    return [program, "measure", f"{netlab.SERVER4}:{port}", *options]


@contextlib.contextmanager
def measuring(case, *options, **kwargs):
    """The lab of a case, and the program that measures it, under way."""
    with contextlib.ExitStack() as stack:
        lab = stack.enter_context(netlab.Lab(case.timeout_s, case.kind))
        if case.most:
            peer = Full(lab.server, PORT, case.most)
        elif case.server_s:
            peer = Closing(lab.server, PORT, case.server_s)
        else:
            peer = peers.Peer(lab.server, PORT)
        stack.callback(peer.stop)
        port = PORT
        if case.proxy_s:
            port = PORT + 1
            proxy = lab.server.popen(
                ["socat", "-T", str(case.proxy_s), f"TCP-LISTEN:{port},fork,reuseaddr",
                 f"TCP:127.0.0.1:{PORT}"], stderr=subprocess.DEVNULL, start_new_session=True)
            stack.callback(lambda: (os.killpg(proxy.pid, signal.SIGKILL), proxy.wait()))
            await_listener(lab.server, port)
        if case.loss_permille:
            lab.firewall.fault(f"meta l4proto tcp numgen random mod 1000 < {case.loss_permille}")
        process = lab.client.popen(
            command(port, "--json", f"--max={case.max_s}s", f"--connections={case.connections}",
                    *options),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield process, peer


def await_listener(netns, port):
    deadline = time.monotonic() + 10
    while f":{port:04X} " not in netns.run("cat", "/proc/net/tcp"):
        assert time.monotonic() < deadline, "socat does not listen"


@dataclasses.dataclass
class Outcome:
    code: int
    found: dict
    remarks: str
    took_s: float


def measure(case):
    begun = time.monotonic()
    with measuring(case) as (process, _):
        out, remarks = process.communicate(timeout=LONGEST_S)
    return Outcome(process.returncode, json.loads(out), remarks, time.monotonic() - begun)


class Round(threading.Thread):
    """A measurement in the background; its outcome, or its exception, in the foreground."""

    def __init__(self, case, slots):
        super().__init__(daemon=True)
        self.case, self.slots, self.outcome, self.failure = case, slots, None, None
        self.start()

    def run(self):
        with self.slots:
            try:
                self.outcome = measure(self.case)
            except BaseException as failure:
                self.failure = failure

    def result(self):
        self.join()
        if self.failure:
            raise self.failure
        return self.outcome


@pytest.fixture(scope="module")
def rounds():
    if obstacle():
        pytest.skip(obstacle())
    slots = threading.Semaphore(AT_ONCE)
    return {case: Round(case, slots) for case in CASES}


@pytest.fixture(scope="module")
def schema():
    jsonschema = pytest.importorskip("jsonschema")
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


def test_interrupted_tells_what_is_known(rounds, schema):
    with measuring(Case("silent", 40, SILENT)) as (process, peer):
        peer.await_sessions(26, 30)  # so many are there after some 10 s
        process.send_signal(signal.SIGINT)
        out, remarks = process.communicate(timeout=5)
        found = json.loads(out)
        schema.validate(found)
        assert process.returncode == 2
        assert not found["complete"] and found["verdict"] == "unknown"
        assert 0 < found["lives_ms"] < 40000 and found["dead_ms"] is None
        assert "interrupted" in remarks


def test_goes_on_with_the_descriptors_that_it_has(rounds, schema):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
    with measuring(Case("reset", 10, RESETS), preexec_fn=few) as (process, _):
        out, remarks = process.communicate(timeout=60)
    found = json.loads(out)
    schema.validate(found)
    assert process.returncode == 0 and found["verdict"] == RESETS
    assert found["sessions"]["refused"] > 0
    assert "Too many open files" in remarks


class Probing(peers.Peer):
    """Sends keepalive probes of its own."""

    def accepted(self, session):
        for option, seconds in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 2)):
            session.sock.setsockopt(socket.IPPROTO_TCP, option, seconds)
        session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        super().accepted(session)


def test_notices_that_the_peer_keeps_its_sessions_fresh(rounds, schema):
    """No session grows as old as it was left alone: nothing is known, rather than something wrong."""
    with netlab.Lab(10, "silent") as lab:
        peer = Probing(lab.server, PORT)
        process = lab.client.popen(command(PORT, "--json", "--connections=6", "--max=20s"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, remarks = process.communicate(timeout=100)
        peer.stop()
    found = json.loads(out)
    schema.validate(found)
    assert process.returncode == 2 and found["verdict"] == "unknown" and found["lives_ms"] is None
    assert found["sessions"]["stirred"] > 6
    assert "the peer itself sends packets" in remarks


def test_tells_a_restart_from_an_idle_timeout(rounds, schema):
    """Those that are idle for long and those that are not are forgotten at once: no age is to blame,
    and it is not taken for a firewall that ignores keepalive."""
    with netlab.Lab(300, "silent") as lab:
        peer = peers.Peer(lab.server, PORT)
        process = lab.client.popen(command(PORT, "--json"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        peer.await_that(lambda: peer.sessions and time.monotonic() > peer.sessions[0].since + 40
                        and len(peer.sessions) > 27, 60, "28 sessions")
        lab.firewall.flush()
        out, remarks = process.communicate(timeout=60)
        peer.stop()
    found = json.loads(out)
    schema.validate(found)
    assert process.returncode == 2 and found["verdict"] == "upset" and not found["complete"]
    assert found["keepalive_counts"] is None and found["confidence"] == "low"
    assert "a firewall or the server was restarted" in remarks


@pytest.mark.parametrize("case", CASES, ids=str)
def test_finds(case, rounds, schema):
    outcome = rounds[case].result()
    found, truth_ms = outcome.found, case.truth_s * 1000
    print(f"\n{case}: {found['verdict']}, {found['lives_ms']}..{found['dead_ms']} ms, "
          f"{found['confidence']}, {outcome.took_s:.1f} s = {outcome.took_s / case.truth_s:.2f} T, "
          f"{found['sessions']['opened']} connections", end="")
    schema.validate(found)
    assert found["verdict"] == case.verdict, outcome
    assert outcome.code == 0 and found["complete"], outcome
    assert found["sessions"]["opened"] <= case.connections
    assert found["took_ms"] <= case.allowed_s * 1000, outcome
    if case.verdict == "no_expiry":
        assert found["dead_ms"] is None and found["lives_ms"] >= case.max_s * 1000
        return
    # Half a tick of the firewall's clock, and the way to it; that of `both` is a process in user
    # space, and the bracket of what ends by itself is narrow. For `blind` nothing but the handshake
    # counts, of which the second copy of a lost packet may be the last (RFC 6298, section 2.1).
    late_ms = 600 if case.kind == "both" else 50
    if case.kind == "blind" and case.loss_permille:
        late_ms += 1000
    assert found["lives_ms"] <= truth_ms + late_ms, outcome
    assert truth_ms <= found["dead_ms"] + late_ms, outcome
    if case.verdict in (PEER, BLIND):
        assert found["firewall_ms"] is None and found["keepalive_counts"] is False
    else:
        assert abs(found["firewall_ms"] - truth_ms) <= case.error_part * truth_ms, outcome
        assert found["keepalive_counts"] is True
    if case.most:
        assert found["sessions"]["refused"] > 0, outcome
