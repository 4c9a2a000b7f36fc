/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The case as a value: fields, members, parties, copies, opening. */
#include <config.h>
#include <check.h>
#include <embargod/case.h>
#include <stdlib.h>
#include <string.h>

static void put(struct pool *pool, struct vuln_case *vc, const char *name, const char *value, const char *extra)
{
  case_set(pool, vc, &(struct case_field){ .name = name, .value = value, .extra = extra, .at = 7, .by = "alice" });
}

START_TEST(single_fields_are_replaced_and_lists_grow)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *vc = case_new(pool);
  ck_assert_str_eq(case_get(vc, "title"), "");
  put(pool, vc, "title", "one", NULL);
  put(pool, vc, "title", "two", NULL);
  ck_assert_str_eq(case_get(vc, "title"), "two");
  ck_assert_uint_eq(vc->field_count, 1);
  put(pool, vc, "product", "Pump", "< 2.0");
  put(pool, vc, "product", "Monitor", NULL);
  put(pool, vc, "product", "PUMP", "< 2.1");
  ck_assert_uint_eq(vc->field_count, 3);
  ck_assert_str_eq(vc->field[1].extra, "< 2.1");
  ck_assert_str_eq(vc->field[2].extra, "");
  ck_assert(case_unset(vc, "product", "pump"));
  ck_assert(!case_unset(vc, "product", "pump"));
  ck_assert_uint_eq(vc->field_count, 2);
  ck_assert_str_eq(case_get(vc, "product"), "Monitor");
  put(pool, vc, "product", "Other", NULL);
  ck_assert(case_unset(vc, "product", NULL));
  ck_assert_uint_eq(vc->field_count, 1);
  ck_assert(case_field_known("adverse-events") && !case_field_known("nonsense") && !case_field_known(NULL));
  ck_assert(case_field_is_list("tag") && !case_field_is_list("title") && !case_field_is_list("nonsense"));
}
END_TEST

START_TEST(a_copy_is_deep)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  AUTO(pool_freep) struct pool *other = pool_new("other");
  struct vuln_case *vc = case_new(other);
  vc->id = pool_strdup(other, "EMB-2026-0001");
  put(other, vc, "title", "one", NULL);
  case_add_member(other, vc, "alice", MEMBER_ASSIGNEE);
  case_add_party(other, vc, &(struct party){ .role = PARTY_REPORTER, .address = "r@x.org", .name = "R" });
  struct vuln_case *copy = case_copy(pool, vc);
  put(pool, copy, "title", "two", NULL);
  put(pool, copy, "tag", "new", NULL);
  case_remove_member(copy, "alice", MEMBER_ASSIGNEE);
  case_add_member(pool, copy, "bob", MEMBER_WATCHER);
  case_reporter(copy)->removed = true;
  ck_assert_str_eq(case_get(vc, "title"), "one");
  ck_assert_uint_eq(vc->field_count, 1);
  ck_assert(case_has_member(vc, "Alice", MEMBER_ASSIGNEE));
  ck_assert(!case_has_member(vc, "bob", MEMBER_WATCHER));
  ck_assert_ptr_nonnull(case_reporter(vc));
  pool_free(&other);
  /* Nothing of the copy points into the freed pool (ASan would tell). */
  ck_assert_str_eq(copy->id, "EMB-2026-0001");
  ck_assert_str_eq(copy->party[0].name, "R");
  ck_assert_str_eq(copy->channel, "");
  ck_assert_str_eq(copy->field[0].by, "alice");
  ck_assert(case_has_member(copy, "BOB", MEMBER_WATCHER));
}
END_TEST

START_TEST(members)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *vc = case_new(pool);
  ck_assert(case_add_member(pool, vc, "alice", MEMBER_ASSIGNEE));
  ck_assert(!case_add_member(pool, vc, "ALICE", MEMBER_ASSIGNEE));
  ck_assert(case_add_member(pool, vc, "alice", MEMBER_WATCHER));
  ck_assert(case_add_member(pool, vc, "bob", MEMBER_ASSIGNEE));
  ck_assert(case_remove_member(vc, "alice", MEMBER_ASSIGNEE));
  ck_assert(!case_remove_member(vc, "alice", MEMBER_ASSIGNEE));
  ck_assert(case_has_member(vc, "alice", MEMBER_WATCHER));
  ck_assert(case_has_member(vc, "bob", MEMBER_ASSIGNEE));
  ck_assert_uint_eq(vc->member_count, 2);
}
END_TEST

