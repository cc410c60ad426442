#!/bin/sh
# SPDX-License-Identifier: ISC
set -eu

usage()
{
	cat <<'END'
usage: root.sh RELEASE [NAME PACKAGE,...]

Prints the directory of a minimal Debian RELEASE (trixie, sid) with what kaguard needs to run there:
programs built on Debian 12 do, since the libraries have the same names in all. With a NAME, of one
that has these packages instead. The first time it is made with debootstrap, from $DEBIAN_MIRROR or
the mirror that apt uses here; kept in $XDG_CACHE_HOME/kaguard, or in /var/cache/kaguard, until other
packages are asked for. Remove the directory to have it made anew.
END
}

# systemd, and what programs built on Debian 12 are linked with.
libraries=systemd,systemd-sysv,libsystemd0,libyaml-0-2,libjansson4,libmnl0,libevent-core-2.1-7t64

mirror()
{
	# shellcheck disable=SC2016 # apt-get fills these in
	site=$(apt-get indextargets --format '$(SITE) $(ORIGIN)' 2>/dev/null |
		awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }')
	printf '%s\n' "${DEBIAN_MIRROR:-${site:-http://deb.debian.org/debian}}"
}

case $#${1-} in
[13]-* | [!13]*) usage >&2; exit 64 ;;
esac
release=$1${2+-$2}
packages=${3-$libraries}
cache=${XDG_CACHE_HOME:-/var/cache}/kaguard
root=$cache/$release
mkdir -p "$cache"

# One at a time; what was begun and not finished is begun anew.
exec 9>"$cache/$release.lock"
flock 9
if [ ! -d "$root" ] || [ "$(cat "$root.packages" 2>/dev/null)" != "$packages" ]; then
	rm -rf "$root.new" "$root.packages"
	debootstrap --variant=minbase --include="$packages" "$1" "$root.new" "$(mirror)" >&2
	rm -rf "$root.new"/var/cache/apt/archives/*.deb "$root.new"/var/lib/apt/lists/*
	rm -rf "$root"
	mv "$root.new" "$root"
	printf '%s\n' "$packages" >"$root.packages"
fi
printf '%s\n' "$root"
