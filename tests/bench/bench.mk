# SPDX-License-Identifier: ISC
#
# make bench BENCH=--quick
EXTRA_PROGRAMS = tests/bench/holder tests/bench/sink
EXTRA_DIST += tests/bench/bench.py
CLEANFILES += $(EXTRA_PROGRAMS)

.PHONY: bench
bench: src/kaguard $(EXTRA_PROGRAMS)
	$(PYTHON) $(srcdir)/tests/bench/bench.py $(BENCH) \
		src/kaguard tests/bench/holder tests/bench/sink
