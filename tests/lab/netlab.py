# SPDX-License-Identifier: ISC
"""Three network namespaces: client | firewall | server, with a real nf_conntrack in the middle.

A namespace here is only a descriptor: it has no name, nothing else on the machine can meet it, and
the kernel takes it down, links and all, with the last process that holds it, however that ended.
"""
import contextlib
import ctypes
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000

CLIENT4, CLIENT6 = "10.77.1.2", "2001:db8:1::2"
SERVER4, SERVER6 = "10.77.2.2", "2001:db8:2::2"

_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The machine does not do what a lab needs."""


def _call(function, *args):
    if function(*args) != 0:
        number = ctypes.get_errno()
        raise LabError(f"{function.__name__}: {os.strerror(number)}")


class NetNs:
    """A network namespace. Threads enter it; sockets and processes made meanwhile stay in it."""

    def __init__(self):
        with self._thread_returns():
            _call(_libc.unshare, CLONE_NEWNET)
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        # A router whose address is still being checked for duplicates holds back what it forwards.
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)
        self.run("ip", "link", "set", "lo", "up")

    @staticmethod
    @contextlib.contextmanager
    def _thread_returns():
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield
        finally:
            _call(_libc.setns, home, CLONE_NEWNET)
            os.close(home)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is inside."""
        with self._thread_returns():
            _call(_libc.setns, self.fd, CLONE_NEWNET)
            yield

    @property
    def path(self):
        """A name by which ip(8) finds the namespace."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    def run(self, *command, stdin=None):
        """Run a command inside and return what it printed."""
        with self.entered():
            done = subprocess.run(command, input=stdin, text=True, capture_output=True)
        if done.returncode != 0:
            raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def popen(self, command, **kwargs):
        with self.entered():
            return subprocess.Popen(command, **kwargs)

    def socket(self, *args):
        with self.entered():
            return socket.socket(*args)

    def connect(self, address, timeout=5):
        """A plain TCP session from inside: nobody guards it."""
        with self.entered():
            return socket.create_connection(address, timeout=timeout)

    def sysctl(self, name, value):
        with self.entered(), open("/proc/sys/" + name.replace(".", "/"), "w") as knob:
            knob.write(str(value))

    def counter(self, name):
        """A counter of the namespace's TCP, as TcpExtListenOverflows of nstat(8)."""
        with self.entered(), open("/proc/thread-self/net/netstat") as table:
            lines = [line.split() for line in table]
        for names, values in zip(lines[::2], lines[1::2]):
            for key, number in zip(names[1:], values[1:]):
                if names[0].rstrip(":") + key == name:
                    return int(number)
        raise LabError(f"no counter {name}")

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@dataclasses.dataclass(frozen=True)
class Entry:
    """What the firewall remembers of one TCP session."""
    state: str
    left_s: int  # until it is forgotten; whole seconds, rounded down
    source: str
    source_port: int
    remote: str
    remote_port: int
    outside_port: int  # the source port that the remote sees

    @classmethod
    def parse(cls, line):
        """One line of conntrack -L; None where it is no TCP entry with a clock."""
        head = re.match(r"tcp\s+6\s+(\d+)\s+(\w+)\s", line)
        if not head:
            return None
        pairs = re.findall(r"\b(src|dst|sport|dport)=(\S+)", line)
        there, back = dict(pairs[:4]), dict(pairs[4:8])
        return cls(head[2], int(head[1]), there["src"], int(there["sport"]), there["dst"],
                   int(there["dport"]), int(back["dport"]))


# What a firewall does with a packet of a session that it has forgotten.
#   silent  drops it
#   reset   answers with a RST
#   reject  says that it is prohibited (ICMP)
#   nat     a Linux router as it comes: takes the session for a new one, and gives it another
#           source port, which the server knows nothing of and answers with a RST
#   loose   one that translates no addresses, and takes the session up again
#   both    drops it; but it has reset the session at both ends when that expired
# Or it counts other packets:
#   blind   drops it; and keepalive, as all that carries no data, keeps no session alive
FIRST = "tcp flags & (fin | syn | rst | ack) == syn"
KINDS = {
    "silent": (f"{FIRST} ct state new accept", ""),
    "reset": (f"{FIRST} ct state new accept", "meta l4proto tcp reject with tcp reset"),
    "reject": ("tcp flags & (fin | syn | rst | ack) == syn ct state new accept",
               "meta l4proto tcp reject with icmpx type admin-prohibited"),
    "nat": ("ct state new accept", ""),
    "loose": ("ct state new accept", ""),
    "both": (f"{FIRST} ct state new accept", ""),
}

# The idle timeout is a "ct timeout" object rather than a sysctl: not every kernel lets a user write
# the nf_conntrack sysctls of a namespace of their own.
RULESET = """
table inet firewall {{
    ct timeout idle4 {{
        protocol tcp
        l3proto ip
        policy = {{ established : {timeout} }}
    }}
    ct timeout idle6 {{
        protocol tcp
        l3proto ip6
        policy = {{ established : {timeout} }}
    }}
    chain clock {{
        type filter hook prerouting priority filter
        meta l4proto tcp meta nfproto ipv4 ct timeout set "idle4"
        meta l4proto tcp meta nfproto ipv6 ct timeout set "idle6"
    }}
    chain through {{
        type filter hook forward priority filter; policy drop
        ct state established,related accept
        {new}
        meta l4proto != tcp accept
        {forgotten}
    }}
}}
"""

# Conntrack counts every packet of a session. So this one has a memory of its own: the client's
# ports, as long as they are fresh. Linux sends what carries data with PSH, the last of it at least.
BLIND = f"""
table inet firewall {{{{
    set sessions {{{{
        type inet_service; flags dynamic,timeout; timeout {{timeout}}s; size 65535
    }}}}
    chain through {{{{
        type filter hook forward priority filter; policy drop
        meta l4proto != tcp accept
        iifname "client" {FIRST} update @sessions {{{{ tcp sport }}}} accept
        iifname "client" tcp sport != @sessions drop
        iifname "server" tcp dport != @sessions drop
        iifname "client" tcp flags & psh == psh update @sessions {{{{ tcp sport }}}}
        iifname "server" tcp flags & (syn | psh) != 0 update @sessions {{{{ tcp dport }}}}
        accept
    }}}}
}}}}
"""

FAULTS = """
table inet faults {
    chain before {
        type filter hook prerouting priority raw
    }
}
"""

MASQUERADE = """
table inet address_translation {
    chain out {
        type nat hook postrouting priority srcnat
        oifname "server" masquerade fully-random
    }
}
"""


class Firewall:
    """The middle namespace: a router that forgets idle sessions."""

    def __init__(self, netns, timeout_s, kind):
        self.netns, self.timeout_s = netns, timeout_s
        if kind == "blind":
            rules = BLIND.format(timeout=timeout_s)
        else:
            new, forgotten = KINDS[kind]
            rules = RULESET.format(timeout=timeout_s, new=new, forgotten=forgotten)
        netns.run("nft", "-f", "-", stdin=rules + FAULTS + (MASQUERADE if kind == "nat" else ""))
        self._resetter = None
        if kind == "both":
            program = os.path.join(os.path.dirname(__file__), "resetter.py")
            self._resetter = netns.popen([sys.executable, program, "client"],
                                         stdout=subprocess.PIPE)
            self._resetter.stdout.readline()

    def entries(self, remote_port=None):
        """The TCP sessions that the firewall remembers now, with their clocks."""
        found = []
        for family in ("ipv4", "ipv6"):
            listing = self.netns.run("conntrack", "-L", "-f", family, "-p", "tcp")
            found += [entry for entry in map(Entry.parse, listing.splitlines()) if entry]
        return [e for e in found if remote_port is None or e.remote_port == remote_port]

    def flush(self):
        """Forget all sessions at once, as a reboot or a failover does."""
        self.netns.run("conntrack", "-F")

    def fault(self, rule):
        """Lose packets before the firewall itself sees them: an nft rule without its verdict."""
        self.netns.run("nft", "add", "rule", "inet", "faults", "before", *rule.split(), "drop")

    def heal(self):
        self.netns.run("nft", "flush", "chain", "inet", "faults", "before")

    def stop(self):
        if self._resetter:
            self._resetter.terminate()
            self._resetter.wait()
            self._resetter.stdout.close()


class Lab:
    """The three namespaces, linked and addressed."""

    def __init__(self, timeout_s, kind="silent"):
        self.client, self.router, self.server = NetNs(), NetNs(), NetNs()
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.router.sysctl(name, 1)
        self._link("client", self.client, 1)
        self._link("server", self.server, 2)
        self.firewall = Firewall(self.router, timeout_s, kind)

    def _link(self, side, netns, net):
        self.router.run("ip", "link", "add", side, "type", "veth",
                        "peer", "name", "eth0", "netns", netns.path)
        for prefix in (f"10.77.{net}.@/24", f"2001:db8:{net}::@/64"):
            self.router.run("ip", "addr", "add", prefix.replace("@", "1"), "dev", side)
            netns.run("ip", "addr", "add", prefix.replace("@", "2"), "dev", "eth0")
        self.router.run("ip", "link", "set", side, "up")
        netns.run("ip", "link", "set", "eth0", "up")
        for gateway in (f"10.77.{net}.1", f"2001:db8:{net}::1"):
            netns.run("ip", "route", "add", "default", "via", gateway, "dev", "eth0")

    def close(self):
        self.firewall.stop()
        for netns in (self.client, self.router, self.server):
            netns.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def why_not():
    """Why there can be no lab here, or None."""
    missing = [tool for tool in ("ip", "nft", "conntrack") if not shutil.which(tool)]
    if missing:
        return "not installed: " + ", ".join(missing)
    try:
        with Lab(60) as lab:
            lab.firewall.entries()
            lab.client.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()
    except (LabError, OSError) as error:
        return str(error)
    return None
