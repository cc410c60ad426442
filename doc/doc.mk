# SPDX-License-Identifier: ISC
dist_man_MANS += doc/kaguard.8 doc/kaguard.journal.7
EXTRA_DIST += doc/architecture.md

# The picture in README; see tests/lab/lab.mk.
EXTRA_DIST += doc/wire.json doc/wire.svg tools/draw_wire.py

# An example of a socket unit.
exampledir = $(docdir)
dist_example_DATA = doc/kaguard-db.socket
dist_man_MANS += doc/kaguardctl.1

# The JSON that kaguardctl prints.
dist_schema_DATA = doc/kaguardctl.schema.json

# The options are listed by the parser's own table.
nodist_man_MANS += doc/kaguard.yaml.5
EXTRA_DIST += doc/kaguard.yaml.5.in
CLEANFILES += doc/kaguard.yaml.5 doc/kaguard.yaml.5.options

doc/kaguard.yaml.5: doc/kaguard.yaml.5.in tools/options-mdoc$(EXEEXT) Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && tools/options-mdoc$(EXEEXT) >$@.options && \
		$(SED) -e '/^[@]OPTIONS@$$/r $@.options' -e '/^[@]OPTIONS@$$/d' \
		    -e 's,[@]sysconfdir@,$(sysconfdir),g' -e 's,[@]datadir@,$(datadir),g' \
		    $(srcdir)/doc/kaguard.yaml.5.in >$@
