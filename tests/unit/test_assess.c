/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clinical risk, SSVC and ids against what their sources say. */
#include <config.h>
#include <check.h>
#include <embargod/assess.h>
#include <stdlib.h>
#include <string.h>

/* Columns: negligible minor serious critical catastrophic; U: uncontrolled. */
START_TEST(default_matrix)
{
  static const char *const rows[] = { "cccc"
                                      "U",
                                      "ccc"
                                      "UU",
                                      "cc"
                                      "UUU" };
  struct clinical_matrix m = clinical_matrix_default();
  for (int e = 0; e < EXPLOITABILITIES; e++)
    for (int h = 0; h < HARMS; h++) {
      struct clinical_input in = { .exploitability = (enum clinical_exploitability)e,
                                   .harm = (enum clinical_harm)h,
                                   .rationale = "tried it" };
      struct clinical_result r;
      ck_assert_int_eq(clinical_assess(&m, &in, &r, NULL), ST_OK);
      ck_assert_int_eq(r.uncontrolled, rows[e][h] == 'U');
      ck_assert(r.uncontrolled == r.by_matrix && !r.overruled);
    }
  ck_assert_int_eq(clinical_matrix_check(&m, NULL), ST_OK);
}
END_TEST

START_TEST(matrix_of_a_site)
{
  struct clinical_matrix m = clinical_matrix_default();
  struct fault err = { 0 };
  ck_assert_int_eq(clinical_matrix_row(&m, EXPLOITABILITY_LOW, "Never", &err), ST_OK);
  ck_assert_int_eq(clinical_matrix_row(&m, EXPLOITABILITY_HIGH, "negligible", &err), ST_OK);
  ck_assert(!m.uncontrolled[EXPLOITABILITY_LOW][HARM_CATASTROPHIC] &&
            m.uncontrolled[EXPLOITABILITY_HIGH][HARM_NEGLIGIBLE]);
  ck_assert_int_eq(clinical_matrix_row(&m, EXPLOITABILITY_HIGH, "terrible", &err), ST_REJECT);
  ck_assert_ptr_nonnull(strstr(err.text, "'terrible' is no harm"));
  fault_clear(&err);
  ck_assert_int_eq(clinical_matrix_row(&m, EXPLOITABILITY_LOW, "minor", &err), ST_OK);
  ck_assert_int_eq(clinical_matrix_check(&m, &err), ST_REJECT);
  ck_assert_ptr_nonnull(
      strstr(err.text, "minor harm would be uncontrolled with low exploitability, but controlled with medium"));
}
END_TEST

START_TEST(rationale_and_override)
{
  static const struct {
    const char *rationale, *to, *by, *reason, *error; /* NULL: fine */
    bool uncontrolled, overruled;
  } row[] = {
    { "", NULL, NULL, NULL, "rationale is missing", false, false },
    { " \n", NULL, NULL, NULL, "rationale is missing", false, false },
    { NULL, NULL, NULL, NULL, "rationale is missing", false, false },
    { "r", "maybe", "alice", "x", "'maybe' is no result", false, false },
    { "r", "uncontrolled", "", "x", "who overrules", false, false },
    { "r", "uncontrolled", "alice", " ", "written reason", false, false },
    { "r", "Uncontrolled", "alice", "patients are children", NULL, true, true },
    { "r", "controlled", "alice", "as the matrix says", NULL, false, false },
    { "r", "", "", "", NULL, false, false },
  };
  struct clinical_matrix m = clinical_matrix_default();
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    struct clinical_input in = { EXPLOITABILITY_MEDIUM, HARM_SERIOUS, row[i].rationale, row[i].to, row[i].by,
                                 row[i].reason };
    struct clinical_result r = { 0 };
    struct fault err = { 0 };
    enum status st = clinical_assess(&m, &in, &r, &err);
    ck_assert_int_eq(st, row[i].error ? ST_REJECT : ST_OK);
    ck_assert_msg(!row[i].error || strstr(err.text, row[i].error), "%zu: %s", i, err.text);
    ck_assert(r.uncontrolled == row[i].uncontrolled && r.overruled == row[i].overruled);
  }
}
END_TEST

