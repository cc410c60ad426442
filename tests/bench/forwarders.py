# SPDX-License-Identifier: ISC
"""Programs that carry connections from one port to another, each started as its manual says."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from rig import Failed, plain_environment

PATIENCE_S = 10
CLIENTS = 10000  # that each is told to allow


def free_port():
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Manager(threading.Thread):
    """A service manager that stores what it is given."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.path = os.path.join(directory, "notify")
        self._stored = {}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self.start()

    def run(self):
        while True:
            text, fds, _, _ = socket.recv_fds(self._socket, 65536, 300)
            lines = dict(line.partition("=")[::2] for line in text.decode().splitlines())
            if "STOP" in lines:
                break
            if "FDSTORE" in lines:
                self._stored.setdefault(lines.get("FDNAME"), []).extend(fds)
                fds = []
            elif "FDSTOREREMOVE" in lines:
                fds += self._stored.pop(lines.get("FDNAME"), [])
            for fd in fds:
                os.close(fd)

    def close(self):
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as sock:
            sock.sendto(b"STOP", self.path)
        self.join()
        for fds in self._stored.values():
            for fd in fds:
                os.close(fd)
        self._socket.close()


class Forwarder:
    """One of them, which listens on `port` and carries to `target`."""

    descriptors = 2  # that it has for each client


    def __init__(self, target):
        self.port, self.target = free_port(), target
        self._directory = tempfile.TemporaryDirectory(prefix="kaguard-bench-")
        self._stack = contextlib.ExitStack()
        self._said = self._stack.enter_context(tempfile.TemporaryFile("w+"))
        self.process = subprocess.Popen(
            self.command(self._directory.name), stdin=subprocess.DEVNULL, stdout=self._said,
            stderr=self._said, env=plain_environment() | self.environment(self._directory.name),
            process_group=0)
        try:
            self._await_port()
        except Failed:
            self.close()
            raise

    @classmethod
    def takes(cls, clients):
        return clients * cls.descriptors < resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    @classmethod
    def missing(cls, options):
        """What it needs and this machine does not have, or None."""
        return None if shutil.which(cls.program) else cls.program

    def environment(self, directory):
        return {}

    def write(self, directory, name, text):
        path = os.path.join(directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _await_port(self):
        """A first client has been carried to the other end and back."""
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.01)
        self._said.seek(0)
        raise Failed(f"{self.name} does not listen:\n{self._said.read()}")

    def _processes(self):
        """Its process and those that it has made: (pid, fields of stat behind the name)."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
                if int(fields[2]) == self.process.pid:
                    yield int(pid), fields

    def cpu(self):
        """Seconds of all its processes, those that have ended included."""
        ticks = 0
        for pid, fields in self._processes():
            ticks += sum(map(int, fields[11:15 if pid == self.process.pid else 13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def pss(self):
        """Bytes of memory in user space."""
        size = 0
        for pid, _ in self._processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    size += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        return size * 1024

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._stack.close()
        self._directory.cleanup()


class Direct(Forwarder):
    """Nothing in between."""

    name, role = "direct", "limit"

    def __init__(self, target):  # pylint: disable=super-init-not-called
        self.port = target

    @classmethod
    def missing(cls, options):
        return None

    def cpu(self):
        return 0

    def pss(self):
        return 0

    def close(self):
        pass


class SpliceLoop(Forwarder):
    name, role = "a bare splice loop", "limit"

    @classmethod
    def missing(cls, options):
        cls.program = options.splice_loop

    def command(self, directory):
        return [self.program, str(self.port), str(self.target)]


class Kaguard(Forwarder):
    name, role = "kaguard", "ours"

    @classmethod
    def missing(cls, options):
        cls.program = options.kaguard

    def command(self, directory):
        config = (f"control: {{socket: {directory}/control}}\n"
                  f"peers: [{{address: '127.0.0.1:{self.target}', sessions: 0, "
                  f"listen: '127.0.0.1:{self.port}', max_clients: {CLIENTS}}}]\n")
        return [self.program, "-c", self.write(directory, "kaguard.yaml", config)]


class KaguardParked(Kaguard):
    """With a service manager that keeps sockets and pipes."""

    name = "kaguard, kept over restarts"

    def environment(self, directory):
        manager = Manager(directory)
        self._stack.callback(manager.close)
        return {"NOTIFY_SOCKET": manager.path}


class HaproxySplicing(Forwarder):
    name, role, program = "HAProxy, splicing", "peer", "haproxy"
    more = "  option splice-request\n  option splice-response\n"

    def command(self, directory):
        config = (f"global\n  nbthread 1\n  maxconn {2 * CLIENTS // 3}\n"
                  "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n"
                  f"  timeout server 1h\n{self.more}"
                  f"listen bench\n  bind 127.0.0.1:{self.port}\n"
                  f"  server there 127.0.0.1:{self.target}\n")
        return [self.program, "-db", "-f", self.write(directory, "haproxy.cfg", config)]


class HaproxyCopying(HaproxySplicing):
    name, more = "HAProxy, copying", ""


class Nginx(Forwarder):
    name, role, program = "nginx stream, 1 worker", "peer", "nginx"
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"

    @classmethod
    def missing(cls, options):
        return super().missing(options) or (None if os.path.exists(cls.module) else cls.module)

    def command(self, directory):
        config = (f"load_module {self.module};\nuser root root;\nworker_processes 1;\n"
                  f"daemon off;\npid {directory}/pid;\nerror_log stderr crit;\n"
                  f"events {{ worker_connections {2 * CLIENTS - 1000}; }}\n"
                  f"stream {{ server {{ listen 127.0.0.1:{self.port} backlog=4096; "
                  f"proxy_pass 127.0.0.1:{self.target}; proxy_timeout 1h; }} }}\n")
        return [self.program, "-p", directory, "-c", self.write(directory, "nginx.conf", config)]


class Socat(Forwarder):
    name, role, program = "socat, 256 KiB", "peer", "socat"

    @classmethod
    def takes(cls, clients):
        return clients <= 1000  # a process for each

    def command(self, directory):
        return [self.program, "-b", "262144",
                f"TCP-LISTEN:{self.port},bind=127.0.0.1,fork,reuseaddr,backlog=4096,nodelay",
                f"TCP:127.0.0.1:{self.target},nodelay"]


class SocketProxyd(Forwarder):
    name, role = "systemd-socket-proxyd", "peer"
    program = "/lib/systemd/systemd-socket-proxyd"
    launcher = "systemd-socket-activate"
    descriptors = 6

    @classmethod
    def missing(cls, options):
        return super().missing(options) or (None if shutil.which(cls.launcher) else cls.launcher)

    def command(self, directory):
        return [self.launcher, "-l", f"127.0.0.1:{self.port}", self.program,
                f"--connections-max={CLIENTS}", f"127.0.0.1:{self.target}"]


ALL = [Direct, SpliceLoop, Kaguard, KaguardParked, HaproxySplicing, HaproxyCopying, Nginx, Socat,
       SocketProxyd]
