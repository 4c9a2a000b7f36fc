/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/structure: cases that become one, that are named in each other, letters that belong to another case. */
#include <config.h>

#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

#include "command_private.h"

#define TITLE_MAX 300
#define LETTER_DIGITS 15

/* ---- what the lines name ---- */

/* Index of the case that the id leads to. One that was merged leads to the other: *merged, when wanted, tells. */
static enum status other_case(struct command_context *cx, const char *id, int *vc, const char **merged,
                              struct fault *err)
{
  if (!case_id_valid(cx->w->conf->case_prefix, id))
    return fault(err, ST_REJECT, "\"%s\" is no case id; ids look like %s-2026-0001", command_short(cx->pool, id, 40),
                 cx->w->conf->case_prefix);
  *vc = command_find(cx, id);
  if (*vc < 0)
    return fault(err, ST_REJECT, "there is no case %s", text_upper(cx->pool, id));
  bool is_it = text_ieq(cx->plan->vc[*vc]->id, id);
  if (merged)
    *merged = is_it ? NULL : text_upper(cx->pool, id);
  if (*vc == cx->vc && is_it)
    return fault(err, ST_REJECT, "%s is the case that this line is about: name another one", cx->plan->vc[*vc]->id);
  return ST_OK;
}

static enum status one_case(struct command_context *cx, const struct command *cmd, int *vc, const char **merged,
                            struct fault *err)
{
  const char **word;
  if (command_words(cx->pool, cmd->args, &word) != 1)
    return command_usage(cmd, err, "it needs one case id");
  return other_case(cx, word[0], vc, merged, err);
}

/* A letter's number, of a letter of the case that the line is about. */
static enum status letter_of(struct command_context *cx, const struct command *cmd, const char *word,
                             struct command_letter *out, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  size_t digits = word ? strspn(word, "0123456789") : 0;
  if (!digits || digits > LETTER_DIGITS || word[digits])
    return command_usage(cmd, err, "it needs the number of a letter; #show gives the number of each");
  int64_t id = strtoll(word, NULL, 10);
  if (!cx->w->letter || !cx->w->letter(cx->w->self, id, out) || command_find(cx, out->case_id) != cx->vc)
    return fault(err, ST_REJECT, "%s has no letter %" PRId64 " from outside; #show gives the number of each", vc->id,
                 id);
  for (size_t i = 0; i < cx->plan->effect_count; i++)
    if (cx->plan->effect[i].kind == EFFECT_MOVE && cx->plan->effect[i].letter.id == id)
      return fault(err, ST_REJECT, "letter %" PRId64 " was given to another case by a line above", id);
  return ST_OK;
}

static size_t party_of(const struct vuln_case *vc, int64_t id)
{
  size_t i = 0;
  while (i < vc->party_count && (id == 0 || vc->party[i].id != id))
    i++;
  return i;
}

/* ---- links ---- */

static bool has_link(const struct vuln_case *vc, const char *id)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (strcmp(vc->field[i].name, "link") == 0 && text_ieq(vc->field[i].value, id))
      return true;
  return false;
}

/* false: it was there. A link that says more stays. */
static bool link_to(struct command_context *cx, int vc, const char *id, const char *what)
{
  struct vuln_case *c = cx->plan->vc[vc];
  for (size_t i = 0; i < c->field_count; i++)
    if (strcmp(c->field[i].name, "link") == 0 && text_ieq(c->field[i].value, id) &&
        (text_empty(what) || strcmp(c->field[i].extra, what) == 0))
      return false;
  case_set(
      cx->pool, c,
      &(struct case_field){ .name = "link", .value = id, .extra = what, .at = cx->w->now, .by = cx->w->analyst->name });
  command_event_of(cx, vc, "case.link", "linked to %s%s%s", id, text_empty(what) ? "" : ": ", what);
  return true;
}

static bool link_both(struct command_context *cx, int a, const char *a_is, int b, const char *b_is)
{
  struct plan *p = cx->plan;
  bool first = link_to(cx, a, p->vc[b]->id, b_is), second = link_to(cx, b, p->vc[a]->id, a_is);
  return first || second;
}

