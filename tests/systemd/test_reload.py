# SPDX-License-Identifier: ISC
"""An edited file and systemctl reload: what changes, what does not, and what the operator is told."""
import re

import pytest

from conftest import PORT, QUICK

PEER = "  - {{name: {0}, address: \"127.0.0.1:{1}\", sessions: 2}}\n"
HQ, DEPOT = PEER.format("hq", PORT), PEER.format("depot", 7002)
BOTH = f"{QUICK}peers:\n{HQ}{DEPOT}"
BAD = f"{QUICK}peers:\n{HQ}  - {{name: lab, address: nowhere}}\n"
ERROR = r"/etc/kaguard\.yaml:4:26: error: "
REJECTED = r"^2/2 sessions to 1 peer up; the configuration was rejected at \d\d:\d\d:\d\d, " \
           r"the one before it is in force$"


@pytest.fixture
def running(kaguard, peer):
    """Both sessions to hq are up."""
    kaguard.start(f"{QUICK}peers:\n{HQ}")
    kaguard.await_status(r"^2/2 sessions to 1 peer up$")
    return kaguard


def test_good(site, running, peer):
    """Peers come and go; a session of one that stays is the same as before."""
    depot = site.peer(7002)
    held = peer.open_sessions()
    running.configure(BOTH)
    running.systemctl("reload")
    assert running.journal.await_said(r"reloaded /etc/kaguard.yaml: 1 peer added")
    running.await_status(r"^4/4 sessions to 2 peers up$")
    assert len(depot.await_sessions(2, 5)) == 2

    running.configure(f"{QUICK}peers:\n{HQ}")
    running.systemctl("reload")
    depot.await_that(lambda: not depot.open_sessions(), 5, "end of all sessions")
    assert {session.end for session in depot.sessions} == {"fin"}
    running.await_status(r"^2/2 sessions to 1 peer up$")
    assert peer.open_sessions() == held == peer.sessions
    assert running.show("NRestarts")["NRestarts"] == "0"


def test_returns_when_it_is_done(running):
    """Each reload's result is there when systemctl returns, however fast they follow each other."""
    for count in range(1, 21):
        more = "".join(PEER.format(f"p{n}", 7100) for n in range(count % 2 * 50))
        running.configure(f"{QUICK}peers:\n{HQ}{more}")
        running.systemctl("reload")
        total = 2 + 2 * (count % 2 * 50)
        assert f"/{total} sessions" in running.show("StatusText")["StatusText"]


def test_bad(running, peer):
    """The reload fails, says where and what, changes nothing, and STATUS says so until a good one
    is there."""
    held = peer.open_sessions()
    running.configure(BAD)
    failed = running.try_systemctl("reload")
    assert failed.returncode != 0
    assert "journalctl" in failed.stderr  # where systemctl sends its user
    assert re.search(ERROR, running.journalctl())
    running.await_status(REJECTED)
    assert running.watch.get("StatusErrno") != 0
    assert re.search(REJECTED[1:-1], running.systemctl("status"))
    assert running.show("ActiveState")["ActiveState"] == "active"
    assert running.try_systemctl("reload").returncode != 0

    running.configure(BOTH)
    running.systemctl("reload")
    running.await_status(r"^2/4 sessions to 2 peers up; depot: refused, retry at ")
    assert running.watch.get("StatusErrno") == 0
    assert peer.open_sessions() == held == peer.sessions


def said_twice(records):
    """Whether two of them lie less than a second apart."""
    times = [int(record["__MONOTONIC_TIMESTAMP"]) for record in records]
    return any(b - a < 1_000_000 for a, b in zip(times, times[1:]))


def test_good_is_said_once(running):
    """systemd 253 to 257 sends a signal of its own beside ExecReload=, so the file is read twice."""
    running.configure(BOTH)
    start = running.journal.mark()
    running.systemctl("reload")
    running.host.run("systemctl", "kill", "--signal=USR1", "kaguard")
    running.journal.await_said(r"^hq/0 ", start=start)
    verdicts = running.journal.said(r"reloaded /etc/kaguard.yaml", start=start)
    assert "1 peer added" in verdicts[0]["MESSAGE"]
    assert not said_twice(verdicts)


def test_bad_is_said_once(running):
    """An error of the file is one record of the daemon, with its id."""
    running.configure(BAD)
    start = running.journal.mark()
    running.try_systemctl("reload")
    running.await_status(REJECTED)
    running.host.run("systemctl", "kill", "--signal=USR1", "kaguard")
    running.journal.await_said(r"^hq/0 ", start=start)
    verdicts = running.journal.said(r"nothing was changed, the old configuration", start=start)
    errors = running.journal.said(ERROR, start=start)
    assert len(errors) == len(verdicts) >= 1
    assert not said_twice(verdicts)
    assert all("MESSAGE_ID" in error for error in errors)


def test_bad_repeatedly(running):
    """A bad file never passes for a good one."""
    running.configure(BAD)
    assert {running.try_systemctl("reload").returncode != 0 for _ in range(20)} == {True}


def test_replaced_by_one_that_is_unreadable(running, peer):
    """An editor that writes a new file as root, for root only."""
    held = peer.open_sessions()
    running.configure(BOTH, mode=0o600)
    assert running.try_systemctl("reload").returncode != 0
    running.await_status(REJECTED)
    said = running.journalctl()
    assert re.search(r"/etc/kaguard\.yaml: error: user id \d+ may not read it; the daemon runs "
                     r"without privileges, so chmod 0644 /etc/kaguard\.yaml", said)
    assert peer.open_sessions() == held

    (running.host.root / "etc/kaguard.yaml").chmod(0o644)
    running.systemctl("reload")
    running.await_status(r"^2/4 sessions to 2 peers up")


def test_drop_in(site, running, peer):
    """One file a peer, as fleet tools write them."""
    site.peer(7002)
    held = peer.open_sessions()
    running.host.write("/etc/kaguard.d/depot.yaml", f"peers:\n{DEPOT}")
    running.systemctl("reload")
    running.await_status(r"^4/4 sessions to 2 peers up$")
    assert peer.open_sessions() == held


def test_by_signal(running):
    """kill -HUP, as for any daemon."""
    running.configure(BOTH)
    running.host.run("systemctl", "kill", "--signal=HUP", "kaguard")
    running.await_status(r"^2/4 sessions to 2 peers up")
    running.journal.await_said(r"reloaded /etc/kaguard.yaml: 1 peer added, 1 peer unchanged")
