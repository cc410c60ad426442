# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# What the tests with static analyzers share. Each has a function findings, which takes a tree and prints
# what the analyzer says of the C files there, as compilers do: FILE:LINE:COLUMN: warning: TEXT [CHECK].
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# As the analyzers name it.
static_tree=$(cd "$KAGUARD_SRCDIR" && pwd -P)
static_jobs=$(nproc)

# judge COMMAND RELEASE: end here unless the command is of that release; others find other things.
judge()
{
	skip_without "$1"
	case $("$1" --version | tr '\n' ' ') in
	*[!0-9.]"$2"[!0-9]*) ;;
	*)
		echo "1..0 # SKIP $1 $2 is the judge, here is $("$1" --version | head -n 1)"
		exit 0
		;;
	esac
}

# with_flags COMMAND...: the command with the preprocessor's flags after its own arguments.
with_flags()
{
	while IFS= read -r with_flag; do
		set -- "$@" "$with_flag"
	done <"$KAGUARD_BUILDDIR/tests/static/flags"
	"$@"
}

# for_each COMMAND...: once for each file of standard input, which takes the place of {}; as many at a
# time as there are processors.
for_each()
{
	xargs -P "$static_jobs" -I '{}' "$@" 2>&1 || echo "$1:0:0: error: it failed [status]"
}

# unsuppressed TREE [new | stale] <FINDINGS: the findings that no suppression is for, or the suppressions
# that no finding is of.
unsuppressed()
{
	awk -v analyzer="$static_analyzer" -v tree="$1/" -v what="${2-new}" \
		-f "$static_tree/tests/static/unsuppressed.awk" \
		"$static_tree/tests/static/suppressions" suppressions=read -
}

# analyze ANALYZER: what it finds in this tree is suppressed, and what is suppressed it finds.
analyze()
{
	static_analyzer=$1
	analyze_out=$KAGUARD_BUILDDIR/tests/static/$1.out
	findings "$static_tree" >"$analyze_out"
	verdict "$1 finds nothing new" "$(unsuppressed "$static_tree" <"$analyze_out")"
	verdict "$1 finds what is suppressed" \
		"$(unsuppressed "$static_tree" stale <"$analyze_out")"
}

new_findings()
{
	findings "$1" | unsuppressed "$1"
}

# catches_planted CHECK: in the C file of standard input.
catches_planted()
{
	catches "[$1]" src/planted.c new_findings
}
