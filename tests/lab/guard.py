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


@contextlib.contextmanager
def _borrowed(pid):
    """A process's sockets, as descriptors of ours for a moment (pidfd_getfd(2))."""
    pidfd = os.pidfd_open(pid)
    borrowed = []
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                    continue
                fd = _libc.syscall(SYS_PIDFD_GETFD, pidfd, int(name), 0)
                if fd >= 0:
                    borrowed.append(socket.socket(fileno=fd))
        yield borrowed
    finally:
        for sock in borrowed:
            sock.close()
        os.close(pidfd)


def held_by(pid, remote_port=None):
    """The connected TCP sockets of a process, to one port or to all."""
    found = []
    with _borrowed(pid) as sockets:
        for sock in sockets:
            if sock.family not in (socket.AF_INET, socket.AF_INET6):
                continue
            with contextlib.suppress(OSError):  # not connected, or gone meanwhile
                found.append(Held.read(sock))
    return [h for h in found if remote_port in (None, h.remote[1])]


def parse_record(datagram):
    """A record of the journal's native protocol: NAME=value, or NAME, length and bytes."""
    fields, rest = {}, datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8:8 + size], rest[8 + size + 1:]
        fields[name.decode()] = value.decode(errors="replace")
    return fields


def records_from(sock, closing):
    """The records that come to a journal's socket, until closing(). One too large for a datagram
    comes as a descriptor of a file in memory; an empty one without is ignored, as by journald."""
    while True:
        datagram, descriptors, _, _ = socket.recv_fds(sock, 1 << 18, 1)
        if not datagram and not descriptors:
            if closing():
                return
            continue
        for descriptor in descriptors:
            with os.fdopen(descriptor, "rb") as file:
                file.seek(0)
                datagram += file.read()
        yield parse_record(datagram) | {"RECEIVED": time.time()}


class Daemon:
    """kaguard in the foreground, with us for its service manager and its reader.

    It writes lines to stderr. With `journal` it finds a journal instead, at $JOURNAL_STREAM and at
    the usual socket, which the wrapper must put before it: then its records are there whole. Without
    `manager` nobody started it but a shell.
    """

    def __init__(self, program, netns, directory, config, wrapper=(), journal=False, manager=True):
        self.file = directory / "kaguard.yaml"
        self.directory = directory
        self.netns = netns
        self.control = directory / "control"
        self.write(config)
        self.records = []  # fields by name; of a line on stderr just MESSAGE
        self.notes = []  # what it told $NOTIFY_SOCKET
        self._changed = threading.Condition()
        self._reading = threading.Lock()  # its lines
        self._closing = False
        self._notify = self._bind("notify")
        self._journal = self._bind("journal") if journal else None
        stderr, inherited = os.pipe()
        environment = os.environ | {"NOTIFY_SOCKET": str(directory / "notify")}
        environment.pop("JOURNAL_STREAM", None)
        if not manager:
            del environment["NOTIFY_SOCKET"]
        if journal:
            stat = os.fstat(inherited)
            environment["JOURNAL_STREAM"] = f"{stat.st_dev}:{stat.st_ino}"
        self.program = program
        self.process = netns.popen([*wrapper, program, "-c", str(self.file)], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=inherited)
        self.pid = self.process.pid
        os.close(inherited)
        self._stderr = os.fdopen(stderr, errors="replace")
        readers = [self._read_lines, self._read_notes, *([self._read_records] if journal else [])]
        self._threads = [threading.Thread(target=reader, daemon=True) for reader in readers]
        for thread in self._threads:
            thread.start()

    def _bind(self, name):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(str(self.directory / name))
        return sock

    def write(self, config):
        """Put a configuration in place as an operator does: whole or not at all."""
        if "control:" not in config:
            config += f"\ncontrol: {{socket: '{self.control}'}}"
        new = self.file.with_suffix(".new")
        new.write_text(config + "\n")
        new.rename(self.file)

    def _read_lines(self):
        for line in self._stderr:
            with self._reading:
                self._add(self.records, {"MESSAGE": line.rstrip("\n")})

    def unread(self):
        """As a context: nobody reads its lines; a pipe takes 64 KiB of them."""
        return self._reading

    def _read_notes(self):
        while datagram := self._notify.recv(65536):
            for note in datagram.decode().splitlines():
                self._add(self.notes, note)

    def _read_records(self):
        for record in records_from(self._journal, lambda: self._closing):
            self._add(self.records, record)

    def _add(self, where, what):
        with self._changed:
            where.append(what)
            self._changed.notify_all()

    def _await(self, find, timeout, what):
        with self._changed:
            if found := self._changed.wait_for(find, timeout):
                return found
        code = self.process.poll()
        state = "runs" if code is None else f"has ended with {code}"
        raise AssertionError(f"no {what} within {timeout} s; kaguard {state}")

    def await_note(self, pattern, timeout=10, start=0):
        """Wait for a notification, not counting the first `start` ones."""
        return self._await(
            lambda: next((n for n in self.notes[start:] if re.search(pattern, n)), None),
            timeout, f"notification that matches {pattern!r}")

    def await_up(self, count, timeout=10, start=0):
        """Wait for STATUS= to say that so many sessions are up; all of them, where count is all."""
        return self.await_note(rf"^STATUS={count}/\d+ session", timeout, start)

    def said(self, message="", start=0, loud=True, **fields):
        """The records, not counting the first `start` ones, whose text matches and that have these
        fields: peer="hq" for KAGUARD_PEER=hq. Without those for debugging, unless not loud."""
        def fits(record):
            return (re.search(message, record.get("MESSAGE", "")) and
                    not (loud and record.get("PRIORITY") == "7") and
                    all(record.get("KAGUARD_" + name.upper()) == value
                        for name, value in fields.items()))
        return [record for record in self.records[start:] if fits(record)]

    def await_said(self, message="", timeout=10, start=0, **fields):
        """Wait for such a record; returns the first."""
        return self._await(lambda: self.said(message, start, **fields),
                           timeout, f"record with {message!r} and {fields}")[0]

    @property
    def lines(self):
        return [record.get("MESSAGE", "") for record in self.records]

    def status(self):
        """The last STATUS=."""
        return next((n[7:] for n in reversed(self.notes) if n.startswith("STATUS=")), "")

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, config):
        """Write, SIGHUP, and wait until the reload is over. Returns where its records begin."""
        self.write(config)
        notes, records = len(self.notes), len(self.records)
        self.signal(signal.SIGHUP)
        self.await_note(r"^RELOADING=1", start=notes)
        self.await_note(r"^READY=1", start=notes)
        return records

    def table(self, sessions):
        """The status table of SIGUSR1: its rows by session, "hq/0", once all of these are there."""
        start = len(self.records)
        self.signal(signal.SIGUSR1)
        return {name: self.await_said(rf"^{re.escape(name)} ", start=start)["MESSAGE"]
                for name in sessions}

    def plan(self, peer):
        """The plan of a peer, from the program itself."""
        done = subprocess.run([self.program, "--plan", "--json", "-c", str(self.file)],
                              check=True, capture_output=True, text=True)
        return next(p for p in json.loads(done.stdout)["peers"] if p["peer"] == peer)

    def held(self, remote_port=None):
        """The daemon's connected TCP sockets, to one port or to all."""
        return held_by(self.pid, remote_port)

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
        self._closing = True
        for sock in (self._notify, self._journal):
            with contextlib.suppress(OSError, AttributeError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)
        for resource in (self._stderr, self._notify, self._journal):
            if resource:
                resource.close()
