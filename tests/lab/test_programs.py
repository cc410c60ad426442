# SPDX-License-Identifier: ISC
"""Programs that cannot keep their own sessions alive, through tunnels: psql, ssh and curl are idle
for ten timeouts of the firewall and go on; beside each the same program without kaguard."""
import contextlib
import glob
import os
import pwd
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import netlab
import witness

TIMEOUT_S, IDLE_S = 6, 60
POSTGRES, SSH, HTTP = 5432, 22, 8080
LOCAL = {POSTGRES: 15432, SSH: 10022, HTTP: 18080}

CONFIG = f"""
defaults: {{firewall: {TIMEOUT_S}s, keepalive: {{lost_probes: 1}}}}
peers:
""" + "".join(
    f'  - {{name: p{port}, address: "{netlab.SERVER4}:{port}", listen: "127.0.0.1:{local}"}}\n'
    for port, local in LOCAL.items())


def find(*patterns):
    """A program that is not always on the path; the newest, where there are several."""
    for pattern in patterns:
        found = shutil.which(pattern) if "/" not in pattern else max(glob.glob(pattern), default=None)
        if found:
            return found
    return None


PROGRAMS = {
    "initdb": find("initdb", "/usr/lib/postgresql/*/bin/initdb"),
    "postgres": find("postgres", "/usr/lib/postgresql/*/bin/postgres"),
    "psql": find("psql"),
    "sshd": find("/usr/sbin/sshd"),
    "ssh": find("ssh"),
    "ssh-keygen": find("ssh-keygen"),
    "curl": find("curl"),
}
MISSING = [name for name, path in PROGRAMS.items() if not path]
pytestmark = pytest.mark.skipif(bool(MISSING), reason="not installed: " + ", ".join(MISSING))


class Servers:
    """A database, a host to log in to and a web server, as they come, in the server's namespace."""

    WEB = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"page")
http.server.ThreadingHTTPServer(("", int(__import__("sys").argv[1])), Handler).serve_forever()
"""

    def __init__(self, netns, stack):
        self.netns = netns
        self.directory = tempfile.mkdtemp(prefix="kgprograms-")
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.processes = []
        stack.callback(self.stop)
        self.postgres()
        self.sshd()
        self.run("/usr/bin/python3", "-c", self.WEB, str(HTTP))
        for port in LOCAL:
            self.await_listener(port)

    def run(self, *command, **keywords):
        self.processes.append(self.netns.popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **keywords))

    def postgres(self):
        data = self.directory + "/data"
        os.mkdir(data, 0o700)
        user = pwd.getpwnam("postgres")
        os.chown(data, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": data}
        subprocess.run([PROGRAMS["initdb"], "-D", data, "-A", "trust", "--no-sync"], check=True,
                       capture_output=True, **as_user)
        with open(data + "/pg_hba.conf", "a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")
        self.run(PROGRAMS["postgres"], "-D", data, "-h", "0.0.0.0", "-p", str(POSTGRES),
                 "-k", "", **as_user)

    def sshd(self):
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where sshd shuts its children in
        for name in ("host", "user"):
            subprocess.run([PROGRAMS["ssh-keygen"], "-q", "-t", "ed25519", "-N", "",
                            "-f", f"{self.directory}/{name}"], check=True)
        with open(self.directory + "/sshd_config", "w") as file:
            file.write(f"Port {SSH}\nHostKey {self.directory}/host\nPidFile none\nUsePAM no\n"
                       f"AuthorizedKeysFile {self.directory}/user.pub\nStrictModes no\n"
                       "PermitRootLogin yes\nClientAliveInterval 0\n")
        self.run(PROGRAMS["sshd"], "-D", "-f", self.directory + "/sshd_config")

    def await_listener(self, port):
        def listens():
            with contextlib.suppress(OSError):
                self.netns.connect(("127.0.0.1", port), 1).close()
                return True
            return False
        witness.await_look(listens, 20, f"a server at port {port}")

    def stop(self):
        for process in self.processes:
            # postgres would wait for its clients otherwise; the others may have inherited that it is
            # ignored, as it is of what a shell has started in the background.
            fast = process.args[0] == PROGRAMS["postgres"]
            process.send_signal(signal.SIGINT if fast else signal.SIGTERM)
        for process in self.processes:
            process.wait(10)


class Conversation:
    """A program that is asked something on its stdin, and answers line by line."""

    def __init__(self, netns, *command):
        self.process = netns.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def ask(self, question, timeout):
        """The answer, or None."""
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        try:
            return self.lines.get(timeout=timeout)
        except queue.Empty:
            return None

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def psql(netns, servers, host, port):
    return Conversation(netns, PROGRAMS["psql"], "-X", "-A", "-t", "-q", "-U", "postgres",
                        f"host={host} port={port} keepalives=0")


def ssh(netns, servers, host, port):
    return Conversation(netns, PROGRAMS["ssh"], "-F", "none", "-T", "-p", str(port),
                        "-i", servers.directory + "/user", "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                        "-o", "TCPKeepAlive=no", f"root@{host}", "cat")


def curl(netns, host, port):
    """Two pages over one connection, with a minute between them (--rate)."""
    url = f"http://{host}:{port}/"
    return netns.popen([PROGRAMS["curl"], "-sS", "--no-keepalive", "--rate", "1/m",
                        "--max-time", "15", "-w", " %{num_connects}\n", url, url],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True)


def test_idle_for_ten_timeouts(bench_of):
    bench = bench_of(timeout_s=TIMEOUT_S)
    with contextlib.ExitStack() as stack:
        servers = Servers(bench.lab.server, stack)
        daemon = bench.guard(CONFIG)
        for local in LOCAL.values():
            daemon.await_said(f"takes in clients at 127.0.0.1:{local}")
        talks, pages = {}, {}
        for way, host, ports in (("tunnel", "127.0.0.1", LOCAL),
                                 ("direct", netlab.SERVER4, {port: port for port in LOCAL})):
            for program, port in ((psql, POSTGRES), (ssh, SSH)):
                talk = program(bench.lab.client, servers, host, ports[port])
                stack.callback(talk.close)
                talks[program.__name__, way] = talk
            pages[way] = curl(bench.lab.client, host, ports[HTTP])
            stack.callback(pages[way].kill)
        questions = {"psql": ("select 6*7;", "42"), "ssh": ("hello", "hello")}
        for (name, way), talk in talks.items():
            question, answer = questions[name]
            assert talk.ask(question, 15) == answer, (name, way)
        begun = time.monotonic()
        # The firewall is all that happens meanwhile.
        witness.await_look(lambda: time.monotonic() - begun >= IDLE_S, IDLE_S + 5, "idleness")
        for (name, way), talk in talks.items():
            question, answer = questions[name]
            said = talk.ask(question, 5)
            assert said == (answer if way == "tunnel" else None), (name, way, said)
        # One connection for both: the second page needed none.
        assert pages["tunnel"].communicate(timeout=60) == ("page 1\npage 0\n", "")
        got, said = pages["direct"].communicate(timeout=60)
        assert got.startswith("page 1\n") and "page 0" not in got and "timed out" in said
        assert pages["direct"].returncode == 28  # CURLE_OPERATION_TIMEDOUT
        assert not daemon.said("cut off")
