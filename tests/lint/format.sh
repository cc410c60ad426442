#!/bin/sh
# SPDX-License-Identifier: ISC
# The C files are as clang-format with the tree's .clang-format leaves them.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# Releases of clang-format disagree about details; one is the judge.
judge=14
formatter=clang-format-$judge
command -v "$formatter" >/dev/null || formatter=clang-format
skip_without "$formatter"
case $("$formatter" --version) in
*"version $judge."*) ;;
*)
	echo "1..0 # SKIP clang-format $judge is the judge, here is $("$formatter" --version)"
	exit 0
	;;
esac

format()
{
	files_in "$1" -name '*.[ch]' | tr '\n' '\0' |
		xargs -0 "$formatter" --dry-run --Werror --style="file:$KAGUARD_SRCDIR/.clang-format"
}

clean "C files are formatted" format "$KAGUARD_SRCDIR"
catches "code should be clang-formatted" src/net/a.c format <<'END'
int main(void) { return 0; }
END
lint_end
