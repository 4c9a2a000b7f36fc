/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/csaf: the Common Security Advisory Framework 2.0 (OASIS Standard, 18 November 2022), profiles security advisory and VEX. Numbers
 * in comments are its sections. */
#include <config.h>

#include <embargod/assess.h>
#include <stdlib.h>
#include <string.h>

#include "advisory_private.h"

struct writer {
  struct pool *pool;
  const struct advisory *a;
  const char *category, *id;
  json_t *affected, *fixed, *not_affected, *investigated; /* lists of ids */
  json_t *remedies, *flags, *threats;
};

char *advisory_csaf_name(struct pool *pool, const char *id)
{
  struct buf b = buf_new(pool, 64);
  bool replaced = false;
  for (const char *s = text_lower(pool, id); *s; s++) {
    bool kept = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '+' || *s == '-';
    if (kept || !replaced)
      buf_addc(&b, kept ? *s : '_');
    replaced = !kept;
  }
  buf_adds(&b, ".json");
  return buf_str(&b);
}

/* ---- document (3.2.1) ---- */
static json_t *note(const char *category, const char *title, const char *text)
{
  return json_pack("{s:s,s:s,s:o}", "category", category, "title", title, "text", advisory_js(text));
}

static json_t *publisher(const struct advisory *a)
{
  json_t *j = json_pack("{s:s,s:o,s:o}", "category", "vendor", "name", advisory_js(a->organisation), "namespace", advisory_js(a->space));
  advisory_put(j, "contact_details", a->contact);
  return j;
}

static json_t *distribution(const struct advisory *a)
{
  const char *label = advisory_tlp_csaf(a->tlp);
  json_t *j = json_pack("{s:{s:s,s:s}}", "tlp", "label", label, "url", "https://www.first.org/tlp/");
  if (!strcmp(a->tlp, "AMBER+STRICT"))
    advisory_put(j, "text", "TLP:AMBER+STRICT of TLP 2.0, for which CSAF 2.0 has no word: the next stricter one stands here.");
  return j;
}

static json_t *tracking(struct writer *w)
{
  const struct advisory *a = w->a;
  const struct advisory_revision *last = &a->revision[a->revision_count - 1];
  json_t *history = json_array();
  for (size_t i = 0; i < a->revision_count; i++)
    advisory_add(history, json_pack("{s:o,s:o,s:o}", "number", advisory_js(a->revision[i].number), "date",
                                    advisory_js(advisory_time(w->pool, a->revision[i].at)), "summary", advisory_js(a->revision[i].text)));
  return json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:{s:{s:s,s:s}}}", "id", advisory_js(w->id), "status", a->final ? "final" : "draft", "version",
                   advisory_js(last->number), "revision_history", history, "initial_release_date",
                   advisory_js(advisory_time(w->pool, a->revision[0].at)), "current_release_date", advisory_js(advisory_time(w->pool, last->at)),
                   "generator", "engine", "name", PACKAGE_NAME, "version", PACKAGE_VERSION);
}

static void self(json_t *list, const char *url, const char *summary)
{
  if (*url)
    advisory_add(list, json_pack("{s:s,s:o,s:s}", "category", "self", "url", advisory_js(url), "summary", summary));
}

/* The canonical one first (6.2.11); of a VEX document it would be that of another one. */
static json_t *references(struct writer *w)
{
  const struct advisory *a = w->a;
  json_t *list = json_array();
  if (!strcmp(w->id, a->id))
    self(list, a->self_csaf, "This document (canonical URL)");
  self(list, a->self_html, "The advisory for people");
  for (size_t i = 0; i < a->reference_count; i++) {
    const struct advisory_reference *r = &a->reference[i];
    advisory_add(list, json_pack("{s:s,s:o,s:o}", "category", "external", "url", advisory_js(r->url), "summary",
                                 advisory_js(text_empty(r->text) ? r->url : r->text)));
  }
  return list;
}

/* 3.2.1.2 */
static json_t *aggregate_severity(const struct advisory *a)
{
  static const char *const scale[] = { "https://www.first.org/cvss/v3.1/specification-document#Qualitative-Severity-Rating-Scale",
                                       "https://www.first.org/cvss/v4.0/specification-document#Qualitative-Severity-Rating-Scale" };
  const char *vector = *a->cvss31 ? a->cvss31 : a->cvss40;
  struct cvss v;
  if (!*vector || cvss_parse(bytes_str(vector), &v, NULL))
    return json_object();
  return json_pack("{s:s,s:s}", "namespace", scale[vector != a->cvss31], "text", cvss_severity(cvss_score(&v).overall));
}

