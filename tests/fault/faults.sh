#!/bin/sh
# SPDX-License-Identifier: ISC
# Some of the failures that make check-faults has the daemon meet, others each time.
PYTHONDONTWRITEBYTECODE=1 exec "${PYTHON:-python3}" "$KAGUARD_SRCDIR/tests/fault/faults.py" \
	"$KAGUARD_BUILDDIR/tests/fault/kaguard-faulty" --sample "${KAGUARD_FAULTS:-8}"
