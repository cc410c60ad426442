#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""faults.py PROGRAM [--sample N] [--persistent] [--jobs N] [--seed N] [--only ID:N[:2]@LIFE] [--healthy N] [--keep]

Every failure once. PROGRAM is tests/fault/kaguard-faulty. It is run through its life: start, sessions
and tunnels, control, deaths, reload, hand-over to the next daemon, and stop. First all its calls are
listed; then it is run again for each, and that call fails. Every time it has to go on and to have
all its sessions in the end, or to end with a documented status and a reason, upon which the next one
goes on. No sanitizer may have anything to say, and no descriptor may be left.

  --sample N      only N of these, other ones each time
  --persistent    the call fails from then on: it may do what it can, but not crash or hang
  --only WHAT     this one, with its log
  --healthy N     no failure at all, N times: for other sanitizers
"""
import argparse
import collections
import concurrent.futures
import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time

from stage import Broken, Daemon, Echo, Manager, call, until

CONFIG = """
control: {{socket: {directory}/control}}
log: {{level: debug, summary_every: 1s}}
defaults:
  backoff: {{first: 50ms, max: 200ms, stable_after: 1s}}
  connect_timeout: 1s
peers:
  - {{name: tunnel, address: "{host}:{port}", listen: "unix:{directory}/tunnel", sessions: 1}}
  - {{name: beat, address: "{host}:{port}", heartbeat: {{send: "PING", expect: PING, every: {every}, timeout: 1s}}}}
  - {{name: name, address: "localhost:{local}"}}
"""
BEFORE = """
  - {{name: plain, address: "{host}:{port}", sessions: 2}}
  - {{name: auto, address: "{host}:{port}", firewall: auto}}
  - {{name: dead, address: "{host}:1", backoff: {{first: 500ms, max: 500ms}}}}
"""
AFTER = """
  - {{name: plain, address: "{host}:{port}", sessions: 3, firewall: 100s}}
  - {{name: new, address: "{host}:{port}", bind: {host}}}
