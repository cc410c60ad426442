# SPDX-License-Identifier: ISC
"""Clients of tunnels outlive their daemon; and the service manager listens for it."""
import re

import pytest

from conftest import PORT, QUICK, SOURCE
from outlive import await_stored, freeze, kill, restart
from streams import Server, Stream, assert_equal_sums, await_kept

LISTEN = 15432
ROUNDS = 10


def config(listen):
    return (QUICK + "peers:\n" +
            f'  - {{name: db, address: "127.0.0.1:{PORT}", listen: "{listen}"}}\n')


@pytest.fixture
def server(site):
    server = Server(site.netns, PORT)
    yield server
    server.stop()


def connect(site):
    client = site.netns.connect(("127.0.0.1", LISTEN))
    client.settimeout(None)
    return client


def test_not_a_byte_is_lost(kaguard, site, server):
    """In the middle of transfers both ways: restarted, killed, and by the watchdog."""
    kaguard.override("WatchdogSec=1s\nRestartSec=10ms")
    kaguard.start(config(f"127.0.0.1:{LISTEN}"))
    streams = []
    for i in range(3):
        client = connect(site)
        streams.append((Stream(client, f"{i}c"), Stream(server.await_accepted(i + 1), f"{i}s")))
    await_kept(kaguard.pid(), 3)
    for i in range(ROUNDS):
        mark = kaguard.journal.mark()
        (freeze if i == 0 else kill if i % 2 else restart)(kaguard)
        said = kaguard.journal.await_said(r"^took over \d of \d clients of tunnels", start=mark)
        assert re.search("took over 3 of 3", said["MESSAGE"])
    for client, served in streams:
        assert_equal_sums(client, served)
    kaguard.systemctl("stop")
    await_stored(kaguard, 0)


def test_socket_unit(kaguard, site, server):
    """The example, with another place: a client starts the service, and those that come while it is
    restarted wait."""
    unit = (SOURCE / "doc/kaguard-db.socket").read_text()
    unit = re.sub(r"^(ListenStream|Socket(User|Group))=.*\n", "", unit, flags=re.MULTILINE)
    unit = unit.replace("[Socket]\n", f"[Socket]\nListenStream=127.0.0.1:{LISTEN}\n")
    site.host.write("/etc/systemd/system/kaguard-db.socket", unit)
    kaguard.configure(config("systemd:billing-db"))
    site.host.run("systemctl", "daemon-reload")
    site.host.run("systemctl", "start", "kaguard-db.socket")
    client = connect(site)
    client.sendall(b"first")
    served = server.await_accepted(1)
    assert served.recv(5) == b"first"
    await_kept(kaguard.pid(), 1)
    mark = kaguard.journal.mark()
    kill(kaguard)
    late = connect(site)
    late.sendall(b"late")
    kaguard.journal.await_said(r"^took over 1 of 1 client of tunnels", start=mark)
    assert server.await_accepted(2).recv(4) == b"late"
    served.sendall(b"still here")
    assert client.recv(10) == b"still here"
    assert not kaguard.journal.said("not kaguard's", start=mark)
