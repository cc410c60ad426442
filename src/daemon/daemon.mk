# SPDX-License-Identifier: ISC
sbin_PROGRAMS += src/kaguard
src_kaguard_SOURCES = src/daemon/main.c
src_kaguard_LDADD = $(KAGUARD_LIBS)
libkaguard_a_SOURCES += src/daemon/show.c src/daemon/show.h

libkaguard_a_SOURCES += \
	src/daemon/autopsy.c src/daemon/autopsy.h \
	src/daemon/chores.c src/daemon/chores.h \
	src/daemon/clients.c src/daemon/clients.h \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/desk.c src/daemon/desk.h \
	src/daemon/events.c src/daemon/events.h \
	src/daemon/forward.c src/daemon/forward.h \
	src/daemon/forward_client.c src/daemon/forward_client.h \
	src/daemon/forward_keep.c src/daemon/forward_keep.h \
	src/daemon/forward_listen.c src/daemon/forward_listen.h \
	src/daemon/forward_tune.c src/daemon/forward_tune.h \
	src/daemon/forward_report.c src/daemon/forward_report.h \
	src/daemon/guard.c src/daemon/guard.h \
	src/daemon/heart.c src/daemon/heart.h \
	src/daemon/help.c src/daemon/help.h \
	src/daemon/interface.h \
	src/daemon/keep.c src/daemon/keep.h \
	src/daemon/limits.c src/daemon/limits.h \
	src/daemon/lore.c src/daemon/lore.h \
	src/daemon/manager.c src/daemon/manager.h \
	src/daemon/metrics.c src/daemon/metrics.h \
	src/daemon/memory.c src/daemon/memory.h \
	src/daemon/obituary.c src/daemon/obituary.h \
	src/daemon/network.c src/daemon/network.h \
	src/daemon/path.c src/daemon/path.h \
	src/daemon/path_report.c src/daemon/path_report.h \
	src/daemon/peer.c src/daemon/peer.h \
	src/daemon/peer_plan.c \
	src/daemon/planview.c src/daemon/planview.h \
	src/daemon/query.c src/daemon/query.h \
	src/daemon/query_act.c \
	src/daemon/query_forward.c \
	src/daemon/query_list.c \
	src/daemon/query_metrics.c \
	src/daemon/report.c src/daemon/report.h \
	src/daemon/residue.c src/daemon/residue.h \
	src/daemon/roster.c src/daemon/roster.h \
	src/daemon/service.h \
	src/daemon/session.c src/daemon/session.h \
	src/daemon/signals.c src/daemon/signals.h \
	src/daemon/salvage.c src/daemon/salvage.h \
	src/daemon/stow.c src/daemon/stow.h \
	src/daemon/storm.c src/daemon/storm.h \
	src/daemon/surveyor.c src/daemon/surveyor.h \
	src/daemon/surveyor_live.c \
	src/daemon/tally.c src/daemon/tally.h \
	src/daemon/turn.c src/daemon/turn.h \
	src/daemon/status.c src/daemon/status.h \
	src/daemon/takeover.c src/daemon/takeover.h \
	src/daemon/tuner.c src/daemon/tuner.h \
	src/daemon/outcome.c src/daemon/outcome.h \
	src/daemon/view.c src/daemon/view.h \
	src/daemon/walk.c src/daemon/walk.h

# The interface, for those who write programs that ask; and for those who ask the daemon for it.
interfaces = src/daemon/io.kaguard.varlink src/daemon/org.varlink.service.varlink
varlinkdir = $(datadir)/varlink/interfaces
dist_varlink_DATA = src/daemon/io.kaguard.varlink
EXTRA_DIST += $(interfaces)
CLEANFILES += src/daemon/interface.c
nodist_libkaguard_a_SOURCES = src/daemon/interface.c

src/daemon/interface.c: $(interfaces) Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
		echo '/* SPDX-License-Identifier: ISC */' && \
		echo '/* clang-format off */' && echo '#include "daemon/interface.h"' && \
		for name in kaguard service; do \
			echo "const char interface_$$name[] =" && \
			$(SED) -e 's/["\\]/\\&/g' -e 's/^/"/' -e 's/$$/\\n"/' \
				$(srcdir)/src/daemon/*.$$name.varlink && echo ';' || exit 1; \
		done; } >$@
