# SPDX-License-Identifier: ISC
dist_man_MANS += doc/kaguard.journal.7