static json_t *document(struct writer *w)
{
  const struct advisory *a = w->a;
  json_t *notes = json_array(), *j;
  if (*a->withdrawn) /* CSAF 2.0 has no status for it */
    advisory_add(notes, note("general", "Withdrawn", pool_printf(w->pool, "This advisory is withdrawn. %s", a->withdrawn)));
  advisory_add(notes, note("summary", "Summary", a->description));
  const char *details = advisory_markdown_text(w->pool, a->text);
  if (*details)
    advisory_add(notes, note("details", "Details", details));
  j = json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "category", w->category, "csaf_version", "2.0", "lang", "en", "title",
                advisory_js(a->title), "publisher", publisher(a), "distribution", distribution(a), "notes", notes, "tracking", tracking(w));
  advisory_put_new(j, "references", references(w));
  advisory_put_new(j, "aggregate_severity", aggregate_severity(a));
  return j;
}

/* 3.1.2.3.2, vers: "intdot" where all versions are numbers and dots, of which everybody knows the order. */
static const char *range_name(struct pool *pool, const struct advisory_version *v)
{
  const char *scheme = v->bounds ? "intdot" : "all";
  for (unsigned i = 0; i < v->bounds; i++)
    if (v->bound[i].version[strspn(v->bound[i].version, "0123456789.")])
      scheme = "generic";
  return pool_printf(pool, "vers:%s/%s", scheme, v->text);
}

/* ---- product_tree (3.2.2): vendor, product_name, product_version or product_version_range ---- */
/* 3.1.8: an id stays with its version from revision to revision, whatever is added before it; so it is made of the words themselves. */
static char *product_id(struct pool *pool, const struct advisory_product *p, const struct advisory_version *v)
{
  const char *parts[] = { p->vendor, p->name, v->range ? "range" : "version", v->text };
  uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
  for (size_t i = 0; i < ARRAY_LEN(parts); i++)
    for (const char *s = parts[i]; s; s = *s ? s + 1 : NULL)
      h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
  return pool_printf(pool, "CSAFPID-%016" PRIx64, h);
}

