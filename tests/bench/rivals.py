# SPDX-License-Identifier: ISC
"""What people hold idle sessions with today, each as its manual recommends, and kaguard."""
import contextlib
import dataclasses
import os
import pathlib
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import guard
import netlab
import peers
from rig import Failed

SSHD = "/usr/sbin/sshd"
PROXYD = "/usr/lib/systemd/systemd-socket-proxyd"
LOCAL = 10000  # added to a peer's port: where its local clients connect


@dataclasses.dataclass
class Setting:
    """What all have in common."""
    lab: netlab.Lab
    directory: pathlib.Path
    kaguard: str
    timeout_s: int  # of the firewall
    sessions: int
    plan: dict  # of kaguard for this timeout


class Clients(threading.Thread):
    """Local clients that say nothing, and connect again as soon as they are hung up on."""

    def __init__(self, netns, port, count):
        super().__init__(daemon=True, name=f"clients-{port}")
        self._netns, self._port, self._missing = netns, port, count
        self._selector = selectors.DefaultSelector()
        self._done = False
        self.start()

    def run(self):
        while not self._done:
            while self._missing and self._connect():
                self._missing -= 1
            for key, _ in self._selector.select(0.1):
                self._read(key.fileobj)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()

    def _connect(self):
        try:
            sock = self._netns.connect(("127.0.0.1", self._port), 1)
        except OSError:
            return False
        self._selector.register(sock, selectors.EVENT_READ)
        return True

    def _read(self, sock):
        with contextlib.suppress(OSError):
            if sock.recv(4096):
                return
        self._selector.unregister(sock)
        sock.close()
        self._missing += 1

    def stop(self):
        self._done = True
        self.join()


def children():
    """The processes of the machine, by their parents."""
    found = {}
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{int(name)}/stat", encoding="latin-1") as stat:
                parent = int(stat.read().rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(name))
    return found


def with_descendants(pids):
    tree, found = children(), list(pids)
    for pid in found:
        found += tree.get(pid, [])
    return found


class Tool:
    """One way of holding sessions to a peer of its own."""
    name = ""
    needs = ()  # programs
    package = ""
    clients = False  # it holds no session but for a client of its own
    at_most = 10 ** 9  # sessions: one that has processes for each shall not load the machine

    def __init__(self, setting, port, sessions):
        self.setting, self.port = setting, port
        self.sessions = min(sessions, self.at_most)
        self._stack = contextlib.ExitStack()
        self._processes = []
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=setting.directory))
        self.directory.chmod(0o755)

    @classmethod
    def missing(cls):
        return [program for program in cls.needs if not shutil.which(program)]

    def options(self):
        """How it is set, for the reader of the figures."""
        raise NotImplementedError

    def start(self):
        self._serve()
        self._run()
        if self.clients:
            self._stack.callback(
                Clients(self.setting.lab.client, self.port + LOCAL, self.sessions).stop)

    def _serve(self):
        """The other end."""
        self._stack.callback(peers.Peer(self.setting.lab.server, self.port).stop)

    def _run(self):
        raise NotImplementedError

    def _popen(self, command, netns=None, environment=None, ours=True):
        log = self._stack.enter_context(open(self.directory / "log", "a", encoding="utf-8"))
        process = (netns or self.setting.lab.client).popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=os.environ | (environment or {}))
        self._stack.callback(self._end, process)
        if ours:
            self._processes.append(process.pid)

    @staticmethod
    def _end(process):
        offspring = with_descendants([process.pid])[1:]
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in offspring:  # a session of sshd outlives it
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def pids(self):
        """Its processes at this end."""
        return with_descendants(self._processes)

    def stop(self):
        self._stack.close()

    def said(self):
        log = self.directory / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""


class Kaguard(Tool):
    name = "kaguard"
    extra = ""

    def options(self):
        return self._peer()

    def _peer(self):
        return (f"{{address: '{netlab.SERVER4}:{self.port}', "
                f"firewall: {self.setting.timeout_s}s, sessions: {self.sessions}{self.extra}}}")

    def _run(self):
        daemon = guard.Daemon(self.setting.kaguard, self.setting.lab.client, self.directory,
                              f"peers: [{self._peer()}]")
        self._stack.callback(daemon.close)
        self._processes.append(daemon.pid)


class Tunnel(Kaguard):
    name = "kaguard, tunnel"
    clients = True

    def _peer(self):
        return (f"{{address: '{netlab.SERVER4}:{self.port}', firewall: {self.setting.timeout_s}s, "
                f"listen: '127.0.0.1:{self.port + LOCAL}'}}")


