# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libpgp.la
libpgp_la_SOURCES = src/pgp/pgp_name.c src/pgp/pgp_verdict.c src/pgp/pgp_wire.c

if HAVE_CHECK
check_PROGRAMS += test_pgp
test_pgp_SOURCES = tests/unit/test_pgp.c
test_pgp_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_pgp_LDADD = libpgp.la libwire.la libbase.la $(UNIT_LIBS)
TESTS += test_pgp
endif
