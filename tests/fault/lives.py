# SPDX-License-Identifier: ISC
"""The lives in which the calls of a daemon fail, and what it promises meanwhile."""
import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from stage import Broken, Client, Daemon, Echo, Manager, call, follow, until

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NEVER_UP = {"dead", "deaf"}
MEBIBYTE = 1 << 20

CONFIG = """
control: {{socket: {directory}/control}}
log: {{level: debug, summary_every: 1s}}
defaults:
  backoff: {{first: 50ms, max: 200ms, stable_after: 1s}}
  connect_timeout: 1s
peers:
"""
BUSY = CONFIG + """
  - {{name: tunnel, address: "{host}:{port}", listen: "unix:{directory}/tunnel", sessions: 1}}
  - {{name: wire, address: "{host}:{port}", listen: "{host}:{wire}", sessions: 1}}
  - {{name: handed, address: "{host}:{port}", listen: "systemd:handed"}}
  - {{name: beat, address: "{host}:{port}", heartbeat: {{send: "PING", expect: PING, every: {every}, timeout: 1s}}}}
  - {{name: deaf, address: "{host}:{port}", heartbeat: {{send: "PONG", expect: PING, every: 1s, timeout: 100ms}}}}
  - {{name: name, address: "localhost:{local}"}}
"""
BEFORE = BUSY + """
  - {{name: plain, address: "{host}:{port}", sessions: 2}}
  - {{name: auto, address: "{host}:{port}", firewall: auto}}
  - {{name: dead, address: "{host}:1", backoff: {{first: 500ms, max: 500ms}}}}
"""
AFTER = BUSY + """
  - {{name: plain, address: "{host}:{port}", sessions: 3, firewall: 100s}}
  - {{name: new, address: "{host}:{port}", bind: {host}}}
"""
WRONG = BUSY + """
  - {{name: plain, adress: "{host}:{port}", sessions: yes, firewall: aws-nat-gatewy}}
  - {{name: plain, address: "[::1:22", backoff: {{first: 2 fortnights}}}}
  - {{address: "{host}:{port}", firewall: 20s, keepalive: {{idle: 1min, interval: 1min, count: 9}}}}
"""
QUIET = CONFIG + """
  - {{name: path, address: "{host}:{port}", firewall: auto,
      keepalive: {{detect_within: 10s, lost_probes: 1, outage: 1s}}}}
  - {{name: silent, address: "127.0.0.1:{local}", sessions: 2, keepalive: {{idle: 1s, interval: 1s, count: 2}}}}
  - {{name: gone, address: "{host}:{port}", bind: {source}}}
"""


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

    def __init__(self, program, number, fault=None, patience=10):
        self.program, self.fault, self.patience = program, fault, patience
        self.directory = tempfile.mkdtemp(prefix="kaguard-fault-")
        os.mkdir(os.path.join(self.directory, "state"))
        self.host = f"127.66.{number // 250 % 250}.{number % 250 + 1}"
        self.wire = random.randrange(10000, 30000)  # below those that the kernel gives away
        self.peer, self.local = Echo(self.host), Echo("127.0.0.1")
        self.manager = Manager(os.path.join(self.directory, "notify"))
        self.control = os.path.join(self.directory, "control")
        self.environment = {}
        self.begun = 0
        self.statuses = []
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

    def until(self, what, condition, patience=None):
        """As until(), but a daemon that has ended in a documented way is followed by another one."""
        def checked():
            if self.daemon.process.poll() is not None:
                self.statuses.append(self.daemon.check_end((1, 78)))
                if len(self.statuses) > 3:
                    raise Broken("ended again and again")
                self.begin(9)
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
            if self.fault is None or not self.met():
                raise
            return None

    def ready(self):
        self.until("READY=1", lambda: "READY=1" in self.manager.notes)

    def states(self):
        return [(s["peer"], s["state"]) for s in call(self.control, "Status")["sessions"]]

    def all_up(self, *, sessions):
        asked, found = time.monotonic(), None

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
        def settled():
            self.open = self.daemon.descriptors()
            # A relay keeps a pipe for the next one, and two where both directions met.
            return all(n <= normal.get(kind, 0) + (4 if kind == "pipe" else 0)
                       for kind, n in self.open.items())
        try:
            until("as many descriptors as without a failure", settled, self.settles)
        except Broken as broken:
            raise Broken(f"{broken}; now {self.open}, then {normal}") from None
        until("a daemon that has nothing to do to do nothing", self.daemon.is_idle, 4)

    def stop(self):
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.process.send_signal(signal.SIGTERM)
            # Where failures go on, it may be one that has only just begun.
            self.daemon.check_end((0,) if self.patience > 5 else (0, 1, 78, -signal.SIGTERM))

    def run(self, normal=None):
        self.live()
        if normal is None:
            time.sleep(2)  # what is under way ends; nothing tells when
            self.open = self.daemon.descriptors()
        else:
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
        return self.calls(self.fault[0])[1]

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


