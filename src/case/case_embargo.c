/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/embargo: what people and facts do to the embargo. Which steps are legal, case_state.c's tables say; here: who
 * may take them, and which date holds. */
#include <config.h>

#include <embargod/embargo.h>
#include <embargod/text.h>
#include <string.h>

#define AGREED "embargo-by"
#define OPEN "embargo-proposed-by"

/* ---- who stands behind a date: fields of the case, sealed at rest ---- */
static const char *const side_words[] = { "default", "house", "party" };

static const struct case_field *stands_behind(const struct vuln_case *vc, const char *field)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (strcmp(vc->field[i].name, field) == 0)
      return &vc->field[i];
  return NULL;
}

static struct embargo_who who_of(const struct case_field *f)
{
  if (!f || strcmp(f->extra, side_words[0]) == 0)
    return (struct embargo_who){ "", false };
  return (struct embargo_who){ f->value, strcmp(f->extra, side_words[2]) == 0 };
}

static void put_behind(const struct embargo_act *a, const char *field, struct embargo_who who, const char *by)
{
  bool nobody = text_empty(who.name);
  case_set(a->pool, a->vc,
           &(struct case_field){ .name = field,
                                 .value = nobody ? "the default embargo" : who.name,
                                 .extra = side_words[nobody      ? 0
                                                     : who.party ? 2
                                                                 : 1],
                                 .at = a->now,
                                 .by = !text_empty(by) ? by
                                       : who.party     ? ""
                                                       : who.name });
}

/* `to` gets who stands behind `from`, when nobody does yet it is the default embargo. */
static void move_behind(const struct embargo_act *a, const char *from, const char *to)
{
  const struct case_field *f = stands_behind(a->vc, from);
  struct embargo_who who = who_of(f);
  who.name = pool_strdup(a->pool, who.name);
  put_behind(a, to, who, f ? pool_strdup(a->pool, f->by) : "");
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
  const struct case_field *f = stands_behind(vc, AGREED);
  return f || (vc->em != EM_ACTIVE && vc->em != EM_REVISE) ? behind_words(pool, f) : "the default embargo";
}

const char *embargo_proposed_by(struct pool *pool, const struct vuln_case *vc)
{
  return behind_words(pool, stands_behind(vc, OPEN));
}

int64_t embargo_agreed_at(const struct vuln_case *vc)
{
  const struct case_field *f = stands_behind(vc, AGREED);
  return f && f->at ? f->at : vc->opened_at;
}

struct embargo_who embargo_open_by(const struct vuln_case *vc)
{
  return who_of(stands_behind(vc, OPEN));
}

/* Reporters from the start; others once they have said so. */
bool embargo_concerns(const struct party *p)
{
  return !p->removed && !text_empty(p->address) && (p->role == PARTY_REPORTER ? !p->invited_at || p->accepted_at : p->accepted_at != 0);
}

/* Somebody outside the house keeps the embargo. */
static bool has_others(const struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (embargo_concerns(&vc->party[i]))
      return true;
  return false;
}

/* Does `who` speak for the side that made the open proposal? In a case without anybody outside, each analyst is one. */
static bool own_proposal(const struct vuln_case *vc, struct embargo_who who)
{
  struct embargo_who made = who_of(stands_behind(vc, OPEN));
  if (who.party || made.party)
    return who.party && made.party && text_ieq(who.name, made.name);
  return has_others(vc) || text_ieq(who.name, made.name);
}

/* ---- words ---- */
static const struct {
  const char *name, *kind; /* kind: of the history's line; "": it has none of its own */
} whats[] = {
  [EMBARGO_UNCHANGED] = { "", "" },
  [EMBARGO_PROPOSED] = { "proposed", "embargo.propose" },
  [EMBARGO_ACCEPTED] = { "accepted", "embargo.accept" },
  [EMBARGO_REJECTED] = { "rejected", "embargo.reject" },
  [EMBARGO_NEW_DATE] = { "new-date", "embargo.propose" },
  [EMBARGO_TERMINATED] = { "terminated", "embargo.terminate" },
  [EMBARGO_ENDED] = { "ended", "embargo.end" },
  [EMBARGO_MERGED] = { "merged", "" },
  [EMBARGO_DOUBTED] = { "doubted", "" },
};

const char *embargo_what_name(enum embargo_what w)
{
  return (size_t)w < ARRAY_LEN(whats) ? whats[w].name : "";
}

/* "2027-01-31 10:00 CET (2027-01-31T09:00:00Z)": the instant is exact, whoever reads it where. */
static const char *instant(const struct embargo_act *a, int64_t t)
{
  return pool_printf(a->pool, "%s (%s)", time_local(a->pool, t, a->zone), time_iso(a->pool, t));
}

