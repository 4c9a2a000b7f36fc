# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libassess.a
libassess_a_SOURCES = src/assess/assess_cvss.c src/assess/assess_cvss_parse.c src/assess/assess_cvss31.c src/assess/assess_cvss40.c \
	src/assess/assess_cvss40_table.c src/assess/assess_clinical.c src/assess/assess_ssvc.c src/assess/assess_vex.c src/assess/assess_id.c src/assess/assess_cwe.c src/assess/assess_cwe_rows.h \
	src/assess/assess_private.h
ASSESS_ROOM = libassess.a $(BASE_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_assess_cvss test_assess
test_assess_cvss_SOURCES = tests/unit/test_assess_cvss.c tests/unit/test_assess_cvss_rows.h
test_assess_cvss_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_assess_cvss_LDADD = $(ASSESS_ROOM) $(UNIT_LIBS)
test_assess_SOURCES = tests/unit/test_assess.c
test_assess_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_assess_LDADD = $(ASSESS_ROOM) $(UNIT_LIBS)
TESTS += test_assess_cvss test_assess
endif

# Any bytes as a vector.
check_PROGRAMS += fuzz_cvss
fuzz_cvss_SOURCES = tests/fuzz/fuzz_cvss.c $(MAIN_OF_FUZZERS)
fuzz_cvss_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_cvss_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_cvss_LDADD = $(ASSESS_ROOM)
TESTS += fuzz_cvss
EXTRA_DIST += tests/corpus/cvss

# embargoctl cvss against a second implementation.
dist_check_SCRIPTS += tests/integration/test_cvss_oracle.py
TESTS += tests/integration/test_cvss_oracle.py
