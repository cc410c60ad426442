#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""coverage.py REPORT SOURCE GAPS: what gcovr's JSON says, by folder; fails where it is too little.

GAPS takes what is left: the files with most of it first, then each line that was never run ("!"),
and each that has branches never taken, "1/4" for one of four.
"""
import collections
import json
import pathlib
import re
import sys

LINES, BRANCHES = 95, 90  # percent of all
ALL_LINES_OF = "src/policy"  # what decides has not a line that no test has run
MARKER = re.compile(r"GCOVR_EXCL_(?!STOP)\w+")


class Count:
    """How much of something was reached."""

    def __init__(self):
        self.reached = self.all = 0

    def add(self, reached):
        self.all += 1
        self.reached += reached

    def percent(self):
        return 100 * self.reached / self.all if self.all else 100

    def __str__(self):
        return f"{self.reached:6} of {self.all:6} {self.percent():7.2f} %"


def code_of(file):
    """Its lines that count."""
    return [line for line in file["lines"]
            if not line.get("gcovr/noncode") and not line.get("gcovr/excluded")]


def table(files):
    lines, branches = collections.defaultdict(Count), collections.defaultdict(Count)
    for file in files:
        for name in (file["file"].rpartition("/")[0], "all"):
            for line in code_of(file):
                lines[name].add(line["count"] > 0)
                for branch in line["branches"]:
                    branches[name].add(branch["count"] > 0)
    return lines, branches


def missed(line):
    return sum(branch["count"] == 0 for branch in line["branches"])


def gaps(files, source):
    def size(file):
        return sum((line["count"] == 0) + missed(line) for line in code_of(file))

    ranked = [file for file in sorted(files, key=size, reverse=True) if size(file) > 0]
    for file in ranked:
        code = code_of(file)
        yield (f"{file['file']:36} lines {sum(line['count'] == 0 for line in code):4} of "
               f"{len(code):4}, branches {sum(map(missed, code)):4} of "
               f"{sum(len(line['branches']) for line in code):4}")
    for file in ranked:
        text = (source / file["file"]).read_text(encoding="utf-8").splitlines()
        yield f"\n{file['file']}"
        for line in code_of(file):
            if line["count"] == 0 or missed(line):
                part = f"{missed(line)}/{len(line['branches'])}" if missed(line) else ""
                yield (f"{'!' if line['count'] == 0 else ' '}{line['line_number']:5} {part:5} "
                       f"{text[line['line_number'] - 1].strip()}")


def exclusions(source):
    """The markers in the sources, each with the reason that stands beside it."""
    for path in sorted((source / "src").rglob("*.[ch]")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if MARKER.search(line):
                yield f"{path.relative_to(source)}:{number}: {line.strip()}"


def main():
    report, source, rest = (pathlib.Path(argument) for argument in sys.argv[1:])
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    lines, branches = table(files)
    rest.write_text("\n".join(gaps(files, source)) + "\n", encoding="utf-8")
    for name in sorted(lines, key=lambda n: (n == "all", n)):
        print(f"{name:12} lines {lines[name]}   branches {branches[name]}")
    print("excluded by a marker:", *(list(exclusions(source)) or ["nothing"]), sep="\n  ")
    short = [f"{name} has {count.percent():.2f} % of its {what}, and is to have {least} %"
             for name, what, count, least in (("src", "lines", lines["all"], LINES),
                                              ("src", "branches", branches["all"], BRANCHES),
                                              (ALL_LINES_OF, "lines", lines[ALL_LINES_OF], 100))
             if count.percent() < least or count.all == 0]
    for line in short:
        print(f"too little: {line}; the rest is in {rest}", file=sys.stderr)
    return bool(short)


if __name__ == "__main__":
    sys.exit(main())
