#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The same idle sessions held by kaguard and by what people use today, side by side.

Client, firewall and server are network namespaces; the firewall (nftables, conntrack) forgets what
is idle and then drops it without a word. All tools hold their sessions at the same time, each to a
server of its own. They are watched while idle, then the firewall is made to forget everything.
Those that take the kernel's keepalive values get those of kaguard's plan; each is set as its manual
says, and how is printed with the figures. Nothing is asserted.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "lab"))

import netlab
import rivals
import witness
from rig import Failed, progress

SETTLE_S = 3
PORT = 7100
PROGRESS_S = 15


def wait(seconds, what, done=lambda: False):
    """Until it is done or the time is over, and say how far that is now and then."""
    begun = said = time.monotonic()
    while (now := time.monotonic()) - begun < seconds and not done():
        if now - said >= PROGRESS_S:
            said = now
            progress(f"{what}: {now - begun:.0f} of {seconds:.0f} s")
        time.sleep(0.1)


def memory(pids):
    """Bytes in all and those of no file, what is shared divided among those who share it (PSS)."""
    total = {"Pss:": 0, "Pss_Anon:": 0}
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            for name, value, *_ in map(str.split, rollup):
                if name in total:
                    total[name] += int(value) * 1024
    return {"pss_bytes": total["Pss:"], "pss_anon_bytes": total["Pss_Anon:"]}


def activity(pids):
    """CPU time in ns (sched-stats.rst) and voluntary context switches of all threads."""
    cpu = switches = 0
    for task in (t for pid in pids for t in pathlib.Path(f"/proc/{pid}/task").iterdir()):
        cpu += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        switches += next(int(line.split()[1])
                         for line in (task / "status").read_text(encoding="utf-8").splitlines()
                         if line.startswith("voluntary_ctxt_switches"))
    return cpu, switches


def plan(options):
    """What kaguard computes for this firewall."""
    config = f"peers: [{{name: p, address: '{netlab.SERVER4}:1', firewall: {options.timeout}s}}]"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(config)
        file.flush()
        done = subprocess.run([options.kaguard, "--plan", "--json", "-c", file.name],
                              check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["peers"][0]


@contextlib.contextmanager
def started(setting, classes, sessions):
    """All tools with so many sessions each; yields them with the ports of their sessions."""
    with contextlib.ExitStack() as stack:
        tools = []
        for number, tool in enumerate(classes):
            tools.append(tool(setting, PORT + number, sessions))
            stack.callback(tools[-1].stop)
            progress(f"{tool.name}: {tools[-1].sessions} session{'s' * (sessions > 1)}")
            tools[-1].start()
        yield {tool: rivals.await_sessions(tool) for tool in tools}


def idle(setting, tools, capture, seconds):
    """What each costs while nothing happens."""
    pids = {tool: tool.pids() for tool in tools}
    before = {tool: activity(pids[tool]) for tool in tools}
    begun = time.time()
    wait(seconds, "idle")
    ended = time.time()
    after = {tool: activity(pids[tool]) for tool in tools}
    hours = (ended - begun) / 3600
    result = {}
    for tool, ports in tools.items():
        remembered = {entry.source_port for entry in setting.lab.firewall.entries(tool.port)}
        packets = sum(begun <= s.at < ended and tool.port in (s.source_port, s.remote_port)
                      for s in list(capture.segments))
        scale = tool.sessions * hours
        result[tool] = {
            **memory(pids[tool]),
            "cpu_ms_per_h": (after[tool][0] - before[tool][0]) / 1e6 / scale,
            "wakeups_per_h": (after[tool][1] - before[tool][1]) / scale,
            "packets_per_h": packets / scale,
            "kept": len(ports & remembered),
        }
    return result


class Death:
    """How a tool takes it that the firewall has forgotten its sessions."""

    def __init__(self, tool, ports, capture):
        self.tool, self.old, self.capture = tool, set(ports), capture
        self.gone = {}  # source port -> when it was given up
        self.new = {}  # source port -> when a new session came from it, maybe from an old one's
        self.back = None  # when as many new ones were up
        self._seen = len(capture.segments)

    def look(self):
        now = time.time()
        came = self.capture.segments[self._seen:]
        self._seen += len(came)
        self.new |= {s.source_port: s.at for s in came
                     if s.is_syn and s.remote_port == self.tool.port}
        up = rivals.established(self.tool.setting.lab.client, self.tool.port)
        for port in self.old - self.gone.keys():
            if port in self.new or port not in up:
                self.gone[port] = self.new.get(port, now)
        if self.back is None and len(up & self.new.keys()) >= self.tool.sessions:
            self.back = now

    def result(self):
        heard = dict.fromkeys(self.old, 0)
        for segment in list(self.capture.segments):
            port = segment.remote_port
            if segment.source_port == self.tool.port and port in heard and (
                    segment.at < self.gone.get(port, float("inf"))):
                heard[port] = max(heard[port], segment.at)
        took = [at - heard[port] for port, at in self.gone.items()]
        noticed = len(took) == len(self.old)
        return {
            "noticed": len(took),
            "noticed_after_s": statistics.median(took) if noticed else None,
            "noticed_after_worst_s": max(took) if noticed else None,
            "back_after_s":
                max(0, self.back - max(self.gone.values())) if noticed and self.back else None,
        }


def silent_death(setting, tools, capture, patience_s):
    """The firewall forgets everything; when does each notice, when is it back?"""
    deaths = [Death(tool, ports, capture) for tool, ports in tools.items()]
    setting.lab.firewall.flush()

    def all_back():
        for death in deaths:
            death.look()
        return all(death.back for death in deaths)

    wait(patience_s, "the firewall has forgotten all", all_back)
    return {death.tool: death.result() for death in deaths}


def measure(options, stack):
    lab = stack.enter_context(netlab.Lab(options.timeout, "silent"))
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="kaguard-bench-"))
    os.chmod(directory, 0o755)
    setting = rivals.Setting(lab, pathlib.Path(directory), os.path.abspath(options.kaguard),
                             options.timeout, options.sessions, plan(options))
    classes = [tool for tool in rivals.TOOLS if not tool.missing()]
    skipped = {tool.name: tool.package for tool in rivals.TOOLS if tool.missing()}
    alone = {}
    for tool in classes:  # beside others it would share its libraries with them
        with started(setting, [tool], 1) as tools:
            time.sleep(SETTLE_S / 3)
            alone |= {one.name: memory(one.pids()) for one in tools}
    capture = witness.Capture(lab.router, "client")
    stack.callback(capture.stop)
    with started(setting, classes, options.sessions) as tools:
        time.sleep(SETTLE_S)
        found = idle(setting, tools, capture, options.idle)
        patience = 4 * setting.plan["idle_s"] + 60
        for tool, death in silent_death(setting, tools, capture, patience).items():
            found[tool] |= death
    result = {"kernel": platform.release(), "cpus": os.cpu_count(), "timeout_s": options.timeout,
              "idle_s": options.idle, "patience_s": patience, "plan": setting.plan,
              "not_installed": skipped, "tools": {}}
    for tool, values in found.items():
        one = alone[tool.name]
        # Without what is in files: of a library it has less the more others have it, too.
        more = values["pss_anon_bytes"] - one["pss_anon_bytes"]
        result["tools"][tool.name] = {
            "version": rivals.version(tool), "options": tool.options(),
            "needs_a_client": tool.clients, "sessions": tool.sessions,
            "pss_one_bytes": one["pss_bytes"],
            "pss_further_bytes": more / max(1, tool.sessions - 1), **values}
    return result


