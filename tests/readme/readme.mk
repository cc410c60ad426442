# SPDX-License-Identifier: ISC
EXTRA_DIST += tests/readme/document.py tests/readme/first_hour.py

# README.md, followed in a fresh Debian 12 that fetches its packages as any does: needs root, and a
# network. Says how long it takes from nothing to the first kept session. Only from a checkout.
.PHONY: check-readme
check-readme:
	root=$$($(srcdir)/tests/systemd/root.sh bookworm user \
		systemd,systemd-sysv,dbus,sudo,ca-certificates) && \
	KAGUARD_ROOT="$$root" PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) -m pytest -p no:cacheprovider -q -rP $(srcdir)/tests/readme/first_hour.py
