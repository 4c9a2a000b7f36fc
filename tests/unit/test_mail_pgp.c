/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP structure, in the forms that senders, gateways and lists give it. */
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

#define ARMOR "-----BEGIN PGP MESSAGE-----\n\nhQEMA0FBQUFBQUFBAQf/\nAAAA\n=AAAA\n-----END PGP MESSAGE-----\n"
#define SIG "-----BEGIN PGP SIGNATURE-----\n\niQEz\n=AAAA\n-----END PGP SIGNATURE-----\n"
#define KEY "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"
#define CLEAR "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhello\n" SIG
#define MULTI(type) "Content-Type: " type "; boundary=b\n\n"
#define PART(type) "--b\nContent-Type: " type "\n\n"
#define VPART PART("application/pgp-encrypted") "Version: 1\n\n"

static const struct {
  const char *name, *letter;
  const char *found; /* "KIND part [mangled] [whole];..." */
} forms[] = {
  { "nothing", "Content-Type: text/plain\n\nhello\n", "" },
  { "RFC 3156",
    MULTI("multipart/encrypted; protocol=\"application/pgp-encrypted\"") VPART PART("application/octet-stream") ARMOR
    "--b--\n",
    "encrypted 0;" },
  { "no protocol", MULTI("multipart/encrypted") VPART PART("application/octet-stream") ARMOR "--b--\n",
    "encrypted 0;" },
  { "no version part", MULTI("multipart/encrypted") PART("application/octet-stream") ARMOR "--b--\n",
    "encrypted 0 mangled;" },
  { "wrong order", MULTI("multipart/encrypted") PART("application/octet-stream") ARMOR VPART "--b--\n",
    "encrypted 0 mangled;" },
  { "Exchange",
    MULTI("multipart/mixed") PART("text/plain") "\n\n" VPART PART("application/octet-stream; name=\"encrypted.asc\"")
        ARMOR "--b--\n",
    "encrypted 0 mangled;" },
  { "bridge: text/plain payload",
    MULTI("multipart/mixed") VPART PART("text/plain; name=\"encrypted.asc\"") ARMOR "--b--\n", "encrypted 0 mangled;" },
  { "lost multipart, named attachment",
    MULTI("multipart/mixed")
        PART("text/plain") "\n--b\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n"
                           "Content-Disposition: attachment; filename=\"encrypted.asc\"\n\n" ARMOR "--b--\n",
    "encrypted 2 mangled;" },
  { "list footer below PGP/MIME",
    MULTI("multipart/mixed") "--b\nContent-Type: multipart/encrypted; boundary=c\n\n--c\nContent-Type: "
                             "application/pgp-encrypted\n\nVersion: 1\n\n"
                             "--c\nContent-Type: application/octet-stream\n\n" ARMOR
                             "--c--\n" PART("text/plain") "footer\n--b--\n",
    "encrypted 1;" },
  { "an encrypted file",
    MULTI("multipart/mixed")
        PART("text/plain") "see file\n--b\nContent-Type: application/octet-stream; name=\"report.pdf.pgp\"\n\n" ARMOR
                           "--b--\n",
    "attachment 2;" },
  { "a key file is no message",
    MULTI("multipart/mixed") PART("text/plain") "x\n--b\nContent-Type: application/pgp-keys; name=\"key.asc\"\n\n" KEY
                                                "--b--\n",
    "" },
  { "signed",
    MULTI("multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256")
        PART("text/plain") "hello\n" PART("application/pgp-signature") SIG "--b--\n",
    "signed 0;" },
  { "signed below a list's footer",
    MULTI("multipart/mixed") "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\nContent-Type: "
                             "text/plain\n\nhello\n--c\n"
                             "Content-Type: application/pgp-signature\n\n" SIG
                             "--c--\n" PART("text/plain") "footer\n--b--\n",
    "signed 1;" },
  { "multipart/signed became mixed",
    MULTI("multipart/mixed") PART("text/plain") "hello\n" PART("application/pgp-signature; name=\"signature.asc\"") SIG
    "--b--\n",
    "signed 0 mangled;" },
  { "a file's signature is not the letter's",
    MULTI("multipart/mixed") PART("text/plain") "hello\n" PART("application/pdf; name=a.pdf") "x\n" PART(
        "application/pgp-signature; name=\"a.pdf.sig\"") SIG "--b--\n",
    "" },
  { "signature in a forwarded letter",
    "Content-Type: message/rfc822\n\n" MULTI("multipart/signed")
        PART("text/plain") "#close\n" PART("application/pgp-signature") SIG "--b--\n",
    "" },
  { "multipart/signed without a signature", MULTI("multipart/signed") PART("text/plain") "hello\n--b--\n", "" },
  { "multipart/signed of one part that is a signature",
    MULTI("multipart/signed") PART("application/pgp-signature") SIG "--b--\n", "" },
  { "encrypted inside signed is not entered",
    MULTI("multipart/signed") PART("text/plain") ARMOR PART("application/pgp-signature") SIG "--b--\n", "signed 0;" },
  { "inline", "\n" ARMOR, "inline 0 whole;" },
  { "inline with words around", "\nhello\n" ARMOR "bye\n", "inline 0;" },
  { "inline twice", "\n" ARMOR "and\n" ARMOR, "inline 0;inline 0;" },
  { "inline quoted", "\n> -----BEGIN PGP MESSAGE-----\n> \n> AAAA\n> -----END PGP MESSAGE-----\n", "" },
  { "inline without its end", "\n-----BEGIN PGP MESSAGE-----\n\nAAAA\n", "" },
  { "inline in alternative",
    MULTI("multipart/alternative") PART("text/plain") ARMOR PART("text/html") "<pre>x</pre>\n--b--\n",
    "inline 1 whole;" },
  { "inline in HTML only",
    "Content-Type: text/html\n\n<html><body><p>-----BEGIN PGP "
    "MESSAGE-----<br><br>hQEMA0FBQUFBQUFBAQf/<br>AAAA<br>=AAAA<br>-----END PGP MESSAGE-----</p></body></html>\n",
    "inline 0 mangled whole;" },
  { "clear-signed", "\n" CLEAR, "clearsigned 0 whole;" },
  { "clear-signed, then encrypted", "\n" CLEAR "\n" ARMOR, "clearsigned 0;inline 0;" },
  { "S/MIME",
    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\nAAAA\n",
    "smime 0;" },
  { "S/MIME signed",
    MULTI("multipart/signed; protocol=\"application/pkcs7-signature\"")
        PART("text/plain") "x\n" PART("application/pkcs7-signature") "x\n--b--\n",
    "smime 0;" },
  { "version part but rubbish", MULTI("multipart/encrypted") VPART PART("application/octet-stream") "rubbish\n--b--\n",
    "encrypted 0;" },
  { "version part and nothing", MULTI("multipart/encrypted") VPART "--b--\n", "" },
  { "application/pgp alone", "Content-Type: application/pgp\n\n" ARMOR, "attachment 0;" },
};

