/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/cve: the record of the CVE programme: CVE JSON record format 5.1.1 (CVE_Record_Format_bundled.json, cnaPublishedContainer). */
#include <config.h>

#include <embargod/assess.h>
#include <string.h>

#include "advisory_private.h"

#define TEXT_MAX 4000 /* bytes: the format allows 4096 characters */

static const char *shortened(struct pool *pool, const char *s)
{
  struct bytes b = bytes_str(s);
  if (b.len <= TEXT_MAX)
    return s;
  return pool_printf(pool, "%s [\xe2\x80\xa6]", pool_str(pool, bytes_sub(b, 0, utf8_cut(b, TEXT_MAX))));
}

static json_t *english(struct pool *pool, const char *s)
{
  return json_pack("{s:s,s:o}", "lang", "en", "value", advisory_js(shortened(pool, s)));
}

static json_t *texts(struct pool *pool, const char *s)
{
  json_t *list = json_array();
  if (*s)
    advisory_add(list, english(pool, s));
  return list;
}

/* ---- affected (product) ---- */
static void add_single(json_t *list, const char *version, const char *status)
{
  advisory_add(list, json_pack("{s:o,s:s}", "version", advisory_js(version), "status", status));
}

/* A range begins with its first version; one that begins after a version excludes that one by an entry before it: the first entry that
 * fits decides (versions.md of the format). */
static void add_version(json_t *list, const struct advisory_version *v, const char *status, const char *other)
{
  const char *from = "0", *key = "lessThanOrEqual", *to = "*";
  if (!v->range) {
    add_single(list, v->text, status);
    return;
  }
  for (unsigned i = 0; i < v->bounds; i++) {
    const struct advisory_bound *b = &v->bound[i];
    if (b->op[0] == '<') {
      to = b->version;
      key = b->op[1] ? "lessThanOrEqual" : "lessThan";
      continue;
    }
    from = b->version;
    if (!b->op[1])
      add_single(list, from, other);
  }
  advisory_add(list, json_pack("{s:o,s:s,s:o,s:s}", "version", advisory_js(from), "status", status, key, advisory_js(to), "versionType", "custom"));
}

static json_t *product(const struct advisory_product *p)
{
  json_t *versions = json_array();
  for (size_t i = 0; i < p->fix_count; i++)
    add_version(versions, &p->fix[i].version, "unaffected", "unknown");
  for (size_t i = 0; i < p->affected_count; i++)
    add_version(versions, &p->affected[i], "affected", "unaffected");
  return json_pack("{s:o,s:o,s:o,s:s}", "vendor", advisory_js(p->vendor), "product", advisory_js(p->name), "versions", versions, "defaultStatus",
                   "unknown");
}

/* ---- metrics ---- */
static void add_metric(struct pool *pool, json_t *list, const char *vector, const char *key, const char *version)
{
  struct cvss v;
  if (!*vector || cvss_parse(bytes_str(vector), &v, NULL))
    return;
  int base = v.version == CVSS_4_0 ? cvss_score(&v).overall : cvss_score(&v).base;
  json_t *score = json_pack("{s:s,s:o,s:f,s:o}", "version", version, "vectorString", advisory_js(vector), "baseScore", advisory_score(base),
                            "baseSeverity", advisory_js(advisory_severity(pool, base)));
  advisory_add(list, json_pack("{s:s,s:[{s:s,s:s}],s:o}", "format", "CVSS", "scenarios", "lang", "en", "value", "GENERAL", key, score));
}

static json_t *metrics(struct pool *pool, const struct advisory *a)
{
  json_t *list = json_array();
  add_metric(pool, list, a->cvss31, "cvssV3_1", "3.1");
  add_metric(pool, list, a->cvss40, "cvssV4_0", "4.0");
  return list;
}

/* ---- lists ---- */
static json_t *references(const struct advisory *a)
{
  json_t *list = json_array();
  for (size_t i = 0; i < a->reference_count; i++) {
    json_t *j = json_pack("{s:o}", "url", advisory_js(a->reference[i].url));
    advisory_put(j, "name", a->reference[i].text);
    advisory_add(list, j);
  }
  return list;
}

