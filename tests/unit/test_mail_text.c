/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text, attachments, protected headers, keys, advice, and our own reference line. */
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

#define MULTI(type) "Content-Type: " type "; boundary=b\n\n"
#define PART(type) "--b\nContent-Type: " type "\n\n"

static const struct {
  const char *name, *letter, *text;
  bool plain;
} texts[] = {
  { "plain", "Content-Type: text/plain\n\nhello\n", "hello\n", true },
  { "no type", "\nhello\n", "hello\n", true },
  { "html", "Content-Type: text/html\n\n<p>hello</p>\n", "hello\n", false },
  { "alternative", MULTI("multipart/alternative") PART("text/plain") "plain\n" PART("text/html") "<p>html</p>\n--b--\n",
    "plain\n", true },
  { "alternative, html first",
    MULTI("multipart/alternative") PART("text/html") "<p>html</p>\n" PART("text/plain") "plain\n--b--\n", "plain\n",
    true },
  { "alternative, related html",
    MULTI("multipart/alternative")
        PART("text/plain") "plain\n--b\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Type: "
                           "text/html\n\nhtml\n--c--\n--b--\n",
    "plain\n", true },
  { "alternative without plain",
    MULTI("multipart/alternative") PART("text/calendar") "x\n" PART("text/html") "<p>html</p>\n--b--\n", "html\n",
    false },
  { "Apple Mail",
    MULTI("multipart/mixed")
        PART("text/plain") "one\n--b\nContent-Type: image/png\nContent-Disposition: inline; filename=a.png\n\nx\n" PART(
            "text/plain") "two\n--b--\n",
    "one\ntwo", true },
  { "attached text",
    MULTI("multipart/mixed") PART("text/plain") "one\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; "
                                                "filename=a.txt\n\nsecret\n--b--\n",
    "one", true },
  { "signed", MULTI("multipart/signed") PART("text/plain") "one\n" PART("application/pgp-signature") "x\n--b--\n",
    "one", true },
  { "encrypted shows nothing",
    MULTI("multipart/encrypted") PART("text/plain") "one\n" PART("application/octet-stream") "x\n--b--\n", "", false },
  { "forwarded letter stays closed",
    MULTI("multipart/mixed") PART("text/plain") "see below\n" PART("message/rfc822") "Subject: x\n\ninner\n--b--\n",
    "see below", true },
  { "attachment only", "Content-Type: application/pdf\n\nx\n", "", false },
  { "draft's legacy part",
    "Content-Type: multipart/mixed; boundary=b; protected-headers=\"v1\"\nSubject: real\n\n--b\nContent-Type: "
    "text/rfc822-headers; protected-headers=\"v1\"\nContent-Disposition: inline\n\n"
    "Subject: real\n--b\nContent-Type: text/plain\n\nhello\n--b--\n",
    "hello", true },
  { "draft's legacy part as text/plain",
    "Content-Type: multipart/mixed; boundary=b; protected-headers=\"v1\"\nSubject: real\n\n--b\nContent-Type: "
    "text/plain; protected-headers=\"v1\"\n\nSubject: real\n"
    "--b\nContent-Type: text/plain\n\nhello\n--b--\n",
    "hello", true },
  { "RFC 9788 legacy display",
    "Content-Type: text/plain; hp=\"cipher\"; hp-legacy-display=\"1\"\nSubject: real\n\nSubject: real\nFrom: "
    "a@x\n\nhello\n",
    "hello\n", true },
  { "no legacy display promised", "Content-Type: text/plain; hp=\"cipher\"\nSubject: real\n\nSubject: real\n\nhello\n",
    "Subject: real\n\nhello\n", true },
  { "promised but not there", "Content-Type: text/plain; hp-legacy-display=1\n\nhello all\n\nmore\n",
    "hello all\n\nmore\n", true },
  { "protected root is the text", "Content-Type: text/plain; protected-headers=\"v1\"\nSubject: real\n\nhello\n",
    "hello\n", true },
};

