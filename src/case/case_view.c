/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/view: how far one party is, and what it may know of the case. Whatever goes out to a party is written from such
 * a view, so that no template can tell more than its reader may learn. */
#include <config.h>

#include <embargod/case.h>
#include <embargod/text.h>
#include <string.h>

static const struct {
  enum party_status status;
  const char *name;
} status_table[] = {
  { PARTY_INVITED, "invited" },
  { PARTY_ACCEPTED, "accepted" },
  { PARTY_DECLINED, "declined" },
  { PARTY_INVESTIGATING, "under-investigation" },
  { PARTY_AFFECTED, "affected" },
  { PARTY_NOT_AFFECTED, "not-affected" },
  { PARTY_FIXED, "fixed" },
  { PARTY_WITHDRAWN, "withdrawn" },
  { PARTY_INVESTIGATING, "investigating" }, /* understood, not shown: it stands behind the other word */
};

const char *party_status_name(enum party_status s)
{
  for (size_t i = 0; i < ARRAY_LEN(status_table); i++)
    if (status_table[i].status == s)
      return status_table[i].name;
  return "";
}

bool party_status_parse(const char *s, enum party_status *out)
{
  for (size_t i = 0; i < ARRAY_LEN(status_table); i++)
    if (text_ieq(status_table[i].name, s)) {
      *out = status_table[i].status;
      return true;
    }
  return false;
}

char *party_status_text(struct pool *pool, const struct party *p)
{
  const char *name = party_status_name(p->status);
  if (!p->unresponsive_at)
    return pool_strdup(pool, name);
  return pool_printf(pool, "%s%sunresponsive since %s", name, *name ? ", " : "", time_iso(pool, p->unresponsive_at));
}

void party_written(struct party *p, int64_t now)
{
  if (p->waiting_since && !p->unresponsive_at) /* the silence lasts since the first mail without an answer */
    return;
  p->waiting_since = now;
  p->unresponsive_at = 0;
  p->chased = 0;
}

void party_heard(struct party *p)
{
  p->waiting_since = p->unresponsive_at = 0;
  p->chased = 0;
}

/* ---- views ---- */
#define ALL_FACTS ((1u << CS_FACTS) - 1)
#define FIX_FACTS (1u << CS_VENDOR_AWARE | 1u << CS_FIX_READY | 1u << CS_FIX_DEPLOYED | 1u << CS_PUBLIC_AWARE)

/* What nobody outside sees is in no row: tags, the analysts' notes, who proposed a date. A regulator decides about the clinical side too. */
static const struct role_view {
  enum party_role role;
  unsigned facts;
  const char *const *fields;
} views[] = {
  { PARTY_REPORTER, FIX_FACTS,
    (const char *const[]){ "title", "cve", "cwe", "tlp", "credit", "reference", "product", "component", "vendor", NULL } },
  { PARTY_SUPPLIER, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "tlp", "mitigation", "workaround",
                           "exploitation", "product", "component", "vendor", "reference", "credit", "plan", "plan-text", NULL } },
  { PARTY_COORDINATOR, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "ssvc", "tlp", "mitigation",
                           "workaround", "exploitation", "product", "component", "vendor", "reference", "credit", "plan",
                           "plan-text", NULL } },
  { PARTY_REGULATOR, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "ssvc", "clinical",
                           "clinical-rationale", "adverse-events", "tlp", "mitigation", "workaround", "exploitation", "product",
                           "component", "vendor", "reference", "credit", "plan", "plan-text", NULL } },
  { PARTY_ISAC, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "tlp", "mitigation", "workaround",
                           "exploitation", "product", "component", "vendor", "reference", "plan", "plan-text", NULL } },
  { PARTY_CUSTOMER, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cve", "cvss", "cvss4", "tlp", "mitigation", "workaround",
                           "exploitation", "product", "component", "reference", "plan", "plan-text", NULL } },
  { PARTY_OBSERVER, FIX_FACTS, (const char *const[]){ "title", "cve", "tlp", "product", NULL } },
};

bool case_party_entitled(const struct vuln_case *vc, const struct party *p)
{
  bool embargo = vc->em != EM_NONE && vc->em != EM_EXITED;
  if (p->status == PARTY_WITHDRAWN && p->role != PARTY_REPORTER)
    return false;
  return !p->invited_at || p->accepted_at || !embargo;
}

static bool in_list(const char *const *list, const char *name)
{
  for (; *list; list++)
    if (!strcmp(*list, name))
      return true;
  return false;
}

/* Whom the publication will thank is who takes part: before it each sees what they have asked for themselves. */
static bool may_see(const struct case_field *f, const char *const *list, const struct party *p)
{
  return in_list(list, f->name) && (strcmp(f->name, "credit") || text_ieq(f->by, p->address));
}

static void keep_fields(struct vuln_case *view, const char *const *list, const struct party *p)
{
  size_t kept = 0;
  for (size_t i = 0; i < view->field_count; i++)
    if (may_see(&view->field[i], list, p))
      view->field[kept++] = view->field[i];
  view->field_count = kept;
}

/* May somebody else have asked for thanks? An analyst's entry does not say for whom it is. */
static bool others_are_thanked(const struct vuln_case *vc, const struct party *p)
{
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *o = &vc->party[i];
    if ((o->role == PARTY_REPORTER || o->role == PARTY_COORDINATOR) && !text_ieq(o->address, p->address))
      return true;
  }
  return false;
}

static bool is_by_party(const struct vuln_case *vc, const char *by)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (!text_empty(by) && text_ieq(vc->party[i].address, by))
      return true;
  return false;
}

struct vuln_case *case_reply_view(struct pool *pool, const struct vuln_case *vc, const struct party *p)
{
  struct vuln_case *view = case_copy(pool, vc);
  bool others = others_are_thanked(vc, p);
  size_t kept = 0;
  for (size_t i = 0; i < view->field_count; i++) {
    const struct case_field *f = &view->field[i];
    bool theirs = text_ieq(f->by, p->address), said = is_by_party(vc, f->by);
    if (!strcmp(f->name, "credit") && !theirs && (said || others))
      continue;
    view->field[kept++] = *f;
  }
  view->field_count = kept;
  return view;
}

struct vuln_case *case_view(struct pool *pool, const struct vuln_case *vc, const struct party *p)
{
  static const char *const label[] = { "tlp", NULL };
  struct vuln_case *view = case_copy(pool, vc);
  bool entitled = case_party_entitled(vc, p);
  const char *const *fields = label;
  unsigned facts = 0;
  for (size_t i = 0; entitled && i < ARRAY_LEN(views); i++)
    if (views[i].role == p->role) {
      fields = views[i].fields;
      facts = views[i].facts;
    }
  keep_fields(view, fields, p);
  view->cs &= facts;
  for (unsigned i = 0; i < CS_FACTS; i++)
    view->cs_at[i] = view->cs >> i & 1 ? view->cs_at[i] : 0;
  if (!entitled)
    view->rm = RM_RECEIVED;
  view->member_count = 0;
  view->party = pool_array(pool, 1, sizeof *view->party);
  view->party[0] = *p;
  view->party_count = view->party_cap = 1;
  return view;
}
