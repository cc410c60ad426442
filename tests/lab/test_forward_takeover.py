# SPDX-License-Identifier: ISC
"""What becomes of tunnels where the daemon ends at a bad moment, or the next one wants something
else."""
import array
import contextlib
import os
import signal
import socket
import stat
import struct
import threading
import time

import pytest

import guard
import witness
from streams import Server, await_kept, kept_kinds
from test_forward_handover import LISTEN, PORT, TunnelHandover, pairs

PIPE = 4  # enum parktable_kind


@pytest.fixture
def tunnel(tmp_path):
    with contextlib.closing(TunnelHandover(tmp_path)) as whole:
        yield whole


def stuff(sock):
    """Send until nothing goes any more. Returns how much."""
    sock.setblocking(False)
    sent, quiet = 0, time.monotonic()
    while time.monotonic() - quiet < 0.5:
        with contextlib.suppress(BlockingIOError):
            sent += sock.send(bytes(65536))
            quiet = time.monotonic()
    sock.settimeout(None)
    return sent


def end_of(sock):
    sock.settimeout(10)
    try:
        while sock.recv(1 << 20):
            pass
        return "fin"
    except ConnectionResetError:
        return "reset"


def count(sock, size):
    """Reads so much, or less if it ends before."""
    sock.settimeout(10)
    got = 0
    while got < size and (block := sock.recv(1 << 20)):
        got += len(block)
    return got


def test_a_socket_under_two_numbers(tunnel):
    """A session that was held ahead goes to a client, and its shelf has not been filled anew when the
    daemon ends: the older number is nobody's, and the socket is a client's."""
    tunnel.configure(sessions=1)
    tunnel.start()
    tunnel.server.await_accepted(1)
    tunnel.manager.keeps = True
    client = tunnel.connect()
    client.sendall(b"first")
    served = tunnel.server.await_accepted(1)
    assert served.recv(10) == b"first"
    tunnel.await_parked(1)
    tunnel.end(signal.SIGKILL)
    assert "took over 1 of 1 client of tunnels" in tunnel.start()
    client.sendall(b"second")
    served.settimeout(5)
    assert served.recv(10) == b"second"
    served.sendall(b"third")
    assert client.recv(10) == b"third"


def without_pipes(shelf):
    """Another shelf, with its sockets only."""
    kept = []
    shelf.setsockopt(socket.SOL_SOCKET, 42, 0)  # SO_PEEK_OFF
    with contextlib.suppress(BlockingIOError):
        while True:
            shelf.setblocking(False)
            data, control, _, _ = shelf.recvmsg(1 << 16, 1 << 12, socket.MSG_PEEK)
            if not data:
                break
            fds = array.array("i")
            for _, _, payload in control:
                fds.frombytes(payload[:len(payload) // 4 * 4])
            for i, fd in enumerate(fds):
                life, slot, _ = struct.unpack_from("=QII", data, 8 + 16 * i)
                if stat.S_ISSOCK(os.fstat(fd).st_mode):
                    kept.append((life, slot, fd))
                else:
                    os.close(fd)
    mine, stored = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    labels = b"".join(struct.pack("=QII", life, slot, 0) for life, slot, _ in kept)
    mine.sendmsg([b"kgS1" + struct.pack("=I", len(kept)) + labels],
                 [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [k[2] for k in kept]))])
    for _, _, fd in kept:
        os.close(fd)
    return mine, stored


@pytest.mark.parametrize("lost", ["the pipe", "the owners"])
def test_nobody_goes_on_with_a_hole(tunnel, lost):
    """A client whose bytes were lost with a pipe is cut off, and sees it; another one goes on."""
    tunnel.start()
    (client, served), (other, other_served) = pairs(tunnel, 2)
    stuff(client)
    tunnel.await_parked(2)
    assert (PIPE, False) in kept_kinds(tunnel.daemon.pid)
    tunnel.end(signal.SIGKILL)
    stored = dict(tunnel.manager.stored)
    if lost == "the owners":
        handed = {name: fd for name, fd in stored.items() if not name.startswith("kg-pipes-")}
        said = tunnel.start(handed)
        assert "warning: 2 clients are cut off" in said
    else:
        with contextlib.ExitStack() as stack:
            for name, fd in stored.items():
                if name.startswith("kg-shelf-"):
                    with socket.socket(fileno=os.dup(fd)) as shelf:
                        mine, copy = without_pipes(shelf)
                    stack.enter_context(mine)
                    stored[name] = stack.enter_context(copy).fileno()
            said = tunnel.start(stored)
        assert "warning: 1 client is cut off" in said
        assert "took over 1 of 2 clients of tunnels" in said
        other.sendall(b"on")
        assert other_served.recv(10) == b"on"
    assert end_of(client) == end_of(served) == "reset"


def test_what_was_in_a_pipe_goes_on(tunnel):
    """As often as need be, and as much as a large pipe takes."""
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    sent = stuff(client)
    tunnel.await_parked(1)
    for _ in range(3):
        tunnel.end(signal.SIGKILL)
        assert "took over 1 of 1 client of tunnels" in tunnel.start()
    assert count(served, sent) == sent
    client.sendall(b"more")
    assert served.recv(10) == b"more"


def test_an_end_that_came_meanwhile(tunnel):
    """A client that has gone takes its peer with it, FIN as FIN and RST as RST."""
    tunnel.start()
    (polite, polite_served), (rude, rude_served) = pairs(tunnel, 2)
    tunnel.await_parked(2)
    tunnel.end(signal.SIGKILL)
    polite.sendall(b"bye")
    polite.close()
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    rude.close()
    assert "took over 2 of 2" in tunnel.start()
    assert count(polite_served, 10) == 3
    assert end_of(rude_served) == "reset"
    polite_served.close()
    tunnel.await_parked(0)


