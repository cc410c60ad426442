# SPDX-License-Identifier: ISC
"""Tunnels outlive their daemon: not a byte is lost, whenever it is killed."""
import contextlib
import os
import random
import signal
import socket
import threading
import time

import pytest

from streams import Server, Stream, assert_equal_sums, await_kept
from test_handover import Handover

PORT, LISTEN = 7001, 15432
KILLS = int(os.environ.get("KAGUARD_KILLS", "200"))
STREAMS = 4


class TunnelHandover(Handover):
    def __init__(self, directory, listen=f"127.0.0.1:{LISTEN}"):
        self._listen = listen
        super().__init__(directory)
        self.configure()
        self.peer.stop()
        self.server = Server(self.netns, PORT)

    def configure(self, sessions=0, more=""):
        (self._directory / "kaguard.yaml").write_text(
            "log: {level: debug}\n"
            f"peers: [{{name: hq, address: \"127.0.0.1:{PORT}\", sessions: {sessions}, "
            f"listen: \"{self._listen}\"{more}}}]\n"
            f"control: {{socket: {self._directory}/control}}\n")

    def connect(self):
        if self._listen.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.connect(self._listen.removeprefix("unix:"))
        else:
            client = self.netns.connect(("127.0.0.1", LISTEN))
        client.settimeout(None)
        return client

    def start(self, *arguments, **keywords):
        said = super().start(*arguments, **keywords)
        # Nobody reads its lines otherwise, and a pipe takes only so many.
        self.reader = threading.Thread(target=self.daemon.stderr.read, daemon=True)
        self.reader.start()
        return said

    def end(self, number):
        self.daemon.send_signal(number)
        code = self.daemon.wait(10)
        self.reader.join()
        self.daemon.stderr.close()
        self.daemon = None
        return code

    def await_parked(self, clients):
        await_kept(self.daemon.pid, clients)

    def close(self):
        self.server.stop()
        self.peer.stop = lambda: None
        super().close()


@pytest.fixture
def tunnel(tmp_path):
    with contextlib.closing(TunnelHandover(tmp_path)) as whole:
        yield whole


def pairs(tunnel, count):
    """Clients, and what the server has of each."""
    made = []
    for i in range(count):
        client = tunnel.connect()
        made.append((client, tunnel.server.await_accepted(i + 1)))
    return made


@pytest.mark.parametrize("how", ["tcp", "unix"])
def test_not_a_byte_is_lost(tmp_path, how):
    """Bulk both ways, killed at any instruction."""
    rng = random.Random(os.environ.get("KAGUARD_SEED", "20261122") + how)
    listen = f"unix:{tmp_path}/db" if how == "unix" else f"127.0.0.1:{LISTEN}"
    with contextlib.closing(TunnelHandover(tmp_path, listen)) as tunnel:
        tunnel.start()
        streams = []
        for i, (client, served) in enumerate(pairs(tunnel, STREAMS)):
            streams += [(Stream(client, f"{i}c", slow=i == 1), Stream(served, f"{i}s", slow=i == 2))]
        tunnel.await_parked(STREAMS)
        for _ in range(KILLS):
            time.sleep(rng.random() * 0.05)
            tunnel.end(signal.SIGKILL)
            said = tunnel.start()
            assert f"took over {STREAMS} of {STREAMS} clients of tunnels" in said
            assert "warning" not in said
        for client, served in streams:
            client.finish()
            served.finish()
        for client, served in streams:
            assert_equal_sums(client, served)
        moved = sum(sum(client.count) for client, _ in streams)
        print(f"{how}: {KILLS} kills, {moved / 1e9:.2f} GB, {2 * STREAMS} sums equal, no reset")
        assert tunnel.end(signal.SIGTERM) == 0
        tunnel.manager.await_stored(0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
def test_nobody_is_refused_meanwhile(tunnel, number):
    """Clients that come while there is no daemon wait for the next one; those that are carried say
    nothing, and go on."""
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    tunnel.await_parked(1)
    tunnel.end(number)
    early = tunnel.connect()
    early.sendall(b"early")
    client.sendall(b"also")
    said = tunnel.start()
    assert "took over 1 of 1 client of tunnels" in said
    assert "somebody else listens there" not in said
    assert served.recv(10) == b"also"
    assert tunnel.server.await_accepted(2).recv(10) == b"early"
    client.close()
    assert served.recv(10) == b""


def test_half_closed_goes_on(tunnel):
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    client.sendall(b"ask")
    client.shutdown(socket.SHUT_WR)
    assert served.recv(10) == b"ask" and served.recv(10) == b""
    tunnel.await_parked(1)
    tunnel.end(signal.SIGKILL)
    tunnel.start()
    served.sendall(b"answer")
    served.close()
    assert client.recv(10) == b"answer" and client.recv(10) == b""
    tunnel.await_parked(0)


def test_young_ones_end_with_the_daemon(tunnel):
    """Within the first second a connection is not kept; it ends, and does not hang."""
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    tunnel.end(signal.SIGKILL)
    tunnel.start()
    for sock in (client, served):
        sock.settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(10) == b""


def test_what_is_not_wanted_any_more_is_ended(tunnel):
    tunnel.start()
    (client, served), = pairs(tunnel, 1)
    tunnel.await_parked(1)
    tunnel.end(signal.SIGKILL)
    (tunnel._directory / "kaguard.yaml").write_text("peers: []\n")
    said = tunnel.start()
    assert "took over 0 of 1 client of tunnels" in said
    for sock in (client, served):
        sock.settimeout(5)
        with pytest.raises(ConnectionResetError):
            sock.recv(10)
    with pytest.raises(ConnectionRefusedError):
        tunnel.connect()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
def test_socket_of_the_service_manager(tmp_path, number):
    """It hands the socket over at each start, stays its owner, and what else listens is left alone."""
    with contextlib.closing(TunnelHandover(tmp_path, "systemd:db")) as tunnel:
        with tunnel.netns.socket() as listener, tunnel.netns.socket() as other:
            listener.bind(("127.0.0.1", LISTEN))
            other.bind(("127.0.0.1", LISTEN + 1))
            for sock in (listener, other):
                sock.listen()
            handed = {"db": listener.fileno(), "web": other.fileno()}
            said = tunnel.start(handed)
            assert "warning" not in said and "takes in clients at systemd:db" in said
            (client, served), = pairs(tunnel, 1)
            tunnel.await_parked(1)
            tunnel.end(number)
            said = tunnel.start({**tunnel.manager.stored, **handed})
            assert "took over 1 of 1 client of tunnels" in said
            client.sendall(b"on")
            assert served.recv(2) == b"on"
            second = tunnel.connect()
            second.sendall(b"too")
            assert tunnel.server.await_accepted(2).recv(3) == b"too"
            tunnel.end(signal.SIGTERM)
            tunnel.netns.connect(("127.0.0.1", LISTEN)).close()  # it listens still