static const char *iso(const struct embargo_act *a, int64_t t)
{
  return time_iso(a->pool, t);
}

static const char *name_or_default(struct embargo_who who)
{
  return text_empty(who.name) ? "the default embargo" : who.name;
}

/* Fills in what is the same in each change; the case has changed already. */
static void tell(const struct embargo_act *a, enum embargo_what what, int64_t before, struct embargo_change *out)
{
  const struct vuln_case *vc = a->vc;
  struct embargo_who behind = who_of(stands_behind(vc, OPEN));
  *out = (struct embargo_change){ .what = what,
                                  .by = { pool_strdup(a->pool, a->by.name), a->by.party },
                                  .recorded_by = a->recorded_by ? a->recorded_by : "",
                                  .until = vc->em == EM_ACTIVE || vc->em == EM_REVISE ? vc->embargo_until : 0,
                                  .proposed = vc->embargo_proposed,
                                  .before = before,
                                  .proposed_by = { pool_strdup(a->pool, behind.name), behind.party },
                                  .reason = "",
                                  .kind = whats[what].kind,
                                  .text = "",
                                  .said = "" };
}

/* The history's line; who passed on another's word stands behind it. */
static void write_text(const struct embargo_act *a, struct embargo_change *out, const char *text)
{
  out->text = text_empty(a->recorded_by)
                  ? text
                  : pool_printf(a->pool, "%s (the word of %s, as %s says)", text, a->by.name, a->recorded_by);
}

/* ---- steps ---- */
static enum status step(const struct embargo_act *a, enum em_event ev, struct fault *err)
{
  enum em_state to;
  enum status st = em_next_given(a->vc->em, a->vc->cs, ev, &to, err);
  if (st != ST_OK)
    return fault_add(err, "%s", a->vc->id);
  a->vc->em = to;
  return ST_OK;
}

static bool may(const struct embargo_act *a, enum em_event ev)
{
  enum em_state to;
  return em_next_given(a->vc->em, a->vc->cs, ev, &to, NULL) == ST_OK;
}

static void close_proposal(const struct embargo_act *a)
{
  a->vc->embargo_proposed = 0;
  case_unset(a->vc, OPEN, NULL);
}

/* Nothing to compare it with: it waits. */
static enum status just_propose(const struct embargo_act *a, int64_t at, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t replaced = vc->em == EM_PROPOSED || vc->em == EM_REVISE ? vc->embargo_proposed : 0;
  enum status st = step(a, EM_EV_PROPOSE, err);
  if (st != ST_OK)
    return st;
  vc->embargo_proposed = at;
  put_behind(a, OPEN, a->by, a->recorded_by);
  tell(a, EMBARGO_PROPOSED, vc->embargo_until, out);
  const char *instead = replaced ? pool_printf(a->pool, ", instead of %s", iso(a, replaced)) : "";
  write_text(a, out,
             out->until
                 ? pool_printf(a->pool, "proposed until %s%s; until %s holds", iso(a, at), instead, iso(a, out->until))
                 : pool_printf(a->pool, "proposed until %s%s", iso(a, at), instead));
  out->said = out->until
                  ? pool_printf(a->pool,
                                "an extension of the embargo until %s is proposed, and the other side may accept "
                                "it; until then it ends at %s",
                                instant(a, at), instant(a, out->until))
                  : pool_printf(a->pool, "an embargo until %s is proposed", instant(a, at));
  return ST_OK;
}

/* Both sides are for it at least until the earlier date: that holds; the later one waits as a revision. */
static enum status shortest_wins(const struct embargo_act *a, int64_t at, bool against_proposal,
                                 struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t before = vc->em == EM_PROPOSED ? 0 : vc->embargo_until;
  int64_t other = against_proposal ? vc->embargo_proposed : vc->embargo_until;
  enum status st = against_proposal ? step(a, EM_EV_ACCEPT, err) : ST_OK;
  if (st == ST_OK)
    st = step(a, EM_EV_PROPOSE, err);
  if (st != ST_OK)
    return st;
  if (at < other) {
    move_behind(a, against_proposal ? OPEN : AGREED, OPEN);
    put_behind(a, AGREED, a->by, a->recorded_by);
  } else {
    move_behind(a, OPEN, AGREED);
    put_behind(a, OPEN, a->by, a->recorded_by);
  }
  vc->embargo_until = at < other ? at : other;
  vc->embargo_proposed = at < other ? other : at;
  tell(a, EMBARGO_NEW_DATE, before, out);
  write_text(a, out,
             pool_printf(a->pool, "proposed until %s; until %s holds, until %s is a proposed revision", iso(a, at),
                         iso(a, vc->embargo_until), iso(a, vc->embargo_proposed)));
  out->said =
      pool_printf(a->pool, "the embargo holds until %s: the shorter one wins; until %s is a proposed revision (by %s)",
                  instant(a, vc->embargo_until), instant(a, vc->embargo_proposed), name_or_default(out->proposed_by));
  return ST_OK;
}

