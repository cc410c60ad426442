# SPDX-License-Identifier: ISC
sbin_PROGRAMS += src/kaguard
src_kaguard_SOURCES = src/daemon/main.c
src_kaguard_LDADD = $(KAGUARD_LIBS)
libkaguard_a_SOURCES += src/daemon/show.c src/daemon/show.h
