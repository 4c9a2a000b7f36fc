/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/packet: what messages and key files say about themselves. */
#include <config.h>

#include <check.h>
#include <embargod/file.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/crypt/packet.h"

static struct bytes corpus(struct pool *pool, const char *name)
{
  struct bytes out;
  struct fault err = { 0 };
  const char *src = getenv("top_srcdir");
  char *path = pool_printf(pool, "%s/tests/corpus/pgp/%s", src ? src : "..", name);
  ck_assert_msg(file_read(pool, path, 1u << 20, &out, &err) == ST_OK, "%s", err.text);
  return out;
}

/* ---- messages ---- */
static const struct {
  const char *name;
  bool encrypted, no_integrity, container_new, cut;
  unsigned containers, pkesk, pkesk_new, skesk, recipients;
  bool hidden;
  const char *advice; /* a word that must stand in it; NULL: none at all */
} messages[] = {
  { "good.pgp", .encrypted = true, .containers = 1, .pkesk = 1, .recipients = 1 },
  { "hidden.pgp", .encrypted = true, .containers = 1, .pkesk = 1, .hidden = true },
  { "two-recipients.pgp", .encrypted = true, .containers = 1, .pkesk = 2, .recipients = 2 },
  { "clear.pgp" },
  { "signed-only.pgp" },
  { "symmetric.pgp", .encrypted = true, .containers = 1, .skesk = 1, .advice = "passphrase" },
  { "twice.pgp", .encrypted = true, .containers = 2, .pkesk = 2, .recipients = 2 },
  { "no-mdc.pgp", .encrypted = true, .no_integrity = true, .containers = 1, .pkesk = 1, .recipients = 1,
    .advice = "integrity" },
  { "truncated.pgp", .encrypted = true, .cut = true, .containers = 1, .pkesk = 1, .recipients = 1 },
  { "seipd2.pgp", .encrypted = true, .container_new = true, .containers = 1, .pkesk = 1, .recipients = 1,
    .advice = "RFC 9580" },
  { "aead.pgp", .encrypted = true, .container_new = true, .containers = 1, .pkesk = 1, .recipients = 1,
    .advice = "OCB" },
  { "pkesk6.pgp", .encrypted = true, .container_new = true, .containers = 1, .pkesk = 1, .pkesk_new = 1,
    .recipients = 1, .advice = "version 6" },
  { "x25519.pgp", .encrypted = true, .containers = 1, .pkesk = 1, .pkesk_new = 1, .recipients = 1,
    .advice = "algorithm 25 (X25519)" },
  { "alice.asc", .advice = "a key" },
};

START_TEST(message_headers)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_scan s;
  packet_scan(pool, corpus(pool, messages[_i].name), &s);
  ck_assert_msg(s.encrypted == messages[_i].encrypted, "%s", messages[_i].name);
  ck_assert_int_eq(s.no_integrity, messages[_i].no_integrity);
  ck_assert_int_eq(s.container_new, messages[_i].container_new);
  ck_assert_int_eq(s.cut, messages[_i].cut);
  ck_assert_uint_eq(s.containers, messages[_i].containers);
  ck_assert_uint_eq(s.pkesk, messages[_i].pkesk);
  ck_assert_uint_eq(s.pkesk_new, messages[_i].pkesk_new);
  ck_assert_uint_eq(s.skesk, messages[_i].skesk);
  ck_assert_uint_eq(s.recipients, messages[_i].recipients);
  ck_assert_int_eq(s.hidden, messages[_i].hidden);
  if (messages[_i].advice)
    ck_assert_msg(strstr(s.advice, messages[_i].advice) != NULL, "%s: %s", messages[_i].name, s.advice);
  else
    ck_assert_str_eq(s.advice, "");
}
END_TEST

START_TEST(clear_signed_is_seen)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_scan s;
  packet_scan(pool, corpus(pool, "clear.pgp"), &s);
  ck_assert(s.clear_signed && s.armored && !s.first);
}
END_TEST

