# SPDX-License-Identifier: GPL-3.0-or-later
# The pages in a real browser; npm packages of the tests, for all who need one: tests/npm.
if HAVE_CHECK
check_PROGRAMS += browser_pages
browser_pages_SOURCES = tests/browser/pages.c tests/unit/test_advisory_case.h
browser_pages_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
browser_pages_LDADD = $(SITE_ROOM)
TESTS += tests/browser/pages.py
endif
dist_check_SCRIPTS += tests/browser/pages.py
EXTRA_DIST += tests/browser/html-validate.json tests/support/chromium.py
EXTRA_DIST += tests/npm/README tests/npm/install tests/npm/tidy.py tests/npm/package.json tests/npm/package-lock.json