static const char *const kinds[] = { "none", "encrypted", "signed", "inline", "clearsigned", "attachment", "smime" };

static char *describe(const struct mail_pgp *p, size_t n)
{
  struct buf b = buf_new(pool, 100);
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "%s %u%s%s;", kinds[p[i].kind], p[i].part, p[i].mangled ? " mangled" : "",
               p[i].whole_text ? " whole" : "");
  return buf_str(&b);
}

START_TEST(finds_structure)
{
  struct mail_pgp found[8];
  size_t n = mail_pgp_find(pool, letter_table(pool, forms[_i].letter), found, 8);
  ck_assert_msg(strcmp(describe(found, n), forms[_i].found) == 0, "%s: got \"%s\"", forms[_i].name, describe(found, n));
}
END_TEST

/* However it came, crypt gets the message as gpg wants it. */
START_TEST(payload_is_the_message)
{
  struct mail_pgp found[8];
  size_t n = mail_pgp_find(pool, letter_table(pool, forms[_i].letter), found, 8);
  struct bytes armor = bytes_trim(BYTES(ARMOR));
  for (size_t i = 0; i < n; i++) {
    struct bytes payload = bytes_trim(text_to_lf(pool, found[i].payload));
    bool sealed = found[i].kind == MAIL_PGP_ENCRYPTED || found[i].kind == MAIL_PGP_INLINE_ENCRYPTED ||
                  found[i].kind == MAIL_PGP_ENCRYPTED_ATTACHMENT;
    if (sealed && !strstr(forms[_i].name, "rubbish"))
      ck_assert_msg(bytes_eq(payload, armor), "%s: %s", forms[_i].name, pool_str(pool, payload));
    if (found[i].kind == MAIL_PGP_INLINE_CLEARSIGNED)
      ck_assert(bytes_eq(payload, bytes_trim(BYTES(CLEAR))));
    if (found[i].kind == MAIL_PGP_SIGNED) {
      ck_assert(bytes_eq(bytes_trim(text_to_lf(pool, found[i].signature)), bytes_trim(BYTES(SIG))));
      ck_assert_int_ge(found[i].signed_part, 0);
    }
  }
}
END_TEST

