/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The twelve ordering preferences over all histories of the model (six facts in every order that is possible: 70), and
 * over every beginning of one, replayed through the case's own rules. What is expected comes from the places of the
 * letters alone. */
#include <config.h>
#include <check.h>
#include <embargod/case.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "VFDPXA";
static const char *const wanted[CS_PREFERENCES] = { "D<P", "F<P", "D<X", "D<A", "F<X", "V<P",
                                                    "F<A", "P<X", "X<A", "P<A", "V<X", "V<A" };

static int place(const char *history, char c)
{
  const char *at = strchr(history, c);
  return at ? (int)(at - history) : 99;
}

/* V F D in this order; an unknown vendor learns of it with the publication, and a public exploit is a publication: at
 * once. */
static bool possible(const char *h)
{
  int v = place(h, 'V'), f = place(h, 'F'), d = place(h, 'D'), p = place(h, 'P'), x = place(h, 'X');
  if (!(v < f && f < d))
    return false;
  if (x < p && p != x + 1)
    return false;
  return p > v || v == p + 1;
}

static void replay(const char *history, size_t len, unsigned *cs, int64_t at[CS_FACTS])
{
  *cs = 0;
  memset(at, 0, CS_FACTS * sizeof *at);
  for (size_t i = 0; i < len; i++) {
    unsigned before = *cs;
    ck_assert_int_eq(cs_add(before, RM_ACCEPTED, (enum cs_fact)place(letters, history[i]), cs, NULL), ST_OK);
    for (unsigned f = 0; f < CS_FACTS; f++)
      if ((*cs & ~before) >> f & 1)
        at[f] = 1000 + (int64_t)i;
  }
}

/* The beginning as the rules complete it: X brings P, P brings V. */
static void completed(const char *history, size_t len, char out[8])
{
  out[0] = '\0';
  strncat(out, history, len);
  if (strchr(out, 'X') && !strchr(out, 'P'))
    strcat(out, "P");
  if (strchr(out, 'P') && !strchr(out, 'V'))
    strcat(out, "V");
}

static void check_history(const char *history, size_t len)
{
  unsigned cs, met = 0, open = 0;
  int64_t at[CS_FACTS];
  char whole[8];
  struct cs_success s;
  completed(history, len, whole);
  replay(history, len, &cs, at);
  cs_preferences(cs, at, &s);
  for (unsigned i = 0; i < CS_PREFERENCES; i++) {
    int a = place(whole, wanted[i][0]), b = place(whole, wanted[i][2]);
    enum cs_outcome o = a < b ? CS_MET : b < a ? CS_UNMET : CS_OPEN;
    ck_assert_str_eq(cs_preference(i)->name, wanted[i]);
    ck_assert_msg(s.outcome[i] == o, "%s of %s: %s is %d", whole, history, wanted[i], s.outcome[i]);
    met += o == CS_MET;
    open += o == CS_OPEN;
  }
  ck_assert(s.met == met && s.open == open && s.met + s.unmet + s.open == CS_PREFERENCES);
}

/* Calls check_history for each order of the rest; returns the count of possible ones. */
static int every_order(char h[7], size_t done, int *best)
{
  if (done == 6) {
    if (!possible(h))
      return 0;
    for (size_t len = 0; len <= 6; len++)
      check_history(h, len);
    unsigned cs;
    int64_t at[CS_FACTS];
    struct cs_success s;
    replay(h, 6, &cs, at);
    cs_preferences(cs, at, &s);
    *best += s.met == CS_PREFERENCES;
    ck_assert_msg(s.met < CS_PREFERENCES || strcmp(h, "VFDPXA") == 0, "%s", h);
    return 1;
  }
  int count = 0;
  for (const char *c = letters; *c; c++) {
    h[done] = '\0';
    if (strchr(h, *c))
      continue;
    h[done] = *c;
    h[done + 1] = '\0';
    count += every_order(h, done + 1, best);
  }
  return count;
}

START_TEST(every_history)
{
  char h[7] = "";
  int best = 0;
  ck_assert_int_eq(every_order(h, 0, &best), 70);
  ck_assert_int_eq(best, 1);
}
END_TEST

/* Each of the twelve: the earlier first, the later first, only the first, only the later, neither. */
START_TEST(each_preference_true_false_and_never)
{
  int tried = 0;
  for (unsigned i = 0; i < CS_PREFERENCES; i++) {
    unsigned a = (unsigned)place(letters, wanted[i][0]), b = (unsigned)place(letters, wanted[i][2]);
    const struct {
      unsigned cs;
      int64_t at_a, at_b;
      enum cs_outcome want;
    } rows[] = {
      { 1u << a | 1u << b, 5, 6, CS_MET }, { 1u << a | 1u << b, 6, 5, CS_UNMET }, { 1u << a, 5, 0, CS_MET },
      { 1u << b, 0, 5, CS_UNMET },         { 0, 0, 0, CS_OPEN },
    };
    for (size_t r = 0; r < ARRAY_LEN(rows); r++, tried++) {
      int64_t at[CS_FACTS] = { 0 };
      struct cs_success s;
      at[a] = rows[r].at_a;
      at[b] = rows[r].at_b;
      cs_preferences(rows[r].cs, at, &s);
      ck_assert_msg(s.outcome[i] == rows[r].want, "%s, row %zu: %d", wanted[i], r, s.outcome[i]);
    }
  }
  ck_assert_int_eq(tried, 12 * 5);
  printf("ordering preferences: %d of %d\n", tried, 12 * 5);
}
END_TEST

START_TEST(same_instant_and_unknown)
{
  unsigned all = (1u << CS_FACTS) - 1;
  struct cs_success s;
  int64_t same[CS_FACTS] = { 5, 5, 5, 5, 5, 5 }, none[CS_FACTS] = { 0 };
  cs_preferences(all, same, &s);
  for (unsigned i = 0; i < CS_PREFERENCES; i++)
    ck_assert_int_eq(s.outcome[i], strchr("FD", wanted[i][0]) ? CS_MET : CS_UNMET);
  cs_preferences(all, none, &s);
  ck_assert_uint_eq(s.open, CS_PREFERENCES);
  cs_preferences(1u << CS_VENDOR_AWARE, none, &s); /* when is not known, but nothing else has happened */
  ck_assert_uint_eq(s.met, 3);
  ck_assert_uint_eq(s.open, 9);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_preference");
  TCase *t = tcase_create("preferences");
  tcase_add_test(t, every_history);
  tcase_add_test(t, each_preference_true_false_and_never);
  tcase_add_test(t, same_instant_and_unknown);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
