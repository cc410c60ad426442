# SPDX-License-Identifier: ISC
"""What the soak runs: peers behind the lab's firewall, and the daemon with its service manager and
its journal, both of which outlive it."""
import collections
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import ctl
import ends
import guard
import netlab
from conftest import SURROUNDINGS
from manager import Manager
from soak_books import Balance, Books

FIRST_PORT = 7001
PATIENCE_S = 60  # with the daemon, which shares the machine with others
HERE = pathlib.Path(__file__).parent

# By turns: the plans of real peers differ. {t} is the firewall's idle timeout, in seconds.
PLANS = ["firewall: {t}s, keepalive: {{outage: {quarter}s}}",
         "firewall: {t}s, keepalive: {{lost_probes: 3, outage: {quarter}s}}",
         "firewall: {half}s, keepalive: {{outage: {quarter}s}}",
         "firewall: {t}s, keepalive: {{idle: {quarter}s, interval: 1s, count: 8}}",
         'firewall: {t}s, keepalive: {{outage: {quarter}s}}, heartbeat: {{send: "PING\\r\\n", '
         'expect: "PING", every: {half}s, timeout: {quarter}s}}']


class Server:
    """One peer's server, a process of its own that can be killed."""

    def __init__(self, netns, port, end="fin"):
        self._netns, self.port, self.process = netns, port, None
        self.start(end)

    def start(self, end):
        self.process = self._netns.popen(
            [sys.executable, str(HERE / "soak_server.py"), str(self.port), end],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"listening\n"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Wanted:
    """The configuration: what each peer has, and how it is written."""

    def __init__(self, sessions, peers, timeout_s, directory):
        self.timeout_s = timeout_s
        self.ports = {f"p{i:02}": FIRST_PORT + i for i in range(peers)}
        self.sessions = {name: sessions // peers + (i < sessions % peers)
                         for i, name in enumerate(self.ports)}
        self.plans = {name: PLANS[i % len(PLANS)] for i, name in enumerate(self.ports)}
        self.tighter = set()  # peers that have their firewall declared shorter than it is
        self.guest = f"p{peers:02}"  # comes and goes with reloads
        self.guest_port, self.guest_sessions = FIRST_PORT + peers, max(10, sessions // 100)
        self.summary_every_s = 60
        self._directory = directory

    def add_guest(self):
        self.ports[self.guest] = self.guest_port
        self.sessions[self.guest] = self.guest_sessions
        self.plans[self.guest] = self.plans["p00"]

    def remove_guest(self):
        for table in (self.ports, self.sessions, self.plans):
            del table[self.guest]

    def total(self):
        return sum(self.sessions.values())

    def _plan(self, name):
        t = self.timeout_s - (name in self.tighter)
        return self.plans[name].format(t=t, half=t // 2, quarter=self.timeout_s // 4)

    def text(self):
        peers = "".join(f'  - {{name: {name}, address: "{netlab.SERVER4}:{self.ports[name]}", '
                        f"sessions: {self.sessions[name]}, {self._plan(name)}}}\n"
                        for name in self.ports)
        return (f"log: {{summary_every: {self.summary_every_s}s}}\n"
                f"control: {{socket: {self._directory}/control}}\n"
                "defaults: {backoff: {first: 1s, max: 5s, stable_after: 1s}}\n"
                f"peers:\n{peers}")


class Site:
    """All of it. What is seen changes under `changed`."""

    def __init__(self, stack, options):
        self.changed = threading.Condition()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kgsoak-"))
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.control = self.directory / "control"
        self.lab = stack.enter_context(netlab.Lab(options.timeout, options.firewall))
        self.lab.client.sysctl("net.ipv4.ip_local_port_range", "1024 65535")
        self.wanted = Wanted(options.sessions, options.peers, options.timeout, self.directory)
        self.names = {port: name for name, port in self.wanted.ports.items()}
        self.names[self.wanted.guest_port] = self.wanted.guest
        self.servers = {}
        for port, name in self.names.items():
            self.servers[name] = Server(self.lab.server, port)
            stack.callback(lambda s: s.kill(), self.servers[name])
        self.ends = ends.Ends(self.lab.client, self.changed)
        stack.callback(self.ends.stop)
        self.books, self.lost, self.came = Books(), Balance(), Balance()
        self.notes, self.stray = [], []
        self.daemon, self.since_start = None, {}
        self._listen(stack)
        stack.callback(self.kill)

    def _listen(self, stack):
        self.manager = Manager(self.directory, self._heard)
        stack.callback(self.manager.close)
        self._journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._journal.bind(str(self.directory / "journal"))
        self._closing = False
        stack.callback(self._close_journal)
        threading.Thread(target=self._read_records, daemon=True).start()

    def _close_journal(self):
        self._closing = True
        self._journal.shutdown(socket.SHUT_RDWR)

    def _heard(self, text):
        with self.changed:
            self.notes += text.splitlines()
            self.changed.notify_all()

    def _read_records(self):
        for record in guard.records_from(self._journal, lambda: self._closing):
            with self.changed:
                self.books.add(record)
                self.changed.notify_all()

    def _read_stray(self, stream):
        """With a journal, standard error has nothing to say."""
        for line in stream:
            self.stray.append(line.rstrip("\n"))

    # --- the daemon -------------------------------------------------------

    def configure(self, text=None):
        new = self.directory / "kaguard.new"
        new.write_text(self.wanted.text() if text is None else text)
        new.rename(self.directory / "kaguard.yaml")

    def start(self):
        """The next daemon, with what is in the store."""
        reader, writer = os.pipe()
        stat = os.fstat(writer)
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(self.directory),
                       "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}
        wrapper = ["unshare", "--mount", "sh", "-ec", SURROUNDINGS, str(self.directory),
                   str(self.directory)]
        with self.changed:
            self.since_start = {kind: told.total() for kind, told in self.books.told.items()}
            notes = len(self.notes)
        with self.lab.client.entered():
            self.daemon = self.manager.start(wrapper=wrapper, env=environment, stderr=writer)
        os.close(writer)
        threading.Thread(target=self._read_stray, args=(os.fdopen(reader, errors="replace"),),
                         daemon=True).start()
        self.await_note("READY=1", notes, PATIENCE_S)

    def end(self, number, timeout=60):
        """By a signal; returns its exit code."""
        self.daemon.send_signal(number)
        code = self.daemon.wait(timeout)
        self.daemon = None
        return code

    def kill(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon = None

    def await_(self, condition, timeout, what):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise AssertionError(f"not within {timeout} s: {what}")

    def await_note(self, note, start, timeout):
        self.await_(lambda: note in self.notes[start:], timeout, note)

    def status(self):
        return self.manager.status

    # --- what is seen -----------------------------------------------------

    def ended(self):
        """Sessions that have ended, by peer; before their records were told they may have."""
        return {self.names[port]: n for port, n in self.ends.ended.copy().items()
                if port in self.names}

    def up(self):
        """Those that are up, by peer: their ports."""
        return {self.names[port]: ports for port, ports in self.ends.established().items()}

    def gone_told(self):
        told = self.books.told
        return told["lost"] + told["closed"]

    def counts(self):
        """The daemon's own, since it was started."""
        with ctl.Wire(self) as wire:
            reply = wire.call("io.kaguard.Metrics", parameters={"sum": True})
        return reply["parameters"]["peers"][0]

    def sample(self):
        """What must stay as it is: memory, and descriptors but for one of each shelf; the sockets
        of its namespace; the shelves in the store."""
        with open(f"/proc/{self.daemon.pid}/smaps_rollup") as rollup:
            rss = next(int(line.split()[1]) for line in rollup if line.startswith("Rss:"))
        with open(f"/proc/{self.daemon.pid}/net/sockstat") as stat:
            words = next(line.split() for line in stat if line.startswith("TCP:"))
        tcp = dict(zip(words[1::2], map(int, words[2::2])))
        shelves = sum("shelf" in name for name in list(self.manager.stored))
        fds = len(os.listdir(f"/proc/{self.daemon.pid}/fd"))
        return {"rss_kib": rss, "fds": fds - shelves, "sockets": tcp["inuse"], "shelves": shelves}

    def journal_is_read(self):
        """All that the daemon has counted since its start was told in the journal by now."""
        counts = self.counts()
        with self.changed:
            return all(self.books.told[kind].total() - self.since_start[kind] == counts[key]
                       for kind, key in (("lost", "lost"), ("up", "connects")))

    def differences(self):
        """What the kernel saw that was not told, or the other way round: ends, and beginnings."""
        up = {name: len(ports) for name, ports in self.up().items()}
        with self.changed:
            ended = collections.Counter(self.ended())
            return (self.lost.open(ended, self.gone_told()),
                    self.came.open(ended + collections.Counter(up), self.books.told["up"]), up)

    def write_off(self):
        up = collections.Counter({name: len(ports) for name, ports in self.up().items()})
        with self.changed:
            ended = collections.Counter(self.ended())
            self.lost.write_off(ended, self.gone_told())
            self.came.write_off(ended + up, self.books.told["up"])
