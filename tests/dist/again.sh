#!/bin/sh
# SPDX-License-Identifier: ISC
# again.sh TARBALL: what make dist made is made again, byte for byte, from what is in it: in two other
# folders, at other times, by other users, beginning with autogen.sh.
set -eu

tarball=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
epoch=$(tar --utc --full-time -tvf "$tarball" | awk '{ print $4, $5 }' | sort -u)
[ "$(printf '%s\n' "$epoch" | wc -l)" -eq 1 ] || {
	echo "$1: not all is of one time: $epoch"
	exit 1
}
SOURCE_DATE_EPOCH=$(date -u -d "$epoch" +%s)
export SOURCE_DATE_EPOCH

# again FOLDER UMASK TOUCH: in a folder of that name, with files of that time.
again()
{
	umask "$2"
	mkdir -p "$scratch/$1/build"
	cd "$scratch/$1"
	tar -xf "$tarball" --no-same-permissions
	find kaguard-* -exec touch -d "$3" {} +
	cd kaguard-*
	./autogen.sh
	cd ../build
	"../$(basename "$tarball" .tar.xz)/configure"
	make dist
}

for way in "one 0022 2001-02-03" "the/other 0077 2020-12-11"; do
	# shellcheck disable=SC2086 # words on purpose
	(again $way) >"$scratch/log" 2>&1 || {
		tail -n 30 "$scratch/log"
		exit 1
	}
	cmp "$tarball" "$scratch/${way%% *}/build/$(basename "$tarball")"
done
sha256sum "$tarball"