def test_a_restart_loses_no_client(tunnel):
    """The young go on, and so do those that wait for a session."""
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    tunnel.server.stop()
    waiting = tunnel.connect()
    waiting.sendall(b"early")
    assert tunnel.end(signal.SIGUSR2) == 0
    said = tunnel.start()
    assert "took over 2 of 2 clients of tunnels" in said and "warning" not in said
    client.sendall(b"young")
    assert served.recv(10) == b"young"
    tunnel.server = Server(tunnel.netns, PORT)
    late = tunnel.server.await_accepted(1)
    assert late.recv(10) == b"early"
    late.sendall(b"well")
    assert waiting.recv(10) == b"well"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
def test_nobody_is_refused(tunnel, number):
    """Clients come all the time, while the daemon ends and begins anew."""
    tunnel.start()
    refused, clients, enough = [], [], threading.Event()

    def come():
        while not enough.wait(0.002):
            try:
                clients.append(tunnel.connect())
            except OSError as error:
                refused.append(error)
    thread = threading.Thread(target=come)
    thread.start()
    try:
        for _ in range(5):
            before = len(clients)
            tunnel.end(number)
            witness.await_look(lambda: len(clients) > before + 5, 5, "clients meanwhile")
            tunnel.start()
    finally:
        enough.set()
        thread.join()
    assert not refused
    # All of them go on, if it is a restart; otherwise those that came last.
    last = clients if number == signal.SIGUSR2 else clients[-3:]
    for client in last:
        client.sendall(b"x")

    def served():
        return sum(has_x(sock) for sock in list(tunnel.server.accepted))
    witness.await_look(lambda: served() == len(last), 10, "what all have sent")
    for client in clients:
        client.close()


def has_x(sock):
    with contextlib.suppress(OSError):
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"x"
    return False


def test_a_slow_reader_keeps_its_patience(tunnel):
    """A window that is closed is no silence, whichever daemon looks: here 5 s would be too long."""
    tunnel.configure(more=", keepalive: {idle: 2s, interval: 1s, count: 3}")
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    def patience():
        return [held.user_timeout_ms for held in guard.held_by(tunnel.daemon.pid, PORT)]
    usual = witness.await_look(lambda: [p for p in patience() if 0 < p < 10000], 5,
                               "the plan's patience")
    sent = stuff(client)
    tunnel.await_parked(1)
    witness.await_look(lambda: patience() == [0], 5, "a closed window")
    tunnel.end(signal.SIGKILL)
    said = tunnel.start()
    assert "took over 1 of 1" in said
    assert patience() == [0]
    assert count(served, sent) == sent
    witness.await_look(lambda: patience() == usual, 5, "an open window")


def test_the_mode_of_today(tmp_path):
    """A place that is taken over is as the configuration wants it now."""
    path = tmp_path / "db"
    with contextlib.closing(TunnelHandover(tmp_path, f"unix:{path}")) as tunnel:
        tunnel.configure(more=', listen_mode: "0600"')
        tunnel.start()
        inode = path.stat().st_ino
        assert path.stat().st_mode & 0o777 == 0o600
        tunnel.end(signal.SIGKILL)
        tunnel.configure(more=', listen_mode: "0660", listen_group: daemon')
        assert "takes in clients" in tunnel.start()
        there = path.stat()
        assert (there.st_ino, there.st_mode & 0o777, there.st_gid) == (inode, 0o660, 1)
        tunnel.end(signal.SIGKILL)
        tunnel.configure(more=', listen_mode: "0660"')
        tunnel.start()
        assert path.stat().st_gid == os.getegid()
        tunnel.connect().close()


def test_another_name(tunnel):
    """The place stays open for those who come, whatever its peer is called."""
    tunnel.start()
    tunnel.end(signal.SIGKILL)
    early = tunnel.connect()
    early.sendall(b"early")
    file = tunnel._directory / "kaguard.yaml"
    file.write_text(file.read_text().replace("name: hq", "name: headquarters"))
    said = tunnel.start()
    assert f"headquarters: takes in clients at 127.0.0.1:{LISTEN}" in said
    assert "warning" not in said and "error" not in said
    assert tunnel.server.await_accepted(1).recv(10) == b"early"


def test_fewer_clients_than_there_are(tunnel):
    """Those that are there go on; one more is too many until some have gone."""
    tunnel.start()
    clients = pairs(tunnel, 3)
    tunnel.await_parked(3)
    tunnel.end(signal.SIGKILL)
    tunnel.configure(more=", max_clients: 2")
    assert "took over 3 of 3" in tunnel.start()
    with contextlib.suppress(ConnectionResetError):  # it may come while connect() still looks
        assert end_of(tunnel.connect()) == "reset"
    for client, served in clients:
        client.sendall(b"on")
        assert served.recv(10) == b"on"
    for ends in clients[:2]:
        for sock in ends:
            sock.close()
    await_kept(tunnel.daemon.pid, 1)
    tunnel.connect().sendall(b"new")
    assert tunnel.server.await_accepted(4).recv(10) == b"new"


def test_a_table_that_is_damaged(tunnel):
    """Nothing goes on, everybody sees an end, and there are new ones at once."""
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    stuff(client)
    tunnel.await_parked(1)
    tunnel.end(signal.SIGKILL)
    table, = (fd for name, fd in tunnel.manager.stored.items() if name.startswith("kg-table-"))
    os.pwrite(table, b"\xff" * 4096, 0)
    said = tunnel.start()
    assert "what was known of the sessions cannot be used" in said
    for sock in (client, served):
        assert end_of(sock) in ("fin", "reset")
    new = tunnel.connect()
    new.sendall(b"new")
    assert tunnel.server.await_accepted(2).recv(10) == b"new"
