# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libparse.a
libparse_a_SOURCES = src/parse/parse_private.h src/parse/limits.c src/parse/param.c src/parse/charset.c \
	src/parse/words.c src/parse/decode.c src/parse/html.c src/parse/agree.c src/parse/mime.c \
	src/parse/sandbox.c src/parse/zygote.c src/parse/print.c
libparse_a_CFLAGS = $(AM_CFLAGS) $(XML2_CFLAGS) $(SECCOMP_CFLAGS)
PARSE_ROOM = libparse.a $(WIRE_ROOM) $(BASE_ROOM) $(XML2_LIBS) $(SECCOMP_LIBS) $(ETPAN_LIBS)

pkglibexec_PROGRAMS += embargod-parse
embargod_parse_SOURCES = src/parse/main.c
embargod_parse_CFLAGS = $(AM_CFLAGS) $(XML2_CFLAGS)
embargod_parse_LDADD = $(PARSE_ROOM)

dist_man_MANS += src/parse/embargod-parse.8
EXTRA_DIST += tests/corpus/mime tests/corpus/hostile tests/corpus/wire-parts
dist_check_SCRIPTS += tests/sandbox/parse-by-hand.sh
TESTS += tests/sandbox/parse-by-hand.sh

if HAVE_CHECK
check_PROGRAMS += test_parse_limits test_parse_mime test_wire_parts
test_parse_limits_SOURCES = tests/unit/test_parse_limits.c
test_parse_limits_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_parse_limits_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_parse_limits_LDADD = $(PARSE_ROOM) $(UNIT_LIBS)
test_parse_mime_SOURCES = tests/unit/test_parse_mime.c
test_parse_mime_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_parse_mime_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_parse_mime_LDADD = $(PARSE_ROOM) $(UNIT_LIBS)
test_wire_parts_SOURCES = tests/unit/test_wire_parts.c
test_wire_parts_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_wire_parts_LDADD = $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
check_PROGRAMS += test_parse_sandbox test_parse_zygote
test_parse_sandbox_SOURCES = tests/sandbox/test_parse_sandbox.c
test_parse_sandbox_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_parse_sandbox_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_parse_sandbox_LDADD = $(PARSE_ROOM) $(UNIT_LIBS)
test_parse_zygote_SOURCES = tests/sandbox/test_parse_zygote.c
test_parse_zygote_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_parse_zygote_LDADD = $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_parse_limits test_parse_mime test_wire_parts test_parse_sandbox test_parse_zygote
endif

check_PROGRAMS += fuzz_parse_limits fuzz_parse_mime fuzz_wire_parts
fuzz_parse_limits_SOURCES = tests/fuzz/fuzz_parse_limits.c $(MAIN_OF_FUZZERS)
fuzz_parse_limits_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_parse_limits_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_parse_limits_LDADD = $(PARSE_ROOM)
fuzz_parse_mime_SOURCES = tests/fuzz/fuzz_parse_mime.c $(MAIN_OF_FUZZERS)
fuzz_parse_mime_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_parse_mime_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_parse_mime_LDADD = $(PARSE_ROOM)
fuzz_wire_parts_SOURCES = tests/fuzz/fuzz_wire_parts.c $(MAIN_OF_FUZZERS)
fuzz_wire_parts_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_wire_parts_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_wire_parts_LDADD = $(WIRE_ROOM) $(BASE_ROOM)
if !FUZZ
TESTS += fuzz_parse_limits fuzz_parse_mime fuzz_wire_parts
endif
