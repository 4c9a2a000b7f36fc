# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = src/base/status.c src/base/pool.c src/base/buf.c src/base/bytes.c src/base/text.c \
	src/base/encode.c src/base/time.c src/base/log.c src/base/clock.c src/base/file.c src/base/command.c \
	src/base/secret.c src/base/failpoint.c src/base/base_private.h
libbase_a_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
BASE_ROOM = libbase.a $(SODIUM_LIBS)

if HAVE_CHECK
check_PROGRAMS += test_base test_base_text test_base_file
test_base_SOURCES = tests/unit/test_base.c
test_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_LDADD = $(BASE_ROOM) $(UNIT_LIBS)
test_base_text_SOURCES = tests/unit/test_base_text.c
test_base_text_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_text_LDADD = $(BASE_ROOM) $(UNIT_LIBS)
test_base_file_SOURCES = tests/unit/test_base_file.c
test_base_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_file_LDADD = $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_base test_base_text test_base_file
endif
