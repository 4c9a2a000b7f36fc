/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/check: the mandatory tests of CSAF 2.0, section 6.1, in its order, and those of its schema on which they stand. Any JSON may
 * come in. */
#include <config.h>

#include <string.h>

#include "advisory_private.h"

static const struct {
  const char *test;
  bool (*passes)(struct check *c);
} tests[] = {
  { "schema", check_schema },
  { "schema", check_dates },
  { "6.1.1", check_defined },
  { "6.1.2", check_unique },
  { "6.1.3", check_circular },
  { "6.1.4", check_groups_defined },
  { "6.1.5", check_groups_unique },
  { "6.1.6", check_status },
  { "6.1.7", check_one_score },
  { "6.1.8", check_cvss_form },
  { "6.1.9", check_cvss_sum },
  { "6.1.10", check_cvss_agrees },
  { "6.1.11", check_cwe },
  { "6.1.14", check_history_sorted },
  { "6.1.16", check_latest },
  { "6.1.17", check_draft },
  { "6.1.18", check_history_released },
  { "6.1.19", check_history_prerelease },
  { "6.1.20", check_version_prerelease },
  { "6.1.21", check_history_complete },
  { "6.1.22", check_history_unique },
  { "6.1.23", check_one_cve },
  { "6.1.26", check_category },
  { "6.1.27", check_profile },
  { "6.1.28", check_translation },
  { "6.1.29", check_remedies },
  { "6.1.30", check_versioning },
  { "6.1.31", check_ranges },
};

bool check_fault(struct check *c, char *path, char *why)
{
  c->fault->path = path;
  c->fault->why = why;
  return false;
}

const json_t *check_at(const json_t *v, const char *dotted)
{
  char key[64];
  for (const char *s = dotted; v && *s;) {
    size_t len = strcspn(s, ".");
    invariant(len < sizeof key);
    memcpy(key, s, len);
    key[len] = '\0';
    v = json_object_get(v, key);
    s += len + (s[len] == '.');
  }
  return v;
}

const char *check_text(const json_t *v, const char *key)
{
  const char *s = json_string_value(check_at(v, key));
  return s ? s : "";
}

size_t check_count(const json_t *list)
{
  return json_is_array(list) ? json_array_size(list) : 0;
}

bool check_vulnerabilities(struct check *c, bool (*visit)(struct check *c, const json_t *v, char *path))
{
  const json_t *all = json_object_get(c->doc, "vulnerabilities");
  for (size_t i = 0; i < check_count(all); i++)
    if (!visit(c, json_array_get(all, i), pool_printf(c->pool, "/vulnerabilities/%zu", i)))
      return false;
  return true;
}

static char *pointer(struct check *c, const char *dotted)
{
  char *s = pool_printf(c->pool, "/%s", dotted);
  for (char *p = s; *p; p++)
    if (*p == '.')
      *p = '/';
  return s;
}

/* ---- schema: what has to be there, and of which kind (CSAF 2.0, section 3.2) ---- */
static const struct {
  const char *path;
  json_type type;
} needed[] = {
  { "document", JSON_OBJECT },
  { "document.category", JSON_STRING },
  { "document.csaf_version", JSON_STRING },
  { "document.title", JSON_STRING },
  { "document.publisher.category", JSON_STRING },
  { "document.publisher.name", JSON_STRING },
  { "document.publisher.namespace", JSON_STRING },
  { "document.tracking.id", JSON_STRING },
  { "document.tracking.status", JSON_STRING },
  { "document.tracking.version", JSON_STRING },
  { "document.tracking.initial_release_date", JSON_STRING },
  { "document.tracking.current_release_date", JSON_STRING },
  { "document.tracking.revision_history", JSON_ARRAY },
};

static const struct {
  const char *path, *words; /* each between bars */
} chosen[] = {
  { "document.csaf_version", "|2.0|" },
  { "document.tracking.status", "|draft|final|interim|" },
  { "document.publisher.category", "|coordinator|discoverer|other|translator|user|vendor|" },
  { "document.distribution.tlp.label", "|AMBER|GREEN|RED|WHITE|" },
};

static bool is_among(struct pool *pool, const char *word, const char *words)
{
  return !strchr(word, '|') && strstr(words, pool_printf(pool, "|%s|", word));
}

