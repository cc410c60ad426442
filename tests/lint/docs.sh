#!/bin/sh
# SPDX-License-Identifier: ISC
# The manual pages are sound, and say what the program says.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# pages TREE: without a remark of mandoc, down to its style; but for what depends on which other pages
# are installed here.
pages()
{
	find "$1/doc" -name '*.[1-8]' -exec mandoc -Tlint {} + 2>&1 |
		grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' -e 'lacks .* entry, run'
	return 0
}

# The long options in a text, one a line.
options_in()
{
	grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z-]*' | sed 's/.*--//' | sort -u
}

# section NAME PAGE
section()
{
	sed -n "/^\\.Sh $1\$/,/^\\.Sh /p" "$2" | grep -v '^\.Sh'
}

# options PROGRAM PAGE TREE: those of --help are those of the page, and each has its example.
options()
{
	"$1" --help | options_in >"$lint_tmp/help"
	grep -oE 'Fl -[a-z][a-z-]*' "$3/doc/$2" | sed 's/Fl -//' | sort -u >"$lint_tmp/page"
	section EXAMPLES "$3/doc/$2" | options_of "${2%.*}" >"$lint_tmp/shown"
	[ -s "$lint_tmp/help" ] || echo "$1 --help prints no options"
	comm -23 "$lint_tmp/help" "$lint_tmp/page" | sed "s/.*/--& is not in $2/"
	comm -13 "$lint_tmp/help" "$lint_tmp/page" | sed "s/.*/--& is in $2 only/"
	comm -23 "$lint_tmp/help" "$lint_tmp/shown" | sed "s/.*/--& has no example in $2/"
	comm -13 "$lint_tmp/help" "$lint_tmp/shown" | sed "s/.*/--& of an example in $2 is no option/"
}

# options_of PROGRAM: those with which examples call it, and not another program.
options_of()
{
	tr '|&' '\n' | grep -E "^(\.Dl )?[^a-z]*$1 " | options_in
}

# commands TREE: each command of kaguardctl has its place in the manual page, and an example there.
commands()
{
	"${KAGUARD}ctl" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' >"$lint_tmp/commands"
	[ -s "$lint_tmp/commands" ] || echo "kaguardctl --help prints no commands"
	while read -r command; do
		grep -q "^\.It Cm $command\>" "$1/doc/kaguardctl.1" ||
			echo "$command is not in kaguardctl.1"
		section EXAMPLES "$1/doc/kaguardctl.1" | grep -q "kaguardctl.* $command\>" ||
			echo "$command has no example"
	done <"$lint_tmp/commands"
}

# columns TREE: kaguard.8 explains those of --plan.
columns()
{
	"$KAGUARD" --plan -c "$KAGUARD_SRCDIR/doc/examples/tuning.yaml" | sed -e 's/   */\n/g' -e 1q |
		grep -vx PEER | while read -r column; do
		grep -qxF ".It $column" "$1/doc/kaguard.8" || echo "$column is not in kaguard.8"
	done
}

# twice TREE: nothing is in a list of a page twice.
twice()
{
	for page in "$1"/doc/*.[1-8]; do
		grep -E '^\.(It (Fl|Cm|Va|Ev|Pa|Ic)|Sh|Ss)' "$page" | sort | uniq -d |
			sed "s|\$| is in ${page##*/} twice|"
	done
}

# keys TREE: each key of the schema is in kaguard.yaml(5), with an example.
keys()
{
	"$KAGUARD" --schema | "$PYTHON" -c 'import json, sys
def keys(part):
    if isinstance(part, dict):
        yield from part.get("properties", {})
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        yield from keys(inner)
print(*sorted(set(keys(json.load(sys.stdin)))), sep="\n")' >"$lint_tmp/schema"
	awk '/^\.It Ic / { key = $3; sub(/.*\./, "", key); print key }' "$1/doc/kaguard.yaml.5" |
		sort -u >"$lint_tmp/keys"
	comm -23 "$lint_tmp/schema" "$lint_tmp/keys" | sed 's/$/ is not in kaguard.yaml.5/'
	comm -13 "$lint_tmp/schema" "$lint_tmp/keys" | sed 's/$/ is in kaguard.yaml.5 only/'
	awk '/^\.It Ic / || /^\.El/ { if (key != "" && !shown) print key " has no example"; key = $3; shown = 0 }
		/^\.Dl / { shown = 1 }' "$1/doc/kaguard.yaml.5"
}

