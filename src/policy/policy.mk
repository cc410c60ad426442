# SPDX-License-Identifier: ISC
libkaguard_a_SOURCES += \
	src/policy/agenda.c src/policy/agenda.h \
	src/policy/backoff.c src/policy/backoff.h \
	src/policy/beat.c src/policy/beat.h \
	src/policy/burst.c src/policy/burst.h \
	src/policy/diagnosis.c src/policy/diagnosis.h \
	src/policy/evidence.c src/policy/evidence.h \
	src/policy/expect.c src/policy/expect.h \
	src/policy/findings.c src/policy/findings.h \
	src/policy/firewalls.c src/policy/firewalls.h \
	src/policy/fsm.c src/policy/fsm.h \
	src/policy/habit.c src/policy/habit.h \
	src/policy/ladder.c src/policy/ladder.h src/policy/ladder_core.h \
	src/policy/ladder_inquest.c src/policy/ladder_plan.c src/policy/ladder_step.c src/policy/ladder_view.c \
	src/policy/learn.c src/policy/learn.h \
	src/policy/pace.c src/policy/pace.h \
	src/policy/plan.c src/policy/plan.h \
	src/policy/plan_conflict.c src/policy/plan_conflict.h \
	src/policy/rungs.c src/policy/rungs.h \
	src/policy/summary.c src/policy/summary.h \
	src/policy/survey.c src/policy/survey.h \
	src/policy/timespan.c src/policy/timespan.h \
	src/policy/unrest.c src/policy/unrest.h \
	src/policy/words.c src/policy/words.h
