/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>

#include "test_store_support.h"

START_TEST(records_once)
{
  int64_t id = record_letter("1", "From: a\r\n\r\nhello"), again, found;
  bool known, duplicate, settled;
  struct intake_letter l = letter_of("1");
  OK(store_intake_record(fx.st, &l, BYTES("other bytes"), &again, &known, &duplicate, &fx.err));
  ck_assert(known && !duplicate);
  ck_assert_int_eq(again, id);
  OK(store_intake_find(fx.st, &l, &known, &found, &settled, &fx.err));
  ck_assert(known && !settled);
  ck_assert_int_eq(found, id);
  struct bytes raw;
  OK(store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  ck_assert(bytes_eq(raw, BYTES("From: a\r\n\r\nhello")));
}
END_TEST

START_TEST(each_part_of_the_place_counts)
{
  record_letter("1", "a");
  struct intake_letter l[] = { letter_of("2"), letter_of("1"), letter_of("1"), letter_of("1") };
  l[1].mailbox = "other";
  l[2].folder = "Junk";
  l[3].uidvalidity = 8;
  for (size_t i = 0; i < ARRAY_LEN(l); i++) {
    bool known, settled;
    int64_t id;
    OK(store_intake_find(fx.st, &l[i], &known, &id, &settled, &fx.err));
    ck_assert_msg(!known, "place %zu", i);
    ck_assert_int_eq(id, 0);
  }
}
END_TEST

START_TEST(same_bytes_are_a_duplicate)
{
  int64_t first = record_letter("1", "the same"), id;
  bool known, duplicate;
  struct intake_letter l = letter_of("2"), got;
  OK(store_intake_record(fx.st, &l, BYTES("the same"), &id, &known, &duplicate, &fx.err));
  ck_assert(!known && duplicate);
  ck_assert_int_ne(id, first);
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert_int_eq(got.state, LETTER_APPLIED);
  ck_assert_int_eq(got.klass, CLASS_DUPLICATE);
  ck_assert_str_eq(got.reason, "the same bytes as letter 1");
  struct bytes raw;
  OK(store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  ck_assert(bytes_eq(raw, BYTES("the same")));
  int64_t ids[4];
  size_t n;
  OK(store_intake_due(fx.st, T0, ids, 4, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  ck_assert_int_eq(ids[0], first);
  /* a third one refers to the first, not to the second */
  l = letter_of("3");
  OK(store_intake_record(fx.st, &l, BYTES("the same"), &id, &known, &duplicate, &fx.err));
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert_str_eq(got.reason, "the same bytes as letter 1");
}
END_TEST

START_TEST(oversize_has_no_bytes)
{
  struct intake_letter l = letter_of("1"), got;
  int64_t id;
  bool known, duplicate;
  struct bytes raw;
  l.size = INT64_C(1) << 33;
  OK(store_intake_record(fx.st, &l, (struct bytes){ NULL, 0 }, &id, &known, &duplicate, &fx.err));
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert(got.oversize);
  ck_assert_int_eq(got.size, INT64_C(1) << 33);
  FAILS(ST_REJECT, store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  SAYS("without its bytes");
}
END_TEST

START_TEST(loads_what_was_recorded)
{
  struct intake_letter l = { .mailbox = "in",
                             .folder = "A/b",
                             .uid = "9;x",
                             .uidvalidity = 3,
                             .size = 5,
                             .date = 11,
                             .recorded_at = 22,
                             .reason = "waits" };
  struct intake_letter got;
  int64_t id;
  bool known, duplicate;
  OK(store_intake_record(fx.st, &l, BYTES("12345"), &id, &known, &duplicate, &fx.err));
  fixture_reopen();
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert_str_eq(got.mailbox, "in");
  ck_assert_str_eq(got.folder, "A/b");
  ck_assert_str_eq(got.uid, "9;x");
  ck_assert_str_eq(got.reason, "waits");
  ck_assert_str_eq(got.case_id, "");
  ck_assert(got.uidvalidity == 3 && got.size == 5 && got.date == 11 && got.recorded_at == 22 && got.attempts == 0);
  ck_assert(!got.settled && !got.oversize && got.state == LETTER_RECORDED && got.klass == CLASS_NONE);
  FAILS(ST_REJECT, store_intake_load(fx.st, fx.pool, id + 1, &got, &fx.err));
}
END_TEST

START_TEST(attempts_count_and_are_forgiven)
{
  int64_t id = record_letter("1", "x");
  unsigned n;
  OK(store_intake_forgive(fx.st, id, &fx.err)); /* not below zero */
  OK(store_intake_attempt(fx.st, id, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  OK(store_intake_attempt(fx.st, id, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  OK(store_intake_forgive(fx.st, id, &fx.err));
  OK(store_intake_attempt(fx.st, id, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  FAILS(ST_REJECT, store_intake_attempt(fx.st, 99, &n, &fx.err));
  FAILS(ST_REJECT, store_intake_forgive(fx.st, 99, &fx.err));
}
END_TEST

START_TEST(held_letters_come_back_when_due)
{
  int64_t a = record_letter("1", "x"), b = record_letter("2", "y"), ids[4];
  size_t n;
  struct intake_end held = { .state = LETTER_HELD, .reason = "no key", .retry_at = T0 + 3600, .now = T0 };
  OK(store_intake_finish(fx.st, a, &held, &fx.err));
  OK(store_intake_due(fx.st, T0 + 3599, ids, 4, &n, &fx.err));
  ck_assert(n == 1 && ids[0] == b);
  OK(store_intake_due(fx.st, T0 + 3600, ids, 4, &n, &fx.err));
  ck_assert(n == 2 && ids[0] == a && ids[1] == b);
  OK(store_intake_due(fx.st, T0 + 3600, ids, 1, &n, &fx.err));
  ck_assert(n == 1 && ids[0] == a);
  struct intake_letter *list;
  OK(store_intake_list(fx.st, fx.pool, LETTER_HELD, &list, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  ck_assert_str_eq(list[0].reason, "no key");
  OK(store_intake_wake(fx.st, &fx.err));
  OK(store_intake_due(fx.st, T0, ids, 4, &n, &fx.err));
  ck_assert(n == 2 && ids[0] == a && ids[1] == b);
  OK(store_intake_load(fx.st, fx.pool, a, list, &fx.err));
  ck_assert_int_eq(list->state, LETTER_HELD); /* due, and still held */
}
END_TEST

START_TEST(settling)
{
  int64_t a = record_letter("1", "x"), b = record_letter("2", "y"), ids[4];
  size_t n;
  OK(store_intake_unsettled(fx.st, "main", ids, 4, &n, &fx.err));
  ck_assert_uint_eq(n, 0); /* not at an end yet */
  struct intake_end end = { .state = LETTER_QUARANTINED, .reason = "damaged", .now = T0 };
  OK(store_intake_finish(fx.st, b, &end, &fx.err));
  end.state = LETTER_APPLIED;
  OK(store_intake_finish(fx.st, a, &end, &fx.err));
  OK(store_intake_unsettled(fx.st, "main", ids, 4, &n, &fx.err));
  ck_assert(n == 2 && ids[0] == a && ids[1] == b);
  OK(store_intake_unsettled(fx.st, "other", ids, 4, &n, &fx.err));
  ck_assert_uint_eq(n, 0);
  OK(store_intake_settled(fx.st, a, &fx.err));
  OK(store_intake_unsettled(fx.st, "main", ids, 4, &n, &fx.err));
  ck_assert(n == 1 && ids[0] == b);
  FAILS(ST_REJECT, store_intake_settled(fx.st, 99, &fx.err));
  struct intake_letter l = letter_of("1");
  bool known, settled;
  OK(store_intake_find(fx.st, &l, &known, &a, &settled, &fx.err));
  ck_assert(known && settled);
}
END_TEST

START_TEST(finish_threads_the_letter)
{
  int64_t id = record_letter("1", "threaded bytes");
  struct intake_letter got;
  struct bytes raw;
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  struct intake_end end = {
    .state = LETTER_APPLIED, .klass = CLASS_NEW_CASE, .case_id = "EMB-2027-0001", .reason = "", .now = T0
  };
  OK(store_intake_finish(fx.st, id, &end, &fx.err));
  end.case_id = "EMB-2027-0002"; /* and moved on, as a merge does */
  OK(store_intake_finish(fx.st, id, &end, &fx.err));
  fixture_reopen();
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert_str_eq(got.case_id, "EMB-2027-0002");
  ck_assert_int_eq(got.klass, CLASS_NEW_CASE);
  OK(store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  ck_assert(bytes_eq(raw, BYTES("threaded bytes")));
  /* the letter hangs on the case's key: without it nothing opens, and lists still work */
  store_close(&fx.st);
  tamper("DELETE FROM wrapped_key WHERE scope = 'case' AND ref = 2");
  fixture_open();
  FAILS(ST_REJECT, store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  SAYS("erased");
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  ck_assert_str_eq(got.reason, "(erased)");
  end.case_id = "EMB-2027-0009";
  FAILS(ST_REJECT, store_intake_finish(fx.st, id, &end, &fx.err));
  SAYS("EMB-2027-0009");
}
END_TEST

START_TEST(softkey_finds_the_earlier)
{
  int64_t a = record_letter("1", "x"), b = record_letter("2", "y"), c = record_letter("3", "z"), earlier;
  OK(store_intake_softkey(fx.st, a, BYTES("k"), &earlier, &fx.err));
  ck_assert_int_eq(earlier, 0);
  OK(store_intake_softkey(fx.st, b, BYTES("other"), &earlier, &fx.err));
  ck_assert_int_eq(earlier, 0);
  OK(store_intake_softkey(fx.st, c, BYTES("k"), &earlier, &fx.err));
  ck_assert_int_eq(earlier, a);
  OK(store_intake_softkey(fx.st, a, BYTES("k"), &earlier, &fx.err)); /* again: not itself, not a later one */
  ck_assert_int_eq(earlier, 0);
}
END_TEST

static void large_round_trip(size_t size)
{
  char *p = malloc(size ? size : 1);
  ck_assert_ptr_nonnull(p);
  for (size_t i = 0; i < size; i++)
    p[i] = (char)(i * 31 + i / 4099);
  struct intake_letter l = letter_of("big");
  int64_t id;
  bool known, duplicate;
  struct bytes raw;
  OK(store_intake_record(fx.st, &l, (struct bytes){ p, size }, &id, &known, &duplicate, &fx.err));
  OK(store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  ck_assert(bytes_eq(raw, (struct bytes){ p, size }));
  free(p);
}

START_TEST(sizes_round_trip)
{
  static const size_t size[] = { 0, 1, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20, 32 << 20 };
  large_round_trip(size[_i]);
}
END_TEST

START_TEST(a_missing_piece_is_found)
{
  size_t size = (size_t)3 << 20;
  char *p = calloc(1, size);
  struct intake_letter l = letter_of("big");
  int64_t id;
  bool known, duplicate;
  struct bytes raw;
  OK(store_intake_record(fx.st, &l, (struct bytes){ p, size }, &id, &known, &duplicate, &fx.err));
  free(p);
  store_close(&fx.st);
  tamper("DELETE FROM letter_body WHERE piece = 2");
  fixture_open();
  FAILS(ST_BROKEN, store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  store_close(&fx.st);
  tamper("UPDATE letter_body SET pieces = 2");
  fixture_open();
  FAILS(ST_BROKEN, store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
}
END_TEST

START_TEST(names_of_states)
{
  ck_assert_str_eq(letter_state_name(LETTER_QUARANTINED), "quarantined");
  ck_assert_str_eq(letter_class_name(CLASS_OTHER), "other");
  ck_assert_str_eq(outbox_state_name(OUTBOX_BOUNCED), "bounced");
  ck_assert_str_eq(letter_state_name((enum letter_state)99), "?");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store intake");
  TCase *t = tcase_create("intake");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, records_once);
  tcase_add_test(t, each_part_of_the_place_counts);
  tcase_add_test(t, same_bytes_are_a_duplicate);
  tcase_add_test(t, oversize_has_no_bytes);
  tcase_add_test(t, loads_what_was_recorded);
  tcase_add_test(t, attempts_count_and_are_forgiven);
  tcase_add_test(t, held_letters_come_back_when_due);
  tcase_add_test(t, settling);
  tcase_add_test(t, finish_threads_the_letter);
  tcase_add_test(t, softkey_finds_the_earlier);
  tcase_add_loop_test(t, sizes_round_trip, 0, 8);
  tcase_add_test(t, a_missing_piece_is_found);
  tcase_add_test(t, names_of_states);
  suite_add_tcase(s, t);
  return run_suite(s);
}
