# SPDX-License-Identifier: ISC
"""Start, stop, restart, and ends that nobody asked for."""
import os
import signal
import time

from conftest import PORT, QUICK

ONE = QUICK + f"peers: [{{name: hq, address: \"127.0.0.1:{PORT}\", sessions: 2}}]\n"


def test_enabled_after_install(site, empty_tree):
    """make install on a running machine, two commands, and it runs, with nobody to talk to yet."""
    host = site.boot(tree=empty_tree)
    host.install(os.environ["KAGUARD_TREE"])
    host.run("systemctl", "daemon-reload")
    site.service.systemctl("enable", "--now")
    assert site.service.systemctl("is-active").strip() == "active"
    assert site.service.systemctl("is-enabled").strip() == "enabled"
    site.service.await_status(r"^no peers configured$")
    site.service.journal.await_said(r"no peers configured")
    assert "no peers configured" in site.service.systemctl("status")


def test_runs_unprivileged(kaguard, peer):
    kaguard.start(ONE)
    kaguard.await_status(r"^2/2 sessions to 1 peer up$")
    status = kaguard.proc_status()
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_stops_at_once(kaguard, peer):
    kaguard.start(ONE)
    sessions = peer.await_sessions(2, 10)
    started = time.monotonic()
    kaguard.systemctl("stop")
    assert time.monotonic() - started < 1
    peer.await_that(lambda: not peer.open_sessions(), 2, "end of all sessions")
    assert {session.end for session in sessions} == {"fin"}
    kaguard.watch.await_that(ActiveState="^inactive$", Result="^success$",
                             ExecMainCode=f"^{os.CLD_EXITED}$", ExecMainStatus="^0$")
    kaguard.journal.await_said(r"stopping on SIGTERM: closing 2 sessions")


def test_restarts(kaguard, peer):
    kaguard.start(ONE)
    kaguard.await_status(r"^2/2 sessions")
    before = kaguard.pid()
    kaguard.systemctl("restart")
    kaguard.await_status(r"^2/2 sessions")
    assert kaguard.pid() != before
    peer.await_sessions(2, 5)


def test_killed(kaguard, peer):
    kaguard.start(ONE)
    kaguard.await_status(r"^2/2 sessions")
    kaguard.signal(signal.SIGKILL)
    kaguard.watch.await_that(NRestarts="^1$", ActiveState="^active$",
                             StatusText=r"^2/2 sessions")


def test_killed_again_and_again(kaguard, peer):
    """There is no number of starts after which the service manager gives up."""
    kaguard.override("RestartSec=10ms\nRestartMaxDelaySec=50ms")
    kaguard.start(ONE)
    for count in range(1, 8):
        kaguard.watch.await_that(ActiveState="^active$", NRestarts=f"^{count - 1}$")
        kaguard.signal(signal.SIGKILL)
        kaguard.watch.await_that(NRestarts=f"^{count}$")
    kaguard.watch.await_that(ActiveState="^active$", StatusText=r"^2/2 sessions")


def test_frozen(kaguard, peer):
    """The watchdog ends a daemon that does not get on, and a new one takes over."""
    kaguard.override("WatchdogSec=1s")
    kaguard.start(ONE)
    kaguard.await_status(r"^2/2 sessions")
    kaguard.signal(signal.SIGSTOP)
    kaguard.watch.await_that(NRestarts="^1$", ActiveState="^active$",
                             StatusText=r"^2/2 sessions", timeout=15)
    assert "watchdog" in {value for _, value in kaguard.watch.values("Result")}


def test_watchdog_is_petted(kaguard, peer):
    """One that gets on is left alone for many times the watchdog's interval."""
    kaguard.override("WatchdogSec=300ms")
    kaguard.start(ONE)
    kaguard.await_status(r"^2/2 sessions")
    assert not kaguard.watch.becomes(3, NRestarts="^[1-9]")
    assert kaguard.watch.get("ActiveState") == "active"


def test_watchdog_is_on(kaguard):
    kaguard.start()
    assert kaguard.show("WatchdogUSec")["WatchdogUSec"] not in ("0", "infinity")


def test_bad_configuration_at_start(kaguard):
    """Said where and what, and left alone until somebody has changed it."""
    kaguard.configure("peers:\n  - hq.example.com\n  - {name: lab, adress: \"10.0.0.1:1\"}\n")
    assert kaguard.try_systemctl("start").returncode != 0
    kaguard.await_state("failed")
    assert kaguard.show("ExecMainStatus", "Result", "NRestarts") == {
        "ExecMainStatus": "78", "Result": "exit-code", "NRestarts": "0"}
    status = kaguard.try_systemctl("status").stdout
    assert "/etc/kaguard.yaml:2:5: error: " in status
    assert "the configuration has errors" in status
    said = kaguard.journalctl()
    assert "/etc/kaguard.yaml:3:17: error: " in said and "did you mean" in said
    # Restart= would have tried again by now: that takes RestartSec=, a second.
    assert not kaguard.watch.becomes(1.5, ActiveState="^activating$")
    kaguard.start("peers: []\n")
    kaguard.await_status(r"^no peers configured$")


def test_no_configuration_at_start(kaguard):
    (kaguard.host.root / "etc/kaguard.yaml").unlink(missing_ok=True)
    assert kaguard.try_systemctl("start").returncode != 0
    kaguard.await_state("failed")
    assert kaguard.show("ExecMainStatus")["ExecMainStatus"] == "78"
    kaguard.journal.await_said(r"/etc/kaguard.yaml: error: there is no such file; create it")


def test_unreadable_configuration_at_start(kaguard):
    kaguard.configure("peers: []\n", mode=0o600)
    assert kaguard.try_systemctl("start").returncode != 0
    kaguard.journal.await_said(r"/etc/kaguard.yaml: error: .*may not read it.*chmod 0644 /etc/kag")
