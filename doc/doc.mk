# SPDX-License-Identifier: ISC
dist_man_MANS += doc/kaguard.8 doc/kaguard.journal.7

# The picture in README; see tests/lab/lab.mk.
EXTRA_DIST += doc/wire.json doc/wire.svg tools/draw_wire.py

# For those who run it, for those who read or change it.
dist_doc_DATA = doc/comparison.md doc/monitoring.md doc/troubleshooting.md doc/tuning.md \
	doc/containers.md doc/firewalls.md doc/security.md doc/architecture.md \
	doc/kaguard-dashboard.json doc/kaguard-alerts.yaml

# What documents show of programs, written down anew. tests/docs/shown.sh compares.
SHOWN = doc/architecture.md doc/firewalls.md doc/tuning.md
EXTRA_DIST += tools/shown tools/firewalls-md
.PHONY: docs
docs: src/kaguard$(EXEEXT) tools/fsm$(EXEEXT) tools/plan-steps$(EXEEXT)
	cd '$(srcdir)' && KAGUARD_BUILDDIR='$(abs_builddir)' KAGUARD_SRCDIR='$(abs_srcdir)' \
		$(PYTHON) tools/shown --update $(SHOWN)

# Configurations to begin with, and a socket unit.
exampledir = $(docdir)/examples
dist_example_DATA = doc/examples/database-behind-nat.yaml doc/examples/iot-call-home.yaml \
	doc/examples/monitored.yaml doc/examples/prometheus.yml \
	doc/examples/sidecar-pod.yml doc/examples/sites-behind-a-firewall.yaml \
	doc/examples/tuning.yaml doc/kaguard-db.socket
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
