# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libsite.a
libsite_a_SOURCES = src/site/site_csaf.c src/site/site_security.c src/site/site_wkd.c src/site/site_page.c src/site/site_atom.c \
	src/site/site_set.c src/site/site_folder.c src/site/site_stage.c src/site/site_build.c src/site/site_check.c \
	src/site/site_check_list.c src/site/site_check_document.c src/site/site_check_page.c src/site/site_check_private.h \
	src/site/site_private.h
libsite_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
dist_man_MANS += src/site/embargod-site.7
SITE_ROOM = libsite.a $(ADVISORY_ROOM) $(WKD_ROOM) $(BASE_ROOM) $(JANSSON_LIBS)

check_PROGRAMS += advisory_dump
advisory_dump_SOURCES = tests/support/advisory_dump.c tests/unit/test_advisory_case.h
advisory_dump_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
advisory_dump_LDADD = $(SITE_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_site_page
test_site_page_SOURCES = tests/unit/test_site_page.c
test_site_page_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_site_page_LDADD = $(SITE_ROOM) $(UNIT_LIBS)
TESTS += test_site_page
check_PROGRAMS += test_advisory_hostile
test_advisory_hostile_SOURCES = tests/unit/test_advisory_hostile.c tests/unit/test_advisory_case.h tests/unit/test_html_scan.h
test_advisory_hostile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS) $(XML2_CFLAGS)
test_advisory_hostile_LDADD = $(SITE_ROOM) $(UNIT_LIBS) $(XML2_LIBS)
TESTS += test_advisory_hostile
check_PROGRAMS += test_site_build test_site_check test_site_crash
test_site_build_SOURCES = tests/unit/test_site_build.c tests/unit/test_site_world.h tests/unit/test_advisory_case.h
test_site_build_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_site_build_LDADD = $(SITE_ROOM) $(UNIT_LIBS)
test_site_check_SOURCES = tests/unit/test_site_check.c tests/unit/test_site_world.h tests/unit/test_advisory_case.h
test_site_check_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_site_check_LDADD = $(SITE_ROOM) $(UNIT_LIBS)
test_site_crash_SOURCES = tests/unit/test_site_crash.c tests/unit/test_site_world.h tests/unit/test_advisory_case.h
test_site_crash_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_site_crash_LDADD = $(SITE_ROOM) $(UNIT_LIBS)
TESTS += test_site_build test_site_check test_site_crash
endif

dist_check_SCRIPTS += tests/integration/test_csaf_validator.py
EXTRA_DIST += tests/integration/csaf_validator.mjs
TESTS += tests/integration/test_csaf_validator.py
