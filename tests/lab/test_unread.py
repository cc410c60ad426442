# SPDX-License-Identifier: ISC
"""Lines on stderr that nobody reads: kaguard goes on."""
import re
import time

import netlab
from conftest import PORT, QUICK

SESSIONS = 1500
CONFIG = f"""
log: {{level: debug}}
defaults: {{firewall: 12s, backoff: {{first: 100ms, max: 500ms}}, {QUICK}}}
peers: [{{name: hq, address: "{netlab.SERVER4}:{PORT}", sessions: {SESSIONS}}}]
"""


def come_back(peer):
    """Reset all sessions; returns how long it took until as many were there again."""
    before = set(peer.open_sessions())
    started = time.monotonic()
    peer.abort()
    peer.await_that(lambda: len(peer.open_sessions()) >= len(before) and
                    before.isdisjoint(peer.open_sessions()), 60, "new sessions")
    return time.monotonic() - started


def test_full_pipe(bench):
    """Sessions are kept and come back as fast as ever; what was lost of the words is counted."""
    peer = bench.peer()
    daemon = bench.guard(CONFIG, journal=False)
    daemon.await_up(SESSIONS, 30)
    usual = come_back(peer)
    with daemon.unread():
        took = [come_back(peer) for _ in range(3)]
        # The service manager is told the truth all the while.
        notes = len(daemon.notes)
        peer.refuse()
        peer.abort_one(peer.open_sessions()[0])
        daemon.await_up(SESSIONS - 1, 20, start=notes)
        peer.listen()
        daemon.await_up(SESSIONS, 20, start=notes)
        assert peer.stays(peer.open_sessions(), 2)
    assert max(took) < 2 * usual + 1
    dropped = daemon.await_said(r"\d+ records dropped: the reader of stderr did not keep up")
    assert re.match(r"[\d-]+ [\d:]+ warning: [1-9]", dropped["MESSAGE"])
    assert daemon.stop()[0] == 0


def test_stops_unread(bench):
    """Nor can it be kept from ending in time."""
    peer = bench.peer()
    daemon = bench.guard(CONFIG, journal=False)
    daemon.await_up(SESSIONS, 30)
    with daemon.unread():
        come_back(peer)
        code, took = daemon.stop()
    assert (code, took < 1) == (0, True)
