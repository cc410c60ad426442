# SPDX-License-Identifier: ISC
"""Sessions outlive their daemon."""
import re
import signal

import pytest

from conftest import PORT
from outlive import (UP, await_stored, await_taken, config, freeze, kill, lives_on, peer_of, restart,
                     start)


@pytest.mark.parametrize("end", [restart, kill, freeze])
def test_outlive(kaguard, peer, end):
    kaguard.override("WatchdogSec=1s\nRestartSec=10ms")
    sessions = start(kaguard, peer, 20)
    for _ in range(3):
        mark = kaguard.journal.mark()
        end(kaguard)
        await_taken(kaguard, mark, 20)
        lives_on(peer, sessions)


@pytest.mark.parametrize("verb", ["daemon-reload", "daemon-reexec"])
def test_outlive_the_managers_own(kaguard, peer, verb):
    """And a daemon that is killed after the service manager has read, or executed, itself anew."""
    kaguard.override("RestartSec=10ms")
    sessions = start(kaguard, peer, 20)
    for end in (kill, restart):
        kaguard.host.run("systemctl", verb)
        lives_on(peer, sessions)
        mark = kaguard.journal.mark()
        end(kaguard)
        await_taken(kaguard, mark, 20)
        lives_on(peer, sessions)


def test_stop_leaves_nothing(kaguard, peer):
    sessions = start(kaguard, peer, 20)
    kaguard.systemctl("stop")
    peer.await_that(lambda: not peer.open_sessions(), 5, "end of all")
    assert {session.end for session in sessions} == {"fin"}
    assert kaguard.show("NFileDescriptorStore")["NFileDescriptorStore"] == "0"
    mark = kaguard.journal.mark()
    kaguard.systemctl("start")
    peer.await_sessions(20, 10)
    assert not kaguard.journal.said("took over", start=mark)


def test_restart_into_a_mistake(kaguard, peer):
    """From systemd 254 on the store outlives a unit that has failed."""
    sessions = start(kaguard, peer, 5)
    kaguard.configure("peers: 7\n")
    assert kaguard.try_systemctl("restart").returncode != 0
    kaguard.await_state("failed")
    kaguard.configure(config(peer_of("hq", 5)))
    mark = kaguard.journal.mark()
    if kaguard.host.version() >= 254:
        kaguard.systemctl("start")
        await_taken(kaguard, mark, 5)
        lives_on(peer, sessions)
        kaguard.systemctl("stop")
        assert kaguard.show("NFileDescriptorStore")["NFileDescriptorStore"] == "0"
    peer.await_that(lambda: not peer.open_sessions(), 5, "end of all")


def test_ages_and_counters_go_on(kaguard, peer):
    sessions = start(kaguard, peer, 1)
    peer.abort()
    peer.await_that(lambda: len(peer.sessions) == 2, 5, "second session")
    kaguard.await_status(UP.format(1))
    mark = kaguard.journal.mark()
    restart(kaguard)
    await_taken(kaguard, mark, 1)
    kaguard.signal(signal.SIGUSR1)
    row = kaguard.journal.await_said(r"^hq/0 ", start=mark)["MESSAGE"]
    assert re.search(r" 1 +\d+ reset$", row), row
    assert peer.open_sessions()[0] is not sessions[0]


def test_restart_with_another_configuration(kaguard, site):
    """Added, removed, shrunk, moved, retuned."""
    site_peers = {name: site.peer(PORT + n) for n, name in
                  enumerate(["stays", "goes", "shrinks", "moves", "tuned", "comes"])}

    def entry(name, sessions, more=""):
        return peer_of(name, sessions, site_peers[name].port, more)
    kaguard.start(config(entry("stays", 3), entry("goes", 2), entry("shrinks", 3),
                         entry("moves", 2), entry("tuned", 3)))
    kaguard.await_status(UP.format(13))
    before = {name: peer.open_sessions() for name, peer in site_peers.items()}
    mark = kaguard.journal.mark()
    kaguard.configure(config(entry("stays", 3), entry("shrinks", 1),
                             entry("moves", 2, ", bind: 127.0.0.9"),
                             entry("tuned", 3, ", firewall: 600s"), entry("comes", 2)))
    restart(kaguard)
    await_taken(kaguard, mark, 7, 13)
    kaguard.await_status(UP.format(11))
    for name in ("stays", "tuned"):
        lives_on(site_peers[name], before[name])
    assert site_peers["shrinks"].open_sessions() == before["shrinks"][:1]
    for name in ("goes", "moves"):
        assert {session.end for session in before[name]} == {"fin"}
    assert {session.address for session in site_peers["moves"].open_sessions()} == {"127.0.0.9"}
    # Each of so few is told; of more there would be the sum alone.
    for why in ("its peer was removed", "no longer wanted", "its address or source has changed"):
        assert kaguard.journal.wait_for(
            lambda why=why: len(kaguard.journal.said(f"closed by us: {why}", start=mark)) == 2, 5)


def test_what_died_meanwhile_is_told(kaguard, peer):
    kaguard.override("RestartSec=500ms")
    sessions = start(kaguard, peer, 10)
    mark = kaguard.journal.mark()
    kill(kaguard)
    kaguard.watch.await_that(SubState="^auto-restart$")
    for session in sessions[:2]:
        peer.abort_one(session)
    peer.hang_up_one(sessions[2])
    said = await_taken(kaguard, mark, 7, 10)["MESSAGE"]
    assert "; 2 had been reset meanwhile; 1 had been closed by the peer meanwhile" in said
    kaguard.await_status(UP.format(10))
    for how, count in (("reset", 2), ("closed", 1)):
        assert kaguard.journal.wait_for(
            lambda how=how, count=count: len(kaguard.journal.said(
                f"lost after .*: {how} by the peer", start=mark)) == count, 5)
    assert set(sessions[3:]) <= set(peer.open_sessions())


@pytest.mark.parametrize("most", [0, 1])
def test_a_store_that_does_not_keep(kaguard, peer, most):
    """Told once; the daemon goes on, and a restart opens the sessions again."""
    kaguard.override(f"FileDescriptorStoreMax={most}")
    sessions = start(kaguard, peer, 5)
    kaguard.journal.await_said(r"the service manager does not keep the sessions.* 3 or more")
    assert len(kaguard.journal.said("does not keep")) == 1
    restart(kaguard)
    kaguard.await_status(UP.format(5))
    peer.await_sessions(5, 10)
    assert {session.end for session in sessions} == {"fin"}


def test_a_store_that_keeps_later(kaguard, peer):
    kaguard.override("FileDescriptorStoreMax=0")
    sessions = start(kaguard, peer, 5)
    kaguard.journal.await_said(r"does not keep the sessions")
    kaguard.override("FileDescriptorStoreMax=16")
    kaguard.systemctl("reload")
    await_stored(kaguard, 2)
    mark = kaguard.journal.mark()
    restart(kaguard)
    await_taken(kaguard, mark, 5)
    lives_on(peer, sessions)
