# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libpgp.a
libpgp_a_SOURCES = src/pgp/pgp_name.c src/pgp/pgp_verdict.c src/pgp/pgp_wire.c
PGP_ROOM = libpgp.a $(WIRE_ROOM) $(BASE_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_pgp
test_pgp_SOURCES = tests/unit/test_pgp.c
test_pgp_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_pgp_LDADD = $(PGP_ROOM) $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_pgp
endif
