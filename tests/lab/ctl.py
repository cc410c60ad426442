# SPDX-License-Identifier: ISC
"""kaguardctl, and clients of the control socket that are not as polite."""
import json
import os
import pathlib
import socket
import subprocess

import jsonschema

SOURCE = pathlib.Path(__file__).parent.parent.parent
SCHEMA = json.loads((SOURCE / "doc/kaguardctl.schema.json").read_text())


def conforms(what, document):
    """The document, which is one of those that the schema describes."""
    jsonschema.validate(document, {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{what}"})
    return document


def program():
    return os.environ["KAGUARD"] + "ctl"


def run(daemon, *arguments, code=0):
    """What kaguardctl prints; it ends with this code."""
    done = subprocess.run([program(), "-S", str(daemon.control), *arguments], text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if code in (0, 1, 2) and not done.stderr else done.stderr


def ask(daemon, command, *arguments, code=0):
    """Its JSON, which is as the schema says."""
    return conforms(command, json.loads(run(daemon, "--json", command, *arguments, code=code)))


class Wire:
    """A connection to the control socket, byte by byte."""

    def __init__(self, daemon):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(daemon.control))
        self._rest = b""

    def send(self, method, **members):
        self.sock.sendall(json.dumps({"method": method, **members}).encode() + b"\0")

    def reply(self):
        """The next one; None: the daemon has hung up."""
        while b"\0" not in self._rest:
            try:
                piece = self.sock.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def call(self, method, **members):
        self.send(method, **members)
        return self.reply()

    def is_served(self):
        return "parameters" in (self.call("org.varlink.service.GetInfo") or {})

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
