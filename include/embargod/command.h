/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command: the mail command language (design/commands.md). Pure: text -> commands; commands + cases + time -> plan.
 * No mail, store, clock or crypto: what a command needs of them is an effect in the plan, carried out by the gate. */
#ifndef EMBARGOD_COMMAND_H
#define EMBARGOD_COMMAND_H
#include <embargod/base.h>
#include <embargod/case.h>
#include <embargod/conf.h>
#include <embargod/embargo.h>

#define COMMAND_AS_SHOWN "as-shown" /* #approve: although the case has changed since */
#define COMMAND_MAX 64 /* commands in one mail */
#define COMMAND_CASES_MAX (2 * COMMAND_MAX + 2) /* cases that it is about: bound or named, each with the one that it was merged into */

enum command_flag {
  CMD_READS = 1 << 0,      /* changes nothing */
  CMD_NEEDS_CASE = 1 << 1,
  CMD_TEXT = 1 << 2,       /* takes the text that follows */
  CMD_TEXT_MUST = 1 << 3,  /* and cannot do without */
  CMD_LEAD = 1 << 4,       /* lead analysts only */
  CMD_OUTSIDE = 1 << 5,    /* its text leaves the house */
  CMD_SIGNED = 1 << 7,     /* needs no case, and a mail that is only signed may do it */
  CMD_MIXED = 1 << 6,      /* reads or writes by its sub-command, which checks the rest itself */
};
/* A letter that came in, as the gate knows it. */
struct command_letter {
  int64_t id, party, at;   /* its number; row of its sender in the case, 0: none; when it came */
  const char *case_id;     /* whose it is */
  const char *subject, *text, *protection;
  bool in_clear;
  size_t others;           /* letters of the same sender in that case beside it */
};
/* One command of a mail. */
struct command {
  const struct command_row *row; /* NULL: unknown name */
  const char *name;   /* as written, lower case, without # */
  const char *args;   /* rest of the line(s), normalised (quotes, NBSP, dashes, wraps), trimmed */
  const char *text;   /* text block, LF, trimmed; "" */
  const char *line;   /* the line as written, cleaned, for the receipt */
  unsigned line_no;   /* 1 = first line of the text part */
  bool cut_uncertain; /* text: nothing was found to cut and no #end stood */
};
struct command_mail {
  struct command command[COMMAND_MAX];
  size_t count;
  bool dry_run;       /* #dry-run or #preview as first line */
  const char *note;   /* text that belongs to no command: an internal note; "" */
  const char *refuse; /* non-NULL: the whole mail is refused: why and how to mend it */
  size_t refuse_line;
};
struct command_source {
  const char *text;       /* first text/plain part under the signature (joined), UTF-8, LF */
  const char *format, *delsp; /* RFC 3676 parameters, "" */
  const char *cut_marker; /* our "write above this line", found quoted or not */
};
/* Leading block rules, text blocks, #end, ## escape, format=flowed, wraps, normalisation, quotation cut. Never fails:
 * what is wrong stands in refuse or in a command without row. */
void command_parse(struct pool *pool, const struct command_source *src, struct command_mail *out);
/* The gateway's own reference lines in signed text, quoted or not: every "Ref: ID/TAG" (id, tag pairs). */
struct command_ref { const char *case_id, *tag; };
size_t command_refs_in(struct pool *pool, const char *prefix, const char *text, struct command_ref **out);
/* The ids that #case, #merge, #duplicate, #link and #move lines name: the gate loads them before command_run. */
size_t command_cases_named(struct pool *pool, const struct command_mail *m, const char ***out);

