# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libwkd.a libsend.a
libwkd_a_SOURCES = src/send/wkd.c
libwkd_a_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
WKD_ROOM = libwkd.a $(NETTLE_LIBS) $(BASE_ROOM)

libsend_a_SOURCES = src/send/url.c src/send/config.c src/send/guard.c src/send/outbox.c src/send/smtp.c \
	src/send/maildir.c src/send/sendmail.c src/send/https.c src/send/send_private.h src/send/outbox.h
libsend_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
SEND_ROOM = libsend.a $(CURL_LIBS) $(WIRE_ROOM) $(BASE_ROOM)

pkglibexec_PROGRAMS += embargod-send
embargod_send_SOURCES = src/send/send_main.c
embargod_send_LDADD = $(SEND_ROOM) $(WIRE_ROOM) $(BASE_ROOM)

EXTRA_DIST += tests/support/certs.py tests/support/channel.py tests/support/smtp_sink.py tests/support/postfix.py

if HAVE_CHECK
check_PROGRAMS += test_send_guard test_send_local
test_send_guard_SOURCES = tests/unit/test_send_guard.c
test_send_guard_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_send_guard_LDADD = $(SEND_ROOM) $(WKD_ROOM) $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
test_send_local_SOURCES = tests/unit/test_send_local.c
test_send_local_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_send_local_LDADD = $(SEND_ROOM) $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_send_guard test_send_local
endif

dist_check_SCRIPTS += tests/integration/test_send_smtp.py tests/integration/test_send_get.py \
	tests/integration/test_send_postfix.py
TESTS += tests/integration/test_send_smtp.py tests/integration/test_send_get.py tests/integration/test_send_postfix.py
