# SPDX-License-Identifier: ISC
if HAVE_CMOCKA
check_PROGRAMS += tests/sim/test_sim
tests_sim_test_sim_SOURCES = tests/sim/test_sim.c tests/sim/simnet.c tests/sim/simnet.h \
	tests/sim/world.c tests/sim/world.h
endif
