/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What #vex says in the documents: statuses, reasons, remedies; what contradicts; ids that stay from revision to revision. */
#include <config.h>
#include <check.h>
#include <embargod/assess.h>
#include <stdio.h>
#include <stdlib.h>

#include "test_advisory_case.h"

static struct pool *pool;

static void setup(void)
{
  pool = pool_new("test");
}

static void teardown(void)
{
  pool_free(&pool);
}

static struct vuln_case *case_saying(const char *value, const char *extra)
{
  struct vuln_case *vc = full_case(pool);
  case_set(pool, vc, &(struct case_field){ "vex", value, extra, OPENED, "alice" });
  return vc;
}

static json_t *csaf_of(struct advisory *a)
{
  struct advisory_fault f;
  struct bytes b = advisory_csaf(pool, a);
  ck_assert_msg(!advisory_csaf_fault(pool, b, &f), "%s %s: %s", f.test, f.path, f.why);
  return json_loadb(b.p, b.len, 0, NULL);
}

/* The id of a product's version by its full name; "": none. */
static const char *id_in(json_t *branches, const char *full)
{
  size_t i;
  json_t *b;
  json_array_foreach(branches, i, b)
  {
    const char *name = json_string_value(at(b, "/product/name"));
    if (name && !strcmp(name, full))
      return json_string_value(at(b, "/product/product_id"));
    const char *below = id_in(json_object_get(b, "branches"), full);
    if (*below)
      return below;
  }
  return "";
}

static const char *id_of(json_t *doc, const char *full)
{
  return id_in(at(doc, "/product_tree/branches"), full);
}

static bool lists(json_t *list, const char *id)
{
  size_t i;
  json_t *v;
  json_array_foreach(list, i, v)
    if (*id && !strcmp(json_string_value(v), id))
      return true;
  return false;
}

static const struct {
  const char *value, *extra, *full, *status;
} rows[] = {
  { "\"Pump 8\" 1.0", "not-affected component_not_present", "Example Pumps Pump 8 1.0", "known_not_affected" },
  { "\"Pump 9\" 7.0", "not-affected vulnerable_code_not_present Rewritten.", "Example Pumps Pump 9 7.0", "known_not_affected" },
  { "\"Pump 8\"", "under-investigation", "Example Pumps Pump 8 all versions", "under_investigation" },
  { "\"Pump 8\" before 2.0", "affected", "Example Pumps Pump 8 <2.0", "known_affected" },
  { "\"Viewer\" 5", "affected", "Screens Inc Viewer 5", "known_affected" },
  { "\"pump 9\" 0.9", "affected", "Example Pumps Pump 9 0.9", "known_affected" },
  { "\"Pump 8\" 2.0", "fixed", "Example Pumps Pump 8 2.0", "fixed" },
};

START_TEST(statuses)
{
  json_t *doc = csaf_of(released(pool, case_saying(rows[_i].value, rows[_i].extra)));
  static const char *const all[] = { "known_affected", "fixed", "known_not_affected", "under_investigation" };
  const char *id = id_of(doc, rows[_i].full);
  ck_assert_str_ne(id, "");
  for (size_t k = 0; k < ARRAY_LEN(all); k++)
    ck_assert_msg(lists(at(doc, pool_printf(pool, "/vulnerabilities/0/product_status/%s", all[k])), id) == !strcmp(all[k], rows[_i].status),
                  "%s", all[k]);
  json_decref(doc);
}
END_TEST

START_TEST(reasons)
{
  json_t *doc = csaf_of(released(pool, case_saying("\"Pump 8\" 1.0, 1.1", "not-affected component_not_present No radio is fitted.")));
  json_t *flag = at(doc, "/vulnerabilities/0/flags/0"), *threat = at(doc, "/vulnerabilities/0/threats/0");
  const char *id = id_of(doc, "Example Pumps Pump 8 1.1");
  ck_assert_str_eq(json_string_value(at(flag, "/label")), "component_not_present");
  ck_assert(lists(at(flag, "/product_ids"), id));
  ck_assert_uint_eq(json_array_size(at(flag, "/product_ids")), 2);
  ck_assert_str_eq(json_string_value(at(threat, "/category")), "impact");
  ck_assert_str_eq(json_string_value(at(threat, "/details")), "No radio is fitted.");
  ck_assert(lists(at(threat, "/product_ids"), id));
  json_decref(doc);
}
END_TEST

