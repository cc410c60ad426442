# SPDX-License-Identifier: ISC
libkaguard_a_SOURCES += \
	src/host/cli.c src/host/cli.h \
	src/host/control.c src/host/control.h \
	src/host/courier.c src/host/courier.h \
	src/host/haul.c src/host/haul.h \
	src/host/inherited.c src/host/inherited.h \
	src/host/jsontext.c src/host/jsontext.h \
	src/host/journal.c src/host/journal.h \
	src/host/messages.c src/host/messages.h \
	src/host/monotonic.c src/host/monotonic.h \
	src/host/notify.c src/host/notify.h \
	src/host/owners.c src/host/owners.h \
	src/host/parking.c src/host/parking.h \
	src/host/parking_store.c src/host/parking_store.h \
	src/host/parktable.c src/host/parktable.h \
	src/host/plantable.c src/host/plantable.h \
	src/host/receipt.c src/host/receipt.h \
	src/host/record.c src/host/record.h \
	src/host/ring.c src/host/ring.h \
	src/host/shelf.c src/host/shelf.h \
	src/host/statefile.c src/host/statefile.h \
	src/host/store.c src/host/store.h \
	src/host/text.c src/host/text.h \
	src/host/twins.c src/host/twins.h \
	src/host/varlink.c src/host/varlink.h \
	src/host/wallclock.c src/host/wallclock.h
libkaguard_a_SOURCES += src/host/table.c src/host/table.h
