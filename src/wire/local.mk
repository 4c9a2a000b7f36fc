# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libwire.a
libwire_a_SOURCES = src/wire/wire.c src/wire/wire_io.c src/wire/parts.c src/wire/wire_private.h \
	src/wire/helper_pool.c src/wire/helper_process.c src/wire/helper_private.h src/wire/helper_child.c \
	src/wire/lockin.c src/wire/lockin_landlock.c src/wire/lockin_seccomp.c src/wire/lockin_private.h
libwire_a_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
WIRE_ROOM = libwire.a $(SECCOMP_LIBS) $(BASE_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_wire
test_wire_SOURCES = tests/unit/test_wire.c
test_wire_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_wire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_wire_LDADD = $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_wire

check_PROGRAMS += wire_child
wire_child_SOURCES = tests/support/wire_child.c tests/support/wire_child.h
wire_child_LDADD = $(WIRE_ROOM) $(BASE_ROOM)

check_PROGRAMS += test_wire_helper
test_wire_helper_SOURCES = tests/unit/test_wire_helper.c tests/support/wire_child.h
test_wire_helper_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_wire_helper_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_wire_helper_LDADD = $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_wire_helper

check_PROGRAMS += test_wire_lockin
test_wire_lockin_SOURCES = tests/unit/test_wire_lockin.c
test_wire_lockin_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_wire_lockin_LDADD = $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_wire_lockin
endif
