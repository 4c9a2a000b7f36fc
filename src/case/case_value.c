/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/value: the case as a value: fields, members, parties, copies. All strings live in the caller's pool; never NULL.
 */
#include <config.h>

#include <embargod/case.h>
#include <embargod/text.h>
#include <string.h>

static const struct {
  const char *name;
  bool list;
} field_table[] = {
  { "title", false },
  { "description", false },
  { "impact", false },
  { "cwe", false },
  { "cve", false },
  { "cvss", false },
  { "cvss4", false },
  { "ssvc", false },
  { "clinical", false },
  { "clinical-rationale", false },
  { "adverse-events", false },
  { "tlp", false },
  { "mitigation", false },
  { "workaround", false },
  { "advisory", false },
  { "plan-text", false },
  { "validated", false },
  { "reporter-note", false },
  { "exploitation", false },
  { "embargo-by", false },
  { "embargo-proposed-by", false },
  { "embargo-held", true },
  { "product", true },
  { "component", true },
  { "vendor", true },
  { "tag", true },
  { "reference", true },
  { "credit", true },
  { "plan", true },
  { "link", true },
  { "field", true },
  { "fix", true },
  { "vex", true },
  { "fact", true },
  { "filed", true },
};

static const struct {
  enum party_role role;
  const char *name;
} role_table[] = {
  { PARTY_REPORTER, "reporter" }, { PARTY_COORDINATOR, "coordinator" },
  { PARTY_SUPPLIER, "supplier" }, { PARTY_REGULATOR, "regulator" },
  { PARTY_ISAC, "isac" },         { PARTY_CUSTOMER, "customer" },
  { PARTY_OBSERVER, "observer" },
};

const char *party_role_name(enum party_role r)
{
  for (size_t i = 0; i < ARRAY_LEN(role_table); i++)
    if (role_table[i].role == r)
      return role_table[i].name;
  return "?";
}

bool party_role_parse(const char *s, enum party_role *out)
{
  for (size_t i = 0; i < ARRAY_LEN(role_table); i++)
    if (text_ieq(role_table[i].name, s)) {
      *out = role_table[i].role;
      return true;
    }
  return false;
}

static int field_index(const char *name)
{
  for (size_t i = 0; name && i < ARRAY_LEN(field_table); i++)
    if (strcmp(field_table[i].name, name) == 0)
      return (int)i;
  return -1;
}

bool case_field_known(const char *name)
{
  return field_index(name) >= 0;
}

bool case_field_is_list(const char *name)
{
  int at = field_index(name);
  return at >= 0 && field_table[at].list;
}

static const char *dup_or_empty(struct pool *pool, const char *s)
{
  return s ? pool_strdup(pool, s) : "";
}

struct vuln_case *case_new(struct pool *pool)
{
  struct vuln_case *vc = pool_new_of(pool, struct vuln_case);
  vc->id = vc->channel = vc->merged_into = "";
  return vc;
}

static struct case_field field_dup(struct pool *pool, const struct case_field *f)
{
  struct case_field out = *f;
  out.name = dup_or_empty(pool, f->name);
  out.value = dup_or_empty(pool, f->value);
  out.extra = dup_or_empty(pool, f->extra);
  out.by = dup_or_empty(pool, f->by);
  return out;
}

static struct party party_dup(struct pool *pool, const struct party *p)
{
  struct party out = *p;
  out.name = dup_or_empty(pool, p->name);
  out.address = dup_or_empty(pool, p->address);
  out.stakeholder = dup_or_empty(pool, p->stakeholder);
  out.fingerprint = dup_or_empty(pool, p->fingerprint);
  out.token = dup_or_empty(pool, p->token);
  return out;
}

struct vuln_case *case_copy(struct pool *pool, const struct vuln_case *vc)
{
  struct vuln_case *out = pool_new_of(pool, struct vuln_case);
  *out = *vc;
  out->id = dup_or_empty(pool, vc->id);
  out->channel = dup_or_empty(pool, vc->channel);
  out->merged_into = dup_or_empty(pool, vc->merged_into);
  out->party = NULL;
  out->field = NULL;
  out->member = NULL;
  out->party_cap = out->field_cap = out->member_cap = 0;
  for (size_t i = 0; i < vc->party_count; i++) {
    out->party = pool_grow(pool, out->party, i, &out->party_cap, sizeof *out->party);
    out->party[i] = party_dup(pool, &vc->party[i]);
  }
  for (size_t i = 0; i < vc->field_count; i++) {
    out->field = pool_grow(pool, out->field, i, &out->field_cap, sizeof *out->field);
    out->field[i] = field_dup(pool, &vc->field[i]);
  }
  for (size_t i = 0; i < vc->member_count; i++) {
    out->member = pool_grow(pool, out->member, i, &out->member_cap, sizeof *out->member);
    out->member[i] = vc->member[i];
    out->member[i].analyst = dup_or_empty(pool, vc->member[i].analyst);
  }
  return out;
}

