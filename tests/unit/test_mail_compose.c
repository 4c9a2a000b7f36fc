/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What our letters may look like whatever the values are, and the last check. tests/integration/compose.py reads them
 * with other people's programs. */
#include <config.h>
#include <stdlib.h>
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

#define SEALED "-----BEGIN PGP MESSAGE-----\n\nhF4DAAAAAAAAAAASAQdA\n=AAAA\n-----END PGP MESSAGE-----\n"
#define SIG "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"

static struct mail_draft draft(void)
{
  return (struct mail_draft){ .from = { "Acme", "security@acme.example" },
                              .to = { "Rita", "rita@x.example" },
                              .subject = "[EMB-2026-0001] The secret title",
                              .outer_subject = "[EMB-2026-0001] ...",
                              .message_id = "id@acme.example",
                              .case_id = "EMB-2026-0001",
                              .auto_submitted = "auto-generated",
                              .date = 1767258000,
                              .text = "The secret text\n" };
}

static const char *const hostile[] = {
  "a\r\nBcc: evil@x.example",
  "a\nBcc: evil@x.example",
  "a\rBcc: evil@x.example",
  "\r\n\r\nbody",
  "\xe2\x80\xae"
  "evil",
  "\"; x=\"y",
  "=?utf-8?q?=0D=0ABcc:_evil?=",
  "\xff\xfe",
  "\x01\x1f\x7f",
  "   ",
  "",
  "<evil@x.example>",
  "a, b <c@d>, e",
  "\\",
};

/* Each of our own fields at most once, and none that is not ours. */
static bool mail_header_count_ok(const struct part_table *t)
{
  static const char *const once[] = { "From",
                                      "To",
                                      "Reply-To",
                                      "Subject",
                                      "Date",
                                      "Message-ID",
                                      "In-Reply-To",
                                      "References",
                                      "Content-Type",
                                      "MIME-Version",
                                      "Auto-Submitted",
                                      "X-Embargod-Case",
                                      "X-Auto-Response-Suppress" };
  uint32_t known = 0, outer = 0;
  for (size_t i = 0; i < ARRAY_LEN(once); i++) {
    known += parts_header(t, 0, once[i]) != NULL;
    if (parts_header_nth(t, 0, once[i], 1))
      return false;
  }
  while (parts_header_nth(t, 0, "HP-Outer", outer))
    outer++;
  return t->part[0].header_count == known + outer;
}

/* Every string of a draft takes every hostile value: header lines stay ours, the real parser finds what we meant and
 * nothing more. */
START_TEST(no_value_injects)
{
  static const char *const names[] = { "from", "to",   "reply-to", "subject", "outer", "id",  "irt",
                                       "case", "auto", "text",     "lang",    "file",  "type" };
  const char *v = hostile[_i];
  for (size_t f = 0; f < ARRAY_LEN(names); f++) {
    struct mail_draft d = draft();
    const char *refs[] = { f == 6 ? v : "r@x.example", NULL };
    struct mail_attachment a = { f == 11 ? v : "a.txt", f == 12 ? v : "text/plain", BYTES("attached"), 0 };
    const char **field[] = { &d.from.name,   &d.to.name, &d.reply_to,       &d.subject, &d.outer_subject, &d.message_id,
                             &d.in_reply_to, &d.case_id, &d.auto_submitted, &d.text,    &d.language };
    if (f < ARRAY_LEN(field))
      *field[f] = v;
    d.references = refs;
    d.attachment = &a;
    d.attachment_count = 1;
    struct bytes all[] = { mail_compose_content(pool, &d, true), mail_compose_content(pool, &d, false),
                           mail_compose_plain(pool, &d),
                           mail_compose_letter(pool, &d, true, (struct bytes){ 0 }, BYTES(SEALED), "pgp-sha512"),
                           mail_compose_letter(pool, &d, false, mail_compose_content(pool, &d, false), BYTES(SIG), v) };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
      struct part_table *t = letter_table_of(pool, all[i]);
      ck_assert_msg(!parts_header(t, 0, "Bcc"), "%s", names[f]);
      ck_assert_uint_eq(t->count, i == 3 ? 3 : i == 4 ? 5 : 3);
      ck_assert_msg(mail_header_count_ok(t), "%s: %.*s", names[f], (int)all[i].len, all[i].p);
      for (uint32_t p = 0; p < t->count; p++)
        ck_assert_msg(
            (t->part[p].repairs & (REPAIR_HEADER_BROKEN | REPAIR_BOUNDARY_MISSING | REPAIR_NO_CONTENT_TYPE)) == 0, "%s",
            names[f]);
    }
  }
}
END_TEST