START_TEST(shows_text)
{
  bool plain;
  int32_t first;
  const char *text = mail_text(pool, letter_table(pool, texts[_i].letter), 0, &plain, &first);
  ck_assert_msg(bytes_eq(bytes_trim(bytes_str(text)), bytes_trim(bytes_str(texts[_i].text))), "%s: got [%s]",
                texts[_i].name, text);
  ck_assert_msg(plain == texts[_i].plain, "%s", texts[_i].name);
  ck_assert_int_eq(first >= 0, texts[_i].text[0] != '\0');
}
END_TEST

START_TEST(deep_alternatives_end)
{
  struct buf b = buf_new(pool, 10000);
  for (int i = 0; i < 90; i++)
    buf_printf(&b, "Content-Type: multipart/alternative; boundary=b%d\n\n--b%d\n", i, i);
  buf_adds(&b, "Content-Type: text/html\n\n<p>deep</p>\n");
  bool plain;
  int32_t first;
  ck_assert_ptr_nonnull(strstr(mail_text(pool, letter_table_of(pool, buf_bytes(&b)), 0, &plain, &first), "deep"));
}
END_TEST

START_TEST(text_is_clean)
{
  bool plain;
  int32_t first;
  const char *text = mail_text(pool,
                               letter_table(pool, "Content-Type: text/plain; charset=utf-8\n\na\x1b[2Jb\xe2\x80\xae"
                                                  "c\x07\n"),
                               0, &plain, &first);
  ck_assert_ptr_null(strpbrk(text, "\x1b\x07"));
  ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
}
END_TEST

/* ---- attachments ---- */

/* Large attached parts leave a line, all else stays as it came: small ones, the text, every header and boundary. */
START_TEST(skeleton_leaves_out_what_is_attached)
{
  const char *letter = MULTI("multipart/mixed") PART("text/plain") "a text that is longer than the limit and stays\n"
                                                                   "--b\nContent-Type: application/pdf; name=\"big.pdf\"\n"
                                                                   "Content-Transfer-Encoding: base64\n\n"
                                                                   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
                                                                   "--b\nContent-Type: application/zip; name=\"s.zip\"\n\nsmall\n--b--\nend\n";
  struct part_table *t = letter_table(pool, letter);
  struct bytes out = mail_skeleton(pool, t, 20);
  ck_assert_uint_eq(bytes_find(out, BYTES("AAEC"), 0), SIZE_MAX);
  ck_assert_uint_ne(bytes_find(out, BYTES("left out here: big.pdf, 32 bytes decoded"), 0), SIZE_MAX);
  ck_assert_uint_ne(bytes_find(out, BYTES("longer than the limit and stays\r\n--b\r\nContent-Type: application/pdf"), 0), SIZE_MAX);
  ck_assert_uint_ne(bytes_find(out, BYTES("\r\n\r\nsmall\r\n--b--\r\nend\r\n"), 0), SIZE_MAX);
  ck_assert(bytes_eq(mail_skeleton(pool, t, 1000), t->raw)); /* nothing is that large */
  for (uint32_t i = 1; i < t->count; i++) /* a parser that lies: each part is the whole letter */
    t->part[i].body = (struct byte_span){ 0, (uint32_t)t->raw.len };
  out = mail_skeleton(pool, t, 20);
  ck_assert_uint_lt(out.len, t->raw.len + 1000);
}
END_TEST

