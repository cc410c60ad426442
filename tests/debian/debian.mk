# SPDX-License-Identifier: ISC
EXTRA_DIST += \
	tests/debian/examine.sh \
	tests/debian/release.sh \
	tests/systemd/package.py \
	tools/deb

# Debian packages, into deb/; only from a checkout, since the tarball has no debian/.
.PHONY: deb
deb: dist
	$(srcdir)/tools/deb $(distdir).tar.xz deb

# What they do to a running service in a container: installed, upgraded to the next revision, removed,
# purged. PACKAGES is where they are, those of the next revision in PACKAGES/next.
packages = tests/debian/packages
.PHONY: check-deb check-deb-trixie check-packages
check-packages:
	rm -rf $(packages) && $(MKDIR_P) $(packages)/packages
	cp $(PACKAGES)/kaguard_*.deb $(packages)/packages/old.deb
	cp $(PACKAGES)/next/kaguard_*.deb $(packages)/packages/new.deb
	cp $(srcdir)/debian/tests/gestures $(packages)/packages
	KAGUARD_TREE='$(abs_builddir)/$(packages)' KAGUARD_ROOT='$(KAGUARD_ROOT)' \
		PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) -m pytest -p no:cacheprovider -q -rs $(srcdir)/tests/systemd/package.py

check-deb: deb
	$(srcdir)/tests/debian/examine.sh deb
	DEB_BUILD_OPTIONS=nocheck $(srcdir)/tools/deb --next $(distdir).tar.xz deb/next
	$(MAKE) check-packages PACKAGES=deb

# Built, examined and tried in Debian 13, with nothing but what debian/control asks for.
check-deb-trixie: dist
	$(srcdir)/tests/debian/release.sh trixie $(distdir).tar.xz deb-trixie
	root=$$($(srcdir)/tests/systemd/root.sh trixie) && \
		$(MAKE) check-packages PACKAGES=deb-trixie/deb KAGUARD_ROOT="$$root"

clean-local: clean-deb
.PHONY: clean-deb
clean-deb:
	rm -rf deb deb-trixie $(packages)