START_TEST(a_frame_is_the_letter_without_its_middle)
{
  struct mail_draft d = draft();
  struct bytes head, tail, whole = mail_compose_letter(pool, &d, true, (struct bytes){ 0 }, BYTES(SEALED), NULL);
  mail_compose_frame(pool, &d, BYTES(SEALED), &head, &tail);
  struct buf b = buf_new(pool, whole.len);
  buf_add(&b, head);
  buf_crlf(&b, bytes_trim(BYTES(SEALED)));
  buf_add(&b, tail);
  ck_assert(bytes_eq(buf_bytes(&b), whole));
}
END_TEST

START_TEST(the_final_check_passes_ours)
{
  struct mail_draft d = draft();
  struct fault err = { 0 };
  struct bytes content = mail_compose_content(pool, &d, true);
  ck_assert_msg(mail_check_final(mail_compose_letter(pool, &d, true, content, BYTES(SEALED), NULL), &d, true, &err) ==
                    ST_OK,
                "%s", err.text);
  content = mail_compose_content(pool, &d, false);
  ck_assert_msg(mail_check_final(mail_compose_letter(pool, &d, false, content, BYTES(SIG), "pgp-sha512"), &d, false,
                                 &err) == ST_OK,
                "%s", err.text);
}
END_TEST

/* Replaces the first `from` in the letter by `to`. */
static struct bytes altered(struct bytes letter, const char *from, const char *to)
{
  size_t at = bytes_find(letter, bytes_str(from), 0);
  ck_assert_msg(at != SIZE_MAX, "%s", from);
  struct buf b = buf_new(pool, letter.len + strlen(to));
  buf_add(&b, bytes_sub(letter, 0, at));
  buf_adds(&b, to);
  buf_add(&b, bytes_sub(letter, at + strlen(from), letter.len));
  return buf_bytes(&b);
}

static const struct {
  const char *from, *to;
} alterations[] = {
  { "To: Rita <rita@x.example>", "To: Eve <eve@x.example>" },
  { "To: Rita <rita@x.example>", "To: Rita <rita@x.example>, Eve <eve@x.example>" },
  { "To: Rita <rita@x.example>\r\n", "" },
  { "To: Rita <rita@x.example>", "To: rita@x.example\r\nTo: eve@x.example" },
  { "MIME-Version", "Bcc: eve@x.example\r\nMIME-Version" },
  { "MIME-Version", "Cc: eve@x.example\r\nMIME-Version" },
  { "[EMB-2026-0001] ...", "[EMB-2026-0001] The secret title" },
  { "Content-Type: multipart/encrypted;", "Content-Type: multipart/mixed;" },
  { "Version: 1\r\n", "Version: 1\r\nThe secret text\r\n" },
  { "This is an OpenPGP", "The secret text" },
  { "\r\nhF4D", "\r\nThe secret text\r\nhF4D" },
  { "hF4DAAAAAAAAAAASAQdA", "secrettextwithoutblanks" },
  { "hF4DAAAAAAAAAAASAQdA", "jA0ECQMCAAAAAAAAAAAA" }, /* only a passphrase */
  { "hF4DAAAAAAAAAAASAQdA", "owEBAAAAAAAAAAAAAAAA" }, /* signed, not encrypted */
  { "-----END PGP MESSAGE-----", "" },
  { "-----BEGIN PGP MESSAGE-----", "-----BEGIN PGP SIGNED MESSAGE-----" },
  { "\r\n--=_enc", "\n--=_enc" },
  { "MIME-Version", "X-Test: \xc3\xa9\r\nMIME-Version" },
};

START_TEST(the_final_check_refuses)
{
  struct mail_draft d = draft();
  struct fault err = { 0 };
  struct bytes letter = mail_compose_letter(pool, &d, true, (struct bytes){ 0 }, BYTES(SEALED), NULL);
  ck_assert_int_eq(mail_check_final(altered(letter, alterations[_i].from, alterations[_i].to), &d, true, &err),
                   ST_BROKEN);
  ck_assert_ptr_null(strstr(err.text, "secret"));
}
END_TEST

START_TEST(a_clear_letter_is_no_encrypted_one)
{
  struct mail_draft d = draft();
  struct fault err = { 0 };
  ck_assert_int_eq(
      mail_check_final(mail_compose_letter(pool, &d, false, mail_compose_content(pool, &d, false), BYTES(SIG), NULL),
                       &d, true, &err),
      ST_BROKEN);
  ck_assert_int_eq(mail_check_final(mail_compose_plain(pool, &d), &d, true, &err), ST_BROKEN);
  ck_assert_int_eq(mail_check_final((struct bytes){ 0 }, &d, true, &err), ST_BROKEN);
}
END_TEST

