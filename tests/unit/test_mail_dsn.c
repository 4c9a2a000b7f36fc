/* SPDX-License-Identifier: GPL-3.0-or-later */
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

#define REPORT(fields, returned)                                                                                       \
  "From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender\nReturn-Path: <>\n"                    \
  "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: "                     \
  "text/plain\n\nsorry\n"                                                                                              \
  "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n" fields "\n--b\n" returned         \
  "--b--\n"
#define RETURNED                                                                                                       \
  "Content-Type: message/rfc822\n\nFrom: security@acme.example\nMessage-ID: <ours@acme.example>\nSubject: "            \
  "[EMB-2026-0001] ...\n\n"                                                                                            \
  "-- write above this line -- Ref: EMB-2026-0001/abcdefgh23456722 --\n\nhello\n"

static const struct {
  const char *name, *letter;
  const char *expected; /* "failed|status|recipient|diagnostic|id|case|tag"; "" = no DSN */
} bounces[] = {
  { "usual",
    REPORT("Final-Recipient: rfc822; gone@x.example\nOriginal-Recipient: rfc822;Gone@X.example\nAction: "
           "failed\nStatus: 5.1.1\n"
           "Diagnostic-Code: smtp; 550 5.1.1 no such\n user here\n",
           RETURNED),
    "failed|5.1.1|Gone@x.example|550 5.1.1 no such user here|ours@acme.example|EMB-2026-0001|abcdefgh23456722" },
  { "headers only",
    REPORT("Final-Recipient: rfc822; gone@x.example\nAction: failed\nStatus: 5.2.2 (full)\n",
           "Content-Type: text/rfc822-headers\n\nMessage-ID:\n <ours@acme.example>\n"),
    "failed|5.2.2|gone@x.example||ours@acme.example||" },
  { "delayed", REPORT("Final-Recipient: rfc822; slow@x.example\nAction: delayed\nStatus: 4.4.1\n", RETURNED),
    "delayed|4.4.1|slow@x.example||ours@acme.example|EMB-2026-0001|abcdefgh23456722" },
  { "delivered is no news",
    REPORT("Final-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.0.0\n", RETURNED),
    "|||"
    "|ours@acme.example|EMB-2026-0001|abcdefgh23456722" },
  { "second recipient failed",
    REPORT("Final-Recipient: rfc822; a@x.example\nAction: relayed\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; "
           "b@x.example\nAction: failed\nStatus: 5.0.0\n",
           RETURNED),
    "failed|5.0.0|b@x.example||ours@acme.example|EMB-2026-0001|abcdefgh23456722" },
  { "hostile",
    REPORT(
        "Final-Recipient: rfc822; a@x.example> RCPT\nAction: failed\nStatus: 9.9.9 x\nDiagnostic-Code: smtp; \x1b[2J\n",
        "Content-Type: text/rfc822-headers\n\nMessage-ID: no id\nRef: nothing\n"),
    "failed|||\xef\xbf\xbd[2J|||" },
  { "qmail",
    "From: MAILER-DAEMON@mx.example\nSubject: failure notice\nReturn-Path: <>\n\nHi. This is the qmail-send "
    "program.\n<gone@x.example>:\nno such user\n\n"
    "--- Below this line is a copy of the message.\n\nMessage-ID: <ours@acme.example>\n\nRef: EMB-2026-0001/abcd\n",
    "failed||||ours@acme.example|EMB-2026-0001|abcd" },
  { "Exim of old",
    "From: Mail Delivery System <Mailer-Daemon@mx.example>\nSubject: Mail delivery failed: returning message to "
    "sender\nReturn-Path: <>\nX-Failed-Recipients: gone@x.example\n\nsorry\n",
    "failed||gone@x.example||||" },
  { "a person who writes about bounces",
    "From: rita@x.example\nSubject: Undelivered mail\n\nMessage-ID: <ours@acme.example>\n", "" },
  { "a read receipt",
    "From: rita@x.example\nContent-Type: multipart/report; report-type=disposition-notification; "
    "boundary=b\n\n--b\nContent-Type: text/plain\n\nread\n--b--\n",
    "" },
  { "a forwarded bounce",
    "From: rita@x.example\nContent-Type: multipart/mixed; boundary=z\n\n--z\nContent-Type: message/rfc822\n\n" REPORT(
        "Final-Recipient: rfc822; gone@x.example\nAction: failed\nStatus: 5.1.1\n", RETURNED) "--z--\n",
    "" },
  { "empty report",
    "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; "
    "boundary=b\n\n--b--\n",
    "||||||" },
};

START_TEST(reads_bounces)
{
  struct mail_dsn d;
  mail_dsn(pool, letter_table(pool, bounces[_i].letter), &d);
  const char *got = !d.is_dsn ? ""
                              : pool_printf(pool, "%s|%s|%s|%s|%s|%s|%s",
                                            d.failed    ? "failed"
                                            : d.delayed ? "delayed"
                                                        : "",
                                            d.status, d.recipient, d.diagnostic, d.message_id, d.ref_case, d.ref_tag);
  ck_assert_msg(strcmp(got, bounces[_i].expected) == 0, "%s: got %s", bounces[_i].name, got);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("mail_dsn");
  TCase *t = tcase_create("dsn");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, reads_bounces, 0, (int)ARRAY_LEN(bounces));
  suite_add_tcase(s, t);
  return letter_suite_run(s);
}
