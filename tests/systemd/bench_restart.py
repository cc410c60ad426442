#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a restart costs, with a hundred sessions and with as many as one process may have here.

Under a real systemd in a container, as the tests are: run it with make bench-restart. Nothing is
asserted; the targets stand beside the figures. All of it goes before the machine's other work, which
would be measured as well; each figure is the median of several rounds, and the worst.
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import sys
import tempfile
import time

import conftest
import outlive

PAUSE_MS = 100  # RestartSec=
SETTLE_S = 4  # what the daemon still has to do for its shelves after it has taken up


def boot(stack, program):
    """A machine with that build of the daemon, and its peer."""
    site = conftest.Site(stack)
    tree = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kgbench-")))
    shutil.copytree(conftest.TREE, tree, symlinks=True, dirs_exist_ok=True)
    [installed] = tree.glob("**/sbin/kaguard")
    shutil.copy(program, installed)
    site.boot(tree=tree)
    peer = site.peer()
    site.service.override(f"RestartSec={PAUSE_MS}ms\nRestartSteps=0\nLimitNOFILE=20000")
    return site.service, peer


def manager_cpu_ms(kaguard):
    """What the service manager has run so far."""
    with open(f"/proc/{kaguard.host.leader}/schedstat") as schedstat:
        return int(schedstat.read().split()[0]) / 1e6


def idle_cpu_ms(kaguard):
    """What it runs in that time when nothing happens but our asking."""
    before = manager_cpu_ms(kaguard)
    time.sleep(SETTLE_S)
    return manager_cpu_ms(kaguard) - before


def realtime_ms(monotonic_us):
    return monotonic_us / 1000 + (time.time_ns() - time.monotonic_ns()) / 1e6


def forget_looks():
    """Whoever looks through /proc/PID/fd, as monitors do, leaves an entry for each descriptor in the
    kernel's cache; it is the service manager that has to throw them away when it reaps."""
    with contextlib.suppress(OSError), open("/proc/sys/vm/drop_caches", "w") as drop:
        drop.write("2")


def one_end(kaguard, peer, sessions, end):
    """One restart or kill. Returns figures by name."""
    pid = kaguard.pid()
    forget_looks()
    mark, cpu, now = kaguard.journal.mark(), manager_cpu_ms(kaguard), time.time_ns() / 1e6
    end(kaguard, pid)
    said = outlive.await_taken(kaguard, mark, len(sessions))
    time.sleep(SETTLE_S)
    cpu = manager_cpu_ms(kaguard) - cpu
    assert peer.open_sessions() == sessions
    begun = realtime_ms(int(kaguard.show("ExecMainStartTimestampMonotonic")
                            ["ExecMainStartTimestampMonotonic"]))
    taken = int(said["_SOURCE_REALTIME_TIMESTAMP"]) / 1000
    figures = {"whole": taken - now, "manager": begun - now, "start": taken - begun, "cpu": cpu}
    for record in kaguard.journal.said("^stopwatch: ", start=mark):
        _, what, wall, cpu, count = record["MESSAGE"].split()
        figures[what] = (float(wall), float(cpu), int(count))
    return figures


def kill(_, pid):
    os.kill(pid, signal.SIGKILL)


def restart(kaguard, _):
    outlive.restart(kaguard)


def row(text, values, target=""):
    print(f"  {text:62} {statistics.median(values):8.1f} {max(values):8.1f}  {target}")


def show(kind, rounds, idle_ms):
    print(f" {kind}, {len(rounds)} rounds{'':50} median    worst  target")
    if kind == "SIGKILL":
        row(f"to all in hand again, beyond RestartSec={PAUSE_MS}ms, ms",
            [r["whole"] - PAUSE_MS for r in rounds])
        row("  until the service manager starts the next: its own delay, ms",
            [r["manager"] - PAUSE_MS for r in rounds])
        row("  beyond that, ms", [r["start"] for r in rounds], "< 200")
    else:
        row("systemctl restart to all in hand again, ms", [r["whole"] for r in rounds])
    row(f"PID 1's CPU time, with {SETTLE_S} s after it, ms", [r["cpu"] - idle_ms for r in rounds],
        "independent")
    for what, text, target in (("taking-up", "taking up", "< 50"),
                               ("system-calls", "  the system calls of that alone", ""),
                               ("parking", "parking, as they come up", "< 50"),
                               ("refilling", "filling all shelves anew", ""),
                               ("leaving", "leaving", "")):
        found = [r[what] for r in rounds if what in r and r[what][2] > 0]
        if found:
            row(f"{text}, time of the event loop, ms", [wall for wall, _, _ in found], target)
            row(f"{text}, its CPU time, ms", [cpu for _, cpu, _ in found])


def measure(program, count, rounds):
    with contextlib.ExitStack() as stack:
        kaguard, peer = boot(stack, program)
        sessions = outlive.start(kaguard, peer, count)
        time.sleep(SETTLE_S)
        idle_ms = idle_cpu_ms(kaguard)
        print(f"{count} sessions, systemd {kaguard.host.version()}")
        # The first end is a restart, of the daemon that has parked them all.
        show("restart", [one_end(kaguard, peer, sessions, restart) for _ in range(rounds)], idle_ms)
        show("SIGKILL", [one_end(kaguard, peer, sessions, kill) for _ in range(rounds)], idle_ms)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path, help="the daemon with a stopwatch")
    parser.add_argument("--sessions", type=int, nargs="+", default=[100, 15000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if why := conftest.obstacle():
        sys.exit(why)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    for count in options.sessions:
        measure(options.program, count, options.rounds)


main()