START_TEST(an_invalid_recipient_never_passes)
{
  struct mail_draft d = draft();
  d.to.address = "rita@x.example\r\nRCPT TO:<eve@x.example>";
  struct fault err = { 0 };
  struct bytes letter = mail_compose_letter(pool, &d, true, (struct bytes){ 0 }, BYTES(SEALED), NULL);
  ck_assert_uint_eq(bytes_find(letter, BYTES("eve@"), 0), SIZE_MAX);
  ck_assert_int_eq(mail_check_final(letter, &d, true, &err), ST_BROKEN);
}
END_TEST

START_TEST(boundaries_do_not_occur_in_the_content)
{
  struct mail_draft d = draft();
  struct mail_attachment a = { "a", "text/plain", BYTES("x"), 0 };
  d.attachment = &a;
  d.attachment_count = 1;
  struct bytes first = mail_compose_content(pool, &d, false);
  size_t at = bytes_find(first, BYTES("\r\n--=_mixed-"), 0);
  ck_assert_uint_ne(at, SIZE_MAX);
  /* The text now says the very boundary that the same text would get. */
  d.text = pool_printf(pool, "%.*s\nThe secret text\n", 25, first.p + at + 2);
  struct part_table *t = letter_table_of(pool, mail_compose_content(pool, &d, false));
  ck_assert_uint_eq(t->count, 3);
  bool plain;
  int32_t part;
  ck_assert_ptr_nonnull(strstr(mail_text(pool, t, 0, &plain, &part), "=_mixed-"));
}
END_TEST

START_TEST(composing_is_repeatable)
{
  struct mail_draft d = draft();
  ck_assert(bytes_eq(mail_compose_content(pool, &d, true), mail_compose_content(pool, &d, true)));
  struct bytes a = mail_compose_letter(pool, &d, true, (struct bytes){ 0 }, BYTES(SEALED), NULL);
  ck_assert(bytes_eq(a, mail_compose_letter(pool, &d, true, (struct bytes){ 0 }, BYTES(SEALED), NULL)));
}
END_TEST

START_TEST(long_lines_and_large_files)
{
  struct mail_draft d = draft();
  char *line = pool_alloc(pool, 100001), *file = pool_alloc(pool, 5 << 20);
  memset(line, 'x', 100000);
  struct mail_attachment a = { line, "application/x-y", { file, 5 << 20 }, 0 };
  d.text = d.subject = d.from.name = d.case_id = line;
  d.attachment = &a;
  d.attachment_count = 1;
  struct bytes content = mail_compose_content(pool, &d, false), rest = content, one;
  while (bytes_next_line(&rest, &one))
    ck_assert_uint_le(one.len, 100);
  struct part_table *t = letter_table_of(pool, content);
  struct mail_attachment *found;
  ck_assert_uint_eq(mail_attachments(pool, t, 0, &found), 1);
  ck_assert(bytes_eq(found[0].bytes, a.bytes));
}
END_TEST

START_TEST(message_ids)
{
  unsigned char digest[32] = { 1, 2, 3 };
  const char *id = mail_message_id(pool, digest, "acme.example");
  ck_assert_str_eq(id + strlen(id) - 13, "@acme.example");
  ck_assert_uint_eq(strlen(id), 32 + 13);
  ck_assert_str_eq(id, mail_message_id(pool, digest, "acme.example"));
  digest[19] = 1;
  ck_assert_str_ne(id, mail_message_id(pool, digest, "acme.example"));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mail_compose");
  TCase *t = tcase_create("compose");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, no_value_injects, 0, (int)ARRAY_LEN(hostile));
  tcase_add_test(t, a_frame_is_the_letter_without_its_middle);
  tcase_add_test(t, the_final_check_passes_ours);
  tcase_add_loop_test(t, the_final_check_refuses, 0, (int)ARRAY_LEN(alterations));
  tcase_add_test(t, a_clear_letter_is_no_encrypted_one);
  tcase_add_test(t, an_invalid_recipient_never_passes);
  tcase_add_test(t, boundaries_do_not_occur_in_the_content);
  tcase_add_test(t, composing_is_repeatable);
  tcase_add_test(t, long_lines_and_large_files);
  tcase_add_test(t, message_ids);
  suite_add_tcase(s, t);
  return letter_suite_run(s);
}
