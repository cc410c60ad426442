# SPDX-License-Identifier: ISC
EXTRA_DIST += \
	tests/systemd/bench_restart.py \
	tests/systemd/boot.sh \
	tests/systemd/conftest.py \
	tests/systemd/follow.py \
	tests/systemd/machine.py \
	tests/systemd/outlive.py \
	tests/systemd/root.sh \
	tests/systemd/service.py \
	tests/systemd/test_boot.py \
	tests/systemd/test_closed.py \
	tests/systemd/test_ctl.py \
	tests/systemd/test_hung.py \
	tests/systemd/test_journal.py \
	tests/systemd/test_killed.py \
	tests/systemd/test_life.py \
	tests/systemd/test_metrics.py \
	tests/systemd/test_ready.py \
	tests/systemd/test_reload.py \
	tests/systemd/test_restart.py \
	tests/systemd/test_storm.py \
	tests/systemd/test_tunnels.py \
	tests/systemd/test_upgrade.py

# Under a real service manager, in a container: needs root. KAGUARD_ROOT= is the system that it boots
# a copy of, and that has the libraries that kaguard was built with; by default it is this one.
KAGUARD_ROOT = /
systemd_tree = $(abs_builddir)/tests/systemd/tree
systemd_environment = KAGUARD_TREE='$(systemd_tree)' KAGUARD_ROOT='$(KAGUARD_ROOT)' \
	PYTHONDONTWRITEBYTECODE=1

# Other versions: one that knows more of each session, and one with another table.
other_builds = tests/systemd/kaguard-longer tests/systemd/kaguard-other
EXTRA_PROGRAMS += $(other_builds)
tests_systemd_kaguard_longer_SOURCES = src/daemon/main.c src/host/parktable.c
tests_systemd_kaguard_longer_CPPFLAGS = $(AM_CPPFLAGS) -DPARKTABLE_MORE=64
tests_systemd_kaguard_longer_LDADD = $(KAGUARD_LIBS)
tests_systemd_kaguard_other_SOURCES = src/daemon/main.c src/host/parktable.c
tests_systemd_kaguard_other_CPPFLAGS = $(AM_CPPFLAGS) -DPARKTABLE_VERSION=9
tests_systemd_kaguard_other_LDADD = $(KAGUARD_LIBS)

.PHONY: check-systemd
check-systemd: all $(other_builds)
	rm -rf '$(systemd_tree)'
	$(MAKE) -s install DESTDIR='$(systemd_tree)'
	$(systemd_environment) KAGUARD_BUILDS='$(abs_builddir)/tests/systemd' $(PYTHON) -m pytest -p no:cacheprovider -q -rs $(srcdir)/tests/systemd

# The same in other releases of Debian, each with another systemd: 257 in trixie, 262 in sid.
.PHONY: check-systemd-trixie check-systemd-sid
check-systemd-trixie check-systemd-sid:
	root=$$($(srcdir)/tests/systemd/root.sh $(@:check-systemd-%=%)) && \
		$(MAKE) check-systemd KAGUARD_ROOT="$$root"

# What a restart costs, in the same container; BENCH="--rounds 9 --sessions 1000".
.PHONY: bench-restart
bench-restart: all tests/bench/kaguard-stopwatch
	rm -rf '$(systemd_tree)'
	$(MAKE) -s install DESTDIR='$(systemd_tree)'
	$(systemd_environment) $(PYTHON) $(srcdir)/tests/systemd/bench_restart.py $(BENCH) \
		tests/bench/kaguard-stopwatch

clean-local: clean-systemd-tree
.PHONY: clean-systemd-tree
clean-systemd-tree:
	rm -rf '$(systemd_tree)'
