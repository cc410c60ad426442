# SPDX-License-Identifier: ISC
EXTRA_DIST += demo \
	tests/lab/conftest.py \
	tests/lab/ctl.py \
	tests/lab/demo.py \
	tests/lab/ends.py \
	tests/lab/guard.py \
	tests/lab/long_detect.py \
	tests/lab/long_loss.py \
	tests/lab/long_soak.py \
	tests/lab/manager.py \
	tests/lab/netlab.py \
	tests/lab/peers.py \
	tests/lab/proxy.py \
	tests/lab/resetter.py \
	tests/lab/soak_books.py \
	tests/lab/soak_faults.py \
	tests/lab/soak_server.py \
	tests/lab/soak_site.py \
	tests/lab/test_container.py \
	tests/lab/test_control.py \
	tests/lab/streams.py \
	tests/lab/test_ctl.py \
	tests/lab/test_auto.py \
	tests/lab/test_descriptors.py \
	tests/lab/test_flush.py \
	tests/lab/test_forward.py \
	tests/lab/test_forward_bad.py \
	tests/lab/test_forward_handover.py \
	tests/lab/test_forward_takeover.py \
	tests/lab/test_programs.py \
	tests/lab/test_handover.py \
	tests/lab/test_heartbeat.py \
	tests/lab/test_held.py \
	tests/lab/test_measure.py \
	tests/lab/test_metrics.py \
	tests/lab/test_names.py \
	tests/lab/test_network.py \
	tests/lab/test_options.py \
	tests/lab/test_peers.py \
	tests/lab/test_reasons.py \
	tests/lab/test_reload.py \
	tests/lab/test_scout.py \
	tests/lab/test_service.py \
	tests/lab/test_soak.py \
	tests/lab/test_source.py \
	tests/lab/test_storm.py \
	tests/lab/test_unread.py \
	tests/lab/wire.py \
	tests/lab/witness.py

dist_check_SCRIPTS += tests/cli/cli.sh tests/cli/ctl.sh
EXTRA_DIST += tests/cli/ctl.py

# Through a real firewall, in network namespaces: needs root, and so is no part of make check. The
# tests wait most of the time and each has a network of its own: four at a time, where pytest can.
# Who wants a machine to himself gets it: what fails beside others is tried once more, alone, and
# has failed if it does so again. The log has both.
lab_pytest = KAGUARD='$(abs_builddir)/src/kaguard' PYTHONDONTWRITEBYTECODE=1 PYTEST_ADDOPTS= \
	$(PYTHON) -m pytest -o cache_dir='$(abs_builddir)/tests/lab/cache' -q -rfs

.PHONY: check-lab
check-lab: src/kaguard src/kaguardctl
	rm -rf tests/lab/cache
	$(lab_pytest) \
		`$(PYTHON) -c 'import xdist' 2>/dev/null && echo --numprocesses=$(or $(LAB_JOBS),4)` \
		$(srcdir)/tests/lab || { \
		echo 'Once more, alone:' && \
		$(lab_pytest) --last-failed --last-failed-no-failures=none $(srcdir)/tests/lab; }

# The promises of a plan at length: make detect RUNS=100 takes some 8 minutes, make soak-loss
# MINUTES=30 as long as it says. Both print what they saw.
.PHONY: detect soak-loss
detect soak-loss: src/kaguard
	KAGUARD='$(abs_builddir)/src/kaguard' PYTHONDONTWRITEBYTECODE=1 \
		RUNS='$(or $(RUNS),100)' MINUTES='$(or $(MINUTES),30)' \
		$(PYTHON) -m pytest -p no:cacheprovider -q -rs -s \
		$(srcdir)/tests/lab/long_$(@:soak-%=%).py

# Very many sessions, and whatever may happen to them: as root, with RLIMIT_NOFILE above their number.
# make soak SOAK='--sessions 15000 --minutes 30 --seed 7'; what it takes is in long_soak.py --help.
.PHONY: soak
soak: src/kaguard src/kaguardctl
	KAGUARD='$(abs_builddir)/src/kaguard' PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) $(srcdir)/tests/lab/long_soak.py $(SOAK)

# kaguardctl measure through every firewall of the lab, so often: make check-measure RUNS=10 takes
# some half an hour, and prints what each found.
.PHONY: check-measure
check-measure: src/kaguard src/kaguardctl
	KAGUARD='$(abs_builddir)/src/kaguard' PYTHONDONTWRITEBYTECODE=1 \
		KAGUARD_MEASURE_RUNS='$(or $(RUNS),10)' \
		$(PYTHON) -m pytest -p no:cacheprovider -q -rs -s $(srcdir)/tests/lab/test_measure.py

# The picture in README, from a new capture: as root, three minutes. doc/wire.json is the capture, from
# which tools/draw_wire.py draws.
.PHONY: wire.svg
wire.svg: src/kaguard
	KAGUARD='$(abs_builddir)/src/kaguard' PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) $(srcdir)/tests/lab/wire.py >wire.json.new
	$(PYTHON) $(srcdir)/tools/draw_wire.py wire.json.new >wire.svg.new
	mv wire.json.new $(srcdir)/doc/wire.json
	mv wire.svg.new $(srcdir)/doc/wire.svg
