# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libtemplate.a
libtemplate_a_SOURCES = src/template/template_case.c src/template/template_fields.c src/template/template_file.c src/template/template_parse.c \
	src/template/template_render.c src/template/template_set.c src/template/template_vars.c src/template/tvalue.c \
	src/template/template_private.h
TEMPLATE_ROOM = libtemplate.a $(CASE_ROOM) $(CONF_ROOM) $(BASE_ROOM)

# The letters: operators copy and change them (template_dir).
nobase_dist_pkgdata_DATA += templates/de/ack/content-free.txt templates/de/ack/full.txt \
	templates/de/ack/undecryptable.txt templates/de/notices/cisa.txt templates/de/notices/customer.txt \
	templates/de/notices/fda.txt templates/de/notices/isac.txt templates/de/notices/supplier.txt \
	templates/de/partials/answer.txt templates/de/partials/disclosure.txt templates/de/partials/fix.txt \
	templates/de/partials/footer.txt templates/de/partials/greeting.txt templates/de/partials/plan.txt \
	templates/de/partials/products.txt templates/de/partials/scores.txt templates/de/partials/tlp.txt \
	templates/de/reply/plain.txt templates/de/reply/status.txt templates/de/reply/thanks.txt templates/de/reply/duplicate.txt \
	templates/en/ack/content-free.txt templates/en/ack/full.txt templates/en/ack/undecryptable.txt \
	templates/en/internal/bounce.txt templates/en/internal/unsent.txt templates/en/internal/reminder.txt templates/en/internal/remind.txt \
	templates/en/internal/digest.txt templates/en/internal/clock.txt templates/de/internal/digest.txt templates/de/internal/clock.txt \
	templates/de/internal/reminder.txt templates/de/internal/remind.txt templates/en/internal/copy.txt templates/en/internal/event.txt \
	templates/en/internal/forward.txt templates/en/internal/key-failed.txt templates/en/internal/quarantine.txt \
	templates/en/internal/receipt.txt templates/en/internal/stub.txt templates/en/internal/unsigned-analyst.txt \
	templates/en/notices/cisa.txt templates/en/notices/customer.txt templates/en/notices/fda.txt \
	templates/en/notices/isac.txt templates/en/notices/supplier.txt templates/en/partials/answer.txt \
	templates/en/partials/disclosure.txt templates/en/partials/fix.txt templates/en/partials/footer.txt \
	templates/en/partials/greeting.txt templates/en/partials/plan.txt templates/en/partials/products.txt \
	templates/en/partials/scores.txt templates/en/partials/tlp.txt templates/en/reply/plain.txt \
	templates/en/reply/status.txt templates/en/reply/thanks.txt templates/en/reply/duplicate.txt
nobase_dist_pkgdata_DATA += templates/de/party/answer.txt templates/de/party/ask.txt templates/de/party/chase.txt \
	templates/de/party/details.txt templates/de/party/invitation.txt templates/en/party/answer.txt \
	templates/en/party/ask.txt templates/en/party/chase.txt templates/en/party/details.txt \
	templates/en/party/invitation.txt templates/en/party/removed.txt templates/de/party/removed.txt templates/en/internal/chase.txt

nobase_dist_pkgdata_DATA += templates/en/notices/cra-early-warning.txt \
	templates/en/notices/cra-notification.txt \
	templates/en/notices/cra-final-report.txt \
	templates/de/notices/cra-early-warning.txt \
	templates/de/notices/cra-notification.txt \
	templates/de/notices/cra-final-report.txt
