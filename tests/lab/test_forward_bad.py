# SPDX-License-Identifier: ISC
"""Tunnels, and clients, peers and places that are not as they should be: an error each, nothing is
lost, and nobody else is disturbed."""
import contextlib
import errno
import os
import resource
import socket

import pytest

import guard
import netlab
import peers
import witness
from test_forward import LISTEN, OTHER, Tunnel, end_of, receive, unix_client

HELD = f'  - {{name: held, address: "{netlab.SERVER4}:{OTHER}", sessions: 3}}'


class Site:
    """A tunnel, and a peer beside it whose sessions nothing may disturb."""

    def __init__(self, bench, peer=None, **keywords):
        self.held = bench.peer(OTHER)
        self.tunnel = Tunnel(bench, peer, tail=HELD, **keywords)
        self.tunnel.daemon.await_up(3)
        self.sessions = self.held.await_sessions(3, 5)

    def is_undisturbed(self):
        assert self.held.stays(self.sessions, 0)
        assert len(self.held.sessions) == len(self.sessions)
        assert not self.tunnel.daemon.said(peer="held", state="backoff")


def memory_kb(pid):
    """What it has; 0 of one that is sanitized, which keeps what was freed."""
    with open(f"/proc/{pid}/maps") as maps:
        if "libasan" in maps.read():
            return 0
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def flood(site, count):
    """So many at once. Returns how many were carried."""
    clients, carried = [], 0
    for _ in range(count):
        client = site.tunnel.bench.lab.client.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", LISTEN))
        clients.append(client)
    for client in clients:
        client.settimeout(60)
        with contextlib.suppress(ConnectionError):
            client.sendall(b"x")
            carried += client.recv(1) == b"x"
    for client in clients:
        client.close()
    site.tunnel.peer.await_that(lambda: not site.tunnel.peer.open_sessions(), 30, "end of all")
    return carried


def test_ten_thousand_at_once(bench):
    """max_clients of them are carried, and afterwards all is as it was: descriptors, and memory after
    the second time."""
    most, all_of_them = 1000, 10000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < all_of_them + 3 * most:
        pytest.skip(f"{hard} descriptors are too few for {all_of_them} clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    site = Site(bench, more=f", max_clients: {most}")
    daemon = site.tunnel.daemon
    before, after = len(daemon.descriptors()), []
    for _ in range(3):
        assert flood(site, all_of_them) >= most
        witness.await_look(lambda: len(daemon.descriptors()) <= before + 8, 10, "few descriptors")
        after.append(memory_kb(daemon.pid))
    assert after[2] <= after[1] + 256, after
    assert 1 <= len(daemon.said(f"refuses clients: there are {most} of them")) <= 3
    site.is_undisturbed()
    with site.tunnel.connect() as client:
        site.tunnel.says_back(client)


def impatient(pid, port):
    """Have the daemon's socket towards a client ask soon: its own values take two minutes."""
    with guard._borrowed(pid) as sockets:
        for sock in sockets:
            with contextlib.suppress(OSError):
                if sock.family == socket.AF_INET and sock.getsockname()[1] == port:
                    sock.getpeername()
                    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                                          (socket.TCP_KEEPCNT, 2), (guard.TCP_USER_TIMEOUT, 3000)):
                        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def test_a_client_that_vanishes(bench):
    """Its cable is cut: keepalive towards it notices, and the peer sees an end."""
    site = Site(bench, listen=f"0.0.0.0:{LISTEN}")
    daemon = site.tunnel.daemon
    client = bench.lab.router.connect((netlab.CLIENT4, LISTEN))
    client.settimeout(5)
    site.tunnel.says_back(client)
    bench.firewall.fault(f'iifname "client" tcp sport {LISTEN}')
    impatient(daemon.pid, LISTEN)
    record = daemon.await_said("a client was cut off .* the client did not answer any more",
                               timeout=15, peer="db")
    assert record["PRIORITY"] == "4" and record["ERRNO"] == str(errno.ETIMEDOUT)
    site.tunnel.peer.await_that(lambda: site.tunnel.peer.sessions[0].end == "reset", 5, "reset")
    client.close()
    site.is_undisturbed()


def test_clients_that_do_nothing_but_come_and_go(bench):
    """Hundreds that end before they have said anything, in each way there is."""
    site = Site(bench)
    for i in range(300):
        client = site.tunnel.connect()
        if i % 3 == 0:
            client.shutdown(socket.SHUT_WR)
        elif i % 3 == 1:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    with site.tunnel.connect() as client:
        site.tunnel.says_back(client)
    site.tunnel.peer.await_that(lambda: not site.tunnel.peer.open_sessions(), 10, "end of all")
    assert not site.tunnel.daemon.said("cut off", priority="4")
    site.is_undisturbed()


class HalfCloser(peers.Peer):
    """Has nothing to say, and reads all."""

    def accepted(self, session):
        super().accepted(session)
        session.sock.shutdown(socket.SHUT_WR)

    def ready(self, session):
        data = session.sock.recv(65536)
        session.received += len(data)
        if not data:
            self._drop(session, end="fin")


