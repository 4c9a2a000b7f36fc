/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading and checking templates, and the letters that ship with embargod. */
#include <config.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <embargod/case.h>
#include <embargod/file.h>
#include <embargod/template.h>
#include <embargod/template_vars.h>
#include <embargod/text.h>

static struct pool *pool;
static char *dir;

static void make_dir(const char *name)
{
  struct fault err = { 0 };
  ck_assert_msg(dir_make(path_join(pool, dir, name), 0700, &err) == ST_OK, "%s", err.text);
}

static void put_file(const char *name, const char *text)
{
  struct fault err = { 0 };
  ck_assert_msg(file_replace(path_join(pool, dir, name), bytes_str(text), 0600, &err) == ST_OK, "%s", err.text);
}

static void setup(void)
{
  pool = pool_new("t");
  const char *tmp = getenv("TMPDIR");
  dir = pool_printf(pool, "%s/templates.XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(dir));
  make_dir("en");
  make_dir("en/partials");
  make_dir("de");
}

static void teardown(void)
{
  struct bytes out;
  ck_assert_int_eq(command_output(pool, pool_printf(pool, "rm -rf \"%s\"", dir), 5000, 100, &out, NULL), ST_OK);
  pool_free(&pool);
}

static struct template_set *load(char ***errors)
{
  struct template_set *set;
  struct fault err = { 0 };
  enum status st = template_set_load(pool, dir, &set, errors, &err);
  ck_assert_int_eq(st, *errors ? ST_REJECT : ST_OK);
  return set;
}

#define HEAD "Subject: s\n\n{{reference_line}}\n"
static const struct {
  const char *text, *error; /* error NULL: fine */
} checks[] = {
  { HEAD "{{title}}", NULL },
  { HEAD "{{#products}}{{name}} {{versions}} {{title}}{{/products}}", NULL },
  { HEAD "{{#case}}{{id}}{{/case}}", NULL },
  { HEAD "{{#recipient.name}}{{recipient.name}}{{/recipient.name}}", NULL },
  { HEAD "{{> part}}", NULL },
  { "{{! note\nfor authors }}\n" HEAD, NULL },
  { HEAD "\n{{foo}}", "en/a.txt:5: unknown variable `foo`" },
  { "Subject: {{foo}}\n\n{{reference_line}}\n", "en/a.txt:1: unknown variable `foo`" },
  { HEAD "{{#products}}{{nome}}{{/products}}", "en/a.txt:4: unknown variable `nome`" },
  { HEAD "{{name}}", "en/a.txt:4: unknown variable `name`" },
  { HEAD "{{products.name}}", "en/a.txt:4: unknown variable `products.name`" },
  { HEAD "{{^products}}{{name}}{{/products}}", "en/a.txt:4: unknown variable `name`" },
  { HEAD "{{#oops}}x{{/oops}}", "en/a.txt:4: unknown variable `oops`" },
  { HEAD "{{.}}", "en/a.txt:4: unknown variable `.`" },
  { HEAD "{{> nopart}}", "en/a.txt:4: unknown partial `nopart`" },
  { HEAD "{{#title}}", "en/a.txt:4: section `title` is not closed" },
  { "Subject: s\nRequired: title, colour\n\n{{reference_line}}\n",
    "en/a.txt:2: unknown variable `colour` among the required ones" },
  { "{{reference_line}}\nHello\n", "en/a.txt:1: the first line must be `Subject: ...`" },
  { "Subject: s\n\nHello {{reference_line}}\n", "en/a.txt:3: the text must begin with {{reference_line}}" },
  { HEAD "\xff", "en/a.txt:1: the file is not UTF-8" },
};

START_TEST(checks_at_load_time)
{
  char **errors;
  put_file("en/partials/part.txt", "{{title}}\n");
  put_file("en/a.txt", checks[_i].text);
  load(&errors);
  if (!checks[_i].error) {
    ck_assert_msg(errors == NULL, "%s", errors ? errors[0] : "");
    return;
  }
  ck_assert_ptr_nonnull(errors);
  ck_assert_msg(strstr(errors[0], checks[_i].error) != NULL, "got: %s", errors[0]);
  ck_assert_ptr_null(errors[1]);
}
END_TEST

START_TEST(every_error_is_named)
{
  char **errors;
  put_file("en/a.txt", HEAD "{{one}}\n{{two}}\n");
  put_file("de/a.txt", HEAD "{{three}}\n");
  load(&errors);
  size_t n = 0;
  while (errors && errors[n])
    n++;
  ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(an_empty_folder_is_an_error)
{
  char **errors;
  load(&errors);
  ck_assert_ptr_nonnull(errors);
  ck_assert_ptr_nonnull(strstr(errors[0], "there is no template"));
}
END_TEST

START_TEST(language_falls_back_and_missing_is_named)
{
  char **errors, **missing;
  put_file(
      "en/a.txt",
      "Subject: [{{case.id}}]  {{title}}\nRequired: title, product, case.id\n\n{{reference_line}}\nen {{title}}\n");
  put_file("en/b.txt", "Subject: only english\n\n{{reference_line}}\n");
  put_file("de/a.txt", "Subject: de\n\n{{reference_line}}\nde {{title}}\n");
  struct template_set *set = load(&errors);
  ck_assert_ptr_null(errors);
  ck_assert(template_set_has(set, "a") && !template_set_has(set, "c"));
  struct tvalue *data = tvalue_object(pool);
  struct template_letter out;
  struct fault err = { 0 };
  tvalue_sets(pool, data, "title", "T\r\nBcc: x@y {{case.id}}");
  ck_assert_int_eq(template_letter(pool, set, "a", "en", data, &out, &missing, &err), ST_DENIED);
  ck_assert_str_eq(missing[0], "product");
  ck_assert_str_eq(missing[1], "case.id");
  ck_assert_ptr_null(missing[2]);
  ck_assert_ptr_null(out.text);
  tvalue_sets(pool, data, "product", "P");
  template_put(pool, data, "case.id", "E-1");
  ck_assert_int_eq(template_letter(pool, set, "a", "en", data, &out, &missing, &err), ST_OK);
  ck_assert_str_eq(out.subject, "[E-1]  T  Bcc: x@y {{case.id}}");
  ck_assert_str_eq(out.text, "\nen T\r\nBcc: x@y {{case.id}}\n");
  ck_assert_int_eq(template_letter(pool, set, "a", "de", data, &out, &missing, &err), ST_OK);
  ck_assert_str_eq(out.subject, "de");
  ck_assert_int_eq(template_letter(pool, set, "b", "de", data, &out, &missing, &err), ST_OK);
  ck_assert_str_eq(out.subject, "only english");
  ck_assert_int_eq(template_letter(pool, set, "none", "de", data, &out, &missing, &err), ST_REJECT);
}
END_TEST

/* ---- the letters that ship ---- */

static struct template_set *shipped(void)
{
  const char *top = getenv("top_srcdir");
  struct template_set *set;
  struct fault err = { 0 };
  char **errors;
  enum status st = template_set_load(pool, path_join(pool, top ? top : ".", "templates"), &set, &errors, &err);
  ck_assert_msg(st == ST_OK, "%s", errors ? errors[0] : err.text);
  return set;
}

static struct conf *house(void)
{
  struct conf *c = pool_new_of(pool, struct conf);
  static const struct conf_product product = { "Infusomat", "medical", "K123456", "Acme Medical", 0 };
  *c = (struct conf){ .organisation = "Acme Medical",
                      .address = "security@acme.example",
                      .contact = "Ann Bee, +1 555 0100",
                      .policy_url = "https://acme.example/security",
                      .embargo_days = 90 };
  c->product = pool_new_of(pool, struct conf_product);
  c->product[0] = product;
  c->product_count = 1;
  return c;
}

static void field(struct vuln_case *vc, const char *name, const char *value, const char *extra)
{
  case_set(pool, vc, &(struct case_field){ .name = name, .value = value, .extra = extra, .by = "ann" });
}

static struct vuln_case *example(bool full)
{
  struct vuln_case *vc = case_new(pool);
  vc->id = "EMB-2026-0001";
  vc->channel = "mail";
  vc->rm = RM_ACCEPTED;
  vc->em = EM_ACTIVE;
  vc->cs = 1u << CS_VENDOR_AWARE | 1u << CS_ATTACKS;
  vc->opened_at = 1767258000; /* 2026-01-01 09:00 */
  vc->cs_at[CS_ATTACKS] = 1767258000;
  vc->embargo_until = 1775034000; /* 2026-04-01 09:00 */
  if (!full)
    return vc;
  field(vc, "title", "Overflow in the pump's web service", "");
  field(vc, "product", "Infusomat", "1.0 to 1.4");
  field(vc, "description", "A long header field overwrites the stack.", "");
  field(vc, "component", "libweb", "");
  field(vc, "tlp", "amber+strict", "");
  return vc;
}

static struct tvalue *letter_vars(bool full, const char *language)
{
  struct tvalue *v = template_case_vars(pool, example(full), house(), 1767344400, language);
  template_put(pool, v, "reference_line", "-- write above this line -- Ref: EMB-2026-0001/abcd --");
  template_put(pool, v, "text", "The analyst's words.");
  template_put(pool, v, "report_text", "SECRET-OF-THE-REPORT");
  template_put(pool, v, "report_subject", "SECRET-SUBJECT");
  template_put(pool, v, "recipient.name", "");
  template_put(pool, v, "key_fpr", "ABCD 1234");
  template_put(pool, v, "key.raw", "ABCD1234");
  template_put(pool, v, "release.token", "abcdefghijklmnop");
  template_put(pool, v, "release.what", "notify");
  template_put(pool, v, "release.by", "alice");
  template_put(pool, v, "release.made", "2026-01-02 09:00 UTC");
  template_put(pool, v, "release.expires", "2026-01-09 09:00 UTC");
  static const char *const more[] = { "quarantine.id", "quarantine.sender", "quarantine.received",
                                      "due.name", "due.title", "due.at", "due.began", "due.source", "reason",      "bounce.recipient",  "bounce.id",
                                      "bounce.letter", "bounce.diagnostic", "key.owner",
                                      "key.problem",   "copy.from",         "copy.to",
                                      "copy.kind",     "copy.subject",
                                      "embargo.until", "embargo.proposed", "embargo.ended", "embargo.by", "embargo.by_us",
                                      "embargo.was_accepted", "embargo.proposed_by",
                                      "publication.version", "publication.at", "publication.url", "publication.text_url", "publication.csaf_url", "publication.token", "publication.first",
                                      "publication.told", "publication.wishes", "publication.problem",
                                      "party.role", "party.status", "party.key", "party.accepted", "party.waiting_since", "entitled",
                                      "show_status", "show_key", "show_help", "no_key", "key_waits", "key_counts", "below", "chase.who", "chase.role", "chase.since", "chase.days" };
  for (size_t i = 0; i < ARRAY_LEN(more); i++)
    template_put(pool, v, more[i], "x");
  struct tvalue *verb = template_add_row(pool, v, "verbs");
  tvalue_sets(pool, verb, "line", "#embargo accept");
  tvalue_setb(pool, verb, "done", true);
  struct tvalue *event = template_add_row(pool, v, "events");
  tvalue_sets(pool, event, "at", "2026-01-02 09:00 UTC");
  tvalue_sets(pool, event, "text", "what happened");
  return v;
}

static const char *letter(const char *name, const char *language, struct tvalue *v, const char **subject)
{
  struct template_letter out;
  struct fault err = { 0 };
  char **missing;
  enum status st = template_letter(pool, shipped(), name, language, v, &out, &missing, &err);
  ck_assert_msg(st == ST_OK, "%s: %s", name, err.text);
  if (subject)
    *subject = out.subject;
  return out.text;
}

static const char *const names[] = {
  "ack/full",
  "ack/content-free",
  "ack/undecryptable",
  "reply/plain",
  "reply/status",
  "reply/thanks",
  "reply/duplicate",
  "notices/fda",
  "notices/cisa",
  "notices/isac",
  "notices/customer",
  "notices/supplier",
  "notices/cra-early-warning",
  "notices/cra-notification",
  "notices/cra-final-report",
  "embargo/proposed",
  "embargo/accepted",
  "embargo/rejected",
  "embargo/new-date",
  "embargo/terminated",
  "embargo/ended",
  "embargo/invited",
  "internal/embargo",
  "internal/publication",
  "internal/published",
  "internal/publication-trouble",
  "publication/notice",
  "publication/reporter",
  "party/answer",
  "party/ask",
  "party/chase",
  "party/details",
  "party/invitation",
  "party/removed",
  "internal/chase",
  "internal/forward",
  "internal/receipt",
  "internal/stub",
  "internal/key-failed",
  "internal/quarantine",
  "internal/bounce",
  "internal/unsent",
  "internal/reminder",
  "internal/filing",
  "internal/key-watch",
  "internal/key-revoked",
  "internal/release",
  "internal/release-expired",
  "internal/new-key",
  "internal/unsigned-analyst",
  "internal/copy",
  "internal/event",
};

/* Every shipped letter, in both languages: renders, opens with the reference line, keeps its lines short, has no odd
 * gaps. */
START_TEST(shipped_letters_read_well)
{
  static const char *const languages[] = { "en", "de" };
  for (size_t l = 0; l < ARRAY_LEN(languages); l++) {
    struct tvalue *v = letter_vars(true, languages[l]);
    if (strstr(names[_i], "final-report")) { /* the one notice that must have them */
      template_put(pool, v, "impact", "any dose");
      template_put(pool, v, "score", "9.8");
    }
    const char *subject, *text = letter(names[_i], languages[l], v, &subject);
    ck_assert_msg(strncmp(text, "-- write above this line", 24) == 0, "%s", names[_i]);
    ck_assert_uint_gt(strlen(subject), 5);
    ck_assert_msg(strstr(text, "\n\n\n") == NULL, "%s/%s: two empty lines\n%s", languages[l], names[_i], text);
    ck_assert_msg(strstr(text, "{{") == NULL && strstr(text, "}}") == NULL, "%s", names[_i]);
    struct bytes rest = bytes_str(text), line;
    while (bytes_next_line(&rest, &line)) {
      size_t width = 0;
      for (size_t off = 0; off < line.len; width++)
        utf8_next(line, &off);
      ck_assert_msg(width <= 76, "%s/%s: %.*s", languages[l], names[_i], (int)line.len, line.p);
      ck_assert_msg(!line.len || line.p[line.len - 1] != ' ', "%s/%s: trailing blank: %.*s", languages[l], names[_i],
                    (int)line.len, line.p);
    }
  }
}
END_TEST

START_TEST(the_program_has_all_its_letters)
{
  const char **missing = template_set_missing(pool, shipped());
  ck_assert_msg(missing[0] == NULL, "%s", missing[0] ? missing[0] : "");
}
END_TEST

static const char *const acks[] = { "ack/full", "ack/content-free", "ack/undecryptable", "reply/status",
                                    "reply/thanks", "reply/duplicate", "party/invitation", "party/chase" };

/* What goes out without encryption says nothing of the report. */
START_TEST(clear_letters_hold_nothing_of_the_report)
{
  static const char *const languages[] = { "en", "de" };
  for (size_t l = 0; l < ARRAY_LEN(languages); l++) {
    struct tvalue *v = letter_vars(true, languages[l]);
    template_put(pool, v, "recipient.name", "SECRET-NAME");
    const char *subject, *text = letter(acks[_i], languages[l], v, &subject);
    ck_assert_ptr_null(strstr(text, "SECRET-OF"));
    ck_assert_ptr_null(strstr(text, "SECRET-SUBJECT"));
    ck_assert_ptr_null(strstr(text, "pump"));
    ck_assert_ptr_null(strstr(subject, "pump"));
    if (_i == 1 || _i == 2)
      ck_assert_ptr_null(strstr(text, "SECRET-NAME"));
  }
}
END_TEST

static const struct {
  const char *name;
  size_t missing;
} notices[] = { { "notices/fda", 4 },
                { "notices/cisa", 4 },
                { "notices/isac", 4 },
                { "notices/customer", 4 },
                { "notices/supplier", 5 } };

START_TEST(notices_name_what_is_missing)
{
  struct template_letter out;
  struct fault err = { 0 };
  char **missing;
  struct tvalue *v = letter_vars(false, "en");
  ck_assert_int_eq(template_letter(pool, shipped(), notices[_i].name, "en", v, &out, &missing, &err), ST_DENIED);
  static const char *const expected[] = { "title", "product", "versions", "description", "component" };
  for (size_t i = 0; i < notices[_i].missing; i++)
    ck_assert_str_eq(missing[i], expected[i]);
  ck_assert_ptr_null(missing[notices[_i].missing]);
}
END_TEST

START_TEST(notices_say_what_they_must)
{
  const char *subject, *text = letter(notices[_i].name, "en", letter_vars(true, "en"), &subject);
  ck_assert_ptr_nonnull(strstr(subject, "TLP:AMBER+STRICT"));
  ck_assert_ptr_nonnull(strstr(text, "\nTLP:AMBER+STRICT\n"));
  static const char *const all[] = { "EMB-2026-0001",        "Infusomat",
                                     "1.0 to 1.4",           "A long header field",
                                     "2026-01-01 09:00 UTC", "attacks have been observed",
                                     "2026-04-01 09:00 UTC", "Ann Bee" };
  for (size_t i = 0; i < ARRAY_LEN(all); i++)
    ck_assert_msg(strstr(text, all[i]) != NULL, "%s lacks %s\n%s", notices[_i].name, all[i], text);
  if (_i < 4)
    ck_assert_ptr_nonnull(strstr(text, "not yet assessed"));
  if (_i == 0)
    ck_assert_ptr_nonnull(strstr(text, "K123456"));
}
END_TEST

/* Every shipped form, in both languages: its fields in the same order with the same variables, each required one empty
 * without facts, none without a template, and a command or the configuration to fill it. */
START_TEST(forms_are_whole)
{
  const char **form = template_names(pool, shipped(), "filings/");
  size_t count = 0;
  for (; form[count]; count++) {
    struct template_form en, de, empty;
    struct fault err = { 0 };
    const char *name = pool_printf(pool, "filings/%s", form[count]);
    ck_assert_msg(template_form(pool, shipped(), name, "en", letter_vars(true, "en"), &en, &err) == ST_OK, "%s", err.text);
    ck_assert_msg(template_form(pool, shipped(), name, "de", letter_vars(true, "de"), &de, &err) == ST_OK, "%s", err.text);
    ck_assert_msg(template_form(pool, shipped(), name, "en", tvalue_object(pool), &empty, &err) == ST_OK, "%s", err.text);
    ck_assert_uint_eq(en.count, de.count);
    ck_assert_uint_gt(en.count, 9);
    ck_assert_str_ne(en.title, de.title);
    ck_assert_ptr_nonnull(strstr(en.note, "Portal: "));
    for (size_t i = 0; i < en.count; i++) {
      ck_assert_str_ne(en.field[i].label, "");
      ck_assert_msg(*en.field[i].variable, "%s: %s has no variable", name, en.field[i].label);
      ck_assert_str_eq(en.field[i].variable, de.field[i].variable);
      ck_assert_int_eq(en.field[i].required, de.field[i].required);
      ck_assert_msg(!strstr(en.field[i].value, "==") && !strstr(en.field[i].value, "{{"), "%s", en.field[i].value);
    }
    ck_assert_str_eq(empty.field[0].value, "");
  }
  ck_assert_uint_eq(count, 6);
}
END_TEST

START_TEST(a_form_fills_in_what_is_known)
{
  struct template_form f;
  struct fault err = { 0 };
  struct tvalue *v = letter_vars(true, "en");
  template_put(pool, v, "field.member-states", "DE, FR");
  ck_assert_int_eq(template_form(pool, shipped(), "filings/cra-early-warning", "fr", v, &f, &err), ST_OK);
  const char *known = NULL;
  for (size_t i = 0; i < f.count; i++)
    if (!strcmp(f.field[i].variable, "field.member-states"))
      known = f.field[i].value;
  ck_assert_str_eq(known, "DE, FR");
  ck_assert_int_eq(template_form(pool, shipped(), "notices/fda", "en", v, &f, &err), ST_REJECT);
  ck_assert_int_eq(template_form(pool, shipped(), "filings/none", "en", v, &f, &err), ST_REJECT);
  const char **answer = template_answer_names(pool, shipped());
  size_t at = 0;
  while (answer[at] && strcmp(answer[at], "member-states"))
    at++;
  ck_assert_ptr_nonnull(answer[at]);
  struct template_use *use;
  size_t uses = template_answer_uses(pool, shipped(), "fda-registration", &use);
  ck_assert_uint_eq(uses, 1);
  ck_assert_str_eq(use[0].name, "filings/fda-806");
  ck_assert(use[0].required);
  uses = template_answer_uses(pool, shipped(), "actor", &use); /* the form, and the notice of the same name */
  ck_assert_uint_eq(uses, 2);
  ck_assert(!use[0].required && !use[1].required);
  ck_assert_uint_eq(template_answer_uses(pool, shipped(), "nonsense", &use), 0);
  ck_assert_str_eq(template_form_language(shipped(), "filings/fda-806", "de"), "en"); /* FDA reads English */
  ck_assert_str_eq(template_form_language(shipped(), "filings/mdr-mir", "de"), "de");
}
END_TEST

START_TEST(forward_warns_in_its_first_lines)
{
  struct tvalue *v = letter_vars(true, "en");
  tvalue_setb(pool, v, "arrived_clear", true);
  template_put(pool, v, "reporter.address", "r@x.example");
  struct tvalue *row = template_add_row(pool, v, "attachments");
  tvalue_sets(pool, row, "name", "poc.zip");
  tvalue_sets(pool, row, "type", "application/zip");
  tvalue_sets(pool, row, "size", template_size(pool, 50000));
  const char *text = letter("internal/forward", "en", v, NULL);
  const char *second = strchr(text, '\n') + 1;
  ck_assert_msg(strncmp(second, "ARRIVED IN CLEAR; sender not authenticated\n", 43) == 0, "%s", text);
  ck_assert_ptr_nonnull(strstr(text, "Attachment:  poc.zip (application/zip, 49 KiB)\n"));
  ck_assert_ptr_nonnull(strstr(text, "----- report, as written -----\n\nSECRET-OF-THE-REPORT\n"));
}
END_TEST

START_TEST(a_receipt_marks_each_line)
{
  struct tvalue *v = letter_vars(true, "en");
  tvalue_setb(pool, v, "failed", true);
  template_put(pool, v, "text", "");
  for (int i = 0; i < 2; i++) {
    struct tvalue *row = template_add_row(pool, v, "receipt_lines");
    tvalue_sets(pool, row, "line", i ? "#frob" : "#take");
    tvalue_setb(pool, row, "ok", !i);
    tvalue_sets(pool, row, "reason", i ? "there is no such command; did you mean #drop?" : "");
  }
  const char *subject, *text = letter("internal/receipt", "en", v, &subject);
  ck_assert_str_eq(subject, "[EMB-2026-0001] Nothing was changed");
  ck_assert_ptr_nonnull(strstr(text, "\nok      #take\nFAILED  #frob\n        there is no such command"));
  tvalue_setb(pool, v, "asked_only", true);
  struct tvalue *row = template_add_row(pool, v, "receipt_lines");
  tvalue_sets(pool, row, "line", "#tag x");
  tvalue_setb(pool, row, "skipped", true);
  text = letter("internal/receipt", "en", v, &subject);
  ck_assert_str_eq(subject, "[EMB-2026-0001] Receipt");
  ck_assert_ptr_null(strstr(text, "NOTHING"));
  ck_assert_ptr_nonnull(strstr(text, "\nskipped #tag x\n"));
}
END_TEST

/* What a reporter reads of a case's state: it follows the report and what has happened. */
static const struct {
  enum rm_state rm;
  unsigned cs;
  bool withdrawn;
  const char *state, *next;
} stands[] = {
  { RM_RECEIVED, 0, false, "received, not yet assessed", "We will check whether" },
  { RM_RECEIVED, 0, true, "withdrawn by whoever reported it", "We decide whether to go on" },
  { RM_VALID, 0, false, "confirmed", "We are deciding" },
  { RM_ACCEPTED, 0, false, "work on a fix is under way", "before anything is published" },
  { RM_ACCEPTED, 0, true, "work on a fix is under way", "before anything is published" },
  { RM_ACCEPTED, 1u << CS_FIX_READY, false, "confirmed, a fix is ready", "before anything is published" },
  { RM_ACCEPTED, 1u << CS_FIX_READY | 1u << CS_FIX_DEPLOYED, false, "confirmed, the fix is out", "before anything is published" },
  { RM_ACCEPTED, 1u << CS_PUBLIC_AWARE, false, "work on a fix is under way", "It is public." },
  { RM_ACCEPTED, 1u << CS_FIX_READY | 1u << CS_FIX_DEPLOYED | 1u << CS_PUBLIC_AWARE, false, "the fix is out", "It is public." },
  { RM_CLOSED, 1u << CS_FIX_DEPLOYED | 1u << CS_PUBLIC_AWARE, true, "closed", "anything to add" },
};

START_TEST(a_state_follows_what_happened)
{
  AUTO(pool_freep) struct pool *own = pool_new("t");
  struct conf c = { .organisation = "x", .address = "x@y.example", .zone = "UTC" };
  struct vuln_case *vc = case_new(own);
  vc->rm = stands[_i].rm;
  vc->cs = stands[_i].cs;
  (void)case_add_party(own, vc, &(struct party){ .role = PARTY_REPORTER, .address = "r@x.example", .token = "r",
                                                 .status = stands[_i].withdrawn ? PARTY_WITHDRAWN : PARTY_PLAIN });
  const struct tvalue *v = tvalue_get(template_case_vars(own, vc, &c, 1800000000, "en"), "case");
  ck_assert_ptr_nonnull(strstr(tvalue_text(tvalue_get(v, "state")), stands[_i].state));
  ck_assert_ptr_nonnull(strstr(tvalue_text(tvalue_get(v, "next")), stands[_i].next));
}
END_TEST

START_TEST(words_come_in_the_language)
{
  ck_assert_ptr_nonnull(
      strstr(letter("reply/status", "de", letter_vars(true, "de"), NULL), "bestätigt, eine Korrektur ist in Arbeit"));
  ck_assert_ptr_nonnull(
      strstr(letter("reply/status", "fr", letter_vars(true, "fr"), NULL), "work on a fix is under way"));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("template_set");
  TCase *t = tcase_create("load");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, checks_at_load_time, 0, (int)ARRAY_LEN(checks));
  tcase_add_test(t, every_error_is_named);
  tcase_add_test(t, an_empty_folder_is_an_error);
  tcase_add_test(t, language_falls_back_and_missing_is_named);
  tcase_add_loop_test(t, shipped_letters_read_well, 0, (int)ARRAY_LEN(names));
  tcase_add_test(t, the_program_has_all_its_letters);
  tcase_add_loop_test(t, clear_letters_hold_nothing_of_the_report, 0, (int)ARRAY_LEN(acks));
  tcase_add_loop_test(t, notices_name_what_is_missing, 0, (int)ARRAY_LEN(notices));
  tcase_add_loop_test(t, notices_say_what_they_must, 0, (int)ARRAY_LEN(notices));
  tcase_add_test(t, forms_are_whole);
  tcase_add_test(t, a_form_fills_in_what_is_known);
  tcase_add_test(t, forward_warns_in_its_first_lines);
  tcase_add_test(t, a_receipt_marks_each_line);
  tcase_add_test(t, words_come_in_the_language);
  tcase_add_loop_test(t, a_state_follows_what_happened, 0, (int)ARRAY_LEN(stands));
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
