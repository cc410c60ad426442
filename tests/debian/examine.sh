#!/bin/sh
# SPDX-License-Identifier: ISC
# examine.sh DIRECTORY: lintian has nothing to say of the packages that tools/deb left there, and the
# compiler and the linker were told to harden each program.
set -eu
cd "$1"

# Whoever runs this may be root; an override is accounted for in debian/.
lintian --allow-root --pedantic --fail-on error,warning,info,pedantic ./*.changes
echo "lintian: clean"
blhc --all build.log
echo "blhc: clean"
