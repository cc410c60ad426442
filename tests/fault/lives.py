# SPDX-License-Identifier: ISC
"""The lives in which the calls of a daemon fail."""
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import time

from life import DOCUMENTED, Life, is_isolated
from stage import Broken, Client, call, follow

SYS_PIDFD_GETFD = 438
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
  - {{name: name, address: "localhost:{local}"}}
"""
BEFORE = BUSY + """
  - {{name: plain, address: "{host}:{port}", sessions: 2}}
  - {{name: auto, address: "{host}:{port}", firewall: auto}}
  - {{name: dead, address: "{host}:1", backoff: {{first: 500ms, max: 500ms}}}}
  - {{name: deaf, address: "{host}:{port}", heartbeat: {{send: "PONG", expect: PING, every: 1s, timeout: 100ms}}}}
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
  - {{name: tunnel, address: "{host}:{port}", listen: "unix:{directory}/tunnel"}}
"""


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
            self.until("a record of the client that was cut off",
                       lambda: self.begun > client.daemon or self.is_told())
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
        begun = self.begun
        self.write(WRONG, every="1s")

        def refused():
            if self.begun > begun:  # what has just begun will refuse it, too, by its end
                return True
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
        self.tell(signal.SIGUSR1)
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
        self.tell(signal.SIGUSR2)
        self.end(0)
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
        self.end(-signal.SIGKILL)
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
        subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"], check=True)
        self.all_up(sessions=4)

    def shut_down(self, path):
        """As whoever has a duplicate of it can. Whether it was there."""
        with open("/proc/net/unix", encoding="utf-8") as table:
            sockets = {f"socket:[{line.split()[6]}]" for line in table if line.rstrip().endswith(path)}
        folder = f"/proc/{self.daemon.process.pid}/fd"
        process = os.pidfd_open(self.daemon.process.pid)
        try:
            for number in os.listdir(folder):
                if os.readlink(f"{folder}/{number}") in sockets:
                    own = ctypes.CDLL(None).syscall(SYS_PIDFD_GETFD, process, int(number), 0)
                    with socket.socket(fileno=own) as taken:
                        taken.shutdown(socket.SHUT_RDWR)
                    return True
        finally:
            os.close(process)
        return False

    def open_anew(self, path):
        self.until("what can be shut down", lambda: self.shut_down(path))
        client = self.until("what was opened anew", lambda: Client(socket.AF_UNIX, path))
        self.until("all bytes there and back, or an end", lambda: client.exchange(1000))
        client.close()
        if client.got < 1000 and self.fault is None:
            raise Broken("a client of what was opened anew was not carried")

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
            subprocess.run(["ip", "address", "replace", f"{source}/32", "dev", "lo"], check=True)
        self.environment["KAGUARD_SLEEP_MS"] = "500"
        self.write(QUIET, source=source)
        self.begin(4)
        self.ready()
        self.all_up(sessions=4)
        self.open_anew(os.path.join(self.directory, "tunnel"))
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

    def live(self):
        self.write(WRONG, every="1s")
        self.begin(5)

    def settle(self, normal):
        self.open = {}

    def stop(self):
        status = self.end(*DOCUMENTED)
        if status == 78 and "adress" not in self.daemon.words():
            raise Broken("no word about what is wrong")


LIVES = (BusyLife, QuietLife, RefusedLife)