static json_t *credits(const struct advisory *a)
{
  json_t *list = json_array();
  for (size_t i = 0; i < a->credit_count; i++)
    advisory_add(list, json_pack("{s:s,s:o,s:s}", "lang", "en", "value",
                                 advisory_js(advisory_is_anonymous(a->credit[i]) ? "An anonymous reporter" : a->credit[i]), "type", "finder"));
  return list;
}

static json_t *timeline(struct pool *pool, const struct advisory *a)
{
  json_t *list = json_array();
  for (size_t i = 0; i < a->day_count; i++)
    advisory_add(list, json_pack("{s:o,s:s,s:s}", "time", advisory_js(advisory_time(pool, a->day[i].at)), "lang", "en", "value", a->day[i].text));
  return list;
}

static json_t *solutions(struct pool *pool, const struct advisory *a)
{
  struct buf b = buf_new(pool, 200);
  for (size_t i = 0; i < a->product_count; i++)
    for (size_t k = 0; k < a->product[i].fix_count; k++)
      buf_printf(&b, "%sUpdate %s to version %s.", b.len ? "\n" : "", a->product[i].name, a->product[i].fix[k].version.text);
  return texts(pool, buf_str(&b));
}

static json_t *workarounds(struct pool *pool, const struct advisory *a)
{
  json_t *list = texts(pool, a->mitigation);
  if (*a->workaround)
    advisory_add(list, english(pool, a->workaround));
  return list;
}

static json_t *weaknesses(struct pool *pool, const struct advisory *a)
{
  json_t *list = json_array();
  const char *name = assess_cwe_name(a->cwe);
  if (name)
    advisory_add(list, json_pack("{s:[{s:s,s:o,s:s,s:s}]}", "descriptions", "lang", "en", "description",
                                 advisory_js(pool_printf(pool, "%s %s", a->cwe, name)), "cweId", a->cwe, "type", "CWE"));
  return list;
}

static json_t *container(struct pool *pool, const struct advisory *a)
{
  json_t *affected = json_array(), *descriptions = texts(pool, a->description);
  for (size_t i = 0; i < a->product_count; i++)
    if (a->product[i].affected_count)
      advisory_add(affected, product(&a->product[i]));
  json_t *j = json_pack("{s:{s:o},s:o,s:o,s:o,s:o,s:{s:s,s:[o]}}", "providerMetadata", "orgId", advisory_js(a->cve_org_id), "title",
                        advisory_js(a->title), "affected", affected, "descriptions", descriptions, "references", references(a), "source",
                        "discovery", a->external ? "EXTERNAL" : "UNKNOWN", "defect", advisory_js(a->id));
  if (*a->impact)
    advisory_add(descriptions, english(pool, pool_printf(pool, "Impact: %s", a->impact)));
  advisory_put_new(j, "problemTypes", weaknesses(pool, a));
  advisory_put_new(j, "metrics", metrics(pool, a));
  advisory_put_new(j, "solutions", solutions(pool, a));
  advisory_put_new(j, "workarounds", workarounds(pool, a));
  advisory_put_new(j, "credits", credits(a));
  advisory_put_new(j, "timeline", timeline(pool, a));
  if (a->public_at)
    advisory_put(j, "datePublic", advisory_time(pool, a->public_at));
  return j;
}

struct bytes advisory_cve(struct pool *pool, const struct advisory *a)
{
  json_t *doc = json_pack("{s:s,s:s,s:{s:o,s:o,s:s},s:{s:o}}", "dataType", "CVE_RECORD", "dataVersion", "5.1", "cveMetadata", "cveId",
                          advisory_js(a->cve), "assignerOrgId", advisory_js(a->cve_org_id), "state", "PUBLISHED", "containers", "cna",
                          container(pool, a));
  return advisory_dump(pool, doc, 0);
}
