/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/facts: from a case what the world may know. What is not named here stays inside. */
#include <config.h>

#include <embargod/assess.h>
#include <stdlib.h>
#include <string.h>

#include "advisory_private.h"

/* ---- text ---- */
static char *line(struct pool *pool, const char *s)
{
  struct bytes b = bytes_trim(bytes_str(text_clean(pool, bytes_str(s), false)));
  if (b.len <= ADVISORY_LINE_MAX)
    return pool_str(pool, b);
  return pool_printf(pool, "%s\xe2\x80\xa6", pool_str(pool, bytes_sub(b, 0, utf8_cut(b, ADVISORY_LINE_MAX))));
}

static char *paragraphs(struct pool *pool, const char *s)
{
  return pool_str(pool, bytes_trim(bytes_str(text_clean(pool, bytes_str(s), true))));
}

static bool plain_in_uri(const char *s)
{
  unsigned char c = (unsigned char)*s;
  if (c == '%')
    return strspn(s + 1, "0123456789abcdefABCDEF") >= 2;
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~:/?@!$&'()*+,;=", c));
}

char *advisory_link(struct pool *pool, const char *url)
{
  struct buf b = buf_new(pool, 80);
  size_t scheme = text_istarts(url, "https://") ? 8 : text_istarts(url, "http://") ? 7 : 0;
  bool fragment = false;
  if (!scheme || strlen(url) > ADVISORY_LINK_MAX || !url[scheme] || strchr("/?#:@", url[scheme]))
    return NULL;
  buf_adds(&b, scheme == 8 ? "https://" : "http://");
  for (const char *s = url + scheme; *s; s++) {
    if (plain_in_uri(s) || (*s == '#' && !fragment))
      buf_addc(&b, *s);
    else
      buf_printf(&b, "%%%02X", (unsigned)(unsigned char)*s);
    fragment = fragment || *s == '#';
  }
  return b.len <= ADVISORY_LINK_MAX ? buf_str(&b) : NULL;
}

/* ---- products and fixes ---- */
static const char *vendor_of(struct pool *pool, const struct vuln_case *vc, const struct advisory_house *h, const char *product)
{
  const char *said = "";
  size_t n = 0;
  for (size_t i = 0; i < h->maker_count; i++)
    if (text_ieq(h->maker[i].product, product) && !text_empty(h->maker[i].vendor))
      return line(pool, h->maker[i].vendor);
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, "vendor")) {
      said = vc->field[i].value;
      n++;
    }
  return line(pool, n == 1 ? said : h->organisation);
}

static size_t fields_of(const struct vuln_case *vc, const char *name)
{
  size_t n = 0;
  for (size_t i = 0; i < vc->field_count; i++)
    n += !strcmp(vc->field[i].name, name);
  return n;
}

static void put_products(struct pool *pool, struct advisory *a, const struct vuln_case *vc, const struct advisory_house *h)
{
  size_t fixes = fields_of(vc, "fix");
  a->product = pool_array(pool, fields_of(vc, "product") + fields_of(vc, "vex") + 1, sizeof *a->product);
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    if (strcmp(f->name, "product") != 0)
      continue;
    struct advisory_product *p = &a->product[a->product_count++];
    p->name = line(pool, f->value);
    p->vendor = vendor_of(pool, vc, h, f->value);
    p->affected_count = advisory_versions(pool, f->extra, &p->affected, &p->unread);
    p->fix = pool_array(pool, fixes + 1, sizeof *p->fix);
  }
}

/* The product that the fix names, the longest name first; *version: what stands behind it. */
static struct advisory_product *product_of_fix(struct advisory *a, const char *fix, const char **version)
{
  struct advisory_product *best = a->product_count == 1 ? &a->product[0] : NULL;
  size_t longest = 0;
  *version = fix;
  for (size_t i = 0; i < a->product_count; i++) {
    size_t len = strlen(a->product[i].name);
    bool quoted = fix[0] == '"';
    const char *end = text_istarts(fix + quoted, a->product[i].name) ? fix + quoted + len : "";
    if (len <= longest || (quoted ? strncmp(end, "\" ", 2) != 0 : end[0] != ' '))
      continue;
    longest = len;
    best = &a->product[i];
    *version = end + 1 + quoted;
  }
  return best;
}

static struct advisory_version fix_version(struct pool *pool, const char *text)
{
  struct advisory_version *v;
  const char *unread;
  size_t n = advisory_versions(pool, text, &v, &unread);
  return n == 1 && !unread ? v[0] : (struct advisory_version){ .text = "" };
}

static void put_fixes(struct pool *pool, struct advisory *a, const struct vuln_case *vc)
{
  a->stray_fix = pool_array(pool, fields_of(vc, "fix") + 1, sizeof *a->stray_fix);
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    const char *version, *url;
    if (strcmp(f->name, "fix") != 0)
      continue;
    struct advisory_product *p = product_of_fix(a, line(pool, f->value), &version);
    if (!p) {
      a->stray_fix[a->stray_fix_count++] = line(pool, f->value);
      continue;
    }
    url = advisory_link(pool, f->extra);
    p->fix[p->fix_count++] =
        (struct advisory_fix){ .said = line(pool, f->value), .url = url ? url : "", .version = fix_version(pool, line(pool, version)) };
  }
}

/* Products that only #vex names come behind the others. */
static void put_vex(struct pool *pool, struct advisory *a, const struct vuln_case *vc, const struct advisory_house *h)
{
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    size_t at = 0;
    if (strcmp(f->name, "vex") != 0)
      continue;
    const char *said = line(pool, f->value), *name = advisory_vex_name(pool, said);
    while (at < a->product_count && !text_ieq(a->product[at].name, name))
      at++;
    if (at == a->product_count)
      a->product[a->product_count++] = (struct advisory_product){ .name = name, .vendor = vendor_of(pool, vc, h, name) };
    advisory_vex_add(pool, &a->product[at], said, line(pool, f->extra));
  }
}

