#!/bin/sh
# SPDX-License-Identifier: ISC
# The shell scripts are free of what shellcheck warns of.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without shellcheck

scripts()
{
	scripts_in "$1" | while read -r file; do
		case $(head -n 1 "$file") in
		*/sh* | *bash*) printf '%s\n' "$file" ;;
		esac
	done | xargs shellcheck -x -P "$1" -f gcc
}

clean "shell scripts pass shellcheck" scripts "$KAGUARD_SRCDIR"
catches "Double quote to prevent globbing" tests/a.sh scripts <<'END'
#!/bin/sh
rm $1
END
lint_end
