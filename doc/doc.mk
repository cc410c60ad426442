# SPDX-License-Identifier: ISC
dist_man_MANS += doc/kaguard.8 doc/kaguard.journal.7
EXTRA_DIST += doc/architecture.md
