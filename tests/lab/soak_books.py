# SPDX-License-Identifier: ISC
"""The soak's books: what the journal tells of each peer's sessions, beside what the kernel does."""
import collections
import re

MESSAGES = {  # src/host/messages.c
    "8fda8b287d5942959a611f07d89a3971": "up",
    "a9845fd7a7be41e597eb1342b31ca103": "lost",
    "1282dfa24f524442a4c298969dbc7d86": "closed",
    "c52c54b0b244432a953af6c01f7ff39c": "failed",
    "32570370eed14f379a7a3ee27c19b45f": "many",
    "3e5adc837ca748bcbc91be2a4a72fcdc": "started",
    "f898c59eba504b38867a1dbf72918b33": "stopping",
    "73caaeb401ba444b8ed5e6a41ec73371": "taken-over",
    "739e7390d82a4431b5f1f9e4b664be77": "reloaded",
    "035ada8f8f6042e1b1b6783726c9e629": "reload-failed",
    "2ca9324569964c1ba0d9cff44f99c001": "config-remark",
    "f0bdb2d75b0a45d58ac42470669f1b80": "summary",
    "da38b22ca1274fc0b4edb22d1b59040f": "plan-changed",
}
SUMS = {"came up": "up", "were lost": "lost", "were closed": "closed",
        "could not be reached": "failed"}
ONLY_WHEN_ASKED_FOR = {"reload-failed", "config-remark"}


def _sum_of(record):
    """What the sum of a storm stands for, by peer, and its reasons."""
    _, kind = re.search(r"^(\d+) more (?:sessions|peers) (.*?) within ", record["MESSAGE"]).groups()
    peers = {name: int(count) for name, _, count in
             (item.rpartition("=") for item in record["KAGUARD_PEERS"].split())}
    reasons = {name: int(count) for count, name in
               (item.split(" ") for item in record["KAGUARD_REASONS"].split(", ") if item)}
    assert sum(peers.values()) == int(record["KAGUARD_COUNT"]), record
    return SUMS[kind], peers, reasons


class Books:
    """Counts by peer of what was told, one by one or in sums; and what no record explains."""

    def __init__(self):
        self.told = {kind: collections.Counter() for kind in SUMS.values()}
        self.reasons = collections.Counter()  # of (lost or up, reason)
        self.records = 0
        self.marks = []  # what the daemon said of itself: (kind, text)
        self.strange = []  # what nothing that was done explains
        self.tolerated = set()  # kinds that are no news now

    def add(self, record):
        self.records += 1
        kind = MESSAGES.get(record.get("MESSAGE_ID"), record["MESSAGE"])
        if kind == "many":
            kind, peers, reasons = _sum_of(record)
            self.told[kind].update(peers)
            self.reasons.update({(kind, reason): n for reason, n in reasons.items()})
        elif kind in self.told:
            self.told[kind][record["KAGUARD_PEER"]] += 1
            if reason := record.get("KAGUARD_REASON"):
                self.reasons[kind, reason] += 1
        elif kind in MESSAGES.values():
            self.marks.append((kind, record["MESSAGE"]))
            if kind in ONLY_WHEN_ASKED_FOR - self.tolerated:
                self.strange.append(record["MESSAGE"])
        else:
            self.strange.append(record["MESSAGE"])

    def said(self, kind, pattern, start):
        """The numbers in the first such text, not counting those before `start`; or None."""
        for found, text in self.marks[start:]:
            if found == kind and (match := re.search(pattern, text)):
                return [int(number) for number in match.groups()]
        return None


class Balance:
    """Per peer, what the kernel has seen against what was told. What one settling leaves over is
    written off, so that each is found once."""

    def __init__(self):
        self._written_off = collections.Counter()

    def open(self, seen, told):
        """What was seen and not told, by peer: less than none, where more was told."""
        names = set(seen) | set(told) | set(self._written_off)
        left = {name: seen.get(name, 0) - told.get(name, 0) - self._written_off[name]
                for name in names}
        return {name: n for name, n in sorted(left.items()) if n}

    def write_off(self, seen, told):
        self._written_off.update(self.open(seen, told))
