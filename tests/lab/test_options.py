# SPDX-License-Identifier: ISC
"""The values that the kernel holds are those of the plan: read from the daemon's own sockets."""
import pytest

import netlab
from conftest import benches_for

CASES = {
    "short": "firewall: 12s",
    "usual": "",
    "preset": "firewall: aws-nat-gateway",
    "several": "firewall: [azure-load-balancer, 10min]",
    "tight": "firewall: 350s, keepalive: {detect_within: 2min, lost_probes: 1, outage: 10s}",
    "exact": "firewall: 60s, keepalive: {idle: 20s, interval: 5s, count: 6}",
    "long": "firewall: 5d, keepalive: {detect_within: 1d}",
}
PORTS = {name: 7100 + number for number, name in enumerate(CASES)}


@pytest.fixture(scope="module")
def daemon(request):
    with benches_for(request.node) as make:
        bench = make()
        for port in PORTS.values():
            bench.peer(port)
        daemon = bench.guard("peers:\n" + "\n".join(
            f'  - {{name: {name}, address: "{netlab.SERVER4}:{PORTS[name]}", sessions: 5, {rest}}}'
            for name, rest in CASES.items()))
        daemon.await_up(5 * len(CASES))
        yield daemon


@pytest.mark.parametrize("name", CASES)
def test_socket_options_are_the_plan(daemon, name):
    plan, held = daemon.plan(name), daemon.held(PORTS[name])
    assert len(held) == 5
    for session in held:
        assert session.keepalive == 1
        assert session.interval_s == plan["interval_s"]
        assert session.count == plan["count"]
        assert session.user_timeout_ms == plan["user_timeout_ms"]
        # Jittered downwards by up to 5 %, never below the interval.
        assert session.interval_s <= session.idle_s <= plan["idle_s"]
        assert session.idle_s >= 0.95 * plan["idle_s"] - 1
