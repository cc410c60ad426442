# SPDX-License-Identifier: ISC
dist_check_SCRIPTS += tests/monitoring/metrics.sh tests/cli/completion.sh tests/cli/needs.sh
EXTRA_DIST += tests/monitoring/alerts.test.yaml

