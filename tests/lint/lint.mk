# SPDX-License-Identifier: ISC
dist_check_SCRIPTS += \
	tests/lint/docs.sh \
	tests/lint/editor.sh \
	tests/lint/format.sh \
	tests/lint/layers.sh \
	tests/lint/messages.sh \
	tests/lint/scripts.sh \
	tests/lint/style.sh \
	tests/lint/unit.sh \
	tests/lint/wire.sh
EXTRA_DIST += tests/lint/lint.sh tests/lint/layers.awk tests/lint/style.awk
