# SPDX-License-Identifier: ISC
if HAVE_CMOCKA
simulation = tests/sim/simheap.c tests/sim/simheap.h tests/sim/simnet.c tests/sim/simnet.h \
	tests/sim/world.c tests/sim/world.h

check_PROGRAMS += tests/sim/test_sim tests/sim/test_network
tests_sim_test_sim_SOURCES = tests/sim/test_sim.c $(simulation)
tests_sim_test_network_SOURCES = tests/sim/test_network.c $(simulation)
endif
