/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Merged cases: the old id leads to the other, whose lists hold what both have; letters that change their case. */
#include <config.h>

#include "test_store_support.h"

#define ONE "EMB-2027-0001"
#define TWO "EMB-2027-0002"
#define THREE "EMB-2027-0003"

static struct vuln_case *case_with(const char *id, const char *address, const char *token)
{
  struct vuln_case *vc = plain_case(id);
  vc->party = pool_array(fx.pool, 8, sizeof *vc->party);
  vc->party_cap = 8;
  vc->party[vc->party_count++] = (struct party){
    .role = PARTY_REPORTER, .name = "R", .address = address, .stakeholder = "", .fingerprint = "", .token = token
  };
  OK(store_case_save(fx.st, vc, T0, &fx.err));
  return vc;
}

static void say(const char *id, enum message_kind kind, int64_t party, int64_t letter, const char *text)
{
  struct case_message m = { .at = T0,
                            .kind = kind,
                            .party = party,
                            .letter = letter,
                            .who = "w",
                            .subject = "s",
                            .text = text,
                            .message_id = pool_printf(fx.pool, "%s@x.test", text),
                            .protection = "p" };
  struct case_event e = { .at = T0, .kind = "note", .who = "w", .text = text };
  struct outbox_letter o = { .case_id = id,
                             .kind = "reply",
                             .party = party,
                             .to = "r@x.test",
                             .to_name = "",
                             .envelope_from = "e",
                             .bounce_token = pool_printf(fx.pool, "b-%s", text),
                             .message_id = pool_printf(fx.pool, "o-%s@x.test", text),
                             .bytes = BYTES("bytes") };
  int64_t out;
  OK(store_message_add(fx.st, id, &m, &fx.err));
  OK(store_event_add(fx.st, id, &e, &fx.err));
  OK(store_outbox_put(fx.st, &o, T0, &out, &fx.err));
}

/* As the gate does it: who goes, leaves; then all are saved; then the letters. */
static void merge(struct vuln_case *into, struct vuln_case *from)
{
  for (size_t i = 0; i < from->party_count; i++)
    into->party[into->party_count++] = from->party[i];
  from->party_count = 0;
  from->merged_into = into->id;
  OK(store_begin(fx.st, &fx.err));
  OK(store_case_leave(fx.st, into, &fx.err));
  OK(store_case_leave(fx.st, from, &fx.err));
  OK(store_case_save(fx.st, into, T0, &fx.err));
  OK(store_case_save(fx.st, from, T0, &fx.err));
  OK(store_case_absorb(fx.st, from, &fx.err));
  OK(store_commit(fx.st, &fx.err));
}

static const char *texts(const char *id)
{
  struct case_message *m;
  size_t n;
  struct buf b = buf_new(fx.pool, 64);
  OK(store_message_list(fx.st, fx.pool, id, &m, &n, &fx.err));
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "%s%s", i ? " " : "", m[i].text);
  return buf_str(&b);
}

static const char *history(const char *id)
{
  struct case_event *e;
  size_t n;
  struct buf b = buf_new(fx.pool, 64);
  OK(store_event_list(fx.st, fx.pool, id, &e, &n, &fx.err));
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "%s%s/%s", i ? " " : "", e[i].case_id + 9, e[i].text);
  return buf_str(&b);
}

static const char *thread(const char *id, int64_t party)
{
  char **ids;
  size_t n;
  struct buf b = buf_new(fx.pool, 64);
  OK(store_thread_ids(fx.st, fx.pool, id, party, 20, &ids, &n, &fx.err));
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "%s%s", i ? " " : "", ids[i]);
  return buf_str(&b);
}

static size_t replies(const char *id)
{
  struct outbox_letter *l;
  size_t n;
  OK(store_outbox_of_case(fx.st, fx.pool, id, "reply", &l, &n, &fx.err));
  return n;
}

static const char *live(const char *id)
{
  struct vuln_case *vc;
  OK(store_case_live(fx.st, fx.pool, id, &vc, &fx.err));
  return vc->id;
}

static void sound(void)
{
  char **findings;
  OK(store_check(fx.st, fx.pool, &findings, &fx.err));
  ck_assert_msg(!findings[0], "%s", findings[0]);
}

static int64_t letter_of_case(const char *uid, const char *text, const char *id)
{
  int64_t letter = record_letter(uid, text);
  struct intake_end end = { .state = LETTER_APPLIED, .klass = CLASS_NEW_CASE, .case_id = id, .reason = "", .now = T0 };
  OK(store_intake_finish(fx.st, letter, &end, &fx.err));
  return letter;
}

