# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libwire.la
libwire_la_SOURCES = src/wire/wire.c src/wire/wire_io.c src/wire/parts.c src/wire/wire_private.h
libwire_la_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
libwire_la_LIBADD = $(SECCOMP_LIBS)

if HAVE_CHECK
check_PROGRAMS += test_wire
test_wire_SOURCES = tests/unit/test_wire.c
test_wire_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_wire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_wire_LDADD = libwire.la libbase.la $(UNIT_LIBS)
TESTS += test_wire
endif
