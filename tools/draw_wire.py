#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Draw doc/wire.svg from doc/wire.json, a capture of tests/lab/wire.py: make wire.svg."""

import json
import sys
from xml.sax.saxutils import escape

WIDTH = 960
LEFT, RIGHT = 108, 932  # of the time axis
TOP = 16
HEAD, SAYING = 26, 26  # above a panel's client: its title, what happens
WIRE, BAND = 34, 60  # between the firewall and its neighbours; the firewall's clock
PANEL = HEAD + SAYING + 2 * WIRE + BAND + 34
FOOT = 70
SLANT = 5  # of an arrow: no time passes that could be seen
TICK_S = 30
MOMENT_S = 1.0  # packets closer together are one exchange

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif;
  fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.small { font-size: 11.5px; fill: #59636e }
.card { fill: #ffffff; stroke: #d0d7de }
.lane { stroke: #8c959f; stroke-width: 1.5 }
.axis { stroke: #d0d7de }
.band { fill: none; stroke: #8c959f }
.clock { fill: #ddf4ff; stroke: #54aeff; stroke-linejoin: round }
.gone { fill: #ffebe9; stroke: none }
.hatch { stroke: #ff8182; stroke-width: 1 }
.data { stroke: #0969da; stroke-width: 1.8 } .data-head, text.data-word { fill: #0969da }
.probe { stroke: #1a7f37; stroke-width: 1.8 } .probe-head, text.probe-word { fill: #1a7f37 }
.lost { stroke: #cf222e; stroke-width: 1.8 } text.lost-word { fill: #cf222e }
.mark { stroke: #cf222e; stroke-width: 2.2; stroke-linecap: round }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 }
  .card { fill: #0d1117; stroke: #3d444d } .lane { stroke: #7d8590 } .axis { stroke: #3d444d }
  .band { stroke: #7d8590 } .clock { fill: #12243f; stroke: #388bfd }
  .gone { fill: #2a1518 } .hatch { stroke: #8e2a2a }
  .data { stroke: #58a6ff } .data-head, text.data-word { fill: #58a6ff }
  .probe { stroke: #3fb950 } .probe-head, text.probe-word { fill: #3fb950 }
  .lost, .mark { stroke: #f85149 } text.lost-word { fill: #f85149 }
}
"""

DESCRIPTION = """Two time lines of the same idle session through a firewall that forgets after
{timeout_s} s. Without kaguard the clock of the firewall runs out, and what the client sends at
{again:.0f} s gets no answer. With kaguard a probe every {probe_after_s} s sets the clock back, and
the client is answered."""
REMARKS = {"syn": ("asks, is answered", "data"), "data": ("asks again, is answered", "data"),
           "probe": ("probe", "probe")}


class Picture:
    """Elements of an SVG document, coordinates rounded so that it is the same everywhere."""

    def __init__(self, height):
        self.height, self.elements = height, []

    def add(self, name, text=None, **attributes):
        words = "".join(f' {key.rstrip("_").replace("_", "-")}="{self._value(value)}"'
                        for key, value in attributes.items() if value is not None)
        self.elements.append(f"<{name}{words}/>" if text is None
                             else f"<{name}{words}>{escape(text)}</{name}>")

    @staticmethod
    def _value(value):
        return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else escape(str(value))

    def line(self, x1, y1, x2, y2, style):
        self.add("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=style)

    def text(self, x, y, text, style=None, anchor=None):
        self.add("text", text, x=float(x), y=float(y), class_=style, text_anchor=anchor)

    def arrow(self, x, y, to_y, style):
        """Slanted with time, and a head at its end."""
        self.line(x, y, x + SLANT, to_y, style)
        back = -8 if to_y > y else 8
        self.add("path", d=f"M{x + SLANT:.1f} {to_y} l-4.2 {back} l7.6 -0.4 z",
                 class_=f"{style}-head")

    def lost(self, x, y, to_y):
        """It ends in a cross."""
        self.line(x, y, x + SLANT / 3, to_y - 4, "lost")
        for side in (-1, 1):
            self.line(x - 2.5, to_y - 2.5 * side, x + 4.5, to_y + 4.5 * side, "mark")

    def document(self, title, description):
        head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
                f'width="{WIDTH}" height="{self.height}" role="img">',
                f"<title>{escape(title)}</title>", f"<desc>{escape(description)}</desc>",
                f"<style>{STYLE}</style>",
                '<defs><pattern id="forgotten" width="8" height="8" patternUnits="userSpaceOnUse" '
                'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="8" class="hatch"/>'
                "</pattern></defs>"]
        return "\n".join([*head, *self.elements, "</svg>", ""])


class Panel:
    """One session over time: client, firewall and server from top to bottom."""

    def __init__(self, picture, capture, session, top):
        self.picture, self.capture, self.session = picture, capture, session
        self.top = top
        self.client = top + HEAD + SAYING
        self.near = self.client + WIRE  # the firewall's two edges
        self.far = self.near + BAND
        self.server = self.far + WIRE

    def x(self, at_s):
        return LEFT + (RIGHT - LEFT) * at_s / self.capture["watched_s"]

    def y(self, left_s):
        return self.far - BAND * left_s / self.capture["timeout_s"]

    def draw(self, title):
        self.picture.text(24, self.top + 16, title, "title")
        for name, y in (("client", self.client), ("server", self.server)):
            self.picture.text(24, y + 4, name)
            self.picture.line(LEFT - 8, y, RIGHT, y, "lane")
        self._firewall()
        self._exchanges()

    def _firewall(self):
        self.picture.text(24, self.near + 26, "firewall")
        self.picture.text(24, self.near + 43, "its clock", "small")
        self.picture.text(LEFT - 6, self.near + 9,
                          f"{self.capture['timeout_s']} s", "small", "end")
        self.picture.text(LEFT - 6, self.far, "0", "small", "end")
        points = self._clock()
        path = "".join(f" L{self.x(at):.1f} {self.y(left):.1f}" for at, left in points)
        first, last = self.x(points[0][0]), self.x(points[-1][0])
        self.picture.add("path", d=f"M{first:.1f} {self.far}{path} L{last:.1f} {self.far} z",
                         class_="clock")
        if self.session["forgotten_s"] is not None:
            self._forgotten(self.x(self.session["forgotten_s"]))
        self.picture.add("rect", x=LEFT - 0.0, y=self.near, width=RIGHT - LEFT, height=BAND,
                         class_="band")

    def _clock(self):
        """Where it is set back, and how far it has run down by then; it runs evenly."""
        readings = self.session["clock"]
        points = readings[:1]
        for before, reading in zip(readings, readings[1:]):
            if reading[1] > before[1]:
                points += [(reading[0], before[1] - (reading[0] - before[0])), reading]
        end = self.session["forgotten_s"] or self.capture["watched_s"]
        return [*points, (end, max(0, readings[-1][1] - (end - readings[-1][0])))]

    def _forgotten(self, x):
        for style in ({"class_": "gone"}, {"fill": "url(#forgotten)"}):
            self.picture.add("rect", x=float(x), y=self.near, width=float(RIGHT - x), height=BAND,
                             **style)
        self.picture.add("rect", x=x + 12.0, y=self.near + 19.0, width=202.0, height=22.0, rx=4.0,
                         class_="gone")
        self.picture.text(x + 20, self.near + 35, "forgotten, and nobody is told", "lost-word")

    def _exchanges(self):
        """What happens within a moment is drawn as one packet each way."""
        moment, drawn = None, -9.0
        for packet in self.session["packets"]:
            at = packet["at_s"]
            if not packet["passed"]:
                if self.x(at) - drawn >= 3:
                    drawn = self.x(at)
                    self.picture.lost(drawn, self.client, self.near)
            elif packet["from"] == "client" and (moment is None or at - moment > MOMENT_S):
                moment = at
                style = "probe" if packet["kind"] == "probe" else "data"
                self.picture.arrow(self.x(at), self.client, self.server, style)
                self.picture.arrow(self.x(at) + SLANT + 2, self.server, self.client, style)
                self._remark(at, *REMARKS[packet["kind"]])
        lost = [p["at_s"] for p in self.session["packets"] if not p["passed"]]
        if lost:
            self._remark(lost[0], f"asks again, {len(lost)} times: no answer", "lost", RIGHT)

    def _remark(self, at, text, style, ends_x=None):
        """It begins where it happens, or ends at some other place."""
        self.picture.text(ends_x or self.x(at), self.client - 9, f"{at:.0f} s: {text}",
                          f"{style}-word", "end" if ends_x else None)


def axis(picture, panel, y):
    picture.line(LEFT, y, RIGHT, y, "axis")
    for at in range(0, panel.capture["watched_s"] + 1, TICK_S):
        picture.line(panel.x(at), y, panel.x(at), y + 5, "axis")
        picture.text(panel.x(at), y + 19, f"{at} s", "small", "middle")


def draw(capture):
    picture = Picture(TOP + 2 * PANEL + FOOT)
    picture.add("rect", x=0.5, y=0.5, width=WIDTH - 1, height=picture.height - 1, rx=8,
                class_="card")
    titles = {"without": "Without kaguard", "with": "With kaguard"}
    for number, session in enumerate(capture["sessions"]):
        panel = Panel(picture, capture, session, TOP + number * PANEL)
        panel.draw(titles[session["name"]])
    bottom = TOP + 2 * PANEL
    axis(picture, panel, bottom - 8)
    picture.text(LEFT, bottom + 38, "From a capture: the packets are those that the firewall got, "
                 "and let pass or dropped; the clock is its own (conntrack -L).", "small")
    again = next(p["at_s"] for p in capture["sessions"][0]["packets"] if not p["passed"])
    return picture.document("An idle session through a firewall, without and with kaguard",
                            DESCRIPTION.format(again=again, **capture))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tools/draw_wire.py CAPTURE.json >PICTURE.svg")
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(draw(json.load(file)))


if __name__ == "__main__":
    main()
