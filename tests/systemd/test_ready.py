# SPDX-License-Identifier: ISC
"""When the service counts as started, and what STATUS= says."""
import pytest

from conftest import PORT, QUICK

PEERS = (f"peers:\n  - {{name: hq, address: \"127.0.0.1:{PORT}\"}}\n"
         f"  - {{name: depot, address: \"127.0.0.1:7002\"}}\n")


def start(kaguard, ready_when):
    """In the background: systemctl start returns when the service is ready."""
    kaguard.configure(f"ready_when: {ready_when}\n{QUICK}{PEERS}")
    kaguard.systemctl("start", "--no-block")


def test_started(kaguard):
    """Needs no peer."""
    start(kaguard, "started")
    kaguard.await_state("active")
    kaguard.await_status(r"^0/2 sessions to 2 peers up; .*refused, retry at \d\d:\d\d:\d\d")


def test_any_up(site, kaguard):
    """Longer than TimeoutStartSec= would allow, and then as soon as one is up."""
    kaguard.override("TimeoutStartSec=1s")
    start(kaguard, "any-up")
    kaguard.await_state("activating", "start")
    assert not kaguard.watch.becomes(3, ActiveState="^(active|failed|deactivating)$")
    site.peer(7002)
    kaguard.await_state("active")
    kaguard.await_status(r"^1/2 sessions to 2 peers up; hq: refused")


def test_all_up(site, kaguard, peer):
    kaguard.override("TimeoutStartSec=1s")
    start(kaguard, "all-up")
    kaguard.await_status(r"^1/2 sessions to 2 peers up; depot: refused")
    assert not kaguard.watch.becomes(2, ActiveState="^(active|failed|deactivating)$")
    site.peer(7002)
    kaguard.await_state("active")
    kaguard.await_status(r"^2/2 sessions to 2 peers up$")


def test_waits_on(kaguard):
    """The time for the start is extended again before the extension runs out."""
    kaguard.host.run("systemctl", "log-level", "debug")
    start(kaguard, "any-up")
    extend = r"EXTEND_TIMEOUT_USEC=(\d+)"
    first = kaguard.journal.await_said(extend, loud=False)
    then = int(first["__MONOTONIC_TIMESTAMP"])
    second = kaguard.journal.await_said(extend, loud=False, start=then + 1, timeout=20)
    assert int(second["__MONOTONIC_TIMESTAMP"]) - then < 15_000_000
    assert "EXTEND_TIMEOUT_USEC=30000000" in first["MESSAGE"]


def test_stops_while_it_waits(kaguard):
    start(kaguard, "all-up")
    kaguard.await_status(r"^0/2 sessions")
    assert kaguard.watch.get("ActiveState") == "activating"
    kaguard.systemctl("stop")
    kaguard.watch.await_that(ActiveState="^inactive$", Result="^success$", ExecMainStatus="^0$")


@pytest.mark.parametrize("ready_when", ["any-up", "all-up"])
def test_without_peers(kaguard, ready_when):
    """Nothing to wait for."""
    kaguard.start(f"ready_when: {ready_when}\npeers: []\n")
    kaguard.await_status(r"^no peers configured$")


def test_status_follows(site, kaguard, peer):
    """What it says is so, at most once a second, and the last word is the truth."""
    depot = site.peer(7002)
    kaguard.host.run("systemctl", "log-level", "debug")
    kaguard.start(QUICK + PEERS)
    kaguard.await_status(r"^2/2 sessions to 2 peers up$")
    start = kaguard.journal.mark()
    for _ in range(15):
        lost = depot.await_sessions(1, 5)
        depot.abort()
        depot.await_that(lambda: depot.open_sessions() not in ([], lost), 5, "new session")
    kaguard.await_status(r"^2/2 sessions to 2 peers up$")
    depot.refuse()
    depot.hang_up()
    kaguard.await_status(r"^1/2 sessions to 2 peers up; depot: (closed|refused), retry at ")
    sent = [int(record["__MONOTONIC_TIMESTAMP"]) for record in
            kaguard.journal.said(r"Got notification message from PID \d+[: (]+STATUS=", loud=False, start=start)]
    gaps = [(b - a) / 1e6 for a, b in zip(sent, sent[1:])]
    assert gaps and min(gaps) > 0.9


def test_status_of_ten_thousand(kaguard):
    """However many peers and however long their names: one datagram that the service manager takes."""
    names = [f"{'p' * 59}{n:05}" for n in range(10000)]
    kaguard.host.run("systemctl", "log-level", "debug")
    kaguard.start(QUICK + "peers:\n" + "".join(
        f"  - {{name: {name}, address: \"127.0.0.1:7002\"}}\n" for name in names))
    kaguard.await_status(r"^0/10000 sessions to 10000 peers up; p+\d{5}: refused, retry at ", 30)
    assert len(kaguard.status()) < 2048
    kaguard.systemctl("stop")
    manager = [str(record.get("MESSAGE")) for record in kaguard.journal.seen]
    assert any("STATUS=0/10000" in message for message in manager)
    assert not [message for message in manager if "exceeded maximum size" in message]
