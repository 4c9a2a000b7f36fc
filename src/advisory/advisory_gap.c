/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/gap: what a document lacks, with the command that fills it. */
#include <config.h>

#include <embargod/assess.h>
#include <string.h>

#include "advisory_private.h"

struct gaps {
  struct pool *pool;
  const struct advisory *a;
  enum advisory_format format;
  struct advisory_gap *gap;
  size_t count, cap;
};

static void add(struct gaps *g, bool required, const char *what, const char *how)
{
  g->gap = pool_grow(g->pool, g->gap, g->count, &g->cap, sizeof *g->gap);
  g->gap[g->count++] = (struct advisory_gap){ what, how, required };
}

/* The CVE programme's UUIDs are of version 4: CVE record format 5.1, uuidType. */
static bool uuid(const char *s)
{
  static const char form[] = "xxxxxxxx-xxxx-4xxx-Nxxx-xxxxxxxxxxxx";
  if (strlen(s) != sizeof form - 1)
    return false;
  for (size_t i = 0; form[i]; i++) {
    const char *allowed = form[i] == 'x' ? "0123456789abcdefABCDEF" : form[i] == 'N' ? "89abAB" : form[i] == '4' ? "4" : "-";
    if (!strchr(allowed, s[i]))
      return false;
  }
  return true;
}

static bool some_affected(const struct advisory *a)
{
  for (size_t i = 0; i < a->product_count; i++)
    if (a->product[i].affected_count)
      return true;
  return false;
}

static bool has_remedy(const struct advisory *a)
{
  bool fix = false;
  for (size_t i = 0; i < a->product_count; i++)
    fix = fix || a->product[i].fix_count;
  return fix || *a->mitigation || *a->workaround;
}

static void simple_ones(struct gaps *g, bool required)
{
  const struct advisory *a = g->a;
  bool cve = g->format == ADVISORY_CVE;
  const struct {
    bool there, required;
    const char *what, *how;
  } rows[] = {
    { *a->title, true, "no title", "#title TEXT" },
    { *a->description, true, "no description", "#description + text" },
    { a->product_count, true, "no product", "#product NAME VERSIONS" },
    { !cve || !a->product_count || some_affected(a), true, "no product that is affected", "#product NAME VERSIONS" },
    { !cve || *a->cve, true, "no CVE id", "#cve CVE-ID" },
    { !cve || a->reference_count, true, "no reference, of which a CVE record needs one", "#reference URL [TEXT]" },
    { !cve || uuid(a->cve_org_id), true, "no UUID of the organisation as CNA", "cve_org_id in embargod.conf(5)" },
    { (g->format != ADVISORY_CSAF && g->format != ADVISORY_VEX) || *a->space, true, "no URL that names the publisher", "policy_url in embargod.conf(5)" },
    { strlen(a->text) <= ADVISORY_TEXT_MAX, true, "the text is too long: 65,536 bytes are what is read of it", "#advisory + a shorter text" },
    { cve || *a->cve, false, "no CVE id", "#cve CVE-ID" },
    { *a->cwe, cve, "no weakness", "#cwe CWE-ID" }, /* CVE: the problem type of the CNA rules */
    { !*a->cwe || assess_cwe_name(a->cwe), cve, "no weakness of CWE 4.17 has this number: it stands in no document", "#cwe CWE-ID" },
    { *a->cvss31 || *a->cvss40, false, "no score", "#cvss VECTOR" },
    { *a->impact, false, "no impact", "#impact + text" },
    { has_remedy(a), false, "no fix, mitigation or workaround", "#fix VERSION [URL], #mitigation + text, #workaround + text" },
    { a->credit_count, false, "nobody is thanked", "#credit NAME | anonymous" },
    { cve || a->reference_count, false, "no reference", "#reference URL [TEXT]" },
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++)
    if (!rows[i].there && rows[i].required == required)
      add(g, required, rows[i].what, rows[i].how);
}

