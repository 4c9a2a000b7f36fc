/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mandatory tests of CSAF 2.0: the good document passes, and each row breaks it in one place and is caught there. */
#include <config.h>
#include <check.h>
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

START_TEST(passes)
{
  struct vuln_case *vc = full_case(pool);
  static const char *const vectors[] = { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O",
                                         "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:C/C:L/I:N/A:N/MAV:N/CR:H", "" };
  set_field(pool, vc, "cvss", vectors[_i], "");
  const struct advisory *a[] = { advisory_for(pool, vc), released(pool, vc) };
  for (size_t i = 0; i < ARRAY_LEN(a); i++) {
    struct advisory_fault f;
    ck_assert_msg(!advisory_csaf_fault(pool, advisory_csaf(pool, a[i]), &f), "%s at %s: %s", f.test, f.path, f.why);
  }
}
END_TEST

#define HISTORY "/document/tracking/revision_history"
#define TREE "/product_tree"
#define VULN "/vulnerabilities/0"
#define SCORE VULN "/scores/0/cvss_v3"
#define REVISION(n, d) "{\"number\":\"" n "\",\"date\":\"" d "\",\"summary\":\"x\"}"
#define FULL(id) "{\"product_id\":\"" id "\",\"name\":\"x\"}"
#define RELATED(id, a, b) "{\"category\":\"installed_on\",\"full_product_name\":" FULL(id) ",\"product_reference\":\"" a "\",\"relates_to_product_reference\":\"" b "\"}"

