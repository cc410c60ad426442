# SPDX-License-Identifier: ISC
"""Tunnels: clients that are carried to a peer through the firewall."""
import contextlib
import errno
import re
import resource
import socket
import struct
import time

import pytest

import ctl
import netlab
import peers
import witness
from conftest import PORT, QUICK

LISTEN = 15432
OTHER = 7002


def config(listen=f"127.0.0.1:{LISTEN}", sessions=0, more="", tail="",
           address=f"{netlab.SERVER4}:{PORT}"):
    return f"""
log: {{level: debug}}
defaults:
  firewall: 8s
  backoff: {{first: 50ms, max: 1s}}
  {QUICK}
peers:
  - {{name: db, address: "{address}", listen: "{listen}", sessions: {sessions}{more}}}
{tail}"""


class Tunnel:
    """A daemon that carries clients to a peer."""

    def __init__(self, bench, peer=None, **kwargs):
        self.bench = bench
        self.peer = peer or bench.peer()
        self.daemon = bench.guard(config(**kwargs))
        self.daemon.await_said("takes in clients at")
        self.daemon.await_note("^READY=1")  # all that are configured

    def connect(self, port=LISTEN):
        client = self.bench.lab.client.connect(("127.0.0.1", port))
        client.settimeout(10)
        return client

    def says_back(self, client, text=b"hello"):
        client.sendall(text)
        assert receive(client, len(text)) == text


def receive(client, count):
    data = bytearray()
    while len(data) < count and (block := client.recv(min(count - len(data), 1 << 20))):
        data += block
    return bytes(data)


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def end_of(client):
    """How the other end closed it."""
    try:
        while client.recv(65536):
            pass
        return "fin"
    except ConnectionResetError:
        return "reset"


@pytest.mark.parametrize("sessions", [0, 2])
def test_idle_through_the_firewall(bench_of, sessions):
    """A client that says nothing for three of its timeouts; beside it, one without kaguard."""
    bench = bench_of(timeout_s=8)
    tunnel = Tunnel(bench, sessions=sessions)
    direct = bench.lab.client.connect((netlab.SERVER4, PORT))
    client, silent = tunnel.connect(), tunnel.connect()
    for one in (direct, client):
        tunnel.says_back(one)
    first = tunnel.peer.await_sessions(3 + sessions, 5)
    assert tunnel.peer.stays(first, 24)
    tunnel.says_back(client, b"still here")
    tunnel.says_back(silent, b"and so am I")
    direct.sendall(b"lost")
    direct.settimeout(2)
    with pytest.raises(TimeoutError):
        direct.recv(10)


class Greeter(peers.Peer):
    """Speaks first, as servers of mail and databases do."""

    def accepted(self, session):
        super().accepted(session)
        session.sock.send(b"220 ready\n")


@pytest.mark.parametrize("sessions", [0, 1])
def test_a_greeting_is_the_clients(bench, sessions):
    """Also where it came before there was a client."""
    tunnel = Tunnel(bench, bench.peer(behaviour=Greeter), sessions=sessions)
    if sessions:
        tunnel.daemon.await_up(1)
        tunnel.peer.await_sessions(1, 5)
    for _ in range(3):
        with tunnel.connect() as client:
            assert receive(client, 10) == b"220 ready\n"
            tunnel.says_back(client)


def test_a_peer_that_becomes_a_tunnel(bench):
    """What its sessions have received before was thrown away: they are not for clients."""
    peer = bench.peer(behaviour=Greeter)
    daemon = bench.guard(f"""
peers: [{{name: db, address: "{netlab.SERVER4}:{PORT}", sessions: 1}}]""")
    daemon.await_up(1)
    peer.await_sessions(1, 5)
    start = daemon.reload(config(sessions=1))
    daemon.await_said("takes in clients", start=start)
    client = bench.lab.client.connect(("127.0.0.1", LISTEN))
    client.settimeout(10)
    assert receive(client, 10) == b"220 ready\n"
    client.close()


def test_sessions_ahead_are_refilled(bench):
    tunnel = Tunnel(bench, sessions=3)
    tunnel.daemon.await_up(3)
    ahead = tunnel.peer.await_sessions(3, 5)
    clients = [tunnel.connect()]
    tunnel.says_back(clients[0])
    assert sorted(session.received for session in ahead) == [0, 0, 5]
    clients += [tunnel.connect() for _ in range(2)]
    for client in clients:
        tunnel.says_back(client)
    tunnel.peer.await_sessions(6, 5)
    assert not tunnel.daemon.said("db/", loud=True, state="backoff")
    for client in clients:
        client.close()
    tunnel.peer.await_that(lambda: len(tunnel.peer.open_sessions()) == 3, 5, "end of the three")


