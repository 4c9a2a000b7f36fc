/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/merge: two cases about one vulnerability become one. The earliest of each date holds, the stricter of two words.
 */
#include <config.h>

#include <embargod/embargo.h>
#include <embargod/text.h>
#include <string.h>

#define IS_PUBLIC (1u << CS_PUBLIC_AWARE | 1u << CS_EXPLOIT_PUBLIC)

static int64_t earlier(int64_t a, int64_t b) /* 0: there is none */
{
  return !a || (b && b < a) ? b : a;
}

/* ---- may they? ---- */

static enum status may_merge(const struct vuln_case *into, const struct vuln_case *from, struct fault *err)
{
  const char *ours = case_get(into, "cve"), *theirs = case_get(from, "cve");
  if (text_ieq(into->id, from->id))
    return fault(err, ST_REJECT, "%s cannot be merged into itself", into->id);
  if (!text_empty(from->merged_into))
    return fault(err, ST_DENIED, "%s was merged into %s already", from->id, from->merged_into);
  if (!text_empty(into->merged_into))
    return fault(err, ST_DENIED, "%s was merged into %s: write about that one", into->id, into->merged_into);
  const struct vuln_case *closed = from->rm == RM_CLOSED ? from : into->rm == RM_CLOSED ? into : NULL;
  if (closed)
    return fault(err, ST_DENIED, "%s is Closed: a lead analyst can #reopen it first; #link only shows one in the other",
                 closed->id);
  if (text_istarts(ours, "CVE-") && text_istarts(theirs, "CVE-") && !text_ieq(ours, theirs))
    return fault(err, ST_DENIED,
                 "%s is %s, %s is %s: two vulnerabilities by their CVE ids; #cve mends an id that is wrong, #link only "
                 "shows one in the other",
                 into->id, ours, from->id, theirs);
  return ST_OK;
}

/* ---- states ---- */

/* How far a report has come. Each step from a lower to a higher one is legal, maybe over Valid. */
static int how_far(enum rm_state s)
{
  return s == RM_ACCEPTED ? 2 : s == RM_VALID || s == RM_DEFERRED ? 1 : 0;
}

static void merge_facts(struct vuln_case *into, const struct vuln_case *from)
{
  if (how_far(from->rm) > how_far(into->rm))
    into->rm = from->rm;
  into->cs |= from->cs;
  for (int i = 0; i < CS_FACTS; i++)
    into->cs_at[i] = earlier(into->cs_at[i], from->cs_at[i]);
}

static bool holds(const struct vuln_case *vc)
{
  return vc->em == EM_ACTIVE || vc->em == EM_REVISE;
}

static int64_t agreed(const struct vuln_case *vc)
{
  return holds(vc) ? vc->embargo_until : 0;
}

static int64_t open_proposal(const struct vuln_case *vc)
{
  return vc->em == EM_PROPOSED || vc->em == EM_REVISE ? vc->embargo_proposed : 0;
}

/* What has ended cannot be kept again: neither what was agreed to be over, nor what is public. */
static void embargo_over(struct vuln_case *into, const struct vuln_case *from, int64_t now)
{
  bool any = holds(into) || holds(from) || into->em == EM_EXITED || from->em == EM_EXITED;
  int64_t since =
      earlier(into->em == EM_EXITED ? into->embargo_until : 0, from->em == EM_EXITED ? from->embargo_until : 0);
  into->em = any ? EM_EXITED : EM_NONE;
  into->embargo_until = !any ? 0 : since ? since : now;
  into->embargo_proposed = 0;
}

/* The earliest agreed date wins; so does an open proposal that is earlier still, as it would if it were made now. */
static void merge_embargo(struct vuln_case *into, const struct vuln_case *from, int64_t now)
{
  int64_t until = earlier(agreed(into), agreed(from)), proposed = earlier(open_proposal(into), open_proposal(from));
  if (into->em == EM_EXITED || from->em == EM_EXITED || into->cs & IS_PUBLIC) {
    embargo_over(into, from, now);
    return;
  }
  if (proposed == until)
    proposed = 0;
  if (until && proposed && proposed < until) {
    int64_t shorter = proposed;
    proposed = until;
    until = shorter;
  }
  into->em = until ? (proposed ? EM_REVISE : EM_ACTIVE) : proposed ? EM_PROPOSED : EM_NONE;
  into->embargo_until = until;
  into->embargo_proposed = proposed;
}

/* ---- people ---- */

static bool has_reporter(const struct vuln_case *vc, bool keyless)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (!vc->party[i].removed && vc->party[i].role == PARTY_REPORTER &&
        (!keyless || text_empty(vc->party[i].fingerprint)))
      return true;
  return false;
}

/* Nobody was allowed to write in clear to a reporter of whom no lead analyst said so. */
static bool clear_ok(const struct vuln_case *into, const struct vuln_case *from)
{
  bool ours = into->reporter_clear_ok || !has_reporter(into, true);
  bool theirs = from->reporter_clear_ok || !has_reporter(from, true);
  return ours && theirs && (into->reporter_clear_ok || from->reporter_clear_ok);
}