static enum status unlink_one(struct command_context *cx, const char *id, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  int other;
  const char *merged;
  enum status st = other_case(cx, id, &other, &merged, err);
  if (st != ST_OK)
    return st;
  const char *named = cx->plan->vc[other]->id;
  if (merged && has_link(vc, merged))
    named = merged; /* the link says what it said before the merge */
  if (!case_unset(vc, "link", named))
    return fault(err, ST_DENIED, "%s has no link to %s", vc->id, named);
  command_event(cx, "case.unlink", "no longer linked to %s", named);
  if (other != cx->vc && case_unset(cx->plan->vc[other], "link", vc->id))
    command_event_of(cx, other, "case.unlink", "no longer linked to %s", vc->id);
  command_say(cx, "%s and %s are no longer linked", vc->id, named);
  return ST_OK;
}

static enum status link_one(struct command_context *cx, const char *id, struct fault *err)
{
  int other;
  enum status st = other_case(cx, id, &other, NULL, err);
  if (st != ST_OK)
    return st;
  const char *ours = command_case(cx)->id, *theirs = cx->plan->vc[other]->id;
  if (other == cx->vc)
    return fault(err, ST_DENIED, "%s was merged into %s", text_upper(cx->pool, id), ours);
  command_say(cx, link_both(cx, cx->vc, "", other, "") ? "%s and %s are linked" : "%s and %s are linked already", ours,
              theirs);
  return ST_OK;
}

enum status command_do_link(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  enum status st = n ? ST_OK : command_usage(cmd, err, "it needs a case id");
  for (size_t i = 0; i < n && st == ST_OK; i++)
    st = word[i][0] == '-' ? unlink_one(cx, word[i] + 1, err) : link_one(cx, word[i], err);
  return st;
}

/* ---- #merge ---- */

/* The same news for the same people, who are this case's now. */
static const struct embargo_change *told_to(struct command_context *cx, const struct embargo_change *c, size_t parties_before)
{
  struct embargo_change *out = pool_new_of(cx->pool, struct embargo_change);
  *out = *c;
  out->first_party += parties_before;
  out->end_party = c->end_party ? c->end_party + parties_before : command_case(cx)->party_count;
  return out;
}

/* What this mail wrote to the other case's people, or gave to them, is for the same people, who are this case's now. */
static void take_letters(struct command_context *cx, int from, size_t parties_before)
{
  struct plan *p = cx->plan;
  for (size_t i = 0; i < p->effect_count; i++) {
    struct effect *e = &p->effect[i];
    if (e->kind == EFFECT_EMBARGO && e->vc == from) {
      e->vc = cx->vc;
      e->embargo = told_to(cx, e->embargo, parties_before);
    }
    if (e->kind == EFFECT_LETTER && e->vc == from) {
      e->vc = cx->vc;
      e->party += parties_before;
    }
    if ((e->kind == EFFECT_MOVE || e->kind == EFFECT_COPY) && e->to_vc == from) {
      e->to_vc = cx->vc;
      e->place += parties_before;
    }
  }
}

/* The stricter marking; a case without one is AMBER. */
static void stricter_tlp(struct command_context *cx, enum tlp ours, enum tlp theirs)
{
  struct vuln_case *vc = command_case(cx);
  enum tlp want = theirs > ours ? theirs : ours;
  if (command_case_tlp(vc) != want)
    case_set(
        cx->pool, vc,
        &(struct case_field){ .name = "tlp", .value = tlp_name(want), .at = cx->w->now, .by = cx->w->analyst->name });
}

static void say_reporters(struct command_context *cx)
{
  const struct vuln_case *vc = command_case(cx);
  struct buf b = buf_new(cx->pool, 80);
  size_t count = 0;
  for (size_t i = 0; i < vc->party_count; i++)
    if (vc->party[i].role == PARTY_REPORTER && !vc->party[i].removed)
      buf_printf(&b, "%s%s", count++ ? ", " : "", vc->party[i].address);
  command_say(cx, "reporter%s: %s%s", count > 1 ? "s" : "", count ? buf_str(&b) : "nobody",
              count > 1 ? ", each in a thread of their own" : "");
}

static const char *embargo_text(struct command_context *cx, const struct vuln_case *vc)
{
  if (vc->em == EM_NONE || vc->em == EM_PROPOSED)
    return pool_printf(cx->pool, "%s", em_state_name(vc->em));
  return pool_printf(cx->pool, "%s %s %s", em_state_name(vc->em), vc->em == EM_EXITED ? "since" : "until",
                     time_iso(cx->pool, vc->embargo_until));
}

