#!/bin/sh
# SPDX-License-Identifier: ISC
# What cppcheck finds, in the tests as well.
# shellcheck source=tests/static/static.sh
. "$KAGUARD_SRCDIR/tests/static/static.sh"
judge cppcheck 2.10

# Libraries are described to cppcheck and it wants no system headers, but for these two: of the macros
# that loops are written with it has no description.
macros()
{
	printf '#include <%s>\n' sys/queue.h jansson.h | with_flags gcc -std=gnu11 -M -x c - |
		tr ' ' '\n' | sed -n 's,.*/\(sys/queue\|jansson\)\.h$,--include=&,p'
}

# Not asked for:
#   variableScope           variables are declared at the head of the block that they belong to
#   shadowFunction          -Wshadow of the compilers has its say of that, and names those that matter
#   unusedStructMember      the heads of lists, which only the macros of sys/queue.h touch
#   invalidFunctionArgBool  a bool is 0 or 1, and a status may be
#   getgrgidCalled, getgrnamCalled, localtimeCalled
#                           one thread calls them: the loop's, or the only one
#   usleepCalled, rand_rCalled
#                           obsolete by POSIX, but not for tests on Linux
not_asked='variableScope shadowFunction unusedStructMember invalidFunctionArgBool
	getgrgidCalled getgrnamCalled localtimeCalled usleepCalled rand_rCalled'

findings()
{
	# shellcheck disable=SC2046,SC2086 # neither names nor paths of system headers have blanks
	files_in "$1" -name '*.c' |
		with_flags cppcheck --file-list=- -j "$static_jobs" --quiet --std=c11 \
			--enable=warning,performance,portability,style --library=posix,gnu,bsd \
			$(printf -- '--suppress=%s ' $not_asked) --template-location='' \
			--template='{file}:{line}:{column}: warning: {message} [{id}]' $(macros) 2>&1 ||
		echo "cppcheck:0:0: error: it failed [status]"
}

analyze cppcheck
catches_planted pointerSize <<'END'
#include <string.h>
void
blank(int *numbers)
{
	memset(numbers, 0, sizeof(numbers));
}
END
lint_end
