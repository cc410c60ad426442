# SPDX-License-Identifier: ISC
"""kaguardctl beside the service: who may, what a reload says, and varlinkctl in its place."""
import json
import re

import pytest

from conftest import PORT, QUICK

CONFIG = QUICK + f"peers:\n  - {{name: hq, address: \"127.0.0.1:{PORT}\", sessions: 2}}\n"
BAD = CONFIG + "surprise: 1\n"
SOCKET = "/run/kaguard/control"


@pytest.fixture
def users(kaguard):
    """Somebody in the group, and somebody who is not."""
    kaguard.host.write("/etc/sysusers.d/check.conf",
                       "u insider - -\nm insider kaguard\nu outsider - -\n")
    kaguard.host.run("systemd-sysusers")

    def run(user, *arguments):
        return kaguard.host.try_run("setpriv", "--reuid", user, "--regid", user, "--init-groups",
                                    "kaguardctl", *arguments)
    return run


@pytest.fixture
def running(kaguard, peer):
    kaguard.start(CONFIG)
    kaguard.await_status(r"^2/2 sessions to 1 peer up$")
    return kaguard


def ctl(kaguard, *arguments):
    return kaguard.host.try_run("kaguardctl", *arguments)


def test_members_of_the_group_may(users, running, peer):
    held = peer.open_sessions()
    assert running.host.run("stat", "-L", "-c", "%A %U %G", SOCKET) == "srw-rw---- kaguard kaguard\n"
    status = users("insider", "status", "--json")
    assert status.returncode == 0, status.stderr
    assert [s["state"] for s in json.loads(status.stdout)["sessions"]] == ["up", "up"]
    assert users("insider", "reload").returncode == 0
    assert peer.open_sessions() == held
    assert users("insider", "reconnect", "hq").returncode == 0
    peer.await_that(lambda: len(peer.open_sessions()) == 2 and
                    not set(peer.open_sessions()) & set(held), 5, "other sessions")
    uid = running.host.run("id", "-u", "insider").strip()
    running.journal.await_said(rf"hq: 2 sessions closed by us.* user (65534|{uid}) has asked",
                               peer="hq")


def test_others_may_not(users, running, peer):
    refused = users("outsider", "status")
    assert refused.returncode == 3
    assert re.search(r"/run/kaguard/control is for root and the members of group kaguard",
                     refused.stderr)


def test_others_may_read_where_the_operator_lets_them(users, running, peer):
    """Reading is by the mode of the socket; acting is not."""
    held = peer.open_sessions()
    running.host.run("chmod", "0666", SOCKET)
    assert users("outsider", "status").returncode == 0
    for command in (["reload"], ["reconnect", "hq"], ["probe", "hq"]):
        refused = users("outsider", *command)
        assert refused.returncode == 1
        assert "for root and the members of group kaguard" in refused.stderr
    assert peer.open_sessions() == held
    assert users("insider", "probe", "hq").returncode == 0


def test_without_the_group(running):
    """Nobody has run systemd-sysusers: root may all the same."""
    assert ctl(running, "status").returncode == 0
    assert ctl(running, "reload").returncode == 0


def test_no_daemon(kaguard):
    kaguard.start(CONFIG)
    kaguard.systemctl("stop")
    absent = ctl(kaguard, "status")
    assert absent.returncode == 3
    assert "is kaguard running? systemctl start kaguard" in absent.stderr


def test_verdict_of_a_reload(running):
    """To who asks kaguardctl with the place, to who asks systemctl by its exit status."""
    running.configure(BAD)
    refused = ctl(running, "reload")
    assert refused.returncode == 1
    assert re.search(r"/etc/kaguard\.yaml:4:1: error: .*'surprise'", refused.stderr)
    assert running.try_systemctl("reload").returncode != 0
    running.configure(CONFIG)
    done = ctl(running, "reload")
    assert (done.returncode, done.stdout) == (0, "reloaded /etc/kaguard.yaml: 1 peer unchanged\n")
    running.systemctl("reload")
    assert "rejected" not in running.show("StatusText")["StatusText"]


def test_another_socket(running):
    """The unit is told once where the daemon is to be asked."""
    running.override("Environment=KAGUARD_SOCKET=/run/kaguard/elsewhere")
    running.configure(CONFIG + "control: {socket: /run/kaguard/elsewhere}\n")
    running.systemctl("restart")
    running.systemctl("reload")
    assert ctl(running, "status").returncode == 3
    assert ctl(running, "--socket", "/run/kaguard/elsewhere", "status").returncode == 0


def test_socket_goes_with_the_daemon_and_comes_back(running):
    """A daemon that was killed leaves one behind, which the next replaces."""
    for end in ("kill", "restart"):
        if end == "kill":
            running.signal(9)
            running.watch.await_that(NRestarts="^1$", ActiveState="^active$")
        else:
            running.systemctl("restart")
        running.await_status(r"^2/2 sessions to 1 peer up$")
        assert ctl(running, "status").returncode == 0
    assert not running.journal.said("no control socket")


def test_varlinkctl(running):
    """systemd's own program understands the interface, and gets answers."""
    host = running.host
    if host.try_run("varlinkctl", "--version").returncode != 0:
        assert host.version() < 255, "the first to have it"
        return
    info = host.run("varlinkctl", "info", "-j", SOCKET)
    assert "io.kaguard" in json.loads(info)["interfaces"]
    host.run("varlinkctl", "validate-idl", "/usr/share/varlink/interfaces/io.kaguard.varlink")
    text = host.run("varlinkctl", "introspect", SOCKET, "io.kaguard")
    assert re.search(r"method Status\b", text)
    status = host.run("varlinkctl", "call", "-j", SOCKET, "io.kaguard.Status", "{}")
    assert [s["state"] for s in json.loads(status)["sessions"]] == ["up", "up"]
    refused = host.try_run("varlinkctl", "call", SOCKET, "io.kaguard.Status", '{"peers":["no"]}')
    assert refused.returncode != 0 and "NoSuchPeer" in refused.stderr
    more = host.run("varlinkctl", "call", "-j", "--more", SOCKET, "io.kaguard.Plan", "{}")
    assert json.loads(more.split("\x1e")[-1])["peers"][0]["peer"] == "hq"