/* A pair of changes to the good document; value NULL: removed; "+...": put behind the last item of that list. */
struct change {
  const char *pointer, *value;
};
static const struct {
  struct change change[3];
  const char *test, *path;
} rows[] = {
  { { { "/document/title", NULL } }, "schema", "/document/title" },
  { { { "/document/title", "\"\"" } }, "schema", "/document/title" },
  { { { "/document/tracking", "[]" } }, "schema", "/document/tracking/id" },
  { { { "/document/csaf_version", "\"2.1\"" } }, "schema", "/document/csaf_version" },
  { { { "/document/tracking/status", "\"released\"" } }, "schema", "/document/tracking/status" },
  { { { "/document/distribution/tlp/label", "\"CLEAR\"" } }, "schema", "/document/distribution/tlp/label" },
  { { { VULN "/remediations", "[]" } }, "schema", VULN "/remediations" },
  { { { HISTORY, "{}" } }, "schema", HISTORY },
  { { { "/document/tracking/initial_release_date", "\"2026-09-29\"" } }, "schema", "/document/tracking/initial_release_date" },
  { { { "/document/tracking/current_release_date", "\"2026-02-30T00:00:00Z\"" } }, "schema", "/document/tracking/current_release_date" },
  { { { HISTORY "/0/date", "\"2026-09-29T14:13:20\"" } }, "schema", HISTORY "/0/date" },
  { { { HISTORY "/0/date", "\"2026-09-29T25:13:20Z\"" } }, "schema", HISTORY "/0/date" },
  { { { HISTORY "/0/date", "\"2026-09-29T14:13:20+1:00\"" } }, "schema", HISTORY "/0/date" },
  { { { VULN "/release_date", "7" } }, "schema", VULN "/release_date" },
  { { { VULN "/product_status/fixed", "+\"CSAFPID-9999\"" } }, "6.1.1", VULN "/product_status/fixed/2" },
  { { { VULN "/scores/0/products", "+\"x\"" } }, "6.1.1", VULN "/scores/0/products/3" },
  { { { VULN "/remediations/0/product_ids", "[\"x\"]" } }, "6.1.1", VULN "/remediations/0/product_ids/0" },
  { { { VULN "/threats/0/product_ids", "[\"x\"]" } }, "6.1.1", VULN "/threats/0/product_ids/0" },
  { { { TREE "/product_groups", "[{\"group_id\":\"g\",\"product_ids\":[\"x\",\"y\"]}]" } }, "6.1.1", TREE "/product_groups/0/product_ids/0" },
  { { { TREE "/branches/0/branches/0/branches/1/product/product_id", "\"CSAFPID-3c8d98a5d851de1e\"" }, { VULN, NULL } },
    "6.1.2",
    TREE "/branches/0/branches/0/branches/1/product/product_id" },
  { { { TREE "/full_product_names", "[" FULL("CSAFPID-3c8d98a5d851de1e") "]" } }, "6.1.2", TREE "/full_product_names/0/product_id" },
  { { { TREE "/relationships", "[" RELATED("R1", "R1", "CSAFPID-3c8d98a5d851de1e") "]" } }, "6.1.3", TREE "/relationships/0" },
  { { { TREE "/relationships", "[" RELATED("R1", "R2", "CSAFPID-3c8d98a5d851de1e") "," RELATED("R2", "CSAFPID-9a798deb1843bb4a", "R1") "]" } },
    "6.1.3",
    TREE "/relationships/0" },
  { { { VULN "/remediations/0/group_ids", "[\"g\"]" } }, "6.1.4", VULN "/remediations/0/group_ids/0" },
  { { { TREE "/product_groups", "[{\"group_id\":\"g\",\"product_ids\":[\"CSAFPID-3c8d98a5d851de1e\"]},{\"group_id\":\"g\",\"product_ids\":[\"CSAFPID-9a798deb1843bb4a\"]}]" } },
    "6.1.5",
    TREE "/product_groups/1/group_id" },
  { { { VULN "/product_status/fixed", "+\"CSAFPID-3c8d98a5d851de1e\"" } }, "6.1.6", VULN "/product_status/fixed/2" },
  { { { VULN "/product_status/known_not_affected", "[\"CSAFPID-3c8d98a5d851de1e\"]" } }, "6.1.6", VULN "/product_status/known_not_affected/0" },
  { { { VULN "/product_status/under_investigation", "[\"CSAFPID-9186c4be8c2250a5\"]" } }, "6.1.6", VULN "/product_status/under_investigation/0" },
  { { { VULN "/scores", "+{\"products\":[\"CSAFPID-3c8d98a5d851de1e\"],\"cvss_v3\":{\"version\":\"3.1\"}}" } }, "6.1.7", VULN "/scores/1/products/0" },
  { { { SCORE "/vectorString", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H\"" } }, "6.1.8", SCORE "/vectorString" },
  { { { SCORE "/baseSeverity", NULL } }, "6.1.8", SCORE "/baseSeverity" },
  { { { SCORE "/baseScore", "\"9.8\"" } }, "6.1.8", SCORE "/baseScore" },
  { { { SCORE "/baseScore", "6.5" } }, "6.1.9", SCORE "/baseScore" },
  { { { SCORE "/baseSeverity", "\"LOW\"" } }, "6.1.9", SCORE "/baseSeverity" },
  { { { SCORE "/temporalScore", "1.0" } }, "6.1.9", SCORE "/temporalScore" },
  { { { SCORE "/attackVector", "\"LOCAL\"" } }, "6.1.10", SCORE "/attackVector" },
  { { { SCORE "/version", "\"3.0\"" } }, "6.1.10", SCORE "/version" },
  { { { VULN "/cwe/name", "\"Something else\"" } }, "6.1.11", VULN "/cwe/name" },
  { { { VULN "/cwe/id", "\"CWE-99999\"" } }, "6.1.11", VULN "/cwe/id" },
  { { { HISTORY "/0/number", "\"2\"" }, { HISTORY "/1/number", "\"1\"" } }, "6.1.14", HISTORY "/1/number" },
  { { { HISTORY "/1/date", "\"2026-09-01T00:00:00Z\"" } }, "6.1.14", HISTORY "/1/number" },
  { { { "/document/tracking/version", "\"1\"" } }, "6.1.16", "/document/tracking/version" },
  { { { "/document/tracking/version", "\"x\"" } }, "6.1.16", "/document/tracking/version" },
  { { { HISTORY, "[" REVISION("0", "2026-09-29T14:13:20Z") "]" }, { "/document/tracking/version", "\"0\"" } }, "6.1.17", "/document/tracking/status" },
  { { { HISTORY, "[" REVISION("0.9.0", "2026-09-29T14:13:20Z") "]" }, { "/document/tracking/version", "\"0.9.0\"" } },
    "6.1.17",
    "/document/tracking/status" },
  { { { HISTORY, "[" REVISION("0", "2026-09-28T14:13:20Z") "," REVISION("1", "2026-09-29T14:13:20Z") "]" }, { "/document/tracking/version", "\"1\"" } },
    "6.1.18",
    HISTORY "/0/number" },
  { { { HISTORY, "[" REVISION("1.0.0-rc", "2026-09-29T14:13:20Z") "]" },
      { "/document/tracking/version", "\"1.0.0\"" },
      { "/document/tracking/status", "\"draft\"" } },
    "6.1.19",
    HISTORY "/0/number" },
  { { { HISTORY, "[" REVISION("1", "2026-09-28T14:13:20Z") "," REVISION("3", "2026-09-29T14:13:20Z") "]" }, { "/document/tracking/version", "\"3\"" } },
    "6.1.21",
    HISTORY },
  { { { HISTORY, "[" REVISION("2", "2026-09-28T14:13:20Z") "]" } }, "6.1.21", HISTORY },
  { { { HISTORY, "+" REVISION("1", "2026-09-29T14:13:20Z") } }, "6.1.22", HISTORY "/2/number" },
  { { { "/vulnerabilities", "+{\"cve\":\"CVE-2026-12345\"}" } }, "6.1.23", "/vulnerabilities/1/cve" },
  { { { "/document/category", "\"Security Advisory\"" } }, "6.1.26", "/document/category" },
  { { { "/document/category", "\"csaf_other\"" } }, "6.1.26", "/document/category" },
  { { { TREE, NULL }, { VULN, NULL } }, "6.1.27.4", TREE },
  { { { VULN "/notes", NULL } }, "6.1.27.5", VULN },
  { { { VULN "/product_status", NULL } }, "6.1.27.6", VULN },
  { { { "/vulnerabilities", NULL } }, "6.1.27.11", "/vulnerabilities" },
  { { { "/document/source_lang", "\"en\"" } }, "6.1.28", "/document/source_lang" },
  { { { VULN "/remediations/1/product_ids", NULL } }, "6.1.29", VULN "/remediations/1" },
  { { { HISTORY "/0/number", "\"1.0.0\"" } }, "6.1.30", HISTORY "/0/number" },
  { { { TREE "/branches/0/branches/0/branches/0/name", "\"< 2.0\"" } }, "6.1.31", TREE "/branches/0/branches/0/branches/0/name" },
  { { { TREE "/branches/0/branches/0/branches/0/name", "\"2.0 and Earlier\"" } }, "6.1.31", TREE "/branches/0/branches/0/branches/0/name" },
};

