/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Publications: scheduled, signed, out; cancelled; what is left of one whose case was erased. */
#include <config.h>

#include "test_store_support.h"

static const struct publication_file documents[] = { { "text", { "the text", 8 } }, { "csaf", { "{}\n", 3 } } };

static struct publication publication_of(const char *id, unsigned version)
{
  return (struct publication){ .case_id = id,
                               .version = version,
                               .what = "publish",
                               .token = "abcdefghijklmnop",
                               .by = "alice",
                               .released_by = "bob",
                               .summary = "Initial version",
                               .approved_at = T0,
                               .planned_at = T0 + 100,
                               .first_at = T0 + 100,
                               .file = (struct publication_file *)documents,
                               .file_count = 2 };
}

static int64_t put(const char *id, unsigned version, int64_t planned)
{
  struct publication p = publication_of(id, version);
  int64_t row = 0;
  p.planned_at = planned;
  OK(store_publication_put(fx.st, &p, &row, &fx.err));
  ck_assert_int_gt(row, 0);
  return row;
}

static struct publication load(int64_t id)
{
  struct publication p;
  OK(store_publication_load(fx.st, fx.pool, id, &p, &fx.err));
  return p;
}

START_TEST(round_trip)
{
  save_plain_case("EMB-2027-0001");
  int64_t id = put("EMB-2027-0001", 1, T0 + 100);
  fixture_reopen();
  struct publication p = load(id);
  ck_assert(p.id == id && p.version == 1 && p.state == PUBLICATION_APPROVED && p.approved_at == T0 && p.planned_at == T0 + 100);
  ck_assert_str_eq(p.case_id, "EMB-2027-0001");
  ck_assert_str_eq(p.what, "publish");
  ck_assert_str_eq(p.token, "abcdefghijklmnop");
  ck_assert_str_eq(p.by, "alice");
  ck_assert_str_eq(p.released_by, "bob");
  ck_assert_str_eq(p.summary, "Initial version");
  ck_assert_str_eq(p.entry, "");
  ck_assert_uint_eq(p.file_count, 2);
  ck_assert_str_eq(p.file[0].name, "text");
  ck_assert(bytes_eq(p.file[0].body, BYTES("the text")) && bytes_eq(p.file[1].body, BYTES("{}\n")));
  FAILS(ST_REJECT, store_publication_load(fx.st, fx.pool, id + 1, &p, &fx.err));
  p = publication_of("", 1);
  FAILS(ST_BROKEN, store_publication_put(fx.st, &p, &id, &fx.err));
}
END_TEST

START_TEST(nothing_lies_in_clear)
{
  char cmd[400];
  save_plain_case("EMB-2027-0001");
  put("EMB-2027-0001", 1, T0);
  store_close(&fx.st);
  snprintf(cmd, sizeof cmd, "grep -rqE 'the text|alice|Initial version|abcdefgh' '%s'", fx.dir);
  ck_assert_int_ne(system(cmd), 0);
  fixture_open();
}
END_TEST

START_TEST(its_way)
{
  const struct publication_file signature = { "csaf.asc", BYTES("-----BEGIN") };
  save_plain_case("EMB-2027-0001");
  int64_t id = put("EMB-2027-0001", 1, T0);
  FAILS(ST_DENIED, store_publication_out(fx.st, id, T0 + 5, "{}", &fx.err)); /* it is not signed */
  OK(store_publication_signed(fx.st, id, &signature, 1, &fx.err));
  FAILS(ST_DENIED, store_publication_signed(fx.st, id, &signature, 1, &fx.err));
  ck_assert(load(id).state == PUBLICATION_SIGNED && load(id).file_count == 3);
  struct publication_trouble t = { "the disk is full", T0 + 60, T0 + 1 };
  OK(store_publication_failed(fx.st, id, &t, &fx.err));
  OK(store_publication_failed(fx.st, id, &t, &fx.err));
  struct publication p = load(id);
  ck_assert(p.tries == 2 && p.retry_at == T0 + 60 && p.alarmed_at == T0 + 1);
  ck_assert_str_eq(p.last_error, "the disk is full");
  OK(store_publication_out(fx.st, id, T0 + 70, "{\"title\":\"x\"}", &fx.err));
  p = load(id);
  ck_assert(p.state == PUBLICATION_OUT && p.out_at == T0 + 70);
  ck_assert_str_eq(p.last_error, "");
  ck_assert_str_eq(p.entry, "{\"title\":\"x\"}");
  FAILS(ST_DENIED, store_publication_out(fx.st, id, T0 + 71, "{}", &fx.err));
  FAILS(ST_DENIED, store_publication_cancel(fx.st, id, "bob", T0 + 71, &fx.err));
  SAYS("published already");
}
END_TEST

