# SPDX-License-Identifier: ISC
"""The figures for Prometheus: they are so, its own tools take them, and it scrapes them."""
import contextlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
import urllib.parse

import pytest

import ctl
import netlab
from conftest import PORT, QUICK
from witness import await_look

NOBODY = 7009
SCRAPE, PROMETHEUS = 10476, 9090
CONFIG = f"""
defaults: {{backoff: {{first: 200ms, max: 200ms, stable_after: 1s}}}}
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", firewall: 30s, sessions: 2, {QUICK}}}
  - {{name: gone, address: "{netlab.SERVER4}:{NOBODY}", backoff: {{first: 60s, max: 60s}}}}
"""
TICKS = 0.02  # the kernel tells ages in ticks, and one of them may be from before
SAMPLE = re.compile(r"^(kaguard_\w+)(?:\{(.*)\})? (\S+)$")


def samples(text):
    """By name and labels: {("kaguard_sessions", 'peer="hq",state="up"'): 2.0}."""
    found = [SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#")]
    assert all(found), text
    return {(match[1], match[2] or ""): float(match[3]) for match in found}


@pytest.fixture
def up(bench):
    peer = bench.peer()
    daemon = bench.guard(CONFIG)
    daemon.await_up(2)
    daemon.await_said("gone/0: cannot connect")
    return peer, daemon


def test_figures_are_so(up):
    peer, daemon = up
    now = samples(ctl.run(daemon, "metrics"))
    assert now["kaguard_peers", ""] == 2
    assert now["kaguard_control_clients", ""] == 1
    assert now["kaguard_sessions", 'peer="hq",state="up"'] == 2
    assert now["kaguard_sessions", 'peer="gone",state="backoff"'] == 1
    assert now["kaguard_session_connects_total", 'peer="hq"'] == 2
    assert now["kaguard_attempts_failed_total", 'peer="gone"'] == 1
    assert now["kaguard_firewall_timeout_seconds", 'peer="hq"'] == 30
    assert now["kaguard_probes_allowed", 'peer="hq"'] == daemon.held(PORT)[0].count
    assert 0 < now["kaguard_rtt_seconds", 'peer="hq"'] < 1
    life = now["kaguard_last_proof_of_life_timestamp_seconds", 'peer="hq"']
    assert -TICKS <= life - now["kaguard_start_time_seconds", ""] < 30
    assert ("kaguard_rtt_seconds", 'peer="gone"') not in now
    assert not any(name == "kaguard_firewall_learnt_timeout_seconds" for name, _ in now)


def test_deaths_are_counted(up):
    """Of the peer, by the reason; and what it is that came up again."""
    peer, daemon = up
    start = len(daemon.records)
    peer.abort()
    daemon.await_said("lost after", start=start, peer="hq")
    daemon.await_said("hq/0: up after", start=start)
    daemon.await_said("hq/1: up after", start=start)
    now = samples(ctl.run(daemon, "metrics", "hq"))
    assert now["kaguard_session_deaths_total", 'peer="hq",reason="reset"'] == 2
    assert now["kaguard_session_deaths_total", 'peer="hq",reason="expired"'] == 0
    assert now["kaguard_session_losses_total", 'peer="hq"'] == 2
    assert now["kaguard_session_reconnects_total", 'peer="hq"'] == 2
    assert now["kaguard_session_connects_total", 'peer="hq"'] == 4
    assert not any("gone" in labels for _, labels in now)


def test_unanswered_probes_show(up, bench):
    peer, daemon = up
    bench.firewall.fault(f"tcp sport {PORT}")

    def suspect():
        now = samples(ctl.run(daemon, "metrics", "hq"))
        return (now["kaguard_sessions", 'peer="hq",state="suspect"'] > 0 and
                now["kaguard_probes_unanswered", 'peer="hq"'] > 0)
    await_look(suspect, 10, "unanswered probe")


def test_sums_outlive_their_peers(up):
    """A counter that became less would be taken for one that began anew."""
    _, daemon = up
    each = samples(ctl.run(daemon, "metrics"))
    before = samples(ctl.run(daemon, "metrics", "--no-per-peer"))
    assert before["kaguard_session_connects_total", ""] == 2
    assert before["kaguard_sessions", 'state="up"'] == 2
    assert before["kaguard_sessions", 'state="backoff"'] == 1
    assert before["kaguard_firewall_timeout_seconds", ""] == 30
    assert not any("peer=" in labels for _, labels in before)
    assert {name for name, _ in before} == {name for name, _ in each}
    daemon.reload("peers: []")
    after = samples(ctl.run(daemon, "metrics", "--no-per-peer"))
    assert after["kaguard_session_connects_total", ""] == 2
    assert after["kaguard_attempts_failed_total", ""] == 1
    assert after["kaguard_sessions", 'state="up"'] == 0
    assert "no-per-peer" in ctl.run(daemon, "metrics", "--no-per-peer", "hq", code=64)


def test_a_failed_reload_shows(up):
    _, daemon = up
    before = samples(ctl.run(daemon, "metrics"))
    assert before["kaguard_config_last_reload_successful", ""] == 1
    daemon.reload("peers: 7")
    rejected = samples(ctl.run(daemon, "metrics"))
    when = "kaguard_config_last_reload_success_timestamp_seconds", ""
    assert rejected["kaguard_config_last_reload_successful", ""] == 0
    assert rejected[when] == before[when]
    daemon.reload(CONFIG)
    after = samples(ctl.run(daemon, "metrics"))
    assert after["kaguard_config_last_reload_successful", ""] == 1
    assert after[when] > before[when]


@pytest.mark.parametrize("expect, answered", [("PING", True), ("PONG", False)])
def test_heartbeats_are_counted(bench, expect, answered):
    """The peer echoes them."""
    bench.peer()
    daemon = bench.guard(f"""
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}",
      heartbeat: {{send: "PING", expect: "{expect}", every: 1s, timeout: 500ms}}}}""")
    daemon.await_up(1)

    def counted():
        now = samples(ctl.run(daemon, "metrics"))
        return (now["kaguard_heartbeats_sent_total", 'peer="hq"'],
                now["kaguard_heartbeats_answered_total", 'peer="hq"'],
                now["kaguard_session_deaths_total", 'peer="hq",reason="heartbeat"'])
    await_look(lambda: counted()[1 if answered else 2], 10, "answered, or given up")
    sent, answers, deaths = counted()
    assert sent >= 1
    assert (answers > 0, deaths > 0) == (answered, not answered)


def test_json(up):
    _, daemon = up
    assert [p["peer"] for p in ctl.ask(daemon, "metrics")["peers"]] == ["hq", "gone"]
    assert [p["peer"] for p in ctl.ask(daemon, "metrics", "gone")["peers"]] == ["gone"]
    assert [p["peer"] for p in ctl.ask(daemon, "metrics", "--no-per-peer")["peers"]] == [None]
    assert "did you mean 'hq'?" in ctl.run(daemon, "metrics", "hqq", code=1)
    with ctl.Wire(daemon) as wire:
        refused = wire.call("io.kaguard.Metrics", parameters={"sum": True, "peers": ["hq"]})
        assert refused["parameters"] == {"parameter": "sum"}
        whole = wire.call("io.kaguard.Metrics")["parameters"]  # in one reply
        assert [p["peer"] for p in ctl.conforms("metrics", whole)["peers"]] == ["hq", "gone"]


def test_a_peer_with_many_sessions_and_one_with_none(bench):
    """It takes several steps, in which there is nothing to say yet."""
    daemon = bench.guard(f"""
peers:
  - {{name: many, address: "{netlab.SERVER4}:{NOBODY}", sessions: 1000}}
  - {{name: one, address: "{netlab.SERVER4}:{NOBODY}"}}""")
    daemon.await_said("one/0: cannot connect")
    for arguments in ([], ["--no-per-peer"]):
        items = ctl.ask(daemon, "metrics", *arguments)["peers"]
        assert [sum(p["sessions"].values()) for p in items] == ([1001] if arguments else [1000, 1])


# --- Prometheus -------------------------------------------------------------


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"no {' and no '.join(missing)}: "
                              "tools/install-needs monitoring")