/* One reporter who waits for a first answer is one too many. */
static int64_t first_answer(const struct vuln_case *into, const struct vuln_case *from)
{
  bool waits =
      (has_reporter(into, false) && !into->first_answer_at) || (has_reporter(from, false) && !from->first_answer_at);
  return waits ? 0 : earlier(into->first_answer_at, from->first_answer_at);
}

/* They keep row, token and key, also beside one of the same address: each has a thread of its own. */
static void move_parties(struct pool *pool, struct vuln_case *into, struct vuln_case *from)
{
  for (size_t i = 0; i < from->party_count; i++) {
    into->party = pool_grow(pool, into->party, into->party_count, &into->party_cap, sizeof *into->party);
    into->party[into->party_count++] = from->party[i];
  }
  from->party_count = 0;
}

static void merge_people(struct pool *pool, struct vuln_case *into, struct vuln_case *from)
{
  into->first_answer_at = first_answer(into, from);
  into->reporter_clear_ok = clear_ok(into, from);
  into->arrived_clear |= from->arrived_clear;
  into->opened_at = earlier(into->opened_at, from->opened_at);
  into->last_contact_at = earlier(into->last_contact_at, from->last_contact_at);
  for (size_t i = 0; i < from->member_count; i++)
    (void)case_add_member(pool, into, from->member[i].analyst, from->member[i].role);
  move_parties(pool, into, from);
}

/* ---- fields ---- */

/* Is theirs the one that must hold, although we have another? */
static bool is_stricter(const char *name, const char *ours, const char *theirs)
{
  if (strcmp(name, "clinical") == 0)
    return text_istarts(theirs, "uncontrolled") && !text_istarts(ours, "uncontrolled");
  if (strcmp(name, "adverse-events") == 0)
    return text_ieq(ours, "none");
  if (strcmp(name, "cve") == 0)
    return !text_istarts(ours, "CVE-");
  return false;
}

struct field_merge {
  struct pool *pool;
  struct vuln_case *into;
  struct buf names, note;
};

/* The value that stands nowhere else from now on. */
static void put_by(struct field_merge *m, const char *name, const char *id, const char *value)
{
  buf_printf(&m->names, "%s%s", m->names.len ? ", " : "", name);
  buf_printf(&m->note, "%s%s of %s was:%s%s", m->note.len ? "\n\n" : "", name, id, strchr(value, '\n') ? "\n" : " ",
             value);
}

/* The rationale goes with the risk that it explains. */
static void merge_rationale(struct field_merge *m, const struct vuln_case *from, bool theirs)
{
  const char *name = "clinical-rationale", *ours = case_get(m->into, name), *other = case_get(from, name);
  const char *lost = theirs ? ours : other;
  if (text_ieq(ours, other))
    return;
  if (!text_empty(lost))
    put_by(m, name, theirs ? m->into->id : from->id, lost);
  for (size_t i = 0; theirs && i < from->field_count; i++)
    if (strcmp(from->field[i].name, name) == 0)
      case_set(m->pool, m->into, &from->field[i]);
  if (theirs && text_empty(other))
    (void)case_unset(m->into, name, NULL);
}

static void merge_single(struct field_merge *m, const struct vuln_case *from, const struct case_field *f)
{
  const char *ours = case_get(m->into, f->name);
  bool take = text_empty(ours) || is_stricter(f->name, ours, f->value);
  if (strcmp(f->name, "clinical") == 0)
    merge_rationale(m, from, take);
  if (strcmp(ours, f->value) == 0)
    return;
  if (!text_empty(ours))
    put_by(m, f->name, take ? m->into->id : from->id, take ? ours : f->value);
  if (take)
    case_set(m->pool, m->into, f);
}

static void merge_fields(struct field_merge *m, const struct vuln_case *from)
{
  for (size_t i = 0; i < from->field_count; i++) {
    const struct case_field *f = &from->field[i];
    if (strcmp(f->name, "clinical-rationale") == 0 || text_istarts(f->name, "embargo-"))
      continue; /* they go with what they belong to */
    if (!case_field_is_list(f->name))
      merge_single(m, from, f);
    else if (strcmp(f->name, "link") != 0 || !text_ieq(f->value, m->into->id))
      case_set(m->pool, m->into, f);
  }
  (void)case_unset(m->into, "link", from->id);
}

enum status case_merge(struct pool *pool, struct vuln_case *into, struct vuln_case *from, int64_t now,
                       struct case_merging *out, struct fault *err)
{
  enum status st = may_merge(into, from, err);
  if (st != ST_OK)
    return st;
  struct field_merge m = { pool, into, buf_new(pool, 80), buf_new(pool, 400) };
  merge_facts(into, from);
  const struct vuln_case *was = case_copy(pool, into);
  merge_embargo(into, from, now);
  embargo_merged(pool, into, was, from);
  merge_people(pool, into, from);
  merge_fields(&m, from);
  case_set(
      pool, into,
      &(struct case_field){ .name = "link", .value = from->id, .extra = "merged into this one", .at = now, .by = "" });
  from->merged_into = pool_strdup(pool, into->id);
  *out = (struct case_merging){ .names = buf_str(&m.names), .note = buf_str(&m.note) };
  return ST_OK;
}
