# SPDX-License-Identifier: ISC
units = systemd/kaguard.service systemd/kaguard-metrics@.service
EXTRA_DIST += systemd/kaguard.service.in systemd/kaguard-metrics@.service.in
CLEANFILES += $(units)

$(units): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(SED) -e 's,[@]sbindir@,$(sbindir),g' -e 's,[@]bindir@,$(bindir),g' \
			$(srcdir)/$@.in >$@
systemd/kaguard.service: systemd/kaguard.service.in
systemd/kaguard-metrics@.service: systemd/kaguard-metrics@.service.in

if INSTALL_UNIT
nodist_systemdsystemunit_DATA = $(units)
dist_systemdsystemunit_DATA = systemd/kaguard-metrics.socket
else
noinst_DATA = $(units)
endif

catalogdir = $(prefix)/lib/systemd/catalog
dist_catalog_DATA = systemd/kaguard.catalog

# The group of those who may ask the daemon, and the user that it runs as.
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = systemd/sysusers.d/kaguard.conf