def test_a_peer_that_half_closes_at_once(bench):
    site = Site(bench, bench.peer(behaviour=HalfCloser))
    with site.tunnel.connect() as client:
        assert client.recv(1) == b""
        client.sendall(b"x" * 300000)
        client.shutdown(socket.SHUT_WR)
        peer = site.tunnel.peer
        peer.await_that(lambda: peer.sessions[0].end == "fin", 10, "fin")
        assert peer.sessions[0].received == 300000
    assert not site.tunnel.daemon.said("cut off")
    site.is_undisturbed()


def test_a_peer_that_closes_at_once(bench):
    """Again and again: that is the client's end, no storm, and nothing that is retried."""
    site = Site(bench, bench.peer(behaviour=peers.Closer))
    for _ in range(50):
        assert end_of(site.tunnel.connect()) == "fin"
    assert len(site.tunnel.peer.sessions) == 50
    site.is_undisturbed()


def test_a_peer_that_floods(bench):
    """A client reads what comes without end, and goes in the middle of it."""
    site = Site(bench, bench.peer(behaviour=peers.Talker))
    for _ in range(5):
        with site.tunnel.connect() as client:
            assert len(receive(client, 8 << 20)) == 8 << 20
    site.tunnel.peer.await_that(lambda: not site.tunnel.peer.open_sessions(), 10, "end of all")
    site.is_undisturbed()


def test_somebody_listens_at_the_path(bench, tmp_path):
    """What lives is left alone; once it has gone the path is ours."""
    path = tmp_path / "db"
    with socket.socket(socket.AF_UNIX) as owner:
        owner.bind(str(path))
        owner.listen()
        bench.peer()
        daemon = bench.guard(f"""
peers: [{{name: db, address: "{netlab.SERVER4}:7001", listen: "unix:{path}"}}]""")
        record = daemon.await_said("cannot take in clients at .*: somebody else listens there")
        assert record["PRIORITY"] == "3"
        unix_client(path).close()
        owner.accept()[0].close()
    daemon.await_said("takes in clients at", timeout=10)
    with unix_client(path) as client:
        client.sendall(b"hello")
        assert receive(client, 5) == b"hello"


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_is_no_socket_is_never_removed(bench, tmp_path, kind):
    path = tmp_path / "db"
    if kind == "file":
        path.write_text("precious")
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(tmp_path / "elsewhere"))
    daemon = bench.guard(f"""
peers: [{{name: db, address: "{netlab.SERVER4}:7001", listen: "unix:{path}"}}]""")
    daemon.await_said("cannot take in clients at .*: there is a file of that name, which is no socket")
    assert daemon.stop()[0] == 0
    assert os.path.lexists(path)
    assert kind != "file" or path.read_text() == "precious"


@pytest.mark.parametrize("listen, clients", [
    (f"[::1]:{LISTEN}", ["::1"]),
    (f"[::]:{LISTEN}", ["::1", "127.0.0.1"]),
    (f"0.0.0.0:{LISTEN}", ["127.0.0.1"]),
])
def test_both_families(bench, listen, clients):
    tunnel = Tunnel(bench, listen=listen)
    for address in clients:
        with bench.lab.client.connect((address, LISTEN)) as client:
            client.settimeout(10)
            tunnel.says_back(client)
    for address in {"::1", "127.0.0.1"} - set(clients):
        with pytest.raises(ConnectionRefusedError):
            bench.lab.client.connect((address, LISTEN))


def test_group_of_a_unix_socket(bench, tmp_path):
    path = tmp_path / "db"
    tunnel = Tunnel(bench, listen=f"unix:{path}", more=', listen_mode: "0660", listen_group: daemon')
    assert (path.stat().st_mode & 0o777, path.stat().st_gid) == (0o660, 1)
    tunnel.daemon.stop()
    daemon = bench.guard(f"""
peers: [{{name: db, address: "{netlab.SERVER4}:7001", listen: "unix:{path}", listen_group: nobody-at-all}}]""")
    daemon.await_said("cannot take in clients at .*: there is no group 'nobody-at-all'")
    assert not path.exists()


def test_peers_that_exchange_their_places(bench):
    """One reload, and both are where they are to be at once."""
    bench.peer()
    bench.peer(OTHER)

    def config(first, second):
        return (f'peers:\n  - {{name: a, address: "{netlab.SERVER4}:7001", listen: "127.0.0.1:{first}"}}\n'
                f'  - {{name: b, address: "{netlab.SERVER4}:{OTHER}", listen: "127.0.0.1:{second}"}}\n')
    daemon = bench.guard(config(LISTEN, LISTEN + 1))
    daemon.await_said("b: takes in clients")
    start = daemon.reload(config(LISTEN + 1, LISTEN))
    for name, port in (("a", LISTEN + 1), ("b", LISTEN)):
        daemon.await_said(f"{name}: takes in clients at 127.0.0.1:{port}", start=start)
    assert not daemon.said("cannot take in")
