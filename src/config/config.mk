# SPDX-License-Identifier: ISC
libkaguard_a_SOURCES += \
	src/config/ascii.h \
	src/config/build.c src/config/build.h \
	src/config/build_plan.c src/config/build_plan.h \
	src/config/config.c src/config/config.h \
	src/config/document.c src/config/document.h \
	src/config/dropins.c src/config/dropins.h \
	src/config/duration.c \
	src/config/endpoint.c \
	src/config/load.c src/config/load.h \
	src/config/notes.c src/config/notes.h \
	src/config/options.c src/config/options.h \
	src/config/options_table.c \
	src/config/parse.c src/config/parse.h \
	src/config/pool.c src/config/pool.h \
	src/config/remarks.c \
	src/config/scalar.c src/config/scalar.h \
	src/config/schema.c \
	src/config/settings.c src/config/settings.h \
	src/config/source.c src/config/source.h \
	src/config/values.c src/config/values.h