START_TEST(signed_bytes_are_exact)
{
  const char *letter =
      "Content-Type: multipart/signed; boundary=b\n\npreamble\n--b\nContent-Type: text/plain\nX: y  \n\nhello \n\n--b\n"
      "Content-Type: application/pgp-signature\n\n" SIG "--b--\n";
  struct mail_pgp p;
  ck_assert_uint_eq(mail_pgp_find(pool, letter_table(pool, letter), &p, 1), 1);
  ck_assert(bytes_eq(p.payload, BYTES("Content-Type: text/plain\r\nX: y  \r\n\r\nhello \r\n")));
}
END_TEST

static const struct {
  const char *name, *block;
} mangled[] = {
  { "trailing blanks", "-----BEGIN PGP MESSAGE-----  \nVersion: x \n \nhQEMA0FBQUFBQUFBAQf/ \nAAAA\t\n=AAAA \n-----END "
                       "PGP MESSAGE-----\n" },
  { "doubled lines", "-----BEGIN PGP MESSAGE-----\n\nVersion: "
                     "x\n\n\n\nhQEMA0FBQUFBQUFBAQf/\n\nAAAA\n\n=AAAA\n\n-----END PGP MESSAGE-----\n" },
  { "no empty line",
    "-----BEGIN PGP MESSAGE-----\nVersion: x\nhQEMA0FBQUFBQUFBAQf/\nAAAA\n=AAAA\n-----END PGP MESSAGE-----\n" },
  { "no-break spaces", "-----BEGIN PGP MESSAGE-----\nVersion: x\n\xc2\xa0\nhQEMA0FBQUFBQUFBAQf/\xc2\xa0\n\xc2\xa0 "
                       "AAAA\n=AAAA\n-----END PGP MESSAGE-----\n" },
  { "indented", "  -----BEGIN PGP MESSAGE-----\n  Version: x\n\n  hQEMA0FBQUFBQUFBAQf/\n  AAAA\n  =AAAA\n  -----END "
                "PGP MESSAGE-----\n" },
};

START_TEST(mends_armor)
{
  struct mail_pgp p;
  const char *letter = pool_printf(pool, "Content-Type: text/plain; charset=utf-8\n\n%s", mangled[_i].block);
  ck_assert_uint_eq(mail_pgp_find(pool, letter_table(pool, letter), &p, 1), 1);
  ck_assert_str_eq(
      pool_str(pool, bytes_trim(p.payload)),
      "-----BEGIN PGP MESSAGE-----\nVersion: x\n\nhQEMA0FBQUFBQUFBAQf/\nAAAA\n=AAAA\n-----END PGP MESSAGE-----");
}
END_TEST

/* A large letter is not held twice because of it. */
START_TEST(clean_armor_is_not_copied)
{
  struct mail_pgp p;
  const struct part_table *t = letter_table(
      pool,
      MULTI("multipart/encrypted; protocol=\"application/pgp-encrypted\"") VPART PART(
          "application/octet-stream") "-----BEGIN PGP MESSAGE-----\nVersion: "
                                      "x\n\nhQEMA0FBQUFBQUFBAQf/\nAAAA\n=AAAA\n-----END PGP MESSAGE-----\n--b--\n");
  ck_assert_uint_eq(mail_pgp_find(pool, t, &p, 1), 1);
  ck_assert(p.payload.p >= t->raw.p && p.payload.p + p.payload.len <= t->raw.p + t->raw.len);
}
END_TEST

