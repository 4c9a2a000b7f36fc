/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/embargo: who stands behind a date, whose word counts for it, and what becomes of that when cases are merged or split. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "case_embargo.h"

#define REPORTERS (1u << PARTY_REPORTER)
#define COORDINATORS (1u << PARTY_COORDINATOR)

/* ---- who stands behind a date: fields of the case, sealed at rest ---- */
static const char *const side_words[] = { "default", "house", "party" };

const struct case_field *embargo_behind(const struct vuln_case *vc, const char *field)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (strcmp(vc->field[i].name, field) == 0)
      return &vc->field[i];
  return NULL;
}

struct embargo_who embargo_who_of(const struct case_field *f)
{
  if (!f || strcmp(f->extra, side_words[0]) == 0)
    return (struct embargo_who){ "", false };
  return (struct embargo_who){ f->value, strcmp(f->extra, side_words[2]) == 0 };
}

void embargo_put_behind(const struct embargo_act *a, const char *field, struct embargo_who who, const char *by)
{
  bool nobody = text_empty(who.name);
  case_set(a->pool, a->vc,
           &(struct case_field){ .name = field,
                                 .value = nobody ? EMBARGO_BY_DEFAULT : who.name,
                                 .extra = side_words[nobody      ? 0
                                                     : who.party ? 2
                                                                 : 1],
                                 .at = a->now,
                                 .by = !text_empty(by) ? by
                                       : who.party     ? ""
                                                       : who.name });
}

void embargo_move_behind(const struct embargo_act *a, const char *from, const char *to)
{
  const struct case_field *f = embargo_behind(a->vc, from);
  struct embargo_who who = embargo_who_of(f);
  who.name = pool_strdup(a->pool, who.name);
  embargo_put_behind(a, to, who, f ? pool_strdup(a->pool, f->by) : "");
}

static const char *behind_words(struct pool *pool, const struct case_field *f)
{
  if (!f)
    return "";
  return text_empty(f->by) || strcmp(f->extra, side_words[2]) != 0
             ? f->value
             : pool_printf(pool, "%s (%s passed it on)", f->value, f->by);
}

const char *embargo_agreed_by(struct pool *pool, const struct vuln_case *vc)
{
  const struct case_field *f = embargo_behind(vc, EMBARGO_AGREED);
  return f || (vc->em != EM_ACTIVE && vc->em != EM_REVISE) ? behind_words(pool, f) : EMBARGO_BY_DEFAULT;
}

const char *embargo_proposed_by(struct pool *pool, const struct vuln_case *vc)
{
  return behind_words(pool, embargo_behind(vc, EMBARGO_OPEN));
}

int64_t embargo_agreed_at(const struct vuln_case *vc)
{
  const struct case_field *f = embargo_behind(vc, EMBARGO_AGREED);
  return f && f->at ? f->at : vc->opened_at;
}

struct embargo_who embargo_open_by(const struct vuln_case *vc)
{
  return embargo_who_of(embargo_behind(vc, EMBARGO_OPEN));
}

/* Reporters from the start; others once they have said so. */
bool embargo_concerns(const struct party *p)
{
  return !p->removed && !text_empty(p->address) && (p->role == PARTY_REPORTER ? !p->invited_at || p->accepted_at : p->accepted_at != 0);
}

bool embargo_bound(const struct party *p)
{
  return embargo_concerns(p) || (p->removed && p->accepted_at && !text_empty(p->address));
}

bool embargo_only_invited(const struct party *p)
{
  return !p->removed && p->invited_at && !p->accepted_at && p->status == PARTY_INVITED && !text_empty(p->address);
}

bool embargo_has_others(const struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (embargo_concerns(&vc->party[i]))
      return true;
  return false;
}

bool embargo_is_own(const struct vuln_case *vc, struct embargo_who who)
{
  struct embargo_who made = embargo_who_of(embargo_behind(vc, EMBARGO_OPEN));
  if (who.party || made.party)
    return who.party && made.party && text_ieq(who.name, made.name);
  return embargo_has_others(vc) || text_ieq(who.name, made.name);
}

