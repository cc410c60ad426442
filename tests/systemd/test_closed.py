# SPDX-License-Identifier: ISC
"""The unit itself: what systemd thinks of it, and what its sandbox leaves."""
import pathlib
import re

from conftest import PORT, QUICK

HERE = "192.0.2.7"


def test_security(kaguard, record_property, capsys):
    """As closed as the best: 1.1 by the reckoning of each systemd."""
    kaguard.start()
    text = kaguard.host.run("systemd-analyze", "security", "--no-pager", "kaguard.service")
    score = float(re.search(r"Overall exposure level for kaguard.service: ([\d.]+)", text)[1])
    with capsys.disabled():
        print(f"\nsystemd {kaguard.host.version()}: exposure level {score}")
    assert score <= 1.1


def test_verify(kaguard):
    """Nothing is wrong with the unit; only what this systemd does not know yet may be ignored."""
    unit = kaguard.show("FragmentPath")["FragmentPath"]
    done = kaguard.host.try_run("systemd-analyze", "verify", "--man=no", unit)
    remarks = [line for line in (done.stdout + done.stderr).splitlines() if "kaguard" in line]
    newer = r"notify-reload|RestartSteps|RestartMaxDelaySec|FileDescriptorStorePreserve"
    assert done.returncode == 0
    assert [line for line in remarks if not re.search(newer, line)] == []
    assert remarks == [] or kaguard.host.version() < 254


def test_no_complaints_of_the_sandbox(site, kaguard, peer):
    """What the daemon does is allowed to it: a system call that is not ends it at once here."""
    kaguard.override("SystemCallErrorNumber=kill")
    site.link(HERE)
    kaguard.start(QUICK + f"peers:\n  - {{name: hq, address: \"127.0.0.1:{PORT}\"}}\n"
                  "  - {name: lost, address: \"nowhere.invalid:1\"}\n")
    kaguard.await_status(r"^1/2 sessions to 2 peers up; lost: unresolved")
    first = peer.await_sessions(1, 5)
    peer.hang_up()
    peer.await_that(lambda: peer.open_sessions() not in ([], first), 5, "new session")
    kaguard.systemctl("reload")
    kaguard.systemctl("stop")
    kaguard.watch.await_that(ActiveState="^inactive$", Result="^success$", NRestarts="^0$")


def test_sees_the_network(site, kaguard):
    """Within the sandbox: an address that comes ends a wait of minutes."""
    kaguard.start(f"peers: [{{name: hq, address: \"{HERE}:{PORT}\", bind: {HERE}, "
                  "backoff: {first: 5min, max: 5min}}]\n")
    kaguard.journal.await_said("there is no network yet")
    site.link(HERE)
    site.peer()
    kaguard.await_status("^1/1 session to 1 peer up", timeout=5)
    assert not kaguard.journal.said("cannot see")


def test_goes_on_without_seeing_the_network(kaguard, peer):
    """A site's own sandbox may be closed more tightly; that is said once, and all else goes on."""
    kaguard.override("RestrictAddressFamilies=\n"
                     "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX")
    kaguard.start(QUICK + f"peers: [{{name: hq, address: \"127.0.0.1:{PORT}\"}}]\n")
    peer.await_sessions(1, 5)
    kaguard.await_status("^1/1 session to 1 peer up")
    told, = kaguard.journal.said("cannot see changes of the network")
    assert told["PRIORITY"] == "4"


def test_leaves_nothing_behind(kaguard):
    """The runtime directory goes with the service, the state directory stays."""
    kaguard.start()
    assert (kaguard.host.root / "run/kaguard").is_dir()
    kaguard.systemctl("stop")
    kaguard.await_state("inactive")
    assert not (kaguard.host.root / "run/kaguard").exists()
    assert kaguard.host.run("ls", "/var/lib/kaguard/") == ""
    names = [pathlib.Path(f"/proc/{pid}/comm").read_text()
             for pid in kaguard.host.processes().values()]
    assert "systemd\n" in names and "kaguard\n" not in names
