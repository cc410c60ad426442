# SPDX-License-Identifier: ISC
EXTRA_DIST += demo \
	tests/lab/conftest.py \
	tests/lab/demo.py \
	tests/lab/guard.py \
	tests/lab/netlab.py \
	tests/lab/peers.py \
	tests/lab/proxy.py \
	tests/lab/test_descriptors.py \
	tests/lab/test_flush.py \
	tests/lab/test_handover.py \
	tests/lab/test_heartbeat.py \
	tests/lab/test_held.py \
	tests/lab/test_names.py \
	tests/lab/test_network.py \
	tests/lab/test_options.py \
	tests/lab/test_peers.py \
	tests/lab/test_reload.py \
	tests/lab/test_scout.py \
	tests/lab/test_service.py \
	tests/lab/test_source.py \
	tests/lab/test_unread.py \
	tests/lab/witness.py

dist_check_SCRIPTS += tests/cli/cli.sh

# Through a real firewall, in network namespaces: needs root, and so is no part of make check.
.PHONY: check-lab
check-lab: src/kaguard
	KAGUARD='$(abs_builddir)/src/kaguard' PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) -m pytest -p no:cacheprovider -q -rs $(srcdir)/tests/lab