/* ---- the plan ---- */
enum effect_kind {
  EFFECT_EVENT = 1,  /* kind + text: one line of the case's history */
  EFFECT_LETTER,     /* a letter to write */
  EFFECT_NOTE,       /* internal message to keep: text */
  EFFECT_ANSWER,     /* read-only answer to put into the receipt: what + args */
  EFFECT_KEY,        /* what = "import" (a key attached to the mail) | "accept" | "drop"; args = fingerprint, text = address */
  EFFECT_SPAM,       /* block the sender of the case: args = address; "" when the case has no reporter */
  EFFECT_APPROVE,    /* args = token, text = "as-shown" or ""; the gate writes the event */
  EFFECT_CANCEL,     /* args = token; the gate writes the event */
  EFFECT_EMBARGO,    /* the embargo has changed (its EVENT comes before it): all whom it concerns are told */
  EFFECT_MERGE,      /* to_vc was merged into vc: deadlines that still run in one of them keep their date */
  EFFECT_MOVE,       /* a letter of vc goes to to_vc */
  EFFECT_COPY,       /* a letter of vc is kept in to_vc, too */
  EFFECT_PUBLISH,    /* what = "publish" | "revise" | "withdraw"; at, text = what has changed or why; gate */
};
enum answer_kind { ANSWER_HELP = 1, ANSWER_LIST, ANSWER_SHOW, ANSWER_HISTORY, ANSWER_STATS, ANSWER_KEY_LIST, ANSWER_KEY_SHOW, ANSWER_DUE, ANSWER_FIELDS };
enum letter_to { TO_REPORTER = 1, TO_STAKEHOLDER, TO_PARTY, TO_SELF /* a form to be filed, to the analyst who asks */ };
struct effect {
  enum effect_kind kind;
  unsigned command;        /* index of the command that made it; command_mail.count: the note below the commands */
  int vc;                  /* index into plan.vc; -1: none */
  enum answer_kind answer;
  const char *what;        /* EVENT: event kind such as "rm.validate"; KEY: see above */
  const char *args;
  const char *text;        /* ANSWER_HELP: the answer itself */
  /* LETTER */
  enum letter_to to;
  size_t party;            /* TO_REPORTER: which of the case's parties */
  const char *to_name;     /* stakeholder's name, TO_PARTY: the party's address; "" for the reporter */
  const struct party *to_party; /* TO_PARTY: as it was when the command ran: a preview takes back what the command did */
  const char *template_name; /* "reply/plain", "notices/fda", ... without language and suffix */
  int gate;                /* persons that must release it: 0, 1, 2. With 0 first_answer_at and last_contact_at are set
                            * already; else whoever releases it sets them. */
  const char *fingerprint; /* key that an earlier command of this mail gave to the recipient; "" */
  bool preview_only;
  const struct embargo_change *embargo; /* EMBARGO; NULL */
  int64_t at;              /* PUBLISH: when; 0: at once */
  /* MERGE, MOVE, COPY */
  int to_vc;               /* index into plan.vc */
  size_t place;            /* MOVE, COPY: which party of to_vc; its party_count: nobody */
  struct command_letter letter;
  bool thread;             /* MOVE: all that was said with the letter's sender goes along */
};
struct command_result {
  enum status status;      /* OK, REJECT (ill-formed, unknown), DENIED (not allowed, illegal transition) */
  bool skipped;            /* OK, but another line failed, which reason names: nothing of it is done */
  int vc;                  /* index into plan.vc of the case that it was about; -1: none */
  const char *reason;      /* when ok: what changed, for the receipt, else why not and the correct usage */
};
struct plan {
  struct vuln_case *vc[COMMAND_CASES_MAX + 1]; /* changed copies; written back as a whole */
  bool vc_changed[COMMAND_CASES_MAX + 1];
  size_t vc_count;
  struct effect *effect;
  size_t effect_count, effect_cap;
  struct command_result result[COMMAND_MAX];
  struct command_result note; /* what became of command_mail.note; reason "" when there is none */
  bool failed;             /* one bad command: nothing is applied; only ANSWER effects are left then */
};
/* A key that is attached to the mail. */
struct command_key {
  const char *fingerprint;
  const char *const *address; /* addresses of its user ids */
  size_t address_count;
  const char *problem;        /* why it cannot be encrypted to; NULL */
};
struct command_world {
  const struct conf *conf;
  const struct conf_analyst *analyst; /* who signed */
  struct vuln_case *const *cases;     /* the bound case first (if any), then those that lines name. One that was merged: the
                                       * other one before it, and its merged_into names that. */
  size_t case_count;
  bool bound;                         /* cases[0] is bound by signed content */
  const char *next_id;                /* what #new will be called */
  int64_t now;
  bool encrypted;                     /* the mail came encrypted to us */
  const char *token;                  /* fresh random token for the reporter that #reporter adds. Stakeholders become parties
                                       * when the gate writes their letters. Other parties that are added have none: the gate
                                       * gives them one. */
  const struct command_key *attached;
  size_t attached_count;
  bool (*template_known)(void *self, const char *name);
  const char *const *forms;           /* what #file can make; NULL-terminated; NULL: none */
  const char *const *replies, *const *notices; /* templates below reply and notices, as forms */
  const char *const *answers;         /* what #field can say: template_answer_names(); NULL: nothing */
  const char *(*key_of)(void *self, const char *address); /* fingerprint of a usable key that we have of it; NULL: none, or no such function */
  const char *(*case_of_cve)(void *self, const char *cve); /* another case with that CVE id; NULL: none, or no such function */
  bool (*letter)(void *self, int64_t id, struct command_letter *out); /* a letter that came in, by its number; false: none */
  void *self;
};
/* Runs all commands on copies. Always fills plan; plan->failed says that nothing must be applied. With m->dry_run (and for
 * what stands under #preview) only ANSWER effects and letters with preview_only are left; the copies stay for rendering
 * them, with vc_changed false. Text of #reply whose end is uncertain (cut_uncertain) needs one person at least. */
void command_run(struct pool *pool, const struct command_world *w, const struct command_mail *m, struct plan *plan);

/* The plan of a mail that failed, when a command was carried out or in command_run(), which calls it itself: the questions that were well
 * are answered all the same, of the cases as they are stored; what is left of the plan are their ANSWER effects. Other lines become skipped. */
