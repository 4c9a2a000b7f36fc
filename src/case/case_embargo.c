/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/embargo: what people and facts do to the embargo. Which steps are legal, case_state.c's tables say; here: who
 * may take them, and which date holds. */
#include <config.h>

#include <embargod/text.h>

#include "case_embargo.h"

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
  [EMBARGO_RESTORED] = { "restored", "embargo.accept" },
};

const char *embargo_what_name(enum embargo_what w)
{
  return (size_t)w < ARRAY_LEN(whats) ? whats[w].name : "";
}

/* "2027-01-31 10:00 CET (2027-01-31T09:00:00Z)": the instant is exact, whoever reads it where. */
static const char *instant(const struct embargo_act *a, int64_t t)
{
  return time_both(a->pool, t, a->zone);
}

static const char *iso(const struct embargo_act *a, int64_t t)
{
  return time_iso(a->pool, t);
}

static const char *name_or_default(struct embargo_who who)
{
  return text_empty(who.name) ? EMBARGO_BY_DEFAULT : who.name;
}

void embargo_describe(const struct embargo_act *a, enum embargo_what what, int64_t before, struct embargo_change *out)
{
  const struct vuln_case *vc = a->vc;
  struct embargo_who behind = embargo_who_of(embargo_behind(vc, EMBARGO_OPEN));
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
  case_unset(a->vc, EMBARGO_OPEN, NULL);
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
  embargo_put_behind(a, EMBARGO_OPEN, a->by, a->recorded_by);
  embargo_describe(a, EMBARGO_PROPOSED, vc->embargo_until, out);
  const char *instead = replaced ? pool_printf(a->pool, ", instead of %s", iso(a, replaced)) : "";
  write_text(a, out,
             out->until
                 ? pool_printf(a->pool, "proposed until %s%s; until %s holds", iso(a, at), instead, iso(a, out->until))
                 : pool_printf(a->pool, "proposed until %s%s", iso(a, at), instead));
  out->said = out->until
                  ? pool_printf(a->pool,
                                "an extension of the embargo until %s is proposed, and %s; until then it ends at %s",
                                instant(a, at), a->by.party ? "we may accept it" : "the other side may accept it",
                                instant(a, out->until))
                  : pool_printf(a->pool, "an embargo until %s is proposed", instant(a, at));
  return ST_OK;
}

/* Both sides are for it at least until the earlier date: that holds; the later one waits as a revision. Against what is only proposed
 * this needs two who can agree: embargo_can_agree(). */
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
  if (against_proposal)
    case_unset(vc, EMBARGO_HELD, NULL);
  else
    embargo_note_held(a);
  if (at < other) {
    embargo_move_behind(a, against_proposal ? EMBARGO_OPEN : EMBARGO_AGREED, EMBARGO_OPEN);
    embargo_put_behind(a, EMBARGO_AGREED, a->by, a->recorded_by);
  } else {
    embargo_move_behind(a, EMBARGO_OPEN, EMBARGO_AGREED);
    embargo_put_behind(a, EMBARGO_OPEN, a->by, a->recorded_by);
  }
  vc->embargo_until = at < other ? at : other;
  vc->embargo_proposed = at < other ? other : at;
  embargo_describe(a, EMBARGO_NEW_DATE, before, out);
  write_text(a, out,
             pool_printf(a->pool, "proposed until %s; until %s holds, until %s is a proposed revision", iso(a, at),
                         iso(a, vc->embargo_until), iso(a, vc->embargo_proposed)));
  out->said =
      pool_printf(a->pool, "the embargo holds until %s: the shorter one wins; until %s is a proposed revision (%s%s)",
                  instant(a, vc->embargo_until), instant(a, vc->embargo_proposed), text_empty(out->proposed_by.name) ? "" : "by ",
                  name_or_default(out->proposed_by));
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
  embargo_move_behind(a, EMBARGO_OPEN, EMBARGO_AGREED);
  struct embargo_who behind = embargo_who_of(embargo_behind(vc, EMBARGO_AGREED));
  close_proposal(a);
  case_unset(vc, EMBARGO_HELD, NULL);
  embargo_describe(a, EMBARGO_ACCEPTED, before, out);
  out->proposed_by = (struct embargo_who){ pool_strdup(a->pool, behind.name), behind.party };
  write_text(
      a, out,
      pool_printf(a->pool, "agreed until %s, as %s proposed", iso(a, vc->embargo_until), name_or_default(behind)));
  out->said = pool_printf(a->pool, "the embargo holds until %s", instant(a, vc->embargo_until));
  return ST_OK;
}