/* 6.1.6 of CSAF 2.0: one version, one status. */
static const char *status_of(const struct advisory_product *p, const char *version, const struct advisory_statement *but)
{
  for (size_t i = 0; i < p->affected_count; i++)
    if (text_ieq(p->affected[i].text, version))
      return "affected";
  for (size_t i = 0; i < p->fix_count; i++)
    if (text_ieq(p->fix[i].version.text, version))
      return "fixed";
  for (const struct advisory_statement *s = p->statement; s < but; s++)
    for (size_t i = 0; i < s->version_count; i++)
      if (text_ieq(s->version[i].text, version))
        return s->investigated ? "investigated" : "not affected";
  return NULL;
}

static void of_statement(struct gaps *g, const struct advisory_product *p, const struct advisory_statement *s)
{
  const char *how = pool_printf(g->pool, "#vex -%s", s->said);
  if (s->unread)
    add(g, true, pool_printf(g->pool, "the versions of #vex %s cannot be read from \"%s\" on", s->said, s->unread),
        pool_printf(g->pool, "%s, then #vex NAME VERSIONS STATUS", how));
  if (!s->investigated && !*s->justification)
    add(g, true, pool_printf(g->pool, "#vex %s does not say why it is not affected", s->said), how);
  for (size_t i = 0; i < s->version_count; i++) {
    const char *other = status_of(p, s->version[i].text, s);
    if (other)
      add(g, true,
          pool_printf(g->pool, "%s %s is both %s and %s", p->name, s->version[i].text, other, s->investigated ? "investigated" : "not affected"), how);
  }
}

static bool affected_too(const struct advisory_product *p, const char *version)
{
  for (size_t i = 0; i < p->affected_count; i++)
    if (text_ieq(p->affected[i].text, version))
      return true;
  return false;
}

/* Nothing but "#vex NAME VERSIONS fixed" was said of it. */
static bool only_vex(const struct advisory_product *p)
{
  for (size_t i = 0; i < p->fix_count; i++)
    if (!p->fix[i].by_vex)
      return false;
  return p->fix_count > 0;
}

static void of_product(struct gaps *g, const struct advisory_product *p)
{
  const char *again = pool_printf(g->pool, "#product \"%s\" VERSIONS", p->name);
  if (p->unread)
    add(g, true, pool_printf(g->pool, "the versions of %s cannot be read from \"%s\" on", p->name, p->unread),
        pool_printf(g->pool, "%s, such as 1.0, 1.2 | before 2.0 | 1.0 to 2.3 | all", again));
  else if (!p->affected_count && !p->statement_count && !only_vex(p))
    add(g, true, pool_printf(g->pool, "no affected versions of %s", p->name), pool_printf(g->pool, "%s (all: every version)", again));
  for (size_t i = 0; i < p->fix_count; i++) {
    const struct advisory_fix *f = &p->fix[i];
    if (!*f->version.text)
      add(g, true, pool_printf(g->pool, "the fix \"%s\" is not one version", f->said),
          pool_printf(g->pool, "#fix -%s, then #fix VERSION [URL]", f->said));
    else if (affected_too(p, f->version.text))
      add(g, true, pool_printf(g->pool, "%s %s is both affected and fixed", p->name, f->version.text),
          pool_printf(g->pool, "%s -%s, or %s", f->by_vex ? "#vex" : "#fix", f->said, again));
  }
  for (size_t i = 0; i < p->statement_count; i++)
    of_statement(g, p, &p->statement[i]);
}

struct advisory_gap *advisory_gaps(struct pool *pool, const struct advisory *a, enum advisory_format f, size_t *count)
{
  struct gaps g = { .pool = pool, .a = a, .format = f };
  simple_ones(&g, true);
  for (size_t i = 0; i < a->product_count; i++)
    of_product(&g, &a->product[i]);
  for (size_t i = 0; i < a->stray_fix_count; i++)
    add(&g, true, pool_printf(pool, "the fix \"%s\" does not say of which product it is", a->stray_fix[i]),
        pool_printf(pool, "#fix -%s, then #fix PRODUCT VERSION [URL]", a->stray_fix[i]));
  for (size_t i = 0; i < a->bad_link_count; i++)
    add(&g, true, pool_printf(pool, "a reference is no link that can be published: %s", a->bad_link[i]), "#reference -URL");
  simple_ones(&g, false);
  *count = g.count;
  return g.gap;
}
