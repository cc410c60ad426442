# SPDX-License-Identifier: ISC
EXTRA_DIST += .clang-tidy tests/.clang-tidy tests/static/static.sh tests/static/suppressions \
	tests/static/unsuppressed.awk $(static_tests)

# What gcc -fanalyzer, cppcheck and clang-tidy find: a minute and a half on two processors, so it is no part
# of make check. What they print, with how each finding comes about, stays in tests/static/*.out.
static_tests = tests/static/gcc.sh tests/static/cppcheck.sh tests/static/tidy.sh

.PHONY: check-static
check-static: tests/static/flags
	$(MAKE) check-TESTS TESTS='$(static_tests)'

# What the preprocessor is told for each file, one a line.
static_flags = $(DEFS) $(filter -DKAGUARD_%, $(AM_CPPFLAGS)) -DFUZZ_CORPUS='""' \
	-I"$$tree/src" -I"$$tree" -I$(abs_builddir)/src \
	$(filter -D% -I%, $(EVENT_CFLAGS) $(YAML_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) \
		$(MNL_CFLAGS) $(CMOCKA_CFLAGS))

tests/static/flags: Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && tree=`cd '$(srcdir)' && pwd -P` && \
		printf '%s\n' $(static_flags) >$@
CLEANFILES += tests/static/flags tests/static/*.out tests/static/*.log tests/static/*.trs
