# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libconf.la
libconf_la_SOURCES = src/conf/conf_lookup.c
libconf_la_LIBADD = libbase.la

if HAVE_CHECK
check_PROGRAMS += test_conf_lookup
test_conf_lookup_SOURCES = tests/unit/test_conf_lookup.c
test_conf_lookup_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_conf_lookup_LDADD = libconf.la $(UNIT_LIBS)
TESTS += test_conf_lookup
endif
