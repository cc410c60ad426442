# SPDX-License-Identifier: ISC
dist_check_SCRIPTS += tests/docs/examples.sh tests/docs/references.sh tests/docs/shown.sh \
	tests/docs/sidecar.sh
EXTRA_DIST += tests/docs/lines.py
