# SPDX-License-Identifier: ISC
#
# One cmocka program a module. Each is built from the one file of its name unless it says otherwise.

AM_CPPFLAGS += $(CMOCKA_CFLAGS)
LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS) -lm

EXTRA_DIST += tests/unit/tap.sh

if HAVE_CMOCKA
check_PROGRAMS += \
	tests/unit/test_address \
	tests/unit/test_agenda \
	tests/unit/test_backoff \
	tests/unit/test_beat \
	tests/unit/test_burst \
	tests/unit/test_config \
	tests/unit/test_conn \
	tests/unit/test_conn_talk \
	tests/unit/test_connect \
	tests/unit/test_control \
	tests/unit/test_courier \
	tests/unit/test_courier_jam \
	tests/unit/test_diagnosis \
	tests/unit/test_document \
	tests/unit/test_events \
	tests/unit/test_evidence \
	tests/unit/test_expect \
	tests/unit/test_findings \
	tests/unit/test_firewalls \
	tests/unit/test_fsm \
	tests/unit/test_http \
	tests/unit/test_inherited \
	tests/unit/test_journal \
	tests/unit/test_jsontext \
	tests/unit/test_learn \
	tests/unit/test_ladder \
	tests/unit/test_listener \
	tests/unit/test_load \
	tests/unit/test_load_memory \
	tests/unit/test_load_random \
	tests/unit/test_lore \
	tests/unit/test_measure \
	tests/unit/test_measure_trouble \
	tests/unit/test_measure_show \
	tests/unit/test_messages \
	tests/unit/test_metrics_text \
	tests/unit/test_netwatch \
	tests/unit/test_notify \
	tests/unit/test_options \
	tests/unit/test_pace \
	tests/unit/test_outcome \
	tests/unit/test_owned \
	tests/unit/test_owners \
	tests/unit/test_parking \
	tests/unit/test_parking_limit \
	tests/unit/test_parktable \
	tests/unit/test_parktable_grown \
	tests/unit/test_plan \
	tests/unit/test_plan_conflict \
	tests/unit/test_plan_random \
	tests/unit/test_prober \
	tests/unit/test_receipt \
	tests/unit/test_record \
	tests/unit/test_relay \
	tests/unit/test_relay_keep \
	tests/unit/test_relay_wait \
	tests/unit/test_resolve \
	tests/unit/test_ring \
	tests/unit/test_rtnl \
	tests/unit/test_rungs \
	tests/unit/test_scalar \
	tests/unit/test_show \
	tests/unit/test_show_memory \
	tests/unit/test_sockets \
	tests/unit/test_statefile \
	tests/unit/test_stow \
	tests/unit/test_suspend \
	tests/unit/test_survey \
	tests/unit/test_text \
	tests/unit/test_twins \
	tests/unit/test_timespan \
	tests/unit/test_unrest \
	tests/unit/test_varlink

keepalive_model = tests/unit/kernel_keepalive.c tests/unit/kernel_keepalive.h
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c $(keepalive_model)
tests_unit_test_plan_conflict_SOURCES = tests/unit/test_plan_conflict.c $(keepalive_model)
tests_unit_test_plan_random_SOURCES = tests/unit/test_plan_random.c $(keepalive_model)

courier_line = tests/unit/courier_line.c tests/unit/courier_line.h
tests_unit_test_courier_SOURCES = tests/unit/test_courier.c $(courier_line)
tests_unit_test_courier_jam_SOURCES = tests/unit/test_courier_jam.c $(courier_line)

config_text = tests/unit/config_text.c tests/unit/config_text.h
tests_unit_test_load_SOURCES = tests/unit/test_load.c $(config_text)
tests_unit_test_load_memory_SOURCES = tests/unit/test_load_memory.c $(config_text)
tests_unit_test_load_random_SOURCES = tests/unit/test_load_random.c $(config_text)
tests_unit_test_options_SOURCES = tests/unit/test_options.c $(config_text)

relay_fixture = tests/unit/relay_fixture.c tests/unit/relay_fixture.h
tests_unit_test_relay_SOURCES = tests/unit/test_relay.c $(relay_fixture)
tests_unit_test_relay_keep_SOURCES = tests/unit/test_relay_keep.c $(relay_fixture)
tests_unit_test_relay_wait_SOURCES = tests/unit/test_relay_wait.c $(relay_fixture)

keeping_manager = tests/unit/keeping_manager.c tests/unit/keeping_manager.h
tests_unit_test_parking_SOURCES = tests/unit/test_parking.c $(keeping_manager)
tests_unit_test_stow_SOURCES = tests/unit/test_stow.c $(keeping_manager)
tests_unit_test_parking_limit_SOURCES = tests/unit/test_parking_limit.c $(keeping_manager)

# As a later version is, which has more fields in its slots.
tests_unit_test_parktable_SOURCES = tests/unit/test_parktable.c tests/unit/parktable_bytes.h
tests_unit_test_parktable_grown_SOURCES = $(tests_unit_test_parktable_SOURCES) src/host/parktable.c
tests_unit_test_parktable_grown_CPPFLAGS = $(AM_CPPFLAGS) -DPARKTABLE_MORE=64

# There is a group, and the kernel may tell nothing of who comes.
tests_unit_test_control_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getgrnam,--wrap=getsockopt

# An allocation fails.
tests_unit_test_agenda_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=reallocarray
tests_unit_test_ladder_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc

# The kernel's timer is one of the test's.
tests_unit_test_suspend_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=timerfd_create,--wrap=timerfd_settime

# Names are looked up when the test says so.
tests_unit_test_resolve_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getaddrinfo,--wrap=freeaddrinfo

# The kernel makes something else of an option.
tests_unit_test_sockets_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getsockopt

# Connections are made at once, or with oneself.
tests_unit_test_connect_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=connect,--wrap=getsockname

# A socket cannot be watched.
tests_unit_test_conn_talk_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=wake_arm

# The measurement's time passes faster; and what it needs may be refused.
measure_fixture = tests/unit/measure_fixture.c tests/unit/measure_fixture.h
tests_unit_test_measure_SOURCES = tests/unit/test_measure.c $(measure_fixture)
tests_unit_test_measure_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_now_ms,--wrap=wake_after
tests_unit_test_measure_trouble_SOURCES = tests/unit/test_measure_trouble.c $(measure_fixture)
tests_unit_test_measure_trouble_LDFLAGS = $(tests_unit_test_measure_LDFLAGS) \
	-Wl,--wrap=wake_init,--wrap=wake_arm,--wrap=calloc,--wrap=recv

tests_unit_test_netwatch_SOURCES = tests/unit/test_netwatch.c tests/unit/fake_rtnl.c \
	tests/unit/fake_rtnl.h

# Every allocation fails once.
tests_unit_test_show_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=wallclock_now_ms
tests_unit_test_jsontext_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_unit_test_load_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc \
	-Wl,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=vasprintf
endif
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_forward_tune
tests_unit_test_forward_tune_SOURCES = tests/unit/test_forward_tune.c
tests_unit_test_forward_tune_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_forward_tune_LDADD = $(KAGUARD_LIBS) $(CMOCKA_LIBS)
endif
