# SPDX-License-Identifier: ISC
EXTRA_DIST += systemd/kaguard.service.in
CLEANFILES += systemd/kaguard.service

systemd/kaguard.service: systemd/kaguard.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(SED) -e 's,[@]sbindir@,$(sbindir),g' -e 's,[@]bindir@,$(bindir),g' \
			$(srcdir)/systemd/kaguard.service.in >$@

if INSTALL_UNIT
nodist_systemdsystemunit_DATA = systemd/kaguard.service
else
noinst_DATA = systemd/kaguard.service
endif

catalogdir = $(prefix)/lib/systemd/catalog
dist_catalog_DATA = systemd/kaguard.catalog

# The group of those who may ask the daemon, and the user that it runs as.
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = systemd/sysusers.d/kaguard.conf
