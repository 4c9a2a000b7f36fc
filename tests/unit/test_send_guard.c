/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may stand in an SMTP command, what is a letter, what is a public address; the outbox URL; the WKD URLs. */
#include <config.h>

#include <embargod/wkd.h>
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/send/outbox.h"

static const struct {
  const char *address;
  bool fine;
} addresses[] = {
  { "alice@example.org", true },
  { "a@b", true },
  { "Joe.Doe+tag=1@sub.example.org", true },
  { "o'brien!#$%&*/?^_`{|}~@example.org", true },
  { "two..dots.@example.org", true }, /* not RFC 5322, but such mailboxes exist */
  { "alice@[192.0.2.1]", true },
  { "alice@[IPv6:2001:db8::1]", true },
  { "j\xc3\xbcrgen@m\xc3\xbcnchen.example", true },
  { "security@xn--mnchen-3ya.example", true },
  { NULL, false },
  { "", false },
  { "alice", false },
  { "@example.org", false },
  { "alice@", false },
  { "alice@.example.org", false },
  { "alice@-example.org", false },
  { "alice@example.org.", false },
  { "alice@[]", false },
  { "alice@exa_mple.org", false },
  { "alice@example.org:25", false },
  { "alice@example.org\r\nRCPT TO:<eve@example.net>", false },
  { "alice\r\nDATA\r\n@example.org", false },
  { "alice\n@example.org", false },
  { "alice\r@example.org", false },
  { "alice@exam\nple.org", false },
  { "alice\t@example.org", false },
  { "alice\x01@example.org", false },
  { "alice\x7f@example.org", false },
  { "al ice@example.org", false },
  { " alice@example.org", false },
  { "alice@example.org ", false },
  { "<alice@example.org>", false },
  { "alice@example.org> SIZE=1", false },
  { "alice@example.org>", false },
  { "alice>@example.org", false },
  { "eve@example.net,alice@example.org", false },
  { "eve@example.net@example.org", false },
  { "\"alice\"@example.org", false },
  { "\"al@ice\"@example.org", false },
  { "@relay.example:alice@example.org", false },
  { "alice(comment)@example.org", false },
  { "ali\\ce@example.org", false },
  { "-oQ/tmp@example.org", false },
  { "alice\xff@example.org", false },         /* no UTF-8 */
  { "alice\xc2\x85@example.org", false },     /* C1: next line */
  { "alice\xe2\x80\xa8@example.org", false }, /* line separator */
  { "alice\xe2\x80\xae@example.org", false }, /* right-to-left override */
  { "alice@exam\xe2\x80\x8bple.org", false }, /* zero width space */
  { "alice@exam\xc2\xa0ple.org", false },     /* no-break space */
};

START_TEST(address_guard)
{
  const char *why = send_address_fault(addresses[_i].address);
  ck_assert_msg((why == NULL) == addresses[_i].fine, "%s: %s", addresses[_i].address, why ? why : "was let through");
}
END_TEST

START_TEST(address_lengths)
{
  char s[400];
  memset(s, 'a', sizeof s);
  memcpy(s + 64, "@example.org", 13);
  ck_assert_ptr_null(send_address_fault(s));
  memcpy(s + 64, "a@example.org", 14);
  ck_assert_ptr_nonnull(send_address_fault(s));
  memset(s, 'a', sizeof s);
  s[10] = '@';
  s[254] = '\0';
  ck_assert_ptr_null(send_address_fault(s));
  s[254] = 'a';
  s[255] = '\0';
  ck_assert_ptr_nonnull(send_address_fault(s));
}
END_TEST

START_TEST(null_sender_is_only_a_sender)
{
  ck_assert_ptr_null(send_sender_fault(""));
  ck_assert_ptr_nonnull(send_sender_fault(NULL));
  ck_assert_ptr_nonnull(send_address_fault(""));
  ck_assert_ptr_nonnull(send_sender_fault("<>"));
}
END_TEST

static const struct {
  struct bytes body;
  bool fine;
} bodies[] = {
  { { "Subject: x\r\n\r\nhello\r\n", 21 }, true },
  { { "\r\n", 2 }, true },
  { { "a\r\n.\r\nb\r\n", 9 }, true }, /* libcurl doubles the dot */
  { { "", 0 }, false },
  { { "\n", 1 }, false },
  { { "a", 1 }, false },
  { { "a\r\nb", 4 }, false },
  { { "a\r\nb\n", 5 }, false },
  { { "a\nb\r\n", 5 }, false },
  { { "a\rb\r\n", 5 }, false },
  { { "a\r\r\n", 4 }, false },
  { { "a\r\n\r", 4 }, false },
  { { "a\n.\nMAIL FROM:<x@y>\r\n", 21 }, false },
  { { "a\0b\r\n", 5 }, false },
};

