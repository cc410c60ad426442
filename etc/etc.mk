# SPDX-License-Identifier: ISC
EXTRA_DIST += etc/kaguard.yaml.in
CLEANFILES += etc/kaguard.yaml etc/kaguard.schema.json
nodist_doc_DATA = etc/kaguard.yaml

etc/kaguard.yaml: etc/kaguard.yaml.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(SED) 's,[@]datadir@,$(datadir),g' $(srcdir)/etc/kaguard.yaml.in >$@

schemadir = $(datadir)/kaguard
nodist_schema_DATA = etc/kaguard.schema.json
measuredir = $(schemadir)
dist_measure_DATA = etc/measure.schema.json

etc/kaguard.schema.json: tools/schema-print$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && tools/schema-print$(EXEEXT) >$@

# One file for both programs: bash-completion looks for it by the name of each.
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = etc/bash-completion/kaguard

install-data-hook:
	cd '$(DESTDIR)$(completiondir)' && rm -f kaguardctl && $(LN_S) kaguard kaguardctl

uninstall-hook:
	rm -f '$(DESTDIR)$(completiondir)/kaguardctl'

# What the administrator wrote stays.
install-data-local: etc/kaguard.yaml
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)'
	test -e '$(DESTDIR)$(sysconfdir)/kaguard.yaml' || \
		$(INSTALL_DATA) etc/kaguard.yaml '$(DESTDIR)$(sysconfdir)/kaguard.yaml'

# An unchanged sample goes, one that was changed stays.
uninstall-local: etc/kaguard.yaml
	! cmp -s etc/kaguard.yaml '$(DESTDIR)$(sysconfdir)/kaguard.yaml' || \
		rm -f '$(DESTDIR)$(sysconfdir)/kaguard.yaml'
