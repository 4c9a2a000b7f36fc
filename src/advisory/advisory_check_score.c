/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/check_score: CVSS and CWE (CSAF 2.0, 6.1.7 to 6.1.11). */
#include <config.h>

#include <embargod/assess.h>
#include <math.h>
#include <string.h>

#include "advisory_private.h"

/* ---- 6.1.7: one score of a version for a product ---- */
static bool names_product(const json_t *score, const char *id)
{
  const json_t *ids = json_object_get(score, "products");
  for (size_t i = 0; i < check_count(ids); i++)
    if (json_is_string(json_array_get(ids, i)) && !strcmp(json_string_value(json_array_get(ids, i)), id))
      return true;
  return false;
}

static bool same_version(const json_t *a, const json_t *b)
{
  bool v2 = json_object_get(a, "cvss_v2") && json_object_get(b, "cvss_v2");
  return v2 || (json_object_get(a, "cvss_v3") && json_object_get(b, "cvss_v3") &&
                !strcmp(check_text(a, "cvss_v3.version"), check_text(b, "cvss_v3.version")));
}

static bool one_score(struct check *c, const json_t *v, char *path)
{
  const json_t *all = json_object_get(v, "scores");
  for (size_t i = 0; i < check_count(all); i++) {
    const json_t *s = json_array_get(all, i), *ids = json_object_get(s, "products");
    for (size_t p = 0; p < check_count(ids); p++)
      for (size_t k = 0; k < i; k++) {
        const char *id = json_string_value(json_array_get(ids, p));
        if (id && same_version(s, json_array_get(all, k)) && names_product(json_array_get(all, k), id))
          return CHECK_FAULT(c, pool_printf(c->pool, "%s/scores/%zu/products/%zu", path, i, p), "\"%s\" has a score of this version already", id);
      }
  }
  return true;
}

bool check_one_score(struct check *c)
{
  return check_vulnerabilities(c, one_score);
}

/* ---- 6.1.8 to 6.1.10: each cvss_v3; of CVSS 3.1 only, which is what we write ---- */
struct scored {
  const json_t *j;
  struct cvss v;
  struct cvss_scores s;
};

static bool form(struct check *c, struct scored *s, const char *path)
{
  struct fault err = { 0 };
  static const char *const keys[] = { "baseSeverity", "version", "vectorString" };
  for (size_t i = 0; i < ARRAY_LEN(keys); i++)
    if (!json_is_string(json_object_get(s->j, keys[i])))
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/%s", path, keys[i]), "missing");
  if (!json_is_number(json_object_get(s->j, "baseScore")))
    return CHECK_FAULT(c, pool_printf(c->pool, "%s/baseScore", path), "missing");
  if (cvss_parse(bytes_str(check_text(s->j, "vectorString")), &s->v, &err) || s->v.version != CVSS_3_1)
    return CHECK_FAULT(c, pool_printf(c->pool, "%s/vectorString", path), "%s", *err.text ? err.text : "not of CVSS 3.1");
  s->s = cvss_score(&s->v);
  return true;
}

static bool sum(struct check *c, struct scored *s, const char *path)
{
  const struct {
    const char *score, *severity;
    int tenths;
  } rows[] = { { "baseScore", "baseSeverity", s->s.base },
               { "temporalScore", "temporalSeverity", s->s.threat },
               { "environmentalScore", "environmentalSeverity", s->s.environmental } };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    const json_t *n = json_object_get(s->j, rows[i].score);
    const char *severity = check_text(s->j, rows[i].severity), *right = advisory_severity(c->pool, rows[i].tenths);
    if (n && fabs(json_number_value(n) * 10 - rows[i].tenths) > 0.01)
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/%s", path, rows[i].score), "the vector gives %d.%d", rows[i].tenths / 10, rows[i].tenths % 10);
    if (*severity && strcmp(severity, right) != 0)
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/%s", path, rows[i].severity), "the vector gives %s", right);
  }
  return true;
}

/* Where metrics stand beside the vector their names and values say the same. */
static const struct {
  const char *key, *metric, *values; /* values: letter and word */
} metrics[] = {
  { "attackVector", "/AV:", "N=NETWORK A=ADJACENT_NETWORK L=LOCAL P=PHYSICAL" },
  { "attackComplexity", "/AC:", "L=LOW H=HIGH" },
  { "privilegesRequired", "/PR:", "N=NONE L=LOW H=HIGH" },
  { "userInteraction", "/UI:", "N=NONE R=REQUIRED" },
  { "scope", "/S:", "U=UNCHANGED C=CHANGED" },
  { "confidentialityImpact", "/C:", "N=NONE L=LOW H=HIGH" },
  { "integrityImpact", "/I:", "N=NONE L=LOW H=HIGH" },
  { "availabilityImpact", "/A:", "N=NONE L=LOW H=HIGH" },
};

static bool agrees(struct check *c, struct scored *s, const char *path)
{
  const char *vector = check_text(s->j, "vectorString");
  if (strcmp(check_text(s->j, "version"), "3.1") != 0)
    return CHECK_FAULT(c, pool_printf(c->pool, "%s/version", path), "the vector is of 3.1");
  for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
    const char *said = check_text(s->j, metrics[i].key), *at = strstr(vector, metrics[i].metric);
    if (!*said || !at)
      continue;
    char *pair = pool_printf(c->pool, "%c=%s ", at[strlen(metrics[i].metric)], said);
    if (!strstr(pool_printf(c->pool, "%s ", metrics[i].values), pair))
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/%s", path, metrics[i].key), "the vector says another value than %s", said);
  }
  return true;
}

static bool each_score(struct check *c, bool (*test)(struct check *c, struct scored *s, const char *path))
{
  const json_t *all = json_object_get(c->doc, "vulnerabilities");
  for (size_t i = 0; i < check_count(all); i++) {
    const json_t *scores = json_object_get(json_array_get(all, i), "scores");
    for (size_t k = 0; k < check_count(scores); k++) {
      struct scored s = { .j = json_object_get(json_array_get(scores, k), "cvss_v3") };
      char *path = pool_printf(c->pool, "/vulnerabilities/%zu/scores/%zu/cvss_v3", i, k);
      if (s.j && (!form(c, &s, path) || (test && !test(c, &s, path))))
        return false;
    }
  }
  return true;
}

bool check_cvss_form(struct check *c)
{
  return each_score(c, NULL);
}

bool check_cvss_sum(struct check *c)
{
  return each_score(c, sum);
}

bool check_cvss_agrees(struct check *c)
{
  return each_score(c, agrees);
}

/* ---- 6.1.11 ---- */
static bool cwe_named(struct check *c, const json_t *v, char *path)
{
  const json_t *cwe = json_object_get(v, "cwe");
  const char *name = assess_cwe_name(check_text(cwe, "id"));
  if (cwe && !name)
    return CHECK_FAULT(c, pool_printf(c->pool, "%s/cwe/id", path), "CWE 4.17 has no such weakness");
  if (cwe && strcmp(name, check_text(cwe, "name")) != 0)
    return CHECK_FAULT(c, pool_printf(c->pool, "%s/cwe/name", path), "it is called %s", name);
  return true;
}

bool check_cwe(struct check *c)
{
  return check_vulnerabilities(c, cwe_named);
}
