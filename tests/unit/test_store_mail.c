/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages, threads, outbox. */
#include <config.h>

#include "test_store_support.h"

static void say(const char *id, enum message_kind kind, int64_t party, const char *message_id, int64_t at)
{
  struct case_message m = { .at = at,
                            .letter = 3,
                            .party = party,
                            .kind = kind,
                            .who = "who@x.test",
                            .subject = "Subj",
                            .text = "Text of it",
                            .message_id = message_id,
                            .protection = "in clear" };
  OK(store_message_add(fx.st, id, &m, &fx.err));
}

static int64_t queue(const char *id, int64_t party, const char *message_id, int64_t now)
{
  struct outbox_letter l = { .case_id = id,
                             .kind = "reply",
                             .party = party,
                             .to = "to@x.test",
                             .to_name = "To",
                             .envelope_from = "security+b@y.test",
                             .bounce_token = message_id,
                             .message_id = message_id,
                             .bytes = BYTES("Subject: sealed\r\n\r\nbytes"),
                             .encrypted = true };
  int64_t out;
  OK(store_outbox_put(fx.st, &l, now, &out, &fx.err));
  return out;
}

START_TEST(messages_round_trip)
{
  save_plain_case("EMB-2027-0001");
  say("EMB-2027-0001", MESSAGE_REPORT, 4, "m1@x", T0);
  say("EMB-2027-0001", MESSAGE_NOTE, 0, "", T0 + 1);
  fixture_reopen();
  struct case_message *m;
  size_t n;
  OK(store_message_list(fx.st, fx.pool, "EMB-2027-0001", &m, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  ck_assert(m[0].at == T0 && m[0].letter == 3 && m[0].party == 4 && m[0].kind == MESSAGE_REPORT && m[0].id > 0);
  ck_assert_str_eq(m[0].who, "who@x.test");
  ck_assert_str_eq(m[0].subject, "Subj");
  ck_assert_str_eq(m[0].text, "Text of it");
  ck_assert_str_eq(m[0].message_id, "m1@x");
  ck_assert_str_eq(m[0].protection, "in clear");
  ck_assert_str_eq(m[1].message_id, "");
  struct case_message bad = { .kind = MESSAGE_NOTE };
  FAILS(ST_BROKEN, store_message_add(fx.st, "", &bad, &fx.err));
  FAILS(ST_REJECT, store_message_add(fx.st, "EMB-2027-0009", &bad, &fx.err));
}
END_TEST

static void found_in(const char *message_id, const char *want_case, int64_t want_party)
{
  char *id;
  int64_t party;
  OK(store_message_find(fx.st, fx.pool, message_id, &id, &party, &fx.err));
  if (!want_case) {
    ck_assert_ptr_null(id);
    return;
  }
  ck_assert_ptr_nonnull(id);
  ck_assert_str_eq(id, want_case);
  ck_assert_int_eq(party, want_party);
}

START_TEST(message_ids_are_found)
{
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  say("EMB-2027-0001", MESSAGE_REPORT, 4, "r1@x", T0);
  say("EMB-2027-0002", MESSAGE_REPORT, 5, "r1@x", T0 + 1); /* chosen to be the same: the earlier one wins */
  found_in("r1@x", "EMB-2027-0001", 4);
  found_in("<r1@x>", "EMB-2027-0001", 4);
  found_in("R1@x", NULL, 0); /* Message-IDs compare exactly */
  found_in("", NULL, 0);
  say("EMB-2027-0001", MESSAGE_REPORT, 4, "ours@y", T0 + 2); /* a letter that claims an id of ours ... */
  queue("EMB-2027-0002", 5, "ours@y", T0 + 3);
  found_in("ours@y", "EMB-2027-0002", 5); /* ... does not take it over */
  say("EMB-2027-0001", MESSAGE_SENT, 6, "ours@y", T0 + 4);
  found_in("ours@y", "EMB-2027-0001", 6);
  queue("", 0, "system@y", T0);
  found_in("system@y", NULL, 0);
}
END_TEST

START_TEST(threads_are_told_oldest_first)
{
  char **ids;
  size_t n;
  save_plain_case("EMB-2027-0001");
  say("EMB-2027-0001", MESSAGE_REPORT, 4, "r1@x", T0);
  queue("EMB-2027-0001", 4, "ack@y", T0 + 1);
  say("EMB-2027-0001", MESSAGE_SENT, 4, "reply@y", T0 + 2);
  queue("EMB-2027-0001", 4, "reply@y", T0 + 2); /* both tables have it */
  queue("EMB-2027-0001", 0, "forward@y", T0 + 2);
  say("EMB-2027-0001", MESSAGE_FOLLOW_UP, 4, "r2@x", T0 + 3);
  say("EMB-2027-0001", MESSAGE_FOLLOW_UP, 4, "", T0 + 4);
  OK(store_thread_ids(fx.st, fx.pool, "EMB-2027-0001", 4, 10, &ids, &n, &fx.err));
  ck_assert_uint_eq(n, 4);
  ck_assert_str_eq(ids[0], "r1@x");
  ck_assert_str_eq(ids[1], "ack@y");
  ck_assert_str_eq(ids[2], "reply@y");
  ck_assert_str_eq(ids[3], "r2@x");
  OK(store_thread_ids(fx.st, fx.pool, "EMB-2027-0001", 4, 2, &ids, &n, &fx.err)); /* the newest two */
  ck_assert_uint_eq(n, 2);
  ck_assert_str_eq(ids[0], "reply@y");
  OK(store_thread_ids(fx.st, fx.pool, "EMB-2027-0001", 0, 10, &ids, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  ck_assert_str_eq(ids[0], "forward@y");
  OK(store_thread_ids(fx.st, fx.pool, "EMB-2027-0001", 9, SIZE_MAX, &ids, &n, &fx.err));
  ck_assert_uint_eq(n, 0);
}
END_TEST

/* ---- outbox ---- */

static size_t take(int64_t now, struct outbox_letter **l)
{
  size_t n;
  OK(store_outbox_take(fx.st, fx.pool, now, 60, 10, l, &n, &fx.err));
  return n;
}

static void end(int64_t id, enum outbox_state state, int64_t due, int64_t now)
{
  struct outbox_end e = { .state = state, .due_at = due, .now = now, .error = "451 try later" };
  OK(store_outbox_finish(fx.st, id, &e, &fx.err));
}

static int64_t next_due(void)
{
  int64_t at;
  OK(store_outbox_next_due(fx.st, &at, &fx.err));
  return at;
}

START_TEST(outbox_round_trip)
{
  struct outbox_letter *l, got;
  save_plain_case("EMB-2027-0001");
  int64_t id = queue("EMB-2027-0001", 4, "m@y", T0);
  fixture_reopen();
  OK(store_outbox_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert_str_eq(got.case_id, "EMB-2027-0001");
  ck_assert_str_eq(got.kind, "reply");
  ck_assert_str_eq(got.to, "to@x.test");
  ck_assert_str_eq(got.to_name, "To");
  ck_assert_str_eq(got.envelope_from, "security+b@y.test");
  ck_assert_str_eq(got.bounce_token, "m@y");
  ck_assert_str_eq(got.message_id, "m@y");
  ck_assert_str_eq(got.last_error, "");
  ck_assert(got.state == OUTBOX_QUEUED && got.party == 4 && got.queued_at == T0 && got.due_at == T0 && got.encrypted);
  ck_assert(bytes_eq(got.bytes, BYTES("Subject: sealed\r\n\r\nbytes")));
  ck_assert_uint_eq(take(T0, &l), 1);
  ck_assert(bytes_eq(l[0].bytes, got.bytes));
  FAILS(ST_REJECT, store_outbox_load(fx.st, fx.pool, 99, &got, &fx.err));
}
END_TEST

START_TEST(leases)
{
  struct outbox_letter *l;
  int64_t a = queue("", 0, "a@y", T0), b = queue("", 0, "b@y", T0 + 5);
  ck_assert_int_eq(next_due(), T0);
  ck_assert_uint_eq(take(T0 - 1, &l), 0);
  ck_assert_uint_eq(take(T0 + 5, &l), 2); /* oldest first */
  ck_assert(l[0].id == a && l[1].id == b);
  ck_assert_uint_eq(take(T0 + 64, &l), 0);
  ck_assert_int_eq(next_due(), T0 + 65); /* the end of the leases */
  ck_assert_uint_eq(take(T0 + 65, &l), 2);
  end(a, OUTBOX_SENT, 0, T0 + 70);
  end(b, OUTBOX_DEFERRED, T0 + 90, T0 + 70);
  ck_assert_int_eq(next_due(), T0 + 90); /* a lease that ended does not hold it */
  ck_assert_uint_eq(take(T0 + 89, &l), 0);
  ck_assert_uint_eq(take(T0 + 90, &l), 1);
  ck_assert(l[0].id == b && l[0].state == OUTBOX_DEFERRED && l[0].tries == 1);
  ck_assert_str_eq(l[0].last_error, "451 try later");
  end(b, OUTBOX_UNCONFIRMED, T0 + 91, T0 + 91);
  ck_assert_uint_eq(take(T0 + 91, &l), 1); /* unconfirmed is sent again */
  end(b, OUTBOX_FAILED, 0, T0 + 92);
  ck_assert_uint_eq(take(T0 + 9999, &l), 0);
  ck_assert_int_eq(next_due(), INT64_MAX);
  struct outbox_end e = { .state = OUTBOX_SENT };
  FAILS(ST_REJECT, store_outbox_finish(fx.st, 99, &e, &fx.err));
}
END_TEST

START_TEST(nothing_leaves_before_its_commit)
{
  struct outbox_letter *l;
  int64_t a = queue("", 0, "a@y", T0);
  OK(store_begin(fx.st, &fx.err));
  queue("", 0, "b@y", T0);
  ck_assert_uint_eq(take(T0, &l), 1);
  ck_assert_int_eq(l[0].id, a);
  end(a, OUTBOX_SENT, 0, T0);
  store_rollback(fx.st); /* the end is lost, the lease is not: no second copy at once */
  ck_assert_uint_eq(take(T0 + 59, &l), 0);
  ck_assert_uint_eq(take(T0 + 60, &l), 1);
  OK(store_begin(fx.st, &fx.err));
  queue("", 0, "c@y", T0);
  OK(store_commit(fx.st, &fx.err));
  ck_assert_uint_eq(take(T0 + 60, &l), 1);
  ck_assert_str_eq(l[0].message_id, "c@y");
}
END_TEST

START_TEST(the_first_letter_of_a_process_waits_too)
{
  struct outbox_letter *l;
  OK(store_begin(fx.st, &fx.err));
  queue("", 0, "b@y", T0);
  ck_assert_uint_eq(take(T0, &l), 0);
  OK(store_commit(fx.st, &fx.err));
  ck_assert_uint_eq(take(T0, &l), 1);
}
END_TEST

START_TEST(recovery)
{
  struct outbox_letter *l, got;
  int64_t a = queue("", 0, "a@y", T0), b = queue("", 0, "b@y", T0), c = queue("", 0, "c@y", T0);
  ck_assert_uint_eq(take(T0, &l), 3);
  end(a, OUTBOX_SENT, 0, T0);
  end(b, OUTBOX_SENT, 0, T0 + 1000);
  OK(store_outbox_recover(fx.st, T0 + 1000, &fx.err));
  ck_assert_uint_eq(take(T0, &l), 1); /* the lease of c is void */
  ck_assert_int_eq(l[0].id, c);
  OK(store_outbox_load(fx.st, fx.pool, a, &got, &fx.err));
  ck_assert(got.bytes.len == 0 && got.state == OUTBOX_SENT && got.sent_at == T0);
  ck_assert_str_eq(got.message_id, "a@y");
  OK(store_outbox_load(fx.st, fx.pool, b, &got, &fx.err));
  ck_assert(got.bytes.len > 0);
}
END_TEST

START_TEST(retrying)
{
  struct outbox_letter *l;
  int64_t a = queue("", 0, "a@y", T0), b = queue("", 0, "b@y", T0), c = queue("", 0, "c@y", T0);
  take(T0, &l);
  end(a, OUTBOX_SENT, 0, T0);
  end(b, OUTBOX_FAILED, 0, T0);
  end(c, OUTBOX_DEFERRED, T0 + 5000, T0);
  FAILS(ST_REJECT, store_outbox_retry(fx.st, a, T0, &fx.err));
  FAILS(ST_REJECT, store_outbox_retry(fx.st, 99, T0, &fx.err));
  OK(store_outbox_retry(fx.st, c, T0 + 1, &fx.err));
  ck_assert_uint_eq(take(T0 + 1, &l), 1);
  ck_assert_int_eq(l[0].id, c);
  end(c, OUTBOX_DEFERRED, T0 + 5000, T0);
  OK(store_outbox_retry(fx.st, 0, T0 + 2, &fx.err));
  ck_assert_uint_eq(take(T0 + 2, &l), 2);
  ck_assert(l[0].id == b && l[1].id == c);
}
END_TEST

START_TEST(lists)
{
  struct outbox_letter *l;
  size_t n;
  int64_t a = queue("", 0, "a@y", T0);
  queue("", 0, "b@y", T0);
  end(a, OUTBOX_SENT, 0, T0);
  OK(store_outbox_list(fx.st, fx.pool, false, &l, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  ck_assert(l[0].bytes.p == NULL);
  OK(store_outbox_list(fx.st, fx.pool, true, &l, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  ck_assert_str_eq(l[0].message_id, "b@y");
}
END_TEST

START_TEST(mails_of_a_case)
{
  struct outbox_letter *l;
  size_t n;
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  int64_t a = queue("EMB-2027-0001", 0, "a@y", T0), b = queue("EMB-2027-0001", 0, "b@y", T0);
  queue("EMB-2027-0002", 0, "c@y", T0);
  queue("", 0, "d@y", T0);
  OK(store_outbox_of_case(fx.st, fx.pool, "EMB-2027-0001", "reply", &l, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  ck_assert(l[0].id == a && l[1].id == b && l[0].bytes.p == NULL && l[0].to_name[0]);
  OK(store_outbox_of_case(fx.st, fx.pool, "EMB-2027-0001", "notice", &l, &n, &fx.err));
  ck_assert_uint_eq(n, 0);
  ck_assert_int_eq(store_outbox_of_case(fx.st, fx.pool, "EMB-2027-0009", "reply", &l, &n, &fx.err), ST_REJECT);
}
END_TEST

START_TEST(bounces_find_their_letter)
{
  struct outbox_letter got;
  bool found;
  int64_t a = queue("", 0, "a@y", T0), b = queue("", 0, "b@y", T0);
  OK(store_outbox_by_bounce(fx.st, fx.pool, "b@y", "a@y", &got, &found, &fx.err)); /* the token counts more */
  ck_assert(found && got.id == b);
  OK(store_outbox_by_bounce(fx.st, fx.pool, "", "<a@y>", &got, &found, &fx.err));
  ck_assert(found && got.id == a);
  OK(store_outbox_by_bounce(fx.st, fx.pool, "wrong", "", &got, &found, &fx.err));
  ck_assert(!found);
  OK(store_outbox_by_bounce(fx.st, fx.pool, "", "", &got, &found, &fx.err));
  ck_assert(!found);
}
END_TEST

START_TEST(a_take_is_bounded)
{
  size_t size = (size_t)3 << 19, n;
  char *p = calloc(1, size);
  struct outbox_letter l = { .kind = "forward", .to = "a@x", .message_id = "m@y", .bytes = { p, size } }, *got;
  int64_t id;
  for (int i = 0; i < 4; i++)
    OK(store_outbox_put(fx.st, &l, T0, &id, &fx.err));
  free(p);
  OK(store_outbox_take(fx.st, fx.pool, T0, 60, 10, &got, &n, &fx.err));
  ck_assert_uint_eq(n, 3); /* 4 MiB and one letter */
  OK(store_outbox_take(fx.st, fx.pool, T0, 60, 10, &got, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  ck_assert(got[0].id == id && got[0].bytes.len == size);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store mail");
  TCase *t = tcase_create("mail");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, messages_round_trip);
  tcase_add_test(t, message_ids_are_found);
  tcase_add_test(t, threads_are_told_oldest_first);
  tcase_add_test(t, outbox_round_trip);
  tcase_add_test(t, leases);
  tcase_add_test(t, nothing_leaves_before_its_commit);
  tcase_add_test(t, the_first_letter_of_a_process_waits_too);
  tcase_add_test(t, recovery);
  tcase_add_test(t, retrying);
  tcase_add_test(t, lists);
  tcase_add_test(t, mails_of_a_case);
  tcase_add_test(t, bounces_find_their_letter);
  tcase_add_test(t, a_take_is_bounded);
  suite_add_tcase(s, t);
  return run_suite(s);
}