def figure(value):
    """Two digits of it, or more where it has them before the point."""
    if value == 0:
        return "0"
    digits = 1 if value < 10 else 0
    return f"{value:,.{2 if value < 1 else digits}f}"


def size(value):
    if value < 1024:
        return "under 1 KiB"
    return f"{figure(value / 1024)} KiB" if value < 1 << 20 else f"{figure(value / (1 << 20))} MiB"


def row(name, values, patience_s):
    kept = f"{values['kept']} of {values['sessions']}"
    noticed, back = values["noticed_after_worst_s"], values["back_after_s"]
    never = f"not within {patience_s} s"
    again = "-" if noticed is None else never if back is None else f"{back:.1f} s"
    if values["needs_a_client"] and back is not None:
        again = "its client connects again"
    return [name, kept, size(values["pss_one_bytes"]), size(values["pss_further_bytes"]),
            figure(values["cpu_ms_per_h"]), figure(values["wakeups_per_h"]),
            figure(values["packets_per_h"]),
            never if noticed is None else f"{noticed:.0f} s", again]


HEAD = ["", "kept while idle", "memory, 1 session", "memory, each further", "CPU, ms",
        "wake-ups", "packets", "silent death noticed after", "then all back after"]


REMARKS = """Linux {kernel}, {cpus} CPUs. The firewall forgets after {timeout_s} s and drops what it has
forgotten. CPU time, voluntary context switches and packets (both ways) are those of {idle_s} idle
seconds, scaled to a session and hour; the longer the firewall's timeout, the fewer are probes and
packets. Memory is user space (PSS) at this end, without the clients'; CPU time is without what the
kernel spends on probes. A death is noticed so long after the last answer (the longest of all
sessions). Clients connect again at once."""


def show(result):
    """A table in Markdown, and how it came about."""
    for line in [HEAD, ["---"] * len(HEAD),
                 *(row(name, v, result["patience_s"]) for name, v in result["tools"].items())]:
        print(f"| {' | '.join(line)} |")
    print()
    print(textwrap.fill(REMARKS.format(**result), 100), end="\n\n")
    for name, values in result["tools"].items():
        version = f" {values['version']}" if values["version"] else ""
        print(f"  {name}{version}, {values['sessions']} sessions: {values['options']}")
    for name, package in result["not_installed"].items():
        print(f"  {name}: not installed; apt-get install {package}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true",
                        help="a firewall that forgets after 12 s, 10 sessions, 36 idle seconds")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--timeout", type=int, default=30, metavar="SECONDS",
                        help="the firewall's idle timeout (default 30)")
    parser.add_argument("--sessions", type=int, default=100, metavar="N",
                        help="each tool holds so many (default 100; autossh at most "
                        f"{rivals.Autossh.at_most})")
    parser.add_argument("--idle", type=int, default=120, metavar="SECONDS",
                        help="watch idle sessions so long (default 120)")
    parser.add_argument("kaguard")
    options = parser.parse_args()
    if options.quick:
        options.timeout, options.sessions, options.idle = 12, 10, 36
    return options


def main():
    options = parse()
    if why := netlab.why_not():
        sys.exit(f"bench: network namespaces and nftables are needed. Here: {why}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with contextlib.ExitStack() as stack:
            result = measure(options, stack)
    except (Failed, netlab.LabError) as failure:
        sys.exit(f"bench: {failure}")
    if options.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        show(result)


if __name__ == "__main__":
    main()