static bool check_empty_lists(struct check *c, const json_t *v, const char *path)
{
  const char *key;
  json_t *item;
  size_t i;
  if (json_is_array(v) && !json_array_size(v))
    return CHECK_FAULT(c, pool_strdup(c->pool, path), "an empty list");
  if (json_is_string(v) && !*json_string_value(v))
    return CHECK_FAULT(c, pool_strdup(c->pool, path), "an empty text");
  json_array_foreach(v, i, item)
    if (!check_empty_lists(c, item, pool_printf(c->pool, "%s/%zu", path, i)))
      return false;
  json_object_foreach((json_t *)v, key, item)
    if (!check_empty_lists(c, item, pool_printf(c->pool, "%s/%s", path, key)))
      return false;
  return true;
}

bool check_schema(struct check *c)
{
  for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
    const json_t *v = check_at(c->doc, needed[i].path);
    if (!v || json_typeof(v) != needed[i].type)
      return CHECK_FAULT(c, pointer(c, needed[i].path), v ? "of another type" : "missing");
  }
  for (size_t i = 0; i < ARRAY_LEN(chosen); i++) {
    const char *word = check_text(c->doc, chosen[i].path);
    if (check_at(c->doc, chosen[i].path) && !is_among(c->pool, word, chosen[i].words))
      return CHECK_FAULT(c, pointer(c, chosen[i].path), "\"%s\" is none of %s", word, chosen[i].words);
  }
  return check_empty_lists(c, c->doc, "");
}

/* ---- 6.1.23: one CVE id, one vulnerability ---- */
bool check_one_cve(struct check *c)
{
  const json_t *all = json_object_get(c->doc, "vulnerabilities");
  for (size_t i = 0; i < check_count(all); i++)
    for (size_t k = 0; k < i; k++) {
      const char *cve = check_text(json_array_get(all, i), "cve");
      if (*cve && !strcmp(cve, check_text(json_array_get(all, k), "cve")))
        return CHECK_FAULT(c, pool_printf(c->pool, "/vulnerabilities/%zu/cve", i), "%s is that of /vulnerabilities/%zu too", cve, k);
    }
  return true;
}

/* ---- 6.1.26: a category that reads like a profile's name, but is none ---- */
bool check_category(struct check *c)
{
  static const char *const profiles[] = { "csaf_base", "csaf_security_incident_response", "csaf_informational_advisory", "csaf_security_advisory",
                                          "csaf_vex" };
  static const char *const alike[] = { "securityincidentresponse", "informationaladvisory", "securityadvisory", "vex" };
  const char *category = check_text(c->doc, "document.category");
  struct buf bare = buf_new(c->pool, 40);
  for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
    if (!strcmp(category, profiles[i]))
      return true;
  for (const char *s = text_lower(c->pool, category); *s; s++)
    if (!strchr("-_ \t", *s))
      buf_addc(&bare, *s);
  for (size_t i = 0; i < ARRAY_LEN(alike); i++)
    if (!strcmp(buf_str(&bare), alike[i]))
      return CHECK_FAULT(c, pool_strdup(c->pool, "/document/category"), "reads like the profile csaf_%s", alike[i]);
  if (text_istarts(category, "csaf_"))
    return CHECK_FAULT(c, pool_strdup(c->pool, "/document/category"), "no profile is called %s", category);
  return true;
}

/* ---- 6.1.27.4 to .11: what the profiles security advisory and VEX need ---- */
/* The ids of one list stand in one of the objects of another one. */
static bool is_covered(const json_t *id, const json_t *list)
{
  for (size_t i = 0; i < check_count(list); i++) {
    const json_t *ids = json_object_get(json_array_get(list, i), "product_ids");
    for (size_t k = 0; k < check_count(ids); k++)
      if (json_equal(json_array_get(ids, k), id))
        return true;
  }
  return false;
}

/* Only threats of the category impact count for what is not affected. */
static bool has_impact(const json_t *id, const json_t *threats)
{
  for (size_t i = 0; i < check_count(threats); i++) {
    json_t *one = json_pack("[O]", json_array_get(threats, i));
    bool there = !strcmp(check_text(json_array_get(threats, i), "category"), "impact") && is_covered(id, one);
    json_decref(one);
    if (there)
      return true;
  }
  return false;
}

