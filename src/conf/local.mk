# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libconf.a
libconf_a_SOURCES = src/conf/conf_lookup.c src/conf/conf_table.c src/conf/conf_read.c src/conf/conf_value.c \
	src/conf/conf_load.c src/conf/conf_check.c src/conf/conf_due.c src/conf/conf_private.h
libconf_a_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
CONF_ROOM = libconf.a $(ASSESS_ROOM) $(DUE_ROOM) $(BASE_ROOM) $(CONFUSE_LIBS)

if HAVE_CHECK
check_PROGRAMS += test_conf_lookup test_conf_due
test_conf_due_SOURCES = tests/unit/test_conf_due.c
test_conf_due_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_conf_due_LDADD = $(CONF_ROOM) $(UNIT_LIBS)
test_conf_lookup_SOURCES = tests/unit/test_conf_lookup.c
test_conf_lookup_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_conf_lookup_LDADD = $(CONF_ROOM) $(UNIT_LIBS)
TESTS += test_conf_lookup test_conf_due
endif
