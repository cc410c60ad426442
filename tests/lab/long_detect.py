# SPDX-License-Identifier: ISC
"""Silent deaths at random moments, each noticed within what its plan promises: make detect.

$RUNS sessions under plans of all sizes. One after the other the path of each goes dark, at a moment
that is random within its idle time. What counts is the time from the last packet that reached us on
the wire to the record in the journal.
"""
import dataclasses
import os
import random
import statistics
import threading
import time

import netlab
from conftest import PORT

RUNS = int(os.environ.get("RUNS", "100"))
SEED = int(os.environ.get("KAGUARD_SEED", time.time_ns() % 2**32))
TIMEOUTS_S = [12, 20, 60, 120, 240]  # as declared; probes after 5 s to 205 s


@dataclasses.dataclass
class Victim:
    """A session, and when its path goes dark."""
    peer: str
    remote_port: int
    port: int
    at: float


def config():
    lines = [f'  - {{name: t{t}, address: "{netlab.SERVER4}:{PORT + i}", firewall: {t}s, '
             f"sessions: {len(range(i, RUNS, len(TIMEOUTS_S)))}}}"
             for i, t in enumerate(TIMEOUTS_S)]
    return "\n".join(["log: {level: debug}", "peers:", *lines])


def go_dark(firewall, victims):
    """Cut the path of each at its time, both ways and without a word."""
    clock = threading.Event()
    for victim in sorted(victims, key=lambda v: v.at):
        clock.wait(max(0, victim.at - time.time()))
        firewall.fault(f"tcp sport {victim.port} tcp dport {victim.remote_port}")
        firewall.fault(f"tcp dport {victim.port} tcp sport {victim.remote_port}")


def last_heard(capture, victim):
    return max(s.at for s in list(capture.segments)
               if s.remote_port == victim.port and s.source_port == victim.remote_port)


def show(plan, took):
    bound = plan["detect_within_worst_ms"] / 1000
    late = sum(seconds > bound for seconds in took)
    print(f"{plan['firewall']:>8} {len(took):5} {min(took):8.1f} {statistics.median(took):8.1f} "
          f"{max(took):8.1f} {bound:8.1f} {late:5}", flush=True)
    return late


def test_every_silent_death_is_noticed_in_time(bench_of):
    dice = random.Random(SEED)
    bench = bench_of(timeout_s=max(TIMEOUTS_S) * 2)  # the path forgets nobody but whom we choose
    for i in range(len(TIMEOUTS_S)):
        bench.peer(PORT + i)
    capture = bench.capture()
    daemon = bench.guard(config())
    daemon.await_up(RUNS, 30)
    plans = {f"t{t}": daemon.plan(f"t{t}") for t in TIMEOUTS_S}
    victims = [Victim(f"t{t}", PORT + i, port, time.time() + dice.uniform(0, 1.1 * idle_s))
               for i, t in enumerate(TIMEOUTS_S) for idle_s in [plans[f"t{t}"]["idle_s"]]
               for port in daemon.ports(PORT + i)]
    assert len(victims) == RUNS
    go_dark(bench.firewall, victims)

    took = {peer: [] for peer in plans}
    for victim in victims:
        record = daemon.await_said(
            r"\blost after\b", plans[victim.peer]["detect_within_worst_ms"] / 1000 + 30,
            loud=False, peer=victim.peer, local=f"{netlab.CLIENT4}:{victim.port}")
        assert record["RECEIVED"] > victim.at, f"{victim} was given up before its path went dark"
        took[victim.peer].append(record["RECEIVED"] - last_heard(capture, victim))
    print(f"\nKAGUARD_SEED={SEED}\nseconds from the last sign of life to the journal's line\n"
          f"{'firewall':>8} {'runs':>5} {'least':>8} {'median':>8} {'most':>8} {'promised':>8} "
          f"{'late':>5}")
    late = sum([show(plans[peer], seconds) for peer, seconds in took.items() if seconds])
    print(f"{RUNS - late} of {RUNS} within the promised bound")
    assert late == 0
    assert len(daemon.said(r"\blost after\b", loud=False)) == RUNS, "somebody else was given up"
