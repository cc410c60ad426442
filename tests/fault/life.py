# SPDX-License-Identifier: ISC
"""What the lives of daemons whose calls fail have in common: what is promised in all of them."""
import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from stage import Broken, Daemon, Echo, Manager, call, until

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NEVER_UP = {"dead", "deaf"}
DOCUMENTED = (1, 78)  # how kaguard(8) says that it ends by itself


def isolate():
    """Have a network of one's own, where the kernel lets us: its addresses and packets are ours to take."""
    user = os.geteuid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if user != 0 else 0)) != 0:
        return
    if user != 0:
        with open("/proc/self/uid_map", "w", encoding="ascii") as identity:
            identity.write(f"0 {user} 1")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def is_isolated():
    """Whether there is but the loopback."""
    return [name for _, name in socket.if_nameindex()] == ["lo"] and shutil.which("nft") is not None


class Life:
    """One or more daemons after each other, and what is to come of them."""

    settles = 4  # seconds

    def __init__(self, program, number, fault=None, *, persistent=False):
        self.program, self.fault, self.persistent = program, fault, persistent
        self.patience = 1 if persistent else 10
        self.directory = tempfile.mkdtemp(prefix="kaguard-fault-")
        os.mkdir(os.path.join(self.directory, "state"))
        self.host = f"127.66.{number // 250 % 250}.{number % 250 + 1}"
        self.wire = random.randrange(10000, 30000)  # below those that the kernel gives away
        self.peer, self.local = Echo(self.host), Echo("127.0.0.1")
        self.manager = Manager(os.path.join(self.directory, "notify"))
        self.control = os.path.join(self.directory, "control")
        self.environment = {}
        self.begun = self.unplanned = 0
        self.statuses = []
        self.sessions = 0
        self.open = None
        self.daemon = None

    def write(self, text, **values):
        new = os.path.join(self.directory, "new")
        with open(new, "w", encoding="utf-8") as file:
            file.write(text.format(directory=self.directory, host=self.host, wire=self.wire,
                                   port=self.peer.port, local=self.local.port, **values))
        os.rename(new, os.path.join(self.directory, "kaguard.yaml"))

    def begin(self, number):
        """The number of this daemon: the fault is for one of them, and not for one that comes unplanned."""
        self.begun += 1
        environment = {"KAGUARD_FAULT_TRACE": os.path.join(self.directory, f"trace{number}")}
        if self.fault is not None and self.fault[0] == number:
            environment["KAGUARD_FAULT"] = self.fault[1]
        self.daemon = Daemon(self.program, self.directory, self.manager, self.environment | environment)

    def end(self, *allowed):
        """It ends, or has ended, with one of these; or by itself as documented where its call has failed."""
        status = self.daemon.check_end(allowed + (DOCUMENTED if self.met() else ()))
        self.statuses.append(status)
        return status

    def go_on(self):
        """Where a daemon has ended by itself, another one follows."""
        if self.daemon.process.poll() is not None:
            self.end()
            self.unplanned += 1
            if self.unplanned > 3:
                raise Broken("ended again and again")
            self.begin(9)

    def until(self, what, condition, patience=None):
        """As until(), whichever daemon it is that has to do it."""
        def checked():
            self.go_on()
            try:
                return condition()
            except (FileNotFoundError, ConnectionRefusedError):
                if "no control socket" in self.daemon.words():  # and what to do about that
                    self.daemon.process.send_signal(signal.SIGHUP)
                    time.sleep(0.1)
                raise
        return until(what, checked, patience or self.patience)

    def expect(self, what, condition, patience=None):
        """What a failure may have cost, but nothing else."""
        try:
            return self.until(what, condition, patience)
        except Broken:
            if not self.met():
                raise
            return None

    def ready(self):
        self.until("READY=1", lambda: "READY=1" in self.manager.notes)

    def tell(self, signo):
        """To one that has begun: before that it would be its end."""
        self.ready()
        self.daemon.process.send_signal(signo)

    def states(self):
        return [(s["peer"], s["state"]) for s in call(self.control, "Status")["sessions"]]

    def all_up(self, *, sessions):
        self.sessions, asked, found = sessions, time.monotonic(), None

        def up():
            nonlocal asked, found
            # Without memory for all it says so; and what to do about that is to reload.
            if time.monotonic() > asked + 1 and "not all of it is in force" in self.daemon.words():
                self.daemon.process.send_signal(signal.SIGHUP)
                asked = time.monotonic()
            found = [(peer, state) for peer, state in self.states() if peer not in NEVER_UP]
            # Of two probes within half a second, as of one daemon and the next, the peer's kernel
            # leaves one unanswered (tcp_oow_rate_limited() in net/ipv4/tcp_input.c).
            return len(found) == sessions and {state for _, state in found} <= {"up", "suspect"}
        try:
            self.until(f"{sessions} sessions up", up)
        except Broken as broken:
            raise Broken(f"{broken}; they are {found}") from None

    def settle(self, normal):
        """It has no more open than without a failure, where that is known."""
        if normal is None:
            time.sleep(2)  # what is under way ends; nothing tells when
            self.open = self.daemon.descriptors()
            return

        def settled():
            # A relay keeps a pipe for the next one, and two where both directions met. Who follows
            # fills a shelf anew, and has its old queue until that is found broken (send_to_old()).
            spare = {"pipe": 4, "socket": min(self.unplanned, 1)}
            self.open = self.daemon.descriptors()
            return self.open and all(n <= normal.get(kind, 0) + spare.get(kind, 0)
                                     for kind, n in self.open.items())
        begun = self.begun
        try:
            self.until("as many descriptors as without a failure", settled, self.settles)
        except Broken as broken:
            raise Broken(f"{broken}; now {self.open}, then {normal}") from None
        self.until("a daemon that has nothing to do to do nothing", lambda: self.daemon.is_idle(), 4)
        if self.begun > begun:
            self.all_up(sessions=self.sessions)
            self.settle(normal)

    def ask_too_late(self):
        """For what it would do otherwise: that does not change how it ends."""
        for _ in range(30):
            self.daemon.process.send_signal(signal.SIGUSR1)
            time.sleep(0.01)

    def stop(self):
        """It ends in order when it is told to."""
        if self.daemon is None:
            return
        asked = self.daemon.process.poll() is None
        self.daemon.process.send_signal(signal.SIGTERM)
        if asked and not self.persistent:
            self.ask_too_late()
        # Where failures go on, it may be one that has only just begun.
        self.end(*(0,) * asked, *(0, 1, 78, -signal.SIGTERM) * self.persistent)

    def run(self, normal=None):
        self.live()
        self.settle(normal)
        self.stop()

    def calls(self, number):
        """What was called by that daemon: ID -> [how often, name]; and whether one has failed."""
        found, failed = {}, False
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.directory, f"trace{number}"), encoding="utf-8") as trace:
                for line in trace:
                    failed |= line.startswith("! ")
                    ident, n, name = line.removeprefix("! ").split()[:3]
                    found[ident] = [max(int(n), found.get(ident, [0])[0]), name]
        return found, failed

    def met(self):
        return self.fault is not None and self.calls(self.fault[0])[1]

    def callers(self):
        """Of the call that has failed, from the inside outwards, for addr2line."""
        with open(os.path.join(self.directory, f"trace{self.fault[0]}"), encoding="utf-8") as trace:
            return next((line.split()[4:] for line in trace if line.startswith("! ")), [])

    def close(self, keep=False):
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        self.manager.close()
        self.peer.close()
        self.local.close()
        if not keep:
            shutil.rmtree(self.directory)
