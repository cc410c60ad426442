# SPDX-License-Identifier: ISC
"""Killed whatever the daemon is doing, and with as many sessions as one process may have here."""
import os
import random
import time

from conftest import PORT
from outlive import UP, await_taken, config, kill, lives_on, peer_of, restart, start, stored

KILLS = int(os.environ.get("KAGUARD_KILLS", "200"))
MANY = int(os.environ.get("KAGUARD_MANY", "15000"))


def chance():
    seed = int(os.environ.get("KAGUARD_SEED", time.time()))
    print(f"KAGUARD_SEED={seed}")
    return random.Random(seed)


def churn(peer, chance, seconds):
    """Reset a few of a peer's sessions, again and again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        there = peer.open_sessions()
        for session in chance.sample(there, min(3, len(there))):
            peer.abort_one(session)
        time.sleep(0.005)


def test_at_random_moments(kaguard, site):
    """While sessions come and go at one peer, those of the other stay."""
    dice = chance()
    quiet, busy = site.peer(PORT), site.peer(PORT + 1)
    kaguard.override("RestartSec=1ms\nRestartSteps=0")
    kaguard.start(config(peer_of("quiet", 300, PORT), peer_of("busy", 40, PORT + 1)))
    sessions = quiet.await_sessions(300, 20)
    for _ in range(KILLS):
        churn(busy, dice, dice.uniform(0, 0.2))
        mark = kaguard.journal.mark()
        kill(kaguard)
        kaguard.journal.await_said(r"^took over", start=mark)
        assert quiet.open_sessions() == sessions
    lives_on(quiet, sessions)
    kaguard.await_status(UP.format(340))
    assert not kaguard.journal.said("is damaged|not what|does not keep")
    # The table, two shelves, and one that is ready: they do not become more with every start.
    assert stored(kaguard) <= 4


def test_many(kaguard, peer):
    kaguard.override("RestartSec=100ms\nLimitNOFILE=20000")
    sessions = start(kaguard, peer, MANY)
    for end in (kill, restart, kill):
        mark = kaguard.journal.mark()
        end(kaguard)
        await_taken(kaguard, mark, MANY)
        lives_on(peer, sessions)
    assert not kaguard.journal.said("kept|damaged|not what")