static const char *case_of_letter(int64_t letter, const char *raw)
{
  struct intake_letter l;
  struct bytes got;
  OK(store_intake_load(fx.st, fx.pool, letter, &l, &fx.err));
  OK(store_intake_raw(fx.st, fx.pool, letter, &got, &fx.err)); /* its key is the right one */
  ck_assert_str_eq(got.p, raw);
  return l.case_id;
}

START_TEST(the_old_id_answers_for_ever)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb"),
                   *c = case_with(THREE, "c@x.test", "tc");
  int64_t letter = letter_of_case("1", "raw one", ONE), pa = a->party[0].id, pb = b->party[0].id, party;
  char *id;
  say(ONE, MESSAGE_REPORT, pa, letter, "m1");
  say(TWO, MESSAGE_SENT, pb, 0, "m2");
  merge(b, a);
  fixture_reopen();
  ck_assert_str_eq(live(ONE), TWO);
  OK(store_party_by_token(fx.st, fx.pool, "ta", &id, &party, &fx.err));
  ck_assert_str_eq(id, TWO);
  ck_assert_int_eq(party, pa);
  OK(store_message_find(fx.st, fx.pool, "m1@x.test", &id, &party,
                        &fx.err)); /* where it lies; store_case_live() leads on */
  ck_assert_str_eq(live(id), TWO);
  ck_assert_int_eq(party, pa);
  ck_assert_str_eq(case_of_letter(letter, "raw one"), TWO);
  ck_assert_str_eq(texts(TWO), "m1 m2");
  ck_assert_str_eq(history(TWO), "0001/m1 0002/m2");
  ck_assert_uint_eq(replies(TWO), 2);
  ck_assert_str_eq(thread(TWO, pa), "m1@x.test o-m1@x.test");
  ck_assert_str_eq(thread(TWO, pb), "m2@x.test o-m2@x.test");
  OK(store_case_load(fx.st, fx.pool, TWO, &b, &fx.err));
  ck_assert_uint_eq(b->party_count, 2);
  ck_assert_str_eq(b->party[1].address, "a@x.test");
  /* ... and once more into a third one */
  say(THREE, MESSAGE_NOTE, 0, 0, "m3");
  merge(c, b);
  ck_assert_str_eq(live(ONE), THREE);
  ck_assert_str_eq(live(TWO), THREE);
  ck_assert_str_eq(texts(THREE), "m1 m2 m3");
  ck_assert_str_eq(history(THREE), "0001/m1 0002/m2 0003/m3");
  ck_assert_str_eq(case_of_letter(letter, "raw one"), THREE);
  OK(store_party_by_token(fx.st, fx.pool, "ta", &id, &party, &fx.err));
  ck_assert_str_eq(id, THREE);
  sound();
}
END_TEST

START_TEST(a_merge_is_whole_or_not_at_all)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb");
  int64_t letter = letter_of_case("1", "raw one", ONE), party;
  char *id;
  b->party[b->party_count++] = a->party[0];
  a->party_count = 0;
  a->merged_into = TWO;
  OK(store_begin(fx.st, &fx.err));
  OK(store_case_leave(fx.st, a, &fx.err));
  OK(store_case_save(fx.st, b, T0, &fx.err));
  OK(store_case_save(fx.st, a, T0, &fx.err));
  OK(store_case_absorb(fx.st, a, &fx.err));
  store_rollback(fx.st);
  ck_assert_str_eq(live(ONE), ONE);
  ck_assert_str_eq(case_of_letter(letter, "raw one"), ONE);
  OK(store_party_by_token(fx.st, fx.pool, "ta", &id, &party, &fx.err));
  ck_assert_str_eq(id, ONE);
  a->merged_into = "";
  FAILS(ST_BROKEN, store_case_absorb(fx.st, a, &fx.err));
  sound();
}
END_TEST

START_TEST(a_party_without_leaving_cannot_be_taken)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb");
  b->party[b->party_count++] = a->party[0];
  FAILS(ST_BROKEN, store_case_save(fx.st, b, T0, &fx.err));
  SAYS("belongs to another case");
}
END_TEST

START_TEST(erasing_takes_the_merged_ones_along)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb"), *got;
  int64_t letter = letter_of_case("1", "raw one", ONE), party;
  char *id;
  struct bytes raw;
  say(ONE, MESSAGE_REPORT, a->party[0].id, letter, "m1");
  merge(b, a);
  FAILS(ST_DENIED, store_case_erase(fx.st, ONE, &fx.err));
  SAYS("was merged into " TWO);
  OK(store_case_erase(fx.st, TWO, &fx.err));
  FAILS(ST_REJECT, store_case_load(fx.st, fx.pool, ONE, &got, &fx.err));
  FAILS(ST_REJECT, store_intake_raw(fx.st, fx.pool, letter, &raw, &fx.err));
  OK(store_party_by_token(fx.st, fx.pool, "ta", &id, &party, &fx.err));
  ck_assert_str_eq(id, "");
  OK(store_message_find(fx.st, fx.pool, "m1@x.test", &id, &party, &fx.err));
  ck_assert_ptr_null(id);
}
END_TEST

