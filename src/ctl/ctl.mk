# SPDX-License-Identifier: ISC
bin_PROGRAMS += src/kaguardctl
src_kaguardctl_SOURCES = src/ctl/main.c
src_kaguardctl_LDADD = $(KAGUARD_LIBS)

libkaguard_a_SOURCES += \
	src/ctl/act.c \
	src/ctl/ask.c src/ctl/ask.h \
	src/ctl/call.c src/ctl/call.h \
	src/ctl/ctl.h \
	src/ctl/events.c \
	src/ctl/grid.c src/ctl/grid.h \
	src/ctl/http.c src/ctl/http.h \
	src/ctl/measure.c \
	src/ctl/measure_show.c src/ctl/measure_show.h \
	src/ctl/metrics.c \
	src/ctl/metrics_text.c src/ctl/metrics_text.h \
	src/ctl/plan.c \
	src/ctl/reload.c \
	src/ctl/rows.c src/ctl/rows.h \
	src/ctl/screen.c src/ctl/screen.h \
	src/ctl/status.c src/ctl/status.h \
	src/ctl/tunnels.c src/ctl/tunnels.h \
	src/ctl/watch.c src/ctl/watch.h
