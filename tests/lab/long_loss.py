# SPDX-License-Identifier: ISC
"""Idle sessions over paths that lose packets, for $MINUTES: make soak-loss.

5 % of all packets are lost, in each direction. A session that is given up while its firewall still
knows it is a false alarm. One whose entry has run out, since more probes in a row were lost than
its plan survives, is lost in earnest, and told apart by the firewall's own clocks.
"""
import dataclasses
import os
import threading
import time

import guard
import netlab
import peers
import witness
from conftest import PORT

MINUTES = float(os.environ.get("MINUTES", "30"))
LOSS = 5  # per cent, each way
SESSIONS = 20
TIMEOUTS_S = [20, 60, 240]  # a firewall of its own for each: it has but one clock
LOOK_EVERY_S = 2


@dataclasses.dataclass
class Run:
    """The sessions of one plan, through their firewall."""
    daemon: guard.Daemon
    peer: peers.Peer
    capture: witness.Capture
    clocks: witness.Clocks
    plan: dict
    ports: list

    @classmethod
    def begin(cls, bench, timeout_s):
        peer, capture = bench.peer(), bench.capture()
        daemon = bench.guard(f"""
log: {{level: debug}}
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", firewall: {timeout_s}s, sessions: {SESSIONS}}}
""")
        daemon.await_up(SESSIONS)
        for end in ("dport", "sport"):
            bench.firewall.fault(f"tcp {end} {PORT} numgen random mod 100 < {LOSS}")
        return cls(daemon, peer, capture, bench.clocks(LOOK_EVERY_S), daemon.plan("hq"),
                   daemon.ports(PORT))

    def lost(self):
        """Those of the first sessions that were given up: how many, and how many in error."""
        behind = time.time() - time.monotonic()
        given_up = [r for r in self.daemon.said(r"\blost after\b", loud=False)
                    if int(r["KAGUARD_LOCAL"].rpartition(":")[2]) in self.ports]
        false = 0
        for record in given_up:
            port = int(record["KAGUARD_LOCAL"].rpartition(":")[2])
            known_at = self.clocks.seen[port][-1][0] + behind
            false += record["RECEIVED"] - known_at < 2 * LOOK_EVERY_S
        return len(given_up), false

    def probes(self):
        """How many were sent, and how many were followed by the next at once: not answered."""
        sent = unanswered = 0
        for port in self.ports:
            times = [probe.at for probe in self.capture.probes(port)]
            sent += len(times)
            unanswered += sum(later - earlier < 2 * self.plan["interval_s"]
                              for earlier, later in zip(times, times[1:]))
        return sent, unanswered


def test_no_false_alarm(bench_of):
    runs = [Run.begin(bench_of(timeout_s=timeout_s), timeout_s) for timeout_s in TIMEOUTS_S]
    threading.Event().wait(60 * MINUTES)
    print(f"\n{MINUTES:g} minutes, {LOSS} % of the packets lost each way\n"
          f"firewall sessions   probes  unanswered  lost in earnest  false alarms")
    alarms = unanswered_in_all = 0
    for run in runs:
        (sent, unanswered), (lost, false) = run.probes(), run.lost()
        print(f"{run.plan['firewall']:>8} {SESSIONS:8} {sent:8} {unanswered:11} "
              f"{lost - false:16} {false:13}", flush=True)
        alarms += false
        unanswered_in_all += unanswered
    assert unanswered_in_all > 0, "the paths lost nothing"
    assert alarms == 0