static bool vex_explains(struct check *c, const json_t *v, char *path)
{
  const json_t *status = json_object_get(v, "product_status");
  const json_t *spared = json_object_get(status, "known_not_affected"), *affected = json_object_get(status, "known_affected");
  c->fault->test = "6.1.27.9";
  for (size_t i = 0; i < check_count(spared); i++)
    if (!is_covered(json_array_get(spared, i), json_object_get(v, "flags")) && !has_impact(json_array_get(spared, i), json_object_get(v, "threats")))
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/product_status/known_not_affected/%zu", path, i), "it is not said why");
  c->fault->test = "6.1.27.10";
  for (size_t i = 0; i < check_count(affected); i++)
    if (!is_covered(json_array_get(affected, i), json_object_get(v, "remediations")))
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/product_status/known_affected/%zu", path, i), "no remediation is given");
  return true;
}

static bool vex_needs(struct check *c, const json_t *v, char *path)
{
  static const char *const wanted[] = { "fixed", "known_affected", "known_not_affected", "under_investigation" };
  const json_t *status = json_object_get(v, "product_status");
  bool any = false;
  for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
    any = any || json_object_get(status, wanted[i]);
  c->fault->test = "6.1.27.7";
  if (!any)
    return CHECK_FAULT(c, pool_printf(c->pool, "%s/product_status", path), "none of the statuses of VEX");
  c->fault->test = "6.1.27.8";
  if (!json_object_get(v, "cve") && !json_object_get(v, "ids"))
    return CHECK_FAULT(c, path, "neither cve nor ids");
  return vex_explains(c, v, path);
}

static bool needs(struct check *c, const json_t *v, char *path)
{
  static const struct {
    const char *key, *test;
  } keys[] = { { "notes", "6.1.27.5" }, { "product_status", "6.1.27.6" } };
  for (size_t i = 0; i < ARRAY_LEN(keys); i++)
    if (!json_object_get(v, keys[i].key)) {
      c->fault->test = keys[i].test;
      return CHECK_FAULT(c, path, "no %s", keys[i].key);
    }
  return true;
}

bool check_profile(struct check *c)
{
  bool vex = !strcmp(check_text(c->doc, "document.category"), "csaf_vex");
  if (!vex && strcmp(check_text(c->doc, "document.category"), "csaf_security_advisory") != 0)
    return true;
  if (!json_object_get(c->doc, "product_tree")) {
    c->fault->test = "6.1.27.4";
    return CHECK_FAULT(c, pool_strdup(c->pool, "/product_tree"), "missing");
  }
  if (!json_object_get(c->doc, "vulnerabilities")) {
    c->fault->test = "6.1.27.11";
    return CHECK_FAULT(c, pool_strdup(c->pool, "/vulnerabilities"), "missing");
  }
  return check_vulnerabilities(c, needs) && (!vex || check_vulnerabilities(c, vex_needs));
}

/* ---- 6.1.28 ---- */
bool check_translation(struct check *c)
{
  const char *lang = check_text(c->doc, "document.lang"), *from = check_text(c->doc, "document.source_lang");
  if (*lang && !strcmp(lang, from))
    return CHECK_FAULT(c, pool_strdup(c->pool, "/document/source_lang"), "a translation from %s into itself", lang);
  return true;
}

bool advisory_csaf_fault(struct pool *pool, struct bytes json, struct advisory_fault *out)
{
  json_error_t e;
  json_t *doc = json_loadb(json.p ? json.p : "", json.len, JSON_REJECT_DUPLICATES, &e);
  struct check c = { .pool = pool, .doc = doc, .fault = out };
  bool passed = true;
  *out = (struct advisory_fault){ .test = "schema", .path = pool_strdup(pool, ""), .why = pool_strdup(pool, "") };
  if (!doc) {
    out->why = pool_printf(pool, "no JSON: line %d: %s", e.line, e.text);
    return true;
  }
  for (size_t i = 0; passed && i < ARRAY_LEN(tests); i++) {
    out->test = tests[i].test;
    passed = tests[i].passes(&c);
  }
  json_decref(doc);
  return !passed;
}
