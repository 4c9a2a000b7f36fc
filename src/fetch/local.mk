# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libfetch.a
libfetch_a_SOURCES = src/fetch/fetch_config.c src/fetch/fetch_config.h src/fetch/fetch_session.c \
	src/fetch/fetch_session.h src/fetch/inbox.h src/fetch/refused.c src/fetch/maildir.c \
	src/fetch/maildir_letter.c src/fetch/maildir_private.h src/fetch/imap.c src/fetch/imap_idle.c \
	src/fetch/imap_ask.c src/fetch/imap_letters.c src/fetch/imap_settle.c src/fetch/imap_link.c src/fetch/imap_name.c src/fetch/imap_private.h
libfetch_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
FETCH_ROOM = libfetch.a $(WIRE_ROOM) $(BASE_ROOM) $(ETPAN_LIBS)

pkglibexec_PROGRAMS += embargod-fetch
embargod_fetch_SOURCES = src/fetch/main.c
embargod_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
embargod_fetch_LDADD = $(FETCH_ROOM)

EXTRA_DIST += tests/support/dovecot.py tests/support/fake_imap.py tests/support/fetch_driver.py

if HAVE_CHECK
check_PROGRAMS += test_fetch_maildir
test_fetch_maildir_SOURCES = tests/unit/test_fetch_maildir.c
test_fetch_maildir_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
test_fetch_maildir_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_fetch_maildir_LDADD = $(FETCH_ROOM) $(UNIT_LIBS)
TESTS += test_fetch_maildir
endif

dist_check_SCRIPTS += tests/integration/test_fetch_imap.py tests/integration/test_fetch_hostile.py \
	tests/integration/test_fetch_baddays.py
TESTS += tests/integration/test_fetch_imap.py tests/integration/test_fetch_hostile.py \
	tests/integration/test_fetch_baddays.py
