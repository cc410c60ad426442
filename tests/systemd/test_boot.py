# SPDX-License-Identifier: ISC
"""The machine's own start and end."""
import os
import pathlib
import shutil

import pytest

from conftest import QUICK

LATE = "192.0.2.7"
CONFIG = (QUICK + "peers:\n"
          f"  - {{name: hq, address: \"{LATE}:7001\"}}\n"
          "  - {name: depot, address: \"depot.example:7002\"}\n")


@pytest.fixture
def enabled(empty_tree):
    """An installed tree in which kaguard is configured, and started at boot."""
    tree = empty_tree / "tree"
    shutil.copytree(os.environ["KAGUARD_TREE"], tree, symlinks=True)
    (tree / "etc/kaguard.yaml").write_text(CONFIG)
    unit = next(path for path in pathlib.Path(tree).rglob("kaguard.service"))
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "kaguard.service").symlink_to(f"/{unit.relative_to(tree)}")
    return tree


def test_no_network_at_boot(site, enabled):
    """Neither an address nor a name can be reached; when the network comes, so do the sessions."""
    site.boot(tree=enabled)
    service = site.service
    service.journal.await_said("there is no network yet", timeout=30)
    assert not service.journal.said("cannot|unreachable")
    state = service.show("ActiveState", "NRestarts", "StatusText")
    assert (state["ActiveState"], state["NRestarts"]) == ("active", "0")
    assert state["StatusText"].startswith("0/2 sessions to 2 peers up; ")

    site.peer(7001)
    site.link(LATE)
    service.await_status(r"^1/2 sessions to 2 peers up; depot: unresolved")
    site.peer(7002)
    with open(site.host.root / "etc/hosts", "a") as hosts:
        hosts.write(f"{LATE} depot.example\n")
    service.await_status(r"^2/2 sessions to 2 peers up$")
    up = service.journal.await_said(r"^hq/0: up", peer="hq")
    assert up["KAGUARD_ATTEMPT"] == "1"
    unresolved, = service.journal.said(peer="depot", reason="unresolved")
    assert "cannot resolve depot.example" in unresolved["MESSAGE"]


def test_shutdown(site, kaguard, peer):
    """Peers see a proper end when the machine is switched off."""
    kaguard.start(QUICK + f"peers: [{{name: hq, address: \"127.0.0.1:{peer.port}\", "
                  "sessions: 100}]\n")
    sessions = peer.await_sessions(100, 10)
    site.host.power_off()
    peer.await_that(lambda: not peer.open_sessions(), 2, "end of all sessions")
    assert {session.end for session in sessions} == {"fin"}
