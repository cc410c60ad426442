# SPDX-License-Identifier: ISC
"""What stands around a daemon whose calls fail: peers on the loopback, a service manager, one who asks."""
import contextlib
import ctypes
import json
import os
import random
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time

FIRST_FD = 3  # SD_LISTEN_FDS_START
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class Broken(Exception):
    """What kaguard promises was not kept."""


def die_with_parent():
    """Nothing is left behind by a harness that is killed."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Echo:
    """A peer: says what it is told, to each as fast as that one listens."""

    def __init__(self, host):
        self._listener = socket.create_server((host, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.beats = 0
        self._held = {}
        self._unsaid = {}  # fd -> what is still to be said; None: nothing more
        self._wake, self._wakened = socket.socketpair()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            with self._lock:
                watched = [self._listener, self._wakened,
                           *(s for n, s in self._held.items() if not self._unsaid[n])]
                owing = [s for n, s in self._held.items() if self._unsaid[n]]
            readable, writable, _ = select.select(watched, owing, [])
            for sock in readable + writable:
                if sock is self._wakened:
                    if not sock.recv(16).strip(b"."):
                        continue
                    return
                if sock is self._listener:
                    taken = sock.accept()[0]
                    taken.setblocking(False)
                    with self._lock:
                        self._held[taken.fileno()] = taken
                        self._unsaid[taken.fileno()] = b""
                else:
                    self._answer(sock)

    def _answer(self, sock):
        number = sock.fileno()
        with self._lock:
            words = self._unsaid[number]
            try:
                if words == b"":
                    words = sock.recv(65536)
                    self.beats += b"PING" in words
                if words:
                    self._unsaid[number] = words
                    self._unsaid[number] = words[sock.send(words):]
                    return
            except BlockingIOError:
                return
            except OSError:
                pass
            del self._held[number], self._unsaid[number]
            sock.close()

    def speak(self):
        """To all, unasked."""
        with self._lock, contextlib.suppress(OSError):
            for sock in self._held.values():
                sock.send(b"!")

    def end_all(self, *, reset):
        """All connections, by a reset or in order."""
        with self._lock:
            for number, sock in self._held.items():
                self._unsaid[number] = None
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", reset, 0))
                # To wake the thread, which closes it: a close() it would not see.
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RD)

    def close(self):
        self._wake.send(b"x")
        self._thread.join()
        for sock in [self._listener, self._wake, self._wakened, *self._held.values()]:
            sock.close()


PATTERN = random.Random(1).randbytes(65521)  # a prime: no two places of a stream look the same


class Client:
    """Of a tunnel to an Echo. What comes back is what it has sent, byte for byte, or nothing more."""

    def __init__(self, family, address):
        self.sent = self.got = 0
        self.ended = None  # "reset", or "closed": in order
        self.is_tcp = family != socket.AF_UNIX  # others cannot be reset
        self._socket = socket.socket(family)
        self._socket.settimeout(2)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self._socket.connect(address)
        self._socket.setblocking(False)

    def close(self):
        self._socket.close()

    def fill(self, upto):
        """Send as much, or as fits into whatever is on the way; nothing is read."""
        with contextlib.suppress(OSError):
            while self.sent < upto and select.select([], [self._socket], [], 0.2)[1]:
                self.send(upto)

    def send(self, upto):
        """As much as there is room for."""
        with contextlib.suppress(BlockingIOError):
            while self.sent < upto:
                at = self.sent % len(PATTERN)
                self.sent += self._socket.send(PATTERN[at:at + upto - self.sent])

    def _receive(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self._socket.recv(65536)
                at = self.got % len(PATTERN)
                if data != (PATTERN[at:] + PATTERN * 2)[:len(data)]:
                    raise Broken(f"what came back after {self.got} bytes is not what was sent")
                self.got += len(data)
                if not data:
                    self.ended = "closed"
                    return

    def exchange(self, upto):
        """A step towards so many bytes there and back. Whether they are, or none will be any more."""
        select.select([self._socket], [self._socket] if self.sent < upto else [], [], 0.05)
        try:
            self.send(upto)
            self._receive()
        except OSError:
            self.ended = "reset"
        return self.got == upto or self.ended is not None


class Manager:
    """As systemd: takes notes, keeps descriptors, and has a socket of its own to hand over."""

    def __init__(self, path):
        self.path = path
        self.notes = []
        self.store = []  # (name, fd)
        self.activated = socket.socket(socket.AF_UNIX)
        self.activated.bind(path + "-handed")
        self.activated.listen()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._caught_up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            data, fds, _, _ = socket.recv_fds(self._socket, 65536, 4)
            if data == b"QUIT":
                return
            if data == b"HERE":
                self._caught_up.set()
                continue
            lines = data.decode().splitlines()
            name = next((line[7:] for line in lines if line.startswith("FDNAME=")), "")
            if "FDSTOREREMOVE=1" in lines:
                for kept in [kept for kept in self.store if kept[0] == name]:
                    self.store.remove(kept)
                    os.close(kept[1])
            for fd in fds:
                os.set_inheritable(fd, False)  # recv_fds() does not pass MSG_CMSG_CLOEXEC on
                self._keep(name, fd)
            self.notes += lines

    def _keep(self, name, fd):
        """What is in the store already it does not keep twice (same_fd() in service_add_fd_store())."""
        if any(os.path.sameopenfile(fd, kept) for _, kept in self.store):
            os.close(fd)
        else:
            self.store.append((name, fd))

    def _say(self, word):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(word, self.path)

    def catch_up(self):
        """Until all is read that a daemon has said: notes come before its end (manager_setup_notify()
        and manager_setup_sigchld_event_source() in src/core/manager.c)."""
        self._caught_up.clear()
        self._say(b"HERE")
        self._caught_up.wait()

    def close(self):
        self._say(b"QUIT")
        self._thread.join()
        self._socket.close()
        self.activated.close()
        for _, fd in self.store:
            os.close(fd)


class Daemon:
    """One life of kaguard, with what the one before it has left in the store."""

    def __init__(self, program, directory, manager, environment):
        self.log = os.path.join(directory, "log")
        self.begins = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        manager.catch_up()
        store = [*manager.store, ("handed", manager.activated.fileno())]
        manager.notes.clear()
        with open(self.log, "ab") as log:
            stat = os.fstat(log.fileno())
            own = {"NOTIFY_SOCKET": manager.path, "LISTEN_FDS": str(len(store)),
                   "LISTEN_FDNAMES": ":".join(name for name, _ in store), "WATCHDOG_USEC": "3000000",
                   "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}",
                   "STATE_DIRECTORY": os.path.join(directory, "state"),
                   "LSAN_OPTIONS": "print_suppressions=0:suppressions=" + os.path.join(
                       os.path.dirname(os.path.abspath(__file__)), "lsan.supp")}

            def hand_over():
                die_with_parent()
                high = [os.dup2(fd, 100 + i) for i, (_, fd) in enumerate(store)]
                for i, fd in enumerate(high):
                    os.dup2(fd, FIRST_FD + i)
                    os.close(fd)

            self.process = subprocess.Popen(
                ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", program, "-c",
                 os.path.join(directory, "kaguard.yaml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                preexec_fn=hand_over, env=os.environ | own | environment)

    def words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self.begins)
            return log.read()

    def descriptors(self):
        """How many of each kind are open."""
        kinds = {}
        folder = f"/proc/{self.process.pid}/fd"
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                kind = re.sub(r"^(socket|pipe):.*|^/.*/(log|trace)\d*$|^/memfd:(\S*).*",
                              r"\1\2\3",
                              os.readlink(f"{folder}/{name}"))
                kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def is_idle(self):
        """That it does not spin: of a fifth of a second it needs less than half."""
        def used():
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
                return sum(int(ticks) for ticks in stat.read().rpartition(")")[2].split()[11:13])
        before = used()
        time.sleep(0.2)
        return used() - before < os.sysconf("SC_CLK_TCK") / 10

    def check_end(self, allowed):
        """It has ended, or does so soon: in a documented way, and with a reason."""
        try:
            status = self.process.wait(30)  # the sanitizers take their time
        except subprocess.TimeoutExpired:
            self.process.send_signal(6)
            self.process.wait()
            raise Broken("hangs at its end") from None
        words = self.words()
        if re.search(r"Sanitizer|runtime error", words):
            said = words.splitlines()
            first = next(i for i, line in enumerate(said) if re.search(r"Sanitizer|runtime error", line))
            raise Broken("\n    ".join([f"sanitizer, status {status}", *said[first:first + 40]]))
        if status not in allowed:
            raise Broken(f"ended with status {status}")
        if status > 0 and not re.search(r"cannot|error", words):
            raise Broken(f"ended with status {status} and no reason")
        return status


def follow(path):
    """One who reads what happens, and goes on with that."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(3)
    sock.connect(path)
    sock.sendall(b'{"method": "io.kaguard.Events", "more": true}\0')
    return sock


def call(path, method, parameters=None, timeout=3):
    """One Varlink call: the parameters of its first reply."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout)
        sock.connect(path)
        sock.sendall(json.dumps({"method": f"io.kaguard.{method}",
                                 "parameters": parameters or {}}).encode() + b"\0")
        data = b""
        while not data.endswith(b"\0"):
            more = sock.recv(65536)
            if not more:
                raise ConnectionError("no reply")
            data += more
    reply = json.loads(data.split(b"\0")[0])
    if "error" in reply:
        raise ConnectionError(reply["error"])
    return reply["parameters"]


def until(what, condition, seconds=10):
    """Its value, once that is true. What the sockets throw meanwhile is an answer that did not come."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError, KeyError):
            value = condition()
            if value:
                return value
        if time.monotonic() > end:
            raise Broken(f"not within {seconds} s: {what}")
        time.sleep(0.01)