void command_keep_answers(struct pool *pool, const struct command_world *w, const struct command_mail *m, struct plan *plan);
/* Does it ask only? #key, #due and #field do by what stands behind them. False for an unknown one. */
bool command_only_asks(const struct command *cmd);

/* The token of "TOKEN [as-shown]" as people copy it; NULL: there is none. */
const char *command_release_token(struct pool *pool, const char *args);
/* The command that says a variable of a template ("#title TEXT"); "": the configuration does, or it comes of itself. */
const char *command_filling(struct pool *pool, const char *variable);
/* The command that tells what a deadline waits for ("#fact death yes or no" of "death"); "" when the word is none of those. */
const char *command_fact_telling(struct pool *pool, const char *word);

/* What a case is marked with; AMBER until #tlp says otherwise. */
enum tlp command_case_tlp(const struct vuln_case *vc);

/* ---- the table ---- */
struct command_context; /* private to the room */
struct command_row {
  const char *name;       /* "key" covers its sub-commands */
  const char *usage;      /* "#assign NAME..." */
  const char *help;       /* one or more sentences */
  unsigned flags;
  enum status (*run)(struct command_context *cx, const struct command *cmd, struct fault *err);
};
size_t command_table(const struct command_row **out);
const struct command_row *command_row_by_name(const char *name);
const char *command_nearest(const char *name); /* a constant; NULL: none is near */
/* Help text for #help [COMMAND]: plain text, without the names that only a daemon knows. */
char *command_help(struct pool *pool, const char *name);
/* Lines that a mail may hold; NULL: no such command. */
const char *command_example(const char *name);

/* ---- reporters' and participants' own verbs: alone on a line of the leading block ---- */
enum participant_verb {
  PV_NONE = 0, PV_STATUS, PV_KEY, PV_HELP, PV_CREDIT, PV_EMBARGO, PV_WITHDRAW, PV_AFFECTED, PV_NOT_AFFECTED, PV_INVESTIGATING, PV_FIXED
};
#define PARTICIPANT_MAX 8 /* verbs in one mail */
struct participant_command { enum participant_verb verb; const char *args; }; /* PV_NONE: not understood; args: the whole line */
struct participant_mail {
  struct participant_command command[PARTICIPANT_MAX]; /* lines of the leading block that begin with # and a word; none, when no word is a verb */
  size_t count;
  const char *below[PARTICIPANT_MAX]; /* lines further down, not quoted, that begin with a verb: not taken as commands */
  size_t below_count;
  bool more;             /* there are other words of theirs */
};
/* marker: as command_source.cut_marker. */
void command_participant(struct pool *pool, const char *text, const char *marker, struct participant_mail *out);

/* How well is it known that the party itself wrote it? */
enum participant_proof {
  PROOF_NO_KEY = 1, /* we know no key of it: it may ask (#status, #key, #help), the rest is a request */
  PROOF_MISSING,    /* we know its key, and this mail is not (freshly, for this case) signed by it: all of it is a request */
  PROOF_SIGNED,
};
enum participant_outcome { PARTICIPANT_DONE = 1, PARTICIPANT_REQUEST, PARTICIPANT_REFUSED };
struct participant_result {
  enum participant_outcome outcome;
  const char *line;    /* as understood: "#embargo propose 2027-01-31" */
  const char *reason;  /* what changed or why not: for the analysts */
  struct {
    const char *en, *de;
  } told;              /* why not, for the party itself; "" */
  const char *command; /* REQUEST: the line by which an analyst carries it out; "" */
};
struct participant_world {
  const struct conf *conf;
  const struct vuln_case *vc;
  size_t party;        /* who writes: index into vc->party */
  enum participant_proof proof;
  const char *key_waits; /* PROOF_NO_KEY, PROOF_MISSING: a key of theirs that nothing vouches for, by which they would sign; "", NULL */
  int64_t now;
  const struct participant_command *command;
  size_t count;        /* at most PARTICIPANT_MAX */
};
/* In order, on a copy: plan->vc[0], with the effects of those that were carried out; a refused one changes nothing and stops no other.
 * vc_changed[0] is false when none changed anything. */
void command_participant_run(struct pool *pool, const struct participant_world *w, struct plan *plan,
                             struct participant_result out[PARTICIPANT_MAX]);
/* The verbs that are of use to that role, a line each, for #help. */
char *command_participant_help(struct pool *pool, enum party_role role, const char *language);

/* What a party of the case may be sent at most: of a stakeholder what the configuration says, of others invite_clearance; the reporter knows
 * the matter. */
enum tlp command_clearance(const struct conf *c, const struct party *p);
/* May what is more than content-free go to it without encryption? lead: whoever decides is a lead analyst. */
bool command_clear_allowed(const struct conf *c, const struct vuln_case *vc, const struct party *p, bool lead);
#endif
