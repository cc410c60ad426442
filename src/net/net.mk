# SPDX-License-Identifier: ISC
libkaguard_a_SOURCES += \
	src/net/address.c src/net/address.h \
	src/net/clock.c src/net/clock.h \
	src/net/conn.c src/net/conn.h \
	src/net/connect.c src/net/connect.h \
	src/net/descriptors.c src/net/descriptors.h \
	src/net/inspect.c src/net/inspect.h \
	src/net/loop.c src/net/loop.h \
	src/net/measure.c src/net/measure.h \
	src/net/netwatch.c src/net/netwatch.h \
	src/net/prober.c src/net/prober.h \
	src/net/resolve.c src/net/resolve.h \
	src/net/rtnl.c src/net/rtnl.h \
	src/net/segments.c src/net/segments.h \
	src/net/sockopt.c src/net/sockopt.h \
	src/net/suspend.c src/net/suspend.h \
	src/net/tcpinfo.c src/net/tcpinfo.h
