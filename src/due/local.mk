# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libdue.a
libdue_a_SOURCES = src/due/due_span.c src/due/due_define.c src/due/due_judge.c src/due/due_remind.c src/due/due_agenda.c src/due/due_words.c src/due/due_private.h
DUE_ROOM = libdue.a $(BASE_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_due test_due_span
test_due_SOURCES = tests/unit/test_due.c
test_due_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_due_LDADD = $(DUE_ROOM) $(UNIT_LIBS)
test_due_span_SOURCES = tests/unit/test_due_span.c
test_due_span_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_due_span_LDADD = $(DUE_ROOM) $(UNIT_LIBS)
TESTS += test_due test_due_span
endif
