# SPDX-License-Identifier: ISC
if HAVE_CMOCKA
simulation = tests/sim/simheap.c tests/sim/simheap.h tests/sim/simnet.c tests/sim/simnet.h \
	tests/sim/simattempt.h tests/sim/simfate.c tests/sim/simkeep.c tests/sim/simtalk.c \
	tests/sim/world.c tests/sim/world.h

check_PROGRAMS += tests/sim/test_sim tests/sim/test_network tests/sim/test_heart \
	tests/sim/test_heart_change tests/sim/test_storm tests/sim/test_learning tests/sim/test_survey \
	tests/sim/test_walk
tests_sim_test_sim_SOURCES = tests/sim/test_sim.c $(simulation)
tests_sim_test_network_SOURCES = tests/sim/test_network.c $(simulation)
heartworld = tests/sim/heartworld.c tests/sim/heartworld.h
tests_sim_test_heart_SOURCES = tests/sim/test_heart.c $(heartworld) $(simulation)
tests_sim_test_heart_change_SOURCES = tests/sim/test_heart_change.c $(heartworld) $(simulation)
tests_sim_test_walk_SOURCES = tests/sim/test_walk.c $(simulation)
tests_sim_test_storm_SOURCES = tests/sim/test_storm.c $(simulation)
tests_sim_test_learning_SOURCES = tests/sim/test_learning.c $(simulation)
tests_sim_test_survey_SOURCES = tests/sim/test_survey.c tests/sim/surveyed.c \
	tests/sim/surveyed.h $(simulation)
endif

# Measurements of simulated paths. make check tries some idle timeouts, make simulate-measure every
# one from 30 s to 2 h; both print the table.
check_PROGRAMS += tests/sim/measure_table
tests_sim_measure_table_SOURCES = tests/sim/measure_table.c tests/sim/path.c tests/sim/path.h
tests_sim_measure_table_LDADD = $(KAGUARD_LIBS)

.PHONY: simulate-measure
simulate-measure: tests/sim/measure_table
	tests/sim/measure_table --all
