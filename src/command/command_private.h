/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command: what the files of this room share. */
#ifndef COMMAND_PRIVATE_H
#define COMMAND_PRIVATE_H
#include <embargod/command.h>

#define COMMAND_ARGS_MAX 2000  /* bytes of a command's line with its continuations */
#define COMMAND_LINE_SHOWN 160 /* bytes of a line that a receipt repeats */
#define COMMAND_WORDS_MAX 64

/* ---- command_text.c: from a mail program's text to lines ---- */
struct text_line {
  struct bytes text; /* without its end; quoted ones begin with '>' */
  unsigned no;       /* first line of it in the text part, from 1 */
  bool quoted;
};
struct text_lines {
  struct text_line *line;
  size_t count;
};
/* Repairs UTF-8, undoes format=flowed and DelSp (RFC 3676). */
struct text_lines command_lines(struct pool *pool, const struct command_source *src);
/* One line for commands: typographic spaces, quotes and dashes to ASCII, white space to single spaces, links that mail
 * programs double to one, fingerprints in groups joined, nothing invisible; trimmed. */
char *command_normalise(struct pool *pool, struct bytes s);
bool text_line_blank(const struct text_line *l);

/* ---- command_parse.c ---- */
/* The row of the command that a line, indented or not, begins with; NULL: none. */
const struct command_row *command_line_row(struct pool *pool, struct bytes line);

/* ---- command_cut.c: quotation and signature at the end ---- */
struct text_cut {
  size_t end;         /* lines that are the sender's own */
  bool found;         /* something was cut */
  const char *refuse; /* it is not clear where the own text ends: why; NULL */
  size_t refuse_line;
};
struct text_cut command_cut(struct pool *pool, const struct text_lines *t, const char *marker);