/* ---- whose word counts ---- */
/* Somebody of that address who keeps the embargo, in one of these roles. */
static bool keeps_as(const struct vuln_case *vc, const char *address, unsigned roles)
{
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    if (embargo_concerns(p) && roles & 1u << p->role && (!address || text_ieq(p->address, address)))
      return true;
  }
  return false;
}

bool embargo_negotiates(const struct vuln_case *vc, struct embargo_who who)
{
  return !who.party || keeps_as(vc, who.name, REPORTERS | COORDINATORS);
}

bool embargo_consents(const struct vuln_case *vc, struct embargo_who who)
{
  unsigned roles = keeps_as(vc, NULL, REPORTERS)      ? REPORTERS
                   : keeps_as(vc, NULL, COORDINATORS) ? COORDINATORS
                                                      : ~0u;
  return !who.party || keeps_as(vc, who.name, roles);
}

bool embargo_can_agree(const struct vuln_case *vc, struct embargo_who who)
{
  struct embargo_who made = embargo_open_by(vc);
  if (who.party == made.party)
    return !who.party && !embargo_is_own(vc, who);
  return embargo_consents(vc, who) && embargo_consents(vc, made);
}

/* ---- back to what was agreed before a party's cut ---- */
/* One entry a cut: the date that it took away, and who stood behind that. */
static bool held_until(const struct embargo_act *a, const struct case_field *f, int64_t *until)
{
  return strcmp(f->name, EMBARGO_HELD) == 0 && time_parse(f->value, a->now, 0, "UTC", until);
}

/* The earliest date behind `after`: what the cut to `after` took away. */
static const struct case_field *next_held(const struct embargo_act *a, int64_t after, int64_t *until)
{
  const struct case_field *next = NULL;
  for (size_t i = 0; i < a->vc->field_count; i++) {
    int64_t t;
    if (held_until(a, &a->vc->field[i], &t) && t > after && (!next || t < *until)) {
      next = &a->vc->field[i];
      *until = t;
    }
  }
  return next;
}

static struct embargo_who who_held(const struct embargo_act *a, const struct case_field *f)
{
  bool nobody = strcmp(f->extra, side_words[0]) == 0;
  return (struct embargo_who){ nobody ? "" : pool_strdup(a->pool, f->by), strcmp(f->extra, side_words[2]) == 0 };
}

void embargo_note_held(const struct embargo_act *a)
{
  const struct case_field *f = embargo_behind(a->vc, EMBARGO_AGREED);
  struct embargo_who who = embargo_who_of(f);
  if (a->by.party && who.party && text_ieq(who.name, a->by.name) && embargo_behind(a->vc, EMBARGO_HELD))
    return;
  if (!a->by.party) {
    case_unset(a->vc, EMBARGO_HELD, NULL);
    return;
  }
  case_set(a->pool, a->vc,
           &(struct case_field){ .name = EMBARGO_HELD,
                                 .value = time_iso(a->pool, a->vc->embargo_until),
                                 .extra = f ? pool_strdup(a->pool, f->extra) : side_words[0],
                                 .at = a->now,
                                 .by = pool_strdup(a->pool, who.name) });
}

bool embargo_restores(const struct embargo_act *a, int64_t at, struct embargo_who *who)
{
  const struct vuln_case *vc = a->vc;
  struct embargo_who behind = embargo_who_of(embargo_behind(vc, EMBARGO_AGREED));
  int64_t until = vc->embargo_until;
  const struct case_field *held;
  if (a->by.party || at <= until)
    return false;
  /* Back over one cut after another, as long as whoever made it negotiates no more. */
  while (!embargo_negotiates(vc, behind) && (held = next_held(a, until, &until))) {
    behind = who_held(a, held);
    if (at <= until) {
      *who = at < until ? a->by : behind;
      return true;
    }
  }
  return false;
}

