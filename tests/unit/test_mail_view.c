/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses, dates, the outer view, automatic mail, Autocrypt. */
#include <config.h>
#include <string.h>
#include <embargod/mail.h>
#include "tests/support/letter_table.h"

static struct pool *pool;
static void setup(void)
{
  pool = pool_new("t");
}
static void teardown(void)
{
  pool_free(&pool);
}

/* ---- addresses ---- */
static const struct {
  const char *in, *out; /* NULL: refused */
} addresses[] = {
  { "Ann@Example.ORG", "Ann@example.org" },
  { " <ann@example.org> ", "ann@example.org" },
  { "mailto:ann@example.org", "ann@example.org" },
  { "ann+tag=x@example.org.", "ann+tag=x@example.org" },
  { "root@localhost", "root@localhost" },
  { "jörg@bücher.example", "jörg@bücher.example" },
  { "a!#$%&'*+/=?^_`{|}~-b@x.example", "a!#$%&'*+/=?^_`{|}~-b@x.example" },
  { "", NULL },
  { "ann", NULL },
  { "@example.org", NULL },
  { "ann@", NULL },
  { "ann@-x.example", NULL },
  { "ann@x-.example", NULL },
  { "ann@x..example", NULL },
  { "a..b@x.example", NULL },
  { ".a@x.example", NULL },
  { "-oQ/tmp@x.example", NULL },
  { "ann@x.example\r\nRCPT TO:<evil@x.example>", NULL },
  { "ann\n@x.example", NULL },
  { "ann smith@x.example", NULL },
  { "\"ann smith\"@x.example", NULL },
  { "<a@b><c@d>", NULL },
  { "a@b@c", NULL },
  { "ann@[127.0.0.1]", NULL },
  { "ann@x_y.example", NULL },
  { "\xff@x.example", NULL },
  { "a\xe2\x80\xae@x.example", NULL },
  { "a\xc2\x85@x.example", NULL },
};

START_TEST(guards_addresses)
{
  const char *out = mail_address_normal(pool, addresses[_i].in);
  if (addresses[_i].out)
    ck_assert_pstr_eq(out, addresses[_i].out);
  else
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(long_addresses_are_refused)
{
  char *local = pool_alloc(pool, 70), *domain = pool_alloc(pool, 300);
  memset(local, 'a', 65);
  ck_assert_ptr_null(mail_address_normal(pool, pool_printf(pool, "%s@x.example", local)));
  local[64] = '\0';
  ck_assert_ptr_nonnull(mail_address_normal(pool, pool_printf(pool, "%s@x.example", local)));
  for (int i = 0; i < 250; i++)
    domain[i] = i % 50 == 49 ? '.' : 'd';
  domain[249] = 'd';
  ck_assert_ptr_null(mail_address_normal(pool, pool_printf(pool, "abcdef@%s", domain)));
}
END_TEST

static const struct {
  const char *in, *expected; /* "name|address;..." */
} lists[] = {
  { "Ann <ann@x.example>, bob@x.example", "Ann|ann@x.example;|bob@x.example;" },
  { "\"Bee, Ann\" <ann@x.example>", "Bee, Ann|ann@x.example;" },
  { "\"a \\\"q\\\" b\" <ann@x.example>", "a \"q\" b|ann@x.example;" },
  { "ann@x.example (Ann Bee)", "Ann Bee|ann@x.example;" },
  { "(c) Ann (d (e)) <ann@x.example> (f)", "Ann|ann@x.example;" },
  { "team: ann@x.example, Bob <bob@x.example>;, eve@x.example", "|ann@x.example;Bob|bob@x.example;|eve@x.example;" },
  { "undisclosed-recipients:;", "" },
  { "<@a.example,@b.example:ann@x.example>", "|ann@x.example;" },
  { "ann @ x . example", "|ann@x.example;" },
  { "ann smith@x.example", "" },
  { "\"ann smith\"@x.example", "" },
  { "\"evil@x.example\" <ann@x.example>", "evil@x.example|ann@x.example;" },
  { "ann@x.example <bob@x.example>", "ann@x.example|bob@x.example;" },
  { ",,, ;;", "" },
  { "\"unclosed <ann@x.example>", "" },
  { "(unclosed ann@x.example", "" },
  { "<ann@x.example", "|ann@x.example;" },
  { "Ann\r\n Bee <ann@x.example>", "Ann Bee|ann@x.example;" },
};

START_TEST(reads_address_lists)
{
  struct mail_address *out;
  size_t n = mail_addresses(pool, lists[_i].in, &out);
  struct buf b = buf_new(pool, 100);
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "%s|%s;", out[i].name, out[i].address);
  ck_assert_str_eq(buf_str(&b), lists[_i].expected);
}
END_TEST

