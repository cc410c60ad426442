# SPDX-License-Identifier: ISC
dist_check_SCRIPTS += tests/monitoring/metrics.sh tests/cli/completion.sh
EXTRA_DIST += tests/monitoring/alerts.test.yaml

# For those who watch a fleet.
dist_doc_DATA = doc/monitoring.md doc/kaguard-dashboard.json doc/kaguard-alerts.yaml
