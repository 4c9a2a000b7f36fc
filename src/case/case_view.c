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
                           "exploitation", "product", "component", "vendor", "reference", "credit", "fix", "validated", "plan", "plan-text",
                           NULL } },
  { PARTY_COORDINATOR, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "ssvc", "tlp", "mitigation",
                           "workaround", "exploitation", "product", "component", "vendor", "reference", "credit", "fix",
                           "validated", "plan", "plan-text", "field", NULL } },
  { PARTY_REGULATOR, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "ssvc", "clinical",
                           "clinical-rationale", "adverse-events", "tlp", "mitigation", "workaround", "exploitation", "product",
                           "component", "vendor", "reference", "credit", "fix", "validated", "plan", "plan-text", "field", "fact",
                           "filed", NULL } },
  { PARTY_ISAC, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cwe", "cve", "cvss", "cvss4", "tlp", "mitigation", "workaround",
                           "exploitation", "product", "component", "vendor", "reference", "fix", "validated", "plan", "plan-text",
                           NULL } },
  { PARTY_CUSTOMER, ALL_FACTS,
    (const char *const[]){ "title", "description", "impact", "cve", "cvss", "cvss4", "tlp", "mitigation", "workaround",
                           "exploitation", "product", "component", "reference", "fix", "validated", "plan", "plan-text", NULL } },
  { PARTY_OBSERVER, FIX_FACTS, (const char *const[]){ "title", "cve", "tlp", "product", NULL } },
};

bool case_party_entitled(const struct vuln_case *vc, const struct party *p)
{
  bool embargo = vc->em != EM_NONE && vc->em != EM_EXITED;
  if (p->removed || (p->status == PARTY_WITHDRAWN && p->role != PARTY_REPORTER))
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

/* Who else takes part, and who works on it, no view holds. */
static void only_party(struct pool *pool, struct vuln_case *view, const struct party *p)
{
  view->member_count = 0;
  view->party = pool_array(pool, 1, sizeof *view->party);
  view->party[0] = *p;
  view->party_count = view->party_cap = 1;
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
  only_party(pool, view, p);
  return view;
}

/* ---- what is public ---- */
struct vuln_case *case_public_view(struct pool *pool, const struct vuln_case *vc, const struct party *p)
{
  static const char *const label[] = { "tlp", NULL }, *const known[] = { "tlp", "cve", NULL };
  struct vuln_case *view = case_copy(pool, vc);
  keep_fields(view, vc->cs & 1u << CS_PUBLIC_AWARE ? known : label, p);
  view->cs &= 1u << CS_PUBLIC_AWARE;
  for (unsigned i = 0; i < CS_FACTS; i++)
    view->cs_at[i] = view->cs >> i & 1 ? view->cs_at[i] : 0;
  only_party(pool, view, p);
  view->rm = RM_RECEIVED;
  return view;
}

/* ---- notices ---- */
/* Does each reporter want to stay unnamed, and has said so since that entry was made? */
static bool all_anonymous_since(const struct vuln_case *vc, int64_t at)
{
  bool any = false;
  for (size_t i = 0; i < vc->party_count; i++) {
    bool said = false;
    if (vc->party[i].removed || vc->party[i].role != PARTY_REPORTER)
      continue;
    for (size_t k = 0; k < vc->field_count && !said; k++)
      said = !strcmp(vc->field[k].name, "credit") && text_ieq(vc->field[k].value, "anonymous") &&
             text_ieq(vc->field[k].by, vc->party[i].address) && vc->field[k].at >= at;
    if (!said)
      return false;
    any = true;
  }
  return any;
}

/* Named is who has agreed to be: a reporter by their own word, or by an analyst's entry that no later word of theirs takes back. Who else
 * takes part and wants thanks is nobody's business before the publication. */
static bool may_be_named(const struct vuln_case *vc, const struct case_field *f)
{
  if (!is_by_party(vc, f->by))
    return !all_anonymous_since(vc, f->at);
  for (size_t i = 0; i < vc->party_count; i++)
    if (vc->party[i].role == PARTY_REPORTER && text_ieq(vc->party[i].address, f->by))
      return true;
  return false;
}

struct vuln_case *case_notice_view(struct pool *pool, const struct vuln_case *vc, const struct party *p)
{
  struct party as = *p;
  if (as.role == PARTY_OBSERVER && !as.invited_at) /* a kind of its own: what any customer may know */
    as.role = PARTY_CUSTOMER;
  struct vuln_case *view = case_view(pool, vc, &as);
  view->party[0] = *p;
  if (as.role != PARTY_COORDINATOR || !case_party_entitled(vc, p))
    return view;
  case_unset(view, "credit", NULL);
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, "credit") && may_be_named(vc, &vc->field[i]))
      case_set(pool, view, &vc->field[i]);
  return view;
}