START_TEST(body_guard)
{
  const char *why = send_body_fault(bodies[_i].body);
  ck_assert_msg((why == NULL) == bodies[_i].fine, "%d: %s", _i, why ? why : "was let through");
}
END_TEST

static const struct {
  const char *text;
  bool public;
} nets[] = {
  { "1.1.1.1", true },
  { "8.8.8.8", true },
  { "172.15.255.255", true },
  { "172.32.0.0", true },
  { "100.63.255.255", true },
  { "100.128.0.0", true },
  { "223.255.255.255", true },
  { "192.167.255.255", true },
  { "0.0.0.0", false },
  { "0.1.2.3", false },
  { "10.0.0.1", false },
  { "100.64.0.1", false },
  { "100.127.255.255", false },
  { "127.0.0.1", false },
  { "127.255.0.1", false },
  { "169.254.169.254", false },
  { "172.16.0.1", false },
  { "172.31.255.255", false },
  { "192.0.0.8", false },
  { "192.0.2.1", false },
  { "192.168.1.1", false },
  { "198.18.0.1", false },
  { "198.19.255.255", false },
  { "203.0.113.9", false },
  { "224.0.0.1", false },
  { "240.0.0.1", false },
  { "255.255.255.255", false },
  { "2606:4700::1111", true },
  { "2a00:1450::1", true },
  { "::ffff:8.8.8.8", true },
  { "64:ff9b::808:808", true },
  { "::", false },
  { "::1", false },
  { "::8.8.8.8", false },
  { "::ffff:127.0.0.1", false },
  { "::ffff:10.0.0.1", false },
  { "64:ff9b::7f00:1", false },
  { "64:ff9b:1::1", false },
  { "fe80::1", false },
  { "fc00::1", false },
  { "fd12::1", false },
  { "ff02::1", false },
  { "2001:db8::1", false },
  { "2002:7f00:1::1", false },
  { "2001:0:1::1", false },
  { "3fff::1", false },
  { "100::1", false },
  { "fec0::1", false },
};

START_TEST(public_addresses)
{
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
  struct sockaddr_in v4 = { .sin_family = AF_INET };
  const struct sockaddr *sa = (const struct sockaddr *)&v4;
  if (strchr(nets[_i].text, ':')) {
    ck_assert_int_eq(inet_pton(AF_INET6, nets[_i].text, &v6.sin6_addr), 1);
    sa = (const struct sockaddr *)&v6;
  } else {
    ck_assert_int_eq(inet_pton(AF_INET, nets[_i].text, &v4.sin_addr), 1);
  }
  ck_assert_msg(send_address_public(sa) == nets[_i].public, "%s", nets[_i].text);
}
END_TEST

START_TEST(other_families_are_not_public)
{
  struct sockaddr sa = { .sa_family = AF_UNIX };
  ck_assert(!send_address_public(&sa));
}
END_TEST

static const struct {
  const char *text;
  enum send_scheme scheme; /* 0: refused */
  const char *user, *host, *path;
  unsigned port;
} urls[] = {
  { "smtps://alice@mail.example.org", SEND_SMTPS, "alice", "mail.example.org", NULL, 465 },
  { "smtps://alice@mail.example.org/", SEND_SMTPS, "alice", "mail.example.org", NULL, 465 },
  { "SMTPS://mail.example.org:10465", SEND_SMTPS, NULL, "mail.example.org", NULL, 10465 },
  { "smtp+starttls://alice@mail.example.org", SEND_STARTTLS, "alice", "mail.example.org", NULL, 587 },
  { "smtp+starttls://alice@corp.example@mail.example.org:25", SEND_STARTTLS, "alice@corp.example", "mail.example.org",
    NULL, 25 },
  { "smtps://alice%40corp.example@mail.example.org", SEND_SMTPS, "alice@corp.example", "mail.example.org", NULL, 465 },
  { "smtps://[2001:db8::1]:465", SEND_SMTPS, NULL, "2001:db8::1", NULL, 465 },
  { "smtps://u@[::1]", SEND_SMTPS, "u", "::1", NULL, 465 },
  { "maildir:/var/mail/out", SEND_MAILDIR, NULL, NULL, "/var/mail/out", 0 },
  { "maildir:/var/mail/out/", SEND_MAILDIR, NULL, NULL, "/var/mail/out", 0 },
  { "sendmail:", SEND_SENDMAIL, NULL, NULL, "/usr/sbin/sendmail", 0 },
  { "sendmail:/opt/mta/sendmail", SEND_SENDMAIL, NULL, NULL, "/opt/mta/sendmail", 0 },
  { "https:", SEND_HTTPS, NULL, NULL, NULL, 443 },
  { .text = NULL },
  { .text = "" },
  { .text = "smtp://alice@mail.example.org" },
  { .text = "mail.example.org" },
  { .text = "smtps:mail.example.org" },
  { .text = "smtps://" },
  { .text = "smtps://alice@" },
  { .text = "smtps://@mail.example.org" },
  { .text = "smtps://alice:secret@mail.example.org" },
  { .text = "smtps://a%0Ab@mail.example.org" },
  { .text = "smtps://a%zz@mail.example.org" },
  { .text = "smtps://a%4@mail.example.org" },
  { .text = "smtps://mail.example.org:0" },
  { .text = "smtps://mail.example.org:65536" },
  { .text = "smtps://mail.example.org:4 5" },
  { .text = "smtps://mail.example.org:" },
  { .text = "smtps://mail.example.org/path" },
  { .text = "smtps://mail example.org" },
  { .text = "smtps://mail\r\n.example.org" },
  { .text = "smtps://[::1" },
  { .text = "smtps://[::1]x" },
  { .text = "smtps://[mail]" },
  { .text = "maildir:relative" },
  { .text = "maildir:" },
  { .text = "sendmail:sendmail" },
  { .text = "https://example.org" },
  { .text = "file:///etc/passwd" },
};