"""


class Life:
    """One run: two daemons, the second taking over from the first, and what is to come of them."""

    def __init__(self, program, number, fault=None, patience=10):
        self.program, self.fault, self.patience = program, fault, patience
        self.directory = tempfile.mkdtemp(prefix="kaguard-fault-")
        os.mkdir(os.path.join(self.directory, "state"))
        self.host = f"127.66.{number // 250 % 250}.{number % 250 + 1}"
        self.peer, self.local = Echo(self.host), Echo("127.0.0.1")
        self.manager = Manager(os.path.join(self.directory, "notify"))
        self.control = os.path.join(self.directory, "control")
        self.statuses = []
        self.open = None
        self.daemon = None

    def write(self, tail, every):
        new = os.path.join(self.directory, "new")
        with open(new, "w", encoding="utf-8") as file:
            file.write((CONFIG + tail).format(directory=self.directory, host=self.host, every=every,
                                              port=self.peer.port, local=self.local.port))
        os.rename(new, os.path.join(self.directory, "kaguard.yaml"))

    def begin(self, number):
        """The number of this daemon: the fault is for one of them, and not for one that comes unplanned."""
        environment = {"KAGUARD_FAULT_TRACE": os.path.join(self.directory, f"trace{number}")}
        if self.fault is not None and self.fault[0] == number:
            environment["KAGUARD_FAULT"] = self.fault[1]
        self.daemon = Daemon(self.program, self.directory, self.manager, environment)

    def until(self, what, condition):
        """As until(), but a daemon that has ended in a documented way is followed by another one."""
        def checked():
            if self.daemon.process.poll() is not None:
                self.statuses.append(self.daemon.check_end((1, 78)))
                if len(self.statuses) > 2:
                    raise Broken("ended again and again")
                self.begin(9)
            try:
                return condition()
            except (FileNotFoundError, ConnectionRefusedError):
                if "no control socket" in self.daemon.words():  # and what to do about that
                    self.daemon.process.send_signal(signal.SIGHUP)
                    time.sleep(0.1)
                raise
        return until(what, checked, self.patience)

    def ready(self):
        self.until("READY=1", lambda: "READY=1" in self.manager.notes)

    def all_up(self, *, sessions):
        asked = time.monotonic()

        def up():
            nonlocal asked
            # Without memory for all it says so; and what to do about that is to reload.
            if time.monotonic() > asked + 1 and "not all of it is in force" in self.daemon.words():
                self.daemon.process.send_signal(signal.SIGHUP)
                asked = time.monotonic()
            found = call(self.control, "Status")["sessions"]
            return [s["state"] for s in found if s["peer"] != "dead"] == ["up"] * sessions
        self.until(f"{sessions} sessions up", up)

    def ask(self):
        for method, parameters in (("Status", None), ("Plan", None), ("Forwards", None),
                                   ("Metrics", None), ("Metrics", {"sum": True}), ("Events", None),
                                   ("Probe", {"peers": ["plain"], "timeout_ms": 1}),
                                   ("Reconnect", {"peers": ["name"]})):
            self.until(method, lambda m=method, p=parameters: call(self.control, m, p))

    def client(self):
        """One client of the tunnel, which says something and has it back."""
        def echoed():
            with contextlib.ExitStack() as stack:
                sock = stack.enter_context(socket.socket(socket.AF_UNIX))
                sock.settimeout(2)
                sock.connect(os.path.join(self.directory, "tunnel"))
                sock.sendall(b"x" * 1000)
                got = b""
                while len(got) < 1000:
                    more = sock.recv(1000)
                    if not more:
                        return None
                    got += more
                stack.pop_all()
                return sock
        return self.until("an echo through the tunnel", echoed)

    def reload(self):
        self.write(AFTER, "2s")

        def reloaded():
            if any(p["peer"] == "new" for p in call(self.control, "Plan")["peers"]):
                return True
            self.daemon.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            return False
        self.until("the new configuration in force", reloaded)
        self.until("Reload", lambda: call(self.control, "Reload"))

    def first(self):
        self.write(BEFORE, "1s")
        self.begin(1)
        self.ready()
        self.all_up(sessions=6)
        self.client().close()
        self.ask()
        self.until("a heartbeat", lambda: self.peer.beats > 0)
        self.daemon.process.send_signal(signal.SIGUSR1)
        self.peer.reset_all()
        self.all_up(sessions=6)
        self.reload()
        self.all_up(sessions=7)

    def second(self):
        client = self.client()
        self.daemon.process.send_signal(signal.SIGUSR2)
        # One that cannot leave ends on its own as well; either way the next one goes on.
        self.statuses.append(self.daemon.check_end((0, 1)))
        self.begin(2)
        self.ready()
        self.all_up(sessions=7)
        client.close()
        self.client().close()
        self.ask()
        self.all_up(sessions=7)

    def settle(self, normal):
        def settled():
            self.open = self.daemon.descriptors()
            # A relay keeps a pipe for the next one, and two where both directions met.
            return all(n <= normal.get(kind, 0) + (2 if kind == "pipe" else 0)
                       for kind, n in self.open.items())
        try:
            until("as many descriptors as without a failure", settled, 4)
        except Broken as broken:
            raise Broken(f"{broken}; now {self.open}, then {normal}") from None

    def stop(self):
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.process.send_signal(signal.SIGTERM)
            # Where failures go on, it may be one that has only just begun.
            self.daemon.check_end((0,) if self.patience > 5 else (0, 1, 78, -signal.SIGTERM))

    def run(self, normal=None):
        self.first()
        self.second()
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
                    ident, n, name = line.removeprefix("! ").split()
                    found[ident] = [max(int(n), found.get(ident, [0])[0]), name]
        return found, failed

    def close(self, keep=False):
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        self.manager.close()
        self.peer.close()
        self.local.close()
        if not keep:
            shutil.rmtree(self.directory)


def try_one(program, number, name, fault, options):
    """Run with that fault. Its outcome in a word, and what is to be said of it if that is "broken"."""
    life = Life(program, number, fault, 1 if options.persistent else 10)
    outcome, words = "survived", ""
    try:
        if options.persistent:
            with contextlib.suppress(Broken):
                life.first()
                life.second()
            life.stop()
        else:
            life.run(options.normal)
        if not life.calls(fault[0])[1]:
            outcome = "not met"
        elif any(life.statuses):
            outcome = "ended"
    except Broken as broken:
        outcome = "broken"
        words = f"{broken}\n" + "".join(
            f"    {line}\n" for line in life.daemon.words().splitlines()[-60:])
    if options.only is not None:
        words = open(life.daemon.log, encoding="utf-8", errors="replace").read() + words
    life.close(options.keep)
    return outcome, name, fault, words


def live(program, number):
    """Run as it is."""
    life = Life(program, number)
    try:
        life.run()
    except Broken as broken:
        sys.exit(f"without a failure: {broken}\n{life.daemon.words()}")
    return life


def list_faults(program, options):
    """Run as it is, and choose what is to fail: each call the first time, the second and the last."""
    life = live(program, 0)
    faults = []
    options.normal = life.open
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.h"),
              encoding="utf-8") as table:
        twofold = {line.split(", ")[4] for line in table
                   if line.startswith("CALL(") and line.split(", ")[3] != "0"} | {"open", "read", "write", "epoll_ctl"}
    for number in (1, 2):
        for ident, (n, name) in life.calls(number)[0].items():
            if options.persistent and name in ("epoll_wait", "poll"):
                continue  # a signal interrupts, but not for ever
            plus = "+" if options.persistent else ""
            for nth in {1} if options.persistent else {1, min(n, 2), n}:
                faults.append((name, (number, f"{ident}:{nth}{plus}")))
            if name in twofold and not options.persistent:
                faults.append((name, (number, f"{ident}:1:2")))
    life.close()
    return faults


def report(results):
    table = collections.defaultdict(collections.Counter)
    for outcome, name, _, _ in results:
        table[name][outcome] += 1
        table["all"][outcome] += 1
    columns = ("survived", "ended", "not met", "broken")
    print(f"# {'call':24}" + "".join(f"{column:>10}" for column in columns))
    for name in sorted(table, key=lambda n: (n == "all", n)):
        print(f"# {name:24}" + "".join(f"{table[name][column]:10}" for column in columns))
    return table["all"]["broken"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--persistent", action="store_true")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only")
    parser.add_argument("--healthy", type=int)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.normal = None
    if options.only is not None:
        fault, _, number = options.only.partition("@")
        outcome, _, _, words = try_one(options.program, 0, "?", (int(number), fault), options)
        print(words + outcome)
        return outcome == "broken"
    if options.healthy is not None:
        for number in range(options.healthy):
            live(options.program, number).close()
        print(f"1..1\nok 1 - {options.healthy} lives without a failure")
        return False
    faults = list_faults(options.program, options)
    listed = len(faults)
    if options.sample is not None:
        faults = random.Random(options.seed).sample(faults, min(options.sample, listed))
    print(f"# {len(faults)} of {listed} failures, seed {options.seed}", flush=True)
    begun, results = time.monotonic(), []
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(try_one, options.program, i + 1, name, fault, options)
                   for i, (name, fault) in enumerate(faults)]
        for future in concurrent.futures.as_completed(futures):
            results.append(future.result())
            outcome, name, fault, words = results[-1]
            if outcome == "broken":
                print(f"# {name}, --only {fault[1]}@{fault[0]}: {words}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{len(results)}/{len(faults)}", end="", file=sys.stderr)
    broken = report(results)
    print(f"# {time.monotonic() - begun:.0f} s\n1..1\n{'not ' if broken else ''}ok 1 - every failure")
    return broken > 0


if __name__ == "__main__":
    sys.exit(main())