@pytest.mark.parametrize("reset_them", [False, True])
def test_a_session_that_is_dead_is_replaced(bench, reset_them):
    """Its end comes after it was given to a client, and before any byte: nobody notices."""
    tunnel = Tunnel(bench, sessions=1)
    tunnel.daemon.await_up(1)
    ahead, = tunnel.peer.await_sessions(1, 5)
    with tunnel.connect() as client:
        tunnel.daemon.await_said("up -> idle .given.", loud=False)
        (tunnel.peer.abort_one if reset_them else tunnel.peer.hang_up_one)(ahead)
        tunnel.says_back(client)
    assert not tunnel.daemon.said("cut off")


def test_half_close(bench):
    """Each direction by itself; from clients that close theirs at once, too."""
    tunnel = Tunnel(bench)
    with tunnel.connect() as client:
        client.sendall(b"all of it")
        client.shutdown(socket.SHUT_WR)
        assert receive(client, 100) == b"all of it"
    with tunnel.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert end_of(client) == "fin"
    tunnel.peer.await_that(lambda: [s.end for s in tunnel.peer.sessions] == ["fin"] * 2, 5, "fins")
    assert not tunnel.daemon.said("cut off")


def test_resets_are_passed_on(bench):
    tunnel = Tunnel(bench)
    client = tunnel.connect()
    tunnel.says_back(client)
    tunnel.peer.abort()
    assert end_of(client) == "reset"
    record = tunnel.daemon.await_said("a client was cut off .* the peer reset it; 5 bytes to the "
                                      "peer, 5 bytes to the client", peer="db")
    assert record["PRIORITY"] == "4" and record["ERRNO"] == str(errno.ECONNRESET)
    client = tunnel.connect()
    tunnel.says_back(client)
    reset(client)
    tunnel.peer.await_that(lambda: tunnel.peer.sessions[1].end == "reset", 5, "reset")
    assert tunnel.daemon.await_said("a client was cut off .* the client reset it")["PRIORITY"] == "6"


def test_figures_are_so(bench):
    tunnel = Tunnel(bench, more=", max_clients: 2")
    first, second = tunnel.connect(), tunnel.connect()
    for client in (first, second):
        tunnel.says_back(client, b"x" * 1500)
    assert is_refused(tunnel)
    reset(second)
    tunnel.daemon.await_said("cut off")
    forward, = ctl.ask(tunnel.daemon, "status")["forwards"]
    assert forward == {
        "peer": "db", "listen": f"127.0.0.1:{LISTEN}", "listening": True, "clients": 1,
        "clients_waiting": 0, "clients_max": 2, "clients_total": 3, "clients_refused": 1,
        "clients_cut_off": 1, "sessions_replaced": 0, "bytes_to_peer": 3000,
        "bytes_to_client": 3000}
    assert re.search(rf"^db +127.0.0.1:{LISTEN} +1 +0 +3 +1 +1 +3.0 kB +3.0 kB$",
                     ctl.run(tunnel.daemon, "status"), re.MULTILINE)
    text = ctl.run(tunnel.daemon, "metrics")
    for sample in ('tunnels_deaf{peer="db"} 0', 'clients{peer="db"} 1', 'clients_waiting{peer="db"} 0',
                   'clients_total{peer="db"} 3', 'clients_refused_total{peer="db"} 1',
                   'clients_cut_off_total{peer="db"} 1',
                   'forwarded_bytes_total{peer="db",direction="to_peer"} 3000'):
        assert f"kaguard_{sample}\n" in text
    first.close()
    # A sum never becomes less.
    tunnel.daemon.reload("peers: []")
    assert "kaguard_clients_total 3\n" in ctl.run(tunnel.daemon, "metrics", "--no-per-peer")


def test_many_ends_are_few_records(bench):
    tunnel = Tunnel(bench)
    clients = [tunnel.connect() for _ in range(200)]
    tunnel.peer.await_sessions(200, 20)
    for client in clients:
        tunnel.says_back(client)
    tunnel.peer.abort()
    assert {end_of(client) for client in clients} == {"reset"}
    tunnel.daemon.await_said(r"\d+ more clients were cut off")
    assert len(tunnel.daemon.said("cut off")) < 20


