# SPDX-License-Identifier: ISC
EXTRA_DIST += \
	tests/debian/examine.sh \
	tests/systemd/package.py \
	tools/deb

# Debian packages, into deb/; only from a checkout, since the tarball has no debian/.
.PHONY: deb
deb: dist
	$(srcdir)/tools/deb $(distdir).tar.xz deb

# Their life in a container: installed, upgraded to the next revision, removed, purged.
packages = tests/debian/packages
.PHONY: check-deb
check-deb: deb
	$(srcdir)/tests/debian/examine.sh deb
	DEB_BUILD_OPTIONS=nocheck $(srcdir)/tools/deb --next $(distdir).tar.xz deb/next
	rm -rf $(packages) && $(MKDIR_P) $(packages)/packages
	cp deb/kaguard_*.deb $(packages)/packages/old.deb
	cp deb/next/kaguard_*.deb $(packages)/packages/new.deb
	cp $(srcdir)/debian/tests/gestures $(packages)/packages
	KAGUARD_TREE='$(abs_builddir)/$(packages)' KAGUARD_ROOT='$(KAGUARD_ROOT)' \
		PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) -m pytest -p no:cacheprovider -q -rs $(srcdir)/tests/systemd/package.py

clean-local: clean-deb
.PHONY: clean-deb
clean-deb:
	rm -rf deb $(packages)