START_TEST(parties)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *vc = case_new(pool);
  ck_assert_ptr_null(case_reporter(vc));
  struct party sup = { .role = PARTY_SUPPLIER, .address = "s@sup.example", .fingerprint = "AAAA" };
  struct party rep = { .id = 9, .role = PARTY_REPORTER, .address = "r@x.org", .token = "tok" };
  case_add_party(pool, vc, &sup);
  case_add_party(pool, vc, &rep);
  ck_assert_str_eq(case_reporter(vc)->address, "r@x.org");
  ck_assert_ptr_eq(case_party_by_address(vc, "R@X.org"), case_reporter(vc));
  ck_assert_str_eq(case_party_by_key(vc, "aaaa")->address, "s@sup.example");
  ck_assert_ptr_null(case_party_by_key(vc, "")); /* the reporter has none: no key must not match no key */
  ck_assert_ptr_null(case_party_by_address(vc, ""));
  ck_assert_ptr_null(case_party_by_address(vc, NULL));
  case_reporter(vc)->removed = true;
  ck_assert_ptr_null(case_reporter(vc));
  ck_assert_ptr_null(case_party_by_address(vc, "r@x.org"));
  struct party again = { .role = PARTY_REPORTER, .address = "R@x.org", .name = "Rosa" };
  struct party *back = case_add_party(pool, vc, &again);
  ck_assert_uint_eq(vc->party_count, 2);
  ck_assert_int_eq(back->id, 9);
  ck_assert_str_eq(back->token, "tok");
  ck_assert_str_eq(back->name, "Rosa");
  ck_assert_str_eq(party_role_name(PARTY_ISAC), "isac");
  ck_assert_str_eq(party_role_name((enum party_role)77), "?");
}
END_TEST

START_TEST(opening)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct case_report r = { .subject = "Pump: hard-coded password",
                           .from_name = "Rosa",
                           .from_address = "r@x.org",
                           .fingerprint = "ABCD",
                           .token = "tok",
                           .in_clear = true,
                           .received_at = 1000 };
  struct vuln_case *vc = case_open(pool, &r, 90);
  char cs[7];
  cs_string(vc->cs, cs);
  ck_assert_str_eq(cs, "Vfdpxa");
  ck_assert_int_eq(vc->cs_at[CS_VENDOR_AWARE], 1000);
  ck_assert_int_eq(vc->rm, RM_RECEIVED);
  ck_assert_int_eq(vc->em, EM_ACTIVE);
  ck_assert_int_eq(vc->embargo_until, 1000 + 90 * 86400);
  ck_assert_int_eq(vc->first_answer_at, 0);
  ck_assert(vc->arrived_clear && !vc->reporter_clear_ok && !vc->spam);
  ck_assert(case_is_open(vc));
  ck_assert_str_eq(case_get(vc, "title"), "Pump: hard-coded password");
  ck_assert_str_eq(case_reporter(vc)->fingerprint, "ABCD");
  ck_assert_str_eq(vc->id, "");
  r.subject = "...";
  r.from_address = "";
  r.in_clear = false;
  vc = case_open(pool, &r, 0);
  ck_assert_int_eq(vc->em, EM_NONE);
  ck_assert_int_eq(vc->embargo_until, 0);
  ck_assert_str_eq(case_get(vc, "title"), "");
  ck_assert_ptr_null(case_reporter(vc));
  vc->merged_into = "EMB-2026-0001";
  ck_assert(!case_is_open(vc));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_value");
  TCase *t = tcase_create("value");
  tcase_add_test(t, single_fields_are_replaced_and_lists_grow);
  tcase_add_test(t, a_copy_is_deep);
  tcase_add_test(t, members);
  tcase_add_test(t, parties);
  tcase_add_test(t, opening);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
