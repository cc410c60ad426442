#!/bin/sh
# SPDX-License-Identifier: ISC
# What the daemon calls fails in its turn, or there is a reason why not.
made=$(sed -n 's/^--wrap=//p' "$KAGUARD_BUILDDIR/tests/fault/wrap.opts")
# shellcheck disable=SC2086 # a word each
exec "${PYTHON:-python3}" "$KAGUARD_SRCDIR/tests/fault/complete.py" "$KAGUARD" \
	"$KAGUARD_SRCDIR/tests/fault/calls.h" $made
