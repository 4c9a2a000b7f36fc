# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libwkd.la libsend.la
libwkd_la_SOURCES = src/send/wkd.c
libwkd_la_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
libwkd_la_LIBADD = $(NETTLE_LIBS)

libsend_la_SOURCES = src/send/url.c src/send/config.c src/send/guard.c src/send/outbox.c src/send/smtp.c \
	src/send/maildir.c src/send/sendmail.c src/send/https.c src/send/send_private.h src/send/outbox.h
libsend_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
libsend_la_LIBADD = $(CURL_LIBS)

pkglibexec_PROGRAMS += embargod-send
embargod_send_SOURCES = src/send/send_main.c
embargod_send_LDADD = libsend.la libwire.la libbase.la

EXTRA_DIST += tests/support/certs.py tests/support/channel.py tests/support/smtp_sink.py tests/support/postfix.py

if HAVE_CHECK
check_PROGRAMS += test_send_guard test_send_local
test_send_guard_SOURCES = tests/unit/test_send_guard.c
test_send_guard_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_send_guard_LDADD = libsend.la libwkd.la libwire.la libbase.la $(UNIT_LIBS)
test_send_local_SOURCES = tests/unit/test_send_local.c
test_send_local_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_send_local_LDADD = libsend.la libwire.la libbase.la $(UNIT_LIBS)
TESTS += test_send_guard test_send_local
endif

dist_check_SCRIPTS += tests/integration/test_send_smtp.py tests/integration/test_send_get.py \
	tests/integration/test_send_postfix.py
TESTS += tests/integration/test_send_smtp.py tests/integration/test_send_get.py tests/integration/test_send_postfix.py
