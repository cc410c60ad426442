#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A peer with many sessions is restarted: how long until all are back, and did its queue hold?

Beside the bare holder, which connects as many to the same server in the same run. Both are timed at
the server, from the first session that it took to the last; for kaguard the first is the scout's.
Every SYN and every handshake that the server's listen queue had no room for is counted: a bare
holder loses some wherever that queue is short. Runs in a network namespace of its own.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys

from rig import Failed, Guard, Peer, Sink, progress

ADDRESS = "127.0.0.1"
WITHIN_S = 120
TARGET = 1.5
STABLE = "50ms"  # our sessions are young; those that a restart ends have lasted for long


class Server:
    """What is restarted: a program, how long its queue may be, how many sessions it is to take."""

    def __init__(self, title, program, backlog, sessions):
        self.title, self.program = title, program
        self.backlog, self.sessions = backlog, sessions

    def start(self, port=0):
        return Sink(self.program, self.sessions, port, self.backlog)


def overflows():
    """How many connections this namespace's listen queues had no room for (nstat(8))."""
    with open("/proc/self/net/netstat", encoding="ascii") as table:
        lines = [line.split() for line in table]
    values = {names[0] + key: int(value) for names, numbers in zip(lines[::2], lines[1::2])
              for key, value in zip(names[1:], numbers[1:])}
    return values["TcpExt:ListenOverflows"]


def timed(sink):
    """How long until it has taken all, in ms, and what overflowed meanwhile."""
    before = overflows()
    first, last = sink.up()
    return {"ms": (last - first) * 1000, "overflows": overflows() - before}


def connect_bare(options, server):
    sink = server.start()
    before = overflows()
    guard = Guard("holder", options.holder, [Peer(ADDRESS, sink.port, server.sessions)])
    try:
        return timed(sink) | {"overflows": overflows() - before}
    finally:
        guard.stop()
        sink.close()


def restart(options, server):
    """Kill the server under the sessions that kaguard holds, start it anew, several times."""
    before = overflows()
    sink = server.start()
    guard = Guard("kaguard", options.kaguard, [Peer(ADDRESS, sink.port, server.sessions)],
                  f", backoff: {{stable_after: {STABLE}}}")
    try:
        result = {"first": timed(sink) | {"overflows": overflows() - before}, "storms": []}
        for _ in range(options.storms):
            sink.process.kill()
            sink.close()
            before = overflows()
            sink = server.start(sink.port)
            result["storms"].append(timed(sink) | {"overflows": overflows() - before})
        return result
    except Failed as failure:
        raise Failed(f"{failure}\n{guard.explain()}") from None
    finally:
        guard.stop()
        sink.close()


def measure(options, server):
    def overdue(*_):
        raise Failed(f"{server.title}: {server.sessions} sessions not up within {WITHIN_S} s")

    signal.signal(signal.SIGALRM, overdue)
    runs = []
    for run in range(options.runs):
        progress(f"{server.title}: run {run + 1} of {options.runs}")
        signal.alarm(WITHIN_S)
        runs.append({"holder": connect_bare(options, server), **restart(options, server)})
        signal.alarm(0)
    storms = [storm for run in runs for storm in run["storms"]]

    def middle(results):
        return {"ms": statistics.median(r["ms"] for r in results),
                "overflows": [r["overflows"] for r in results]}
    return {"server": server.title, "sessions": server.sessions,
            "holder": middle([run["holder"] for run in runs]),
            "first": middle([run["first"] for run in runs]), "storm": middle(storms),
            "ratio": statistics.median(
                statistics.median(storm["ms"] for storm in run["storms"]) / run["holder"]["ms"]
                for run in runs)}


def show(results):
    print(f"{'':34}{'sessions':>9}{'holder':>10}{'start':>10}{'storm':>10}{'ratio':>8}"
          "   overflows: holder, start, storm")
    for found in results:
        counts = ", ".join(
            "+".join(map(str, found[what]["overflows"])) for what in ("holder", "first", "storm"))
        print(f"{found['server']:34}{found['sessions']:9,}{found['holder']['ms']:7,.0f} ms"
              f"{found['first']['ms']:7,.0f} ms{found['storm']['ms']:7,.0f} ms"
              f"{found['ratio']:8.2f}   {counts}")
    print(f"\nratio: storm to holder, target <= {TARGET}; overflows of a storm: none")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--runs", type=int, default=3, help="of each server (default 3)")
    parser.add_argument("--storms", type=int, default=2, help="restarts in a run (default 2)")
    parser.add_argument("--sessions", type=int, default=15000, metavar="N")
    for tool in ("kaguard", "holder", "sink"):
        parser.add_argument(tool)
    return parser.parse_args()


def in_a_namespace():
    """Become this program in a network namespace of its own, where nobody else's overflows count.

    A namespace of users as well, where we are not root. With so many ports that the kernel need not
    search long for one that is free: that would be most of the bare holder's time.
    """
    if os.environ.get("KAGUARD_STORM_NAMESPACE") == "yes":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as ports:
            ports.write("1024 65535")
        return
    if not shutil.which("unshare") or not shutil.which("ip"):
        sys.exit("storm: unshare(1) and ip(8) are needed")
    os.environ["KAGUARD_STORM_NAMESPACE"] = "yes"
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.execvp("unshare", ["unshare", *user, "--net", sys.executable, *sys.argv])


def main():
    options = parse()
    in_a_namespace()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    slow = os.path.join(os.path.dirname(__file__), "slow_sink.py")
    servers = [
        Server("C, queue of 4096", options.sink, 4096, options.sessions),
        Server("C, queue of 128", options.sink, 128, options.sessions),
        Server("asyncio, queue of 128", slow, 128, options.sessions),
        Server("asyncio, queue of 128", slow, 128, 1000),
    ]
    try:
        results = [measure(options, server) for server in servers]
    except Failed as failure:
        sys.exit(f"storm: {failure}")
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        print()
    else:
        show(results)


if __name__ == "__main__":
    main()
