# SPDX-License-Identifier: ISC
"""A server with very many sessions restarts, and nobody else notices."""
import time

import netlab
from conftest import PORT, QUICK

SESSIONS = 1000
QUEUE = 128  # a listen queue of old, and how long its server may look elsewhere
ELSEWHERE_S = 0.05
OTHER = 7002
FIRST_S = 1
CONFIG = f"""
defaults: {{firewall: 60s, backoff: {{first: {FIRST_S}s, max: 5s, stable_after: 1s}}, {QUICK}}}
peers:
  - {{name: crowd, address: "{netlab.SERVER4}:{PORT}", sessions: {SESSIONS}}}
  - {{name: other, address: "{netlab.SERVER4}:{OTHER}", sessions: 10}}
"""


def overflows(bench):
    return bench.lab.server.counter("TcpExtListenOverflows")


def most_within(times, seconds):
    """How many of these moments fall into one time so long, at most."""
    return max(sum(start <= at < start + seconds for at in times) for start in times)


def test_all_are_back_and_no_syn_was_lost(bench_of):
    bench = bench_of(timeout_s=60)
    crowd, other = bench.peer(), bench.peer(OTHER)
    daemon = bench.guard(CONFIG)
    daemon.await_up(SESSIONS + 10, 30)
    assert overflows(bench) == 0
    ports = daemon.ports(OTHER)
    sessions = other.await_sessions(10, 5)
    assert crowd.stays(crowd.open_sessions(), 1.5), "all have lasted longer than stable_after"
    records, notes = len(daemon.records), len(daemon.notes)

    capture = bench.capture()
    crowd.refuse()
    crowd.abort()
    crowd.listen()
    crowd.await_sessions(SESSIONS // 4, 30)
    lost = time.monotonic()
    other.hang_up_one(sessions[0])
    other.await_that(lambda: len(other.sessions) == 11, 30, "an eleventh session")
    assert time.monotonic() - lost < FIRST_S + 0.5, "its own delay, and no more"
    crowd.await_sessions(SESSIONS, 30)
    daemon.await_up(SESSIONS + 10, 30, start=notes)

    assert overflows(bench) == 0
    assert most_within([syn.at for syn in capture.syns(PORT)], ELSEWHERE_S) <= QUEUE
    assert len(crowd.sessions) == 2 * SESSIONS, "each is back at once, or none is tried in vain"
    assert len(set(ports) & set(daemon.ports(OTHER))) == 9
    assert other.stays(sessions[1:], 0)
    assert len(daemon.said(start=records)) <= 30, "a handful of lines with counts"