START_TEST(attachments_are_byte_identical)
{
  const char *letter = MULTI("multipart/mixed") PART(
      "text/plain") "one\n"
                    "--b\nContent-Type: text/plain; charset=iso-8859-1; name=\"latin.txt\"\nContent-Transfer-Encoding: "
                    "quoted-printable\n"
                    "Content-Disposition: attachment\n\nGr=FC=DFe=\n!\n"
                    "--b\nContent-Type: text/x-c; name=\"poc.c\"\nContent-Transfer-Encoding: base64\n\nYQ0KYgoNCv8=\n"
                    "--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\nAAECAw==\n" PART(
                        "text/html") "<b>h</b>\n" PART("message/rfc822") "Subject: in\n\ninner\n"
                                                                         "--b\nContent-Type: application/pdf; "
                                                                         "name=\"../../etc/passwd\"\n\nx\n--b--\n";
  struct mail_attachment *a;
  size_t n = mail_attachments(pool, letter_table(pool, letter), 0, &a);
  ck_assert_uint_eq(n, 6);
  ck_assert_str_eq(a[0].filename, "latin.txt");
  ck_assert(bytes_eq(a[0].bytes, BYTES("Gr\xFC\xDF"
                                       "e!")));
  ck_assert_str_eq(a[1].filename, "poc.c");
  ck_assert(bytes_eq(a[1].bytes, BYTES("a\r\nb\n\r\n\xff")));
  ck_assert_str_eq(a[2].filename, "part-3.bin");
  ck_assert(bytes_eq(a[2].bytes, BYTES("\0\1\2\3")));
  ck_assert_str_eq(a[3].type, "text/html");
  ck_assert_str_eq(a[3].filename, "part-4.html");
  ck_assert_str_eq(a[4].type, "message/rfc822");
  ck_assert(bytes_eq(a[4].bytes, BYTES("Subject: in\r\n\r\ninner")));
  ck_assert_ptr_null(strchr(a[5].filename, '/'));
}
END_TEST

START_TEST(signatures_and_legacy_parts_are_no_attachments)
{
  const char *letter =
      MULTI("multipart/signed") "--b\nContent-Type: multipart/mixed; boundary=c; protected-headers=\"v1\"\n\n--c\n"
                                "Content-Type: text/rfc822-headers; protected-headers=\"v1\"\n\nSubject: "
                                "x\n--c\nContent-Type: text/plain\n\nhello\n--c--\n" PART(
                                    "application/pgp-signature; name=\"signature.asc\"") "x\n--b--\n";
  struct mail_attachment *a;
  ck_assert_uint_eq(mail_attachments(pool, letter_table(pool, letter), 0, &a), 0);
}
END_TEST

START_TEST(long_names_keep_their_suffix)
{
  char *name = pool_alloc(pool, 400);
  memset(name, 'n', 200);
  const char *letter = pool_printf(pool, "Content-Type: application/pdf; name=\"%s.pdf\"\n\nx\n", name);
  struct mail_attachment *a;
  ck_assert_uint_eq(mail_attachments(pool, letter_table(pool, letter), 0, &a), 1);
  ck_assert_uint_le(strlen(a[0].filename), 120);
  ck_assert_str_eq(a[0].filename + strlen(a[0].filename) - 4, ".pdf");
}
END_TEST

/* ---- protected headers ---- */

static const struct {
  const char *name, *letter, *subject; /* NULL: none */
} protections[] = {
  { "RFC 9788", "Content-Type: text/plain; hp=\"cipher\"\nSubject: real\n\nx\n", "real" },
  { "clear", "Content-Type: text/plain; hp=\"clear\"\nSubject: real\n\nx\n", "real" },
  { "draft", "Content-Type: text/plain; protected-headers=\"v1\"\nSubject: =?utf-8?q?r=C3=A9al?=\n\nx\n", "réal" },
  { "draft, headers in a part",
    "Content-Type: multipart/mixed; boundary=b; protected-headers=\"v1\"\n\n--b\nContent-Type: text/rfc822-headers; "
    "protected-headers=\"v1\"\n\n"
    "From: a@x.example\nSubject: real\n folded\nX: y\nSubject: second\n--b\nContent-Type: text/plain\n\nx\n--b--\n",
    "real folded" },
  { "inside a signature",
    MULTI("multipart/signed") "--b\nContent-Type: text/plain; hp=\"clear\"\nSubject: real\n\nx\n" PART(
        "application/pgp-signature") "x\n--b--\n",
    "real" },
  { "not marked", "Content-Type: text/plain\nSubject: outer\n\nx\n", NULL },
  { "an unknown mark", "Content-Type: text/plain; hp=\"maybe\"; protected-headers=\"v2\"\nSubject: outer\n\nx\n",
    NULL },
  { "marked, nothing there", "Content-Type: text/plain; hp=\"cipher\"\n\nx\n", NULL },
};

