#!/bin/sh
# SPDX-License-Identifier: ISC
# The picture in README is what its script draws from the capture beside it.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without "$PYTHON"

# picture TREE: how its picture differs from what this tree's script draws.
picture()
{
	"$PYTHON" "$KAGUARD_SRCDIR/tools/draw_wire.py" "$KAGUARD_SRCDIR/doc/wire.json" |
		diff - "$1/doc/wire.svg"
}

# well_formed TREE: what an XML parser says of the picture.
well_formed()
{
	"$PYTHON" -c 'import sys, xml.dom.minidom as dom
try: dom.parse(sys.argv[1])
except Exception as e: print("not well-formed:", e)' "$1/doc/wire.svg"
}

clean "doc/wire.svg is drawn from doc/wire.json by tools/draw_wire.py" picture "$KAGUARD_SRCDIR"
clean "doc/wire.svg is well-formed" well_formed "$KAGUARD_SRCDIR"
catches "> <svg>an old one</svg>" doc/wire.svg picture <<'END'
<svg>an old one</svg>
END
catches "not well-formed" doc/wire.svg well_formed <<'END'
<svg>
END
lint_end
