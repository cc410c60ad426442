#!/bin/sh
# SPDX-License-Identifier: ISC
# What clang-tidy finds, by the checks in .clang-tidy, in the tests as well.
# shellcheck source=tests/static/static.sh
. "$KAGUARD_SRCDIR/tests/static/static.sh"

clang_tidy=clang-tidy-14
command -v "$clang_tidy" >/dev/null || clang_tidy=clang-tidy
judge "$clang_tidy" 14

findings()
{
	[ -e "$1/.clang-tidy" ] || cp "$KAGUARD_SRCDIR/.clang-tidy" "$1"
	files_in "$1" -name '*.c' |
		with_flags for_each "$clang_tidy" --quiet '{}' -- -std=gnu11
}

analyze clang-tidy
catches_planted clang-analyzer-core.NullDereference <<'END'
#include <stdlib.h>
struct peer {
	struct peer *next;
	int sessions;
};
int
count(const struct peer *peer)
{
	int n = peer == NULL ? 0 : 1;

	return n + peer->sessions;
}
END
catches_planted bugprone-suspicious-string-compare <<'END'
#include <string.h>
int
is_up(const char *state)
{
	return strcmp(state, "up") == -1 ? 0 : 1;
}
END
catches_planted readability-identifier-naming <<'END'
int
isUp(void)
{
	return 1;
}
END
lint_end
