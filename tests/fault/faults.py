#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""faults.py PROGRAM [--sample N] [--calls NAMES] [--persistent] [--jobs N] [--seed N]
          [--only ID:N[:2]@DAEMON] [--healthy N] [--keep]

Every failure once. PROGRAM is tests/fault/kaguard-faulty. It is run through its lives (lives.py): a busy
one, a quiet one, and a start with a wrong configuration. First all their calls are listed; then one is run
again for each, and that call fails. Every time it has to go on and to have all its sessions in the end, or
to end with a documented status and a reason, upon which the next one goes on. Nothing that a tunnel carries
may be missing without the client being told, nothing that was learnt may be lost. No sanitizer may have
anything to say, and no descriptor may be left. Many are tried at once; what is broken then is told, and
tried again alone: "broken once" is what was not broken again.

  --sample N      only N of these, other ones each time
  --calls NAMES   only of these functions, with commas between
  --persistent    the call fails from then on: it may do what it can, but not crash or hang
  --only WHAT     this one, with its log
  --healthy N     no failure at all, N times: for other sanitizers
"""
import argparse
import atexit
import collections
import concurrent.futures
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from life import isolate
from lives import LIVES, BusyLife, QuietLife, RefusedLife
from stage import Broken, die_with_parent

# What is made by hand in special.c can fail in two ways, too.
TWOFOLD = {"connect", "open", "read", "write", "epoll_ctl", "epoll_create1"}
KILLING = (signal.SIGINT, signal.SIGTERM)
TRIES = 3  # what is done once in many turns of a loop is not done in every life


def life_of(fault):
    return next(kind for kind in LIVES if fault[0] in kind.daemons)


def where(program, callers):
    """A line for each of them."""
    command = ["addr2line", "-e", program, "-f", "-s", "-p", "-i", *callers]
    return subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE).stdout if callers else ""


def try_once(program, number, fault, options):
    """Run with that fault. Its outcome in a word, and what is to be said of it if that is "broken"."""
    life = life_of(fault)(program, number, fault, persistent=options.persistent)
    outcome, words = "survived", ""
    try:
        if options.persistent:
            with contextlib.suppress(Broken):
                life.live()
            life.stop()
        else:
            life.run(options.normal[life_of(fault)])
        if not life.met():
            outcome = "not met"
        elif any(status > 0 for status in life.statuses):
            outcome = "ended"
    except Broken as broken:
        outcome = "broken"
        words = f"{broken}\n" + "".join(
            f"    {line}\n" for line in life.daemon.words().splitlines()[-60:])
    if options.only is not None:
        words = open(life.daemon.log, encoding="utf-8", errors="replace").read() + words + where(
            program, life.callers())
    life.close(options.keep)
    return outcome, words


def try_one(program, number, name, fault, options):
    for _ in range(TRIES):
        outcome, words = try_once(program, number, fault, options)
        if outcome != "not met":
            break
    return outcome, name, fault, words


def live(kind, program, number):
    """Run as it is."""
    life = kind(program, number)
    try:
        life.run()
    except Broken as broken:
        sys.exit(f"without a failure: {broken}\n{life.daemon.words()}")
    return life


def twofold():
    """Names of the calls that can fail in two ways."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.h"),
              encoding="utf-8") as table:
        return TWOFOLD | {line.split(", ")[4] for line in table
                          if line.startswith("CALL(") and line.split(", ")[3] != "0"}


def list_faults(program, options):
    """Run as it is, and choose what is to fail: each call the first time, the second and the last."""
    faults, twice, seen = [], twofold(), {}
    # A quiet one takes half a minute, which make check has not.
    for kind in LIVES if options.sample is None else (BusyLife, RefusedLife):
        life = live(kind, program, 0)
        options.normal[kind] = life.open
        for number in kind.daemons:
            calls = life.calls(number)[0]
            # The first two daemons begin in different ways; of the others, what these have not done.
            new = calls if number <= 2 else {ident: calls[ident] for ident in calls.keys() - seen.keys()}
            seen |= calls
            for ident, (n, name) in sorted(new.items()):
                if options.persistent and name in ("epoll_wait", "poll", "nanosleep"):
                    continue  # a signal interrupts, but not for ever
                plus = "+" if options.persistent else ""
                for nth in {1} if options.persistent else {1, min(n, 2), n}:
                    faults.append((name, (number, f"{ident}:{nth}{plus}")))
                if name in twice and not options.persistent:
                    faults.append((name, (number, f"{ident}:1:2")))
        life.close()
    return faults


