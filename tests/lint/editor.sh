#!/bin/sh
# SPDX-License-Identifier: ISC
# Files are as .editorconfig has it, whatever they were edited with.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# texts TREE: what people write, but for what is as it is for a reason, or made.
texts()
{
	files_in "$1" ! -path '*/tests/config/good/*' ! -path '*/tests/config/bad/*' \
		! -path '*/tests/fuzz/corpus/*' ! -path '*/__pycache__/*' ! -path '*/.deps/*' \
		\( -name '*.[ch]' -o -name '*.am' -o -name '*.mk' -o -name '*.awk' -o -name '*.sh' \
		-o -name '*.py' -o -name '*.md' -o -name '*.yaml' -o -name '*.yml' -o -name '*.json' \
		-o -name '*.in' -o -name '*.[1-8]' -o -name '*.catalog' -o -name '*.varlink' \
		-o -name '*.socket' -o -name .editorconfig \) ! -name Makefile.in
}

editor()
{
	texts "$1" | while read -r file; do
		name=${file#"$1"/}
		grep -nE '[[:space:]]+$' "$file" | sed "s|:.*|: blanks at the end of a line|; s|^|$name:|"
		[ -z "$(tail -c 1 "$file")" ] || echo "$name: the last line does not end"
		iconv -f UTF-8 -t UTF-8 "$file" >"$lint_tmp/utf8" 2>"$lint_tmp/why" || echo "$name: no UTF-8"
		case $name in
		*.[ch] | *.mk | *.awk) grep -nE '^ {8}' "$file" ;;
		*.py | *.yaml | *.yml) grep -nP '^ *\t' "$file" ;;
		esac | grep -v ' \\$' | sed "s|:.*|: indented by other blanks|; s|^|$name:|"
	done
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "files are as .editorconfig has it" editor "$KAGUARD_SRCDIR"
catches "a.md:2: blanks at the end of a line" a.md editor <<END
A
B$(printf '\t')
END
catches "src/a.c:1: indented by other blanks" src/a.c editor <<END
        int a;
END
catches "a.yaml:2: indented by other blanks" a.yaml editor <<END
peers:
$(printf '\t')- a:1
END
printf 'A' >"$lint_tmp/a.md"
catches "a.md: the last line does not end" a.md editor <"$lint_tmp/a.md"
printf '\377\n' >"$lint_tmp/a.md"
catches "a.md: no UTF-8" a.md editor <"$lint_tmp/a.md"
lint_end
