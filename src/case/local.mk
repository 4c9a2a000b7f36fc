# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libcase.a
libcase_a_SOURCES = src/case/case_state.c src/case/case_value.c src/case/case_open.c src/case/case_id.c \
	src/case/case_thread.c src/case/case_preference.c src/case/case_merge.c src/case/case_embargo.c src/case/case_embargo_who.c src/case/case_embargo.h src/case/case_view.c
CASE_ROOM = libcase.a $(BASE_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_case_embargo test_case_merge test_case_preference test_case_state test_case_value test_case_thread test_case_view
test_case_embargo_SOURCES = tests/unit/test_case_embargo.c src/case/case_view.c
test_case_embargo_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_embargo_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
test_case_merge_SOURCES = tests/unit/test_case_merge.c
test_case_merge_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_merge_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
test_case_preference_SOURCES = tests/unit/test_case_preference.c
test_case_preference_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_preference_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
test_case_state_SOURCES = tests/unit/test_case_state.c
test_case_state_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_state_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
test_case_value_SOURCES = tests/unit/test_case_value.c
test_case_value_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_value_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
test_case_thread_SOURCES = tests/unit/test_case_thread.c
test_case_thread_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_thread_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
test_case_view_SOURCES = tests/unit/test_case_view.c
test_case_view_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_case_view_LDADD = $(CASE_ROOM) $(UNIT_LIBS)
TESTS += test_case_embargo test_case_merge test_case_preference test_case_state test_case_value test_case_thread test_case_view
endif
