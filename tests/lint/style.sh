#!/bin/sh
# SPDX-License-Identifier: ISC
# The limits of the house style: lengths, parameters, licence lines, nothing left for later.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# The directories of a tree that hold code; a small tree of a self-test has not all.
code_in()
{
	ls -d "$1/src" "$1/tests" "$1/tools" 2>/dev/null
}

c_files()
{
	# shellcheck disable=SC2046 # one word a directory
	find $(code_in "$1") -name '*.[ch]' -exec awk -f "$lint_dir/style.awk" {} +
}

licences()
{
	{
		scripts_in "$1"
		files_in "$1" \( -name '*.py' -o -name '*.mk' -o -name '*.am' -o -name '*.awk' \
			-o -path '*/doc/*.[1-8]' \)
	} | while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ISC' ||
			echo "$file:1: no licence line"
	done
}

# The words are written so that they are not found here.
left_for_later()
{
	# shellcheck disable=SC2046 # one word a directory
	grep -rnIwE '[T]ODO|[F]IXME|[X]XX' $(code_in "$1") |
		sed 's/$/ (left for later)/'
}

clean "C files keep to the limits" c_files "$KAGUARD_SRCDIR"
clean "files name their licence" licences "$KAGUARD_SRCDIR"
clean "nothing is left for later" left_for_later "$KAGUARD_SRCDIR"

licence='/* SPDX-License-Identifier: ISC */'

catches "the first line is not the licence" src/net/a.c c_files <<'END'
int a;
END
catches "a file of more than 400 lines" src/net/a.c c_files <<END
$licence
$(seq 400 | sed 's/.*/int v&;/')
END
catches "a function of 40 lines" src/net/a.c c_files <<END
$licence
int
long_one(void)
{
$(seq 39 | sed 's/.*/	call(&);/')
	return 0;
}
END
catches "a function with 6 parameters" tools/a.c c_files <<END
$licence
static void
six(int a, int (*b)(int, int), int c, int d,
    int e, int f, ...)
{
}
END
catches "two adjacent bools" tests/unit/a.c c_files <<END
$licence
void
two(int a, bool b, bool c)
{
}
END
catches "a typedef for a struct" src/net/a.h c_files <<END
$licence
typedef struct a a_t;
END
with_header()
{
	: >"$1/src/net/a.h"
	c_files "$1"
}
catches 'the first include is not "net/a.h"' src/net/a.c with_header <<END
$licence
#include <stdio.h>
#include "net/a.h"
END
catches "check:1: no licence line" check licences <<'END'
#!/bin/sh
END
catches "a.py:1: no licence line" tests/lab/a.py licences <<'END'
import os
END
todo=$(printf TO; printf DO)
catches "left for later" src/net/a.c left_for_later <<END
/* ${todo}: everything */
END
lint_end