/* Armor with CRLF, with text around it, without a checksum, without the blank line, inside nothing. */
START_TEST(armor_as_mail_programs_leave_it)
{
  static const char head[] = "-----BEGIN PGP MESSAGE-----";
  static const char data[] = "hF4DASNFZ4mrze8SAQdA"; /* a PKESK's beginning: 84 5e 03 0123456789abcdef 12 .. */
  static const char *const forms[] = {
    "%s\n\n%s\n=abcd\n-----END PGP MESSAGE-----\n",
    "%s\r\n\r\n%s\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n",
    "Hello\n%s\nVersion: X 1\nComment: a: b\n\n%s\n-----END PGP MESSAGE-----\nBye\n",
    "%s\n%s\n-----END PGP MESSAGE-----\n",
    "%s  \n \n%s",
    "%s\nCharset: utf-8\n\n  %s\t\n",
  };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
    struct packet_scan s;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    char *text = pool_printf(pool, forms[i], head, data);
#pragma GCC diagnostic pop
    packet_scan(pool, bytes_str(text), &s);
    ck_assert_msg(s.recipients == 1 && strcmp(s.recipient[0], "0123456789ABCDEF") == 0, "form %zu", i);
    ck_assert(s.cut);
  }
}
END_TEST

START_TEST(nothing_in_it)
{
  static const char *const texts[] = { "",     "\n",   "Hello",        "-----BEGIN PGP MESSAGE-----",
                                       "\x80", "\x84", "\xc1\xff\xff", "-----BEGIN PGP MESSAGE-----\n\n====\n" };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
    struct packet_scan s;
    packet_scan(pool, bytes_str(texts[i]), &s);
    ck_assert_msg(!s.encrypted && !s.recipients && !s.pkesk, "text %zu", i);
  }
}
END_TEST

/* Lengths that lie: the body never leaves the data. */
START_TEST(lengths_that_lie)
{
  static const struct {
    const char *data;
    size_t len, body;
    bool found, cut;
  } cases[] = {
    { "\xd2\x05\x01\x02", 4, 2, true, true }, /* 5 announced, 2 there */
    { "\xd2\xff\xff\xff\xff\xff\x01", 7, 1, true, true },
    { "\xd2\xc0", 2, 0, false, false }, /* the length itself is cut */
    { "\xd2\xff\x00\x00", 4, 0, false, false },
    { "\xd2\xe1\x01\x02\x01\x03", 6, 2, true, false }, /* a chunk of 2, then one of 1 */
    { "\xd2\xe1\x01\x02", 4, 2, true, true },          /* no last chunk */
    { "\xd2\xe1\x01\x02\xfe\x01", 6, 2, true, true },  /* a next chunk of 1 GiB */
    { "\xcb\x00", 2, 0, true, false },
    { "\xaf\x01\x02\x03", 4, 3, true, false }, /* old format, to the end */
    { "\xae\xff\xff\xff\xff\x01", 6, 1, true, true },
    { "\xc0\x01\x01", 3, 0, false, false }, /* tag 0 */
    { "\x12\x01\x01", 3, 0, false, false }, /* no packet */
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct bytes rest = { cases[i].data, cases[i].len };
    struct packet p;
    ck_assert_msg(packet_next(&rest, &p) == cases[i].found, "case %zu", i);
    if (!cases[i].found)
      continue;
    ck_assert_msg(p.body.len == cases[i].body, "case %zu: %zu", i, p.body.len);
    ck_assert_msg(p.cut == cases[i].cut, "case %zu", i);
    ck_assert_uint_eq(p.raw.len + rest.len, cases[i].len);
  }
}
END_TEST

START_TEST(more_recipients_than_room)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct buf b = buf_new(pool, 8192);
  struct packet_scan s;
  for (int i = 0; i < PGP_RECIPIENTS_MAX + 40; i++)
    buf_add(&b, BYTES("\xc1\x0b\x03\x01\x02\x03\x04\x05\x06\x07\x08\x12\x00"));
  packet_scan(pool, buf_bytes(&b), &s);
  ck_assert_uint_eq(s.pkesk, PGP_RECIPIENTS_MAX + 40);
  ck_assert_uint_eq(s.recipients, PGP_RECIPIENTS_MAX);
}
END_TEST

/* ---- key files ---- */
START_TEST(one_certificate)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_certs c;
  packet_split(pool, corpus(pool, "alice.asc"), 10, &c);
  ck_assert_uint_eq(c.count, 1);
  ck_assert_uint_eq(c.cert[0].version, 4);
  ck_assert(!c.secret && !c.more);
  packet_split(pool, c.cert[0].data, 10, &c); /* its binary form */
  ck_assert_uint_eq(c.count, 1);
}
END_TEST