START_TEST(plus_tokens)
{
  const char *base = "security@acme.example";
  ck_assert_pstr_eq(mail_plus_token(pool, "Security+aBc-9@ACME.example", base), "aBc-9");
  ck_assert_ptr_null(mail_plus_token(pool, "security@acme.example", base));
  ck_assert_ptr_null(mail_plus_token(pool, "security+@acme.example", base));
  ck_assert_ptr_null(mail_plus_token(pool, "security+a@evil.example", base));
  ck_assert_ptr_null(mail_plus_token(pool, "securityx+a@acme.example", base));
  ck_assert_ptr_null(mail_plus_token(pool, "security+a'b@acme.example", base));
  ck_assert_str_eq(mail_plus_address(pool, base, "tok"), "security+tok@acme.example");
  ck_assert_str_eq(mail_plus_address(pool, base, ""), base);
  ck_assert_str_eq(mail_plus_address(pool, base, "a@b"), base);
}
END_TEST

/* ---- dates ---- */
static const struct {
  const char *in;
  int64_t out;
} dates[] = {
  { "Thu, 1 Jan 2026 09:00:00 +0000", 1767258000 },
  { "1 Jan 2026 10:00 +0100", 1767258000 },
  { "Thu, 01 Jan 2026 09:00:00 GMT", 1767258000 },
  { "Thu, 01 Jan 2026 04:00:00 EST", 1767258000 },
  { "thu (x), 1 (y) jan 2026 09:00:00 -0000 (UTC)", 1767258000 },
  { "1 Jan 26 09:00:00 +0000", 1767258000 },
  { "Thursday, 01-Jan-2026 09:00:00 +0000", 1767258000 },
  { "Thu, 29 Feb 2024 00:00:00 +0000", 1709164800 },
  { "Wed, 29 Feb 2023 00:00:00 +0000", 0 },
  { "Thu, 1 Jan 2026 25:00:00 +0000", 0 },
  { "Thu, 1 Jan 2026 09:00:00 +9999", 0 },
  { "Thu, 1 Foo 2026 09:00:00 +0000", 0 },
  { "Thu, 99999999999999 Jan 2026 09:00:00", 0 },
  { "2026-01-01T09:00:00Z", 0 },
  { "", 0 },
};

START_TEST(reads_dates)
{
  ck_assert_int_eq(mail_date_parse(dates[_i].in), dates[_i].out);
}
END_TEST

/* ---- the view ---- */
static struct mail_view view_of(const char *letter)
{
  struct mail_view v;
  mail_view(pool, letter_table(pool, letter), "mx.acme.example", &v);
  return v;
}

