/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The documents of an advisory: what stands in them, what does not, and what hostile facts become. */
#include <config.h>
#include <check.h>
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

static json_t *parsed(struct bytes b)
{
  json_error_t e;
  json_t *j = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &e);
  ck_assert_msg(j != NULL, "%s in line %d", e.text, e.line);
  return j;
}

/* ---- versions ---- */
static const struct {
  const char *text, *want; /* each version after a bar, ranges in brackets; "?": what cannot be read */
} version_rows[] = {
  { "", "" },
  { "1.0", "|1.0" },
  { "1.0, 1.2;1.3 and 1.4", "|1.0|1.2|1.3|1.4" },
  { "1.0, 1.0", "|1.0" },
  { "version 2.0 beta", "|2.0 beta" },
  { "2.0-3", "|2.0-3" },
  { "all", "|[*]" },
  { "All Versions", "|[*]" },
  { "*", "|[*]" },
  { "1.0-2.3", "|[>=1.0|<=2.3]" },
  { "1.0 - 2.3", "|[>=1.0|<=2.3]" },
  { "1.0 to 2.3, 3.0", "|[>=1.0|<=2.3]|3.0" },
  { "from 1.0 before 2.0", "|[>=1.0|<2.0]" },
  { "1.0\xe2\x80\x93""2.3", "|[>=1.0|<=2.3]" },
  { "< 2.0", "|[<2.0]" },
  { "<=2.0", "|[<=2.0]" },
  { "\xe2\x89\xa4 2.0", "|[<=2.0]" },
  { ">= 1.0, < 2.0", "|[>=1.0|<2.0]" },
  { ">= 1.0 < 2.0", "|[>=1.0|<2.0]" },
  { ">1.0", "|[>1.0]" },
  { "before 2.0", "|[<2.0]" },
  { "all versions prior to 2.0", "|[<2.0]" },
  { "Versions up to and including 2.3", "|[<=2.3]" },
  { "2.3 and earlier", "|[<=2.3]" },
  { "2.3 and earlier versions, 3.0 or later", "|[<=2.3]|[>=3.0]" },
  { "1.0 and 2.0 and earlier", "|1.0|[<=2.0]" },
  { "since 1.0", "|[>=1.0]" },
  { "up to 2.0", "|[<=2.0]" },
  { ">= 1.0 to 2.0", "?>= 1.0 to 2.0" },
  { "before 2.0 SP1", "|[<2.0%20SP1]" },
  { "before 2.0|3", "|[<2.0%7C3]" },
  { "all but 2.0", "|but 2.0" },
  { "1.0, earlier", "|1.0?earlier" },
  { "<", "?<" },
  { "1.0 < 2.0 > 3.0", "?1.0 < 2.0 > 3.0" },
};

START_TEST(versions)
{
  struct advisory_version *v;
  const char *unread;
  size_t n = advisory_versions(pool, version_rows[_i].text, &v, &unread);
  struct buf b = buf_new(pool, 80);
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, v[i].range ? "|[%s]" : "|%s", v[i].text);
  if (unread)
    buf_printf(&b, "?%s", unread);
  ck_assert_str_eq(buf_str(&b), version_rows[_i].want);
}
END_TEST

static const struct {
  const char *url, *want; /* NULL: refused */
} link_rows[] = {
  { "https://lab.example/a?b=c#d", "https://lab.example/a?b=c#d" },
  { "HTTP://lab.example", "http://lab.example" },
  { "https://lab.example/{{x}}", "https://lab.example/%7B%7Bx%7D%7D" },
  { "https://lab.example/\"><script>", "https://lab.example/%22%3E%3Cscript%3E" },
  { "https://lab.example/\xe2\x80\xae", "https://lab.example/%E2%80%AE" },
  { "https://lab.example/a\r\nb", "https://lab.example/a%0D%0Ab" },
  { "https://lab.example/%41%", "https://lab.example/%41%25" },
  { "https://lab.example/#a#b", "https://lab.example/#a%23b" },
  { "javascript:alert(1)", NULL },
  { " https://lab.example", NULL },
  { "https://", NULL },
  { "https:///path", NULL },
  { "ftp://lab.example", NULL },
  { "data:text/html,x", NULL },
  { "", NULL },
};