void embargo_forget_held(const struct embargo_act *a, int64_t at)
{
  struct vuln_case *vc = a->vc;
  size_t kept = 0;
  for (size_t i = 0; i < vc->field_count; i++) {
    int64_t until;
    if (strcmp(vc->field[i].name, EMBARGO_HELD) != 0 || (held_until(a, &vc->field[i], &until) && until > at))
      vc->field[kept++] = vc->field[i];
  }
  vc->field_count = kept;
}

/* ---- merging ---- */
static const struct case_field *behind_date(const struct vuln_case *vc, int64_t date)
{
  if ((vc->em == EM_ACTIVE || vc->em == EM_REVISE) && vc->embargo_until == date)
    return embargo_behind(vc, EMBARGO_AGREED);
  return vc->embargo_proposed == date ? embargo_behind(vc, EMBARGO_OPEN) : NULL;
}

static void take_behind(struct pool *pool, struct vuln_case *into, const char *field, int64_t date,
                        const struct vuln_case *const source[2])
{
  const struct case_field *f = NULL;
  for (size_t i = 0; i < 2 && date && !f; i++)
    f = behind_date(source[i], date);
  if (f)
    case_set(pool, into,
             &(struct case_field){ .name = field, .value = f->value, .extra = f->extra, .at = f->at, .by = f->by });
  else
    case_unset(into, field, NULL); /* the default embargo, or no date */
}

void embargo_merged(struct pool *pool, struct vuln_case *into, const struct vuln_case *was,
                    const struct vuln_case *from)
{
  const struct vuln_case *const source[] = { was, from };
  bool agreed = into->em == EM_ACTIVE || into->em == EM_REVISE;
  take_behind(pool, into, EMBARGO_AGREED, agreed ? into->embargo_until : 0, source);
  take_behind(pool, into, EMBARGO_OPEN, into->embargo_proposed, source);
  case_unset(into, EMBARGO_HELD, NULL); /* of one of the two only */
  if (into->embargo_proposed && !embargo_behind(into, EMBARGO_OPEN)) /* a default embargo that has become the later date */
    case_set(pool, into,
             &(struct case_field){ .name = EMBARGO_OPEN, .value = EMBARGO_BY_DEFAULT, .extra = side_words[0], .by = "" });
}

static bool keeps(const struct vuln_case *vc)
{
  return vc->em == EM_ACTIVE || vc->em == EM_REVISE;
}

void embargo_after_merge(const struct embargo_act *a, const struct vuln_case *was, const struct vuln_case *from,
                         struct embargo_change *out)
{
  const struct vuln_case *vc = a->vc, *source[] = { was, from };
  bool kept = keeps(was) || keeps(from), same = true;
  *out = (struct embargo_change){ 0 };
  for (size_t i = 0; i < 2; i++)
    same = same && source[i]->em == vc->em && source[i]->embargo_until == vc->embargo_until &&
           source[i]->embargo_proposed == vc->embargo_proposed;
  if (same || !kept)
    return;
  /* With two dates before there is none to name as the one that held. */
  int64_t before = !keeps(was) ? from->embargo_until : !keeps(from) ? was->embargo_until : 0;
  embargo_describe(a, keeps(vc) ? EMBARGO_MERGED : EMBARGO_TERMINATED, before, out);
  out->kind = "";
  if (vc->em == EM_EXITED && vc->cs & 1u << CS_PUBLIC_AWARE)
    out->cause = vc->cs & 1u << CS_EXPLOIT_PUBLIC ? EMBARGO_CAUSE_EXPLOIT : EMBARGO_CAUSE_PUBLIC;
}

void embargo_inherit(struct pool *pool, struct vuln_case *to, const struct vuln_case *from)
{
  const struct vuln_case *const source[] = { from, from };
  if (from->em == EM_EXITED || from->em == EM_NONE)
    return;
  to->em = from->em;
  to->embargo_until = from->embargo_until;
  to->embargo_proposed = from->embargo_proposed;
  take_behind(pool, to, EMBARGO_AGREED, to->embargo_until, source);
  take_behind(pool, to, EMBARGO_OPEN, to->embargo_proposed, source);
}
