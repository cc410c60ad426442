#!/bin/sh
# SPDX-License-Identifier: ISC
# The shell scripts are free of what shellcheck warns of.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without shellcheck

scripts()
{
	cd "$1" || return
	find . -mindepth 1 -name 'build*' -prune -o -name .git -prune -o -name 'autom4te*' -prune -o \
		-name 'configure*' -prune -o -name config.status -prune -o -type f -print |
		while read -r file; do
			case $(head -c 64 "$file" | head -n 1 | tr -d '\0') in
			'#!'*/sh* | '#!'*bash*) printf '%s\n' "$file" ;;
			esac
		done | xargs shellcheck -x -f gcc
}

clean "shell scripts pass shellcheck" scripts "$KAGUARD_SRCDIR"
catches "Double quote to prevent globbing" tests/a.sh scripts <<'END'
#!/bin/sh
rm $1
END
lint_end
