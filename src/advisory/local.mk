# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libadvisory.a
libadvisory_a_SOURCES = src/advisory/advisory_facts.c src/advisory/advisory_version.c src/advisory/advisory_gap.c \
	src/advisory/advisory_format.c src/advisory/advisory_html.c src/advisory/advisory_html_page.c src/advisory/advisory_html_cvss.c src/advisory/advisory_html_prose.c src/advisory/advisory_html_put.c \
	src/advisory/advisory_html_style.c src/advisory/advisory_markdown.c src/advisory/advisory_markdown.h \
	src/advisory/advisory_markdown_html.c src/advisory/advisory_markdown_text.c \
	src/advisory/advisory_json.c src/advisory/advisory_csaf.c src/advisory/advisory_text.c src/advisory/advisory_cve.c \
	src/advisory/advisory_check.c src/advisory/advisory_check_history.c src/advisory/advisory_check_product.c \
	src/advisory/advisory_check_score.c src/advisory/advisory_private.h
libadvisory_a_SOURCES += src/advisory/advisory_vex.c
libadvisory_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CMARK_CFLAGS)
ADVISORY_ROOM = libadvisory.a $(CASE_ROOM) $(ASSESS_ROOM) $(BASE_ROOM) $(JANSSON_LIBS) $(CMARK_LIBS)

if HAVE_CHECK
check_PROGRAMS += test_advisory test_advisory_check test_advisory_vex
test_advisory_vex_SOURCES = tests/unit/test_advisory_vex.c tests/unit/test_advisory_case.h
test_advisory_vex_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_advisory_vex_LDADD = $(ADVISORY_ROOM) $(UNIT_LIBS)
TESTS += test_advisory_vex
check_PROGRAMS += test_advisory_html
test_advisory_html_SOURCES = tests/unit/test_advisory_html.c tests/unit/test_advisory_case.h tests/unit/test_html_scan.h
test_advisory_html_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_advisory_html_LDADD = $(ADVISORY_ROOM) $(UNIT_LIBS)
test_advisory_SOURCES = tests/unit/test_advisory.c tests/unit/test_advisory_case.h
test_advisory_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_advisory_LDADD = $(ADVISORY_ROOM) $(UNIT_LIBS)
test_advisory_check_SOURCES = tests/unit/test_advisory_check.c tests/unit/test_advisory_case.h
test_advisory_check_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_advisory_check_LDADD = $(ADVISORY_ROOM) $(UNIT_LIBS)
TESTS += test_advisory test_advisory_check test_advisory_html
endif

check_PROGRAMS += fuzz_markdown
fuzz_markdown_SOURCES = tests/fuzz/fuzz_markdown.c tests/unit/test_html_scan.h $(MAIN_OF_FUZZERS)
fuzz_markdown_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_markdown_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_markdown_LDADD = $(ADVISORY_ROOM)
TESTS += fuzz_markdown
EXTRA_DIST += tests/corpus/markdown
