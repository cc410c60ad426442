# SPDX-License-Identifier: ISC
"""The daemon under test, run inside a namespace; its words and its sockets."""
import contextlib
import ctypes
import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

SYS_PIDFD_GETFD = 438  # the same on every architecture: asm-generic/unistd.h
TCP_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", 18)

_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Held:
    """A connected TCP socket of the daemon, read with getsockopt(2) on the socket itself."""
    local: tuple
    remote: tuple
    keepalive: int
    idle_s: int
    interval_s: int
    count: int
    user_timeout_ms: int

    @classmethod
    def read(cls, sock):
        def option(name):
            return sock.getsockopt(socket.IPPROTO_TCP, name)
        return cls(sock.getsockname()[:2], sock.getpeername()[:2],
                   sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                   option(socket.TCP_KEEPIDLE), option(socket.TCP_KEEPINTVL),
                   option(socket.TCP_KEEPCNT), option(TCP_USER_TIMEOUT))


class Daemon:
    """kaguard in the foreground, with us for its service manager and its journal."""

    def __init__(self, program, netns, directory, config, wrapper=()):
        self.file = directory / "kaguard.yaml"
        self.directory = directory
        self.write(config)
        self.lines, self.notes = [], []  # what it wrote to stderr; what it told $NOTIFY_SOCKET
        self._changed = threading.Condition()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(directory / "notify"))
        environment = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"}
        environment["NOTIFY_SOCKET"] = str(directory / "notify")
        self.process = netns.popen([*wrapper, program, "-c", str(self.file)], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        self.pid = self.process.pid
        self._threads = [threading.Thread(target=work, daemon=True)
                         for work in (self._read_lines, self._read_notes)]
        for thread in self._threads:
            thread.start()

    def write(self, config):
        """Put a configuration in place as an operator does: whole or not at all."""
        text = f"{config}\ncontrol: {{socket: {self.directory}/control}}\n"
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)

    def _read_lines(self):
        for line in self.process.stderr:
            self._add(self.lines, re.sub(r"^<\d>", "", line.decode(errors="replace").rstrip("\n")))
        with self._changed:
            self._changed.notify_all()

    def _read_notes(self):
        while datagram := self._notify.recv(65536):
            for note in datagram.decode().splitlines():
                self._add(self.notes, note)

    def _add(self, where, what):
        with self._changed:
            where.append(what)
            self._changed.notify_all()

    def _await(self, where, pattern, timeout, start, what):
        def find():
            return next((m for text in where[start:] if (m := re.search(pattern, text))), None)
        with self._changed:
            found = self._changed.wait_for(find, timeout)
        if not found:
            code = self.process.poll()
            state = "runs" if code is None else f"has ended with {code}"
            raise AssertionError(f"no {what} matches {pattern!r} within {timeout} s; kaguard {state}")
        return found

    def await_line(self, pattern, timeout=10, start=0):
        """Wait for a journal line, not counting the first `start` ones."""
        return self._await(self.lines, pattern, timeout, start, "line")

    def await_note(self, pattern, timeout=10, start=0):
        return self._await(self.notes, pattern, timeout, start, "notification")

    def await_up(self, count, timeout=10, start=0):
        """Wait for STATUS= to say that so many sessions are up; all of them, where count is all."""
        return self.await_note(rf"^STATUS={count}/\d+ session", timeout, start)

    def said(self, pattern, start=0):
        return [line for line in self.lines[start:] if re.search(pattern, line)]

    def status(self):
        """The last STATUS=."""
        return next((n[7:] for n in reversed(self.notes) if n.startswith("STATUS=")), "")

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, config):
        """Write, SIGHUP, and wait until the reload is over. Returns the lines it made."""
        self.write(config)
        notes, lines = len(self.notes), len(self.lines)
        self.signal(signal.SIGHUP)
        self.await_note(r"^RELOADING=1", start=notes)
        self.await_note(r"^READY=1", start=notes)
        return lines

    def table(self, peers):
        """The status table of SIGUSR1, once it names all these peers."""
        start = len(self.lines)
        self.signal(signal.SIGUSR1)
        for peer in peers:
            self.await_line(rf"\b{re.escape(peer)}\b", start=start)
        return self.lines[start:]

    def plan(self, peer):
        """The plan of a peer, from the program itself."""
        done = subprocess.run([self.process.args[-3], "--plan", "--json", "-c", str(self.file)],
                              check=True, capture_output=True, text=True)
        return next(p for p in json.loads(done.stdout)["peers"] if p["peer"] == peer)

    @contextlib.contextmanager
    def _borrowed(self):
        """The daemon's sockets, as descriptors of ours for a moment (pidfd_getfd(2))."""
        pidfd = os.pidfd_open(self.pid)
        borrowed = []
        try:
            for name in os.listdir(f"/proc/{self.pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    if not os.readlink(f"/proc/{self.pid}/fd/{name}").startswith("socket:"):
                        continue
                    fd = _libc.syscall(SYS_PIDFD_GETFD, pidfd, int(name), 0)
                    if fd >= 0:
                        borrowed.append(socket.socket(fileno=fd))
            yield borrowed
        finally:
            for sock in borrowed:
                sock.close()
            os.close(pidfd)

    def held(self, remote_port=None):
        """The daemon's connected TCP sockets, to one port or to all."""
        found = []
        with self._borrowed() as sockets:
            for sock in sockets:
                if sock.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                with contextlib.suppress(OSError):  # not connected, or gone meanwhile
                    found.append(Held.read(sock))
        return [h for h in found if remote_port in (None, h.remote[1])]

    def ports(self, remote_port=None):
        """The source ports of its sessions: a session that lives keeps its own."""
        return sorted(h.local[1] for h in self.held(remote_port))

    def descriptors(self):
        return [int(name) for name in os.listdir(f"/proc/{self.pid}/fd")]

    def cpu_s(self):
        """CPU time used so far, with that of the kernel on its behalf (proc(5), stat)."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, timeout=5):
        """SIGTERM; returns the exit code and how long it took."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return code, time.monotonic() - start

    def close(self):
        self.stop()
        self._threads[0].join(2)
        with contextlib.suppress(OSError):
            self._notify.shutdown(socket.SHUT_RDWR)
        self._notify.close()