START_TEST(merged_ones_are_listed_only_among_all)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb"), **list;
  size_t n;
  merge(b, a);
  static const struct {
    struct case_filter f;
    size_t want;
  } row[] = { { { .rm = -1, .open_only = true }, 1 }, { { .rm = RM_RECEIVED }, 1 }, { { .rm = -1 }, 2 } };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    OK(store_case_list(fx.st, fx.pool, &row[i].f, &list, &n, &fx.err));
    ck_assert_uint_eq(n, row[i].want);
    ck_assert_str_eq(list[0]->id, TWO);
  }
}
END_TEST

/* ---- letters that change their case ---- */

START_TEST(a_letter_goes_to_another_case)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb");
  int64_t first = letter_of_case("1", "raw one", ONE), second = letter_of_case("2", "raw two", ONE);
  int64_t pa = a->party[0].id, pb = b->party[0].id, party;
  char *id;
  say(ONE, MESSAGE_REPORT, pa, first, "m1");
  say(ONE, MESSAGE_FOLLOW_UP, pa, second, "m2");
  say(ONE, MESSAGE_NOTE, 0, second, "m3"); /* an analyst's note that came with a letter of that number stays */
  struct message_move m = { .from = ONE, .to = TWO, .letter = second, .from_party = pa, .to_party = pb };
  OK(store_message_move(fx.st, &m, &fx.err));
  ck_assert_str_eq(texts(ONE), "m1 m3");
  ck_assert_str_eq(texts(TWO), "m2");
  ck_assert_str_eq(case_of_letter(first, "raw one"), ONE);
  ck_assert_str_eq(case_of_letter(second, "raw two"), TWO);
  OK(store_message_find(fx.st, fx.pool, "m2@x.test", &id, &party, &fx.err));
  ck_assert_str_eq(id, TWO);
  ck_assert_int_eq(party, pb);
  FAILS(ST_REJECT, store_message_move(fx.st, &m, &fx.err));
  SAYS("has no letter");
  m = (struct message_move){ .from = ONE, .to = "EMB-2027-0404", .letter = first };
  FAILS(ST_REJECT, store_message_move(fx.st, &m, &fx.err));
  ck_assert_str_eq(texts(ONE), "m1 m3");
  OK(store_case_erase(fx.st, ONE, &fx.err)); /* what was moved is not erased with it */
  ck_assert_str_eq(texts(TWO), "m2");
  ck_assert_str_eq(case_of_letter(second, "raw two"), TWO);
}
END_TEST

START_TEST(a_thread_goes_along)
{
  struct vuln_case *a = case_with(ONE, "a@x.test", "ta"), *b = case_with(TWO, "b@x.test", "tb");
  int64_t letter = letter_of_case("1", "raw one", ONE), pa = a->party[0].id, party;
  char *id;
  say(ONE, MESSAGE_REPORT, pa, letter, "m1");
  say(ONE, MESSAGE_SENT, pa, 0, "m2");
  say(ONE, MESSAGE_NOTE, 0, 0, "m3");
  merge(b, a); /* a letter of a merged case is the other's */
  struct vuln_case *c = case_with(THREE, "c@x.test", "tc");
  struct message_move m = {
    .from = TWO, .to = THREE, .letter = letter, .from_party = pa, .to_party = c->party[0].id, .thread = true
  };
  OK(store_message_move(fx.st, &m, &fx.err));
  ck_assert_str_eq(texts(TWO), "m3");
  ck_assert_str_eq(texts(THREE), "m1 m2");
  OK(store_message_find(fx.st, fx.pool, "m2@x.test", &id, &party, &fx.err));
  ck_assert_str_eq(id, THREE);
  ck_assert_int_eq(party, c->party[0].id);
  sound();
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store family");
  TCase *t = tcase_create("family");
  tcase_set_timeout(t, 60);
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_add_test(t, the_old_id_answers_for_ever);
  tcase_add_test(t, a_merge_is_whole_or_not_at_all);
  tcase_add_test(t, a_party_without_leaving_cannot_be_taken);
  tcase_add_test(t, erasing_takes_the_merged_ones_along);
  tcase_add_test(t, merged_ones_are_listed_only_among_all);
  tcase_add_test(t, a_letter_goes_to_another_case);
  tcase_add_test(t, a_thread_goes_along);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
