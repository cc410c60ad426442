# SPDX-License-Identifier: ISC
#
# A target is tests/fuzz/fuzz_NAME.c, its seeds in corpus/NAME, and its lines here: the program that
# make check replays the seeds with, by any compiler. Words that help to find more may be in fuzz_NAME.dict.
replay = tests/fuzz/replay.c tests/fuzz/fuzz.h
descriptors = tests/fuzz/descriptors.h
shown = tests/fuzz/shown.c tests/fuzz/shown.h
write_config = tests/fuzz/write_config.c tests/fuzz/write_config.h

check_PROGRAMS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(write_config) $(shown) $(replay)
check_PROGRAMS += tests/fuzz/fuzz_expect
tests_fuzz_fuzz_expect_SOURCES = tests/fuzz/fuzz_expect.c $(replay)
check_PROGRAMS += tests/fuzz/fuzz_http
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c $(replay)
check_PROGRAMS += tests/fuzz/fuzz_journal
tests_fuzz_fuzz_journal_SOURCES = tests/fuzz/fuzz_journal.c $(shown) $(replay)
check_PROGRAMS += tests/fuzz/fuzz_ladder
tests_fuzz_fuzz_ladder_SOURCES = tests/fuzz/fuzz_ladder.c $(replay)
check_PROGRAMS += tests/fuzz/fuzz_lore
tests_fuzz_fuzz_lore_SOURCES = tests/fuzz/fuzz_lore.c $(replay)
check_PROGRAMS += tests/fuzz/fuzz_parktable
tests_fuzz_fuzz_parktable_SOURCES = tests/fuzz/fuzz_parktable.c $(replay)
check_PROGRAMS += tests/fuzz/fuzz_salvage
tests_fuzz_fuzz_salvage_SOURCES = tests/fuzz/fuzz_salvage.c $(descriptors) $(replay)
check_PROGRAMS += tests/fuzz/fuzz_scalar
tests_fuzz_fuzz_scalar_SOURCES = tests/fuzz/fuzz_scalar.c $(shown) $(replay)
check_PROGRAMS += tests/fuzz/fuzz_varlink
tests_fuzz_fuzz_varlink_SOURCES = tests/fuzz/fuzz_varlink.c $(replay)
if HAVE_CMOCKA
caller = tests/fuzz/caller.c tests/fuzz/caller.h
check_PROGRAMS += tests/fuzz/fuzz_control
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c $(caller) $(descriptors) $(simulation) \
	$(replay)
endif

EXTRA_DIST += tests/fuzz/corpus tests/fuzz/fuzz_config.dict tests/fuzz/fuzz_control.dict \
	tests/fuzz/fuzz_http.dict

# make fuzz FUZZ_S=600 FUZZ='config scalar': so many seconds for each of these; without FUZZ for all. What is
# new goes to tests/fuzz/found/NAME. Needs clang, which compiles all of the library for it, once.
FUZZ_S = 60
FUZZ = $(patsubst tests/fuzz/fuzz_%,%,$(filter tests/fuzz/fuzz_%,$(check_PROGRAMS)))
FUZZ_CC = clang
FUZZ_FLAGS = -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_objects = $(patsubst %.c,tests/fuzz/clang/%.o,$(filter %.c,$(libkaguard_a_SOURCES) \
	$(nodist_libkaguard_a_SOURCES) $(write_config) $(shown) \
	$(caller) $(simulation)))

tests/fuzz/clang/%.o: %.c
	@$(MKDIR_P) $(@D)
	@echo '  CLANG    $@'; $(FUZZ_CC) -std=gnu11 $(DEFS) $(AM_CPPFLAGS) -U_FORTIFY_SOURCE \
		$(EVENT_CFLAGS) $(YAML_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(MNL_CFLAGS) \
		$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -c -o $@ $<

tests/fuzz/clang/libfuzzed.a: $(fuzz_objects)
	@rm -f $@ && $(AR) rcs $@ $(fuzz_objects)

tests/fuzz/clang/fuzz_%: tests/fuzz/clang/tests/fuzz/fuzz_%.o tests/fuzz/clang/libfuzzed.a
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(EVENT_LIBS) $(YAML_LIBS) \
		$(SYSTEMD_LIBS) $(JANSSON_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS) -lm

-include $(wildcard tests/fuzz/clang/*/*/*.d)

.PHONY: fuzz
fuzz: $(FUZZ:%=fuzz-%)
$(FUZZ:%=fuzz-%): fuzz-%: tests/fuzz/clang/fuzz_%
	@$(MKDIR_P) tests/fuzz/found/$*
	@echo '--- $*: $(FUZZ_S) s'
	$< -max_total_time=$(FUZZ_S) -print_final_stats=1 -artifact_prefix=tests/fuzz/found/$*- \
		$(addprefix -dict=,$(wildcard $(srcdir)/tests/fuzz/fuzz_$*.dict)) \
		tests/fuzz/found/$* '$(srcdir)/tests/fuzz/corpus/$*' \
		$(wildcard $(srcdir)/tests/$*/good $(srcdir)/tests/$*/bad)
.PRECIOUS: tests/fuzz/clang/%.o
