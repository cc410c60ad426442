# SPDX-License-Identifier: ISC

# kaguard, but each call that can fail can be made to: the linker puts ours in the place of all that
# calls.h names. libevent, libyaml and jansson are linked statically where that can be, so that what
# they call fails as well.
EXTRA_PROGRAMS += tests/fault/kaguard-faulty
fault_made = open fcntl read write connect ioctl mremap asprintf epoll_ctl epoll_create1 epoll_create \
	pipe2 pipe timerfd_settime clock_gettime sd_journal_sendv
tests_fault_kaguard_faulty_SOURCES = src/daemon/main.c tests/fault/faulty.c tests/fault/faulty.h \
	tests/fault/special.c tests/fault/calls.h
tests_fault_kaguard_faulty_CFLAGS = $(AM_CFLAGS) -fno-omit-frame-pointer
tests_fault_kaguard_faulty_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fault
tests_fault_kaguard_faulty_LDFLAGS = $(AM_LDFLAGS) -Wl,@tests/fault/wrap.opts
tests_fault_kaguard_faulty_LDADD = libkaguard.a $(STATIC_LIBS) $(SYSTEMD_LIBS) $(MNL_LIBS)
EXTRA_tests_fault_kaguard_faulty_DEPENDENCIES = tests/fault/wrap.opts libkaguard.a
CLEANFILES += tests/fault/wrap.opts tests/fault/kaguard-faulty$(EXEEXT)

tests/fault/wrap.opts: $(srcdir)/tests/fault/calls.h
	$(AM_V_GEN)$(MKDIR_P) tests/fault && { \
		$(SED) -n 's/^CALL([^,]*,[^,]*,[^,]*,[^,]*, \([a-z0-9_]*\),.*/--wrap=\1/p' \
			$(srcdir)/tests/fault/calls.h && \
		printf -- '--wrap=%s\n' $(fault_made); } >$@

EXTRA_DIST += tests/fault/complete.py tests/fault/faults.py tests/fault/life.py tests/fault/lives.py \
	tests/fault/stage.py tests/fault/lsan.supp

# Every failure once, some 2,000: half an hour. All of what follows it goes by ASan, UBSan and
# LSan, so configure with --enable-sanitizers. FAULTS='--persistent' has what fails go on to fail.
faults = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/fault/faults.py

.PHONY: check-faults
check-faults: tests/fault/kaguard-faulty
	$(faults) tests/fault/kaguard-faulty $(FAULTS)

# Whether that is all; and a few of them, others each time.
dist_check_SCRIPTS += tests/fault/complete.sh tests/fault/faults.sh
tests/fault/complete.log: src/kaguard$(EXEEXT) tests/fault/wrap.opts
tests/fault/faults.log: tests/fault/kaguard-faulty$(EXEEXT)

# Threads: the couriers and the resolver's pool by themselves (many names, some cancelled, some that
# outlive it); and the whole daemon, three times through its lives, without a failure. Under
# ThreadSanitizer: configure with --enable-tsan.
threads = tests/unit/test_courier tests/unit/test_courier_jam tests/unit/test_journal \
	tests/unit/test_notify tests/unit/test_resolve

.PHONY: check-tsan
if TSAN
check-tsan: tests/fault/kaguard-faulty
	$(MAKE) check TESTS='$(threads)'
	$(faults) tests/fault/kaguard-faulty --healthy 3
else
check-tsan:
	@echo 'run ./configure --enable-tsan first'; exit 1
endif
