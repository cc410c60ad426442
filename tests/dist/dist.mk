# SPDX-License-Identifier: ISC
EXTRA_DIST += tests/dist/again.sh
dist_check_SCRIPTS += tests/dist/version.sh

# A tarball is the same wherever, whenever and by whomever it is made.
.PHONY: check-dist
check-dist: dist
	$(srcdir)/tests/dist/again.sh $(distdir).tar.xz
