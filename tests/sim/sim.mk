# SPDX-License-Identifier: ISC
if HAVE_CMOCKA
simulation = tests/sim/simheap.c tests/sim/simheap.h tests/sim/simnet.c tests/sim/simnet.h \
	tests/sim/simattempt.h tests/sim/simfate.c tests/sim/simtalk.c \
	tests/sim/world.c tests/sim/world.h

check_PROGRAMS += tests/sim/test_sim tests/sim/test_network tests/sim/test_heart \
	tests/sim/test_storm
tests_sim_test_sim_SOURCES = tests/sim/test_sim.c $(simulation)
tests_sim_test_network_SOURCES = tests/sim/test_network.c $(simulation)
tests_sim_test_heart_SOURCES = tests/sim/test_heart.c $(simulation)
tests_sim_test_storm_SOURCES = tests/sim/test_storm.c $(simulation)
endif
