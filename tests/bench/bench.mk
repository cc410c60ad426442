# SPDX-License-Identifier: ISC
#
# make bench BENCH=--quick
EXTRA_PROGRAMS += tests/bench/holder tests/bench/sink
tests_bench_holder_LDADD =
tests_bench_sink_LDADD =
EXTRA_DIST += tests/bench/bench.py tests/bench/bench_forward.py tests/bench/bench_peers.py \
	tests/bench/bench_status.py tests/bench/forwarders.py tests/bench/rig.py \
	tests/bench/rivals.py tests/bench/slow_sink.py tests/bench/storm.py
CLEANFILES += $(EXTRA_PROGRAMS)

.PHONY: bench
bench: src/kaguard src/kaguardctl tests/bench/holder tests/bench/sink tests/bench/bench_journal
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/bench/bench.py $(BENCH) \
		src/kaguard tests/bench/holder tests/bench/sink
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/bench/bench_status.py \
		src/kaguard src/kaguardctl tests/bench/sink
	tests/bench/bench_journal

# Beside what people use today, through a firewall: as root, some five minutes, or two with
# make bench-peers PEERS=--quick. tools/install-needs lab bench installs what it compares; in Debian
# that enables and starts haproxy and ssh.
.PHONY: bench-peers
bench-peers: src/kaguard
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/bench/bench_peers.py $(PEERS) src/kaguard

# A server with 15,000 sessions is restarted: make storm STORM='--runs 1'
.PHONY: storm
storm: src/kaguard tests/bench/holder tests/bench/sink
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/bench/storm.py $(STORM) \
		src/kaguard tests/bench/holder tests/bench/sink

# Tunnels beside what else carries connections: make bench-forward BENCH=--quick
forward_tools = tests/bench/splice_loop tests/bench/far_end tests/bench/traffic
EXTRA_PROGRAMS += $(forward_tools)
tests_bench_splice_loop_LDADD =
tests_bench_far_end_LDADD =
tests_bench_traffic_LDADD =
.PHONY: bench-forward
bench-forward: src/kaguard $(forward_tools)
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/bench/bench_forward.py $(BENCH) \
		--kaguard src/kaguard --splice-loop tests/bench/splice_loop \
		--far-end tests/bench/far_end --traffic tests/bench/traffic

# What a record costs the event loop.
EXTRA_PROGRAMS += tests/bench/bench_journal
tests_bench_bench_journal_SOURCES = tests/bench/bench_journal.c
tests_bench_bench_journal_LDADD = $(KAGUARD_LIBS)

# The daemon with a stopwatch, for make bench-restart: see tests/systemd/systemd.mk.
EXTRA_PROGRAMS += tests/bench/kaguard-stopwatch
tests_bench_kaguard_stopwatch_SOURCES = src/daemon/main.c tests/bench/stopwatch.c
tests_bench_kaguard_stopwatch_LDADD = $(KAGUARD_LIBS)
tests_bench_kaguard_stopwatch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=keep_moved,--wrap=parking_flush \
	-Wl,--wrap=takeover,--wrap=keep_leave