/* What became of what they had: both values where they differed. */
static void say_state(struct command_context *cx, const char *what, const char *now, const char *const was[2],
                      const char *from)
{
  const char *id = command_case(cx)->id;
  if (strcmp(was[0], was[1]) == 0)
    command_say(cx, "%s: %s", what, now);
  else
    command_say(cx, "%s: %s (%s: %s, %s: %s)", what, now, id, was[0], from, was[1]);
}

static void say_merge(struct command_context *cx, const struct vuln_case *before, const struct vuln_case *from,
                      const struct case_merging *m)
{
  const struct vuln_case *vc = command_case(cx);
  const char *const report[2] = { rm_state_name(before->rm), rm_state_name(from->rm) };
  const char *const embargo[2] = { embargo_text(cx, before), embargo_text(cx, from) };
  command_say(cx, "%s takes in %s, whose id leads here from now on", vc->id, from->id);
  say_state(cx, "report", rm_state_name(vc->rm), report, from->id);
  say_state(cx, "embargo", embargo_text(cx, vc), embargo, from->id);
  say_reporters(cx);
  if (!text_empty(m->names))
    command_say(cx, "both had their own %s: the value that is gone is kept in a note", m->names);
  if (before->reporter_clear_ok != vc->reporter_clear_ok && !vc->reporter_clear_ok)
    command_say(cx, "replies in clear are no longer allowed: there are other reporters now");
  if (vc->cs & 1u << CS_ATTACKS && (vc->em == EM_ACTIVE || vc->em == EM_REVISE))
    command_say(
        cx, "attacks were observed: the embargo should end; a lead analyst decides, with #embargo terminate REASON");
  command_say(cx, "there is no way back");
}

static void record_merge(struct command_context *cx, int other, const struct vuln_case *before,
                         const struct case_merging *m)
{
  const struct vuln_case *vc = command_case(cx), *from = cx->plan->vc[other];
  command_event_of(cx, other, "case.merged", "merged into %s", vc->id);
  command_event(cx, "case.merge", "took in %s; report %s -> %s, embargo %s -> %s", from->id, rm_state_name(before->rm),
                rm_state_name(vc->rm), embargo_text(cx, before), embargo_text(cx, vc));
  if (!text_empty(m->note))
    command_effect(cx, EFFECT_NOTE)->text = m->note;
  struct effect *e = command_effect(cx, EFFECT_MERGE);
  e->to_vc = other;
}

static bool same_embargo(const struct vuln_case *a, const struct vuln_case *b)
{
  return a->em == b->em && a->embargo_until == b->embargo_until && a->embargo_proposed == b->embargo_proposed;
}

/* Whoever keeps the embargo hears of a date that is another one now; for the people of one of the two it may be what it was. */
static void tell_embargo(struct command_context *cx, const struct vuln_case *before, const struct vuln_case *from)
{
  struct vuln_case *vc = command_case(cx);
  struct embargo_act a = { .pool = cx->pool, .vc = vc, .by = { cx->w->analyst->name, false }, .now = cx->w->now, .zone = cx->w->conf->zone };
  struct embargo_change *change = pool_new_of(cx->pool, struct embargo_change);
  embargo_after_merge(&a, before, from, change);
  if (change->what == EMBARGO_UNCHANGED)
    return;
  const struct vuln_case *other = same_embargo(vc, before) ? from : same_embargo(vc, from) ? before : NULL;
  if (other)
    change->before = other->em == EM_ACTIVE || other->em == EM_REVISE ? other->embargo_until : 0;
  if (other == from)
    change->first_party = before->party_count;
  else if (other == before)
    change->end_party = before->party_count;
  if (other == before && !before->party_count)
    change->first_party = vc->party_count; /* nobody: a case that #new has opened */
  command_effect(cx, EFFECT_EMBARGO)->embargo = change;
  command_say(cx, "who keeps the embargo%s%s is told of the change", other ? " in " : "", other ? other->id : "");
}

