# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libgate.a
libgate_a_SOURCES = src/gate/gate.c src/gate/gate_loop.c src/gate/gate_tx.c src/gate/gate_helpers.c src/gate/gate_ring.c \
	src/gate/gate_fetch.c src/gate/gate_run.c src/gate/gate_intake.c src/gate/gate_read.c src/gate/gate_reading.c \
	src/gate/gate_keys.c src/gate/gate_revoked.c src/gate/gate_decide.c src/gate/gate_report.c src/gate/gate_thread.c src/gate/gate_forward.c src/gate/gate_command.c src/gate/gate_receipt.c src/gate/gate_order.h src/gate/gate_bounce.c \
	src/gate/gate_work.c src/gate/gate_write.c src/gate/gate_seal.c src/gate/gate_spill.c src/gate/gate_commit.c src/gate/gate_effects.c \
	src/gate/gate_letters.c src/gate/gate_filing.c src/gate/gate_fields.c src/gate/gate_records.c src/gate/gate_pending.c src/gate/gate_stats.c src/gate/gate_releases.c src/gate/gate_key_effects.c src/gate/gate_effects.h \
	src/gate/gate_answer.c src/gate/gate_party.c src/gate/gate_outside.c src/gate/gate_chase.c src/gate/gate_outbox.c src/gate/gate_unsent.c src/gate/gate_clock.c src/gate/gate_digest.c src/gate/gate_keywatch.c src/gate/gate_keywatch.h src/gate/gate_due.c src/gate/gate_due.h src/gate/gate_due_know.c src/gate/gate_due_show.c src/gate/gate_due_words.c src/gate/gate_control.c src/gate/gate_verbs.c src/gate/gate_check.c \
	src/gate/gate_private.h
libgate_a_SOURCES += src/gate/gate_embargo.c src/gate/gate_embargo_end.c src/gate/gate_embargo.h
libgate_a_SOURCES += src/gate/gate_structure.c
libgate_a_SOURCES += src/gate/gate_advisory.c src/gate/gate_publish.h src/gate/gate_publish.c src/gate/gate_publish_make.c \
	src/gate/gate_publish_ask.c src/gate/gate_publish_tell.c src/gate/gate_publish_site.c
libgate_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
GATE_ROOM = libgate.a $(SITE_ROOM) $(ADVISORY_ROOM) $(STORE_ROOM) $(COMMAND_ROOM) $(CASE_ROOM) $(TEMPLATE_ROOM) $(MAIL_ROOM) $(PGP_ROOM) $(CONF_ROOM) $(WKD_ROOM) $(WIRE_ROOM) $(BASE_ROOM) $(JANSSON_LIBS)

# The whole daemon against mail servers, good and bad.
EXTRA_DIST += tests/support/daemon.py
dist_check_SCRIPTS += tests/integration/test_daemon_smtp.py tests/integration/test_daemon_imap.py \
	tests/integration/test_daemon_wkd.py
TESTS += tests/integration/test_daemon_smtp.py tests/integration/test_daemon_imap.py tests/integration/test_daemon_wkd.py