static void same(const char *a, const char *b)
{
  ck_assert_msg((a == NULL) == (b == NULL) && (!a || strcmp(a, b) == 0), "%s is not %s", a ? a : "NULL",
                b ? b : "NULL");
}

START_TEST(url_table)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct send_url u;
  struct fault err = { 0 };
  enum status s = send_url_parse(pool, urls[_i].text, &u, &err);
  if (!urls[_i].scheme) {
    ck_assert_msg(s == ST_REJECT, "%s was taken", urls[_i].text);
    ck_assert_int_gt(strlen(err.text), 0);
    return;
  }
  ck_assert_msg(s == ST_OK, "%s: %s", urls[_i].text, err.text);
  ck_assert_int_eq(u.scheme, urls[_i].scheme);
  ck_assert_uint_eq(u.port, urls[_i].port);
  same(u.user, urls[_i].user);
  same(u.host, urls[_i].host);
  same(u.path, urls[_i].path);
}
END_TEST

START_TEST(wkd_vector)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct wkd_urls u;
  ck_assert(send_wkd_url(pool, "Joe.Doe@Example.ORG", &u)); /* the draft's own example */
  ck_assert_str_eq(u.advanced, "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/"
                               "iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe");
  ck_assert_str_eq(u.direct,
                   "https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe");
}
END_TEST

START_TEST(wkd_local_part_is_escaped)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct wkd_urls u;
  ck_assert(send_wkd_url(pool, "a&b=c/../?#%@example.org", &u));
  ck_assert_ptr_nonnull(strstr(u.direct, "?l=a%26b%3Dc%2F..%2F%3F%23%25"));
  ck_assert_ptr_null(strstr(u.direct, "/../"));
}
END_TEST

static const char *const not_wkd[] = {
  NULL,
  "",
  "joe",
  "joe@",
  "@example.org",
  "joe@localhost",
  "joe@[127.0.0.1]",
  "joe@127.0.0.1",
  "joe@example.org:8443",
  "joe@example.org/x",
  "joe@example..org",
  "joe@.example.org",
  "joe@example.org.",
  "joe@-example.org",
  "joe@example-.org",
  "joe@example.org-",
  "joe@m\xc3\xbcnchen.example",
  "joe doe@example.org",
  "joe\r\n@example.org",
  "joe@exa mple.org",
  "joe@user@example..org",
};

START_TEST(wkd_refuses)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct wkd_urls u;
  ck_assert_msg(!send_wkd_url(pool, not_wkd[_i], &u), "%s", not_wkd[_i]);
}
END_TEST

START_TEST(words_are_cleaned)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  char longer[4000];
  memset(longer, 'x', sizeof longer);
  ck_assert_uint_le(strlen(send_words(pool, (struct bytes){ longer, sizeof longer })), 500);
  const char *s = send_words(pool, BYTES(" no \x1b[31msuch\r\nuser\x07 \n"));
  for (; *s; s++)
    ck_assert((unsigned char)*s >= ' ');
}
END_TEST

int main(void)
{
  Suite *s = suite_create("send_guard");
  TCase *t = tcase_create("guards");
  tcase_add_loop_test(t, address_guard, 0, ARRAY_LEN(addresses));
  tcase_add_test(t, address_lengths);
  tcase_add_test(t, null_sender_is_only_a_sender);
  tcase_add_loop_test(t, body_guard, 0, ARRAY_LEN(bodies));
  tcase_add_loop_test(t, public_addresses, 0, ARRAY_LEN(nets));
  tcase_add_test(t, other_families_are_not_public);
  tcase_add_loop_test(t, url_table, 0, ARRAY_LEN(urls));
  tcase_add_test(t, wkd_vector);
  tcase_add_test(t, wkd_local_part_is_escaped);
  tcase_add_loop_test(t, wkd_refuses, 0, ARRAY_LEN(not_wkd));
  tcase_add_test(t, words_are_cleaned);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