START_TEST(reads_a_usual_letter)
{
  struct mail_view v =
      view_of("Return-Path: <rita@x.example>\nDelivered-To: security+tok@acme.example\n"
              "From: =?utf-8?q?R=C3=ADta?= <Rita@X.example>\nTo: Security <security@acme.example>, b@x.example\n"
              "Reply-To: other@x.example\nSubject: =?utf-8?q?=C3=9Cberlauf?=\n in pump\nMessage-ID: <id1@x.example>\n"
              "In-Reply-To: <r3@acme.example>\nReferences: <r1@acme.example>\n <r2@acme.example> <r3@acme.example>\n"
              "Date: Thu, 1 Jan 2026 09:00:00 +0000\n\nhi\n");
  ck_assert_str_eq(v.from.address, "Rita@x.example");
  ck_assert_str_eq(v.from.name, "Ríta");
  ck_assert_str_eq(v.reply_to.address, "other@x.example");
  ck_assert_str_eq(v.subject, "Überlauf in pump");
  ck_assert_str_eq(v.message_id, "id1@x.example");
  ck_assert_str_eq(v.references[0], "r3@acme.example");
  ck_assert_str_eq(v.references[1], "r2@acme.example");
  ck_assert_str_eq(v.references[2], "r1@acme.example");
  ck_assert_ptr_null(v.references[3]);
  ck_assert_str_eq(v.recipients[0], "security+tok@acme.example");
  ck_assert_str_eq(v.recipients[1], "security@acme.example");
  ck_assert_str_eq(v.recipients[2], "b@x.example");
  ck_assert_int_eq(v.date, 1767258000);
  ck_assert_str_eq(v.return_path, "rita@x.example");
  ck_assert(!v.null_sender && !v.dmarc_pass);
}
END_TEST

START_TEST(a_bare_letter_gives_empty_strings)
{
  struct mail_view v = view_of("\nhi\n");
  ck_assert_str_eq(v.from.address, "");
  ck_assert_str_eq(v.from.name, "");
  ck_assert_str_eq(v.subject, "");
  ck_assert_str_eq(v.message_id, "");
  ck_assert_ptr_null(v.references[0]);
  ck_assert_ptr_null(v.recipients[0]);
  ck_assert_str_eq(v.autocrypt, "");
  ck_assert_str_eq(v.return_path, "");
}
END_TEST

/* An encoded word must not become syntax. */
static const struct {
  const char *from, *address;
} spoofs[] = {
  { "=?utf-8?q?ceo=40bank.example=2C?= <evil@x.example>", "evil@x.example" },
  { "=?utf-8?q?ceo_=3Cceo=40bank.example=3E=2C?= <evil@x.example>", "evil@x.example" },
  { "=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?=", "" },
  { "\"ceo@bank.example\" <evil@x.example>", "evil@x.example" },
  { "evil@x.example, ceo@bank.example", "evil@x.example" },
  { "ceo@bank.example\n\t<evil@x.example>", "evil@x.example" },
};

START_TEST(encoded_words_are_no_syntax)
{
  struct mail_view v = view_of(pool_printf(pool, "From: %s\nSubject: x\n\nhi\n", spoofs[_i].from));
  ck_assert_str_eq(v.from.address, spoofs[_i].address);
}
END_TEST

START_TEST(subjects_are_clean)
{
  struct mail_view v = view_of("Subject: =?utf-8?q?a=0D=0ABcc:_x=E2=80=AEb?=\n\nhi\n");
  ck_assert_ptr_null(strpbrk(v.subject, "\r\n"));
  ck_assert_ptr_null(strstr(v.subject, "\xe2\x80\xae"));
}
END_TEST

START_TEST(references_are_capped)
{
  struct buf b = buf_new(pool, 10000);
  buf_adds(&b, "References:");
  for (int i = 0; i < 300; i++)
    buf_printf(&b, "\n <r%d@x.example>", i);
  buf_adds(&b, "\n\nhi\n");
  struct mail_view v = view_of(buf_str(&b));
  size_t n = 0;
  while (v.references[n])
    n++;
  ck_assert_uint_eq(n, 50);
  ck_assert_str_eq(v.references[0], "r299@x.example");
}
END_TEST

