#!/bin/sh
# SPDX-License-Identifier: ISC
# Program, catalog and manual page speak of the same messages and fields.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# "ID NAME" a line, of the program, of the manual page; "ID" a line, of the catalog.
of_program()
{
	sed -n 's/^.*\[MESSAGE_[A-Z_]*\] = {"\(.*\)", "\(.*\)"},$/\1 \2/p' "$1/src/host/messages.c"
}

of_page()
{
	awk '/^\.It Cm / { name = $3 } /^\.Li [0-9a-f]*$/ { print $2, name }' \
		"$1/doc/kaguard.journal.7"
}

of_catalog()
{
	sed -n 's/^-- *//p' "$1/systemd/kaguard.catalog"
}

fields_of_program()
{
	grep -rohE 'KAGUARD_[A-Z_]+=' "$1"/src | tr -d '='
}

fields_of_page()
{
	sed -n 's/^\.It Va \(KAGUARD_[A-Z_]*\)$/\1/p' "$1/doc/kaguard.journal.7"
}

fields_of_catalog()
{
	grep -oE '@[^ @]+@' "$1/systemd/kaguard.catalog" | tr -d @
}

# differ TREE REMARK LEFT RIGHT: what the command LEFT prints of TREE, and RIGHT does not.
differ()
{
	"$3" "$1" | sort -u >"$lint_tmp/left"
	"$4" "$1" | sort -u >"$lint_tmp/right"
	comm -23 "$lint_tmp/left" "$lint_tmp/right" | sed "s|\$| $2|"
}

ids()
{
	of_program "$1" | cut -d' ' -f1
}

messages()
{
	[ -n "$(ids "$1")" ] || echo "no messages in messages.c"
	ids "$1" | grep -vxE '[0-9a-f]{32}' | sed 's/$/ is no id/'
	ids "$1" | sort | uniq -d | sed 's/$/ is the id of two messages/'
	of_catalog "$1" | sort | uniq -d | sed 's/$/ is twice in the catalog/'
	differ "$1" "is not in the catalog" ids of_catalog
	differ "$1" "is in the catalog only" of_catalog ids
	differ "$1" "is not in kaguard.journal.7" of_program of_page
	differ "$1" "is in kaguard.journal.7 only" of_page of_program
}

fields()
{
	differ "$1" "is not in kaguard.journal.7" fields_of_program fields_of_page
	differ "$1" "is in kaguard.journal.7 only" fields_of_page fields_of_program
	differ "$1" "is a field of the catalog only" fields_of_catalog fields_of_program
}

# Each entry is what the journal can show: a subject, an origin, and some text below an empty line.
entries()
{
	awk '
		function finish() {
			if (id != "" && !(subject && origin && text))
				print id ": no Subject:, no Defined-By: or no text"
		}
		/^-- / { finish(); id = $2; subject = origin = text = body = 0; next }
		/^Subject: ./ { subject = 1 }
		/^Defined-By: kaguard$/ { origin = 1 }
		/^$/ { body = 1 }
		/./ && body { text = 1 }
		!/^#/ && length() > 79 { print id ": a line of more than 79 characters" }
		END { finish() }' "$1/systemd/kaguard.catalog"
}

# compile TREE: systemd's own compiler finds as many entries.
compile()
{
	mkdir -p "$lint_tmp/root/usr/lib/systemd/catalog" "$lint_tmp/root/var/lib/systemd/catalog"
	cp "$1/systemd/kaguard.catalog" "$lint_tmp/root/usr/lib/systemd/catalog/"
	journalctl --root="$lint_tmp/root" --update-catalog || return
	compiled=$(journalctl --root="$lint_tmp/root" --list-catalog | wc -l)
	[ "$compiled" -eq "$(of_catalog "$1" | wc -l)" ] ||
		echo "journalctl finds $compiled entries"
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "messages are in the catalog and the manual" messages "$KAGUARD_SRCDIR"
clean "fields are in the manual" fields "$KAGUARD_SRCDIR"
clean "entries of the catalog are whole" entries "$KAGUARD_SRCDIR"
if command -v journalctl >/dev/null; then
	clean "journalctl takes the catalog" compile "$KAGUARD_SRCDIR"
else
	skipped "journalctl takes the catalog" "journalctl is not installed"
fi

# Small trees: one message, and the catalog and the manual without it, or with another.
one=0123456789abcdef0123456789abcdef
two=fedcba9876543210fedcba9876543210
beside()
{
	mkdir -p "$1/src/host" "$1/systemd" "$1/doc"
	[ -e "$1/src/host/messages.c" ] ||
		printf '\t[MESSAGE_ONE] = {"%s", "one"},\n' $one >"$1/src/host/messages.c"
	[ -e "$1/systemd/kaguard.catalog" ] || echo "-- $one" >"$1/systemd/kaguard.catalog"
	[ -e "$1/doc/kaguard.journal.7" ] ||
		printf '.It Cm one\n.Li %s\n' $one >"$1/doc/kaguard.journal.7"
	messages "$1"
	fields "$1"
	entries "$1"
}

catches "$two is not in the catalog" src/host/messages.c beside <<END
	[MESSAGE_TWO] = {"$two", "two"},
END
catches "$two is in the catalog only" systemd/kaguard.catalog beside <<END
-- $two
END
catches "$one is twice in the catalog" systemd/kaguard.catalog beside <<END
-- $one
-- $one
END
catches "$one is the id of two messages" src/host/messages.c beside <<END
	[MESSAGE_ONE] = {"$one", "one"},
	[MESSAGE_TWO] = {"$one", "two"},
END
catches "0123 is no id" src/host/messages.c beside <<'END'
	[MESSAGE_ONE] = {"0123", "one"},
END
catches "$one one is not in kaguard.journal.7" doc/kaguard.journal.7 beside <<END
.It Cm other
.Li $one
END
catches "KAGUARD_NEW is not in kaguard.journal.7" src/host/record.c beside <<'END'
	put_number(record, "KAGUARD_NEW=", 1);
END
catches "KAGUARD_OLD is in kaguard.journal.7 only" doc/kaguard.journal.7 beside <<'END'
.It Va KAGUARD_OLD
END
catches "KAGUARD_PEAR is a field of the catalog only" systemd/kaguard.catalog beside <<'END'
A session to @KAGUARD_PEAR@ is up
END
catches "no Subject:" systemd/kaguard.catalog beside <<END
-- $one
Defined-By: kaguard

Text.
END
lint_end
