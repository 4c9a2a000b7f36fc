/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every pair of the three machines against tables written down apart from the code (design: CERT/CC Vultron). */
#include <config.h>
#include <check.h>
#include <embargod/case.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns: receive validate invalidate accept defer close reopen; '-' is illegal, else the new state's first letter
 * (S R I V A D C). */
static const char rm_letters[] = "SRIVADC";
static const char *const rm_expected[RM_STATES] = {
  /* Start    */ "R------",
  /* Received */ "-VI----",
  /* Invalid  */ "-V---C-",
  /* Valid    */ "---AD--",
  /* Accepted */ "----DC-",
  /* Deferred */ "---A-C-",
  /* Closed   */ "------A",
};
/* Columns: propose accept reject terminate; N P A R E. */
static const char em_letters[] = "NPARE";
static const char *const em_expected[EM_STATES] = {
  /* None     */ "P---",
  /* Proposed */ "PAN-",
  /* Active   */ "R--E",
  /* Revise   */ "RAAE",
  /* Exited   */ "----",
};

/* The state after adding V F D P X A in RM Accepted; '-' is refused. */
static const struct {
  const char *from, *to[6];
} cs_expected[] = {
  { "vfdpxa", { "Vfdpxa", "-", "-", "VfdPxa", "VfdPXa", "vfdpxA" } },
  { "vfdpxA", { "VfdpxA", "-", "-", "VfdPxA", "VfdPXA", "vfdpxA" } },
  { "Vfdpxa", { "Vfdpxa", "VFdpxa", "-", "VfdPxa", "VfdPXa", "VfdpxA" } },
  { "VfdpxA", { "VfdpxA", "VFdpxA", "-", "VfdPxA", "VfdPXA", "VfdpxA" } },
  { "VfdPxa", { "VfdPxa", "VFdPxa", "-", "VfdPxa", "VfdPXa", "VfdPxA" } },
  { "VfdPxA", { "VfdPxA", "VFdPxA", "-", "VfdPxA", "VfdPXA", "VfdPxA" } },
  { "VfdPXa", { "VfdPXa", "VFdPXa", "-", "VfdPXa", "VfdPXa", "VfdPXA" } },
  { "VfdPXA", { "VfdPXA", "VFdPXA", "-", "VfdPXA", "VfdPXA", "VfdPXA" } },
  { "VFdpxa", { "VFdpxa", "VFdpxa", "VFDpxa", "VFdPxa", "VFdPXa", "VFdpxA" } },
  { "VFdpxA", { "VFdpxA", "VFdpxA", "VFDpxA", "VFdPxA", "VFdPXA", "VFdpxA" } },
  { "VFdPxa", { "VFdPxa", "VFdPxa", "VFDPxa", "VFdPxa", "VFdPXa", "VFdPxA" } },
  { "VFdPxA", { "VFdPxA", "VFdPxA", "VFDPxA", "VFdPxA", "VFdPXA", "VFdPxA" } },
  { "VFdPXa", { "VFdPXa", "VFdPXa", "VFDPXa", "VFdPXa", "VFdPXa", "VFdPXA" } },
  { "VFdPXA", { "VFdPXA", "VFdPXA", "VFDPXA", "VFdPXA", "VFdPXA", "VFdPXA" } },
  { "VFDpxa", { "VFDpxa", "VFDpxa", "VFDpxa", "VFDPxa", "VFDPXa", "VFDpxA" } },
  { "VFDpxA", { "VFDpxA", "VFDpxA", "VFDpxA", "VFDPxA", "VFDPXA", "VFDpxA" } },
  { "VFDPxa", { "VFDPxa", "VFDPxa", "VFDPxa", "VFDPxa", "VFDPXa", "VFDPxA" } },
  { "VFDPxA", { "VFDPxA", "VFDPxA", "VFDPxA", "VFDPxA", "VFDPXA", "VFDPxA" } },
  { "VFDPXa", { "VFDPXa", "VFDPXa", "VFDPXa", "VFDPXa", "VFDPXa", "VFDPXA" } },
  { "VFDPXA", { "VFDPXA", "VFDPXA", "VFDPXA", "VFDPXA", "VFDPXA", "VFDPXA" } },
};

START_TEST(rm_every_pair)
{
  int pairs = 0, legal = 0;
  for (int s = 0; s < RM_STATES; s++)
    for (int e = 0; e < RM_EVENTS; e++, pairs++) {
      enum rm_state to = RM_STATES;
      struct fault err = { 0 };
      enum status st = rm_next((enum rm_state)s, (enum rm_event)e, &to, &err);
      char want = rm_expected[s][e];
      if (want == '-') {
        ck_assert_int_eq(st, ST_DENIED);
        ck_assert_int_eq(to, RM_STATES);
        ck_assert_ptr_nonnull(strstr(err.text, rm_state_name((enum rm_state)s)));
        ck_assert_ptr_nonnull(strstr(err.text, "possible now: "));
        continue;
      }
      legal++;
      ck_assert_int_eq(st, ST_OK);
      ck_assert_int_eq(rm_letters[to], want);
    }
  ck_assert_int_eq(pairs, 49);
  ck_assert_int_eq(legal, 12);
  printf("RM: %d of 49 pairs, %d legal\n", pairs, legal);
}
END_TEST

