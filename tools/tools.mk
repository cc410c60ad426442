# SPDX-License-Identifier: ISC
noinst_PROGRAMS += tools/fsm
tools_fsm_SOURCES = tools/fsm.c
tools_fsm_LDADD = libkaguard.a

# The tables of doc/tuning.md.
noinst_PROGRAMS += tools/plan-steps
tools_plan_steps_SOURCES = tools/plan-steps.c tests/unit/kernel_keepalive.c \
	tests/unit/kernel_keepalive.h
tools_plan_steps_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
tools_plan_steps_LDADD = libkaguard.a

noinst_PROGRAMS += tools/config-dump
tools_config_dump_SOURCES = tools/config-dump.c
tools_config_dump_LDADD = $(KAGUARD_LIBS)

noinst_PROGRAMS += tools/schema-print
tools_schema_print_SOURCES = tools/schema-print.c
tools_schema_print_LDADD = $(KAGUARD_LIBS)

noinst_PROGRAMS += tools/options-mdoc
tools_options_mdoc_SOURCES = tools/options-mdoc.c
tools_options_mdoc_LDADD = libkaguard.a