/* They had all agreed to it; who cut it takes no part in agreeing any more. A later proposal of somebody else waits on. */
static enum status restore(const struct embargo_act *a, int64_t at, struct embargo_who who, struct embargo_change *out,
                           struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t before = vc->embargo_until;
  bool waits = vc->em == EM_REVISE && vc->embargo_proposed > at && embargo_open_by(vc).party && embargo_consents(vc, embargo_open_by(vc));
  enum status st = vc->em == EM_REVISE ? ST_OK : step(a, EM_EV_PROPOSE, err);
  if (st == ST_OK && !waits)
    st = step(a, EM_EV_ACCEPT, err);
  if (st != ST_OK)
    return st;
  vc->embargo_until = at;
  embargo_put_behind(a, EMBARGO_AGREED, who, "");
  if (who.party || text_empty(who.name)) /* as it was before the cut: an earlier one may be undone yet */
    embargo_forget_held(a, at);
  else
    case_unset(vc, EMBARGO_HELD, NULL);
  if (!waits)
    close_proposal(a);
  embargo_describe(a, EMBARGO_RESTORED, before, out);
  write_text(a, out, pool_printf(a->pool, "agreed until %s, as before: whose date %s was takes no part any more", iso(a, at), iso(a, before)));
  out->said = pool_printf(a->pool, "the embargo holds until %s again: whose shorter date it was takes no part any more", instant(a, at));
  return ST_OK;
}

/* The way out for an analyst who meets their own side's proposal. */
static const char *way_out(const struct embargo_act *a)
{
  return a->by.party ? "we answer it"
         : embargo_has_others(a->vc)
             ? "it holds once the reporter accepts (#embargo accept for reporter passes on their word); or propose another date"
             : "another analyst may accept it; or propose another date";
}

/* "was proposed by alice" */
static const char *made_by(const struct embargo_act *a)
{
  struct embargo_who who = embargo_open_by(a->vc);
  return text_empty(who.name) ? "is the default embargo, which is ours" : pool_printf(a->pool, "was proposed by %s", who.name);
}

/* What does not depend on other dates. */
static enum status may_propose(const struct embargo_act *a, int64_t at, bool agreed, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  if (at <= a->now)
    return fault(err, ST_REJECT, "%s: %s is not in the future", vc->id, instant(a, at));
  if (!may(a, EM_EV_PROPOSE))
    return step(a, EM_EV_PROPOSE, err);
  if (at < a->now + a->notice_s && !(agreed && at >= vc->embargo_until))
    return fault(err, ST_REJECT, "%s: %s is too soon: whoever keeps the embargo has at least %" PRId64 " hours to prepare", vc->id,
                 instant(a, at), a->notice_s / 3600);
  if (agreed && vc->embargo_until <= a->now)
    return fault(err, ST_DENIED, "%s: the embargo has just ended, at %s", vc->id, instant(a, vc->embargo_until));
  bool shorter = agreed && at < vc->embargo_until;
  if (!embargo_negotiates(vc, a->by) || (!shorter && !embargo_consents(vc, a->by)))
    return fault(err, ST_DENIED, "%s: %s, so a date of %s is a wish; #embargo propose DATE makes it ours", vc->id,
                 embargo_negotiates(vc, a->by) ? "a later date is between us and the reporter"
                                               : "the embargo is between us, the reporter and a coordinator",
                 a->by.name);
  return ST_OK;
}

