# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libsite.a
libsite_a_SOURCES = src/site/site_csaf.c src/site/site_security.c src/site/site_wkd.c src/site/site_page.c src/site/site_atom.c src/site/site_set.c \
	src/site/site_folder.c src/site/site_stage.c src/site/site_build.c src/site/site_private.h
libsite_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
SITE_ROOM = libsite.a $(ADVISORY_ROOM) $(WKD_ROOM) $(BASE_ROOM) $(JANSSON_LIBS)

if HAVE_CHECK
check_PROGRAMS += test_site_build
test_site_build_SOURCES = tests/unit/test_site_build.c tests/unit/test_site_world.h tests/unit/test_advisory_case.h
test_site_build_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_site_build_LDADD = $(SITE_ROOM) $(UNIT_LIBS)
TESTS += test_site_build
check_PROGRAMS += test_site_page
test_site_page_SOURCES = tests/unit/test_site_page.c
test_site_page_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_site_page_LDADD = $(SITE_ROOM) $(UNIT_LIBS)
TESTS += test_site_page
endif
