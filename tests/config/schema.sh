#!/bin/sh
# SPDX-License-Identifier: ISC
# The JSON Schema is one, takes the good files, and refuses what is wrong in structure.

"$PYTHON" -c 'import jsonschema, yaml; yaml.CBaseLoader' 2>/dev/null || {
	echo "1..0 # SKIP $PYTHON has no jsonschema, or no yaml with libyaml"
	exit 0
}
"$KAGUARD_BUILDDIR/tools/schema-print" |
	exec "$PYTHON" "$KAGUARD_SRCDIR/tests/config/schema.py" "$KAGUARD_SRCDIR/tests/config"
