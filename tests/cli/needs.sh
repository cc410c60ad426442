#!/bin/sh
# SPDX-License-Identifier: ISC
# tools/install-needs, where it installs nothing: what it lists, and what it refuses. Prints TAP.
set -u

: "${KAGUARD_SRCDIR:?}"
tests=0

# ran CODE PATTERN ARGUMENT...: nothing may be installed by mistake, so nothing can be found that
# would do so.
ran()
{
	expected=$1
	pattern=$2
	shift 2
	tests=$((tests + 1))
	code=0
	out=$(PATH=$tools "$KAGUARD_SRCDIR/tools/install-needs" "$@" 2>&1) || code=$?
	if [ "$code" -eq "$expected" ] && printf '%s\n' "$out" | grep -qx -e "$pattern"; then
		echo "ok $tests - install-needs $*"
		return
	fi
	echo "not ok $tests - install-needs $*"
	printf '# exit %d, not %d; or no line like %s in:\n' "$code" "$expected" "$pattern"
	printf '%s\n' "$out" | sed 's/^/# /'
}

tools=$(mktemp -d) || exit 99
trap 'rm -rf "$tools"' EXIT
for tool in sh awk cat cut grep paste id; do
	ln -s "$(command -v $tool)" "$tools/$tool"
done

ran 0 libyaml-dev --list debian build
ran 0 libyaml-devel --list fedora build
ran 0 nftables --list debian build lab
ran 64 "usage: .*" --list debian pleasure
ran 64 "usage: .*" --list debian
ran 64 "usage: .*" --list
ran 64 "usage: .*" --list suse build
ran 64 "usage: .*" build pleasure
ran 64 "usage: .*" --frobnicate
ran 64 "usage: .*"
ran 0 "usage: .*" --help
ran 0 ".* gcc libc6-dev .*\|gcc libc6-dev .*" build

echo "1..$tests"
