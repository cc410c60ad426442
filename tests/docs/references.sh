#!/bin/sh
# SPDX-License-Identifier: ISC
# What documents speak of is there: files, tests, messages, lines of the journal.
# shellcheck disable=SC2016 # backticks are those of Markdown
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without "$PYTHON"

# documents TREE
documents()
{
	find "$1" -maxdepth 1 -name '[A-Z]*.md'
	find "$1/doc" -name '*.md'
}

# paths TREE: a path in the text is one, and the test named behind a colon is in that file. A module is
# its .c; what the build makes is there, too.
paths()
{
	documents "$1" | while read -r document; do
		grep -oE '`(src|tests|tools|doc|etc|systemd)/[A-Za-z0-9_./@-]*[A-Za-z0-9](:[a-z_0-9]+)?`' \
			"$document" | tr -d '\140' | sort -u | while IFS=: read -r path name; do
			if [ ! -e "$KAGUARD_SRCDIR/$path" ] && [ ! -e "$KAGUARD_BUILDDIR/$path" ] &&
				[ ! -e "$KAGUARD_SRCDIR/$path.c" ]; then
				echo "${document##*/}: there is no $path"
			elif [ -n "$name" ] && ! grep -qw "$name" "$KAGUARD_SRCDIR/$path"; then
				echo "${document##*/}: no $name in $path"
			fi
		done
	done
}

# links TREE: a link leads to a file.
links()
{
	documents "$1" | while read -r document; do
		grep -oE '\]\([^)#:]+' "$document" | cut -c3- | while read -r link; do
			[ -e "$(dirname "$document")/$link" ] || echo "${document##*/}: no $link"
		done
	done
}

of_program()
{
	sed -n 's/^.*\[MESSAGE_[A-Z_]*\] = {".*", "\(.*\)"},$/\1/p' "$KAGUARD_SRCDIR/src/host/messages.c" |
		sort
}

# named TREE: the messages that troubleshooting.md names.
named()
{
	sed -e 's/^| \*[^|]*|\([^|]*\)|.*/message \1/' -e 's/^\(`[a-z-]*`\):/message \1/' \
		-e 's/(\(`[a-z-]*`\))/message \1/' "$1/doc/troubleshooting.md" |
		grep -oE '[Mm]essages? +(`[a-z-]+`(, | and )?)+' | grep -oE '`[a-z-]+`' | tr -d '\140' | sort -u
}

# names TREE: they exist, and are all that tell of trouble.
names()
{
	named "$1" >"$lint_tmp/named"
	of_program | comm -13 - "$lint_tmp/named" | sed 's/$/ is no message/'
	of_program | comm -23 - "$lint_tmp/named" |
		grep -vxE 'reloaded|session-closed|stopping|summary|table|state' |
		sed 's/$/ is not in troubleshooting.md/'
}

# lines TREE: lines of the journal can be written; those in the manual page are in tests/lint/docs.sh.
lines()
{
	for document in "$1/README.md" "$1/doc/troubleshooting.md"; do
		[ ! -e "$document" ] ||
			"$PYTHON" "$KAGUARD_SRCDIR/tests/docs/lines.py" "$KAGUARD_SRCDIR/src" "$document"
	done
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "documents speak of files and tests that are there" paths "$KAGUARD_SRCDIR"
clean "links lead somewhere" links "$KAGUARD_SRCDIR"
clean "doc/troubleshooting.md has the messages of trouble" names "$KAGUARD_SRCDIR"
clean "lines of the journal that are quoted can be written" lines "$KAGUARD_SRCDIR"
catches "a.md: there is no src/daemon/sesion.c" doc/a.md paths <<'END'
See `src/daemon/sesion.c`.
END
catches "a.md: no test_nothing in tests/lab/test_held.py" doc/a.md paths <<'END'
See `tests/lab/test_held.py:test_nothing`.
END
catches "a.md: no b.md" doc/a.md links <<'END'
See [another](b.md).
END
catches "session-gone is no message" doc/troubleshooting.md names <<'END'
Messages `session-lost` and `session-gone`:
END
catches "not-kept is not in troubleshooting.md" doc/troubleshooting.md names <<'END'
Message `session-lost`:
END
while read -r wrong; do
	catches "the program does not write: $wrong" doc/troubleshooting.md lines <<END
\`\`\`journal
$wrong
\`\`\`
END
done <<'END'
hq/0: lost after 5min: shut by the peer
hq/0: lost since 5min: closed by the peer
hq/0: gone after 5min: closed by the peer
the machine slept for 8h; probing 412 sessions
kaguard 1.0.0 begun: /etc/kaguard.yaml, 0 peers, 0 sessions
END
catches "quotes no line of the journal" doc/troubleshooting.md lines <<'END'
```
hq/0: lost after 5min: closed by the peer
```
END
lint_end