class BusyLife(Life):
    """Sessions, tunnels, control, deaths and reload; handed over in order, and then after a crash."""

    daemons = (1, 2, 3)

    def client(self, family, address):
        client = self.until(f"a client at {address}", lambda: Client(family, address))
        client.daemon = self.begun
        return client

    def unix(self):
        return self.client(socket.AF_UNIX, os.path.join(self.directory, "tunnel"))

    def handed(self):
        return self.client(socket.AF_UNIX, os.path.join(self.directory, "notify-handed"))

    def tcp(self):
        return self.client(socket.AF_INET, (self.host, self.wire))

    def is_told(self):
        """That a client was cut off: in words, or by a figure."""
        return "cut off" in self.daemon.words() or any(
            f["clients_refused"] > 0 or f["clients_cut_off"] > 0
            for f in call(self.control, "Forwards")["forwards"])

    def carry(self, client, size):
        """All arrives, or the client is told by its end that it does not, and we are by a record."""
        upto = client.sent + size
        self.until("all bytes there and back, or an end", lambda: client.exchange(upto))
        client.close()
        if client.got == upto:
            return True
        if client.daemon == self.begun:
            if client.ended == "closed" and client.is_tcp:
                raise Broken(f"closed in order after {client.got} of {client.sent} bytes")
            self.until("a record of the client that was cut off", self.is_told)
        return False

    def carried(self, connect, size):
        """One client is carried, whatever became of the ones before it."""
        for _ in range(4):
            if self.carry(connect(), size):
                return
        raise Broken("no client is carried to its end")

    def ask(self):
        for method, parameters in (("Status", None), ("Plan", None), ("Forwards", None),
                                   ("Metrics", None), ("Metrics", {"sum": True}), ("Events", None),
                                   ("Probe", {"peers": ["plain"], "timeout_ms": 1}),
                                   ("Reconnect", {"peers": ["name"]})):
            self.until(method, lambda m=method, p=parameters: call(self.control, m, p))

    def reload(self):
        self.write(WRONG, every="1s")

        def refused():
            self.daemon.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            return "stays in force" in self.daemon.words()
        self.until("a refusal of the wrong configuration", refused)
        self.write(AFTER, every="2s")

        def reloaded():
            if any(p["peer"] == "new" for p in call(self.control, "Plan")["peers"]):
                return True
            self.daemon.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            return False
        self.until("the new configuration in force", reloaded)
        self.until("Reload", lambda: call(self.control, "Reload"))

    def first(self):
        self.write(BEFORE, every="1s")
        self.begin(1)
        self.ready()
        self.all_up(sessions=7)
        follower = self.until("one who follows", lambda: follow(self.control))
        self.carried(self.unix, 1000)
        self.carried(self.tcp, MEBIBYTE)
        self.carried(self.handed, 1000)
        self.ask()
        self.until("a heartbeat", lambda: self.peer.beats > 0)
        self.daemon.process.send_signal(signal.SIGUSR1)
        cut = self.tcp()
        self.until("a start", lambda: cut.exchange(1000))
        self.peer.end_all(reset=True)
        if self.carry(cut, 1000):
            raise Broken("carried by a connection that was reset")
        self.all_up(sessions=7)
        self.peer.end_all(reset=False)
        self.all_up(sessions=7)
        self.reload()
        self.all_up(sessions=8)
        follower.close()

    def hand_over(self):
        """In the middle of what is carried: some is in pipes, some in sockets."""
        clients = [self.unix(), self.tcp()]
        for client in clients:
            client.fill(3 * MEBIBYTE)
        before = None

        def is_stuck():
            nonlocal before
            last, before = before, [f["bytes_to_client"] for f in
                                    call(self.control, "Forwards")["forwards"]]
            time.sleep(0.05)
            return before == last
        self.until("nothing to move any more", is_stuck)
        self.daemon.process.send_signal(signal.SIGUSR2)
        # One that cannot leave ends on its own as well; either way the next one goes on.
        self.statuses.append(self.daemon.check_end((0, 1)))
        return clients

    def second(self, clients):
        self.begin(2)
        self.ready()
        self.all_up(sessions=8)
        for client in clients:
            if not self.carry(client, 0) and self.fault is None:
                raise Broken("a client was not carried over")
        old, born = self.tcp(), time.monotonic()
        self.until("a start", lambda: old.exchange(1000))
        self.carried(self.unix, 1000)
        self.ask()
        time.sleep(max(0, born + 1.2 - time.monotonic()))  # YOUNG_MS of forward_keep.c
        return old

    def third(self, client):
        """After one that was killed, with a client that was old enough to be kept."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.begin(3)
        self.ready()
        self.all_up(sessions=8)
        if not self.carry(client, MEBIBYTE) and self.fault is None:
            raise Broken("a client was lost with the daemon that was killed")
        self.carried(self.handed, 1000)
        self.all_up(sessions=8)
        self.peer.speak()

    def learnt(self):
        """The peers of which something is written down."""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.directory, "state", "learnt.json"), encoding="utf-8") as file:
                return {entry["peer"] for entry in json.loads(file.read().partition("\n")[2])["peers"]}
        return set()

    def live(self):
        self.first()
        clients = self.hand_over()
        known = self.learnt()
        if not known and self.fault is None:
            raise Broken("nothing was learnt of all those deaths")
        self.third(self.second(clients))
        if known - self.learnt():
            raise Broken(f"forgotten: {known - self.learnt()} of {known}")


class QuietLife(Life):
    """What takes time: a measurement, a suspend, an address that goes, and peers that fall silent."""

    daemons = (4,)
    settles = 20  # what was parked last may be parked anew, and a measurement begin again

    def is_up(self, peer):
        return [state for name, state in self.states() if name == peer].count("up")

    def address_goes(self, address):
        subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)
        self.expect("the session without its address to go", lambda: self.is_up("gone") == 0)
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
        self.all_up(sessions=4)

    def silence(self):
        table = f"inet kaguard{self.local.port}"
        subprocess.run(["nft", "-f", "-"], check=True, text=True, input=f"""
            table {table} {{
                chain c {{ type filter hook input priority 0; tcp dport {self.local.port} drop; }}
            }}""")
        try:
            self.expect("silence to be noticed", lambda: self.is_up("silent") == 0)
            self.expect("an attempt to fail", lambda: "timed" in self.daemon.words())
        finally:
            subprocess.run(["nft", "delete", "table", *table.split()], check=True)
        self.all_up(sessions=4)

    def live(self):
        source = self.host.replace("127.66", "192.0") if is_isolated() else self.host
        if is_isolated():
            subprocess.run(["ip", "address", "add", f"{source}/32", "dev", "lo"], check=True)
        self.environment["KAGUARD_SLEEP_MS"] = "500"
        self.write(QUIET, source=source)
        self.begin(4)
        self.ready()
        self.all_up(sessions=4)
        self.expect("the end of sleep", lambda: "the machine was asleep" in self.daemon.words(), 3)
        if is_isolated():
            self.address_goes(source)
            self.silence()
        words = ("measured in", "has to begin anew")
        self.expect("a measurement", lambda: any(w in self.daemon.words() for w in words), 25)
        self.all_up(sessions=4)


class RefusedLife(Life):
    """A configuration with errors: it is told what they are."""

    daemons = (5,)

    def run(self, normal=None):
        self.write(WRONG, every="1s")
        self.begin(5)
        status = self.daemon.check_end((1, 78))
        if status == 78 and "adress" not in self.daemon.words():
            raise Broken("no word about what is wrong")
        self.statuses.append(status)
        self.open = {}


LIVES = (BusyLife, QuietLife, RefusedLife)
