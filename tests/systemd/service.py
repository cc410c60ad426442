# SPDX-License-Identifier: ISC
"""kaguard as a service of a machine: what an operator does with it, and what can be seen."""
import contextlib
import os
import re
import signal

UNIT = "kaguard.service"
FILE = "/etc/kaguard.yaml"


class Service:
    def __init__(self, host):
        self.host = host
        self.journal = host.journal
        self.watch = host.watch(UNIT)

    # --- what an operator does --------------------------------------------

    def configure(self, text, mode=0o644):
        self.host.write(FILE, text, mode)

    def override(self, text):
        """As systemctl edit does."""
        self.host.write(f"/etc/systemd/system/{UNIT}.d/override.conf", f"[Service]\n{text}\n")
        self.host.run("systemctl", "daemon-reload")

    def systemctl(self, verb, *arguments):
        return self.host.run("systemctl", verb, UNIT, *arguments)

    def try_systemctl(self, verb, *arguments):
        """The completed process; no error if it fails."""
        return self.host.try_run("systemctl", verb, UNIT, *arguments)

    def start(self, config=None):
        if config is not None:
            self.configure(config)
        self.systemctl("start")

    def journalctl(self, *arguments):
        return self.host.run("journalctl", "--no-pager", "-u", UNIT, *arguments)

    # --- what can be seen -------------------------------------------------

    def status(self):
        return self.watch.get("StatusText")

    def await_status(self, pattern, timeout=10):
        self.watch.await_that(timeout, StatusText=pattern)

    def await_state(self, state, sub="", timeout=10):
        self.watch.await_that(timeout, ActiveState=f"^{state}$", SubState=sub)

    def show(self, *names):
        """Properties by name, asked for now."""
        text = self.systemctl("show", *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in text.splitlines())

    def pid(self):
        """The daemon's process id, out here."""
        return self.host.main_pid(UNIT)

    def signal(self, number):
        os.kill(self.pid(), number)

    def proc_status(self):
        """A dictionary of /proc/PID/status."""
        with open(f"/proc/{self.pid()}/status") as status:
            return dict(re.split(r":\s*", line.rstrip("\n"), maxsplit=1) for line in status)

    # --- what can go wrong around it --------------------------------------

    @contextlib.contextmanager
    def stopped(self, process):
        """Another process does not get on: one whose id is given."""
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)
