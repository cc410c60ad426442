# SPDX-License-Identifier: ISC
"""Tunnels outlive their daemon: not a byte is lost, whenever it is killed."""
import contextlib
import hashlib
import os
import random
import signal
import socket
import struct
import threading
import time

import pytest

from test_handover import Handover

PORT, LISTEN = 7001, 15432
KILLS = int(os.environ.get("KAGUARD_KILLS", "200"))
STREAMS = 4
LISTENER, CLIENT, CARRIER, PIPE = range(1, 5)  # enum parktable_kind


class Stream:
    """One end of a connection: sends random bytes until it is told to end, and reads all that
    comes, in pieces of random size; with a sum of each."""

    def __init__(self, sock, seed, slow=False):
        self.sock, self.slow = sock, slow
        self.random = random.Random(seed)
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.count = [0, 0]
        self.trouble = None
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=self._guarded, args=(run,), daemon=True)
                        for run in (self._send, self._receive)]
        for thread in self.threads:
            thread.start()

    def _guarded(self, run):
        try:
            run(random.Random(self.random.random()))
        except OSError as error:
            self.trouble = error

    def _send(self, rng):
        while not self.enough.is_set():
            block = rng.randbytes(rng.choice((1, 100, 5000, 200000)))
            self.sock.sendall(block)
            self.sent.update(block)
            self.count[0] += len(block)
            if rng.random() < 0.02:
                self.enough.wait(0.02)  # an idle moment
        self.sock.shutdown(socket.SHUT_WR)

    def _receive(self, rng):
        while block := self.sock.recv(rng.choice((1, 1000, 300000))):
            self.received.update(block)
            self.count[1] += len(block)
            if self.slow and rng.random() < 0.01:
                time.sleep(0.01)  # the pipes fill up

    def finish(self):
        self.enough.set()

    def join(self):
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()
        self.sock.close()


class Server(threading.Thread):
    def __init__(self, netns):
        super().__init__(daemon=True)
        self.listener = netns.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", PORT))
        self.listener.listen(100)
        self.accepted = []
        self.changed = threading.Condition()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                with self.changed:
                    self.accepted.append(sock)
                    self.changed.notify_all()

    def await_accepted(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.accepted) >= count, 10)
            return self.accepted[count - 1]

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


class TunnelHandover(Handover):
    def __init__(self, directory, listen=f"127.0.0.1:{LISTEN}"):
        self._listen = listen
        super().__init__(directory)
        self.peer.stop()
        self.server = Server(self.netns)

    def configure(self, sessions=0, more=""):
        (self._directory / "kaguard.yaml").write_text(
            "log: {level: debug}\n"
            f"peers: [{{name: hq, address: \"127.0.0.1:{PORT}\", sessions: 0, "
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
        """Until so many clients are kept, and no more."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            kinds = self.kinds()
            if kinds[CLIENT] == kinds[CARRIER] == clients:
                return
            time.sleep(0.02)
        raise AssertionError(self.kinds())

    def kinds(self):
        """How many of each kind the table has: listeners, clients, carriers, pipes."""
        name = next((n for n in self.manager.stored if "table" in n), None)
        counts = dict.fromkeys((LISTENER, CLIENT, CARRIER, PIPE), 0)
        if name is None:
            return counts
        fd = self.manager.stored[name]
        table = os.pread(fd, os.fstat(fd).st_size, 0)
        size, = struct.unpack_from("=I", table, 12)
        for at in range(64 + 8 + size, len(table), size):
            entry = table[at + 8:at + size]
            kind, = struct.unpack_from("=I", entry, 208)
            if entry[132:133] not in (b"", b"\0") and kind:
                counts[kind] += 1
        return counts

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
        for one in [end for pair in streams for end in pair]:
            one.finish()
        for client, served in streams:
            client.join()
            served.join()
            assert not client.trouble and not served.trouble
            assert client.sent.digest() == served.received.digest(), (client.count, served.count)
            assert served.sent.digest() == client.received.digest(), (client.count, served.count)
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