/* No side alone moves the agreed end back: a later date waits until the house and who consents outside are both for it. */
static enum status propose_later(const struct embargo_act *a, int64_t at, bool open, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  bool own = open && embargo_is_own(vc, a->by);
  if (open && own && at == vc->embargo_proposed)
    return fault(err, ST_DENIED, "%s: until %s is proposed already: it %s; %s", vc->id, instant(a, at), made_by(a), way_out(a));
  if (!open || own)
    return just_propose(a, at, out, err);
  if (embargo_can_agree(vc, a->by))
    return at == vc->embargo_proposed ? agree(a, out, err) : shortest_wins(a, at, true, out, err);
  if (at >= vc->embargo_proposed) /* two outside: both are for the shorter one, and we have not answered */
    return fault(err, ST_DENIED, "%s: until %s is proposed already: it %s, and waits for our answer", vc->id,
                 instant(a, vc->embargo_proposed), made_by(a));
  return just_propose(a, at, out, err);
}

enum status embargo_propose(const struct embargo_act *a, int64_t at, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  bool agreed = vc->em == EM_ACTIVE || vc->em == EM_REVISE;
  bool open = (vc->em == EM_PROPOSED || vc->em == EM_REVISE) && vc->embargo_proposed > a->now;
  struct embargo_who who;
  enum status st = may_propose(a, at, agreed, err);
  if (st != ST_OK)
    return st;
  if (agreed && at == vc->embargo_until)
    return fault(err, ST_DENIED, "%s: until %s is agreed already%s", vc->id, instant(a, at),
                 open ? "; #embargo reject drops what is proposed" : "");
  if (embargo_restores(a, at, &who))
    return restore(a, at, who, out, err);
  if (agreed && at < vc->embargo_until)
    return shortest_wins(a, at, false, out, err);
  return propose_later(a, at, open && embargo_consents(vc, embargo_open_by(vc)), out, err);
}

/* Why these two cannot agree about it. */
static const char *cannot_agree(const struct embargo_act *a)
{
  struct embargo_who made = embargo_open_by(a->vc);
  if (a->by.party && made.party)
    return "it is for us to answer it";
  if (a->by.party)
    return "it is for the reporter to answer it";
  return pool_printf(a->pool, "%s has no say in a later date now; #embargo propose DATE makes it ours", made.name);
}

enum status embargo_accept(const struct embargo_act *a, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  struct embargo_who who;
  if (!may(a, EM_EV_ACCEPT))
    return step(a, EM_EV_ACCEPT, err);
  if (vc->embargo_proposed <= a->now)
    return fault(err, ST_DENIED, "%s: the proposed end, %s, is past; possible now: propose or reject", vc->id,
                 instant(a, vc->embargo_proposed));
  if (embargo_restores(a, vc->embargo_proposed, &who))
    return restore(a, vc->embargo_proposed, who, out, err);
  if (embargo_is_own(vc, a->by))
    return fault(err, ST_DENIED, "%s: nobody accepts their own proposal: until %s %s; %s", vc->id,
                 instant(a, vc->embargo_proposed), made_by(a), way_out(a));
  if (!embargo_can_agree(vc, a->by))
    return fault(err, ST_DENIED, "%s: until %s %s: %s", vc->id, instant(a, vc->embargo_proposed), made_by(a), cannot_agree(a));
  return agree(a, out, err);
}

enum status embargo_reject(const struct embargo_act *a, struct embargo_change *out, struct fault *err)
{
  struct vuln_case *vc = a->vc;
  int64_t dropped = vc->embargo_proposed;
  struct embargo_who behind = embargo_who_of(embargo_behind(vc, EMBARGO_OPEN));
  behind.name = pool_strdup(a->pool, behind.name);
  enum status st = step(a, EM_EV_REJECT, err);
  if (st != ST_OK)
    return st;
  close_proposal(a);
  embargo_describe(a, EMBARGO_REJECTED, vc->embargo_until, out);
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
  case_unset(vc, EMBARGO_HELD, NULL);
  embargo_describe(a, EMBARGO_TERMINATED, before, out);
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
  embargo_describe(a, EMBARGO_ENDED, end, out);
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
    embargo_describe(a, EMBARGO_DOUBTED, vc->embargo_until, out);
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
