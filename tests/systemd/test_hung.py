# SPDX-License-Identifier: ISC
"""A journal or a service manager that does not answer: kaguard goes on."""
import contextlib
import socket
import time

import pytest

from conftest import PORT, QUICK

SESSIONS = 1500
MANY = QUICK + f"peers: [{{name: hq, address: \"127.0.0.1:{PORT}\", sessions: {SESSIONS}}}]\n"


def start(kaguard, config):
    kaguard.start(config)
    kaguard.await_status(rf"^{SESSIONS}/{SESSIONS} sessions", timeout=60)
    return kaguard


@pytest.fixture
def running(kaguard, peer):
    return start(kaguard, MANY)


@pytest.fixture
def talkative(kaguard, peer):
    """With thousands of records whenever something happens: more than a queue takes."""
    return start(kaguard, MANY + "log: {level: debug}\n")


def come_back(peer, timeout=60):
    """Reset all sessions; returns how long it took until as many were there again."""
    before = set(peer.open_sessions())
    started = time.monotonic()
    peer.abort()
    peer.await_that(lambda: len(peer.open_sessions()) >= len(before) and
                    before.isdisjoint(peer.open_sessions()), timeout, "new sessions")
    return time.monotonic() - started


def test_journal(talkative, peer):
    """Sessions are kept and come back as fast as ever; what was lost of the words is counted."""
    usual = come_back(peer)
    talkative.await_status(rf"^{SESSIONS}/{SESSIONS} sessions", timeout=20)
    start = talkative.journal.mark()
    journald = talkative.host.main_pid("systemd-journald.service")
    with talkative.stopped(journald):
        took = [come_back(peer) for _ in range(3)]
        # The service manager is told the truth all the while.
        talkative.await_status(rf"^{SESSIONS}/{SESSIONS} sessions", timeout=20)
        assert peer.stays(peer.open_sessions(), 2)
    assert max(took) < 2 * usual + 1
    dropped = talkative.journal.await_said(r"\d+ records dropped", start=start, timeout=30)
    assert int(dropped["KAGUARD_DROPPED"]) > 0 and dropped["PRIORITY"] == "4"
    assert talkative.watch.get("NRestarts") == 0


def test_ends_all_the_same(kaguard):
    """It waits for its last words to be read, but not for ever: after a bad start, at a stop."""
    journald = kaguard.host.main_pid("systemd-journald.service")
    with kaguard.stopped(journald):
        kaguard.configure("peers: nobody\n")
        started = time.monotonic()
        assert kaguard.try_systemctl("start").returncode != 0
        assert time.monotonic() - started < 5
        kaguard.start("peers: []\n")
        started = time.monotonic()
        kaguard.systemctl("stop")
        assert time.monotonic() - started < 5
    kaguard.watch.await_that(ActiveState="^inactive$", Result="^success$")


def test_service_manager(running, peer):
    """The same while nobody reads the notifications: the socket is full before the first."""
    usual = come_back(peer)
    running.await_status(rf"^{SESSIONS}/{SESSIONS} sessions", timeout=20)
    pid = running.pid()
    with running.stopped(running.host.leader):
        fill(running.host.root / "run/systemd/notify")
        took = [come_back(peer) for _ in range(3)]
        peer.refuse()
        peer.hang_up()
        running.journal.await_said(r"cannot connect to 127.0.0.1", reason="refused", timeout=30)
    assert max(took) < 2 * usual + 1
    running.await_status(rf"^0/{SESSIONS} sessions to 1 peer up; hq: refused", timeout=30)
    assert running.pid() == pid and running.watch.get("NRestarts") == 0


def fill(path):
    """Put datagrams into a socket until it takes no more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.sendto(b"STATUS=", str(path))