static enum status agree(const struct embargo_act *a, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t before = vc->em == EM_PROPOSED ? 0 : vc->embargo_until;
  enum status st = step(a, EM_EV_ACCEPT, err);
  if (st != ST_OK)
    return st;
  vc->embargo_until = vc->embargo_proposed;
  move_behind(a, OPEN, AGREED);
  struct embargo_who behind = who_of(stands_behind(vc, AGREED));
  close_proposal(a);
  tell(a, EMBARGO_ACCEPTED, before, out);
  out->proposed_by = (struct embargo_who){ pool_strdup(a->pool, behind.name), behind.party };
  write_text(
      a, out,
      pool_printf(a->pool, "agreed until %s, as %s proposed", iso(a, vc->embargo_until), name_or_default(behind)));
  out->said = pool_printf(a->pool, "the embargo holds until %s", instant(a, vc->embargo_until));
  return ST_OK;
}

enum status embargo_propose(const struct embargo_act *a, int64_t at, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  if (at <= a->now)
    return fault(err, ST_REJECT, "%s: %s is not in the future", vc->id, instant(a, at));
  if (!may(a, EM_EV_PROPOSE))
    return step(a, EM_EV_PROPOSE, err);
  bool agreed = vc->em == EM_ACTIVE || vc->em == EM_REVISE, open = vc->em == EM_PROPOSED || vc->em == EM_REVISE;
  if (agreed && vc->embargo_until <= a->now)
    return fault(err, ST_DENIED, "%s: the embargo has just ended, at %s", vc->id, instant(a, vc->embargo_until));
  open = open && vc->embargo_proposed > a->now;
  bool own = open && own_proposal(vc, a->by);
  if (agreed && at == vc->embargo_until)
    return fault(err, ST_DENIED, "%s: until %s is agreed already%s", vc->id, instant(a, at),
                 open ? "; #embargo reject drops what is proposed" : "");
  if (open && own && at == vc->embargo_proposed)
    return fault(err, ST_DENIED, "%s: until %s is proposed already", vc->id, instant(a, at));
  if (agreed && at < vc->embargo_until)
    return shortest_wins(a, at, false, out, err);
  if (!open || own)
    return just_propose(a, at, out, err);
  return at == vc->embargo_proposed ? agree(a, out, err) : shortest_wins(a, at, true, out, err);
}

enum status embargo_accept(const struct embargo_act *a, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  if (!may(a, EM_EV_ACCEPT))
    return step(a, EM_EV_ACCEPT, err);
  if (vc->embargo_proposed <= a->now)
    return fault(err, ST_DENIED, "%s: the proposed end, %s, is past; possible now: propose or reject", vc->id,
                 instant(a, vc->embargo_proposed));
  if (own_proposal(vc, a->by)) {
    bool others = has_others(vc);
    return fault(err, ST_DENIED, "%s: nobody accepts their own proposal: until %s was proposed by %s; %s", vc->id,
                 instant(a, vc->embargo_proposed), name_or_default(who_of(stands_behind(vc, OPEN))),
                 a->by.party ? "we answer it"
                 : others    ? "the reporter accepts it (#embargo accept for reporter passes on their word)"
                             : "another analyst may accept it");
  }
  return agree(a, out, err);
}

enum status embargo_reject(const struct embargo_act *a, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t dropped = vc->embargo_proposed;
  struct embargo_who behind = who_of(stands_behind(vc, OPEN));
  behind.name = pool_strdup(a->pool, behind.name);
  enum status st = step(a, EM_EV_REJECT, err);
  if (st != ST_OK)
    return st;
  close_proposal(a);
  tell(a, EMBARGO_REJECTED, vc->embargo_until, out);
  out->proposed = dropped;
  out->proposed_by = behind;
  write_text(a, out,
             pool_printf(a->pool, "rejected: until %s, as %s proposed", iso(a, dropped), name_or_default(behind)));
  out->said = out->until ? pool_printf(a->pool, "rejected; the embargo until %s stands", instant(a, out->until))
                         : pool_printf(a->pool, "rejected; there is no embargo");
  return ST_OK;
}