static const struct {
  const char *field;
  bool pass;
} auth[] = {
  { "Authentication-Results: mx.acme.example; dmarc=pass header.from=x.example", true },
  { "Authentication-Results: mx.acme.example 1; spf=fail; dmarc=pass (p=none) header.from=x.example", true },
  { "Authentication-Results: MX.acme.example;\n\tdkim=pass header.d=x.example;\n\tdmarc=pass", true },
  { "Authentication-Results: mx.acme.example; dmarc=pass header.from=other.example", false },
  { "Authentication-Results: mx.acme.example; dmarc=fail header.from=x.example", false },
  { "Authentication-Results: mx.acme.example; dmarc=passed header.from=x.example", false },
  { "Authentication-Results: mx.acme.example; dkim=pass (dmarc=pass) header.d=x.example", false },
  { "Authentication-Results: mx.acme.example; dkim=fail reason=\"x; dmarc=pass header.from=x.example\"", false },
  { "Authentication-Results: evil.example; dmarc=pass header.from=x.example", false },
  { "Authentication-Results: mx.acme.example.evil; dmarc=pass header.from=x.example", false },
  { "Authentication-Results: mx.acme.example; dmarc=fail header.from=x.example\n"
    "Authentication-Results: mx.acme.example; dmarc=pass header.from=x.example",
    false },
  { "Authentication-Results: evil.example; dmarc=fail\nAuthentication-Results: mx.acme.example; dmarc=pass "
    "header.from=x.example",
    true },
  { "X-Y: z", false },
};

START_TEST(reads_authentication_results)
{
  struct mail_view v = view_of(pool_printf(pool, "%s\nFrom: a@x.example\n\nhi\n", auth[_i].field));
  ck_assert_int_eq(v.dmarc_pass, auth[_i].pass);
}
END_TEST

START_TEST(without_an_authserv_id_nothing_is_believed)
{
  struct mail_view v;
  mail_view(pool, letter_table(pool, "Authentication-Results: ; dmarc=pass\nFrom: a@x.example\n\nhi\n"), "", &v);
  ck_assert(!v.dmarc_pass);
  ck_assert_str_eq(v.auth_results, "");
}
END_TEST

/* ---- automatic mail ---- */
static const struct {
  const char *header;
  bool automatic;
} automatic[] = {
  { "From: rita@x.example", false },
  { "From: rita@x.example\nAuto-Submitted: no", false },
  { "From: rita@x.example\nAuto-Submitted: No (person)", false },
  { "From: rita@x.example\nAuto-Submitted: auto-replied", true },
  { "From: rita@x.example\nAuto-Submitted: nonsense", true },
  { "From: rita@x.example\nReturn-Path: <>", true },
  { "From: rita@x.example\nReturn-Path: <rita@x.example>", false },
  { "From: rita@x.example\nPrecedence: bulk", true },
  { "From: rita@x.example\nPrecedence: LIST", true },
  { "From: rita@x.example\nPrecedence: first-class", false },
  { "From: rita@x.example\nList-Id: <l.x.example>", true },
  { "From: rita@x.example\nX-Auto-Response-Suppress: DR, OOF, AutoReply", true },
  { "From: rita@x.example\nX-Auto-Response-Suppress: None", false },
  { "From: rita@x.example\nX-Autoreply: yes", true },
  { "From: rita@x.example\nX-Autoreply: no", false },
  { "From: rita@x.example\nX-Embargod-Case: EMB-2026-0001", true },
  { "From: rita@x.example\nContent-Type: multipart/report; boundary=x", true },
  { "From: MAILER-DAEMON@x.example", true },
  { "From: no-reply@x.example", true },
  { "From: NoReply-accounts@x.example", true },
  { "From: team-bounces@x.example", true },
  { "From: owner-list@x.example", true },
  { "From: norbert@x.example", false },
  { "From: bouncer@x.example", false },
  { "From: not an address", true },
  { "Subject: no From at all", true },
};

