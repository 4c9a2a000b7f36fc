# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libpgp.la
libpgp_la_SOURCES = src/pgp/pgp_name.c src/pgp/pgp_verdict.c src/pgp/pgp_wire.c

