/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/letter: what leaves the house (and the note, which does not), previews, releases. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define TOKEN_LENGTH 16

enum status command_do_note(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *text = command_whole_text(cx->pool, cmd);
  if (text_empty(text))
    return command_usage(cmd, err, "its text is missing");
  command_effect(cx, EFFECT_NOTE)->text = text;
  command_event(cx, "note", "internal note of %s", cx->w->analyst->name);
  command_say(cx, "%s: the note is saved; it never leaves the team", command_case(cx)->id);
  return ST_OK;
}

static bool template_known(struct command_context *cx, const char *name)
{
  return cx->w->template_known && cx->w->template_known(cx->w->self, name);
}

/* FOLDER/NAME from what a person wrote: names are lower case letters, digits and '-'; no other folder can be reached.
 */
static const char *template_in(struct command_context *cx, const char *folder, const char *name)
{
  size_t len = strlen(folder);
  if (text_istarts(name, folder) && name[len] == '/')
    name += len + 1;
  const char *lower = text_lower(cx->pool, name);
  if (lower[0] == '\0' || lower[strspn(lower, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
    return NULL;
  return pool_printf(cx->pool, "%s/%s", folder, lower);
}

/* ---- #reply ---- */

/* Why a reporter cannot be answered as things are; OK otherwise. */
static enum status reporter_reachable(struct command_context *cx, const struct party *reporter, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  if (!text_empty(reporter->fingerprint) || text_ieq(cx->w->conf->reply_clear, "allow"))
    return ST_OK;
  if (text_ieq(cx->w->conf->reply_clear, "lead"))
    return vc->reporter_clear_ok
               ? ST_OK
               : fault(err, ST_DENIED,
                       "the reporter has no key that we know, and no lead analyst has allowed replies in "
                       "clear; #key import or #key accept gives a key, #reporter clear yes (lead analysts) "
                       "allows it");
  return fault(err, ST_DENIED,
               "the reporter has no key that we know, and replies in clear are forbidden (reply_clear = never); "
               "#key import or #key accept gives a key");
}

/* One mail an address, although a person may be two parties after a merge. */
static bool had_before(const struct vuln_case *vc, size_t party)
{
  for (size_t i = 0; i < party; i++)
    if (vc->party[i].role == PARTY_REPORTER && !vc->party[i].removed && text_ieq(vc->party[i].address, vc->party[party].address))
      return true;
  return false;
}

/* All who reported it, or the one who has that address. One who was invited as a reporter is written to when named, and once the
 * embargo is accepted. */
static enum status reply_to(struct command_context *cx, const char *address, size_t **party, size_t *count, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  *count = 0;
  *party = pool_array(cx->pool, vc->party_count + 1, sizeof **party);
  if (vc->spam)
    return fault(err, ST_DENIED, "%s is marked as spam: nobody is written to about it", vc->id);
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    if (p->removed || p->role != PARTY_REPORTER || text_empty(p->address) || had_before(vc, i) ||
        (address && !text_ieq(p->address, address)) || (p->invited_at && !address))
      continue;
    if (!case_party_entitled(vc, p))
      return fault(err, ST_DENIED, "%s has not accepted the embargo; #ask %s writes there, and waits for an #approve", p->address, p->address);
    (*party)[(*count)++] = i;
  }
  if (*count)
    return ST_OK;
  return address ? fault(err, ST_DENIED, "%s is no reporter of %s", command_short(cx->pool, address, 80), vc->id)
                 : fault(err, ST_DENIED, "%s has no reporter; #reporter ADDRESS names one", vc->id);
}

/* Text of which we do not know where it ends must be looked at before it goes out. */
static int reply_gate(struct command_context *cx, const struct command *cmd)
{
  int gate = cx->w->conf->gate_reply;
  return cmd->cut_uncertain && gate < 1 ? 1 : gate;
}

static void say_gate(struct command_context *cx, int gate, bool uncertain)
{
  if (cx->preview || gate == 0)
    return;
  if (gate >= 2)
    command_say(cx, "it waits for the #approve of a second person, a lead analyst");
  else if (uncertain)
    command_say(cx,
                "it waits for your #approve, because where your text ends is not certain; with #end below the text it "
                "would have gone out at once");
  else
    command_say(cx, "it waits for your #approve");
}

static enum status reply_one(struct command_context *cx, const struct command *cmd, const char *name, size_t party, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  const struct party *reporter = &vc->party[party];
  enum status st = reporter_reachable(cx, reporter, err);
  if (st != ST_OK)
    return case_reporter(vc) == reporter ? st : fault_add(err, "%s", reporter->address);
  struct effect *e = command_effect(cx, EFFECT_LETTER);
  e->to = TO_REPORTER;
  e->party = party;
  e->template_name = name;
  e->text = cmd->text;
  e->fingerprint = command_given_key(cx, reporter->address);
  e->gate = reply_gate(cx, cmd);
  command_say(cx, "%s: reply to %s, %s", vc->id, reporter->address,
              text_empty(reporter->fingerprint) ? "signed, IN CLEAR" : "signed and encrypted");
  return ST_OK;
}

/* [TEMPLATE] [ADDRESS], in either order. */
static enum status reply_args(struct command_context *cx, const struct command *cmd, const char **name, const char **address,
                              struct fault *err)
{
  const char **word, *own = NULL;
  size_t n = command_words(cx->pool, cmd->args, &word);
  *address = NULL;
  for (size_t i = 0; i < n; i++) {
    const char **into = strchr(word[i], '@') ? address : &own;
    if (*into)
      return command_usage(cmd, err, "only a template's name and one reporter's address may stand behind it; the text begins on the next line");
    *into = word[i];
  }
  *name = own ? template_in(cx, "reply", own) : "reply/plain";
  if (!*name || !template_known(cx, *name))
    return fault(err, ST_REJECT, "there is no template \"%s\" for replies%s; the text begins on the line below #reply",
                 own ? command_short(cx->pool, own, 40) : *name, command_proposal(cx, NAMES_REPLY, own ? own : ""));
  if (strcmp(*name, "reply/plain") == 0 && text_empty(cmd->text))
    return command_usage(cmd, err, "its text is missing");
  return ST_OK;
}

enum status command_do_reply(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *name = "", *address = NULL;
  size_t *party = NULL, count = 0;
  struct vuln_case *vc = command_case(cx);
  int gate = reply_gate(cx, cmd);
  enum status st = reply_args(cx, cmd, &name, &address, err);
  if (st == ST_OK)
    st = reply_to(cx, address, &party, &count, err);
  for (size_t i = 0; i < count && st == ST_OK; i++)
    st = reply_one(cx, cmd, name, party[i], err);
  if (st != ST_OK)
    return st;
  if (gate == 0) {
    vc->last_contact_at = cx->w->now;
    if (vc->first_answer_at == 0)
      vc->first_answer_at = cx->w->now;
  }
  command_event(cx, "reply", "%s to %s (%s)", gate ? "reply written" : "reply",
                address ? vc->party[party[0]].address : count > 1 ? "each reporter" : "the reporter", name);
  say_gate(cx, gate, cmd->cut_uncertain && cx->w->conf->gate_reply < 1);
  return ST_OK;
}

/* ---- #notify ---- */

struct notice_list {
  const struct conf_stakeholder **to;
  size_t count, cap;
};

static void add_recipient(struct command_context *cx, struct notice_list *l, const struct conf_stakeholder *s)
{
  for (size_t i = 0; i < l->count; i++)
    if (l->to[i] == s)
      return;
  l->to = pool_grow(cx->pool, l->to, l->count, &l->cap, sizeof *l->to);
  l->to[l->count++] = s;
}

static bool add_name(struct command_context *cx, struct notice_list *l, const char *name)
{
  const struct conf *c = cx->w->conf;
  const struct conf_stakeholder *one = conf_stakeholder_by_name(c, name);
  if (one)
    add_recipient(cx, l, one);
  bool any = one != NULL;
  for (size_t i = 0; i < c->stakeholder_count && !one; i++)
    for (const char **g = c->stakeholder[i].groups; g && *g; g++)
      if (text_ieq(*g, name)) {
        add_recipient(cx, l, &c->stakeholder[i]);
        any = true;
        break;
      }
  return any;
}

static enum status unknown_stakeholder(struct command_context *cx, const char *name, struct fault *err)
{
  return fault(err, ST_REJECT, "there is no stakeholder, group or notice template \"%s\"%s", command_short(cx->pool, name, 40),
               command_proposal(cx, NAMES_STAKEHOLDER, name));
}

/* The template that stands for a kind of stakeholder where neither the configuration nor its name gives one. */
static const char *const notice_of_role[] = {
  [PARTY_REGULATOR] = "notices/fda",     [PARTY_COORDINATOR] = "notices/cisa",  [PARTY_ISAC] = "notices/isac",
  [PARTY_CUSTOMER] = "notices/customer", [PARTY_SUPPLIER] = "notices/supplier",
};

static const char *notice_template(struct command_context *cx, const struct conf_stakeholder *s)
{
  if (!text_empty(s->template_name))
    return template_in(cx, "notices", s->template_name);
  const char *own = template_in(cx, "notices", s->name), *kind = template_in(cx, "notices", s->kind ? s->kind : "");
  if (own && template_known(cx, own))
    return own;
  if (kind && template_known(cx, kind))
    return kind;
  enum party_role role;
  return party_role_parse(s->kind, &role) && role < ARRAY_LEN(notice_of_role) ? notice_of_role[role] : NULL;
}

/* Who was asked to keep the embargo and has not said yes gets nothing of the matter by another way. */
static enum status not_bound(struct command_context *cx, const struct conf_stakeholder *s, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    if (!p->removed && text_ieq(p->stakeholder, s->name) && !case_party_entitled(vc, p))
      return fault(err, ST_DENIED, "%s: %s was invited and %s: no notice goes there before they keep the embargo; #remove %s takes the "
                   "invitation back", s->name, s->name, p->status == PARTY_WITHDRAWN ? "has withdrawn" : "has not accepted the embargo", s->name);
  }
  return ST_OK;
}

static enum status may_notify(struct command_context *cx, const struct conf_stakeholder *s, struct fault *err)
{
  enum tlp tlp = command_case_tlp(command_case(cx));
  bool has_key = !text_empty(s->fingerprint) || !text_empty(s->key_file);
  if (tlp > s->clearance)
    return fault(err, ST_DENIED,
                 "%s: the case is TLP:%s, but %s may see TLP:%s at most; #tlp changes the case, the configuration "
                 "the clearance",
                 s->name, tlp_name(tlp), s->name, tlp_name(s->clearance));
  if (!has_key && (!s->clear_allowed || tlp > TLP_GREEN))
    return fault(err, ST_DENIED, "%s: there is no key for %s, and a notice marked TLP:%s does not go out in clear%s",
                 s->name, s->name, tlp_name(tlp),
                 s->clear_allowed ? "" : " (nor does the configuration allow it for this stakeholder)");
  return not_bound(cx, s, err);
}

static enum status notify_one(struct command_context *cx, const struct conf_stakeholder *s, const char *template_name,
                              struct fault *err)
{
  const char *name = template_name ? template_name : notice_template(cx, s);
  if (!name || !template_known(cx, name))
    return fault(err, ST_REJECT, "%s: there is no template %s; write #notify %s TEMPLATE%s", s->name,
                 name ? name : "for this kind of stakeholder", s->name, command_proposal(cx, NAMES_NOTICE, ""));
  enum status st = may_notify(cx, s, err);
  if (st != ST_OK)
    return st;
  struct effect *e = command_effect(cx, EFFECT_LETTER);
  e->to = TO_STAKEHOLDER;
  e->to_name = s->name;
  e->template_name = name;
  e->gate = cx->w->conf->gate_notify;
  command_event(cx, "notify", "%s to %s (%s)", cx->w->conf->gate_notify ? "notice written" : "notice", s->name, name);
  command_say(cx, "notice to %s from %s", s->name, name);
  return ST_OK;
}

enum status command_do_notify(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word, *template_name = NULL;
  size_t n = command_words(cx->pool, cmd->args, &word);
  struct notice_list list = { 0 };
  for (size_t i = 0; i < n; i++) {
    if (add_name(cx, &list, word[i]))
      continue;
    template_name = i > 0 && i + 1 == n ? template_in(cx, "notices", word[i]) : NULL;
    if (!template_name || !template_known(cx, template_name))
      return unknown_stakeholder(cx, word[i], err);
  }
  if (list.count == 0)
    return command_usage(cmd, err, pool_printf(cx->pool, "the name is missing%s", command_proposal(cx, NAMES_STAKEHOLDER, "")));
  if (command_case(cx)->spam)
    return fault(err, ST_DENIED, "%s is marked as spam: nobody is written to about it", command_case(cx)->id);
  enum status st = ST_OK;
  for (size_t i = 0; i < list.count && st == ST_OK; i++)
    st = notify_one(cx, list.to[i], template_name, err);
  if (st == ST_OK)
    say_gate(cx, cx->w->conf->gate_notify, false);
  return st;
}

/* ---- #preview ---- */

static struct command inner_command(struct command_context *cx, const struct command *cmd)
{
  const char *args = cmd->args[0] == '#' ? cmd->args + 1 : cmd->args;
  size_t len = strcspn(args, " ");
  struct command inner = *cmd;
  inner.name = text_lower(cx->pool, pool_strndup(cx->pool, args, len));
  inner.row = command_row_by_name(inner.name);
  inner.args = args[len] == ' ' ? args + len + 1 : "";
  return inner;
}

/* Takes back all that the command did since effect number `from`, save for the letters, which become previews. */
static size_t keep_letters(struct plan *p, size_t from)
{
  size_t kept = from;
  for (size_t i = from; i < p->effect_count; i++) {
    struct effect e = p->effect[i];
    if (e.kind != EFFECT_LETTER && e.kind != EFFECT_EMBARGO && e.kind != EFFECT_PUBLISH)
      continue;
    e.preview_only = true;
    p->effect[kept++] = e;
  }
  p->effect_count = kept;
  return kept - from;
}

enum status command_do_preview(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct command inner = inner_command(cx, cmd);
  if (cmd->args[0] == '\0')
    return command_usage(cmd, err, "the command is missing (alone it must be the first line of the mail)");
  bool fact = command_ends_embargo(inner.name);
  if (inner.row && !fact && !(inner.row->flags & CMD_OUTSIDE))
    return fault(err, ST_REJECT, "#%s sends no mail: there is nothing to preview", inner.row->name);
  struct plan *p = cx->plan;
  size_t effects = p->effect_count;
  struct vuln_case *before = case_copy(cx->pool, p->vc[cx->vc]);
  bool changed = p->vc_changed[cx->vc];
  cx->preview = true;
  enum status st = command_run_one(cx, &inner, err);
  cx->preview = false;
  bool many = fact || strcmp(inner.name, "embargo") == 0; /* one effect, a letter to each whom it concerns */
  size_t letters = keep_letters(p, effects);
  p->vc[cx->vc] = before;
  p->vc_changed[cx->vc] = changed;
  bool publication = letters && p->effect[effects].kind == EFFECT_PUBLISH;
  if (st == ST_OK && publication)
    command_say(cx, "preview only: a mail with the documents is on its way to you, nothing is changed and nothing published");
  else if (st == ST_OK && many)
    command_say(cx, "preview only: the letters are below, nothing is changed and nothing sent");
  else if (st == ST_OK)
    command_say(cx, "preview only: %zu %s, nothing is changed and nothing sent", letters,
                letters == 1 ? "letter" : "letters");
  return st;
}

/* ---- #approve, #cancel ---- */

/* Sixteen characters a-z2-7, as people copy them: any case, in brackets or with a full stop. */
const char *command_release_token(struct pool *pool, const char *args)
{
  const char *word = pool_strndup(pool, args, strcspn(args, " "));
  const char *s = text_lower(pool, word + strspn(word, "[(<"));
  size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz234567");
  bool rest = s[len + strspn(s + len, "])>.,")] != '\0';
  return len == TOKEN_LENGTH && !rest ? pool_strndup(pool, s, len) : NULL;
}

static enum status release(struct command_context *cx, const struct command *cmd, enum effect_kind kind,
                           struct fault *err)
{
  bool approve = kind == EFFECT_APPROVE;
  size_t len = strcspn(cmd->args, " ");
  const char *token = command_release_token(cx->pool, cmd->args);
  const char *rest = cmd->args + len + strspn(cmd->args + len, " ");
  if (token && *rest && !(approve && text_ieq(rest, COMMAND_AS_SHOWN)))
    return command_usage(cmd, err, approve ? "behind the token may only stand as-shown" : "nothing may stand behind the token");
  if (!token)
    return command_usage(cmd, err,
                         "a token has 16 letters and digits; it stands in the mail that showed you the preview");
  struct effect *e = command_effect(cx, kind);
  e->args = token;
  e->text = rest;
  /* Only the gate knows of which case it is and what waits there, and writes the history's line. */
  if (cx->vc >= 0)
    cx->plan->vc_changed[cx->vc] = true;
  command_say(cx, approve ? "released what waited under %s" : "dropped what waited under %s", token);
  return ST_OK;
}

enum status command_do_approve(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return release(cx, cmd, EFFECT_APPROVE, err);
}

enum status command_do_cancel(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return release(cx, cmd, EFFECT_CANCEL, err);
}