START_TEST(knows_automatic_mail)
{
  struct mail_view v;
  struct part_table *t = letter_table(pool, pool_printf(pool, "%s\n\nhi\n", automatic[_i].header));
  mail_view(pool, t, "", &v);
  const char *mark = mail_automatic(t, &v);
  ck_assert_msg((mark != NULL) == automatic[_i].automatic, "%s: %s", automatic[_i].header,
                mark ? mark : "not automatic");
}
END_TEST

START_TEST(spam_flags)
{
  ck_assert(mail_spam_flagged(letter_table(pool, "X-Spam-Flag: YES\n\nx\n")));
  ck_assert(mail_spam_flagged(letter_table(pool, "X-Spam-Status: Yes, score=9\n\nx\n")));
  ck_assert(!mail_spam_flagged(letter_table(pool, "X-Spam-Status: No, score=1\n\nx\n")));
  ck_assert(!mail_spam_flagged(letter_table(pool, "Subject: x\n\nx\n")));
}
END_TEST

/* ---- Autocrypt ---- */
static const struct {
  const char *value;
  bool good;
} autocrypt[] = {
  { "addr=a@x.example; prefer-encrypt=mutual; keydata=AAEC", true },
  { "addr=A@X.example; keydata=AA EC", true },
  { "addr=a@x.example; _other=1; keydata=AAEC", true },
  { "addr=b@x.example; keydata=AAEC", false },
  { "addr=a@x.example; critical=1; keydata=AAEC", false },
  { "addr=a@x.example", false },
  { "addr=a@x.example; keydata=", false },
  { "addr=a@x.example; keydata=!!!", false },
  { "keydata=AAEC", false },
  { "", false },
  { ";;;=;", false },
};

START_TEST(reads_autocrypt)
{
  struct bytes key;
  bool good = mail_autocrypt_parse(pool, autocrypt[_i].value, "a@x.example", &key);
  ck_assert_int_eq(good, autocrypt[_i].good);
  if (good)
    ck_assert(bytes_eq(key, BYTES("\0\1\2")));
}
END_TEST

START_TEST(several_autocrypt_fields_count_for_nothing)
{
  ck_assert_str_ne(view_of("From: a@x.example\nAutocrypt: addr=b@x.example; keydata=AAEC\nAutocrypt: addr=a@x.example; "
                           "keydata=AAEC\n\nx\n")
                       .autocrypt,
                   "");
  ck_assert_str_eq(view_of("From: a@x.example\nAutocrypt: addr=a@x.example; keydata=AAED\nAutocrypt: addr=a@x.example; "
                           "keydata=AAEC\n\nx\n")
                       .autocrypt,
                   "");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mail_view");
  TCase *t = tcase_create("view");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, guards_addresses, 0, (int)ARRAY_LEN(addresses));
  tcase_add_test(t, long_addresses_are_refused);
  tcase_add_loop_test(t, reads_address_lists, 0, (int)ARRAY_LEN(lists));
  tcase_add_test(t, plus_tokens);
  tcase_add_loop_test(t, reads_dates, 0, (int)ARRAY_LEN(dates));
  tcase_add_test(t, reads_a_usual_letter);
  tcase_add_test(t, a_bare_letter_gives_empty_strings);
  tcase_add_loop_test(t, encoded_words_are_no_syntax, 0, (int)ARRAY_LEN(spoofs));
  tcase_add_test(t, subjects_are_clean);
  tcase_add_test(t, references_are_capped);
  tcase_add_loop_test(t, reads_authentication_results, 0, (int)ARRAY_LEN(auth));
  tcase_add_test(t, without_an_authserv_id_nothing_is_believed);
  tcase_add_loop_test(t, knows_automatic_mail, 0, (int)ARRAY_LEN(automatic));
  tcase_add_test(t, spam_flags);
  tcase_add_loop_test(t, reads_autocrypt, 0, (int)ARRAY_LEN(autocrypt));
  tcase_add_test(t, several_autocrypt_fields_count_for_nothing);
  suite_add_tcase(s, t);
  return letter_suite_run(s);
}