START_TEST(clinical_words)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct clinical_matrix m = clinical_matrix_default();
  struct clinical_input in = { EXPLOITABILITY_HIGH, HARM_CRITICAL, "r", NULL, NULL, NULL };
  struct clinical_result r;
  ck_assert_int_eq(clinical_assess(&m, &in, &r, NULL), ST_OK);
  ck_assert_str_eq(clinical_text(pool, &in, &r), "uncontrolled (exploitability high, harm critical)");
  in.override_to = "controlled";
  in.override_by = "lea";
  in.override_reason = "no network in any ward";
  ck_assert_int_eq(clinical_assess(&m, &in, &r, NULL), ST_OK);
  ck_assert_str_eq(clinical_text(pool, &in, &r),
                   "controlled (exploitability high, harm critical): by lea, the matrix says uncontrolled");
  for (int h = 0; h < HARMS; h++) {
    enum clinical_harm back;
    ck_assert(clinical_harm_parse(clinical_harm_name((enum clinical_harm)h), &back) && (int)back == h);
  }
  enum clinical_exploitability e;
  ck_assert(clinical_exploitability_parse("HIGH", &e) && e == EXPLOITABILITY_HIGH);
  ck_assert(!clinical_exploitability_parse("highest", &e) && !clinical_exploitability_parse(NULL, &e));
  in.harm = HARMS;
  ck_assert_int_eq(clinical_assess(&m, &in, &r, NULL), ST_REJECT);
}
END_TEST

/* CERT/CC's data of CISA's tree: exploitation, automatable, technical impact, mission and well-being; T Track, S
 * Track*, A Attend, C Act. */
START_TEST(ssvc_every_leaf)
{
  static const char expected[] = "TTTTTS"
                                 "TTATTA"
                                 "TTSTSA"
                                 "TTATSA"
                                 "TTATAC"
                                 "AACACC";
  static const char letters[] = "TSAC";
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  for (int n = 0; n < 36; n++) {
    struct ssvc_points p = { (enum ssvc_exploitation)(n / 12), n / 6 % 2, n / 3 % 2, (enum ssvc_mission)(n % 3) }, back;
    enum ssvc_decision d;
    bool has;
    ck_assert_int_eq(letters[ssvc_decide(&p)], expected[n]);
    char *v = pool_printf(pool, "SSVCv2/E:%c/A:%c/T:%c/M:%c/D:T/2026-11-24T08:00:00Z/", "NPA"[n / 12], "NY"[n / 6 % 2],
                          "PT"[n / 3 % 2], "LMH"[n % 3]);
    ck_assert_int_eq(ssvc_parse(pool, v, &d, &back, &has, NULL), ST_OK);
    ck_assert(has && d == ssvc_decide(&p) && memcmp(&p.mission, &back.mission, sizeof p.mission) == 0);
    ck_assert(p.exploitation == back.exploitation && p.automatable == back.automatable && p.total == back.total);
  }
}
END_TEST

START_TEST(ssvc_text)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const struct {
    const char *text, *decision, *error;
  } row[] = { { "track*", "Track*", NULL },
              { "ACT", "Act", NULL },
              { "Attend", "Attend", NULL },
              { "E:A/A:Y/T:T/M:H", "Act", NULL },
              { "", NULL, "no decision" },
              { "soon", NULL, "'soon' is no decision" },
              { "E:A/A:Y/T:T", NULL, "M (mission and well-being) is missing" },
              { "A:Y/E:A/T:T/M:H", NULL, "E (exploitation) is missing" },
              { "E:Q/A:Y/T:T/M:H", NULL, "E (exploitation) is one of the letters NPA" },
              { "E:AA/A:Y/T:T/M:H", NULL, "one of the letters" },
              { "E:", NULL, "one of the letters" } };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    enum ssvc_decision d = SSVC_DECISIONS;
    struct fault err = { 0 };
    bool has;
    enum status st = ssvc_parse(pool, row[i].text, &d, NULL, &has, &err);
    ck_assert_msg(st == (row[i].error ? ST_REJECT : ST_OK), "%s: %s", row[i].text, err.text);
    if (row[i].error)
      ck_assert_msg(strstr(err.text, row[i].error) != NULL, "%s: %s", row[i].text, err.text);
    else
      ck_assert_str_eq(ssvc_name(d), row[i].decision);
  }
  ck_assert_ptr_nonnull(strstr(ssvc_timeline(SSVC_ACT), "as soon as possible"));
}
END_TEST

