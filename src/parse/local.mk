# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libparse.la
libparse_la_SOURCES = src/parse/parse_private.h src/parse/limits.c src/parse/param.c src/parse/charset.c \
	src/parse/words.c src/parse/decode.c src/parse/html.c src/parse/agree.c src/parse/mime.c \
	src/parse/sandbox.c src/parse/zygote.c src/parse/print.c
libparse_la_CFLAGS = $(AM_CFLAGS) $(XML2_CFLAGS) $(SECCOMP_CFLAGS)
libparse_la_LIBADD = libwire.la libbase.la $(XML2_LIBS) $(SECCOMP_LIBS) $(ETPAN_LIBS)

pkglibexec_PROGRAMS += embargod-parse
embargod_parse_SOURCES = src/parse/main.c
embargod_parse_CFLAGS = $(AM_CFLAGS) $(XML2_CFLAGS)
embargod_parse_LDADD = libparse.la