/* ---- lists ---- */
static void put_lists(struct pool *pool, struct advisory *a, const struct vuln_case *vc)
{
  size_t references = fields_of(vc, "reference");
  a->credit = pool_array(pool, fields_of(vc, "credit") + 1, sizeof *a->credit);
  a->reference = pool_array(pool, references + 1, sizeof *a->reference);
  a->bad_link = pool_array(pool, references + 1, sizeof *a->bad_link);
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    if (!strcmp(f->name, "credit") && !text_empty(f->value))
      a->credit[a->credit_count++] = line(pool, f->value);
    if (strcmp(f->name, "reference") != 0)
      continue;
    const char *url = advisory_link(pool, f->value);
    if (url)
      a->reference[a->reference_count++] = (struct advisory_reference){ url, line(pool, f->extra) };
    else
      a->bad_link[a->bad_link_count++] = line(pool, f->value);
  }
}

/* ---- timeline ---- */
static const struct {
  const char *kind, *text;
} public_events[] = { { "rm.validate", "Vulnerability confirmed" } }; /* the last one of its kind counts */

static const struct {
  enum cs_fact fact;
  const char *text;
} public_facts[] = {
  { CS_FIX_READY, "Fix ready" },
  { CS_FIX_DEPLOYED, "Fix distributed" },
  { CS_PUBLIC_AWARE, "Vulnerability publicly known" },
  { CS_EXPLOIT_PUBLIC, "Exploit publicly known" },
  { CS_ATTACKS, "Attacks observed" },
};

static void add_day(struct advisory *a, int64_t at, const char *text)
{
  if (at > 0)
    a->day[a->day_count++] = (struct advisory_day){ at, text };
}

static int by_day(const void *x, const void *y)
{
  const struct advisory_day *a = x, *b = y;
  return a->at < b->at ? -1 : a->at > b->at;
}

static void put_days(struct pool *pool, struct advisory *a, const struct vuln_case *vc, const struct advisory_event *e, size_t count)
{
  a->day = pool_array(pool, 1 + ARRAY_LEN(public_events) + ARRAY_LEN(public_facts), sizeof *a->day);
  add_day(a, vc->opened_at, "Report received");
  for (size_t k = 0; k < ARRAY_LEN(public_events); k++) {
    int64_t at = 0;
    for (size_t i = 0; i < count; i++)
      if (!strcmp(e[i].kind, public_events[k].kind))
        at = e[i].at;
    add_day(a, at, public_events[k].text);
  }
  for (size_t k = 0; k < ARRAY_LEN(public_facts); k++)
    if (vc->cs & 1u << public_facts[k].fact)
      add_day(a, vc->cs_at[public_facts[k].fact], public_facts[k].text);
  qsort(a->day, a->day_count, sizeof *a->day, by_day);
}

/* ---- the whole ---- */
static const char *vector(struct pool *pool, const char *s, enum cvss_version version)
{
  struct cvss v;
  return !cvss_parse(bytes_str(s), &v, NULL) && v.version == version ? cvss_text(pool, &v) : "";
}

static const char *known(const char *s)
{
  return s ? s : "";
}

static void put_house(struct pool *pool, struct advisory *a, const struct advisory_house *h)
{
  a->organisation = line(pool, h->organisation);
  a->contact = line(pool, h->contact);
  a->space = known(advisory_link(pool, h->space));
  a->cve_org_id = line(pool, h->cve_org_id);
}

struct advisory *advisory_of(struct pool *pool, const struct vuln_case *vc, const struct advisory_house *h, const struct advisory_event *e,
                             size_t count)
{
  struct advisory *a = pool_new_of(pool, struct advisory);
  put_house(pool, a, h);
  a->id = line(pool, vc->id);
  a->title = line(pool, case_get(vc, "title"));
  a->description = paragraphs(pool, case_get(vc, "description"));
  a->impact = paragraphs(pool, case_get(vc, "impact"));
  a->self_csaf = a->self_html = "";
  a->text = paragraphs(pool, case_get(vc, "advisory"));
  a->withdrawn = "";
  a->mitigation = paragraphs(pool, case_get(vc, "mitigation"));
  a->workaround = paragraphs(pool, case_get(vc, "workaround"));
  a->cve = known(assess_cve(pool, case_get(vc, "cve")));
  a->cwe = known(assess_cwe(pool, case_get(vc, "cwe")));
  a->cvss31 = vector(pool, case_get(vc, "cvss"), CVSS_3_1);
  a->cvss40 = vector(pool, case_get(vc, "cvss4"), CVSS_4_0);
  a->tlp = text_empty(case_get(vc, "tlp")) ? "AMBER" : line(pool, case_get(vc, "tlp"));
  a->exploit_public = vc->cs & 1u << CS_EXPLOIT_PUBLIC;
  a->external = case_reporter(vc) != NULL;
  a->attacks = vc->cs & 1u << CS_ATTACKS;
  a->public_at = vc->cs & 1u << CS_PUBLIC_AWARE ? vc->cs_at[CS_PUBLIC_AWARE] : 0;
  put_products(pool, a, vc, h);
  put_fixes(pool, a, vc);
  put_vex(pool, a, vc, h);
  put_lists(pool, a, vc);
  put_days(pool, a, vc, e, count);
  a->revision = pool_new_of(pool, struct advisory_revision);
  a->revision[a->revision_count++] = (struct advisory_revision){ "0", vc->updated_at, "Draft" };
  return a;
}