@pytest.mark.parametrize("sessions", (0, 2))
def test_who_lasts_has_the_plan(bench, sessions):
    """Not the first alone, whose values are read back. Those that are soon over need none."""
    here = peers.Peer(bench.lab.client, OTHER)
    tunnel = Tunnel(bench, here, sessions=sessions,
                    address=f"127.0.0.1:{OTHER}", more=", firewall: 350s")
    plan, clients = tunnel.daemon.plan("db"), []
    for _ in range(5):
        clients.append(tunnel.connect())
        tunnel.says_back(clients[-1])

    def all_have_it():
        legs = tunnel.daemon.held(OTHER)
        return len(legs) == 5 + sessions and all(
            leg.keepalive == 1 and 0 < leg.idle_s <= plan["idle_s"] and
            leg.interval_s == plan["interval_s"] and leg.count == plan["count"] for leg in legs)

    witness.await_look(all_have_it, 10, "the plan on all sockets of the peer")
    here.stop()


def test_a_client_that_vanishes_is_noticed(bench):
    """Without FIN: its kernel is asked, and does not answer."""
    tunnel = Tunnel(bench, listen=f"0.0.0.0:{LISTEN}")
    client = bench.lab.router.connect((netlab.CLIENT4, LISTEN))
    client.settimeout(5)
    tunnel.says_back(client)
    local, = [held for held in tunnel.daemon.held() if held.local[1] == LISTEN]
    assert (local.keepalive, local.idle_s, local.interval_s, local.count) == (1, 60, 10, 6)
    assert local.user_timeout_ms == 120000
    client.close()


