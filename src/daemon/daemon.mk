# SPDX-License-Identifier: ISC
sbin_PROGRAMS += src/kaguard
src_kaguard_SOURCES = src/daemon/main.c
src_kaguard_LDADD = $(KAGUARD_LIBS)
libkaguard_a_SOURCES += src/daemon/show.c src/daemon/show.h

libkaguard_a_SOURCES += \
	src/daemon/autopsy.c src/daemon/autopsy.h \
	src/daemon/chores.c src/daemon/chores.h \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/guard.c src/daemon/guard.h \
	src/daemon/heart.c src/daemon/heart.h \
	src/daemon/help.c src/daemon/help.h \
	src/daemon/keep.c src/daemon/keep.h \
	src/daemon/limits.c src/daemon/limits.h \
	src/daemon/lore.c src/daemon/lore.h \
	src/daemon/manager.c src/daemon/manager.h \
	src/daemon/memory.c src/daemon/memory.h \
	src/daemon/obituary.c src/daemon/obituary.h \
	src/daemon/peer.c src/daemon/peer.h \
	src/daemon/report.c src/daemon/report.h \
	src/daemon/session.c src/daemon/session.h \
	src/daemon/signals.c src/daemon/signals.h \
	src/daemon/storm.c src/daemon/storm.h \
	src/daemon/status.c src/daemon/status.h \
	src/daemon/takeover.c src/daemon/takeover.h \
	src/daemon/tuner.c src/daemon/tuner.h \
	src/daemon/outcome.c src/daemon/outcome.h