START_TEST(rm_refusal_names_the_next_steps)
{
  struct fault err = { 0 };
  enum rm_state to;
  ck_assert_int_eq(rm_next(RM_DEFERRED, RM_EV_VALIDATE, &to, &err), ST_DENIED);
  ck_assert_str_eq(err.text, "a case that is Deferred cannot validate; possible now: accept or close");
  fault_clear(&err);
  ck_assert_int_eq(rm_next(RM_CLOSED, RM_EV_DEFER, &to, &err), ST_DENIED);
  ck_assert_str_eq(err.text, "a case that is Closed cannot defer; possible now: reopen");
}
END_TEST

START_TEST(em_every_pair)
{
  int pairs = 0, legal = 0;
  for (int s = 0; s < EM_STATES; s++)
    for (int e = 0; e < EM_EVENTS; e++, pairs++) {
      enum em_state to = EM_STATES;
      struct fault err = { 0 };
      enum status st = em_next((enum em_state)s, (enum em_event)e, &to, &err);
      char want = em_expected[s][e];
      if (want == '-') {
        ck_assert_int_eq(st, ST_DENIED);
        ck_assert_int_eq(to, EM_STATES);
        ck_assert_ptr_nonnull(strstr(err.text, em_state_name((enum em_state)s)));
        continue;
      }
      legal++;
      ck_assert_int_eq(st, ST_OK);
      ck_assert_int_eq(em_letters[to], want);
    }
  ck_assert_int_eq(pairs, 20);
  ck_assert_int_eq(legal, 10);
  printf("EM: %d of 20 pairs, %d legal\n", pairs, legal);
}
END_TEST

static unsigned cs_of(const char *s)
{
  unsigned cs = 0;
  for (unsigned i = 0; i < CS_FACTS; i++)
    cs |= (s[i] >= 'A' && s[i] <= 'Z') ? 1u << i : 0;
  return cs;
}

START_TEST(cs_every_fact_from_every_reachable_state)
{
  int tried = 0, refused = 0;
  for (size_t i = 0; i < ARRAY_LEN(cs_expected); i++)
    for (int rm = 0; rm < RM_STATES; rm++)
      for (int f = 0; f < CS_FACTS; f++, tried++) {
        unsigned from = cs_of(cs_expected[i].from), to = 0;
        struct fault err = { 0 };
        enum status st = cs_add(from, (enum rm_state)rm, (enum cs_fact)f, &to, &err);
        const char *want = cs_expected[i].to[f];
        bool there = from & 1u << f;
        bool barred = !there && (f == CS_FIX_READY || f == CS_FIX_DEPLOYED) && rm != RM_ACCEPTED;
        if (barred || want[0] == '-') {
          refused++;
          ck_assert_int_eq(st, ST_DENIED);
          ck_assert_uint_eq(to, from);
          ck_assert_ptr_nonnull(strstr(err.text, cs_fact_name((enum cs_fact)f)));
          continue;
        }
        char got[7];
        cs_string(to, got);
        ck_assert_int_eq(st, ST_OK);
        ck_assert_str_eq(got, want);
        ck_assert_uint_eq(to & from, from); /* irreversible */
      }
  ck_assert_int_eq(tried, 20 * 7 * 6);
  ck_assert_int_gt(refused, 0);
}
END_TEST

START_TEST(cs_table_is_closed)
{
  /* Every state that a legal step from "nothing known" reaches has a row, and no other state has one. */
  bool seen[64] = { true };
  for (int round = 0; round < 64; round++)
    for (unsigned cs = 0; cs < 64; cs++)
      for (int f = 0; f < CS_FACTS && seen[cs]; f++) {
        unsigned to;
        if (cs_add(cs, RM_ACCEPTED, (enum cs_fact)f, &to, NULL) == ST_OK)
          seen[to] = true;
      }
  unsigned reached = 0, rows = 0;
  for (unsigned cs = 0; cs < 64; cs++) {
    bool row = false;
    for (size_t i = 0; i < ARRAY_LEN(cs_expected); i++)
      row |= cs_of(cs_expected[i].from) == cs;
    ck_assert_int_eq(row, seen[cs]);
    reached += seen[cs];
    rows += row;
  }
  ck_assert_uint_eq(reached, 20);
  ck_assert_uint_eq(rows, 20);
}
END_TEST

START_TEST(names_and_parsing)
{
  for (int s = 0; s < RM_STATES; s++) {
    enum rm_state back = RM_STATES;
    ck_assert(rm_state_parse(rm_state_name((enum rm_state)s), &back));
    ck_assert_int_eq(back, s);
  }
  enum rm_state out = RM_VALID;
  ck_assert(rm_state_parse("aCCepted", &out));
  ck_assert_int_eq(out, RM_ACCEPTED);
  ck_assert(!rm_state_parse("Accepte", &out));
  ck_assert(!rm_state_parse(NULL, &out));
  ck_assert_str_eq(rm_state_name((enum rm_state)99), "?");
  ck_assert_str_eq(em_event_name(EM_EV_TERMINATE), "terminate");
  char s[7];
  cs_string(0, s);
  ck_assert_str_eq(s, "vfdpxa");
  cs_string(63, s);
  ck_assert_str_eq(s, "VFDPXA");
  cs_string(1 << CS_VENDOR_AWARE | 1 << CS_FIX_READY, s);
  ck_assert_str_eq(s, "VFdpxa");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_state");
  TCase *t = tcase_create("machines");
  tcase_add_test(t, rm_every_pair);
  tcase_add_test(t, rm_refusal_names_the_next_steps);
  tcase_add_test(t, em_every_pair);
  tcase_add_test(t, cs_every_fact_from_every_reachable_state);
  tcase_add_test(t, cs_table_is_closed);
  tcase_add_test(t, names_and_parsing);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
