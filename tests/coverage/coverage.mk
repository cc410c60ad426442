# SPDX-License-Identifier: ISC
#
# What the tests reach of src/, of all suites together: make check, the lab, and every failure
# once. Needs ./configure --enable-coverage, gcovr and, for the lab, root; a quarter of an hour. Not
# from the tests under systemd: the unit's sandbox leaves no place to write the counts to, and a
# daemon that is killed has written none.
#
# Not counted, since no test can take it:
# - the failing side of an assert(): that is a bug, and ends the program;
# - what jansson's loops ask besides whether they are over;
# - branches that the compiler made and no statement has (--exclude-unreachable-branches).
# What else is excluded has a marker in its line, and its reason there; coverage.py lists these.
gcovr_options = --exclude-unreachable-branches \
	--exclude-branches-by-pattern '^\s*(assert\(|json_(array|object)_foreach\()'

# Those that examine text reach nothing of the program; and complete.sh meets what gcov itself calls.
coverage_tests = $(filter-out tests/lint/% tests/docs/% tests/fault/complete.sh, $(TESTS))

EXTRA_DIST += tests/coverage/coverage.py

.PHONY: coverage coverage-suites coverage-lab coverage-faults coverage-report
coverage:
	@test -n '$(COVERAGE_FLAGS)' || { echo 'run ./configure --enable-coverage first'; exit 1; }
	find . -name '*.gcda' -delete
	$(MAKE) check TESTS='$(coverage_tests)'
	$(MAKE) -k -j2 coverage-suites; failed=$$?; $(MAKE) coverage-report && exit $$failed

# Both wait most of the time, and for different things.
coverage-suites: coverage-lab coverage-faults

coverage-lab: all
	$(MAKE) check-lab

# What is counted here is what was reached; what becomes of it is judged by make check-faults, on a
# machine that has nothing else to do.
coverage-faults: tests/fault/kaguard-faulty
	-$(faults) tests/fault/kaguard-faulty --jobs 12

coverage-report:
	src=`cd '$(srcdir)' && pwd -P` && \
	gcovr --root "$$src" --filter "$$src/src/" $(gcovr_options) --json coverage.json '$(abs_builddir)' && \
	$(PYTHON) $(srcdir)/tests/coverage/coverage.py coverage.json "$$src" coverage.txt

CLEANFILES += coverage.json coverage.txt