# said TREE: each message has an example in kaguard.journal(7), and it is what the program writes.
said()
{
	section MESSAGES "$1/doc/kaguard.journal.7" | awk '
		/^\.It Cm / || /^\.El/ { if (name != "" && !shown) print name " has no example"; name = $3; shown = 0 }
		/^\.Bd -ragged/ { shown = 1 }'
	"$PYTHON" "$KAGUARD_SRCDIR/tests/docs/lines.py" "$KAGUARD_SRCDIR/src" "$1/doc/kaguard.journal.7"
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

# What is installed: kaguard.yaml.5 is made.
mkdir -p "$lint_tmp/tree/doc"
cp "$KAGUARD_SRCDIR"/doc/*.[1-8] "$KAGUARD_BUILDDIR/doc/kaguard.yaml.5" "$lint_tmp/tree/doc"

if command -v mandoc >/dev/null; then
	clean "manual pages pass mandoc -Tlint" pages "$lint_tmp/tree"
	catches "unknown macro" doc/a.8 pages <<'END'
.Dd January 1, 2026
.Dt A 8
.Os
.Sh NAME
.Nm a
.Nd nothing
.Xy
END
else
	skipped "manual pages pass mandoc -Tlint" "no mandoc: tools/install-needs test"
fi
clean "kaguard.8 has the options of kaguard --help" options "$KAGUARD" kaguard.8 "$KAGUARD_SRCDIR"
clean "kaguardctl.1 has the options of kaguardctl --help" \
	options "${KAGUARD}ctl" kaguardctl.1 "$KAGUARD_SRCDIR"
clean "kaguardctl.1 has the commands of kaguardctl --help" commands "$KAGUARD_SRCDIR"
clean "kaguard.yaml.5 has all keys, each with an example" keys "$lint_tmp/tree"
clean "kaguard.journal.7 has an example of each message" said "$KAGUARD_SRCDIR"
clean "kaguard.8 has the columns of kaguard --plan" columns "$KAGUARD_SRCDIR"
clean "nothing is in a manual page twice" twice "$lint_tmp/tree"
catches "--help is not in kaguard.8" doc/kaguard.8 options "$KAGUARD" kaguard.8 <<'END'
.It Fl -colour
END
catches "--colour is in kaguard.8 only" doc/kaguard.8 options "$KAGUARD" kaguard.8 <<'END'
.It Fl -colour
END
catches "--colour is in kaguardctl.1 only" doc/kaguardctl.1 options "${KAGUARD}ctl" kaguardctl.1 <<'END'
.It Fl -colour
END
catches "--schema has no example in kaguard.8" doc/kaguard.8 options "$KAGUARD" kaguard.8 <<'END'
.It Fl -schema
.Sh EXAMPLES
.Dl $ kaguard --plan
END
catches "--color of an example in kaguard.8 is no option" doc/kaguard.8 options "$KAGUARD" kaguard.8 <<'END'
.Sh EXAMPLES
.Dl $ kaguard --color
END
catches "status has no example" doc/kaguardctl.1 commands <<'END'
.It Cm status
END
catches "probe is not in kaguardctl.1" doc/kaguardctl.1 commands <<'END'
.It Cm status
END
catches "sessions is not in kaguard.yaml.5" doc/kaguard.yaml.5 keys <<'END'
.It Ic log.level
END
catches "sesions is in kaguard.yaml.5 only" doc/kaguard.yaml.5 keys <<'END'
.It Ic sesions
END
catches "log.level has no example" doc/kaguard.yaml.5 keys <<'END'
.It Ic log.level
.It Ic log.summary_every
.Dl summary_every: 1d
END
catches "awoke has no example" doc/kaguard.journal.7 said <<'END'
.Sh MESSAGES
.It Cm awoke
.El
END
catches "the program does not write: the machine slept for 8h" doc/kaguard.journal.7 said <<'END'
.Sh MESSAGES
.It Cm awoke
.Bd -ragged -offset indent
the machine slept
for 8h
.Ed
.El
END
catches "MARGIN is not in kaguard.8" doc/kaguard.8 columns <<'END'
.It PROBES/H
END
catches ".It Fl -max is in a.1 twice" doc/a.1 twice <<'END'
.It Fl -max
.It Fl -max
END
lint_end