def leave_nothing():
    """In files, where we are killed: the processes see to themselves."""
    tempfile.tempdir = tempfile.mkdtemp(prefix="kaguard-faults-")
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

    def end(signo, _):
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)
        os._exit(128 + signo)
    for signo in KILLING:
        signal.signal(signo, end)


def begin_worker():
    die_with_parent()
    for signo in KILLING:
        signal.signal(signo, signal.SIG_DFL)
    isolate()


def try_all(program, faults, jobs, options):
    """Their outcomes; what is broken is told. Each process has a network of its own, if it may."""
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=begin_worker) as pool:
        futures = [pool.submit(try_one, program, i + 1, name, fault, options)
                   for i, (name, fault) in enumerate(faults)]
        for future in concurrent.futures.as_completed(futures):
            outcome, name, fault, words = future.result()
            results[name, fault] = outcome
            if outcome == "broken":
                print(f"# {name}, --only {fault[1]}@{fault[0]}: {words}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{len(results)}/{len(faults)}", end="", file=sys.stderr)
    return results


def try_beside(program, faults, options):
    """Many at once; and what was broken beside others once more, alone."""
    quiet = [fault for fault in faults if life_of(fault[1]) is QuietLife]
    busy = [fault for fault in faults if life_of(fault[1]) is not QuietLife]
    results = try_all(program, busy, options.jobs, options)
    results |= try_all(program, quiet, 3 * options.jobs, options)  # they wait, mostly
    broken = [fault for fault in faults if results[fault] == "broken"]
    if broken:
        print(f"# {len(broken)} once more, alone", flush=True)
        again = try_all(program, broken, 1, options)
        results |= {fault: "broken" if again[fault] == "broken" else "broken once" for fault in broken}
    return results


def report(results):
    table = collections.defaultdict(collections.Counter)
    for (name, _), outcome in results.items():
        table[name][outcome] += 1
        table["all"][outcome] += 1
    columns = ("survived", "ended", "not met", "broken once", "broken")
    print(f"# {'call':26}" + "".join(f"{column:>12}" for column in columns))
    for name in sorted(table, key=lambda n: (n == "all", n)):
        print(f"# {name:26}" + "".join(f"{table[name][column]:12}" for column in columns))
    return table["all"]["broken"]


def try_only(options):
    ident, _, number = options.only.partition("@")
    fault = int(number), ident
    kind = life_of(fault)
    life = live(kind, options.program, 0)
    options.normal[kind] = life.open
    life.close()
    outcome, words = try_once(options.program, 0, fault, options)
    print(words + outcome)
    return outcome == "broken"


def try_healthy(options):
    for number in range(options.healthy):
        for kind in LIVES:
            live(kind, options.program, number).close()
    print(f"1..1\nok 1 - {options.healthy} lives without a failure")
    return False


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--calls", type=lambda names: set(names.split(",")))
    parser.add_argument("--persistent", action="store_true")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only")
    parser.add_argument("--healthy", type=int)
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def main():
    options = parse_arguments()
    if not options.keep:
        leave_nothing()
    options.normal = collections.defaultdict(lambda: None)
    isolate()
    if options.only is not None:
        return try_only(options)
    if options.healthy is not None:
        return try_healthy(options)
    faults = list_faults(options.program, options)
    listed = len(faults)
    if options.calls is not None:
        faults = [fault for fault in faults if fault[0] in options.calls]
    if options.sample is not None:
        faults = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
    print(f"# {len(faults)} of {listed} failures, seed {options.seed}", flush=True)
    begun = time.monotonic()
    options.normal = dict(options.normal)
    broken = report(try_beside(options.program, faults, options))
    print(f"# {time.monotonic() - begun:.0f} s\n1..1\n{'not ' if broken else ''}ok 1 - every failure")
    return broken > 0


if __name__ == "__main__":
    sys.exit(main())