nobase_dist_pkgdata_DATA += templates/de/filings/cisa-vince.txt \
	templates/de/filings/cra-early-warning.txt \
	templates/de/filings/cra-final-report.txt \
	templates/de/filings/cra-notification.txt \
	templates/de/filings/fda-806.txt templates/de/filings/mdr-mir.txt templates/en/filings/mdr-mir.txt \
	templates/en/filings/cisa-vince.txt \
	templates/en/filings/cra-early-warning.txt \
	templates/en/filings/cra-final-report.txt \
	templates/en/filings/cra-notification.txt \
	templates/en/filings/fda-806.txt \
	templates/en/internal/key-revoked.txt templates/de/internal/key-revoked.txt templates/en/internal/filing.txt templates/en/internal/key-watch.txt templates/de/internal/key-watch.txt \
	templates/en/internal/release.txt templates/de/internal/release.txt templates/en/internal/release-expired.txt \
	templates/de/internal/release-expired.txt \
	templates/en/internal/new-key.txt templates/de/internal/new-key.txt \
	templates/de/internal/filing.txt templates/de/internal/unsigned-analyst.txt templates/de/internal/stub.txt \
	templates/de/internal/quarantine.txt
nobase_dist_pkgdata_DATA += templates/en/embargo/proposed.txt templates/en/embargo/accepted.txt templates/en/embargo/rejected.txt \
	templates/en/embargo/new-date.txt templates/en/embargo/terminated.txt templates/en/embargo/ended.txt templates/en/embargo/invited.txt \
	templates/en/internal/embargo.txt templates/en/partials/embargo-answer.txt templates/en/partials/embargo-cause.txt \
	templates/de/embargo/proposed.txt templates/de/embargo/accepted.txt templates/de/embargo/rejected.txt \
	templates/de/embargo/new-date.txt templates/de/embargo/terminated.txt templates/de/embargo/ended.txt templates/de/embargo/invited.txt \
	templates/de/internal/embargo.txt templates/de/partials/embargo-answer.txt templates/de/partials/embargo-cause.txt

nobase_dist_pkgdata_DATA += templates/de/internal/publication.txt \
	templates/de/internal/publication-trouble.txt \
	templates/de/internal/published.txt \
	templates/de/publication/notice.txt \
	templates/de/publication/reporter.txt \
	templates/en/internal/publication.txt \
	templates/en/internal/publication-trouble.txt \
	templates/en/internal/published.txt \
	templates/en/publication/notice.txt \
	templates/en/publication/reporter.txt

EXTRA_DIST += tests/corpus/mustache-spec/LICENSE tests/corpus/mustache-spec/comments.json \
	tests/corpus/mustache-spec/interpolation.json tests/corpus/mustache-spec/inverted.json \
	tests/corpus/mustache-spec/sections.json

dist_man_MANS += src/template/embargod-templates.7
check_PROGRAMS += print_template_vars
print_template_vars_SOURCES = tests/style/print_template_vars.c
print_template_vars_LDADD = $(TEMPLATE_ROOM) $(CASE_ROOM) $(CONF_ROOM) $(BASE_ROOM)
dist_check_SCRIPTS += tests/style/template_vars_documented.sh
TESTS += tests/style/template_vars_documented.sh

if HAVE_CHECK
check_PROGRAMS += test_template_spec test_template_render test_template_set
test_template_spec_SOURCES = tests/unit/test_template_spec.c
test_template_spec_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
test_template_spec_LDADD = $(TEMPLATE_ROOM) $(BASE_ROOM) $(JANSSON_LIBS) $(UNIT_LIBS)
test_template_render_SOURCES = tests/unit/test_template_render.c
test_template_render_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_template_render_LDADD = $(TEMPLATE_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
test_template_set_SOURCES = tests/unit/test_template_set.c
test_template_set_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_template_set_LDADD = $(TEMPLATE_ROOM) $(CASE_ROOM) $(CONF_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_template_spec test_template_render test_template_set
endif

check_PROGRAMS += fuzz_template
fuzz_template_SOURCES = tests/fuzz/fuzz_template.c $(MAIN_OF_FUZZERS)
fuzz_template_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_template_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_template_LDADD = $(TEMPLATE_ROOM) $(CASE_ROOM) $(CONF_ROOM) $(BASE_ROOM)
if !FUZZ
TESTS += fuzz_template
endif