def test_slow_readers_hold_up_nobody(bench):
    """A client that sends and never reads, and a server that does the same: for longer than anything
    may be unacknowledged (2 s + 3 x 1 s) nothing ends, and nobody else is held up."""
    talker = bench.peer(OTHER, peers.Talker)
    tunnel = Tunnel(bench, tail=f'  - {{name: talker, address: "{netlab.SERVER4}:{OTHER}", '
                                f'listen: "127.0.0.1:{LISTEN + 1}"}}')
    stuck, other = tunnel.connect(LISTEN + 1), tunnel.connect()
    stuck.setblocking(False)
    quiet = time.monotonic()
    while time.monotonic() - quiet < 1:
        with contextlib.suppress(BlockingIOError):
            stuck.send(b"x" * 65536)
            quiet = time.monotonic()
    deadline = time.monotonic() + 12
    while time.monotonic() < deadline:
        tunnel.says_back(other)
    stuck.settimeout(20)
    lines = receive(stuck, 64 << 20)
    assert len(lines) == 64 << 20
    line = talker.BLOCK[:talker.BLOCK.index(b"\n") + 1]
    assert lines[:len(lines) // len(line) * len(line)].replace(line, b"") == b""
    assert not tunnel.daemon.said("cut off")
    stuck.close()


def test_a_flood_disturbs_nobody(bench):
    """Clients by the thousand, of which most are too many."""
    held = bench.peer(OTHER)
    tunnel = Tunnel(bench, more=", max_clients: 100",
                    tail=f'  - {{name: held, address: "{netlab.SERVER4}:{OTHER}", sessions: 5}}')
    tunnel.daemon.await_up(5)
    sessions = held.await_sessions(5, 5)
    clients, refused = [], 0
    for _ in range(3000):
        client = bench.lab.client.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", LISTEN))
        clients.append(client)
    tunnel.peer.await_sessions(100, 20)
    for client in clients:
        client.settimeout(20)
        try:
            client.sendall(b"x")
            refused += client.recv(1) != b"x"
        except ConnectionError:
            refused += 1
    assert refused == 2900
    assert held.stays(sessions, 0)
    assert len(tunnel.daemon.said("refuses clients: there are 100 of them")) == 1
    for client in clients:
        client.close()
    tunnel.peer.await_that(lambda: not tunnel.peer.open_sessions(), 10, "end of all")
    with tunnel.connect() as client:
        tunnel.says_back(client)


def test_out_of_descriptors(bench):
    """Taking in pauses, is said once, and goes on by itself; sessions are not touched."""
    tunnel = Tunnel(bench, sessions=2)
    tunnel.daemon.await_up(2)
    limit = max(tunnel.daemon.descriptors()) + 12
    resource.prlimit(tunnel.daemon.pid, resource.RLIMIT_NOFILE, (limit, 4096))
    clients = [tunnel.connect() for _ in range(40)]
    tunnel.daemon.await_said("clients are taken in")
    resource.prlimit(tunnel.daemon.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    for client in clients:
        client.settimeout(20)
        tunnel.says_back(client)
    assert len(tunnel.daemon.said("clients are taken in")) == 1


def test_waits_for_a_peer_that_is_down(bench):
    tunnel = Tunnel(bench, more=", connect_timeout: 6s")
    tunnel.peer.refuse()
    early, lost = tunnel.connect(), tunnel.connect()
    early.sendall(b"early")
    tunnel.daemon.await_said("cannot connect")
    reset(lost)
    tunnel.peer.listen()
    assert receive(early, 5) == b"early"
    tunnel.peer.refuse()
    start = time.monotonic()
    assert end_of(tunnel.connect()) == "reset"
    assert 5 < time.monotonic() - start < 8
    assert len(tunnel.peer.sessions) == 1


def is_refused(tunnel):
    """The reset may come while connect() still looks."""
    with contextlib.suppress(ConnectionResetError):
        return end_of(tunnel.connect()) == "reset"
    return True


@pytest.mark.parametrize("sessions", [0, 1])
def test_refuses_while_the_peer_is_down(bench, sessions):
    tunnel = Tunnel(bench, more=", when_down: refuse", sessions=sessions)
    tunnel.peer.refuse()
    tunnel.peer.abort()
    tunnel.daemon.await_said("cannot connect") if sessions else None
    start = time.monotonic()
    assert is_refused(tunnel)
    assert is_refused(tunnel)
    assert time.monotonic() - start < 4
    tunnel.peer.listen()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError), tunnel.connect() as client:
            tunnel.says_back(client)
            return
    raise AssertionError("it stays refused")


def unix_client(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(str(path))
    return client


def test_unix_socket(bench, tmp_path):
    """With its mode; one that a killed daemon has left is replaced; it goes with the daemon."""
    path = tmp_path / "db"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    tunnel = Tunnel(bench, listen=f"unix:{path}", more=', listen_mode: "0606"')
    assert path.stat().st_mode & 0o777 == 0o606
    with unix_client(path) as client:
        tunnel.says_back(client)
        client.shutdown(socket.SHUT_WR)
        assert end_of(client) == "fin"
    tunnel.daemon.stop()
    assert not path.exists()


def test_a_place_that_is_taken(bench):
    """An error of that peer alone, tried again; and a reload that moves it is in force at once."""
    with bench.lab.client.socket() as squatter:
        squatter.bind(("127.0.0.1", LISTEN))
        squatter.listen()
        peer = bench.peer()
        daemon = bench.guard(config(sessions=1))
        record = daemon.await_said("cannot take in clients at .*somebody else listens there")
        assert record["PRIORITY"] == "3"
        daemon.await_up(1)
        peer.await_sessions(1, 5)
    daemon.await_said("takes in clients", timeout=10)
    client = bench.lab.client.connect(("127.0.0.1", LISTEN))
    client.settimeout(5)
    daemon.reload(config(listen=f"127.0.0.1:{LISTEN + 1}", sessions=1))
    with pytest.raises(ConnectionRefusedError):
        bench.lab.client.connect(("127.0.0.1", LISTEN))
    client.sendall(b"goes on")
    assert receive(client, 7) == b"goes on"
    second = bench.lab.client.connect(("127.0.0.1", LISTEN + 1))
    second.settimeout(5)
    second.sendall(b"too")
    assert receive(second, 3) == b"too"


@pytest.mark.parametrize("listen, why", [
    ("192.0.2.7:1", "this host does not have that address"),
    ("unix:/nowhere/at/all", "No such file or directory"),
    ("systemd:db", "the service manager has handed over no socket of that name"),
])
def test_places_that_cannot_be(bench, listen, why):
    bench.peer()
    daemon = bench.guard(config(listen=listen, sessions=1))
    daemon.await_said(f"cannot take in clients at {listen}: {why}")
    daemon.await_up(1)
    assert len(daemon.said("cannot take in")) == 1
    assert 'kaguard_tunnels_deaf{peer="db"} 1\n' in ctl.run(daemon, "metrics")


def test_a_peer_that_is_removed_takes_its_clients_with_it(bench):
    tunnel = Tunnel(bench)
    client = tunnel.connect()
    tunnel.says_back(client)
    tunnel.daemon.reload("peers: []")
    assert end_of(client) == "fin"
    tunnel.peer.await_that(lambda: not tunnel.peer.open_sessions(), 5, "end")


def test_stopping_ends_clients_in_order(bench):
    tunnel = Tunnel(bench, sessions=1)
    client = tunnel.connect()
    tunnel.says_back(client)
    assert tunnel.daemon.stop()[0] == 0
    assert end_of(client) == "fin"
    assert {session.end for session in tunnel.peer.sessions} <= {"fin", None}
