# SPDX-License-Identifier: ISC
"""README.md as somebody reads it who does what it says: commands, files, and what is printed."""
import dataclasses
import re

FENCE = re.compile(r"^```(\w*)$")


@dataclasses.dataclass
class Block:
    """What stands between two fences, and under which headings."""
    section: str
    part: str
    language: str
    line: int
    text: str

    def commands(self):
        """Those to be typed, with what each is said to print, if that is shown."""
        if self.text.startswith("$ "):
            for entry in re.split(r"^\$ ", self.text, flags=re.M)[1:]:
                command, printed = entry.split("\n", 1)
                yield command, printed
        else:
            for command in self.text.replace("\\\n", "").splitlines():
                yield command, None

    @property
    def is_shell(self):
        return self.language in ("", "sh", "console")


def blocks(text):
    """All blocks of a document, in order."""
    section = part = language = ""
    begun = None
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if begun is not None:
            if fence:
                yield Block(section, part, language, begun, "".join(lines[begun:number - 1]))
                begun = None
        elif fence:
            begun, language = number, fence[1]
        elif line.startswith("## "):
            section, part = line[3:].strip(), ""
        elif line.startswith("### "):
            part = line[4:].strip()
