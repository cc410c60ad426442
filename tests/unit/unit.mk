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

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_courier
tests_unit_test_courier_SOURCES = tests/unit/test_courier.c
tests_unit_test_courier_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_courier_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_messages
tests_unit_test_messages_SOURCES = tests/unit/test_messages.c
tests_unit_test_messages_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_messages_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_ring
tests_unit_test_ring_SOURCES = tests/unit/test_ring.c
tests_unit_test_ring_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ring_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_text
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_text_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_plan_random
tests_unit_test_plan_random_SOURCES = tests/unit/test_plan_random.c \
	tests/unit/kernel_keepalive.c tests/unit/kernel_keepalive.h
tests_unit_test_plan_random_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_plan_random_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS) -lm
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_plan
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c \
	tests/unit/kernel_keepalive.c tests/unit/kernel_keepalive.h
tests_unit_test_plan_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_plan_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS) -lm
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_plan_conflict
tests_unit_test_plan_conflict_SOURCES = tests/unit/test_plan_conflict.c \
	tests/unit/kernel_keepalive.c tests/unit/kernel_keepalive.h
tests_unit_test_plan_conflict_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_plan_conflict_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS) -lm
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_journal
tests_unit_test_journal_SOURCES = tests/unit/test_journal.c
tests_unit_test_journal_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_journal_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_notify
tests_unit_test_notify_SOURCES = tests/unit/test_notify.c
tests_unit_test_notify_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_notify_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_record
tests_unit_test_record_SOURCES = tests/unit/test_record.c
tests_unit_test_record_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_record_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_fsm
tests_unit_test_fsm_SOURCES = tests/unit/test_fsm.c
tests_unit_test_fsm_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_fsm_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_backoff
tests_unit_test_backoff_SOURCES = tests/unit/test_backoff.c
tests_unit_test_backoff_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_backoff_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_pace
tests_unit_test_pace_SOURCES = tests/unit/test_pace.c
tests_unit_test_pace_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pace_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_burst
tests_unit_test_burst_SOURCES = tests/unit/test_burst.c
tests_unit_test_burst_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_burst_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_diagnosis
tests_unit_test_diagnosis_SOURCES = tests/unit/test_diagnosis.c
tests_unit_test_diagnosis_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_diagnosis_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_show
tests_unit_test_show_SOURCES = tests/unit/test_show.c
tests_unit_test_show_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_show_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_scalar
tests_unit_test_scalar_SOURCES = tests/unit/test_scalar.c
tests_unit_test_scalar_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_scalar_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_options
tests_unit_test_options_SOURCES = tests/unit/test_options.c \
	tests/unit/config_text.c tests/unit/config_text.h
tests_unit_test_options_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_options_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_document
tests_unit_test_document_SOURCES = tests/unit/test_document.c
tests_unit_test_document_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_document_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_load
tests_unit_test_load_SOURCES = tests/unit/test_load.c \
	tests/unit/config_text.c tests/unit/config_text.h
tests_unit_test_load_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_load_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_load_random
tests_unit_test_load_random_SOURCES = tests/unit/test_load_random.c \
	tests/unit/config_text.c tests/unit/config_text.h
tests_unit_test_load_random_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_load_random_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_load_memory
tests_unit_test_load_memory_SOURCES = tests/unit/test_load_memory.c \
	tests/unit/config_text.c tests/unit/config_text.h
tests_unit_test_load_memory_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CMOCKA_CFLAGS)
tests_unit_test_load_memory_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_load_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc \
	-Wl,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=vasprintf
endif
