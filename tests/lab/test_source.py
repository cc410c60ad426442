# SPDX-License-Identifier: ISC
"""Where a session starts from: `bind` and `device`."""
import netlab
from conftest import PORT, QUICK

OTHER4, OTHER6 = "10.77.1.3", "2001:db8:1::3"
NOWHERE = "192.0.2.1"


def config(*rest):
    peers = [f'  - {{name: p{n}, address: "{address}:{PORT}", {option}}}'
             for n, (address, option) in enumerate(rest)]
    return "\n".join([f"defaults: {{firewall: 12s, backoff: {{first: 100ms, max: 1s}}, {QUICK}}}",
                      "peers:", *peers])


def test_bind(bench):
    for address in (f"{OTHER4}/24", f"{OTHER6}/64"):
        bench.lab.client.run("ip", "addr", "add", address, "dev", "eth0")
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, f"bind: {OTHER4}"),
                                (f"[{netlab.SERVER6}]", f'bind: "{OTHER6}"'),
                                (netlab.SERVER4, "sessions: 1")))
    sessions = peer.await_sessions(3, 5)
    daemon.await_up(3)
    assert sorted(s.address for s in sessions) == sorted([OTHER4, OTHER6, netlab.CLIENT4])


def test_bind_to_an_address_that_is_not_here(bench):
    """Our own side's trouble, said as such; it passes when the address comes."""
    peer = bench.peer()
    daemon = bench.guard(config((netlab.SERVER4, f"bind: {NOWHERE}"),
                                (netlab.SERVER4, "sessions: 1")))
    peer.await_sessions(1, 5)
    daemon.await_said(peer="p0", reason="local")
    bench.lab.client.run("ip", "addr", "add", f"{NOWHERE}/32", "dev", "eth0")
    bench.lab.router.run("ip", "route", "add", f"{NOWHERE}/32", "dev", "client")
    bench.lab.server.run("ip", "route", "replace", f"{NOWHERE}/32", "via", "10.77.2.1")
    peer.await_sessions(2, 5)
    assert sorted(s.address for s in peer.sessions) == sorted([netlab.CLIENT4, NOWHERE])


def test_each_has_trouble_of_its_own(bench):
    """What is configured for one peer is wrong by itself: another's trouble does not say it."""
    daemon = bench.guard(config((netlab.SERVER4, f"bind: {NOWHERE}"),
                                (netlab.SERVER4, "device: none0")))
    daemon.await_said("our side cannot: Cannot assign requested address", peer="p0")
    daemon.await_said("our side cannot: No such device", peer="p1")


def test_device(bench):
    """SO_BINDTODEVICE: where the only way leads through another device there is none."""
    peer = bench.peer()
    bench.lab.client.run("ip", "link", "add", "idle0", "type", "veth", "peer", "name", "idle1")
    bench.lab.client.run("ip", "link", "set", "idle0", "up")
    daemon = bench.guard(config((netlab.SERVER4, "device: eth0"),
                                (netlab.SERVER4, "device: idle0, connect_timeout: 1s")))
    session, = peer.await_sessions(1, 5)
    told = daemon.await_said("cannot", peer="p1")
    assert told["KAGUARD_REASON"] in ("local", "unreachable", "timed-out")
    assert peer.stays([session], 1)
    assert len(peer.sessions) == 1
