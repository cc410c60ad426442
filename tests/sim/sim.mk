# SPDX-License-Identifier: ISC
if HAVE_CMOCKA
simulation = tests/sim/simheap.c tests/sim/simheap.h tests/sim/simnet.c tests/sim/simnet.h \
	tests/sim/simattempt.h tests/sim/simfate.c tests/sim/simkeep.c tests/sim/simtalk.c \
	tests/sim/simwall.c \
	tests/sim/world.c tests/sim/world.h

check_PROGRAMS += tests/sim/test_sim tests/sim/test_network tests/sim/test_heart \
	tests/sim/test_heart_change tests/sim/test_storm tests/sim/test_learning tests/sim/test_survey \
	tests/sim/test_walk tests/sim/test_life tests/sim/test_away tests/sim/test_words
tests_sim_test_sim_SOURCES = tests/sim/test_sim.c $(simulation)
tests_sim_test_network_SOURCES = tests/sim/test_network.c $(simulation)
tests_sim_test_away_SOURCES = tests/sim/test_away.c tests/unit/fake_rtnl.c \
	tests/unit/fake_rtnl.h $(simulation)
tests_sim_test_words_SOURCES = tests/sim/test_words.c $(simulation)
heartworld = tests/sim/heartworld.c tests/sim/heartworld.h
tests_sim_test_heart_SOURCES = tests/sim/test_heart.c $(heartworld) $(simulation)
tests_sim_test_heart_change_SOURCES = tests/sim/test_heart_change.c $(heartworld) $(simulation)
tests_sim_test_walk_SOURCES = tests/sim/test_walk.c $(simulation)
tests_sim_test_storm_SOURCES = tests/sim/test_storm.c $(simulation)
tests_sim_test_learning_SOURCES = tests/sim/test_learning.c $(simulation)
tests_sim_test_survey_SOURCES = tests/sim/test_survey.c tests/sim/surveyed.c \
	tests/sim/surveyed.h $(simulation)
tests_sim_test_life_SOURCES = tests/sim/test_life.c tests/sim/lifeworld.c tests/sim/lifeworld.h \
	tests/sim/lifefate.c tests/sim/lifeheart.c tests/sim/lifepath.c \
	tests/sim/simpath.c tests/sim/simpath.h $(simulation)
endif

# Lives of sessions, HOURS in all: make sim-long HOURS=1e8. SIM_SEED=n tests/sim/test_life leads one again.
.PHONY: sim-long
sim-long: tests/sim/test_life
	SIM_HOURS='$(or $(HOURS),1e7)' tests/sim/test_life

# Measurements of simulated paths. make check tries some idle timeouts, make simulate-measure every
# one from 30 s to 2 h; both print the table.
check_PROGRAMS += tests/sim/measure_table
tests_sim_measure_table_SOURCES = tests/sim/measure_table.c tests/sim/simpath.c tests/sim/simpath.h
tests_sim_measure_table_LDADD = $(KAGUARD_LIBS) -lm

.PHONY: simulate-measure
simulate-measure: tests/sim/measure_table
	tests/sim/measure_table --all