const char *case_get(const struct vuln_case *vc, const char *field)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (strcmp(vc->field[i].name, field) == 0)
      return vc->field[i].value;
  return "";
}

/* Two participants may ask for the same thanks ("anonymous"): each has their own entry, and the other cannot take it back. */
static bool is_anothers(const struct case_field *there, const struct case_field *f)
{
  return strcmp(f->name, "credit") == 0 && f->by && there->by && strchr(f->by, '@') && strchr(there->by, '@') &&
         !text_ieq(f->by, there->by);
}

void case_set(struct pool *pool, struct vuln_case *vc, const struct case_field *f)
{
  invariant(case_field_known(f->name));
  bool list = case_field_is_list(f->name);
  size_t at = 0;
  while (at < vc->field_count && (strcmp(vc->field[at].name, f->name) != 0 ||
                                  (list && (!text_ieq(vc->field[at].value, f->value ? f->value : "") ||
                                            is_anothers(&vc->field[at], f)))))
    at++;
  if (at == vc->field_count) {
    vc->field = pool_grow(pool, vc->field, vc->field_count, &vc->field_cap, sizeof *vc->field);
    vc->field_count++;
  }
  vc->field[at] = field_dup(pool, f);
}

bool case_unset(struct vuln_case *vc, const char *field, const char *value)
{
  size_t kept = 0;
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    bool gone = strcmp(f->name, field) == 0 && (!value || text_ieq(f->value, value));
    if (!gone)
      vc->field[kept++] = *f;
  }
  bool any = kept < vc->field_count;
  vc->field_count = kept;
  return any;
}

bool case_is_open(const struct vuln_case *vc)
{
  return vc->rm != RM_CLOSED && text_empty(vc->merged_into);
}

static size_t member_index(const struct vuln_case *vc, const char *analyst, enum member_role role)
{
  size_t at = 0;
  while (at < vc->member_count && (vc->member[at].role != role || !text_ieq(vc->member[at].analyst, analyst)))
    at++;
  return at;
}

bool case_has_member(const struct vuln_case *vc, const char *analyst, enum member_role role)
{
  return member_index(vc, analyst, role) < vc->member_count;
}

bool case_add_member(struct pool *pool, struct vuln_case *vc, const char *analyst, enum member_role role)
{
  if (case_has_member(vc, analyst, role))
    return false;
  vc->member = pool_grow(pool, vc->member, vc->member_count, &vc->member_cap, sizeof *vc->member);
  vc->member[vc->member_count++] = (struct case_member){ dup_or_empty(pool, analyst), role };
  return true;
}

bool case_remove_member(struct vuln_case *vc, const char *analyst, enum member_role role)
{
  size_t at = member_index(vc, analyst, role);
  if (at == vc->member_count)
    return false;
  memmove(vc->member + at, vc->member + at + 1, (vc->member_count - at - 1) * sizeof *vc->member);
  vc->member_count--;
  return true;
}

struct party *case_party_by_address(const struct vuln_case *vc, const char *address)
{
  for (size_t i = 0; i < vc->party_count && !text_empty(address); i++)
    if (!vc->party[i].removed && text_ieq(vc->party[i].address, address))
      return &vc->party[i];
  return NULL;
}

struct party *case_party_by_key(const struct vuln_case *vc, const char *fingerprint)
{
  for (size_t i = 0; i < vc->party_count && !text_empty(fingerprint); i++)
    if (!vc->party[i].removed && text_ieq(vc->party[i].fingerprint, fingerprint))
      return &vc->party[i];
  return NULL;
}

struct party *case_reporter(const struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (!vc->party[i].removed && vc->party[i].role == PARTY_REPORTER)
      return &vc->party[i];
  return NULL;
}

/* A party that was there before in the same role comes back with its row, token and key. */
static struct party *party_again(struct pool *pool, struct vuln_case *vc, const struct party *p)
{
  for (size_t i = 0; i < vc->party_count; i++) {
    struct party *was = &vc->party[i];
    if (was->role != p->role || text_empty(p->address) || !text_ieq(was->address, p->address))
      continue;
    was->removed = false;
    was->status = p->status;
    was->invited_at = p->invited_at;
    was->accepted_at = was->details_at = was->waiting_since = was->unresponsive_at = 0;
    was->chased = 0;
    if (!text_empty(p->name))
      was->name = pool_strdup(pool, p->name);
    if (!text_empty(p->fingerprint))
      was->fingerprint = pool_strdup(pool, p->fingerprint);
    if (!text_empty(p->stakeholder))
      was->stakeholder = pool_strdup(pool, p->stakeholder);
    return was;
  }
  return NULL;
}

struct party *case_add_party(struct pool *pool, struct vuln_case *vc, const struct party *p)
{
  struct party *was = party_again(pool, vc, p);
  if (was)
    return was;
  vc->party = pool_grow(pool, vc->party, vc->party_count, &vc->party_cap, sizeof *vc->party);
  vc->party[vc->party_count] = party_dup(pool, p);
  return &vc->party[vc->party_count++];
}
