# SPDX-License-Identifier: ISC
noinst_PROGRAMS += tools/fsm
tools_fsm_SOURCES = tools/fsm.c
tools_fsm_LDADD = libkaguard.a