/* It goes behind the primary key; what is no key revocation, is cut short, or comes behind something else goes nowhere. */
START_TEST(a_revocation_alone)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_certs c;
  struct bytes out = { 0 }, rest;
  struct packet p;
  packet_split(pool, corpus(pool, "alice.asc"), 10, &c);
  struct bytes cert = c.cert[0].data, good = BYTES("\x88\x05\x04\x20\x01\x0a\x00");
  ck_assert(packet_revoke(pool, good, cert, &out));
  ck_assert_uint_eq(out.len, cert.len + good.len);
  rest = out;
  ck_assert(packet_next(&rest, &p) && p.tag == PACKET_PUBLIC_KEY);
  ck_assert(packet_next(&rest, &p) && p.tag == PACKET_SIGNATURE && bytes_eq(p.raw, good));
  ck_assert(packet_next(&rest, &p) && p.tag == PACKET_USER_ID);
  ck_assert(!packet_revoke(pool, BYTES("\x88\x05\x04\x13\x01\x0a\x00"), cert, &out));
  ck_assert(!packet_revoke(pool, BYTES("\x88\x09\x04\x20\x01\x0a\x00"), cert, &out));
  ck_assert(!packet_revoke(pool, cert, cert, &out));
  ck_assert(!packet_revoke(pool, BYTES(""), cert, &out));
  ck_assert(!packet_revoke(pool, good, good, &out));
}
END_TEST

START_TEST(several_blocks_and_text)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_certs c;
  struct buf b = buf_new(pool, 8192);
  buf_adds(&b, "My keys:\n");
  buf_add(&b, corpus(pool, "alice.asc"));
  buf_adds(&b, "and\r\n");
  buf_add(&b, corpus(pool, "carol.asc"));
  packet_split(pool, buf_bytes(&b), 10, &c);
  ck_assert_uint_eq(c.count, 2);
  packet_split(pool, buf_bytes(&b), 1, &c);
  ck_assert_uint_eq(c.count, 1);
  ck_assert(c.more);
}
END_TEST

START_TEST(new_key_hides_no_old_one)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_certs c;
  packet_split(pool, corpus(pool, "v6-then-v4.key"), 10, &c);
  ck_assert_uint_eq(c.count, 2);
  ck_assert_uint_eq(c.cert[0].version, 6);
  ck_assert_uint_eq(c.cert[1].version, 4);
}
END_TEST

START_TEST(secret_parts_are_left_out)
{
  static const char file[] = "\xc6\x02\x04\x01" /* public key */
                             "\xcd\x01"
                             "a"                /* user id */
                             "\xc7\x02\x04\x02" /* secret subkey: dropped */
                             "\xcc\x01\x00"     /* trust packet: dropped */
                             "\xc5\x02\x04\x03" /* secret key: ends the certificate */
                             "\xcd\x01"
                             "b"; /* belongs to the secret key */
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_certs c;
  packet_split(pool, (struct bytes){ file, sizeof file - 1 }, 10, &c);
  ck_assert_uint_eq(c.count, 1);
  ck_assert(c.secret);
  ck_assert(bytes_eq(c.cert[0].data, BYTES("\xc6\x02\x04\x01\xcd\x01"
                                           "a")));
}
END_TEST

START_TEST(thousands_of_keys_cost_little)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct packet_certs c;
  struct buf b = buf_new(pool, 1u << 22);
  for (int i = 0; i < 1000000; i++)
    buf_add(&b, BYTES("\xc6\x02\x04\x01"));
  clock_t start = clock();
  packet_split(pool, buf_bytes(&b), 10, &c);
  ck_assert(c.more);
  ck_assert_uint_eq(c.count, 10);
  ck_assert_int_lt((clock() - start) * 1000 / CLOCKS_PER_SEC, 200);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("crypt packet");
  TCase *t = tcase_create("messages");
  tcase_add_loop_test(t, message_headers, 0, ARRAY_LEN(messages));
  tcase_add_test(t, clear_signed_is_seen);
  tcase_add_test(t, armor_as_mail_programs_leave_it);
  tcase_add_test(t, nothing_in_it);
  tcase_add_test(t, lengths_that_lie);
  tcase_add_test(t, more_recipients_than_room);
  suite_add_tcase(s, t);
  t = tcase_create("keys");
  tcase_add_test(t, one_certificate);
  tcase_add_test(t, a_revocation_alone);
  tcase_add_test(t, several_blocks_and_text);
  tcase_add_test(t, new_key_hides_no_old_one);
  tcase_add_test(t, secret_parts_are_left_out);
  tcase_add_test(t, thousands_of_keys_cost_little);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
