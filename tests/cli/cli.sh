#!/bin/sh
# SPDX-License-Identifier: ISC
# The command line of kaguard: what it prints where, and its exit codes. Prints TAP.
set -u

: "${KAGUARD:?}" "${PYTHON:=python3}"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
tests=0

# ran ARGUMENT...: run kaguard; leaves $code, and its output in $dir/out and $dir/err.
ran()
{
	code=0
	command="kaguard $*"
	"$KAGUARD" "$@" >"$dir/out" 2>"$dir/err" </dev/null || code=$?
}

# ok WHAT CONDITION...: one TAP line, with all that is known where it fails.
ok()
{
	tests=$((tests + 1))
	what=$1
	shift
	if "$@"; then
		echo "ok $tests - $what"
		return
	fi
	echo "not ok $tests - $what"
	printf '# %s: exit %d; failed: %s\n' "$command" "$code" "$*"
	sed 's/^/# out: /' "$dir/out"
	sed 's/^/# err: /' "$dir/err"
}

exits()
{
	[ "$code" -eq "$1" ]
}

out_has()
{
	grep -Eq -e "$1" "$dir/out"
}

err_has()
{
	grep -Eq -e "$1" "$dir/err"
}

out_empty()
{
	! [ -s "$dir/out" ]
}

err_empty()
{
	! [ -s "$dir/err" ]
}

# json EXPRESSION: standard output is JSON, and the Python expression about it, `j`, is true.
json()
{
	"$PYTHON" -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$dir/out" "$1" 2>>"$dir/err"
}

# refused NAME ARGUMENT...: a command line that is wrong.
refused()
{
	what=$1
	shift
	ran "$@"
	ok "$what: exit 64" exits 64
	ok "$what: a line that leads to the usage" err_has "kaguard --help|^Usage: kaguard"
	ok "$what: nothing on standard output" out_empty
}

for option in --help -h; do
	ran $option
	ok "$option: exit 0" exits 0
	for word in --config --check --plan --json --list-firewalls --schema --log-level --help \
		--version; do
		ok "$option tells of $word" out_has "(^|[^-])$word"
	done
	ok "$option: nothing on standard error" err_empty
done
for option in --version -V; do
	ran $option
	ok "$option: exit 0" exits 0
	ok "$option names program and version" out_has '^kaguard [0-9]+\.[0-9]+'
done

cat >"$dir/good.yaml" <<'END'
peers:
  - vpn.example.com:443
  - {name: plant, address: "[2001:db8::7]:9000", firewall: aws-nat-gateway, sessions: 4}
END
cat >"$dir/beat.yaml" <<'END'
peers:
  - vpn.example.com:443
  - name: proxied
    address: proxied.example.com:443
    heartbeat: {send: "PING\r\n", expect: "PONG", every: 50s, timeout: 10s}
  - name: binary
    address: binary.example.com:443
    heartbeat: {send: '\x00\x01fourteen chars\xff', every: 1min 30s, timeout: 500ms}
END
cat >"$dir/bad.yaml" <<'END'
peers:
  - vpn.example.com:70000
  - {name: plant, adress: "[2001:db8::7]:9000"}
END

refused "unknown option" --frobnicate
refused "unknown letter among others" -Vz --json
ok "of several letters the one that is meant is told" err_has 'unknown option -z$'
refused "stray argument" peers
refused "option without its argument" -c
refused "unknown log level" -c "$dir/good.yaml" -l loud
refused "two things at once" -c "$dir/good.yaml" --check --schema
refused "--json with nothing that has it" -c "$dir/good.yaml" --json

ran --check -c "$dir/good.yaml"
ok "--check of a good file: exit 0" exits 0
ok "--check of a good file: no errors" err_empty

ran --check -c "$dir/bad.yaml"
ok "--check of a bad file: exit 78" exits 78
ok "--check says what is wrong, and where" err_has '/bad\.yaml:2:5: error: .*70000'
ok "--check says all that is wrong" err_has '/bad\.yaml:3:19: error: .*adress.*address'

ran --check -c "$dir/none.yaml"
ok "--check of a missing file: exit 78" exits 78
ok "--check of a missing file names it" err_has 'none\.yaml: error: '

