/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threading as a truth table; ids in text. */
#include <config.h>
#include <check.h>
#include <embargod/case.h>
#include <stdlib.h>
#include <string.h>

/* All 2^5 combinations, each fact naming its own case: T(oken), its sender, R(eference), S(ubject), M(entioned). */
START_TEST(every_combination)
{
  int tried = 0;
  for (int bits = 0; bits < 32; bits++, tried++) {
    bool token = bits & 1, sender = bits & 2, ref = bits & 4, subject = bits & 8, mentioned = bits & 16;
    struct thread_facts f = { .token_case = token ? "T" : NULL,
                              .token_is_sender = sender,
                              .reference_case = ref ? "R" : NULL,
                              .subject_case = subject ? "S" : NULL,
                              .mentioned = mentioned ? "M" : NULL };
    struct thread_answer a = case_thread(&f);
    char want = token && sender ? 'T' : ref ? 'R' : subject ? 'S' : '-';
    const char *how = want == 'T' ? "token" : want == 'R' ? "reference" : want == 'S' ? "subject" : "new";
    char order[5] = "", *o = order;
    if (token)
      *o++ = 'T';
    if (ref)
      *o++ = 'R';
    if (subject)
      *o++ = 'S';
    if (mentioned)
      *o++ = 'M';
    *o = '\0';
    char mention = '-';
    for (o = order; *o && mention == '-'; o++)
      if (*o != want)
        mention = *o;
    ck_assert_msg((a.case_id ? a.case_id[0] : '-') == want, "bits %d: %s", bits, a.case_id ? a.case_id : "new");
    ck_assert_msg((a.mentions ? a.mentions[0] : '-') == mention, "bits %d: mentions", bits);
    ck_assert_str_eq(a.how, how);
  }
  ck_assert_int_eq(tried, 32);
}
END_TEST

START_TEST(another_persons_token_admits_nobody)
{
  struct thread_facts f = { .token_case = "EMB-2026-0001" };
  struct thread_answer a = case_thread(&f);
  ck_assert_ptr_null(a.case_id);
  ck_assert_str_eq(a.mentions, "EMB-2026-0001");
}
END_TEST

START_TEST(empty_strings_are_absent)
{
  struct thread_facts f = {
    .token_case = "", .token_is_sender = true, .reference_case = "", .subject_case = "", .mentioned = ""
  };
  struct thread_answer a = case_thread(&f);
  ck_assert_ptr_null(a.case_id);
  ck_assert_ptr_null(a.mentions);
}
END_TEST

START_TEST(the_same_case_is_no_mention)
{
  struct thread_facts f = { .reference_case = "EMB-2026-0001",
                            .subject_case = "emb-2026-0001",
                            .mentioned = "EMB-2026-0001" };
  ck_assert_ptr_null(case_thread(&f).mentions);
}
END_TEST

static const struct {
  const char *text, *ids;
} ids_in[] = {
  { "", "" },
  { "nothing here", "" },
  { "Re: [EMB-2026-0001] pump", "EMB-2026-0001" },
  { "emb-2026-0002 and Emb-2026-0002, then EMB-2026-0001.", "EMB-2026-0002 EMB-2026-0001" },
  { "EMB-2026-001", "" },
  { "EMB-26-0001", "" },
  { "XEMB-2026-0001", "" },
  { "EMB-2026-0001x", "" },
  { "EMB-2026-12345", "EMB-2026-12345" },
  { "EMB-2026-00001", "" },
  { "EMB-2026-1234567890", "" },
  { "(EMB-2026-0001)(EMB-2026-0003)", "EMB-2026-0001 EMB-2026-0003" },
  { "EMB-2026-", "" },
  { "EMB-2026", "" },
  { "EMB-", "" },
  { "\xC3\xA9"
    "EMB-2026-0001",
    "" },
};

START_TEST(ids)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  for (size_t i = 0; i < ARRAY_LEN(ids_in); i++) {
    const char **out = NULL;
    size_t n = case_ids_in(pool, "EMB", ids_in[i].text, &out);
    struct buf b = buf_new(pool, 64);
    for (size_t k = 0; k < n; k++)
      buf_printf(&b, "%s%s", k ? " " : "", out[k]);
    ck_assert_str_eq(buf_str(&b), ids_in[i].ids);
  }
  const char **out;
  ck_assert_uint_eq(case_ids_in(pool, "", "-2026-0001", &out), 0);
  ck_assert_uint_eq(case_ids_in(pool, "EMB", NULL, &out), 0);
  struct buf many = buf_new(pool, 1 << 20);
  for (int i = 0; i < 50000; i++)
    buf_printf(&many, "EMB-2026-%d ", 10000 + i);
  ck_assert_uint_eq(case_ids_in(pool, "EMB", buf_str(&many), &out), 64);
}
END_TEST

START_TEST(one_id)
{
  ck_assert(case_id_valid("EMB", "EMB-2026-0001"));
  ck_assert(case_id_valid("EMB", "emb-2026-0001"));
  ck_assert(case_id_valid("EMB", "EMB-2026-10000"));
  ck_assert(!case_id_valid("EMB", "EMB-2026-0001 "));
  ck_assert(!case_id_valid("EMB", "EMB-2026-00010"));
  ck_assert(!case_id_valid("EMB", ""));
  ck_assert(!case_id_valid("EMB", NULL));
  ck_assert(!case_id_valid("EMB", "CVE-2026-0001"));
  ck_assert_int_eq(case_id_year(0), 1970);
  ck_assert_int_eq(case_id_year(1798761599), 2026);
  ck_assert_int_eq(case_id_year(1798761600), 2027);
  ck_assert_int_eq(case_id_year(INT64_MAX), 1970);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_thread");
  TCase *t = tcase_create("thread");
  tcase_add_test(t, every_combination);
  tcase_add_test(t, another_persons_token_admits_nobody);
  tcase_add_test(t, empty_strings_are_absent);
  tcase_add_test(t, the_same_case_is_no_mention);
  tcase_add_test(t, ids);
  tcase_add_test(t, one_id);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