enum status command_do_merge(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  int other;
  const char *merged;
  enum status st = one_case(cx, cmd, &other, &merged, err);
  if (st != ST_OK)
    return st;
  struct vuln_case *vc = command_case(cx), *from = cx->plan->vc[other];
  if (merged)
    return fault(err, ST_DENIED, "%s was merged into %s already", merged, from->id);
  const struct vuln_case *before = case_copy(cx->pool, vc);
  enum tlp ours = command_case_tlp(vc), theirs = command_case_tlp(from);
  struct case_merging m;
  if ((st = case_merge(cx->pool, vc, from, cx->w->now, &m, err)) != ST_OK)
    return st;
  stricter_tlp(cx, ours, theirs);
  take_letters(cx, other, before->party_count);
  record_merge(cx, other, before, &m);
  say_merge(cx, before, from, &m);
  tell_embargo(cx, before, from);
  return ST_OK;
}

/* ---- #duplicate ---- */

/* By legal steps: the tables stay the only judge. */
static enum status close_as(struct command_context *cx, const char *reason, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  enum status st = ST_OK;
  if (vc->rm == RM_RECEIVED)
    st = command_rm_step(cx, RM_EV_INVALIDATE, reason, err);
  else if (vc->rm == RM_VALID)
    st = command_rm_step(cx, RM_EV_DEFER, reason, err);
  return st == ST_OK ? command_rm_step(cx, RM_EV_CLOSE, reason, err) : st;
}

/* Replies in clear about `to` were allowed for others than this reporter of `from`. */
static void clear_for_newcomer(struct command_context *cx, const struct vuln_case *from, struct vuln_case *to,
                               const struct party *p)
{
  if (p->role != PARTY_REPORTER || !text_empty(p->fingerprint) || !to->reporter_clear_ok)
    return;
  to->reporter_clear_ok = from->reporter_clear_ok;
  command_say(cx, "replies in clear about %s: %s", to->id, to->reporter_clear_ok ? "allowed" : "no longer allowed");
}

/* A reporter who is one there already is not added a second time. */
static void reporters_join(struct command_context *cx, int other)
{
  const struct vuln_case *vc = command_case(cx);
  struct vuln_case *to = cx->plan->vc[other];
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    const struct party *there = case_party_by_address(to, p->address);
    if (p->role != PARTY_REPORTER || p->removed || text_empty(p->address) || there)
      continue;
    case_add_party(cx->pool, to,
                   &(struct party){
                       .role = PARTY_REPORTER, .name = p->name, .address = p->address, .fingerprint = p->fingerprint,
                                    .key_unproved = p->key_unproved });
    command_event_of(cx, other, "party.reporter", "another reporter: %s, of %s", p->address, vc->id);
    command_say(cx, "%s is a reporter of %s, too", p->address, to->id);
    clear_for_newcomer(cx, vc, to, p);
  }
}

enum status command_do_duplicate(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  int other;
  enum status st = one_case(cx, cmd, &other, NULL, err);
  if (st != ST_OK)
    return st;
  struct vuln_case *vc = command_case(cx), *to = cx->plan->vc[other];
  if (other == cx->vc)
    return fault(err, ST_DENIED, "%s was merged into this very case", cmd->args);
  if (to->spam)
    return fault(err, ST_DENIED, "%s is marked as spam", to->id);
  st = close_as(cx, pool_printf(cx->pool, "duplicate of %s", to->id), err);
  if (st != ST_OK)
    return st;
  (void)link_both(cx, cx->vc, "its duplicate", other, CASE_DUPLICATE_OF);
  command_say(cx, "%s is a duplicate of %s", vc->id, to->id);
  reporters_join(cx, other);
  if (vc->embargo_until && vc->em != EM_EXITED && to->em != EM_EXITED && vc->embargo_until < to->embargo_until)
    command_say(cx, "its reporter expects the embargo to end sooner, %s: agree on one date in %s (#embargo propose)",
                time_iso(cx->pool, vc->embargo_until), to->id);
  command_say(cx, "#reply duplicate tells the reporter; letters to %s go to the people of %s, too", vc->id, to->id);
  return ST_OK;
}

/* ---- #split, #move ---- */

