/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case: a vulnerability case as a value, its three state machines (CERT/CC Vultron), its parties, threading.
 * Pure: no clock, database, mail or crypto. `case` is a C keyword: the type is struct vuln_case, the variable vc. */
#ifndef EMBARGOD_CASE_H
#define EMBARGOD_CASE_H
#include <embargod/base.h>

enum rm_state { RM_START = 0, RM_RECEIVED, RM_INVALID, RM_VALID, RM_ACCEPTED, RM_DEFERRED, RM_CLOSED, RM_STATES };
enum rm_event { RM_EV_RECEIVE = 0, RM_EV_VALIDATE, RM_EV_INVALIDATE, RM_EV_ACCEPT, RM_EV_DEFER, RM_EV_CLOSE, RM_EV_REOPEN, RM_EVENTS };
enum em_state { EM_NONE = 0, EM_PROPOSED, EM_ACTIVE, EM_REVISE, EM_EXITED, EM_STATES };
struct vuln_case;
enum em_event { EM_EV_PROPOSE = 0, EM_EV_ACCEPT, EM_EV_REJECT, EM_EV_TERMINATE, EM_EVENTS };
/* Vulnerability facts; irreversible. vuln_case.cs is a bit set of 1 << fact. */
enum cs_fact { CS_VENDOR_AWARE = 0, CS_FIX_READY, CS_FIX_DEPLOYED, CS_PUBLIC_AWARE, CS_EXPLOIT_PUBLIC, CS_ATTACKS, CS_FACTS };

const char *rm_state_name(enum rm_state s);  /* "Received" */
const char *rm_event_name(enum rm_event e);  /* "validate" */
const char *em_state_name(enum em_state s);
const char *em_event_name(enum em_event e);
const char *cs_fact_name(enum cs_fact f);    /* "vendor aware" */
MUST_USE bool rm_state_parse(const char *s, enum rm_state *out);
/* Legal: the new state in *to. Illegal: DENIED, err names the reason and the legal next steps. Reopen (Closed to
 * Accepted) is embargod's extension of Vultron: lead analysts only, which the caller checks. */
MUST_USE enum status rm_next(enum rm_state from, enum rm_event ev, enum rm_state *to, struct fault *err);
MUST_USE enum status em_next(enum em_state from, enum em_event ev, enum em_state *to, struct fault *err);
/* The same under what is known of the vulnerability (bits of cs): once it or an exploit is public, or attacks were observed, nothing is
 * proposed or accepted any more (Vultron's habitable zone). */
MUST_USE enum status em_next_given(enum em_state from, unsigned cs, enum em_event ev, enum em_state *to, struct fault *err);
/* Adds a fact with all that it implies (X implies P, P implies V); refuses F without V, D without F, F and D unless RM Accepted.
 * A fact that is there already stays, in every RM state: OK. */
MUST_USE enum status cs_add(unsigned cs, enum rm_state rm, enum cs_fact fact, unsigned *out, struct fault *err);
struct cs_when {
  int64_t at;
  bool whole_day;   /* some time of the 24 hours from at on */
  const char *zone; /* for the refusal; NULL: UTC */
};
/* Dates a fact that cs_add() has just added, and what it implied, in cs_at: had is cs before. REJECT: earlier than the fact it needs
 * (F needs V, D needs F); on the same day it counts as the same instant. An exploit that was public before the vulnerability was said to be moves that date back: X implies P. That
 * it was public before the vendor knew is no contradiction (it is what V<P measures): V keeps its date. */
MUST_USE enum status cs_date(struct vuln_case *vc, unsigned had, enum cs_fact fact, const struct cs_when *when, struct fault *err);
/* "VFdpxa" into out[7]. */
void cs_string(unsigned cs, char out[7]);

/* The twelve ordering preferences: how good a disclosure was (Householder and Spring, A State-Based Model for Multi-Party CVD, CERT/CC
 * 2021). */
#define CS_PREFERENCES 12
struct cs_preference {
  enum cs_fact first, then;
  const char *name; /* "D<P" */
};
/* What the letters mean, in a line for people. */
#define CS_LEGEND "D<P: D came before P (+ met, - not, ? open); V vendor aware, F fix ready, D fix deployed, P public, X exploit public, A attacks"
const struct cs_preference *cs_preference(unsigned i); /* i < CS_PREFERENCES, in the order of domain.md */
enum cs_outcome { CS_OPEN = 0, CS_MET, CS_UNMET };     /* OPEN: neither has happened, or it is not known which came first */
struct cs_success {
  enum cs_outcome outcome[CS_PREFERENCES];
  unsigned met, unmet, open;
};
/* cs and at as in struct vuln_case. The earlier fact comes first, one that did not happen last. At the same instant only what the maker
 * brings about (fix ready, fix deployed) counts as first: public and vendor aware are set together with the exploit or the publication
 * that brought them. */
void cs_preferences(unsigned cs, const int64_t at[CS_FACTS], struct cs_success *out);

