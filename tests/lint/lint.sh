# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# What the lints share. A lint is a command that takes a tree and prints what is wrong with it; its
# test runs it over this tree, and over small bad ones, since a lint that finds nothing may be blind.

# shellcheck disable=SC2034 # used where this is read
lint_dir=$KAGUARD_SRCDIR/tests/lint
export LC_ALL=C.UTF-8
lint_n=0

# skip_without TOOL: end here where TOOL is missing.
skip_without()
{
	command -v "$1" >/dev/null || {
		echo "1..0 # SKIP $1 is not installed"
		exit 0
	}
}

# verdict NAME REMARKS: with no REMARKS the test is passed.
verdict()
{
	lint_n=$((lint_n + 1))
	if [ -z "$2" ]; then
		echo "ok $lint_n - $1"
	else
		echo "not ok $lint_n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# skipped NAME REASON: one of the tests cannot be made here.
skipped()
{
	lint_n=$((lint_n + 1))
	echo "ok $lint_n - $1 # SKIP $2"
}

# clean NAME COMMAND...: the command finds nothing and succeeds.
clean()
{
	clean_name=$1
	shift
	if clean_found=$("$@" 2>&1); then
		verdict "$clean_name" "$clean_found"
	else
		verdict "$clean_name" "$clean_found
$* failed"
	fi
}

# catches TEXT FILE COMMAND...: the command, given a tree in which FILE is what is read from standard
# input, prints TEXT.
catches()
{
	catches_text=$1 catches_file=$2 catches_tree=$(mktemp -d)
	shift 2
	mkdir -p "$catches_tree/$(dirname "$catches_file")"
	cat >"$catches_tree/$catches_file"
	catches_found=$("$@" "$catches_tree" 2>&1)
	rm -rf "$catches_tree"
	case $catches_found in
	*"$catches_text"*) verdict "catches: $catches_text" "" ;;
	*) verdict "catches: $catches_text" "nothing such in: $catches_found" ;;
	esac
}

# files_in TREE TEST...: the files that find(1) selects by TEST, but for what is built in the tree.
files_in()
{
	files_tree=$1
	shift
	find "$files_tree" -mindepth 1 \( -name 'build*' -o -name _build -o -name _inst -o -name .git \
		-o -name 'autom4te*' \) -prune -o -type f ! -path "$files_tree/config*" "$@" -print
}

# scripts_in TREE: the files that begin with #!.
scripts_in()
{
	files_in "$1" | while read -r script; do
		case $(head -c 2 "$script" | tr -d '\0') in
		'#!') printf '%s\n' "$script" ;;
		esac
	done
}

# Ends the test.
lint_end()
{
	echo "1..$lint_n"
}
