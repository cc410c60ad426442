#!/bin/sh
# SPDX-License-Identifier: ISC
# Every file of the corpus means what it should, or is refused with the right words at the right
# place. `run.sh --update` writes down what happens now; look at the difference before it counts.
set -u

dump=$KAGUARD_BUILDDIR/tools/config-dump
corpus=$KAGUARD_SRCDIR/tests/config
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

# try WANTED-STATUS FILE
try()
{
	"$dump" "$2" >"$work/got" 2>&1
	status=$?
	if [ "$update" ]; then
		cp "$work/got" "${2%.yaml}.expect"
	fi
	diff -u "${2%.yaml}.expect" "$work/got" | sed 's/^/# /' >"$work/difference"
	cat "$work/difference"
	[ "$status" -eq "$1" ] && [ ! -s "$work/difference" ]
	ok $? "${PWD##*/}/$2"
}

# quick LIMIT WANTED-STATUS FILE: the time is shown; the limit is far above it.
quick()
{
	timeout "$1" "$dump" -t "$3" >"$work/time"
	[ $? -eq "$2" ]
	ok $? "$3 at once: $(cat "$work/time")"
}

update=
[ "${1-}" = --update ] && update=yes

cd "$corpus/good" || exit 99
for file in *.yaml; do
	try 0 "$file"
done
cd "$corpus/bad" || exit 99
for file in *.yaml; do
	try 1 "$file"
done

cd "$work" || exit 99
awk 'BEGIN { print "peers:"; for (i = 0; i < 100000; i++)
	print "  - host" i ".example.com:443" }' >addresses.yaml
awk 'BEGIN { print "peers:"; for (i = 0; i < 100000; i++)
	print "  - name: peer-" i "\n    address: host" i ".example.com:443\n    firewall: " \
	    200 + i % 1000 "s\n    sessions: 2\n    keepalive: {lost_probes: " i % 3 "}"
}' >keys.yaml
awk 'BEGIN { print "peers:"; for (i = 0; i < 100000; i++) print "  - host" i }' >errors.yaml
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "[" }' >brackets.yaml
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "- " }' >dashes.yaml
awk 'BEGIN { for (i = 0; i < 100000; i++) print "key" i ": 1" }' >unknown.yaml
awk 'BEGIN { printf "peers: [a"; for (i = 0; i < 100000; i++) printf ", a"; print "]" }' >line.yaml
awk 'BEGIN { for (i = 0; i < 17 * 1024; i++) printf "#%1023s\n", "" }' >large.yaml
quick 60 0 addresses.yaml
quick 60 0 keys.yaml
quick 60 1 errors.yaml
quick 60 1 brackets.yaml
quick 60 1 dashes.yaml
quick 60 1 unknown.yaml
quick 60 1 line.yaml
quick 60 1 large.yaml
echo "1..$n"
