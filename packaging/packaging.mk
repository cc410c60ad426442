# SPDX-License-Identifier: ISC
EXTRA_DIST += .dockerignore packaging/container/Containerfile packaging/kaguard.spec.in tools/rpm

# RPM packages, into rpm/. The tarball has the spec, so that rpmbuild -ta takes it as it is.
.PHONY: rpm
rpm: dist
	$(srcdir)/tools/rpm $(distdir).tar.xz rpm

clean-local: clean-rpm
.PHONY: clean-rpm
clean-rpm:
	rm -rf rpm
