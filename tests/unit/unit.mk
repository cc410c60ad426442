# SPDX-License-Identifier: ISC

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_timespan
tests_unit_test_timespan_SOURCES = tests/unit/test_timespan.c
tests_unit_test_timespan_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_timespan_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_firewalls
tests_unit_test_firewalls_SOURCES = tests/unit/test_firewalls.c
tests_unit_test_firewalls_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_firewalls_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif
