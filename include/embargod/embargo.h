/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargo: what people and facts do to a case's embargo (CERT/CC Vultron: EM with its interaction rules). Pure, like case.h: each call
 * changes the case and says what changed, as a value from which history, receipt and mails are made. */
#ifndef EMBARGOD_EMBARGO_H
#define EMBARGOD_EMBARGO_H
#include <embargod/case.h>

/* Who acts. The analysts are one side, "the house": what one of them proposes no other accepts for the house, unless the case has
 * nobody else. Each party is a side of its own. */
struct embargo_who {
  const char *name; /* an analyst's name, a party's address; "": the default embargo, or the gateway itself */
  bool party;
};
enum embargo_what {
  EMBARGO_UNCHANGED = 0,
  EMBARGO_PROPOSED,   /* `proposed` waits for an answer; `until` holds, 0: nothing does */
  EMBARGO_ACCEPTED,   /* `until` is agreed */
  EMBARGO_REJECTED,   /* `proposed` is dropped; `until` stands, 0: nothing does */
  EMBARGO_NEW_DATE,   /* the shortest wins: `until` holds at once, `proposed` is a revision that waits */
  EMBARGO_TERMINATED, /* over, before `before`, because of `cause` */
  EMBARGO_ENDED,      /* over: `until` has come */
  EMBARGO_MERGED,     /* cases were merged: `until` is the earliest date that was agreed in any; `proposed` waits, 0: nothing does */
  EMBARGO_DOUBTED,    /* attacks: unchanged, but a lead analyst should end it */
  EMBARGO_RESTORED,   /* `until`, which was agreed before a party shortened it, holds again: that party negotiates no more */
};
enum embargo_cause { EMBARGO_CAUSE_SAID = 0, EMBARGO_CAUSE_PUBLIC, EMBARGO_CAUSE_EXPLOIT, EMBARGO_CAUSE_ATTACKS };
struct embargo_change {
  enum embargo_what what;
  struct embargo_who by;
  const char *recorded_by;    /* the analyst who passed on a party's word; "" */
  int64_t until, proposed, before; /* 0: none. before: what held until now */
  struct embargo_who proposed_by;  /* who stands behind `proposed` */
  enum embargo_cause cause;
  const char *reason;         /* words; "" */
  const char *kind, *text;    /* the history's line, such as "embargo.propose" */
  const char *said;           /* one sentence for who asked, with the zone */
  size_t first_party, end_party; /* after a merge: only these of the case's parties hear of it; end 0: all */
};
struct embargo_act {
  struct pool *pool;
  struct vuln_case *vc;
  struct embargo_who by;
  const char *recorded_by;    /* NULL or "": by acts for itself */
  int64_t now;
  int64_t notice_s;           /* a date nearer than that is proposed by nobody (embargo_notice_h); 0: any time to come */
  const char *zone;           /* of the configuration, for sentences; NULL: UTC */
};
/* Who negotiates: the house, and reporters and coordinators who keep the embargo. Vultron's "shortest wins" is between these; a date of
 * anybody else is a wish, which an analyst may make the house's. */
bool embargo_negotiates(const struct vuln_case *vc, struct embargo_who who);
/* Whose word, with the house's, may move the agreed end back: a reporter's; without one a coordinator's; without either that of whoever
 * keeps the embargo. */
bool embargo_consents(const struct vuln_case *vc, struct embargo_who who);
/* REJECT: not in the future, or within notice_s and before what is agreed. DENIED, with what is legal now: the state, or the vulnerability is known outside, or who has no say.
 * A date earlier than the agreed one, by anybody who negotiates, holds at once; what was agreed becomes a proposed revision. A later
 * one waits: the agreed date holds until the house and who consents outside are both for a later one. Of two open dates of those two
 * the earlier is what both are for, and holds; the same date is accepted. Who proposes anew replaces the own proposal; of two outside
 * the earlier waits. When who shortened the embargo negotiates no more, the house may set it back, up to what was agreed before;
 * after several cuts over each whose author negotiates no more. */
MUST_USE enum status embargo_propose(const struct embargo_act *a, int64_t at, struct embargo_change *out, struct fault *err);
/* DENIED too: by's side made the proposal, or the house is neither of the two, or who is outside does not consent, or its date has
 * passed; the words say the way out. */
MUST_USE enum status embargo_accept(const struct embargo_act *a, struct embargo_change *out, struct fault *err);
MUST_USE enum status embargo_reject(const struct embargo_act *a, struct embargo_change *out, struct fault *err);
/* Ends what is agreed. DENIED when nothing is. */
MUST_USE enum status embargo_terminate(const struct embargo_act *a, const char *reason, struct embargo_change *out, struct fault *err);
/* Is it agreed, and its end reached? */
bool embargo_is_over(const struct vuln_case *vc, int64_t now);
/* The end by its date: embargo_is_over() holds. */
void embargo_end(const struct embargo_act *a, struct embargo_change *out);

enum embargo_attacks { EMBARGO_ATTACKS_LEAD = 0, EMBARGO_ATTACKS_AT_ONCE, EMBARGO_ATTACKS_NEVER };
bool embargo_attacks_parse(const char *s, enum embargo_attacks *out); /* "lead", "at-once", "never" */
/* After that fact was added to the case: public and exploit public end what is agreed and drop what is only proposed; attacks do so by
 * policy: LEAD: when a lead analyst says so, else EMBARGO_DOUBTED. EMBARGO_UNCHANGED: it does nothing to the embargo. */
void embargo_fact(const struct embargo_act *a, enum cs_fact fact, enum embargo_attacks policy, bool lead, struct embargo_change *out);

/* The party keeps the embargo, and hears of each change of it. */
bool embargo_concerns(const struct party *p);
/* Keeps it, or had accepted it before an analyst removed them: they hear of its end. */
bool embargo_bound(const struct party *p);
/* Was asked to keep it, and has not said yes or no: hears that it is over, and what is public. */
bool embargo_only_invited(const struct party *p);
struct embargo_who embargo_open_by(const struct vuln_case *vc); /* who made the open proposal; "": nobody, or the default embargo */
#define EMBARGO_BY_DEFAULT "the default embargo"
/* Who proposed what is agreed, what is open: "the default embargo", "alice", "robin@lab.example (bob passed it on)"; "" when unknown. */
const char *embargo_agreed_by(struct pool *pool, const struct vuln_case *vc);
/* When the date that holds (or held) was agreed; the receipt, for a default embargo. */
int64_t embargo_agreed_at(const struct vuln_case *vc);
const char *embargo_proposed_by(struct pool *pool, const struct vuln_case *vc);
/* After a merge: `into` has its dates; who stands behind each comes from the case that it was in. was: into before. */
void embargo_merged(struct pool *pool, struct vuln_case *into, const struct vuln_case *was, const struct vuln_case *from);
/* What case_merge() changed for those who keep the embargo: a->vc is the merged case, was and from the two as they were.
 * EMBARGO_UNCHANGED: both had this very date, or neither had any. The merge has its own line in the history: kind is "". */
void embargo_after_merge(const struct embargo_act *a, const struct vuln_case *was, const struct vuln_case *from,
                         struct embargo_change *out);
/* The embargo that holds in `from` holds in a case that is split off, too. */
void embargo_inherit(struct pool *pool, struct vuln_case *to, const struct vuln_case *from);
const char *embargo_what_name(enum embargo_what w); /* "proposed" */
#endif
