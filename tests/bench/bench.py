#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kaguard beside the least that can hold sessions, in one run on one machine.

Both hold the same sessions to loopback addresses. What matters is what one costs beside the other
and the figures per session: absolute times are not repeatable on a shared machine. Nothing is
asserted; the targets stand beside the figures.
"""

import argparse
import contextlib
import math
import os
import platform
import signal
import statistics
import time

from rig import (SINK_HOLDS, Daemon, Failed, Guard, Peer, Sink, bench_main, kaguard_config,
                 peers_of, progress)

RELOAD_PEERS = 10000
SETTLE_S = 3  # between the last session up and the first idle second
UP_WITHIN_S = 120


def hold(name, options, sessions, idle_s):
    """Let a program set up its sessions, watch it while idle if it shall be, stop it."""
    n_sinks = math.ceil(sessions / SINK_HOLDS)
    sinks = [Sink(options.sink, sessions // n_sinks) for _ in range(n_sinks)]
    peers = [peer for i, sink in enumerate(sinks, 1) for peer in peers_of(sink, sink.count, i)]
    guard = Guard(name, getattr(options, name), peers)

    def overdue(*_):
        raise Failed(f"{name}: {sessions} sessions were not up within {UP_WITHIN_S} s")

    signal.signal(signal.SIGALRM, overdue)
    signal.alarm(UP_WITHIN_S)
    try:
        times = [sink.up() for sink in sinks]
        signal.alarm(0)
        took = max(last for _, last in times) - min(first for first, _ in times)
        result = {"setup_per_s": sessions / took} if took else {}
        if idle_s:
            result |= idle(guard, sinks, idle_s)
        result["stopped_after_s"] = guard.stop()
        if name == "kaguard" and guard.process.returncode != 0:
            raise Failed(f"kaguard ended with {guard.process.returncode}")
        return result
    except Failed as failure:
        raise Failed(f"{failure}\n{guard.explain()}") from None
    finally:
        signal.alarm(0)
        guard.stop()
        for sink in sinks:
            sink.close()


def idle(guard, sinks, idle_s):
    """What a program that has nothing to do costs, and how much memory it has."""
    time.sleep(SETTLE_S)
    cpu, switches = guard.activity()
    begun = time.monotonic()
    time.sleep(idle_s)
    took = time.monotonic() - begun
    cpu_end, switches_end = guard.activity()
    lost = sum(sink.count for sink in sinks) - sum(sink.held() for sink in sinks)
    if lost:
        raise Failed(f"{guard.name} lost {lost} sessions while idle")
    return {
        "pss_bytes": guard.pss(),
        "idle_s": took,
        "idle_cpu_s": cpu_end - cpu,
        "idle_switches_per_s": (switches_end - switches) / took,
    }


def one_session(name, options):
    progress(f"{name}: 1 session")
    return hold(name, options, 1, 1)["pss_bytes"]


def compare(options, sessions):
    """Alternate the programs; the last run of each is also watched while idle."""
    results = {"holder": [], "kaguard": []}
    for run in range(options.runs):
        for name, list_ in results.items():
            last = run == options.runs - 1
            progress(
                f"{name}: {sessions} sessions, run {run + 1} of {options.runs}"
                + (f", then {options.idle} s idle" if last else "")
            )

            list_.append(hold(name, options, sessions, options.idle if last else 0))
    for name, list_ in results.items():
        rates = [result["setup_per_s"] for result in list_]
        results[name] = {**list_[-1], "setup_per_s": statistics.median(rates)}
        results[name]["setup_per_s_runs"] = rates
    return results


def ready_after(options, config):
    """Seconds from exec to READY=1."""
    begun = time.monotonic()
    with contextlib.closing(Daemon(options, config)) as daemon:
        daemon.await_ready()
        return time.monotonic() - begun


def reload_unchanged(options, count, runs):
    """Seconds that each reload takes where as many peers stay as they are; none is touched."""
    progress(f"kaguard: {runs} reloads of {count} peers")
    with contextlib.ExitStack() as stack:
        n_sinks = math.ceil(count / SINK_HOLDS)
        sinks = [stack.enter_context(contextlib.closing(Sink(options.sink, count // n_sinks)))
                 for _ in range(n_sinks)]
        peers = [Peer(f"127.{number}.{i >> 8}.{i & 255}", sink.port, 1)
                 for number, sink in enumerate(sinks, 1) for i in range(1, sink.count + 1)]
        config = kaguard_config(peers, ready_when="all-up")
        daemon = stack.enter_context(contextlib.closing(Daemon(options, config)))
        daemon.await_ready(UP_WITHIN_S)
        for sink in sinks:
            sink.up()
        took = [daemon.reload() for _ in range(runs)]
        touched = [sink for sink in sinks if sink.held_and_accepted() != (sink.count, sink.count)]
        if touched:
            raise Failed("a reload of what had not changed touched sessions")
        return took


def cold_start(options, runs):
    progress(f"kaguard: {2 * runs} cold starts with 10 peers")
    sink = Sink(options.sink, 2 * runs * 10)
    peers = peers_of(sink, 10)
    try:
        return {
            when: statistics.median(
                ready_after(options, kaguard_config(peers, ready_when=when)) for _ in range(runs)
            )
            for when in ("started", "all-up")
        }
    finally:
        sink.close()


def measure(options):
    result = {"kernel": platform.release(), "cpus": os.cpu_count(), "runs": options.runs}
    result["one_session_pss_bytes"] = {
        name: one_session(name, options) for name in ("holder", "kaguard")
    }
    result["sessions"] = {}
    for sessions in options.sessions:
        found = compare(options, sessions)
        for name, values in found.items():
            base = result["one_session_pss_bytes"][name]
            values["bytes_per_session"] = (values["pss_bytes"] - base) / sessions
        found["rate_of_holder"] = found["kaguard"]["setup_per_s"] / found["holder"]["setup_per_s"]
        result["sessions"][sessions] = found
    result["ready_s"] = cold_start(options, 10)
    result["reload_s_runs"] = reload_unchanged(options, RELOAD_PEERS, 5)
    result["reload_s"] = statistics.median(result["reload_s_runs"])
    return result


def row(label, holder, kaguard, target=""):
    print(f"  {label:<36}{holder:>10}{kaguard:>10}   {target}".rstrip())


def show(result):
    print(f"Linux {result['kernel']}, {result['cpus']} CPUs; rates are medians of "
          f"{result['runs']} alternated runs\n")
    row("", "holder", "kaguard", "target")
    base = result["one_session_pss_bytes"]
    print("1 session")
    row("memory (PSS), KiB", *(f"{base[n] / 1024:,.0f}" for n in ("holder", "kaguard")))
    for sessions, found in result["sessions"].items():
        pair = [found["holder"], found["kaguard"]]
        print(f"{sessions:,} sessions")
        row("memory (PSS), KiB", *(f"{v['pss_bytes'] / 1024:,.0f}" for v in pair))
        row("memory a session, bytes", *(f"{round(v['bytes_per_session']):,}" for v in pair),
            "<= 512")
        row("set up per second", *(f"{v['setup_per_s']:,.0f}" for v in pair))
        row("  of the holder's", "1", f"{found['rate_of_holder']:.2f}", ">= 0.80")
        seconds = f"{pair[1]['idle_s']:.0f}"
        row(f"CPU over {seconds} idle seconds, s", *(f"{v['idle_cpu_s']:.2f}" for v in pair),
            "< 0.1")
        row("context switches a second, idle", *(f"{v['idle_switches_per_s']:.2f}" for v in pair),
            "<= 2")
        row("ended after SIGTERM, s", *(f"{v['stopped_after_s']:.2f}" for v in pair), "< 1")
    print("cold start with 10 peers")
    row("READY, ms", "", f"{result['ready_s']['started'] * 1e3:.1f}", "< 50")
    row("READY with ready_when: all-up, ms", "", f"{result['ready_s']['all-up'] * 1e3:.1f}")
    print(f"reload of {RELOAD_PEERS:,} unchanged peers, none touched")
    row("READY, ms", "", f"{result['reload_s'] * 1e3:.1f}", "< 100")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one run, 10 idle seconds")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--runs", type=int, default=3, help="set up so often (default 3)")
    parser.add_argument("--idle", type=int, default=60, metavar="SECONDS",
                        help="watch idle sessions so long (default 60)")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1000, 15000], metavar="N",
                        help="hold so many (default 1000 15000)")
    for tool in ("kaguard", "holder", "sink"):
        parser.add_argument(tool)
    options = parser.parse_args()
    if options.quick:
        options.runs, options.idle = 1, 10
    return options


def main():
    options = parse()
    bench_main(lambda: measure(options), show, options.json)


if __name__ == "__main__":
    main()
