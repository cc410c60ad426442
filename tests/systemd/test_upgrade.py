# SPDX-License-Identifier: ISC
"""Another version is installed, with another table of sessions, and the service restarted."""
import os
import pathlib
import shutil

import pytest

from conftest import TREE
from outlive import UP, await_stored, await_taken, kill, lives_on, restart, start

BUILDS = pathlib.Path(os.environ.get("KAGUARD_BUILDS", ""))


def install(kaguard, tree, build=None):
    """make install, of a build with that program; a configuration that is there, it leaves alone."""
    shutil.rmtree(tree)
    shutil.copytree(TREE, tree, symlinks=True,
                    ignore=shutil.ignore_patterns("kaguard.yaml"))
    if build:
        [program] = tree.glob("**/sbin/kaguard")
        shutil.copy(BUILDS / build, program)
    kaguard.host.install(tree)
    kaguard.host.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("end", [restart, kill])
def test_more_is_known_of_sessions(kaguard, peer, empty_tree, end):
    """An upgrade, and then the way back."""
    kaguard.override("RestartSec=10ms")
    sessions = start(kaguard, peer, 20)
    for build in ("kaguard-longer", None):
        install(kaguard, empty_tree, build)
        for _ in range(2):
            mark = kaguard.journal.mark()
            end(kaguard)
            await_taken(kaguard, mark, 20)
            lives_on(peer, sessions)
        await_stored(kaguard, 2)
    assert not kaguard.journal.said("cannot be used|damaged")


def test_another_table(kaguard, peer, empty_tree):
    """Refused, and told; what cannot be known any more is closed and opened again."""
    sessions = start(kaguard, peer, 20)
    for build in ("kaguard-other", None):
        install(kaguard, empty_tree, build)
        mark = kaguard.journal.mark()
        restart(kaguard)
        kaguard.journal.await_said(
            "^what was known of the sessions cannot be used: another version", start=mark)
        kaguard.await_status(UP.format(20))
        peer.await_that(lambda: len(peer.open_sessions()) == 20 and
                        not set(peer.open_sessions()) & set(sessions), 10, "other sessions")
        assert {session.end for session in sessions} == {"fin"}
        sessions = peer.open_sessions()
        await_stored(kaguard, 2)
