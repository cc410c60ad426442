# SPDX-License-Identifier: ISC
#
# make fuzz FUZZ_S=600 needs clang; the corpora are replayed by make check with any compiler.
check_PROGRAMS += tests/fuzz/replay_parktable
tests_fuzz_replay_parktable_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_parktable.c tests/fuzz/fuzz.h
tests_fuzz_replay_parktable_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz \
	-DFUZZ_CORPUS='"parktable"'
tests_fuzz_replay_parktable_LDADD = $(KAGUARD_LIBS)
check_PROGRAMS += tests/fuzz/replay_expect
tests_fuzz_replay_expect_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_expect.c tests/fuzz/fuzz.h
tests_fuzz_replay_expect_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz -DFUZZ_CORPUS='"expect"'
tests_fuzz_replay_expect_LDADD = $(KAGUARD_LIBS)
check_PROGRAMS += tests/fuzz/replay_ladder
tests_fuzz_replay_ladder_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ladder.c tests/fuzz/fuzz.h
tests_fuzz_replay_ladder_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz -DFUZZ_CORPUS='"ladder"'
tests_fuzz_replay_ladder_LDADD = $(KAGUARD_LIBS)
check_PROGRAMS += tests/fuzz/replay_varlink
tests_fuzz_replay_varlink_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_varlink.c tests/fuzz/fuzz.h
tests_fuzz_replay_varlink_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz -DFUZZ_CORPUS='"varlink"'
tests_fuzz_replay_varlink_LDADD = $(KAGUARD_LIBS)
check_PROGRAMS += tests/fuzz/replay_salvage
tests_fuzz_replay_salvage_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_salvage.c tests/fuzz/fuzz.h
tests_fuzz_replay_salvage_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz \
	-DFUZZ_CORPUS='"salvage"'
tests_fuzz_replay_salvage_LDADD = $(KAGUARD_LIBS)
check_PROGRAMS += tests/fuzz/replay_lore
tests_fuzz_replay_lore_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_lore.c tests/fuzz/fuzz.h
tests_fuzz_replay_lore_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz -DFUZZ_CORPUS='"lore"'
tests_fuzz_replay_lore_LDADD = $(KAGUARD_LIBS)
EXTRA_DIST += tests/fuzz/corpus

FUZZ_S = 60
.PHONY: fuzz
fuzz: all
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-I$(srcdir)/src -I$(srcdir)/tests/fuzz -o tests/fuzz/fuzz_parktable \
		$(srcdir)/tests/fuzz/fuzz_parktable.c $(srcdir)/src/host/parktable.c \
		$(srcdir)/src/host/shelf.c $(srcdir)/src/host/store.c
	mkdir -p tests/fuzz/found
	tests/fuzz/fuzz_parktable -max_total_time=$(FUZZ_S) -max_len=4096 \
		tests/fuzz/found '$(srcdir)/tests/fuzz/corpus/parktable'
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-I$(srcdir)/src -I$(srcdir)/tests/fuzz -o tests/fuzz/fuzz_expect \
		$(srcdir)/tests/fuzz/fuzz_expect.c $(srcdir)/src/policy/expect.c
	mkdir -p tests/fuzz/found_expect
	tests/fuzz/fuzz_expect -max_total_time=$(FUZZ_S) -max_len=1024 \
		tests/fuzz/found_expect '$(srcdir)/tests/fuzz/corpus/expect'
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-I$(srcdir)/src -I$(srcdir)/tests/fuzz -o tests/fuzz/fuzz_ladder \
		$(srcdir)/tests/fuzz/fuzz_ladder.c $(srcdir)/src/policy/ladder*.c \
		$(srcdir)/src/policy/evidence.c $(srcdir)/src/policy/rungs.c \
		$(srcdir)/src/policy/firewalls.c
	mkdir -p tests/fuzz/found_ladder
	tests/fuzz/fuzz_ladder -max_total_time=$(FUZZ_S) -max_len=2048 \
		tests/fuzz/found_ladder '$(srcdir)/tests/fuzz/corpus/ladder'
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-I$(srcdir)/src -I$(srcdir)/tests/fuzz -o tests/fuzz/fuzz_varlink \
		$(srcdir)/tests/fuzz/fuzz_varlink.c $(srcdir)/src/host/varlink.c $(srcdir)/src/host/jsontext.c \
		$(JANSSON_CFLAGS) $(JANSSON_LIBS)
	mkdir -p tests/fuzz/found_varlink
	tests/fuzz/fuzz_varlink -max_total_time=$(FUZZ_S) -max_len=70000 -len_control=1000 \
		tests/fuzz/found_varlink '$(srcdir)/tests/fuzz/corpus/varlink'
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-I$(srcdir)/src -I$(srcdir)/tests/fuzz -o tests/fuzz/fuzz_salvage \
		$(srcdir)/tests/fuzz/fuzz_salvage.c $(srcdir)/src/daemon/salvage.c \
		$(srcdir)/src/daemon/residue.c $(srcdir)/src/daemon/stow.c \
		$(srcdir)/src/host/owners.c $(srcdir)/src/host/parktable.c $(KAGUARD_LIBS)
	mkdir -p tests/fuzz/found_salvage
	tests/fuzz/fuzz_salvage -max_total_time=$(FUZZ_S) -max_len=256 \
		tests/fuzz/found_salvage '$(srcdir)/tests/fuzz/corpus/salvage'
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
		-I$(srcdir)/src -I$(srcdir)/tests/fuzz -o tests/fuzz/fuzz_lore \
		$(srcdir)/tests/fuzz/fuzz_lore.c $(srcdir)/src/daemon/lore.c \
		$(srcdir)/src/host/statefile.c $(srcdir)/src/host/jsontext.c $(srcdir)/src/policy/*.c \
		$(JANSSON_CFLAGS) $(JANSSON_LIBS)
	mkdir -p tests/fuzz/found_lore
	tests/fuzz/fuzz_lore -max_total_time=$(FUZZ_S) -max_len=8192 \
		tests/fuzz/found_lore '$(srcdir)/tests/fuzz/corpus/lore'
CLEANFILES += tests/fuzz/fuzz_lore tests/fuzz/fuzz_salvage tests/fuzz/fuzz_ladder tests/fuzz/fuzz_parktable tests/fuzz/fuzz_expect tests/fuzz/fuzz_varlink