static struct effect *letter_effect(struct command_context *cx, enum effect_kind kind, int from, int to, size_t party,
                                    const struct command_letter *l)
{
  struct effect *e = command_effect(cx, kind);
  e->vc = from;
  e->to_vc = to;
  e->place = party;
  e->letter = *l;
  cx->plan->vc_changed[from] = cx->plan->vc_changed[to] = true;
  return e;
}

/* Replies in clear were allowed to the reporters of a case: that says nothing of who wrote another letter. */
static void same_people(struct command_context *cx, struct vuln_case *vc, const struct vuln_case *from,
                        const struct party *writer)
{
  for (size_t i = 0; i < from->member_count; i++)
    (void)case_add_member(cx->pool, vc, from->member[i].analyst, from->member[i].role);
  vc->reporter_clear_ok = from->reporter_clear_ok && (!writer || writer->role == PARTY_REPORTER);
  vc->channel = from->channel;
  const char *tlp = case_get(from, "tlp");
  if (!text_empty(tlp))
    case_set(cx->pool, vc,
             &(struct case_field){ .name = "tlp", .value = tlp, .at = cx->w->now, .by = cx->w->analyst->name });
}

static enum status split_off(struct command_context *cx, const struct command_letter *l, const char *title,
                             struct fault *err)
{
  int from = cx->vc;
  const struct vuln_case *was = command_case(cx);
  size_t at = party_of(was, l->party);
  const struct party *p = at < was->party_count ? &was->party[at] : NULL;
  struct case_report report = { .subject = title,
                                .received_at = l->at,
                                .in_clear = l->in_clear,
                                .token = "",
                                .from_name = p ? p->name : "",
                                .from_address = p ? p->address : "",
                                .fingerprint = p ? p->fingerprint : "" };
  enum status st = command_open_case(cx, &report, 0, err);
  if (st != ST_OK)
    return st;
  struct vuln_case *vc = command_case(cx);
  if (vc->party_count)
    vc->party[0].key_unproved = p->key_unproved;
  embargo_inherit(cx->pool, vc, was); /* it holds for what is taken out of the letter, too */
  same_people(cx, vc, was, p);
  letter_effect(cx, EFFECT_COPY, from, cx->vc, 0, l);
  command_event(cx, "case.split", "opened from letter %" PRId64 " of %s", l->id, was->id);
  (void)link_both(cx, from, "split from it", cx->vc, "split off this one");
  command_say(cx, "opened %s \"%s\" from letter %" PRId64 ", reporter: %s", vc->id, title, l->id,
              p ? p->address : "nobody");
  command_say(cx, "embargo: %s", embargo_text(cx, vc));
  command_say(cx, "what follows is about %s", vc->id);
  return ST_OK;
}

enum status command_do_split(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  struct command_letter l;
  enum status st = command_words(cx->pool, cmd->args, &word) ? letter_of(cx, cmd, word[0], &l, err)
                                                             : command_usage(cmd, err, "the letter is missing");
  if (st != ST_OK)
    return st;
  const char *title = cmd->args + strcspn(cmd->args, " ");
  title += strspn(title, " ");
  if (!*title)
    return command_usage(cmd, err, "the title is missing");
  if (strlen(title) > TITLE_MAX)
    return fault(err, ST_REJECT, "the title is longer than %d bytes", TITLE_MAX);
  return split_off(cx, &l, title, err);
}

/* Has a line above given a letter to that party? */
static bool was_given(const struct command_context *cx, size_t party)
{
  for (size_t i = 0; i < cx->plan->effect_count; i++) {
    const struct effect *e = &cx->plan->effect[i];
    if ((e->kind == EFFECT_MOVE || e->kind == EFFECT_COPY) && e->to_vc == cx->vc && e->place == party)
      return true;
  }
  return false;
}

/* The sender's place in the other case: whoever has that address there, in the same role before all. Else the party
 * itself goes, with its token, when this was its only letter; else a new one is made. */
