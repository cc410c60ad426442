# SPDX-License-Identifier: ISC
"""The Debian package: what its scripts do to a running service. Run by make check-deb."""
import re

import pytest

from outlive import UP, await_taken, config, lives_on, peer_of

STATE = "/var/lib/private/kaguard"
PLACES = ["/usr/bin/kaguardctl", "/usr/lib/sysusers.d/kaguard.conf",
          "/lib/systemd/system/kaguard-metrics.socket",
          "/usr/share/bash-completion/completions/kaguardctl",
          "/usr/share/kaguard/kaguard.schema.json",
          "/usr/share/varlink/interfaces/io.kaguard.varlink"]


def dpkg(host, *arguments):
    return host.run("dpkg", "--force-confold", *arguments)


def version(host):
    return host.run("dpkg-query", "--show", "--showformat=${Version}", "kaguard")


def listed(host, *names):
    """Those of these paths that are there."""
    return host.try_run("find", *names, "-maxdepth", "0").stdout.split()


def traces(host):
    """What is there by the name of kaguard."""
    return set(host.try_run("find", "/etc", "/usr", "/var", "/run", "-name", "*kaguard*",
                            "-not", "-path", "/run/host/*").stdout.split())


@pytest.fixture
def packaged(site):
    """The service, from the older package."""
    host = site.boot()
    # Images of containers forbid packages to start services.
    host.run("rm", "-f", "/usr/sbin/policy-rc.d")
    site.service.before = traces(host)
    dpkg(host, "--install", "/packages/old.deb")
    return site.service


def keep_sessions(packaged, peer, count):
    packaged.configure(config(peer_of("hq", count)))
    packaged.systemctl("reload")
    packaged.await_status(UP.format(count))
    return peer.await_sessions(count, 10)


def test_install(packaged):
    """It runs, is enabled, and has what it needs: user, messages, a file that is the user's."""
    host = packaged.host
    assert packaged.show("ActiveState")["ActiveState"] == "active"
    assert host.run("systemctl", "is-enabled", "kaguard").strip() == "enabled"
    assert host.run("getent", "group", "kaguard")
    assert "kaguard" in host.run("journalctl", "--list-catalog")
    assert listed(host, *PLACES) == PLACES
    assert host.try_run("systemctl", "is-active", "kaguard-metrics.socket").stdout != "active\n"
    conffiles = host.run("dpkg-query", "--show", "--showformat=${Conffiles}", "kaguard")
    assert re.findall(r"/\S+", conffiles) == ["/etc/kaguard.yaml"]


def test_upgrade(packaged, peer):
    """Another daemon, with the same sessions: the peer sees no end of any, and no new one."""
    host = packaged.host
    sessions = keep_sessions(packaged, peer, 20)
    ports = [session.port for session in sessions]
    before, pid, mark = version(host), packaged.pid(), packaged.journal.mark()
    dpkg(host, "--install", "/packages/new.deb")
    await_taken(packaged, mark, 20)
    packaged.await_status(UP.format(20))
    assert version(host) != before and packaged.pid() != pid
    assert [session.port for session in peer.open_sessions()] == ports
    lives_on(peer, sessions)
    assert "hq" in host.run("cat", "/etc/kaguard.yaml")


def test_remove_and_purge(packaged, peer):
    """Removed, it is stopped, and what the user wrote stays; purged, only its user is left."""
    host = packaged.host
    sessions = keep_sessions(packaged, peer, 3)
    host.write("/etc/kaguard.d/more.yaml", "peers: []\n")
    files = [name for name in host.run("dpkg", "--listfiles", "kaguard").split()
             if "kaguard" in name]
    assert listed(host, STATE) and listed(host, "/usr/sbin/kaguard")

    dpkg(host, "--remove", "kaguard")
    peer.await_that(lambda: not peer.open_sessions(), 5, "end of all")
    assert {session.end for session in sessions} == {"fin"}
    assert host.try_run("pidof", "kaguard").stdout == ""
    assert sorted(listed(host, *files)) == ["/etc/kaguard.yaml"]
    assert listed(host, "/etc/kaguard.d/more.yaml")

    dpkg(host, "--purge", "kaguard")
    assert traces(host) - packaged.before == set()
    assert not listed(host, "/var/lib/kaguard", STATE)
    assert not host.try_run("systemctl", "cat", "kaguard").stdout


def test_gestures(packaged):
    """debian/tests/gestures: start, edit and reload, a mistake, restart, stop."""
    packaged.host.run("sh", "/packages/gestures")