/* ---- command_run.c: what a command's function works with ---- */
/* A key that this mail gave to an address. */
struct command_given {
  const char *address, *fingerprint;
};
struct command_context {
  struct pool *pool;
  const struct command_world *w;
  const struct command_mail *mail;
  struct plan *plan;
  unsigned command; /* index of the one that runs */
  int vc;           /* index into plan->vc of the case that the lines are about; -1: none */
  bool preview, opened;
  struct command_given *given;
  size_t given_count, given_cap;
  struct buf said; /* the receipt's sentence */
};
struct vuln_case *command_case(struct command_context *cx); /* CMD_NEEDS_CASE holds */
void command_say(struct command_context *cx, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct effect *command_effect(struct command_context *cx, enum effect_kind kind);
/* "" when this mail gave the address none. */
const char *command_given_key(const struct command_context *cx, const char *address);
/* Marks the case as changed and writes its history's line. */
void command_event(struct command_context *cx, const char *what, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The index in plan->vc of the case, copied there when needed; -1: the world does not have it. */
int command_select(struct command_context *cx, const char *id);
/* What the id leads to: the case that it was merged into, where it was; -1: none. */
int command_find(struct command_context *cx, const char *id);
int command_add_case(struct command_context *cx, struct vuln_case *vc);
/* Observers change nothing; what needs no case must have come encrypted. */
MUST_USE enum status command_may_write(struct command_context *cx, bool needs_case, struct fault *err);
/* All checks that the row's flags ask for, then its function. */
MUST_USE enum status command_run_one(struct command_context *cx, const struct command *cmd, struct fault *err);
/* The history of another case of this mail. */
void command_event_of(struct command_context *cx, int vc, const char *what, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* One step of report management, with its event and its words for the receipt. command_state.c */
MUST_USE enum status command_rm_step(struct command_context *cx, enum rm_event ev, const char *reason, struct fault *err);
/* A new case of this mail, of which the following lines are; embargo_days as case_open(). REJECT: there is one already. command_open.c */
MUST_USE enum status command_open_case(struct command_context *cx, const struct case_report *report, int embargo_days, struct fault *err);
MUST_USE enum status command_usage(const struct command *cmd, struct fault *err, const char *why);
/* REJECT when the command was given anything. */
MUST_USE enum status command_no_args(const struct command *cmd, struct fault *err);

/* command_fill.c: is there a form of that name? */
bool command_form_known(const struct command_context *cx, const char *name);

/* command_due.c: does a filing of that name meet a deadline? One that meets nothing would be believed to. */
bool command_filing_counts(const struct conf *c, const char *name);

/* ---- command_guide.c: what may stand in a command ---- */
enum command_names {
  NAMES_NONE = 0, NAMES_DATE, NAMES_STATE, NAMES_ROLE, NAMES_STATUS, NAMES_ANALYST, NAMES_STAKEHOLDER, NAMES_PRODUCT, NAMES_REASON, NAMES_DEADLINE,
  NAMES_FORM, NAMES_FILING, NAMES_FIELD, NAMES_REPLY, NAMES_NOTICE, NAMES_PARTICIPANT
};
/* Those of that kind; none of those that the configuration has when w is NULL. vc: for participants; NULL. */
size_t command_names(struct pool *pool, const struct command_world *w, const struct vuln_case *vc, enum command_names kind, const char ***out);
/* For a refusal: " (did you mean X?); there are: X, Y" */
const char *command_proposal(struct command_context *cx, enum command_names kind, const char *wrong);
/* For #help: names, forms of dates, an example. w, vc: NULL when they are not known. */
void command_put_guide(struct buf *b, struct pool *pool, const struct command_world *w, const struct vuln_case *vc, const char *name);

/* ---- command_args.c ---- */
/* Words apart by spaces and commas, "quoted ones" as one. Above COMMAND_WORDS_MAX the rest is left out. */
size_t command_words(struct pool *pool, const char *args, const char ***out);
/* Why a word is no DATE, and what one looks like. */
const char *command_no_date(struct pool *pool, const char *word);
/* Usage says "+ text" of what stands below the command. Who copies the + writes it in front of the text: what stands behind a + of its own,
 * or all of s. */
const char *command_behind_plus(const char *s);
/* args and text as one text: what stands on the command's own line comes first. */
char *command_whole_text(struct pool *pool, const struct command *cmd);
/* 40 or 64 hexadecimal digits, "0x", spaces and colons tolerated: upper case; NULL else. */
char *command_fingerprint(struct pool *pool, const char *s);
/* "a@b" or "Name <a@b>": the address with its domain in lower case, the name (may be ""). NULL: no address. */
char *command_address(struct pool *pool, const char *s, const char **name);
/* The nearest of count names, NULL when none is near. */
const char *command_nearest_of(const char *const *names, size_t count, const char *name);
/* " (did you mean X?)" or "" */
const char *command_did_you_mean(struct pool *pool, const char *mark, const char *near);
/* s in at most max bytes, with "..." where it was cut. */
const char *command_short(struct pool *pool, const char *s, size_t max);

/* ---- command_party.c, command_participant.c ---- */
/* The letter with what the party may know of the case. */
void command_details(struct command_context *cx, const struct party *p);
/* Its word, or an analyst's about it, that it keeps the embargo. False: that was known. */
bool command_party_accepts(struct command_context *cx, struct party *p, const char *how);

/* ---- the functions of the table ---- */
#define COMMAND_FN(name) enum status name(struct command_context *cx, const struct command *cmd, struct fault *err)
COMMAND_FN(command_do_help);
COMMAND_FN(command_do_list);
COMMAND_FN(command_do_show);
COMMAND_FN(command_do_history);
COMMAND_FN(command_do_case);
COMMAND_FN(command_do_new);
COMMAND_FN(command_do_reporter);
COMMAND_FN(command_do_spam);
COMMAND_FN(command_do_merge);
COMMAND_FN(command_do_duplicate);
COMMAND_FN(command_do_link);
COMMAND_FN(command_do_split);
COMMAND_FN(command_do_move);
COMMAND_FN(command_do_approve);
COMMAND_FN(command_do_cancel);
COMMAND_FN(command_do_take);
COMMAND_FN(command_do_assign);
COMMAND_FN(command_do_unassign);
COMMAND_FN(command_do_watch);
COMMAND_FN(command_do_unwatch);
COMMAND_FN(command_do_validate);
COMMAND_FN(command_do_invalidate);
COMMAND_FN(command_do_accept);
COMMAND_FN(command_do_defer);
COMMAND_FN(command_do_close);
COMMAND_FN(command_do_reopen);
COMMAND_FN(command_do_embargo);
COMMAND_FN(command_do_fact);
COMMAND_FN(command_do_line_field);
COMMAND_FN(command_do_text_field);
COMMAND_FN(command_do_list_field);
COMMAND_FN(command_do_product);
COMMAND_FN(command_do_vex);
COMMAND_FN(command_do_tag);
COMMAND_FN(command_do_tlp);
COMMAND_FN(command_do_cve);
COMMAND_FN(command_do_cwe);
COMMAND_FN(command_do_cvss);
COMMAND_FN(command_do_due);
COMMAND_FN(command_do_filed);
COMMAND_FN(command_do_remind);
COMMAND_FN(command_do_due_fact);
COMMAND_FN(command_do_ssvc);
COMMAND_FN(command_do_clinical);
COMMAND_FN(command_do_reference);
COMMAND_FN(command_do_adverse_events);
COMMAND_FN(command_do_stats);
COMMAND_FN(command_do_file);
COMMAND_FN(command_do_field);
COMMAND_FN(command_do_plan);
COMMAND_FN(command_do_fix);
COMMAND_FN(command_do_validated);
COMMAND_FN(command_do_note);
COMMAND_FN(command_do_reply);
COMMAND_FN(command_do_notify);
COMMAND_FN(command_do_ask);
COMMAND_FN(command_do_invite);
COMMAND_FN(command_do_remove);
COMMAND_FN(command_do_party);
COMMAND_FN(command_do_preview);
COMMAND_FN(command_do_publish);
COMMAND_FN(command_do_revise);
COMMAND_FN(command_do_withdraw);
COMMAND_FN(command_do_key);
COMMAND_FN(command_do_dry_run);
COMMAND_FN(command_do_end);
/* A fact that ends an embargo, and so may send mail: "public", "exploit-public", "attacks". command_embargo.c */
bool command_ends_embargo(const char *name);
#endif
