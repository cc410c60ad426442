#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tunnels beside what else carries connections, in one run on one machine.

Each measurement is made with one program after the other, several rounds of it, and the table has
the medians. What matters is what one has beside the others: absolute figures are not repeatable on
a shared machine. Nothing is asserted; the targets stand below the table.
"""

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import time

from forwarders import ALL
from rig import Failed, bench_main, progress

SETTLE_S = 3  # until clients count as lasting ones, and are kept


class FarEnd:
    """What is carried to: "echo" or "discard"."""

    def __init__(self, options, what):
        self.process = subprocess.Popen([options.far_end, what], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def cpus(these):
    """For what is started meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, these or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(options, forwarder, what):
    with contextlib.closing(FarEnd(options, what)) as end, \
            contextlib.closing(forwarder(end.port)) as it:
        yield it


def traffic(options, port, what, count, seconds):
    done = subprocess.run([options.traffic, str(port), what, str(count), str(round(seconds * 1e3))],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{what} {count}: {done.stderr.strip()}")
    return [int(word) for word in done.stdout.split()]


def bulk(options, forwarder, streams):
    with running(options, forwarder, "discard") as it:
        before = it.cpu()
        size, ns = traffic(options, it.port, "bulk", streams, options.seconds)
        return {"gb_per_s": size / ns, "cpu_s_per_gb": (it.cpu() - before) / size * 1e9}


def ping(options, forwarder, connections, one_cpu=False):
    with cpus({min(os.sched_getaffinity(0))} if one_cpu else None), \
            running(options, forwarder, "echo") as it:
        before = it.cpu()
        n, ns, p50, p99 = traffic(options, it.port, "ping", connections, options.seconds)
        return {"per_s": n / ns * 1e9, "p50_us": p50 / 1e3, "p99_us": p99 / 1e3,
                "cpu_us": (it.cpu() - before) / n * 1e6}


def connect(options, forwarder, at_once):
    with running(options, forwarder, "echo") as it:
        before = it.cpu()
        n, ns = traffic(options, it.port, "open", at_once, options.seconds)
        return {"per_s": n / ns * 1e9, "cpu_us": (it.cpu() - before) / n * 1e6}


def idle(options, forwarder, clients):
    if not forwarder.takes(clients):
        return None
    with running(options, forwarder, "echo") as it:
        traffic(options, it.port, "ping", 1, 0.1)
        time.sleep(SETTLE_S)
        before = it.pss()
        with subprocess.Popen([options.traffic, str(it.port), "idle", str(clients)], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            if holder.stdout.readline() != "up\n":
                raise Failed(f"{forwarder.name}: {clients} clients did not come through")
            time.sleep(SETTLE_S)
            return {"bytes": (it.pss() - before) / clients}


# key: what is measured, how often of the rounds, and how its figures are shown
MEASURES = {
    "bulk_1": (lambda o, f: bulk(o, f, 1), None, "bulk, 1 stream: GB/s / CPU s a GB",
               lambda r: f"{r['gb_per_s']:.2f} / {r['cpu_s_per_gb']:.2f}"),
    "bulk_8": (lambda o, f: bulk(o, f, 8), None, "8 streams",
               lambda r: f"{r['gb_per_s']:.2f} / {r['cpu_s_per_gb']:.2f}"),
    "ping_one_cpu": (lambda o, f: ping(o, f, 1, True), None, "ping-pong on one CPU: p50 / p99",
                     lambda r: f"{r['p50_us']:.1f} / {r['p99_us']:.1f} us"),
    "ping_1": (lambda o, f: ping(o, f, 1), None, "on all CPUs",
               lambda r: f"{r['p50_us']:.1f} / {r['p99_us']:.1f} us"),
    "ping_1000": (lambda o, f: ping(o, f, 1000), None, "1,000 connections",
                  lambda r: f"{r['per_s']:,.0f} /s"),
    "connect": (lambda o, f: connect(o, f, 32), None, "connections",
                lambda r: f"{r['per_s']:,.0f} /s"),
    "idle_1000": (lambda o, f: idle(o, f, 1000), 1, "memory of an idle client, of 1,000",
                  lambda r: f"{r['bytes']:,.0f} B"),
    "idle_5000": (lambda o, f: idle(o, f, 5000), 1, "of 5,000",
                  lambda r: f"{r['bytes']:,.0f} B"),
}


def installed(options):
    found = []
    for forwarder in ALL:
        missing = forwarder.missing(options)
        if missing:
            progress(f"{forwarder.name}: left out, {missing} is not installed")
        elif not options.only or any(word in forwarder.name for word in options.only):
            found.append(forwarder)
    return found


def median(samples):
    return {key: statistics.median(s[key] for s in samples) for key in samples[0]}


def measure(options):
    forwarders = installed(options)
    runs = {forwarder.name: {} for forwarder in forwarders}
    for key, (run, times, title, _) in MEASURES.items():
        if options.measures and key not in options.measures:
            continue
        for number in range(times or options.rounds):
            progress(f"{key}, round {number + 1} of {times or options.rounds}")
            # Nobody comes always behind the same one.
            turn = number % len(forwarders)
            for forwarder in forwarders[turn:] + forwarders[:turn]:
                sample = run(options, forwarder)
                if sample is not None:
                    runs[forwarder.name].setdefault(key, []).append(sample)
    return {"kernel": platform.release(), "cpus": os.cpu_count(), "rounds": options.rounds,
            "seconds": options.seconds, "runs": runs,
            "medians": {name: {key: median(samples) for key, samples in found.items()}
                        for name, found in runs.items()}}


# measure, figure, whether more is better, the factor by which a peer's and the loop's is multiplied
TARGETS = [
    ("bulk_1", "gb_per_s", True, 1, 1 / 1.1),
    ("bulk_1", "cpu_s_per_gb", False, 1, 1.1),
    ("bulk_8", "gb_per_s", True, 1, 1 / 1.1),
    ("bulk_8", "cpu_s_per_gb", False, 1, 1.1),
    ("ping_one_cpu", "p50_us", False, 1, 1.1),
    ("ping_1", "p50_us", False, 1, 1.1),
    ("ping_1000", "per_s", True, 0.95, 1 / 1.1),
]


def beside(medians, ours, measure_, figure, more):
    """Ours, the best peer's and the bare loop's; None for what was not measured."""
    def of(role):
        found = [(medians[f.name][measure_][figure], f.name) for f in ALL
                 if f.role == role and f.name != "direct" and measure_ in medians.get(f.name, {})]
        return (max if more else min)(found, default=None)
    return medians[ours].get(measure_, {}).get(figure), of("peer"), of("limit")


def verdict(text, value, limit, more):
    met = value >= limit if more else value <= limit
    print(f"- {text}: {value:.3g}, {'at least' if more else 'at most'} {limit:.3g}: "
          f"{'met' if met else '**missed**'}")


def show_targets(medians, ours):
    print(f"\nTargets, {ours}:\n")
    for measure_, figure, more, of_peer, of_loop in TARGETS:
        value, peer, loop = beside(medians, ours, measure_, figure, more)
        for other, factor in ((peer, of_peer), (loop, of_loop)):
            if value is not None and other is not None:
                verdict(f"{measure_} {figure} beside {other[1]}", value, other[0] * factor, more)
    found = medians[ours]
    for key in ("idle_1000", "idle_5000"):
        if key in found:
            verdict(f"{key} bytes", found[key]["bytes"], 600, False)
    theirs = [medians[name]["connect"]["per_s"] for name in medians
              if "HAProxy" in name and "connect" in medians[name]]
    if theirs and "connect" in found:
        verdict("connect per_s beside HAProxy", found["connect"]["per_s"], max(theirs), True)


def show(result):
    medians = result["medians"]
    columns = [key for key in MEASURES if any(key in found for found in medians.values())]
    print(f"Linux {result['kernel']}, {result['cpus']} CPUs, over loopback; medians of "
          f"{result['rounds']} interleaved rounds of {result['seconds']:g} s\n")
    print("| | " + " | ".join(MEASURES[key][2] for key in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, found in medians.items():
        cells = [MEASURES[key][3](found[key]) if key in found else "" for key in columns]
        print(f"| {name} | " + " | ".join(cells) + " |")
    for forwarder in ALL:
        if forwarder.role == "ours" and forwarder.name in medians:
            show_targets(medians, forwarder.name)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round of half a second")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement, default 2")
    parser.add_argument("--measures", nargs="+", choices=MEASURES, help="these alone")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="programs of such a name alone")
    for tool in ("kaguard", "splice_loop", "far_end", "traffic"):
        parser.add_argument(f"--{tool.replace('_', '-')}", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.5
    return options


def main():
    options = parse()
    bench_main(lambda: measure(options), show, options.json)


if __name__ == "__main__":
    main()