@needs("promtool")
@pytest.mark.parametrize("arguments", [[], ["--no-per-peer"], ["gone"]])
def test_promtool_takes_it(up, arguments):
    """It also says what is against the custom."""
    done = subprocess.run(["promtool", "check", "metrics"], text=True, capture_output=True,
                          input=ctl.run(up[1], "metrics", *arguments))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def get(netns, url, method="GET"):
    """The status, the headers, and the body."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.sock = netns.connect((parts.hostname, parts.port), 20)
    with contextlib.closing(connection):
        connection.request(method, url[url.index(parts.netloc) + len(parts.netloc):])
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()


@pytest.fixture
def scraped(up):
    """One process a connection, as by kaguard-metrics.socket."""
    _, daemon = up
    netns = daemon.netns
    listener = netns.popen(["systemd-socket-activate", "--accept", "--inetd",
                            f"--listen=127.0.0.1:{SCRAPE}", ctl.program(), "-S",
                            str(daemon.control), "metrics", "--http"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True)
    assert "Listening on" in listener.stderr.readline()
    yield daemon
    listener.terminate()
    listener.stderr.close()
    listener.wait()


def test_http(scraped):
    here = f"http://127.0.0.1:{SCRAPE}"
    status, headers, body = get(scraped.netns, here + "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert int(headers["Content-Length"]) == len(body)
    assert samples(body)["kaguard_sessions", 'peer="hq",state="up"'] == 2
    status, headers, body = get(scraped.netns, here + "/metrics", "HEAD")
    assert (status, body) == (200, "") and int(headers["Content-Length"]) > 1000
    assert get(scraped.netns, here + "/")[0] == 404
    assert get(scraped.netns, here + "/metrics", "POST")[0] == 405
    scraped.stop()
    status, _, body = get(scraped.netns, here + "/metrics")
    assert status == 503 and "kaguard.service" in body


def test_http_from_those_who_do_not_speak_it(scraped):
    def answer(what, end=True):
        with scraped.netns.connect(("127.0.0.1", SCRAPE), 20) as sock:
            sock.sendall(what)
            if end:
                sock.shutdown(socket.SHUT_WR)
            whole = b""
            while piece := sock.recv(65536):
                whole += piece
            return whole.split(b"\r\n")[0]
    assert answer(b"") == b""
    assert answer(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") == b"HTTP/1.1 400 Bad Request"
    assert answer(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100000, False).startswith(b"HTTP/1.1 431")
    assert answer(b"GET /metrics HTTP/1.1\r\n", False).startswith(b"HTTP/1.1 408")  # after 5 s
    assert answer(b"GET /metrics HTTP/1.1\r\n\r\n", False) == b"HTTP/1.1 200 OK"


@pytest.fixture
def prometheus(scraped, tmp_path):
    """One with the rules that are shipped. Returns what asks it."""
    netns, here = scraped.netns, f"http://127.0.0.1:{PROMETHEUS}"
    (tmp_path / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ctl.SOURCE / "doc/kaguard-alerts.yaml")],
        "scrape_configs": [{"job_name": "kaguard", "static_configs": [
            {"targets": [f"127.0.0.1:{SCRAPE}"]}]}]}))
    server = netns.popen(["prometheus", f"--config.file={tmp_path}/prometheus.yml",
                          f"--storage.tsdb.path={tmp_path}/data",
                          f"--web.listen-address=127.0.0.1:{PROMETHEUS}"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
    said = []
    for line in server.stderr:
        said.append(line)
        if "ready to receive web requests" in line:
            break
    else:
        pytest.fail("".join(said))
    reader = threading.Thread(target=server.stderr.read, daemon=True)
    reader.start()

    def ask(what, **parameters):
        status, _, body = get(netns, f"{here}/api/v1/{what}?{urllib.parse.urlencode(parameters)}")
        assert status == 200, body
        return json.loads(body)["data"]
    yield ask
    server.kill()
    server.wait()
    reader.join()


@needs("prometheus")
def test_prometheus_scrapes_it(prometheus, scraped):
    def value(query):
        result = prometheus("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None
    await_look(lambda: value('up{job="kaguard"}') == 1, 20, "scrape that succeeds")
    target, = prometheus("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert value('kaguard_sessions{peer="hq",state="up"}') == 2
    assert value("scrape_samples_scraped") == value("scrape_samples_post_metric_relabeling") > 40
    metadata = prometheus("targets/metadata", metric="kaguard_session_deaths_total")
    assert [m["type"] for m in metadata] == ["counter"]
    # The rules that are shipped see what is so.
    rejected = 'ALERTS{alertname="KaguardReloadFailed"}'
    assert value(rejected) is None
    scraped.reload("peers: 7")
    await_look(lambda: value(rejected) == 1, 20, "alert that is pending")
    groups = prometheus("rules")["groups"]
    assert all(rule["health"] == "ok" for group in groups for rule in group["rules"])
    scraped.stop()
    await_look(lambda: value('up{job="kaguard"}') == 0, 20, "scrape that fails")
    assert "503" in prometheus("targets")["activeTargets"][0]["lastError"]