class Autossh(Tool):
    """autossh(1): -M 0 with ServerAliveInterval "may be a better solution than the monitoring
    port"; AUTOSSH_GATETIME=0 as it advises for the boot."""
    name = "autossh + ssh"
    package = "autossh openssh-client openssh-server"
    needs = ("autossh", "ssh", "ssh-keygen", SSHD)
    at_most = 20

    def options(self):
        return f"AUTOSSH_GATETIME=0 autossh -M 0 -N {' '.join(self._alive())}"

    def _alive(self):
        return ["-o", f"ServerAliveInterval={self.setting.plan['idle_s']}",
                "-o", "ServerAliveCountMax=3"]

    def _serve(self):
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.directory / key], check=True)
        run = pathlib.Path("/run/sshd")  # sshd goes there before it knows who is calling
        if not run.exists():
            run.mkdir(mode=0o755)
            self._stack.callback(run.rmdir)
        config = self.directory / "sshd_config"
        config.write_text(
            f"Port {self.port}\nHostKey {self.directory / 'host'}\nPidFile none\n"
            f"AuthorizedKeysFile {self.directory / 'user.pub'}\nStrictModes no\nUsePAM no\n"
            "PermitRootLogin prohibit-password\nMaxStartups 1000\n")
        self._popen([SSHD, "-D", "-e", "-f", config], self.setting.lab.server, ours=False)

    def _run(self):
        for _ in range(self.sessions):
            self._popen(["autossh", "-M", "0", "-N", *self._alive(), "-F", "none",
                         "-i", str(self.directory / "user"), "-o", "StrictHostKeyChecking=no",
                         "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                         "-p", str(self.port), f"root@{netlab.SERVER4}"],
                        environment={"AUTOSSH_GATETIME": "0"})


class HAProxy(Tool):
    """Configuration manual 2.6: option srvtcpka with srvtcpka-idle, -intvl and -cnt; "timeout
    tunnel", without which it ends idle sessions itself."""
    name = "HAProxy"
    package = "haproxy"
    needs = ("haproxy",)
    clients = True

    def options(self):
        plan = self.setting.plan
        return (f"mode tcp; option clitcpka; option srvtcpka; srvtcpka-idle {plan['idle_s']}s; "
                f"srvtcpka-intvl {plan['interval_s']}s; srvtcpka-cnt {plan['count']}; "
                "timeout tunnel 24h")

    def _run(self):
        config = self.directory / "haproxy.cfg"
        lines = ["global", "  log stderr local0", "defaults", "  timeout connect 10s",
                 "  timeout client 1m", "  timeout server 1m",
                 *("  " + option for option in self.options().split("; ")),
                 "listen tunnel", f"  bind 127.0.0.1:{self.port + LOCAL}",
                 f"  server peer {netlab.SERVER4}:{self.port}", ""]
        config.write_text("\n".join(lines))
        self._popen(["haproxy", "-db", "-f", str(config)])


class Socat(Tool):
    """socat(1), SOCKET and TCP options: keepalive, keepidle, keepintvl, keepcnt."""
    name = "socat"
    package = "socat"
    needs = ("socat",)
    clients = True

    def options(self):
        plan = self.setting.plan
        return (f"socat TCP-LISTEN:...,fork,reuseaddr TCP:...,keepalive,keepidle={plan['idle_s']},"
                f"keepintvl={plan['interval_s']},keepcnt={plan['count']}")

    def _run(self):
        _, listen, peer = self.options().split()
        here = f"{self.port + LOCAL},bind=127.0.0.1,backlog=128"
        self._popen(["socat", listen.replace("...", here),
                     peer.replace("...", f"{netlab.SERVER4}:{self.port}")])


class Proxyd(Tool):
    """systemd-socket-proxyd(8) has no option for the sessions that it opens; KeepAlive= of
    systemd.socket(5) is for those that it takes in."""
    name = "systemd-socket-proxyd"
    package = "systemd"
    needs = (PROXYD, "systemd-socket-activate")
    clients = True

    def options(self):
        return "none for keepalive to the peer"

    def _run(self):
        self._popen(["systemd-socket-activate", "-l", f"127.0.0.1:{self.port + LOCAL}", PROXYD,
                     "--connections-max=10000", f"{netlab.SERVER4}:{self.port}"])


TOOLS = [Kaguard, Tunnel, Autossh, HAProxy, Socat, Proxyd]


def version(tool):
    """Of Debian's package, as far as there is one."""
    package = tool.package.split(" ", maxsplit=1)[0]
    with contextlib.suppress(OSError):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                              capture_output=True, text=True)
        if package and done.returncode == 0:
            return done.stdout
    return ""


def established(netns, port):
    """The source ports of a namespace's sessions to a remote port (proc_net_tcp.rst)."""
    with netns.entered(), open("/proc/thread-self/net/tcp", encoding="ascii") as table:
        rows = [line.split()[1:4] for line in table][1:]
    return {int(local.split(":")[1], 16) for local, remote, state in rows
            if state == "01" and int(remote.split(":")[1], 16) == port}


def await_sessions(tool, timeout_s=60):
    """Until all of a tool's sessions are up; their source ports."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        ports = established(tool.setting.lab.client, tool.port)
        if len(ports) == tool.sessions:
            return ports
        time.sleep(0.1)
    raise Failed(f"{tool.name}: {len(ports)} of {tool.sessions} sessions up after {timeout_s} s\n"
                 f"{tool.said()}")
