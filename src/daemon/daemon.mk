# SPDX-License-Identifier: ISC
sbin_PROGRAMS += src/kaguard
src_kaguard_SOURCES = src/daemon/main.c
src_kaguard_LDADD = $(KAGUARD_LIBS)
