#!/bin/sh
# SPDX-License-Identifier: ISC
# What kaguard.yaml(5) and the sample say is so: the page is sound, its examples and the sample
# load, with every line of the sample that is commented out, too; the error shown is the one made.
set -u

dump=$KAGUARD_BUILDDIR/tools/config-dump
page=$KAGUARD_BUILDDIR/doc/kaguard.yaml.5
sample=$KAGUARD_BUILDDIR/etc/kaguard.yaml
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
n=0

# ok STATUS WORDS
ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

# loads FILE WORDS
loads()
{
	"$dump" "$1" >"$work/out"
	status=$?
	[ "$status" -eq 0 ] || sed 's/^/# /' "$work/out"
	ok "$status" "$2"
}

if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning "$page" >"$work/lint"
	status=$?
	sed 's/^/# /' "$work/lint"
	ok "$status" "the page passes mandoc -Tlint"
	mandoc -Tutf8 "$page" | col -b | tr -s '[:space:]' ' ' >"$work/text"
	! grep -q '@' "$work/text"
	ok $? "nothing in the page is left to fill in"
else
	echo "# no mandoc here"
fi

# Blocks of the page that begin as a file does; the last block is what --check prints.
awk -v work="$work" '
/^\.Bd -literal -offset indent/ { inside = 1; file = work "/example" ++count ".yaml"; next }
/^\.Ed/ { inside = 0 }
inside { gsub(/\\e/, "\\"); print >file }' "$page"
for file in "$work"/example*.yaml; do
	grep -q '^kaguard.yaml:' "$file" || loads "$file" "${file##*/} of the page loads"
done
[ -e "$work/example4.yaml" ]
ok $? "examples were found"

mkdir "$work/shown" && cd "$work/shown" || exit 99
printf 'peers:\n  - name: plant-7\n    address: plant-7.example.com:443\n    sesions: 4\n' \
	>kaguard.yaml
"$dump" -v kaguard.yaml >"$work/said"
grep -h -A 2 '^kaguard.yaml:' "$work"/example*.yaml | cmp -s - "$work/said"
ok $? "the error shown in the page is what is printed"

loads "$sample" "the sample loads"
grep -q '^# yaml-language-server: .schema=/.*/kaguard/kaguard.schema.json$' "$sample"
ok $? "the sample names the schema"
# A comment mark with a word behind it at once is in front of YAML; prose has a blank.
sed -e '/^ *# /!s/^\( *\)#/\1/' -e 's/^  #  /    /' "$sample" >"$work/all.yaml"
loads "$work/all.yaml" "the sample loads with everything in it"
grep -q '^peer plant-7 ' "$work/out" && grep -q '^  device: eth1' "$work/out"
ok $? "and means what it says"
echo "1..$n"