static size_t place_there(struct command_context *cx, struct vuln_case *to, const struct command_letter *l,
                          bool *thread)
{
  struct vuln_case *from = command_case(cx);
  size_t at = party_of(from, l->party), there = to->party_count;
  if (at == from->party_count)
    return there;
  struct party p = from->party[at];
  for (size_t i = to->party_count; i > 0; i--)
    if (!to->party[i - 1].removed && text_ieq(to->party[i - 1].address, p.address) &&
        (there == to->party_count || to->party[i - 1].role == p.role))
      there = i - 1;
  *thread = l->others == 0 && p.id != 0 && !was_given(cx, at);
  if (*thread) {
    memmove(from->party + at, from->party + at + 1, (from->party_count - at - 1) * sizeof *from->party);
    from->party_count--;
  }
  if (there < to->party_count)
    return there;
  if (!*thread) /* what was agreed with them here was not agreed there */
    p = (struct party){ .role = p.role,
                        .name = p.name,
                        .address = p.address,
                        .stakeholder = p.stakeholder,
                        .fingerprint = p.fingerprint,
                        .token = "",
                        .key_unproved = p.key_unproved };
  to->party = pool_grow(cx->pool, to->party, to->party_count, &to->party_cap, sizeof *to->party);
  to->party[to->party_count++] = p;
  clear_for_newcomer(cx, from, to, &p);
  return there;
}

/* The news of an embargo are for a range of parties; one that holds nobody begins behind the last. */
static const struct embargo_change *closed_up(struct command_context *cx, const struct embargo_change *c, size_t gone)
{
  struct embargo_change *out = pool_new_of(cx->pool, struct embargo_change);
  *out = *c;
  if (c->first_party > gone)
    out->first_party--;
  if (c->end_party > gone && --out->end_party == 0)
    out->first_party = command_case(cx)->party_count;
  return out;
}

/* Letters that this mail writes to parties that stand behind the one that went. */
static void parties_closed_up(struct command_context *cx, size_t gone, size_t to_party, int to)
{
  struct plan *p = cx->plan;
  for (size_t i = 0; i < p->effect_count; i++) {
    struct effect *e = &p->effect[i];
    if ((e->kind == EFFECT_MOVE || e->kind == EFFECT_COPY) && e->to_vc == cx->vc && e->place > gone)
      e->place--;
    if (e->kind == EFFECT_EMBARGO && e->vc == cx->vc)
      e->embargo = closed_up(cx, e->embargo, gone);
    if (e->kind != EFFECT_LETTER || e->to != TO_REPORTER || e->vc != cx->vc || e->party < gone)
      continue;
    if (e->party == gone) {
      e->vc = to;
      e->party = to_party;
    } else {
      e->party--;
    }
  }
}

static void say_move(struct command_context *cx, int other, const struct command_letter *l, size_t place, bool thread)
{
  const struct vuln_case *vc = command_case(cx), *to = cx->plan->vc[other];
  const char *who = place < to->party_count ? to->party[place].address : "nobody";
  const char *alone = pool_printf(cx->pool, "letter %" PRId64 " of %s", l->id, who);
  command_event(cx, "letter.moved", "%s is of %s now%s", alone, to->id,
                thread ? ", with all that was written to them" : "");
  command_event_of(cx, other, "letter.moved", "%s came here from %s%s", alone, vc->id,
                   thread ? ", with all that was written to them" : "");
  command_say(cx, "%s is of %s now%s", alone, to->id, thread ? ", and so is all that was written to them" : "");
  if (!case_reporter(vc))
    command_say(cx, "%s has no reporter left: #close or #merge it if it is empty", vc->id);
}

enum status command_do_move(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  int other;
  struct command_letter l;
  bool thread = false;
  size_t n = command_words(cx->pool, cmd->args, &word);
  enum status st =
      n == 2 ? letter_of(cx, cmd, word[0], &l, err) : command_usage(cmd, err, "it needs a letter and a case id");
  if (st == ST_OK)
    st = other_case(cx, word[1], &other, NULL, err);
  if (st != ST_OK)
    return st;
  if (other == cx->vc)
    return fault(err, ST_DENIED, "letter %" PRId64 " is of that case already", l.id);
  struct vuln_case *to = cx->plan->vc[other];
  if (to->spam)
    return fault(err, ST_DENIED, "%s is marked as spam", to->id);
  size_t at = party_of(command_case(cx), l.party), place = place_there(cx, to, &l, &thread);
  if (thread)
    parties_closed_up(cx, at, place, other);
  to->arrived_clear |= l.in_clear;
  letter_effect(cx, EFFECT_MOVE, cx->vc, other, place, &l)->thread = thread;
  say_move(cx, other, &l, place, thread);
  return ST_OK;
}
