#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# What bash completes of kaguard and kaguardctl. Prints TAP.
set -u

: "${KAGUARD:?}" "${KAGUARD_SRCDIR:?}"
file=$KAGUARD_SRCDIR/etc/bash-completion/kaguard
dir=$(mktemp -d) || exit 99
daemon=
trap '[ -z "$daemon" ] || kill "$daemon"; rm -rf "$dir"' EXIT
tests=0

verdict()
{
	tests=$((tests + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		printf '# %s\n' "expected: $2" "found: $3"
	fi
}

# completed LINE: what is offered at its end, sorted, in one line.
completed()
{
	COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	case $1 in
	kaguardctl*) _kaguardctl "${KAGUARD}ctl" ;;
	*) _kaguard "$KAGUARD" ;;
	esac
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
}

# completes LINE WORDS
completes()
{
	verdict "$1" "$2" "$(completed "$1")"
}

# shellcheck source=etc/bash-completion/kaguard
. "$file"
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
export KAGUARD_SOCKET=$dir/none

verdict "both programs are completed" "_kaguard _kaguardctl" \
	"$(complete -p kaguard kaguardctl | grep -oE '_[a-z]+' | paste -sd ' ')"
if command -v shellcheck >/dev/null; then
	verdict "shellcheck has nothing to say" "" "$(shellcheck -s bash "$file")"
fi

completes "kaguard --l" "--list-firewalls --log-level="
completes "kaguard --plan --js" "--json"
completes "kaguard -l n" "notice"
completes "kaguard --log-level no" "notice"
completes "kaguard --log-level=no" "notice"
mkdir "$dir/some" && touch "$dir/some.yaml" "$dir/some.txt"
completes "kaguard -c $dir/so" "$dir/some $dir/some.yaml"
completes "kaguard --config=$dir/some.y" "$dir/some.yaml"

completes "kaguardctl re" "reconnect reload"
completes "kaguardctl --json re" "reconnect reload"
completes "kaguardctl --soc" "--socket="
completes "kaguardctl metrics --no" "--no-per-peer"
completes "kaguardctl status --state b" "backoff"
completes "kaguardctl status --state=up,d" "up,down"
completes "kaguardctl status -s up,sus" "up,suspect"
completes "kaguardctl status --state down " ""
completes "kaguardctl -S $dir/some.t" "$dir/some.txt"
completes "kaguardctl reload " ""
completes "kaguardctl status " ""

# With a daemon: its peers. Names have colons, at which readline splits.
cat >"$dir/kaguard.yaml" <<END
peers:
  - {name: hq, address: "127.0.0.1:9"}
  - {name: hq-2, address: "127.0.0.1:9"}
  - 127.0.0.1:9
  - "[::1]:9"
control: {socket: '$dir/control'}
END
mkfifo "$dir/says"
"$KAGUARD" -c "$dir/kaguard.yaml" >"$dir/out" 2>"$dir/says" </dev/null &
daemon=$!
exec 8<"$dir/says"
while read -r line <&8; do
	case $line in *started*) break ;; esac
done
KAGUARD_SOCKET=$dir/control
completes "kaguardctl status h" "hq hq-2"
completes "kaguardctl probe hq-" "hq-2"
completes "kaguardctl status hq 12" "127.0.0.1:9"
completes "kaguardctl status 127.0.0.1:" "9"
completes "kaguardctl status [" "[::1]:9"
completes "kaguardctl status [::" "1]:9"
completes "kaguardctl measure h" ""
KAGUARD_SOCKET=$dir/none
completes "kaguardctl --socket $dir/control status hq-" "hq-2"
completes "kaguardctl status --socket=$dir/control hq-" "hq-2"
completes "kaguardctl -S $dir/control status --json hq-" "hq-2"
COMP_WORDBREAKS=$' \t\n'
completes "kaguardctl status -S $dir/control 127.0.0.1:" "127.0.0.1:9"
echo "1..$tests"