START_TEST(reads_protected_headers)
{
  struct mail_protected p;
  mail_protected(pool, letter_table(pool, protections[_i].letter), 0, &p);
  ck_assert_int_eq(p.present, protections[_i].subject != NULL);
  if (protections[_i].subject)
    ck_assert_str_eq(p.subject, protections[_i].subject);
  else
    ck_assert_ptr_null(p.subject);
}
END_TEST

/* ---- keys and advice ---- */

START_TEST(finds_keys)
{
#define KEY "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"
  struct bytes out[4];
  ck_assert_uint_eq(mail_keys_attached(pool, letter_table(pool, "\nhello\n" KEY), out, 4), 1);
  ck_assert(bytes_starts(out[0], BYTES("-----BEGIN PGP PUBLIC")));
  ck_assert_uint_eq(mail_keys_attached(pool, letter_table(pool, "\n" KEY KEY KEY KEY KEY KEY), out, 4), 4);
  ck_assert_uint_eq(mail_keys_attached(pool, letter_table(pool, "Content-Type: application/pgp-keys\n\n" KEY), out, 4),
                    1);
  ck_assert_uint_eq(
      mail_keys_attached(pool, letter_table(pool, "Content-Type: application/octet-stream; name=me.asc\n\n" KEY), out,
                         4),
      1);
  ck_assert_uint_eq(
      mail_keys_attached(
          pool,
          letter_table(pool, "Content-Type: application/pgp-keys\nContent-Transfer-Encoding: base64\n\nmDMEAAAA\n"),
          out, 4),
      1);
  ck_assert_uint_eq(
      mail_keys_attached(
          pool,
          letter_table(pool, "\n> -----BEGIN PGP PUBLIC KEY BLOCK-----\n> x\n> -----END PGP PUBLIC KEY BLOCK-----\n"),
          out, 4),
      0);
  ck_assert_uint_eq(mail_keys_attached(pool, letter_table(pool, "\nno key\n"), out, 4), 0);
}
END_TEST

