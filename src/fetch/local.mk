# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libfetch.la
libfetch_la_SOURCES = src/fetch/fetch_config.c src/fetch/fetch_config.h src/fetch/fetch_session.c \
	src/fetch/fetch_session.h src/fetch/inbox.h src/fetch/maildir.c src/fetch/maildir_letter.c \
	src/fetch/maildir_private.h
libfetch_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
libfetch_la_LIBADD = libwire.la libbase.la $(ETPAN_LIBS)