START_TEST(for_people)
{
  struct advisory *a = released(pool, case_saying("\"Pump 8\" before 2.0", "not-affected component_not_present No radio is fitted."));
  const char *want = "not affected: before 2.0 (the vulnerable component is not in the";
  struct bytes text = advisory_text(pool, a), html = advisory_html(pool, a, NULL);
  ck_assert_msg(strstr(text.p, want) != NULL, "%s", text.p);
  ck_assert_ptr_null(strstr(strstr(text.p, "Pump 8 by Example Pumps"), "there is no fix yet"));
  ck_assert_msg(strstr(html.p, "not affected: before 2.0 (the vulnerable component is not in the product). No radio is fitted.") != NULL, "%s", html.p);
  ck_assert_ptr_null(strstr(advisory_cve(pool, a).p, "Pump 8"));
}
END_TEST

/* An id belongs to words, not to a place in a list. */
START_TEST(ids_stay)
{
  json_t *before = csaf_of(released(pool, full_case(pool)));
  struct vuln_case *vc = bare_case(pool);
  case_set(pool, vc, &(struct case_field){ "vex", "\"A pump\" 1", "not-affected component_not_present", OPENED, "alice" });
  case_set(pool, vc, &(struct case_field){ "product", "Another pump", "1.0, 2.0", OPENED, "alice" });
  for (size_t i = ARRAY_LEN(full_fields); i--;)
    case_set(pool, vc, &full_fields[i]);
  json_t *after = csaf_of(released(pool, vc));
  static const char *const names[] = { "Example Pumps Pump 9 1.0", "Example Pumps Pump 9 >=1.2|<=2.3", "Example Pumps Pump 9 2.4", "Screens Inc Viewer <4.1",
                                       "Screens Inc Viewer 4.1" };
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    ck_assert_str_ne(id_of(before, names[i]), "");
    ck_assert_str_eq(id_of(before, names[i]), id_of(after, names[i]));
  }
  json_decref(before);
  json_decref(after);
}
END_TEST

START_TEST(profiles)
{
  struct vuln_case *vc = case_saying("\"Pump 8\" 1.0", "not-affected component_not_present");
  json_t *doc = csaf_of(released(pool, vc));
  ck_assert_str_eq(json_string_value(at(doc, "/document/category")), "csaf_security_advisory");
  json_decref(doc);
  struct bytes vex = advisory_vex(pool, released(pool, vc));
  struct advisory_fault f;
  ck_assert_msg(!advisory_csaf_fault(pool, vex, &f), "%s %s: %s", f.test, f.path, f.why);
  doc = json_loadb(vex.p, vex.len, 0, NULL);
  ck_assert_str_eq(json_string_value(at(doc, "/document/category")), "csaf_vex");
  ck_assert_str_eq(json_string_value(at(doc, "/document/tracking/id")), "EMB-2026-0001-VEX");
  json_decref(doc);
  while (case_unset(vc, "product", "Pump 9") || case_unset(vc, "product", "Viewer") || case_unset(vc, "fix", "Pump 9 2.4") ||
         case_unset(vc, "fix", "Viewer 4.1"))
    ;
  doc = csaf_of(released(pool, vc)); /* nothing is affected: the advisory itself is a VEX document */
  ck_assert_str_eq(json_string_value(at(doc, "/document/category")), "csaf_vex");
  ck_assert_str_eq(json_string_value(at(doc, "/document/tracking/id")), "EMB-2026-0001");
  ck_assert_ptr_null(at(doc, "/vulnerabilities/0/scores"));
  json_decref(doc);
}
END_TEST

