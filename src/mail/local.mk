# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libmail.a
libmail_a_SOURCES = src/mail/mail_address.c src/mail/mail_attach.c src/mail/mail_auto.c src/mail/mail_autocrypt.c \
	src/mail/mail_check.c src/mail/mail_compose.c src/mail/mail_decode.c src/mail/mail_dsn.c src/mail/mail_encode.c \
	src/mail/mail_pgp.c src/mail/mail_protected.c src/mail/mail_ref.c src/mail/mail_skeleton.c src/mail/mail_text.c src/mail/mail_view.c \
	src/mail/mail_private.h
MAIL_ROOM = libmail.a $(WIRE_ROOM) $(BASE_ROOM)

if HAVE_CHECK
MAIL_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
MAIL_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(XML2_CFLAGS)
MAIL_TEST_LIBS = $(MAIL_ROOM) $(PARSE_ROOM) $(WIRE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
check_PROGRAMS += test_mail_view test_mail_pgp test_mail_text test_mail_dsn test_mail_compose compose_letter
test_mail_view_SOURCES = tests/unit/test_mail_view.c tests/support/letter_table.h
test_mail_view_CPPFLAGS = $(MAIL_TEST_CPPFLAGS)
test_mail_view_CFLAGS = $(MAIL_TEST_CFLAGS)
test_mail_view_LDADD = $(MAIL_TEST_LIBS)
test_mail_pgp_SOURCES = tests/unit/test_mail_pgp.c
test_mail_pgp_CPPFLAGS = $(MAIL_TEST_CPPFLAGS)
test_mail_pgp_CFLAGS = $(MAIL_TEST_CFLAGS)
test_mail_pgp_LDADD = $(MAIL_TEST_LIBS)
test_mail_text_SOURCES = tests/unit/test_mail_text.c
test_mail_text_CPPFLAGS = $(MAIL_TEST_CPPFLAGS)
test_mail_text_CFLAGS = $(MAIL_TEST_CFLAGS)
test_mail_text_LDADD = $(MAIL_TEST_LIBS)
test_mail_dsn_SOURCES = tests/unit/test_mail_dsn.c
test_mail_dsn_CPPFLAGS = $(MAIL_TEST_CPPFLAGS)
test_mail_dsn_CFLAGS = $(MAIL_TEST_CFLAGS)
test_mail_dsn_LDADD = $(MAIL_TEST_LIBS)
test_mail_compose_SOURCES = tests/unit/test_mail_compose.c
test_mail_compose_CPPFLAGS = $(MAIL_TEST_CPPFLAGS)
test_mail_compose_CFLAGS = $(MAIL_TEST_CFLAGS)
test_mail_compose_LDADD = $(MAIL_TEST_LIBS)
compose_letter_SOURCES = tests/support/compose_letter.c
compose_letter_LDADD = $(MAIL_ROOM) $(WIRE_ROOM) $(BASE_ROOM)
dist_check_SCRIPTS += tests/integration/compose.py
TESTS += test_mail_view test_mail_pgp test_mail_text test_mail_dsn test_mail_compose tests/integration/compose.py
endif

check_PROGRAMS += fuzz_mail
fuzz_mail_SOURCES = tests/fuzz/fuzz_mail.c $(MAIN_OF_FUZZERS)
fuzz_mail_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_mail_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_mail_LDADD = $(MAIL_ROOM) $(PARSE_ROOM)
if !FUZZ
TESTS += fuzz_mail
endif
