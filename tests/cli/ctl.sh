#!/bin/sh
# SPDX-License-Identifier: ISC
# kaguardctl, with daemons that answer in each way.
PYTHONDONTWRITEBYTECODE=1 exec "${PYTHON:-python3}" "$KAGUARD_SRCDIR/tests/cli/ctl.py" \
	"$KAGUARD_BUILDDIR/src/kaguardctl"
