# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libmail.la
libmail_la_SOURCES = src/mail/mail_address.c src/mail/mail_attach.c src/mail/mail_auto.c src/mail/mail_autocrypt.c \
	src/mail/mail_check.c src/mail/mail_compose.c src/mail/mail_decode.c src/mail/mail_dsn.c src/mail/mail_encode.c \
	src/mail/mail_pgp.c src/mail/mail_protected.c src/mail/mail_ref.c src/mail/mail_text.c src/mail/mail_view.c \
	src/mail/mail_private.h

if HAVE_CHECK
check_PROGRAMS += compose_letter
compose_letter_SOURCES = tests/support/compose_letter.c
compose_letter_LDADD = libmail.la libwire.la libbase.la
dist_check_SCRIPTS += tests/integration/compose.py
TESTS += tests/integration/compose.py
endif
