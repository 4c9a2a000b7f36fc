# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libdue.la
libdue_la_SOURCES = src/due/due_span.c src/due/due_define.c src/due/due_judge.c src/due/due_remind.c src/due/due_words.c src/due/due_private.h
libdue_la_LIBADD = libbase.la

if HAVE_CHECK
check_PROGRAMS += test_due test_due_span
test_due_SOURCES = tests/unit/test_due.c
test_due_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_due_LDADD = libdue.la $(UNIT_LIBS)
test_due_span_SOURCES = tests/unit/test_due_span.c
test_due_span_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_due_span_LDADD = libdue.la $(UNIT_LIBS)
TESTS += test_due test_due_span
endif