enum party_role { PARTY_REPORTER = 1, PARTY_COORDINATOR, PARTY_SUPPLIER, PARTY_REGULATOR, PARTY_ISAC, PARTY_CUSTOMER, PARTY_OBSERVER };
const char *party_role_name(enum party_role r);
MUST_USE bool party_role_parse(const char *s, enum party_role *out); /* its name, any case; false: none, *out is untouched */
/* What is known of one party. PLAIN: in the case without an invitation (who reported it, who was notified). */
enum party_status {
  PARTY_PLAIN = 0, PARTY_INVITED, PARTY_ACCEPTED, PARTY_DECLINED, PARTY_INVESTIGATING, PARTY_AFFECTED, PARTY_NOT_AFFECTED, PARTY_FIXED,
  PARTY_WITHDRAWN, PARTY_STATUSES
};
const char *party_status_name(enum party_status s); /* "not-affected"; "" for PLAIN */
MUST_USE bool party_status_parse(const char *s, enum party_status *out); /* any case; "investigating" too; not PLAIN */
struct party {
  int64_t id;              /* store row; 0 = new */
  enum party_role role;
  const char *name;        /* display name, cleaned; may be "" */
  const char *address;     /* normalised */
  const char *stakeholder; /* configuration name; "" for others */
  const char *fingerprint; /* key that we encrypt to; "" = none */
  const char *token;       /* unguessable, routes its mail to the case: security+TOKEN@ */
  bool removed, new_key_waits;
  bool key_unproved;       /* its key came in a later mail that nothing vouched for: written to, but its signature proves nothing yet */
  enum party_status status;
  int64_t invited_at;      /* 0 = never */
  int64_t accepted_at;     /* when it agreed to keep the embargo; 0 = not (yet) */
  int64_t details_at;      /* when the details last went out to it; 0 = never */
  int64_t waiting_since;   /* when we last wrote and have not heard of it since; 0 = nothing is waited for */
  int64_t unresponsive_at; /* when we gave up waiting; 0 = it answers */
  unsigned chased;         /* since waiting_since: 0 nobody was reminded, 1 the party, 2 the analysts too */
};
/* A fact of a case that commands set. Single ones are replaced, list ones added and removed. Values are sealed at rest. */
struct case_field {
  const char *name;  /* one of case_field_names */
  const char *value; /* UTF-8 */
  const char *extra; /* second value: versions of a product, text of a reference; "" = none */
  int64_t at;        /* when it was set */
  const char *by;    /* analyst's name */
};
/* Single: title description impact cwe cve cvss cvss4 ssvc clinical clinical-rationale adverse-events tlp mitigation workaround advisory
 * plan-text validated (extra: the day) reporter-note exploitation embargo-by embargo-proposed-by. Lists: product component vendor tag
 * reference credit plan link (another case's id, extra: what it is to this one) field (its name, extra: its text) fix (version, extra: URL). */
bool case_field_known(const char *name);
bool case_field_is_list(const char *name);

enum member_role { MEMBER_ASSIGNEE = 1, MEMBER_WATCHER };
struct case_member { const char *analyst; enum member_role role; };

struct vuln_case {
  const char *id;          /* "EMB-2026-0001"; "" = not yet given */
  enum rm_state rm;
  enum em_state em;
  unsigned cs;
  int64_t cs_at[CS_FACTS]; /* 0 = unknown */
  int64_t opened_at, updated_at, closed_at, last_contact_at, first_answer_at;
  int64_t embargo_until;   /* agreed end; 0 = none */
  int64_t embargo_proposed;/* open proposal; 0 = none */
  const char *channel;     /* "mail", "phone", "web" */
  bool arrived_clear;      /* some report came unencrypted */
  bool reporter_clear_ok;  /* a lead allowed replies in clear */
  bool spam;
  const char *merged_into; /* "" */
  struct party *party;
  size_t party_count, party_cap;
  struct case_field *field;
  size_t field_count, field_cap;
  struct case_member *member;
  size_t member_count, member_cap;
};
struct vuln_case *case_new(struct pool *pool);
struct vuln_case *case_copy(struct pool *pool, const struct vuln_case *vc); /* deep: changing one leaves the other */
const char *case_get(const struct vuln_case *vc, const char *field);        /* single field; "" when unset */
/* single: replace; list: add, or renew extra, at and by of the same value (ASCII case ignored). f->name must be known. */
void case_set(struct pool *pool, struct vuln_case *vc, const struct case_field *f);
bool case_unset(struct vuln_case *vc, const char *field, const char *value); /* value NULL: all of that name */
bool case_is_open(const struct vuln_case *vc);  /* not Closed, not merged */
bool case_has_member(const struct vuln_case *vc, const char *analyst, enum member_role role);
bool case_add_member(struct pool *pool, struct vuln_case *vc, const char *analyst, enum member_role role); /* false: was there */
bool case_remove_member(struct vuln_case *vc, const char *analyst, enum member_role role);
/* Removed parties are not found: they are no participants any more. Addresses compare without ASCII case. */
struct party *case_party_by_address(const struct vuln_case *vc, const char *address);
struct party *case_party_by_key(const struct vuln_case *vc, const char *fingerprint);
struct party *case_reporter(const struct vuln_case *vc); /* the first one that is not removed; NULL = none */
/* One that was there in the same role with the same address comes back instead (row, token and key stay). The pointer
 * holds until the next party is added. */
