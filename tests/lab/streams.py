# SPDX-License-Identifier: ISC
"""Random bytes both ways, and sums that show whether all have come."""
import contextlib
import hashlib
import os
import random
import socket
import struct
import threading
import time


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
    """Accepts, and leaves it to others what becomes of it."""

    def __init__(self, netns, port):
        super().__init__(daemon=True)
        self.listener = netns.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
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


def assert_equal_sums(client, served):
    """Both ends are done, and have received what the other has sent."""
    for end in (client, served):
        end.finish()
    for end in (client, served):
        end.join()
        assert not end.trouble
    assert client.sent.digest() == served.received.digest(), (client.count, served.count)
    assert served.sent.digest() == client.received.digest(), (client.count, served.count)


CLIENT = 2  # enum parktable_kind


def kept_kinds(pid):
    """Of what the daemon's table of the parked has: the kind of each entry, and whether there is a
    second socket to it."""
    directory = f"/proc/{pid}/fd"
    path = next(f"{directory}/{fd}" for fd in os.listdir(directory)
                if "memfd:kaguard-sessions" in os.readlink(f"{directory}/{fd}"))
    with open(path, "rb") as memory:
        table = memory.read()
    size, = struct.unpack_from("=I", table, 12)
    kinds = []
    for at in range(64 + 8 + size, len(table), size):  # the header, the record, and then slots
        entry = table[at + 8:at + size]
        if entry[132]:  # the name of a peer: it is not free
            partner, kind = struct.unpack_from("=QI", entry, 200)
            kinds.append((kind, partner != 0))
    return kinds


def await_kept(pid, clients):
    """Until the daemon keeps so many clients, and no more."""
    deadline = time.monotonic() + 10
    while (kinds := kept_kinds(pid)).count((CLIENT, True)) != clients or len(kinds) < clients:
        assert time.monotonic() < deadline, kinds
        time.sleep(0.02)