START_TEST(ids)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const struct {
    const char *text, *cve, *cwe;
  } row[] = { { "CVE-2026-1234", "CVE-2026-1234", NULL },
              { "cve-2026-12345", "CVE-2026-12345", NULL },
              { "CVE-2026-0001", "CVE-2026-0001", NULL },
              { "CVE-2026-01234", NULL, NULL },
              { "CVE-2026-123", NULL, NULL },
              { "CVE-1998-1234", NULL, NULL },
              { "CVE-1999-0001", "CVE-1999-0001", NULL },
              { "CVE-2026-1234567890123456789", "CVE-2026-1234567890123456789", NULL },
              { "CVE-2026-12345678901234567890", NULL, NULL },
              { "CVE-2026-1234x", NULL, NULL },
              { "CVE-2026", NULL, NULL },
              { "2026-1234", NULL, NULL },
              { "CWE-79", NULL, "CWE-79" },
              { "cwe-1393", NULL, "CWE-1393" },
              { "798", NULL, "CWE-798" },
              { "CWE-079", NULL, NULL },
              { "CWE-0", NULL, NULL },
              { "CWE-", NULL, NULL },
              { "CWE-123456", NULL, NULL },
              { "", NULL, NULL } };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    char *cve = assess_cve(pool, row[i].text), *cwe = assess_cwe(pool, row[i].text);
    ck_assert_pstr_eq(cve, row[i].cve);
    ck_assert_pstr_eq(cwe, row[i].cwe);
  }
  ck_assert_ptr_null(assess_cve(pool, NULL));
  ck_assert_ptr_null(assess_cwe(pool, NULL));
}
END_TEST

START_TEST(cwe_names)
{
  static const struct {
    const char *id, *name;
  } row[] = { { "CWE-5", "J2EE Misconfiguration: Data Transmission Without Encryption" },
              { "CWE-79", "Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')" },
              { "CWE-798", "Use of Hard-coded Credentials" },
              { "CWE-1431", "Driving Intermediate Cryptographic State/Results to Hardware Module Outputs" },
              { "CWE-1", NULL },
              { "CWE-16", NULL }, /* a category, no weakness */
              { "CWE-217", NULL }, /* deprecated */
              { "CWE-99999", NULL },
              { "79", NULL },
              { "", NULL } };
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  size_t all = 0;
  for (size_t i = 0; i < ARRAY_LEN(row); i++)
    ck_assert_pstr_eq(assess_cwe_name(row[i].id), row[i].name);
  ck_assert_ptr_null(assess_cwe_name(NULL));
  for (int i = 0; i < 2000; i++) /* one out of order would hide others */
    all += assess_cwe_name(pool_printf(pool, "CWE-%d", i)) != NULL;
  ck_assert_uint_eq(all, 943);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("assess");
  TCase *t = tcase_create("assessments");
  tcase_add_test(t, default_matrix);
  tcase_add_test(t, matrix_of_a_site);
  tcase_add_test(t, rationale_and_override);
  tcase_add_test(t, clinical_words);
  tcase_add_test(t, ssvc_every_leaf);
  tcase_add_test(t, ssvc_text);
  tcase_add_test(t, ids);
  tcase_add_test(t, cwe_names);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
