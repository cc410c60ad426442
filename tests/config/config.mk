# SPDX-License-Identifier: ISC
dist_check_SCRIPTS += tests/config/manual.sh tests/config/run.sh tests/config/schema.sh
EXTRA_DIST += tests/config/good tests/config/bad tests/config/schema.py
