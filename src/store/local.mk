# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = src/store/db.h src/store/db_sqlite.c src/store/store_private.h src/store/store.c \
	src/store/store_lock.c src/store/store_tx.c src/store/store_seal.c src/store/store_body.c \
	src/store/store_intake.c src/store/store_intake_list.c src/store/store_case.c src/store/store_case_save.c \
	src/store/store_case_find.c src/store/store_event.c src/store/store_message.c src/store/store_outbox.c \
	src/store/store_keyring.c src/store/store_pending.c src/store/store_publication.c src/store/store_meta.c src/store/store_check.c \
	src/store/store_family.c src/store/store_backup.c src/store/store_erase.c src/store/schema/schema.h src/store/schema/schema.c src/store/schema/v1.c
libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
STORE_ROOM = libstore.a $(SQLITE_LIBS) $(BASE_ROOM)

if HAVE_CHECK
store_tests = test_store_publication test_store_family test_store_intake test_store_case test_store_mail test_store_small test_store_open test_store_tx test_store_sync
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
store_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src/store
store_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
store_test_libs = $(STORE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
test_store_publication_SOURCES = tests/unit/test_store_publication.c tests/unit/test_store_support.h
test_store_publication_CPPFLAGS = $(store_test_cppflags)
test_store_publication_CFLAGS = $(store_test_cflags)
test_store_publication_LDADD = $(store_test_libs)
test_store_family_SOURCES = tests/unit/test_store_family.c tests/unit/test_store_support.h
test_store_family_CPPFLAGS = $(store_test_cppflags)
test_store_family_CFLAGS = $(store_test_cflags)
test_store_family_LDADD = $(store_test_libs)
test_store_intake_SOURCES = tests/unit/test_store_intake.c tests/unit/test_store_support.h
test_store_intake_CPPFLAGS = $(store_test_cppflags)
test_store_intake_CFLAGS = $(store_test_cflags)
test_store_intake_LDADD = $(store_test_libs)
test_store_case_SOURCES = tests/unit/test_store_case.c tests/unit/test_store_support.h
test_store_case_CPPFLAGS = $(store_test_cppflags)
test_store_case_CFLAGS = $(store_test_cflags)
test_store_case_LDADD = $(store_test_libs)
test_store_mail_SOURCES = tests/unit/test_store_mail.c tests/unit/test_store_support.h
test_store_mail_CPPFLAGS = $(store_test_cppflags)
test_store_mail_CFLAGS = $(store_test_cflags)
test_store_mail_LDADD = $(store_test_libs)
test_store_small_SOURCES = tests/unit/test_store_small.c tests/unit/test_store_support.h
test_store_small_CPPFLAGS = $(store_test_cppflags)
test_store_small_CFLAGS = $(store_test_cflags)
test_store_small_LDADD = $(store_test_libs)
test_store_open_SOURCES = tests/unit/test_store_open.c tests/unit/test_store_support.h
test_store_open_CPPFLAGS = $(store_test_cppflags)
test_store_open_CFLAGS = $(store_test_cflags)
test_store_open_LDADD = $(store_test_libs)
test_store_tx_SOURCES = tests/unit/test_store_tx.c tests/unit/test_store_support.h
test_store_tx_CPPFLAGS = $(store_test_cppflags)
test_store_tx_CFLAGS = $(store_test_cflags)
test_store_tx_LDADD = $(store_test_libs)
test_store_sync_SOURCES = tests/unit/test_store_sync.c tests/unit/test_store_support.h
test_store_sync_CPPFLAGS = $(store_test_cppflags)
test_store_sync_CFLAGS = $(store_test_cflags)
test_store_sync_LDADD = $(store_test_libs)
endif
