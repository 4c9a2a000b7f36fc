# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = src/base/status.c src/base/pool.c src/base/buf.c src/base/bytes.c src/base/text.c \
	src/base/encode.c src/base/time.c src/base/log.c src/base/clock.c src/base/file.c src/base/command.c \
	src/base/secret.c src/base/failpoint.c src/base/base_private.h
libbase_la_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
libbase_la_LIBADD = $(SODIUM_LIBS)

if HAVE_CHECK
check_PROGRAMS += test_base test_base_text test_base_file
test_base_SOURCES = tests/unit/test_base.c
test_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_LDADD = libbase.la $(UNIT_LIBS)
test_base_text_SOURCES = tests/unit/test_base_text.c
test_base_text_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_text_LDADD = libbase.la $(UNIT_LIBS)
test_base_file_SOURCES = tests/unit/test_base_file.c
test_base_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_base_file_LDADD = libbase.la $(UNIT_LIBS)
TESTS += test_base test_base_text test_base_file
endif