START_TEST(binary_attachments)
{
  /* 0x85: a session key packet for a public key. */
  const char *letter = "Content-Type: application/octet-stream; name=x.gpg\nContent-Transfer-Encoding: "
                       "base64\n\nhQEMA0FBQUFBQUFBAQf/QUFBQUFBQUFBQUFB\n";
  struct mail_pgp p;
  ck_assert_uint_eq(mail_pgp_find(pool, letter_table(pool, letter), &p, 1), 1);
  ck_assert_int_eq(p.kind, MAIL_PGP_ENCRYPTED_ATTACHMENT);
  ck_assert_uint_eq((unsigned char)p.payload.p[0], 0x85);
  ck_assert_uint_eq(
      mail_pgp_find(
          pool, letter_table(pool, "Content-Type: application/octet-stream; name=x.gpg\n\nplain text, no packets\n"),
          &p, 1),
      0);
}
END_TEST

START_TEST(clear_signed_text_keeps_its_charset)
{
  const char *letter = "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
                       "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nGr=FC=DFe\n" SIG;
  struct mail_pgp p;
  ck_assert_uint_eq(mail_pgp_find(pool, letter_table(pool, letter), &p, 1), 1);
  ck_assert_uint_ne(bytes_find(p.payload,
                               BYTES("Gr\xFC\xDF"
                                     "e\n"),
                               0),
                    SIZE_MAX);
}
END_TEST

START_TEST(never_more_than_max)
{
  struct buf b = buf_new(pool, 100000);
  buf_adds(&b, "\n");
  for (int i = 0; i < 500; i++)
    buf_adds(&b, ARMOR);
  struct mail_pgp p[5];
  ck_assert_uint_eq(mail_pgp_find(pool, letter_table_of(pool, buf_bytes(&b)), p, 4), 4);
}
END_TEST

START_TEST(many_begins_cost_little)
{
  struct buf b = buf_new(pool, 3 << 20);
  buf_adds(&b, "\n");
  for (int i = 0; i < 50000; i++)
    buf_adds(&b, "-----BEGIN PGP MESSAGE-----\n-----BEGIN PGP SIGNED MESSAGE-----\n");
  struct mail_pgp p;
  ck_assert_uint_eq(mail_pgp_find(pool, letter_table_of(pool, buf_bytes(&b)), &p, 1), 0);
}
END_TEST

static const struct {
  const char *text;
  bool entity;
} entities[] = {
  { "Content-Type: text/plain\r\n\r\nhello", true },
  { "content-type: multipart/mixed;\n boundary=x\nSubject: y\n\n", true },
  { "Subject: x\nMIME-Version: 1.0\n\n", true },
  { "Subject: x\n\nno type", false },
  { "Hello,\n\nContent-Type: x", false },
  { "Note that: Content-Type: x\n\n", false },
  { "", false },
  { "\x89PNG\r\n", false },
};

START_TEST(tells_entities_from_files)
{
  ck_assert_int_eq(mail_looks_like_entity(bytes_str(entities[_i].text)), entities[_i].entity);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mail_pgp");
  TCase *t = tcase_create("pgp");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, finds_structure, 0, (int)ARRAY_LEN(forms));
  tcase_add_loop_test(t, payload_is_the_message, 0, (int)ARRAY_LEN(forms));
  tcase_add_test(t, signed_bytes_are_exact);
  tcase_add_loop_test(t, mends_armor, 0, (int)ARRAY_LEN(mangled));
  tcase_add_test(t, clean_armor_is_not_copied);
  tcase_add_test(t, binary_attachments);
  tcase_add_test(t, clear_signed_text_keeps_its_charset);
  tcase_add_test(t, never_more_than_max);
  tcase_add_test(t, many_begins_cost_little);
  tcase_add_loop_test(t, tells_entities_from_files, 0, (int)ARRAY_LEN(entities));
  suite_add_tcase(s, t);
  return letter_suite_run(s);
}
