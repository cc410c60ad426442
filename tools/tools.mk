# SPDX-License-Identifier: ISC
noinst_PROGRAMS += tools/fsm
tools_fsm_SOURCES = tools/fsm.c
tools_fsm_LDADD = libkaguard.a

noinst_PROGRAMS += tools/config-dump
tools_config_dump_SOURCES = tools/config-dump.c
tools_config_dump_LDADD = $(KAGUARD_LIBS)