START_TEST(links)
{
  const char *got = advisory_link(pool, link_rows[_i].url);
  ck_assert_pstr_eq(got, link_rows[_i].want);
}
END_TEST

static const struct {
  const char *id, *name;
} name_rows[] = {
  { "EMB-2026-0001", "emb-2026-0001.json" },
  { "Example Company - 2019-YH3234", "example_company_-_2019-yh3234.json" },
  { "RHBA-2019:0024", "rhba-2019_0024.json" },
  { "2022_#01-A", "2022_01-a.json" },
  { "../a/b+c", "_a_b+c.json" },
};

START_TEST(file_names)
{
  ck_assert_str_eq(advisory_csaf_name(pool, name_rows[_i].id), name_rows[_i].name);
}
END_TEST

/* ---- CSAF ---- */
static const struct {
  const char *pointer, *want; /* text; of numbers their digits; NULL: not there */
} csaf_rows[] = {
  { "/document/category", "csaf_security_advisory" },
  { "/document/csaf_version", "2.0" },
  { "/document/title", "Pump takes any firmware" },
  { "/document/publisher/category", "vendor" },
  { "/document/publisher/name", "Example Pumps" },
  { "/document/publisher/namespace", "https://pumps.example" },
  { "/document/publisher/contact_details", "security@pumps.example" },
  { "/document/distribution/tlp/label", "WHITE" },
  { "/document/distribution/text", NULL },
  { "/document/notes/0/category", "summary" },
  { "/document/references/0/category", "external" },
  { "/document/references/0/url", "https://lab.example/pump" },
  { "/document/references/0/summary", "The finder's page" },
  { "/document/tracking/id", "EMB-2026-0001" },
  { "/document/tracking/status", "final" },
  { "/document/tracking/version", "2" },
  { "/document/tracking/initial_release_date", "2026-09-29T14:13:20Z" },
  { "/document/tracking/current_release_date", "2026-09-30T14:13:20Z" },
  { "/document/tracking/revision_history/0/number", "1" },
  { "/document/tracking/revision_history/1/number", "2" },
  { "/document/tracking/revision_history/1/summary", "A fix for Viewer" },
  { "/document/tracking/generator/engine/name", "embargod" },
  { "/product_tree/branches/0/category", "vendor" },
  { "/product_tree/branches/0/name", "Example Pumps" },
  { "/product_tree/branches/0/branches/0/category", "product_name" },
  { "/product_tree/branches/0/branches/0/name", "Pump 9" },
  { "/product_tree/branches/0/branches/0/branches/0/category", "product_version" },
  { "/product_tree/branches/0/branches/0/branches/0/name", "1.0" },
  { "/product_tree/branches/0/branches/0/branches/0/product/name", "Example Pumps Pump 9 1.0" },
  { "/product_tree/branches/0/branches/0/branches/0/product/product_id", "CSAFPID-3c8d98a5d851de1e" },
  { "/product_tree/branches/0/branches/0/branches/1/category", "product_version_range" },
  { "/product_tree/branches/0/branches/0/branches/1/name", "vers:intdot/>=1.2|<=2.3" },
  { "/product_tree/branches/0/branches/0/branches/2/name", "2.4" },
  { "/product_tree/branches/1/name", "Screens Inc" },
  { "/product_tree/branches/1/branches/0/name", "Viewer" },
  { "/product_tree/branches/1/branches/0/branches/0/name", "vers:intdot/<4.1" },
  { "/vulnerabilities/0/cve", "CVE-2026-12345" },
  { "/vulnerabilities/0/cwe/id", "CWE-345" },
  { "/vulnerabilities/0/cwe/name", "Insufficient Verification of Data Authenticity" },
  { "/vulnerabilities/0/ids/0/text", "EMB-2026-0001" },
  { "/vulnerabilities/0/release_date", "2026-09-29T14:13:20Z" },
  { "/vulnerabilities/0/product_status/known_affected/0", "CSAFPID-3c8d98a5d851de1e" },
  { "/vulnerabilities/0/product_status/known_affected/1", "CSAFPID-9a798deb1843bb4a" },
  { "/vulnerabilities/0/product_status/known_affected/2", "CSAFPID-7db6838602c20e4e" },
  { "/vulnerabilities/0/product_status/known_affected/3", NULL },
  { "/vulnerabilities/0/product_status/fixed/0", "CSAFPID-9186c4be8c2250a5" },
  { "/vulnerabilities/0/product_status/fixed/1", "CSAFPID-e74f86e79f1ff7bf" },
  { "/vulnerabilities/0/scores/0/cvss_v3/vectorString", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" },
  { "/vulnerabilities/0/scores/0/cvss_v3/baseScore", "9.8" },
  { "/vulnerabilities/0/scores/0/cvss_v3/baseSeverity", "CRITICAL" },
  { "/vulnerabilities/0/scores/0/cvss_v3/temporalScore", NULL },
  { "/vulnerabilities/0/scores/0/products/2", "CSAFPID-7db6838602c20e4e" },
  { "/vulnerabilities/0/notes/0/category", "description" },
  { "/vulnerabilities/0/notes/1/text",
    "9.3 Critical (CVSS-B), CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N" },
  { "/vulnerabilities/0/notes/2/text",
    "2026-09-21T14:13:20Z: Report received\n2026-09-22T14:13:20Z: Vulnerability confirmed\n2026-09-26T14:13:20Z: Fix ready\n"
    "2026-09-29T14:13:20Z: Vulnerability publicly known\n2026-09-29T14:13:20Z: Exploit publicly known" },
  { "/vulnerabilities/0/remediations/0/category", "vendor_fix" },
  { "/vulnerabilities/0/remediations/0/url", "https://pumps.example/fw/2.4" },
  { "/vulnerabilities/0/remediations/0/product_ids/1", "CSAFPID-9a798deb1843bb4a" },
  { "/vulnerabilities/0/remediations/0/product_ids/2", NULL },
  { "/vulnerabilities/0/remediations/1/product_ids/0", "CSAFPID-7db6838602c20e4e" },
  { "/vulnerabilities/0/remediations/2/category", "mitigation" },
  { "/vulnerabilities/0/remediations/2/details", "Keep the pump in a network of its own." },
  { "/vulnerabilities/0/remediations/3/category", "workaround" },
  { "/vulnerabilities/0/threats/0/category", "impact" },
  { "/vulnerabilities/0/threats/0/details", "Therapy can be changed or stopped." },
  { "/vulnerabilities/0/threats/1/details", "An exploit is publicly known." },
  { "/vulnerabilities/0/acknowledgments/0/names/0", "Robin Reporter" },
  { "/vulnerabilities/0/acknowledgments/1/summary", "An anonymous reporter" },
};

static void expect_at(json_t *doc, const char *pointer, const char *want)
{
  json_t *v = at(doc, pointer);
  char number[40] = "";
  if (json_is_number(v))
    snprintf(number, sizeof number, "%.4g", json_number_value(v));
  ck_assert_msg(!want == !v, "%s is %sthere", pointer, v ? "" : "not ");
  if (want)
    ck_assert_msg(!strcmp(json_is_string(v) ? json_string_value(v) : number, want), "%s is %s", pointer,
                  json_is_string(v) ? json_string_value(v) : number);
}

START_TEST(csaf)
{
  json_t *doc = parsed(advisory_csaf(pool, released(pool, full_case(pool))));
  for (size_t i = 0; i < ARRAY_LEN(csaf_rows); i++)
    expect_at(doc, csaf_rows[i].pointer, csaf_rows[i].want);
  json_decref(doc);
}
END_TEST

/* What is there before anything was published, and without all that a document can do without. */
START_TEST(csaf_draft)
{
  struct vuln_case *vc = bare_case(pool);
  set_field(pool, vc, "title", "T", "");
  set_field(pool, vc, "description", "D", "");
  set_field(pool, vc, "product", "Pump 9", "all");
  set_field(pool, vc, "cve", "requested", "");
  set_field(pool, vc, "tlp", "AMBER+STRICT", "");
  struct bytes b = advisory_csaf(pool, advisory_for(pool, vc));
  struct advisory_fault f;
  json_t *doc = parsed(b);
  ck_assert_msg(!advisory_csaf_fault(pool, b, &f), "%s at %s: %s", f.test, f.path, f.why);
  expect_at(doc, "/document/tracking/status", "draft");
  expect_at(doc, "/document/tracking/version", "0");
  expect_at(doc, "/document/tracking/current_release_date", "2026-09-30T14:13:20Z");
  expect_at(doc, "/document/distribution/tlp/label", "RED");
  ck_assert(strstr(json_string_value(at(doc, "/document/distribution/text")), "AMBER+STRICT") != NULL);
  expect_at(doc, "/product_tree/branches/0/branches/0/branches/0/name", "vers:all/*");
  expect_at(doc, "/product_tree/branches/0/branches/0/branches/0/product/name", "Example Pumps Pump 9 all versions");
  expect_at(doc, "/vulnerabilities/0/remediations/0/category", "none_available");
  static const char *const absent[] = { "cve", "cwe", "scores", "threats", "acknowledgments", "release_date" };
  for (size_t i = 0; i < ARRAY_LEN(absent); i++)
    ck_assert_msg(!json_object_get(at(doc, "/vulnerabilities/0"), absent[i]), "%s is there", absent[i]);
  json_decref(doc);
}
END_TEST

static const struct {
  const char *tlp, *label;
} tlp_rows[] = { { "CLEAR", "WHITE" }, { "GREEN", "GREEN" }, { "AMBER", "AMBER" }, { "", "AMBER" }, { "RED", "RED" } };

START_TEST(csaf_tlp)
{
  struct vuln_case *vc = full_case(pool);
  case_unset(vc, "tlp", NULL);
  if (*tlp_rows[_i].tlp)
    set_field(pool, vc, "tlp", tlp_rows[_i].tlp, "");
  json_t *doc = parsed(advisory_csaf(pool, advisory_for(pool, vc)));
  expect_at(doc, "/document/distribution/tlp/label", tlp_rows[_i].label);
  json_decref(doc);
}
END_TEST

/* ---- CVE ---- */
static const struct {
  const char *pointer, *want;
} cve_rows[] = {
  { "/dataType", "CVE_RECORD" },
  { "/dataVersion", "5.1" },
  { "/cveMetadata/cveId", "CVE-2026-12345" },
  { "/cveMetadata/assignerOrgId", "8254265b-2729-46b6-b9e3-3dfca2d5bfca" },
  { "/cveMetadata/state", "PUBLISHED" },
  { "/containers/cna/providerMetadata/orgId", "8254265b-2729-46b6-b9e3-3dfca2d5bfca" },
  { "/containers/cna/title", "Pump takes any firmware" },
  { "/containers/cna/datePublic", "2026-09-29T14:13:20Z" },
  { "/containers/cna/affected/0/vendor", "Example Pumps" },
  { "/containers/cna/affected/0/product", "Pump 9" },
  { "/containers/cna/affected/0/defaultStatus", "unknown" },
  { "/containers/cna/affected/0/versions/0/version", "2.4" },
  { "/containers/cna/affected/0/versions/0/status", "unaffected" },
  { "/containers/cna/affected/0/versions/1/version", "1.0" },
  { "/containers/cna/affected/0/versions/1/status", "affected" },
  { "/containers/cna/affected/0/versions/2/version", "1.2" },
  { "/containers/cna/affected/0/versions/2/lessThanOrEqual", "2.3" },
  { "/containers/cna/affected/0/versions/2/versionType", "custom" },
  { "/containers/cna/affected/1/vendor", "Screens Inc" },
  { "/containers/cna/affected/1/versions/1/version", "0" },
  { "/containers/cna/affected/1/versions/1/lessThan", "4.1" },
  { "/containers/cna/descriptions/0/lang", "en" },
  { "/containers/cna/descriptions/1/value", "Impact: Therapy can be changed or stopped." },
  { "/containers/cna/problemTypes/0/descriptions/0/cweId", "CWE-345" },
  { "/containers/cna/references/0/url", "https://lab.example/pump" },
  { "/containers/cna/references/0/name", "The finder's page" },
  { "/containers/cna/metrics/0/cvssV3_1/baseScore", "9.8" },
  { "/containers/cna/metrics/0/cvssV3_1/baseSeverity", "CRITICAL" },
  { "/containers/cna/metrics/1/cvssV4_0/baseScore", "9.3" },
  { "/containers/cna/metrics/1/cvssV4_0/version", "4.0" },
  { "/containers/cna/solutions/0/value", "Update Pump 9 to version 2.4.\nUpdate Viewer to version 4.1." },
  { "/containers/cna/workarounds/0/value", "Keep the pump in a network of its own." },
  { "/containers/cna/workarounds/1/value", "Switch its radio off." },
  { "/containers/cna/credits/0/value", "Robin Reporter" },
  { "/containers/cna/credits/0/type", "finder" },
  { "/containers/cna/credits/1/value", "An anonymous reporter" },
  { "/containers/cna/timeline/0/value", "Report received" },
  { "/containers/cna/timeline/0/time", "2026-09-21T14:13:20Z" },
  { "/containers/cna/source/discovery", "EXTERNAL" },
};

START_TEST(cve)
{
  json_t *doc = parsed(advisory_cve(pool, advisory_for(pool, full_case(pool))));
  for (size_t i = 0; i < ARRAY_LEN(cve_rows); i++)
    expect_at(doc, cve_rows[i].pointer, cve_rows[i].want);
  json_decref(doc);
}
END_TEST

/* "after 1.0" does not make 1.0 affected. */
START_TEST(cve_open_range)
{
  struct vuln_case *vc = full_case(pool);
  set_field(pool, vc, "product", "Pump 9", "after 1.0");
  json_t *doc = parsed(advisory_cve(pool, advisory_for(pool, vc)));
  expect_at(doc, "/containers/cna/affected/0/versions/1/version", "1.0");
  expect_at(doc, "/containers/cna/affected/0/versions/1/status", "unaffected");
  expect_at(doc, "/containers/cna/affected/0/versions/1/lessThan", NULL);
  expect_at(doc, "/containers/cna/affected/0/versions/2/version", "1.0");
  expect_at(doc, "/containers/cna/affected/0/versions/2/lessThanOrEqual", "*");
  expect_at(doc, "/containers/cna/affected/0/versions/2/status", "affected");
  json_decref(doc);
}
END_TEST

/* ---- text ---- */
START_TEST(text)
{
  const char *t = pool_str(pool, advisory_text(pool, released(pool, full_case(pool))));
  static const char *const lines[] = {
    "Security advisory EMB-2026-0001\nTLP:CLEAR\n\n  Pump takes any firmware\n  CVE-2026-12345\n",
    "\nProducts\n\n  Pump 9 by Example Pumps\n  affected: 1.0\n  from 1.2 on, up to and including 2.3\n  fixed: 2.4 https://pumps.example/fw/2.4\n",
    "  Viewer by Screens Inc\n  affected: before 4.1\n  fixed: 4.1\n",
    "\nDescription\n\n  The pump takes firmware without a signature.\n\n  Anyone on its network can replace it.\n",
    "\nImpact\n\n  Therapy can be changed or stopped.\n",
    "  CVSS v3.1: 9.8 Critical (base)\n  CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n",
    "  Weakness: CWE-345, Insufficient Verification of Data Authenticity\n",
    "\nMitigation\n\n  Keep the pump in a network of its own.\n",
    "\nWorkaround\n\n  Switch its radio off.\n",
    "\nThanks\n\n  Robin Reporter\n  An anonymous reporter\n",
    "\nReferences\n\n  https://lab.example/pump\n  The finder's page\n",
    "\nTimeline\n\n  2026-09-21 14:13 UTC Report received\n",
    "  2 2026-09-30 14:13 UTC A fix for Viewer\n",
    "\nPublisher\n\n  Example Pumps\n  security@pumps.example\n",
  };
  for (size_t i = 0; i < ARRAY_LEN(lines); i++)
    ck_assert_msg(strstr(t, lines[i]) != NULL, "not there: %s\nin\n%s", lines[i], t);
  ck_assert(!strstr(t, "DRAFT"));
  ck_assert(strstr(pool_str(pool, advisory_text(pool, advisory_for(pool, full_case(pool)))), "EMB-2026-0001 (DRAFT, not published)\n") != NULL);
}
END_TEST

/* ---- what stays inside ---- */
static struct bytes document(enum advisory_format f, const struct advisory *a)
{
  return advisory_document(pool, a, f);
}

START_TEST(nothing_of_the_inside)
{
  static const char *const words[] = { "insideword", "ncontrolled", "exploitability", "\"Act\"", "alice" };
  const char *t = pool_str(pool, document((enum advisory_format)_i, released(pool, full_case(pool))));
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    ck_assert_msg(!strstr(t, words[i]), "%s is in it", words[i]);
}
END_TEST

/* ---- gaps ---- */
static const struct {
  const char *field, *value, *extra; /* set on the full case; value NULL: all of that name removed */
  enum advisory_format format;
  bool required;
  const char *what, *how; /* what NULL: no gap at all */
} gap_rows[] = {
  { "tag", "x", "", ADVISORY_CSAF, false, NULL, NULL },
  { "tag", "x", "", ADVISORY_TEXT, false, NULL, NULL },
  { "tag", "x", "", ADVISORY_CVE, false, NULL, NULL },
  { "title", NULL, "", ADVISORY_CSAF, true, "no title", "#title TEXT" },
  { "description", NULL, "", ADVISORY_TEXT, true, "no description", "#description + text" },
  { "product", NULL, "", ADVISORY_CVE, true, "no product", "#product NAME VERSIONS" },
  { "product", "Pump 9", "", ADVISORY_CSAF, true, "no affected versions of Pump 9", "#product \"Pump 9\" VERSIONS (all: every version)" },
  { "product", "Pump 9", "1.0, some earlier ones", ADVISORY_CSAF, true, "the versions of Pump 9 cannot be read from \"some earlier ones\" on",
    "#product \"Pump 9\" VERSIONS, such as 1.0, 1.2 | before 2.0 | 1.0 to 2.3 | all" },
  { "product", "Pump 9", "1.0, 2.4", ADVISORY_CSAF, true, "Pump 9 2.4 is both affected and fixed",
    "#fix -Pump 9 2.4, or #product \"Pump 9\" VERSIONS" },
  { "fix", "7.0", "", ADVISORY_TEXT, true, "the fix \"7.0\" does not say of which product it is", "#fix -7.0, then #fix PRODUCT VERSION [URL]" },
  { "fix", "Pump 9 8.0 8.1, 8.2", "", ADVISORY_TEXT, true, "the fix \"Pump 9 8.0 8.1, 8.2\" is not one version",
    "#fix -Pump 9 8.0 8.1, 8.2, then #fix VERSION [URL]" },
  { "reference", "javascript:alert(1)", "", ADVISORY_CSAF, true, "a reference is no link that can be published: javascript:alert(1)",
    "#reference -URL" },
  { "cve", "requested", "", ADVISORY_CVE, true, "no CVE id", "#cve CVE-ID" },
  { "cve", "requested", "", ADVISORY_CSAF, false, "no CVE id", "#cve CVE-ID" },
  { "reference", NULL, "", ADVISORY_CVE, true, "no reference, of which a CVE record needs one", "#reference URL [TEXT]" },
  { "reference", NULL, "", ADVISORY_CSAF, false, "no reference", "#reference URL [TEXT]" },
  { "cwe", NULL, "", ADVISORY_CSAF, false, "no weakness", "#cwe CWE-ID" },
  { "cwe", NULL, "", ADVISORY_CVE, true, "no weakness", "#cwe CWE-ID" },
  { "cwe", "CWE-99999", "", ADVISORY_CSAF, false, "no weakness of CWE 4.17 has this number: it stands in no document", "#cwe CWE-ID" },
  { "impact", NULL, "", ADVISORY_TEXT, false, "no impact", "#impact + text" },
  { "credit", NULL, "", ADVISORY_CVE, false, "nobody is thanked", "#credit NAME | anonymous" },
};

START_TEST(gaps)
{
  struct vuln_case *vc = full_case(pool);
  size_t n;
  if (gap_rows[_i].value)
    set_field(pool, vc, gap_rows[_i].field, gap_rows[_i].value, gap_rows[_i].extra);
  else
    case_unset(vc, gap_rows[_i].field, NULL);
  if (!gap_rows[_i].value && !strcmp(gap_rows[_i].field, "product"))
    case_unset(vc, "fix", NULL);
  const struct advisory_gap *g = advisory_gaps(pool, advisory_for(pool, vc), gap_rows[_i].format, &n);
  ck_assert_uint_eq(n, gap_rows[_i].what ? 1 : 0);
  if (!n)
    return;
  ck_assert_str_eq(g[0].what, gap_rows[_i].what);
  ck_assert_str_eq(g[0].how, gap_rows[_i].how);
  ck_assert_int_eq(g[0].required, gap_rows[_i].required);
}
END_TEST

static const char *const bad_uuids[] = { "", "8254265b", "8254265b-2729-16b6-b9e3-3dfca2d5bfca", "8254265b-2729-46b6-c9e3-3dfca2d5bfca",
                                         "8254265b-2729-46b6-b9e3-3dfca2d5bfcaa", "g254265b-2729-46b6-b9e3-3dfca2d5bfca" };

START_TEST(gap_of_the_house)
{
  struct advisory_house h = house;
  size_t n;
  h.cve_org_id = bad_uuids[_i];
  h.space = "";
  struct advisory *a = advisory_of(pool, full_case(pool), &h, NULL, 0);
  const struct advisory_gap *g = advisory_gaps(pool, a, ADVISORY_CVE, &n);
  ck_assert_uint_eq(n, 1);
  ck_assert(g[0].required && strstr(g[0].how, "cve_org_id"));
  g = advisory_gaps(pool, a, ADVISORY_CSAF, &n);
  ck_assert_uint_eq(n, 1);
  ck_assert(g[0].required && strstr(g[0].how, "policy_url"));
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("advisory");
  TCase *t = tcase_create("documents");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, versions, 0, ARRAY_LEN(version_rows));
  tcase_add_loop_test(t, links, 0, ARRAY_LEN(link_rows));
  tcase_add_loop_test(t, file_names, 0, ARRAY_LEN(name_rows));
  tcase_add_test(t, csaf);
  tcase_add_test(t, csaf_draft);
  tcase_add_loop_test(t, csaf_tlp, 0, ARRAY_LEN(tlp_rows));
  tcase_add_test(t, cve);
  tcase_add_test(t, cve_open_range);
  tcase_add_test(t, text);
  tcase_add_loop_test(t, nothing_of_the_inside, 0, ADVISORY_FORMATS);
  tcase_add_loop_test(t, gaps, 0, ARRAY_LEN(gap_rows));
  tcase_add_loop_test(t, gap_of_the_house, 0, ARRAY_LEN(bad_uuids));
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