static void apply(json_t *doc, const struct change *c)
{
  const char *slash = strrchr(c->pointer, '/');
  json_t *in = at(doc, pool_strndup(pool, c->pointer, (size_t)(slash - c->pointer)));
  json_t *v = c->value ? json_loads(c->value + (*c->value == '+'), JSON_DECODE_ANY, NULL) : NULL;
  ck_assert_msg(in != NULL && (!c->value || v), "%s", c->pointer);
  if (c->value && *c->value == '+') {
    ck_assert(!json_array_append_new(at(doc, c->pointer), v));
  } else if (json_is_array(in)) {
    ck_assert(!(v ? json_array_set_new(in, (size_t)atoi(slash + 1), v) : json_array_remove(in, (size_t)atoi(slash + 1))));
  } else {
    ck_assert(!(v ? json_object_set_new(in, slash + 1, v) : json_object_del(in, slash + 1)));
  }
}

START_TEST(broken)
{
  struct bytes good = advisory_csaf(pool, released(pool, full_case(pool)));
  json_t *doc = json_loadb(good.p, good.len, 0, NULL);
  struct advisory_fault f;
  for (size_t i = 0; i < ARRAY_LEN(rows[_i].change) && rows[_i].change[i].pointer; i++)
    apply(doc, &rows[_i].change[i]);
  /* vulnerabilities without one in it: the list goes, so that what is to be found is the first fault */
  if (json_is_array(at(doc, "/vulnerabilities")) && !json_array_size(at(doc, "/vulnerabilities")))
    json_object_set_new(doc, "vulnerabilities", json_pack("[{s:s}]", "title", "x"));
  char *s = json_dumps(doc, 0);
  ck_assert_msg(advisory_csaf_fault(pool, bytes_str(s), &f), "%s is not seen", rows[_i].test);
  ck_assert_msg(!strcmp(f.test, rows[_i].test) && !strcmp(f.path, rows[_i].path), "%s at %s (%s), not %s at %s", f.test, f.path, f.why, rows[_i].test,
                rows[_i].path);
  ck_assert(*f.why);
  free(s);
  json_decref(doc);
}
END_TEST

/* A draft may have what a final document may not. */
START_TEST(drafts)
{
  struct bytes good = advisory_csaf(pool, released(pool, full_case(pool)));
  json_t *doc = json_loadb(good.p, good.len, 0, NULL);
  struct advisory_fault f;
  static const struct change change[] = { { HISTORY, "[" REVISION("1.0.0", "2026-09-29T14:13:20Z") "]" },
                                          { "/document/tracking/version", "\"1.0.0-rc.1\"" },
                                          { "/document/tracking/status", "\"draft\"" } };
  for (size_t i = 0; i < ARRAY_LEN(change); i++)
    apply(doc, &change[i]);
  char *s = json_dumps(doc, 0);
  ck_assert_msg(!advisory_csaf_fault(pool, bytes_str(s), &f), "%s at %s: %s", f.test, f.path, f.why);
  free(s);
  json_decref(doc);
}
END_TEST

static const char *const no_documents[] = { "", "{", "[]", "null", "{\"document\":{\"title\":\"a\",\"title\":\"b\"}}", "\xff", "7" };

START_TEST(anything)
{
  struct advisory_fault f;
  ck_assert(advisory_csaf_fault(pool, bytes_str(no_documents[_i]), &f));
  ck_assert_str_eq(f.test, "schema");
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("advisory_check");
  TCase *t = tcase_create("mandatory tests");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, passes, 0, 4);
  tcase_add_loop_test(t, broken, 0, ARRAY_LEN(rows));
  tcase_add_test(t, drafts);
  tcase_add_loop_test(t, anything, 0, ARRAY_LEN(no_documents));
  suite_add_tcase(s, t);
  return s;
}

int main(void)
{
  SRunner *r = srunner_create(suite());
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