/* The tests 6.1.27.7 to .10 are ours too: what they forbid is seen. */
START_TEST(broken_vex)
{
  static const struct {
    const char *remove[2], *test;
  } broken[] = { { { "flags", "threats" }, "6.1.27.9" }, { { "remediations", "flags" }, "6.1.27.10" }, { { "cve", "ids" }, "6.1.27.8" } };
  struct bytes vex = advisory_vex(pool, released(pool, case_saying("\"Pump 8\" 1.0", "not-affected component_not_present Because.")));
  for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
    struct advisory_fault f;
    json_t *doc = json_loadb(vex.p, vex.len, 0, NULL), *v = at(doc, "/vulnerabilities/0");
    for (size_t k = 0; k < 2; k++)
      json_object_del(v, broken[i].remove[k]);
    char *s = json_dumps(doc, 0);
    ck_assert_msg(advisory_csaf_fault(pool, bytes_str(s), &f), "%s is not seen", broken[i].test);
    ck_assert_str_eq(f.test, broken[i].test);
    free(s);
    json_decref(doc);
  }
}
END_TEST

static const struct {
  const char *value, *extra, *what;
} contradictions[] = {
  { "\"Pump 9\" 1.0", "not-affected component_not_present", "Pump 9 1.0 is both affected and not affected" },
  { "\"Pump 9\" 2.4", "under-investigation", "Pump 9 2.4 is both fixed and investigated" },
  { "\"Pump 9\" 1.0", "fixed", "Pump 9 1.0 is both affected and fixed" },
  { "\"Pump 8\" some earlier ones", "under-investigation", "the versions of #vex \"Pump 8\" some earlier ones cannot be read from \"some earlier ones\" on" },
  { "\"Pump 8\" 1", "not-affected", "#vex \"Pump 8\" 1 does not say why it is not affected" },
};

START_TEST(contradicting)
{
  size_t n = 0;
  const struct advisory_gap *g = advisory_gaps(pool, advisory_for(pool, case_saying(contradictions[_i].value, contradictions[_i].extra)), ADVISORY_CSAF, &n);
  ck_assert_uint_ge(n, 1);
  ck_assert(g[0].required);
  ck_assert_str_eq(g[0].what, contradictions[_i].what);
  ck_assert_msg(strstr(g[0].how, "#vex -\"Pump") != NULL, "%s", g[0].how);
}
END_TEST

START_TEST(what_people_see_of_itself)
{
  struct advisory *a = released(pool, full_case(pool));
  a->self_csaf = "https://pumps.example/.well-known/csaf/white/2026/emb-2026-0001.json";
  a->self_html = "https://pumps.example/advisories/EMB-2026-0001.html";
  a->withdrawn = "It is no vulnerability.";
  json_t *doc = csaf_of(a);
  ck_assert_str_eq(json_string_value(at(doc, "/document/references/0/category")), "self");
  ck_assert_str_eq(json_string_value(at(doc, "/document/references/0/url")), a->self_csaf);
  ck_assert_str_eq(json_string_value(at(doc, "/document/references/1/url")), a->self_html);
  ck_assert_str_eq(json_string_value(at(doc, "/document/aggregate_severity/text")), "Critical");
  ck_assert_str_eq(json_string_value(at(doc, "/document/notes/0/text")), "This advisory is withdrawn. It is no vulnerability.");
  ck_assert_str_eq(json_string_value(at(doc, "/document/tracking/status")), "final");
  json_decref(doc);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("advisory_vex");
  TCase *tc = tcase_create("vex");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, statuses, 0, ARRAY_LEN(rows));
  tcase_add_test(tc, reasons);
  tcase_add_test(tc, for_people);
  tcase_add_test(tc, ids_stay);
  tcase_add_test(tc, profiles);
  tcase_add_test(tc, broken_vex);
  tcase_add_loop_test(tc, contradicting, 0, ARRAY_LEN(contradictions));
  tcase_add_test(tc, what_people_see_of_itself);
  suite_add_tcase(s, tc);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
