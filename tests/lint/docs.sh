#!/bin/sh
# SPDX-License-Identifier: ISC
# The manual pages are sound, and say what the program says.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without mandoc

pages()
{
	find "$1/doc" -name '*.[1-8]' -exec mandoc -Tlint -Wwarning {} +
}

# The long options in a text, one a line.
options_in()
{
	grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z-]*' | sed 's/.*--//' | sort -u
}

# options PROGRAM PAGE TREE: the options that --help prints and those of the manual page are the same.
options()
{
	"$1" --help | options_in >"$lint_tmp/help"
	grep -oE 'Fl -[a-z][a-z-]*' "$3/doc/$2" | sed 's/Fl -//' | sort -u >"$lint_tmp/page"
	[ -s "$lint_tmp/help" ] || echo "$1 --help prints no options"
	comm -23 "$lint_tmp/help" "$lint_tmp/page" | sed "s/.*/--& is not in $2/"
	comm -13 "$lint_tmp/help" "$lint_tmp/page" | sed "s/.*/--& is in $2 only/"
}

# commands TREE: each command of kaguardctl has its place in the manual page, and an example there.
commands()
{
	"${KAGUARD}ctl" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' >"$lint_tmp/commands"
	[ -s "$lint_tmp/commands" ] || echo "kaguardctl --help prints no commands"
	while read -r command; do
		grep -q "^\.It Cm $command\>" "$1/doc/kaguardctl.1" ||
			echo "$command is not in kaguardctl.1"
		sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1/doc/kaguardctl.1" |
			grep -q "kaguardctl $command\>" || echo "$command has no example"
	done <"$lint_tmp/commands"
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "manual pages pass mandoc -Tlint" pages "$KAGUARD_SRCDIR"
clean "kaguard.8 has the options of kaguard --help" options "$KAGUARD" kaguard.8 "$KAGUARD_SRCDIR"
clean "kaguardctl.1 has the options of kaguardctl --help" \
	options "${KAGUARD}ctl" kaguardctl.1 "$KAGUARD_SRCDIR"
clean "kaguardctl.1 has the commands of kaguardctl --help" commands "$KAGUARD_SRCDIR"
catches "unknown macro" doc/a.8 pages <<'END'
.Dd January 1, 2026
.Dt A 8
.Os
.Sh NAME
.Nm a
.Nd nothing
.Xy
END
catches "--help is not in kaguard.8" doc/kaguard.8 options "$KAGUARD" kaguard.8 <<'END'
.It Fl -colour
END
catches "--colour is in kaguard.8 only" doc/kaguard.8 options "$KAGUARD" kaguard.8 <<'END'
.It Fl -colour
END
catches "--colour is in kaguardctl.1 only" doc/kaguardctl.1 options "${KAGUARD}ctl" kaguardctl.1 <<'END'
.It Fl -colour
END
catches "status has no example" doc/kaguardctl.1 commands <<'END'
.It Cm status
END
catches "probe is not in kaguardctl.1" doc/kaguardctl.1 commands <<'END'
.It Cm status
END
lint_end
