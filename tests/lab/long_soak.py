#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Very many sessions through the lab's firewall, and whatever may happen to them, for half an hour.

make soak SOAK='--sessions 15000 --minutes 30 --seed 7', as root. One fault after the other is taken
from a shuffled round of all, and each has to be over before the next: every session up, and every
session that the kernel saw end told in the journal, with a reason that fits. In the end memory and
descriptors are what they were. What differs is told, and the exit code is 1.
"""
import argparse
import collections
import contextlib
import dataclasses
import random
import resource
import sys
import threading
import time

import netlab
from soak_faults import Faults, Outcome
from soak_site import Site

SAY_EVERY_S = 10
LATE_S = 120  # what is not settled by then, beyond the firewall's idle timeout, never will be
RSS_MARGIN = 1.05, 1024  # a twentieth, and a MiB; the guest and what is a session more are in it
FDS_MARGIN = 1, 8
SHELVES_MARGIN = 1.5, 2  # those with room are filled before there are more


class Progress:
    """One line, in place on a terminal, else every ten seconds."""

    def __init__(self):
        self._began, self._said = time.monotonic(), -SAY_EVERY_S
        self._in_place = sys.stdout.isatty()

    def elapsed(self):
        return time.monotonic() - self._began

    def show(self, text):
        now = self.elapsed()
        if self._in_place:
            print(f"\r\x1b[K[{now:5.0f} s] {text}"[:140], end="", flush=True)
        elif now - self._said >= SAY_EVERY_S:
            self._said = now
            print(f"[{now:5.0f} s] {text}", flush=True)

    def say(self, text):
        print(("\r\x1b[K" if self._in_place else "") + f"[{self.elapsed():5.0f} s] {text}",
              flush=True)


@dataclasses.dataclass
class Record:
    """What came of one kind of fault."""
    times: int = 0
    ended: int = 0
    told: int = 0
    untold: int = 0
    longest_s: float = 0


class Soak:
    def __init__(self, options, site):
        self.options, self.site = options, site
        self.random = random.Random(options.seed)
        self.progress = Progress()
        self.doing, self.wrong = "start", []
        self.records = collections.defaultdict(Record)
        self.reasons = collections.Counter()
        self.samples = []  # (fault before it, sample)
        self._pause = threading.Event()

    def _show(self):
        told = self.site.books.told
        self.progress.show(f"{self.site.status()[:40]}; {self.doing}; "
                           f"lost {told['lost'].total()}, came up {told['up'].total()}, "
                           f"{len(self.wrong)} wrong")

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._show()
            self._pause.wait(min(left, 1))

    def await_(self, condition, timeout, what):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {timeout} s: {what}")
            self.pass_time(0.1)

    def find_wrong(self, text):
        self.wrong.append(f"{self.doing}: {text}")
        self.progress.say(f"WRONG: {self.wrong[-1]}")

    # --- one fault --------------------------------------------------------

    def _unsettled(self, outcome, before):
        """What is not yet as it has to be, or None."""
        ended = collections.Counter(self.site.ended()) - before
        if missing := collections.Counter(outcome.ends or {}) - ended:
            return f"still to end: {dict(missing)}"
        total = self.site.wanted.total()
        if not self.site.status().startswith(f"{total}/{total} session"):
            return f"not all are up: {self.site.status()}"
        if not self.site.journal_is_read():
            return "the daemon has counted what it did not tell"
        ends, comings, up = self.site.differences()
        if up != self.site.wanted.sessions:
            return f"connections of the kernel's: {up}"
        for what, left, (least, most) in (("ended", ends, outcome.ends_untold),
                                          ("came up", comings, outcome.comings_untold)):
            most += outcome.unborn
            if min(left.values(), default=0) < 0 or not least <= sum(left.values()) <= most:
                return f"{what} and not told: {left}, not {least} to {most} in all"
        return None

    def settle(self, outcome, before):
        deadline = time.monotonic() + LATE_S + 2 * self.options.timeout
        while trouble := self._unsettled(outcome, before):
            if time.monotonic() > deadline:
                self.find_wrong(trouble)
                break
            self._show()
            self._pause.wait(0.2)
        self.site.write_off()

    def _compare(self, outcome, ended, reasons):
        wanted = collections.Counter(outcome.ends or {})
        if outcome.ends is not None and (ended - wanted).total() > outcome.unborn:
            self.find_wrong(f"sessions ended: {dict(ended)}, not {outcome.ends}")
        if strangers := {reason for (_, reason) in reasons} - outcome.reasons:
            self.find_wrong(f"reasons that do not fit: {strangers} in {dict(reasons)}")
        for text in self.site.books.strange + self.site.stray:
            self.find_wrong(f"said: {text}")
        self.site.books.strange.clear()
        self.site.stray.clear()

    def inflict(self, name, fault):
        self.doing = name
        site, begun = self.site, time.monotonic()
        ended, told = collections.Counter(site.ended()), site.gone_told()
        reasons = site.books.reasons.copy()
        outcome = fault()
        self.settle(outcome, ended)
        ended = collections.Counter(site.ended()) - ended
        reasons = site.books.reasons - reasons
        self._compare(outcome, ended, reasons)
        record = self.records[name]
        record.times += 1
        record.ended += ended.total()
        record.told += (site.gone_told() - told).total()
        record.untold += ended.total() - (site.gone_told() - told).total()
        record.longest_s = max(record.longest_s, time.monotonic() - begun)
        self.reasons.update({(name, reason): n for (kind, reason), n in reasons.items()
                             if kind == "up"})
        self._sample()

    def _sample(self):
        sample = self.site.sample()
        self.samples.append((self.doing, sample))
        self.progress.say(f"{self.doing}: settled; " +
                          ", ".join(f"{key} {value}" for key, value in sample.items()))

    # --- all of them ------------------------------------------------------

    def _rounds(self, faults):
        names = self.options.once or faults.names()
        while True:
            if not self.options.once:
                names = self.random.sample(names, len(names))
            yield from names
            if self.options.once:
                return

    def run(self):
        site, faults = self.site, Faults(self)
        site.configure()
        site.start()
        self.inflict("start", Outcome)
        self.pass_time(self.options.timeout / 2)
        self._sample()
        for name in self._rounds(faults):
            if not self.options.once and self.progress.elapsed() > 60 * self.options.minutes:
                break
            self.doing = "quiet"
            self.pass_time(self.random.uniform(1, 4))
            self.inflict(name, getattr(faults, name))
        self.doing = "the end"
        if self.site.wanted.guest in self.site.wanted.ports:
            self.inflict("reload_peer", faults.reload_peer)
        self.pass_time(self.options.timeout / 2)
        self._sample()
        self._weigh()

    def _weigh(self):
        """Memory and descriptors now and when all were up first, in the same calm."""
        (_, first), (_, last) = self.samples[1], self.samples[-1]
        more = self.site.wanted.total() - self.options.sessions
        for what, sessions, (factor, some) in (("rss_kib", 0, RSS_MARGIN), ("fds", 1, FDS_MARGIN),
                                               ("sockets", 1, FDS_MARGIN),
                                               ("shelves", 0, SHELVES_MARGIN)):
            if last[what] - more * sessions > first[what] * factor + some:
                self.find_wrong(f"{what}: {first[what]} at the start, {last[what]} in the end")
        if self.site.ends.missed:
            self.find_wrong("the kernel told of more ends than could be read")

    def report(self):
        print(f"\n{'fault':20} times    ended     told   untold  settled within")
        for name, r in sorted(self.records.items()):
            print(f"{name:20} {r.times:5} {r.ended:8} {r.told:8} {r.untold:8}  "
                  f"{r.longest_s:10.1f} s")
        by_reason = collections.Counter()
        for (_, reason), n in self.reasons.items():
            by_reason[reason] += n
        print("\nsessions back, by the reason that they were lost for:",
              ", ".join(f"{n} {reason}" for reason, n in sorted(by_reason.items())) or "none")
        (_, first), (_, last) = self.samples[1], self.samples[-1]
        for key in first:
            values = [sample[key] for _, sample in self.samples]
            print(f"{key:10} {first[key]:8} at the start, {last[key]:8} in the end, "
                  f"{min(values)} to {max(values)} between faults")
        print(f"{self.site.books.records} records in the journal\n")
        print("\n".join(self.wrong) or "nothing differs")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=15000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("--peers", type=int, default=15)
    parser.add_argument("--timeout", type=int, default=40, metavar="S",
                        help="the firewall's idle timeout")
    parser.add_argument("--firewall", choices=["silent", "reset"], default="silent")
    parser.add_argument("--once", nargs="+", metavar="FAULT",
                        help="these, one after the other, in place of rounds of all")
    return parser.parse_args()


def main():
    options = parse()
    if why := netlab.why_not():
        sys.exit(f"soak: {why}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{options.sessions} sessions to {options.peers} peers, seed {options.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        soak = Soak(options, Site(stack, options))
        try:
            soak.run()
        except (AssertionError, OSError, netlab.LabError) as error:
            soak.find_wrong(f"{type(error).__name__}: {error}")
            for text in [*soak.site.stray, *soak.site.books.strange]:
                soak.find_wrong(f"said: {text}")
        if len(soak.samples) > 1:
            soak.report()
    sys.exit(bool(soak.wrong))


if __name__ == "__main__":
    main()