struct party *case_add_party(struct pool *pool, struct vuln_case *vc, const struct party *p);

#define CASE_DUPLICATE_OF "duplicate of it" /* extra of a link */
/* ---- merging ---- */
struct case_merging {
  const char *names; /* single fields that both had otherwise: "title, cvss"; "" */
  const char *note;  /* the values of these that are in the case no more, as text; "" */
};
/* `into` takes in `from`, whose id leads to it from now on: the facts of both with their earliest dates, the report as far as either has
 * come, the earliest agreed embargo (one that has ended in either of them has ended), the earliest receipt and contact, the people of both;
 * all parties with their rows and tokens; lists united, of single fields those that `into` lacks (and the more severe clinical risk). REJECT,
 * DENIED: itself, merged before, Closed, two CVE ids; then nothing is changed. There is no way back. */
MUST_USE enum status case_merge(struct pool *pool, struct vuln_case *into, struct vuln_case *from, int64_t now, struct case_merging *out,
                                struct fault *err);

/* ---- what a party may know (src/case/case_view.c) ---- */
/* Details go to an invited party only once it keeps the embargo, or when there is none; none go to one that was removed. */
bool case_party_entitled(const struct vuln_case *vc, const struct party *p);
/* A copy that holds what that party may learn: its role decides about fields and facts; who else takes part, and who works on the case,
 * is never in it. One that is not entitled gets the id, the embargo's dates and the TLP label. */
struct vuln_case *case_view(struct pool *pool, const struct vuln_case *vc, const struct party *p);
/* A copy for an analyst's reply to that reporter: all of it but whom else the publication will thank. */
struct vuln_case *case_reply_view(struct pool *pool, const struct vuln_case *vc, const struct party *p);
/* A copy that holds what anybody may learn: id, dates of the embargo, TLP label; once the vulnerability is public, since when, and its CVE
 * id. */
struct vuln_case *case_public_view(struct pool *pool, const struct vuln_case *vc, const struct party *p);
/* A copy that holds what a notice to that stakeholder may say: case_view() by its role (one of no known kind that was never invited: what a
 * customer gets). To a coordinator go the names of reporters who agreed to be named (domain.md: credit): by their own #credit, or by an
 * analyst's that no later "anonymous" of theirs takes back. */
struct vuln_case *case_notice_view(struct pool *pool, const struct vuln_case *vc, const struct party *p);
/* We have written, or it has. */
void party_written(struct party *p, int64_t now);
void party_heard(struct party *p);
/* "affected, unresponsive since 2027-01-31T10:00:00Z"; "" when there is nothing to say */
char *party_status_text(struct pool *pool, const struct party *p);

/* ---- opening ---- */
struct case_report {     /* what the gate knows of a stranger's letter */
  const char *subject;   /* protected one if any, cleaned; may be "" */
  const char *from_name, *from_address;
  const char *fingerprint; /* a usable key of the reporter; "" */
  const char *token;
  bool in_clear;
  int64_t received_at;
};
/* A new case in RM Received, CS V; default embargo implicit and Active for embargo_days (0: none). */
struct vuln_case *case_open(struct pool *pool, const struct case_report *r, int embargo_days);

/* ---- ids: PREFIX-YYYY-NNNN (four digits at least) ---- */
/* Every id in text, in order, without repeats, at most 64; prefix compares case-insensitively, ids come upper case. */
size_t case_ids_in(struct pool *pool, const char *prefix, const char *text, const char ***out);
/* Exactly one id, any case; more than four digits only without a leading zero: one case, one spelling. */
bool case_id_valid(const char *prefix, const char *id);
int case_id_year(int64_t now);

/* ---- threading (design/commands.md "Threading"): pure; the gate looks the facts up ---- */
struct thread_facts {
  const char *token_case;     /* case whose participant's token is in the recipient address, NULL */
  const char *reference_case; /* case of a Message-ID in In-Reply-To/References *sent by or to this very participant*, NULL */
  const char *subject_case;   /* case in the subject of which the sender is a participant, NULL */
  bool token_is_sender;       /* the token's participant is the sender (by address or by signing key) */
  const char *mentioned;      /* any other existing case that it names, NULL */
};
struct thread_answer {
  const char *case_id;   /* NULL: a new case */
  const char *mentions;  /* link that only analysts see, NULL */
  const char *how;       /* "token", "reference", "subject", "new" */
};
struct thread_answer case_thread(const struct thread_facts *f);
#endif