static const struct {
  const char *type, *base64, *word; /* NULL: no advice */
} specials[] = {
  { "application/zip; name=a.zip", "UEsDBBQAAQAAAAAA", "password" },
  { "application/zip; name=a.zip", "UEsDBBQAAAAAAAAA", NULL },
  { "application/ms-tnef; name=winmail.dat", "AAAA", "Outlook" },
  { "application/octet-stream; name=x", "eJ8+IgAA", "Outlook" },
  { "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "AAAA", "S/MIME" },
  { "application/pdf; name=a.pdf", "JVBERi0xLjQKL0VuY3J5cHQgMQ==", "PDF with a password" },
  { "application/pdf; name=a.pdf", "JVBERi0xLjQK", NULL },
  { "application/x-7z-compressed; name=a.7z", "N3q8ryccAAQG8QcB", "7z archive with a password" },
  { "application/octet-stream", "UmFyIRoHAQAAAAAACgQA", "RAR archive with a password" },
  { "application/octet-stream", "UmFyIRoH", NULL },
};

START_TEST(advises)
{
  const char *letter = pool_printf(pool, "Content-Type: %s\nContent-Transfer-Encoding: base64\n\n%s\n",
                                   specials[_i].type, specials[_i].base64);
  const char *advice = mail_special_advice(pool, letter_table(pool, letter));
  if (specials[_i].word)
    ck_assert_msg(strstr(advice, specials[_i].word) != NULL, "got [%s]", advice);
  else
    ck_assert_str_eq(advice, "");
}
END_TEST

/* ---- our own lines ---- */

START_TEST(reference_line)
{
  ck_assert_str_eq(mail_ref_line(pool, "EMB-2026-0001", "abcd"),
                   "-- write above this line -- Ref: EMB-2026-0001/abcd --");
  ck_assert_str_eq(mail_ref_line(pool, "", ""), "-- write above this line --");
  ck_assert_int_eq(strncmp(mail_ref_line(pool, "X", "y"), mail_cut_marker, strlen(mail_cut_marker)), 0);
  ck_assert_ptr_null(strchr(mail_ref_line(pool, "X\nRef: Y", "y"), '\n'));
}
END_TEST

static const struct {
  const char *line;
  bool escaped;
} imitations[] = {
  { "an ordinary line", false },
  { "--- a/file.c", false },
  { "- item", false },
  { "int ref = 1; /* Ref: x */", false },
  { "Reference: CVE-2026-1", false },
  { "==", false },
  { "-- write above this line -- Ref: EMB-2026-0001/abcd --", true },
  { "> -- write above this line", true },
  { "  -- Write Above This Line", true },
  { "\xe2\x80\x94\xe2\x80\x94 write above this line", true },
  { "\xe2\x80\x8b-- write above this line", true },
  { "Ref: EMB-2026-0001/abcd", true },
  { "\xc2\xa0Ref: EMB-2026-0001/abcd", true },
  { "\xef\xbc\xb2\xef\xbd\x85\xef\xbd\x86: EMB-2026-0001", true },
  { "R\xe2\x80\x8b"
    "ef: x",
    true },
  { "ARRIVED IN CLEAR; sender not authenticated", true },
  { "Signature:   good", true },
  { "Protection:  encrypted", true },
  { "[signed by Ann]", true },
  { "REQUEST      #public", true },
  { "CARRIED OUT  #embargo accept", true },
  { "             to carry it out: #close", true },
  { "----- end of the report -----", true },
  { "-----BEGIN PGP MESSAGE-----", true },
  { "--", true },
  { "-- ", true },
  { "=====", true },
  { "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80", true },
};

START_TEST(escapes_imitations)
{
  const char *line = imitations[_i].line;
  const char *text = mail_escape_quoted(pool, pool_printf(pool, "before\n%s\nafter", line));
  ck_assert_str_eq(text, pool_printf(pool, "before\n%s%s\nafter", imitations[_i].escaped ? "> " : "", line));
}
END_TEST

/* Not by what a line says: there is no list that somebody could write around. */
START_TEST(quotes_every_line)
{
  ck_assert_str_eq(mail_quote(pool, "a\n\n> b\nREQUEST #public\n\nend"), "> a\n>\n> > b\n> REQUEST #public\n>\n> end\n");
  ck_assert_str_eq(mail_quote(pool, ""), "");
}
END_TEST

START_TEST(huge_lines_are_fine)
{
  char *line = pool_alloc(pool, 1 << 20);
  memset(line, '-', (1 << 20) - 1);
  ck_assert_uint_eq(strlen(mail_escape_quoted(pool, line)), (1 << 20) + 1);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mail_text");
  TCase *t = tcase_create("text");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, shows_text, 0, (int)ARRAY_LEN(texts));
  tcase_add_test(t, deep_alternatives_end);
  tcase_add_test(t, quotes_every_line);
  tcase_add_test(t, text_is_clean);
  tcase_add_test(t, skeleton_leaves_out_what_is_attached);
  tcase_add_test(t, attachments_are_byte_identical);
  tcase_add_test(t, signatures_and_legacy_parts_are_no_attachments);
  tcase_add_test(t, long_names_keep_their_suffix);
  tcase_add_loop_test(t, reads_protected_headers, 0, (int)ARRAY_LEN(protections));
  tcase_add_test(t, finds_keys);
  tcase_add_loop_test(t, advises, 0, (int)ARRAY_LEN(specials));
  tcase_add_test(t, reference_line);
  tcase_add_loop_test(t, escapes_imitations, 0, (int)ARRAY_LEN(imitations));
  tcase_add_test(t, huge_lines_are_fine);
  suite_add_tcase(s, t);
  return letter_suite_run(s);
}
