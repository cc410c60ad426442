#!/bin/sh
# SPDX-License-Identifier: ISC
set -eu

usage()
{
	cat <<'END_USAGE'
usage: release.sh RELEASE TARBALL DIRECTORY

Builds the Debian packages of TARBALL in a minimal Debian RELEASE, with nothing but what debian/control
asks for, examines them there (examine.sh), and leaves them in DIRECTORY/deb, those of the next revision
in DIRECTORY/deb/next. Needs root. The system is one of tests/systemd/root.sh.
END_USAGE
}

inside()
{
	SYSTEMD_NSPAWN_LOCK=0 systemd-nspawn --quiet --directory="$root" --register=no --keep-unit \
		--timezone=off --console=pipe --resolv-conf=replace-host --bind-ro="$top:/tree" \
		--bind="$directory:/packages" --setenv=DEBIAN_FRONTEND=noninteractive \
		--setenv=LC_ALL=C.UTF-8 "$@"
}

[ $# -eq 3 ] || { usage >&2; exit 64; }
release=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
root=$("$top/tests/systemd/root.sh" "$release" packages build-essential)
mkdir -p "$3"
directory=$(cd "$3" && pwd)
rm -rf "${directory:?}"/*
cp "$2" "$directory"
tarball=/packages/$(basename "$2")

# One at a time.
exec 9>"$root.lock"
flock 9
(
	inside apt-get -q update
	inside apt-get -q -y --no-install-recommends install lintian blhc
	inside apt-get -q -y --no-install-recommends build-dep /tree
) >"$directory/needs.log" 2>&1 </dev/null || {
	tail -n 40 "$directory/needs.log"
	exit 1
}
inside /tree/tools/deb "$tarball" /packages/deb
inside /tree/tests/debian/examine.sh /packages/deb
inside --setenv=DEB_BUILD_OPTIONS=nocheck /tree/tools/deb --next "$tarball" /packages/deb/next
