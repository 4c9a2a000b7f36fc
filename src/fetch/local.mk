# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libfetch.la
libfetch_la_SOURCES = src/fetch/fetch_config.c src/fetch/fetch_config.h src/fetch/fetch_session.c \
	src/fetch/fetch_session.h src/fetch/inbox.h src/fetch/refused.c src/fetch/maildir.c \
	src/fetch/maildir_letter.c src/fetch/maildir_private.h src/fetch/imap.c src/fetch/imap_idle.c \
	src/fetch/imap_ask.c src/fetch/imap_letters.c src/fetch/imap_settle.c src/fetch/imap_link.c src/fetch/imap_name.c src/fetch/imap_private.h
libfetch_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
libfetch_la_LIBADD = libwire.la libbase.la $(ETPAN_LIBS)

pkglibexec_PROGRAMS += embargod-fetch
embargod_fetch_SOURCES = src/fetch/main.c
embargod_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
embargod_fetch_LDADD = libfetch.la

EXTRA_DIST += tests/support/dovecot.py
