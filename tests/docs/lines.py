#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whether documents quote lines that kaguard can write: lines.py SOURCES DOCUMENT...

Each line of a fence ```journal, and each ragged display of a manual page, must be what the program's
format strings make, one behind the other, each whole. In the place of a %s may stand another one, or what
the example has: a name, a number, a time, an address, the system's words for an error; the same behind a
blank. Prints the lines that cannot be, and documents that quote none.
"""
import functools
import glob
import os
import re
import sys

LAYERS = ["config", "daemon", "host", "net", "policy"]
STRING = r'"(?:\\.|[^"\\])*"'
IGNORED = re.compile(rf"(?P<string>{STRING})|/\*.*?\*/|#include[^\n]*", re.DOTALL)
JOINED = re.compile(rf"{STRING}(?:\s*(?:PRI\w+\s*)?{STRING})*")
WORD = "[A-Za-z_-]+"
CONVERSION = re.compile(r"%[-0-9.*]*(?:ll|z|j)?([a-zA-Z])")

# What stands in the place of a conversion.
NUMBER = r"\d+"
EXAMPLES = [
    r"hq|plant-7|billing-db|aws-nat-gateway|eth0|'sesions'|sessions|\"PONG\"",
    r"(?:[a-z][a-z0-9-]*\.)+com(?::\d+)?",
    r"\d+\.\d+\.\d+\.\d+(?::\d+)?",
    r"\d+\.\d+\.\d+",
    r"/[a-z0-9./-]+[a-z]",
    r"\d+\.\d s|SIGTERM|0644|[:,]",
    r"/var/lib/kaguard|aws-nlb-tls|aws-nlb|aws-gwlb|learnt\.json|TCP_USER_TIMEOUT",
    r"\d+\.\d+\.\d+\.\d+ at (?:[0-9a-f]{2}:){5}[0-9a-f]{2}|\d\d:\d\d:\d\d",
    "s|error|closes|resets|forgets|peer|client|added|unchanged|connecting|up|connected",
    r"\d+(?:d|h|min|s|ms)(?: \d+(?:h|min|s|ms))?",
]
ERRORS = [os.strerror(number) for number in range(1, 134)] + [
    "Name or service not known", "Temporary failure in name resolution"]
VALUES = [re.compile(value) for value in EXAMPLES + [re.escape(error) for error in ERRORS]]
DIGITS = re.compile(NUMBER)


def formats(sources):
    """Each as text, conversion, text, conversion, ... text. Of single words only the reasons."""
    found = set()
    for name in [name for layer in LAYERS for name in glob.glob(f"{sources}/{layer}/*.c")]:
        reasons = name.endswith("/diagnosis.c")
        with open(name, encoding="utf-8") as file:
            text = IGNORED.sub(lambda match: match["string"] or "", file.read())
        for match in JOINED.finditer(text):
            joined = re.sub(r'"\s*PRI\w+\s*"', "u", match[0])
            joined = re.sub(r'"\s*PRI\w+', 'u"', joined)
            joined = re.sub(r'"\s*"', "", joined)[1:-1]
            if reasons or not re.fullmatch(WORD, joined):
                found.add(joined.replace('\\"', '"').replace("\\n", ""))
    return sorted(tuple(CONVERSION.split(text)) for text in found)


class Grammar:
    """Words by themselves stand in the place of a conversion only."""

    def __init__(self, sources):
        self.by_start = {}
        self.words = set()
        for parts in formats(sources):
            if len(parts) == 1 and re.fullmatch(WORD, parts[0]):
                self.words.add(parts[0])
            elif re.search("[a-z:;,() ]", "".join(parts[0::2])):
                self.by_start.setdefault(parts[0][:1], []).append(parts)

    def can_be(self, line):
        """Whether the line is some formats, one behind the other."""

        @functools.lru_cache(None)
        def values(at, conversion):
            if conversion not in "sc":
                found = DIGITS.match(line, at)
                return {found.end()} if found else set()
            words = {end for end in range(at, len(line) + 1) if line[at:end] in self.words}
            return {at} | words | {
                found.end() for value in VALUES if (found := value.match(line, at))}

        @functools.lru_cache(None)
        def arguments(at, conversion, deep):
            ends = set(values(at, conversion))
            return ends | (sequence(at) if conversion == "s" and deep else set())

        def rest(parts, at):
            ends = {at + len(parts[0])} if line.startswith(parts[0], at) else set()
            for conversion, text in zip(parts[1::2], parts[2::2]):
                ends = {after + len(text) for end in ends
                        for after in arguments(end, conversion, end > at)
                        if line.startswith(text, after)}
            return ends

        @functools.lru_cache(None)
        def sequence(at):
            """Where some formats that begin here end."""
            ends, todo = set(), [at]
            while todo:
                begin = todo.pop()
                if line[begin - 1:begin] == " ":
                    new = {found.end() for value in VALUES if (found := value.match(line, begin))}
                    todo += new - ends
                    ends |= new
                for parts in self.by_start.get(line[begin:begin + 1], []) + self.by_start[""]:
                    new = {end for end in rest(parts, begin) if end > begin} - ends
                    ends |= new
                    todo += new
            return frozenset(ends)

        return len(line) in sequence(0)


def quoted(document):
    """Fences of Markdown; of a manual page its ragged displays, each of which is one line."""
    with open(document, encoding="utf-8") as file:
        text = file.read()
    for block in re.findall(r"^```journal\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    for block in re.findall(r"^\.Bd -ragged[^\n]*\n(.*?)^\.Ed$", text, re.DOTALL | re.MULTILINE):
        yield " ".join(block.splitlines()).replace(r"\&", "")


def main(sources, documents):
    grammar = Grammar(sources)
    for document in documents:
        lines = list(quoted(document))
        if not lines:
            print(f"{document} quotes no line of the journal")
        for line in lines:
            if not grammar.can_be(line):
                print(f"{document}: the program does not write: {line}")


main(sys.argv[1], sys.argv[2:])