ran -c "$dir/bad.yaml"
ok "a bad file keeps the daemon from starting: exit 78" exits 78
ok "the daemon says what is wrong" err_has 'bad\.yaml:2:5: error: '

# says WORD: read what the daemon says until WORD is in it, or it ends.
says()
{
	while read -r line <&8; do
		echo "$line" >>"$dir/err"
		case $line in *"$1"*) return ;; esac
	done
}

# A SIGHUP while the configuration is still being read: opening a pipe waits for the other end, so
# the daemon is in the middle of it then.
nobody="{peers: [], control: {socket: '$dir/control'}}"
mkfifo "$dir/pipe.yaml" "$dir/says"
command="kaguard -c pipe.yaml"
: >"$dir/err"
"$KAGUARD" -c "$dir/pipe.yaml" >"$dir/out" 2>"$dir/says" </dev/null &
daemon=$!
exec 8<"$dir/says" 9>"$dir/pipe.yaml"
kill -HUP "$daemon"
echo "$nobody" >&9
exec 9>&-
says started
echo "$nobody" >"$dir/pipe.yaml" &
writer=$!
says reloaded
kill "$writer" "$daemon" 2>"$dir/out"
code=0
wait "$daemon" || code=$?
exec 8<&-
ok "a reload asked for during the start waits its turn" err_has 'reloaded .*pipe\.yaml'
ok "and ends nothing" exits 0

ran --plan -c "$dir/good.yaml"
ok "--plan: exit 0" exits 0
ok "--plan names a peer by its address" out_has 'vpn\.example\.com:443'
ok "--plan names a peer, and its firewall" out_has 'plant.*aws-nat-gateway'
ok "--plan without heartbeats has no column for them" out_has 'MARGIN$'

ran --plan -c "$dir/beat.yaml"
ok "--plan has a column for heartbeats" out_has 'MARGIN  HEARTBEAT$'
ok "--plan shows a heartbeat" out_has '^proxied .*  "PING\\r\\n" every 50s, "PONG" within 10s$'
ok "--plan shows the beginning of what is sent" \
	out_has '^binary .*  "\\x00\\x01fourteen"\.\. every 90s, any answer within 500ms$'
ok "--plan says of the others that they have none" out_has '^vpn\..*  none$'

ran --plan --json -c "$dir/beat.yaml"
ok "--plan --json has heartbeats where there are any" json \
	'[p["heartbeat"] for p in j["peers"]] == [None,
	{"every_s": 50, "timeout_s": 10, "send": "PING\\r\\n", "expect": "PONG"},
	{"every_s": 90, "timeout_s": 0.5, "send": "\\x00\\x01fourteen chars\\xff", "expect": None}]'

ran --plan --json -c "$dir/good.yaml"
ok "--plan --json: exit 0" exits 0
ok "--plan --json has every peer" json \
	'[p["peer"] for p in j["peers"]] == ["vpn.example.com:443", "plant"]'
ok "--plan --json: probes come before the firewall forgets" json \
	'all(0 < p["idle_s"] and p["idle_s"] < p["firewall_s"] for p in j["peers"])'

ran --plan -c "$dir/bad.yaml"
ok "--plan of a bad file: exit 78" exits 78

ran --list-firewalls
ok "--list-firewalls: exit 0" exits 0
ok "--list-firewalls lists aws-nat-gateway with its time" out_has \
	'^aws-nat-gateway +(5min 50s|350s?) '
lines=$(wc -l <"$dir/out")
ran --list-firewalls --json
ok "--list-firewalls --json: exit 0" exits 0
ok "--list-firewalls --json lists as many" json \
	"len(j['firewalls']) == $lines - 1"

ran --schema
ok "--schema: exit 0" exits 0
ok "--schema is a JSON Schema" json "'\$schema' in j and 'peers' in j['properties']"

for option in --help --version --schema --list-firewalls "--list-firewalls --json" \
	"--plan -c $dir/good.yaml" "--plan --json -c $dir/good.yaml"; do
	code=0
	command="kaguard $option >/dev/full"
	# shellcheck disable=SC2086
	"$KAGUARD" $option >/dev/full 2>"$dir/err" || code=$?
	ok "$option: what cannot be written is a failure" exits 1
	ok "$option: and told" err_has '^kaguard: the output could not be written$'
done

echo "1..$tests"