START_TEST(what_is_due)
{
  int64_t ids[4], next;
  size_t n;
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  int64_t late = put("EMB-2027-0001", 1, T0 + 100), soon = put("EMB-2027-0002", 1, T0 + 50);
  OK(store_publication_due(fx.st, T0, ids, 4, &n, &next, &fx.err));
  ck_assert(n == 0 && next == T0 + 50);
  OK(store_publication_due(fx.st, T0 + 50, ids, 4, &n, &next, &fx.err));
  ck_assert(n == 1 && ids[0] == soon && next == T0 + 100);
  struct publication_trouble t = { "x", T0 + 300, 0 };
  OK(store_publication_failed(fx.st, soon, &t, &fx.err));
  OK(store_publication_due(fx.st, T0 + 200, ids, 4, &n, &next, &fx.err));
  ck_assert(n == 1 && ids[0] == late && next == T0 + 300);
  OK(store_publication_cancel(fx.st, soon, "bob", T0 + 201, &fx.err));
  OK(store_publication_due(fx.st, T0 + 200, ids, 4, &n, &next, &fx.err));
  ck_assert(n == 1 && next == 0);
  ck_assert(load(soon).state == PUBLICATION_CANCELLED);
  ck_assert_str_eq(load(soon).ended_by, "bob");
}
END_TEST

START_TEST(lists_and_an_erased_case)
{
  struct publication *list;
  const struct publication_file signature = { "csaf.asc", BYTES("-----BEGIN") };
  size_t n;
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  int64_t first = put("EMB-2027-0001", 1, T0), waits = put("EMB-2027-0001", 2, T0 + 9);
  put("EMB-2027-0002", 1, T0);
  OK(store_publication_list(fx.st, fx.pool, "EMB-2027-0001", &list, &n, &fx.err));
  ck_assert(n == 2 && list[0].version == 1 && list[1].version == 2);
  OK(store_publication_signed(fx.st, first, &signature, 1, &fx.err));
  OK(store_publication_out(fx.st, first, T0, "{\"title\":\"x\"}", &fx.err));
  OK(store_case_erase(fx.st, "EMB-2027-0001", &fx.err));
  OK(store_publication_list(fx.st, fx.pool, NULL, &list, &n, &fx.err));
  ck_assert(n == 3 && list[0].state == PUBLICATION_OUT && list[1].state == PUBLICATION_CANCELLED && list[2].state == PUBLICATION_APPROVED);
  ck_assert_str_eq(list[0].entry, "{\"title\":\"x\"}"); /* the site goes on to show it */
  ck_assert_str_eq(list[0].by, "");
  ck_assert_str_eq(list[2].by, "alice");
  struct publication p;
  FAILS(ST_REJECT, store_publication_load(fx.st, fx.pool, waits, &p, &fx.err));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store publication");
  TCase *t = tcase_create("publication");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, round_trip);
  tcase_add_test(t, nothing_lies_in_clear);
  tcase_add_test(t, its_way);
  tcase_add_test(t, what_is_due);
  tcase_add_test(t, lists_and_an_erased_case);
  suite_add_tcase(s, t);
  return run_suite(s);
}