static void add_encoded(struct buf *b, const char *s)
{
  for (; *s; s++) {
    bool plain = (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || strchr("-._~", *s);
    if (plain)
      buf_addc(b, *s);
    else
      buf_printf(b, "%%%02X", (unsigned)(unsigned char)*s);
  }
}

/* 3.1.3.3.8, 6.2.16: names are what we know of products, so a name of our namespace identifies one; it need not lead to a page. */
static json_t *helper(struct writer *w, const struct advisory_product *p, const struct advisory_version *v)
{
  struct buf b = buf_new(w->pool, 120);
  buf_printf(&b, "%.*s#", (int)strcspn(w->a->space, "#"), w->a->space);
  add_encoded(&b, p->vendor);
  buf_addc(&b, '/');
  add_encoded(&b, p->name);
  buf_addc(&b, '/');
  add_encoded(&b, v->text);
  return json_pack("{s:[{s:o,s:o}]}", "x_generic_uris", "namespace", advisory_js(w->a->space), "uri", advisory_js(buf_str(&b)));
}

static json_t *version_branch(struct writer *w, const struct advisory_product *p, const struct advisory_version *v, json_t *ids)
{
  char *id = product_id(w->pool, p, v);
  const char *all = v->range && !v->bounds ? "all versions" : v->text;
  char *full = pool_printf(w->pool, "%s %s %s", p->vendor, p->name, all);
  advisory_add(ids, advisory_js(id));
  return json_pack("{s:s,s:o,s:{s:o,s:o,s:o}}", "category", v->range ? "product_version_range" : "product_version", "name",
                   advisory_js(v->range ? range_name(w->pool, v) : v->text), "product", "name", advisory_js(full), "product_id", advisory_js(id), "product_identification_helper", helper(w, p, v));
}

static void add_ids(json_t *to, json_t *ids)
{
  size_t i;
  json_t *id;
  json_array_foreach(ids, i, id)
    advisory_add(to, json_incref(id));
}

/* Of no product nothing is said: 6.1.29. */
static void remedy(struct writer *w, const char *category, const char *details, const char *url, json_t *ids)
{
  if (!json_array_size(ids))
    return;
  json_t *j = json_pack("{s:s,s:o,s:O}", "category", category, "details", advisory_js(details), "product_ids", ids);
  advisory_put(j, "url", url);
  advisory_add(w->remedies, j);
}

static void threat(json_t *list, const char *category, const char *details, json_t *ids)
{
  if (json_array_size(ids))
    advisory_add(list, json_pack("{s:s,s:o,s:O}", "category", category, "details", advisory_js(details), "product_ids", ids));
}

/* 4.5: of what is not affected the reason (6.1.27.9), of what is investigated what to do meanwhile (6.2.2). */
static void statement(struct writer *w, const struct advisory_product *p, const struct advisory_statement *s, json_t *versions)
{
  json_t *ids = json_array();
  for (size_t i = 0; i < s->version_count; i++)
    advisory_add(versions, version_branch(w, p, &s->version[i], ids));
  add_ids(s->investigated ? w->investigated : w->not_affected, ids);
  if (s->investigated)
    remedy(w, "none_available", pool_printf(w->pool, "Whether %s is affected is being investigated.", p->name), "", ids);
  if (*s->justification && json_array_size(ids))
    advisory_add(w->flags, json_pack("{s:s,s:O}", "label", s->justification, "product_ids", ids));
  if (*s->text)
    threat(w->threats, "impact", s->text, ids);
  json_decref(ids);
}

static json_t *product_branch(struct writer *w, const struct advisory_product *p)
{
  json_t *versions = json_array(), *affected = json_array(), *fixed = json_array();
  for (size_t i = 0; i < p->affected_count; i++)
    advisory_add(versions, version_branch(w, p, &p->affected[i], affected));
  for (size_t i = 0; i < p->fix_count; i++) {
    const struct advisory_version *v = &p->fix[i].version;
    advisory_add(versions, version_branch(w, p, v, fixed));
    remedy(w, "vendor_fix", pool_printf(w->pool, "Update %s to version %s.", p->name, v->text), p->fix[i].url, affected);
  }
  if (!p->fix_count)
    remedy(w, "none_available", pool_printf(w->pool, "There is no fix for %s yet.", p->name), "", affected);
  for (size_t i = 0; i < p->statement_count; i++)
    statement(w, p, &p->statement[i], versions);
  add_ids(w->affected, affected);
  add_ids(w->fixed, fixed);
  json_decref(affected);
  json_decref(fixed);
  return json_pack("{s:s,s:o,s:o}", "category", "product_name", "name", advisory_js(p->name), "branches", versions);
}

static bool vendor_was_there(const struct advisory *a, size_t i)
{
  for (size_t k = 0; k < i; k++)
    if (!strcmp(a->product[k].vendor, a->product[i].vendor))
      return true;
  return false;
}

static json_t *product_tree(struct writer *w)
{
  const struct advisory *a = w->a;
  json_t *vendors = json_array();
  for (size_t i = 0; i < a->product_count; i++) {
    json_t *products = json_array();
    if (vendor_was_there(a, i)) {
      json_decref(products);
      continue;
    }
    for (size_t k = i; k < a->product_count; k++)
      if (!strcmp(a->product[k].vendor, a->product[i].vendor))
        advisory_add(products, product_branch(w, &a->product[k]));
    advisory_add(vendors, json_pack("{s:s,s:o,s:o}", "category", "vendor", "name", advisory_js(a->product[i].vendor), "branches", products));
  }
  return json_pack("{s:o}", "branches", vendors);
}

/* ---- vulnerabilities (3.2.3) ---- */
/* 3.2.3.13: CSAF 2.0 takes CVSS 2 and 3 only; a 4.0 vector stands in a note. */
static json_t *scores(struct writer *w)
{
  struct cvss v;
  json_t *list = json_array(), *j;
  if (!*w->a->cvss31 || !json_array_size(w->affected) || cvss_parse(bytes_str(w->a->cvss31), &v, NULL))
    return list;
  struct cvss_scores s = cvss_score(&v);
  const char *kind = cvss_kind(&v);
  j = json_pack("{s:s,s:o,s:f,s:o}", "version", "3.1", "vectorString", advisory_js(w->a->cvss31), "baseScore", advisory_score(s.base),
                "baseSeverity", advisory_js(advisory_severity(w->pool, s.base)));
  if (strcmp(kind, "base") != 0) {
    json_object_set_new(j, "temporalScore", json_real(advisory_score(s.threat)));
    advisory_put(j, "temporalSeverity", advisory_severity(w->pool, s.threat));
  }
  if (!strcmp(kind, "environmental")) {
    json_object_set_new(j, "environmentalScore", json_real(advisory_score(s.environmental)));
    advisory_put(j, "environmentalSeverity", advisory_severity(w->pool, s.environmental));
  }
  advisory_add(list, json_pack("{s:O,s:o}", "products", w->affected, "cvss_v3", j));
  return list;
}

static json_t *notes(struct writer *w)
{
  const struct advisory *a = w->a;
  struct buf days = buf_new(w->pool, 200);
  struct cvss v;
  json_t *list = json_array();
  advisory_add(list, note("description", "Description", a->description));
  if (*a->cvss40 && !cvss_parse(bytes_str(a->cvss40), &v, NULL)) {
    int score = cvss_score(&v).overall;
    advisory_add(list, note("other", "CVSS v4.0",
                            pool_printf(w->pool, "%d.%d %s (%s), %s", score / 10, score % 10, cvss_severity(score), cvss_kind(&v), a->cvss40)));
  }
  for (size_t i = 0; i < a->day_count; i++)
    buf_printf(&days, "%s%s: %s", i ? "\n" : "", advisory_time(w->pool, a->day[i].at), a->day[i].text);
  if (days.len)
    advisory_add(list, note("other", "Timeline", buf_str(&days)));
  return list;
}

static json_t *acknowledgments(const struct advisory *a)
{
  json_t *list = json_array();
  for (size_t i = 0; i < a->credit_count; i++) {
    if (advisory_is_anonymous(a->credit[i]))
      advisory_add(list, json_pack("{s:s}", "summary", "An anonymous reporter"));
    else
      advisory_add(list, json_pack("{s:[o]}", "names", advisory_js(a->credit[i])));
  }
  return list;
}

/* Only what happened is said: that no attack is known would be a promise. */
static json_t *threats(struct writer *w)
{
  const struct advisory *a = w->a;
  json_t *list = json_incref(w->threats);
  if (*a->impact)
    threat(list, "impact", a->impact, w->affected);
  if (a->exploit_public || a->attacks)
    threat(list, "exploit_status",
           !a->attacks          ? "An exploit is publicly known."
           : a->exploit_public ? "Attacks have been observed, and an exploit is publicly known."
                               : "Attacks have been observed.",
           w->affected);
  return list;
}

static json_t *vulnerability(struct writer *w)
{
  const struct advisory *a = w->a;
  json_t *j = json_pack("{s:o,s:[{s:o,s:o}],s:o,s:o}", "title", advisory_js(a->title), "ids", "system_name",
                        advisory_js(pool_printf(w->pool, "%s case id", a->organisation)), "text", advisory_js(a->id), "notes", notes(w),
                        "threats", threats(w));
  json_t *status = json_object();
  advisory_put(j, "cve", a->cve);
  if (assess_cwe_name(a->cwe))
    json_object_set_new(j, "cwe", json_pack("{s:s,s:s}", "id", a->cwe, "name", assess_cwe_name(a->cwe)));
  if (a->public_at)
    advisory_put(j, "release_date", advisory_time(w->pool, a->public_at));
  advisory_put_new(status, "known_affected", json_incref(w->affected));
  advisory_put_new(status, "fixed", json_incref(w->fixed));
  advisory_put_new(status, "known_not_affected", json_incref(w->not_affected));
  advisory_put_new(status, "under_investigation", json_incref(w->investigated));
  advisory_put_new(j, "product_status", status);
  advisory_put_new(j, "scores", scores(w));
  if (*a->mitigation)
    remedy(w, "mitigation", a->mitigation, "", w->affected);
  if (*a->workaround)
    remedy(w, "workaround", a->workaround, "", w->affected);
  advisory_put_new(j, "remediations", json_incref(w->remedies));
  advisory_put_new(j, "flags", json_incref(w->flags));
  advisory_put_new(j, "acknowledgments", acknowledgments(a));
  if (!json_array_size(json_object_get(j, "threats")))
    json_object_del(j, "threats");
  return j;
}

static struct bytes write_document(struct pool *pool, const struct advisory *a, const char *category, const char *id)
{
  struct writer w = { .pool = pool, .a = a, .category = category, .id = id };
  json_t **const lists[] = { &w.affected, &w.fixed, &w.not_affected, &w.investigated, &w.remedies, &w.flags, &w.threats };
  for (size_t i = 0; i < ARRAY_LEN(lists); i++)
    *lists[i] = json_array();
  json_t *doc = json_pack("{s:o,s:o}", "document", document(&w), "product_tree", product_tree(&w));
  json_object_set_new(doc, "vulnerabilities", json_pack("[o]", vulnerability(&w)));
  for (size_t i = 0; i < ARRAY_LEN(lists); i++)
    json_decref(*lists[i]);
  return advisory_dump(pool, doc, JSON_SORT_KEYS);
}

static bool is_advisory(const struct advisory *a)
{
  for (size_t i = 0; i < a->product_count; i++)
    if (a->product[i].affected_count || a->product[i].fix_count)
      return true;
  return false;
}

struct bytes advisory_csaf(struct pool *pool, const struct advisory *a)
{
  return write_document(pool, a, is_advisory(a) ? "csaf_security_advisory" : "csaf_vex", a->id);
}

struct bytes advisory_vex(struct pool *pool, const struct advisory *a)
{
  return write_document(pool, a, "csaf_vex", pool_printf(pool, "%s-VEX", a->id));
}