static enum status over(const struct embargo_act *a, enum embargo_cause cause, const char *reason,
                        struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t before = vc->embargo_until;
  enum status st = step(a, EM_EV_TERMINATE, err);
  if (st != ST_OK)
    return st;
  vc->embargo_until = a->now; /* since when it is over */
  close_proposal(a);
  tell(a, EMBARGO_TERMINATED, before, out);
  out->cause = cause;
  out->reason = cause == EMBARGO_CAUSE_SAID ? reason : "";
  write_text(a, out, pool_printf(a->pool, "ended: %s", reason));
  out->said = "the embargo has ended";
  return ST_OK;
}

enum status embargo_terminate(const struct embargo_act *a, const char *reason, struct embargo_change *out,
                              struct fault *err)
{
  return over(a, EMBARGO_CAUSE_SAID, reason, out, err);
}

bool embargo_is_over(const struct vuln_case *vc, int64_t now)
{
  return (vc->em == EM_ACTIVE || vc->em == EM_REVISE) && vc->embargo_until && vc->embargo_until <= now;
}

void embargo_end(const struct embargo_act *a, struct embargo_change *out)
{
  struct vuln_case *vc = a->vc;
  invariant(embargo_is_over(vc, a->now));
  int64_t end = vc->embargo_until;
  enum status st = step(a, EM_EV_TERMINATE, NULL);
  invariant(st == ST_OK);
  close_proposal(a);
  tell(a, EMBARGO_ENDED, end, out);
  write_text(a, out, pool_printf(a->pool, "ended by its date, %s", iso(a, end)));
}

/* ---- facts ---- */
bool embargo_attacks_parse(const char *s, enum embargo_attacks *out)
{
  static const char *const words[] = { "lead", "at-once", "never" };
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    if (text_ieq(s, words[i])) {
      *out = (enum embargo_attacks)i;
      return true;
    }
  return false;
}

/* Nobody has agreed to it yet: it falls. */
static void drop_proposal(const struct embargo_act *a, enum embargo_cause cause, const char *why,
                          struct embargo_change *out)
{
  enum status st = embargo_reject(a, out, NULL);
  invariant(st == ST_OK);
  out->cause = cause;
  out->text = pool_printf(a->pool, "%s: %s", out->text, why);
  out->said = "what was proposed as embargo is dropped";
}

void embargo_fact(const struct embargo_act *a, enum cs_fact fact, enum embargo_attacks policy, bool lead,
                  struct embargo_change *out)
{
  struct vuln_case *vc = a->vc;
  *out = (struct embargo_change){ 0 };
  enum embargo_cause cause = fact == CS_PUBLIC_AWARE     ? EMBARGO_CAUSE_PUBLIC
                             : fact == CS_EXPLOIT_PUBLIC ? EMBARGO_CAUSE_EXPLOIT
                             : fact == CS_ATTACKS        ? EMBARGO_CAUSE_ATTACKS
                                                         : EMBARGO_CAUSE_SAID;
  bool attacks = cause == EMBARGO_CAUSE_ATTACKS;
  if (cause == EMBARGO_CAUSE_SAID || vc->em == EM_NONE || vc->em == EM_EXITED ||
      (attacks && policy == EMBARGO_ATTACKS_NEVER))
    return;
  if (attacks && policy == EMBARGO_ATTACKS_LEAD && !lead) {
    tell(a, EMBARGO_DOUBTED, vc->embargo_until, out);
    out->cause = cause;
    out->said = "the embargo should end: a lead analyst decides, with #embargo terminate REASON";
    return;
  }
  if (vc->em == EM_PROPOSED) {
    drop_proposal(a, cause, cs_fact_name(fact), out);
    return;
  }
  enum status st = over(a, cause, cs_fact_name(fact), out, NULL);
  invariant(st == ST_OK);
}

/* ---- merging ---- */
static const struct case_field *behind_date(const struct vuln_case *vc, int64_t date)
{
  if ((vc->em == EM_ACTIVE || vc->em == EM_REVISE) && vc->embargo_until == date)
    return stands_behind(vc, AGREED);
  return vc->embargo_proposed == date ? stands_behind(vc, OPEN) : NULL;
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
  take_behind(pool, into, AGREED, agreed ? into->embargo_until : 0, source);
  take_behind(pool, into, OPEN, into->embargo_proposed, source);
  if (into->embargo_proposed && !stands_behind(into, OPEN)) /* a default embargo that has become the later date */
    case_set(pool, into,
             &(struct case_field){ .name = OPEN, .value = "the default embargo", .extra = side_words[0], .by = "" });
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
  tell(a, keeps(vc) ? EMBARGO_MERGED : EMBARGO_TERMINATED, before, out);
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
  take_behind(pool, to, AGREED, to->embargo_until, source);
  take_behind(pool, to, OPEN, to->embargo_proposed, source);
}
