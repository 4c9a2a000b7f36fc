/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CVSS: vectors whose scores others published, every kind of error, every macrovector.
 * tests/integration/test_cvss_oracle.py compares thousands more with a second implementation. */
#include <config.h>
#include <check.h>
#include <embargod/assess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "test_assess_cvss_rows.h"

static struct cvss parsed(const char *vector)
{
  struct cvss v;
  struct fault err = { 0 };
  if (cvss_parse(bytes_str(vector), &v, &err) != ST_OK)
    ck_abort_msg("%s: %s", vector, err.text);
  return v;
}

START_TEST(published_scores)
{
  struct cvss v = parsed(scored[_i].vector);
  struct cvss_scores s = cvss_score(&v);
  ck_assert_msg(s.overall == scored[_i].overall, "%s: %d, not %d", scored[_i].vector, s.overall, scored[_i].overall);
  ck_assert_str_eq(cvss_severity(s.overall), scored[_i].severity);
  ck_assert_str_eq(cvss_kind(&v), scored[_i].kind);
}
END_TEST

START_TEST(every_error_says_what_and_where)
{
  struct cvss v;
  struct fault err = { 0 };
  ck_assert_int_eq(cvss_parse(bytes_str(refused[_i].vector), &v, &err), ST_REJECT);
  ck_assert_msg(strstr(err.text, refused[_i].words) != NULL, "%s: %s", refused[_i].vector, err.text);
}
END_TEST

