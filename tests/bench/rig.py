# SPDX-License-Identifier: ISC
"""The programs of a measurement: who holds the sessions, and who holds their other ends."""

import dataclasses
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

PEERS = 100  # the sessions to a sink are spread over so many peers
SINK_HOLDS = 7500  # one process has at most RLIMIT_NOFILE sockets, which cannot always be raised

started = time.monotonic()


def progress(text):
    print(f"[{time.monotonic() - started:4.0f} s] {text}", file=sys.stderr, flush=True)


class Failed(Exception):
    """A measurement that could not be made."""


def bench_main(measure, show, as_json):
    """Measure with as many descriptors as there may be, and print what came of it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        result = measure()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    if as_json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        show(result)


class Sink:
    """One process that accepts and holds the sessions."""

    def __init__(self, program, count, *arguments):
        self.count = count
        self.process = subprocess.Popen(
            [program, str(count), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._read("port")[0])

    def _read(self, word):
        line = self.process.stdout.readline().split()
        if not line or line[0] != word:
            raise Failed(f"the sink said {line}, not {word}")
        return line[1:]

    def up(self):
        """When the first and the last session arrived, in seconds."""
        return [int(ns) / 1e9 for ns in self._read("up")]

    def held_and_accepted(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        held, accepted = self._read("held")
        return int(held), int(accepted)

    def held(self):
        return self.held_and_accepted()[0]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@dataclasses.dataclass
class Peer:
    address: str
    port: int
    sessions: int


def peers_of(sink, sessions, number=1):
    """The peers that hold so many sessions to a sink, the number'th of its run."""
    n = min(PEERS, sessions)
    return [
        Peer(f"127.{number}.{i >> 8}.{i & 255}", sink.port, sessions // n + (i <= sessions % n))
        for i in range(1, n + 1)
    ]


def control_socket():
    return f"{tempfile.gettempdir()}/kaguard-bench-{os.getpid()}"


def kaguard_config(peers, defaults="", **top):
    text = "".join(f"{key}: {value}\n" for key, value in top.items())
    text += f"control: {{socket: {control_socket()}}}\n"
    text += f"defaults: {{firewall: aws-nat-gateway{defaults}}}\npeers:\n"
    for peer in peers:
        text += f"  - {{address: '{peer.address}:{peer.port}', sessions: {peer.sessions}}}\n"
    return text


class Guard:
    """A program under test, holding the sessions of peers."""

    def __init__(self, name, program, peers, defaults=""):
        self.name = name
        self.file = tempfile.NamedTemporaryFile("w+", prefix="kaguard-bench-", suffix=".yaml")
        self.said = tempfile.TemporaryFile("w+")
        if name == "holder":
            self.file.writelines(f"{p.address} {p.port} {p.sessions}\n" for p in peers)
            command = [program]
        else:
            self.file.write(kaguard_config(peers, defaults))
            command = [program, "-c", self.file.name]
        self.file.seek(0)
        self.process = subprocess.Popen(
            command, stdin=self.file, stdout=self.said, stderr=self.said, env=plain_environment()
        )

    def explain(self):
        self.said.seek(0)
        return "".join(self.said.readlines()[-10:])

    def _proc(self, file):
        with open(f"/proc/{self.process.pid}/{file}", encoding="ascii") as f:
            return f.read()

    def pss(self):
        for line in self._proc("smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise Failed("no Pss in smaps_rollup")

    def activity(self):
        """CPU seconds and context switches of all threads since their start."""
        cpu = switches = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            # utime and stime stand behind the name, which may have blanks and parentheses.
            stat = self._proc(f"task/{task}/stat").rpartition(")")[2].split()
            cpu += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
            for line in self._proc(f"task/{task}/status").splitlines():
                if "ctxt_switches" in line:
                    switches += int(line.split()[1])
        return cpu, switches

    def stop(self):
        """Seconds from SIGTERM to the end."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.file.close()
        return time.monotonic() - begun


def plain_environment():
    """Ours, without what a service manager may have put into it."""
    hidden = ("NOTIFY_SOCKET", "JOURNAL_STREAM", "WATCHDOG_USEC", "WATCHDOG_PID")
    return {key: value for key, value in os.environ.items() if key not in hidden}


class Daemon:
    """kaguard under a service manager that is played here."""

    def __init__(self, options, config):
        self._directory = tempfile.TemporaryDirectory(prefix="kaguard-bench-")
        path = os.path.join(self._directory.name, "notify")
        file = os.path.join(self._directory.name, "kaguard.yaml")
        with open(file, "w", encoding="ascii") as f:
            f.write(config)
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(path)
        self.process = subprocess.Popen(
            [options.kaguard, "-c", file],
            env={**plain_environment(), "NOTIFY_SOCKET": path},
            stderr=subprocess.DEVNULL,
        )

    def await_ready(self, timeout=10):
        self._manager.settimeout(timeout)
        try:
            while b"READY=1" not in self._manager.recv(65536).split(b"\n"):
                pass
        except TimeoutError:
            raise Failed(f"kaguard did not say READY=1 within {timeout} s") from None

    def reload(self):
        """Seconds from SIGHUP to READY=1."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        self.await_ready()
        return time.monotonic() - begun

    def close(self):
        self.process.terminate()
        self.process.wait()
        self._manager.close()
        self._directory.cleanup()