START_TEST(too_long_and_not_text)
{
  char big[600];
  struct cvss v;
  struct fault err = { 0 };
  memset(big, 'A', sizeof big);
  memcpy(big, "CVSS:3.1/", 9);
  ck_assert_int_eq(cvss_parse((struct bytes){ big, sizeof big }, &v, &err), ST_REJECT);
  ck_assert_str_eq(err.text, "longer than any vector");
  fault_clear(&err);
  ck_assert_int_eq(cvss_parse(BYTES("CVSS:3.1/AV:N\0/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), &v, &err), ST_REJECT);
  fault_clear(&err);
  ck_assert_int_eq(cvss_parse(BYTES("CVSS:3.1/A\001\n:N"), &v, &err), ST_REJECT);
  ck_assert_ptr_null(strpbrk(err.text, "\001\n"));
  ck_assert_int_eq(cvss_parse(BYTES(""), &v, NULL), ST_REJECT);
}
END_TEST

/* The longest vectors there are still fit below the limit. */
START_TEST(longest_fits)
{
  struct cvss v = parsed("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N/E:U/CR:L/IR:H/AR:L/MAV:A/"
                         "MAC:H/MAT:N/MPR:N/MUI:P/"
                         "MVC:H/MVI:N/MVA:H/MSC:N/MSI:L/MSA:S/S:N/AU:N/R:I/V:C/RE:H/U:Green");
  ck_assert_str_eq(cvss_kind(&v), "CVSS-BTE");
  ck_assert_int_lt(cvss_score(&v).threat, cvss_score(&v).base);
}
END_TEST

START_TEST(parts_of_a_score)
{
  struct cvss v = parsed("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:F/RL:O/RC:C/CR:L/IR:L/AR:H");
  struct cvss_scores s = cvss_score(&v);
  ck_assert_int_eq(s.base, 75);
  ck_assert_int_eq(s.threat, 70);
  ck_assert_int_eq(s.environmental, 86);
  ck_assert_int_eq(s.overall, 86);
  v = parsed("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/MVC:N/MVI:N/MVA:N");
  s = cvss_score(&v);
  ck_assert_int_eq(s.base, 77);
  ck_assert_int_eq(s.threat, 52);
  ck_assert_int_eq(s.environmental, 0);
  ck_assert_int_eq(s.overall, 0);
}
END_TEST

START_TEST(canonical_text)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct cvss v = parsed("CVSS:3.1/RC:X/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N/E:P");
  ck_assert_str_eq(cvss_text(pool, &v), "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P");
  v = parsed("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N/MAV:X/MSI:S/U:Amber");
  ck_assert_str_eq(cvss_text(pool, &v),
                   "CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N/MSI:S/U:Amber");
}
END_TEST

START_TEST(severity_words)
{
  static const struct {
    int tenths;
    const char *word;
  } row[] = { { 0, "None" },  { 1, "Low" },   { 39, "Low" },      { 40, "Medium" },   { 69, "Medium" },
              { 70, "High" }, { 89, "High" }, { 90, "Critical" }, { 100, "Critical" } };
  for (size_t i = 0; i < ARRAY_LEN(row); i++)
    ck_assert_str_eq(cvss_severity(row[i].tenths), row[i].word);
}
END_TEST

/* Most severe vectors of each level of a set (FIRST's calculator, max_composed), as metrics of the environmental group.
 */
static const char *const most1[] = { "AV:N,PR:N,UI:N", "AV:A,PR:N,UI:N", "AV:P,PR:N,UI:N" };
static const char *const most2[] = { "AC:L,AT:N", "AC:L,AT:P" };
static const struct {
  const char *digits, *vc, *requirement;
} most36[] = {
  { "00", "HHH", "HHH" }, { "01", "HHH", "MMM" }, { "10", "LHH", "HHH" }, { "11", "HLH", "MHM" }, { "21", "LLL", "HHH" }
};
static const char *const most4[] = { "HSS", "HHH", "LLL" };

static char letter(const char *list, int at) /* of "AV:N,PR:N" */
{
  return list[at * 5 + 3];
}

static void macro_vector(char out[400], int e1, int e2, int e36, int e4)
{
  const char *a = most1[e1], *b = most2[e2], *v = most36[e36].vc, *r = most36[e36].requirement, *s = most4[e4];
  snprintf(out, 400,
           "CVSS:4.0/AV:%c/AC:%c/AT:%c/PR:%c/UI:%c/VC:%c/VI:%c/VA:%c/SC:N/SI:N/SA:N/E:%%c/CR:%c/IR:%c/AR:%c/MSC:%c/"
           "MSI:%c/MSA:%c",
           letter(a, 0), letter(b, 0), letter(b, 1), letter(a, 1), letter(a, 2), v[0], v[1], v[2], r[0], r[1], r[2],
           s[0], s[1], s[2]);
}

static int score_in(const char *table, const char *macro)
{
  char key[9];
  int whole, tenth;
  snprintf(key, sizeof key, "\n%s ", macro);
  const char *at = strstr(table, key);
  ck_assert_ptr_nonnull(at);
  ck_assert_int_eq(sscanf(at + 8, "%d.%d", &whole, &tenth), 2);
  return whole * 10 + tenth;
}

/* A most severe vector of a macrovector has that macrovector's score; the scores are read from a copy of FIRST's list.
 */
START_TEST(every_macrovector)
{
  static char table[8192];
  char path[4096], vector[400], with_e[400], macro[7], want[7];
  int seen = 0;
  snprintf(path, sizeof path, "%s/tests/corpus/cvss/macrovectors", getenv("top_srcdir"));
  FILE *f = fopen(path, "rb");
  ck_assert_ptr_nonnull(f);
  table[fread(table, 1, sizeof table - 1, f)] = '\0';
  fclose(f);
  for (int n = 0; n < 3 * 2 * 5 * 3 * 3; n++) {
    int e5 = n % 3, e4 = n / 3 % 3, e36 = n / 9 % 5, e2 = n / 45 % 2, e1 = n / 90;
    macro_vector(vector, e1, e2, e36, e4);
    char *e = strstr(vector, "%c");
    snprintf(with_e, sizeof with_e, "%.*s%c%s", (int)(e - vector), vector, "APU"[e5], e + 2);
    struct cvss v = parsed(with_e);
    snprintf(want, sizeof want, "%d%d%c%d%d%c", e1, e2, most36[e36].digits[0], e4, e5, most36[e36].digits[1]);
    cvss_macrovector(&v, macro);
    ck_assert_str_eq(macro, want);
    ck_assert_msg(cvss_score(&v).overall == score_in(table, macro), "%s (%s)", with_e, macro);
    seen++;
  }
  ck_assert_int_eq(seen, 270);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("assess_cvss");
  TCase *t = tcase_create("cvss");
  tcase_add_loop_test(t, published_scores, 0, (int)ARRAY_LEN(scored));
  tcase_add_loop_test(t, every_error_says_what_and_where, 0, (int)ARRAY_LEN(refused));
  tcase_add_test(t, too_long_and_not_text);
  tcase_add_test(t, longest_fits);
  tcase_add_test(t, parts_of_a_score);
  tcase_add_test(t, canonical_text);
  tcase_add_test(t, severity_words);
  tcase_add_test(t, every_macrovector);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
