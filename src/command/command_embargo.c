/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/embargo: the embargo and the facts that end it. Which steps are legal, case_state.c's tables say. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

/* "2027-01-31 10:00 CET (2027-01-31T09:00:00Z)": the instant is exact, whoever reads it where. */
static const char *instant(struct command_context *cx, int64_t t)
{
  return time_both(cx->pool, t, cx->w->conf->zone);
}

static struct embargo_act acting(struct command_context *cx)
{
  return (struct embargo_act){ .pool = cx->pool,
                               .vc = command_case(cx),
                               .by = { cx->w->analyst->name, false },
                               .now = cx->w->now,
                               .notice_s = (int64_t)cx->w->conf->embargo_notice_h * 3600,
                               .zone = cx->w->conf->zone };
}

/* The history, and the mails to all whom it concerns. */
static void changed(struct command_context *cx, const struct embargo_change *ch)
{
  if (!text_empty(ch->kind))
    command_event(cx, ch->kind, "%s", ch->text);
  struct embargo_change *kept = pool_new_of(cx->pool, struct embargo_change);
  *kept = *ch;
  command_effect(cx, EFFECT_EMBARGO)->embargo = kept;
}

/* ---- #embargo ---- */
/* "for reporter", "for ADDRESS": an analyst passes on what somebody said by other means. */
static const struct party *party_named(const struct vuln_case *vc, const char *name)
{
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    bool named = text_ieq(p->address, name) || text_ieq(p->stakeholder, name) || text_ieq(party_role_name(p->role), name);
    if (named && embargo_concerns(p))
      return p;
  }
  return NULL;
}

static enum status speaks_for(struct command_context *cx, const char *name, struct embargo_act *a, struct fault *err)
{
  const struct party *p = party_named(a->vc, name);
  if (!p)
    return fault(err, ST_REJECT, "%s: \"%s\" keeps no embargo in this case: \"for reporter\", or an address, is wanted",
                 a->vc->id, command_short(cx->pool, name, 60));
  a->by = (struct embargo_who){ p->address, true };
  a->recorded_by = cx->w->analyst->name;
  return ST_OK;
}

static enum status propose(struct command_context *cx, const struct command *cmd, const struct embargo_act *a,
                           const char *date, struct fault *err)
{
  const struct conf *c = cx->w->conf;
  struct embargo_change ch;
  int64_t at;
  if (!date || !time_parse(date, cx->w->now, c->default_hour, c->zone, &at))
    return command_usage(cmd, err, command_no_date(cx->pool, date));
  enum status st = embargo_propose(a, at, &ch, err);
  if (st == ST_REJECT && at > a->now) {
    const char *why = pool_strdup(cx->pool, err->text);
    fault_clear(err);
    return fault(err, ST_REJECT, "%s (embargo_notice_h); a lead analyst ends it at once: #embargo terminate REASON", why);
  }
  if (st != ST_OK)
    return st;
  changed(cx, &ch);
  command_say(cx, "%s: %s", a->vc->id, ch.said);
  return ST_OK;
}

static enum status answer(struct command_context *cx, const struct embargo_act *a, bool yes, struct fault *err)
{
  struct embargo_change ch;
  enum status st = yes ? embargo_accept(a, &ch, err) : embargo_reject(a, &ch, err);
  if (st != ST_OK)
    return st;
  changed(cx, &ch);
  command_say(cx, "%s: %s", a->vc->id, ch.said);
  return ST_OK;
}

/* Before its date an embargo ends by what has happened, which anybody may say, or by a decision, which is a lead analyst's. */
static bool may_terminate(const struct command_context *cx)
{
  const struct conf *c = cx->w->conf;
  bool leads = false;
  for (size_t i = 0; i < c->analyst_count; i++)
    leads |= c->analyst[i].lead;
  return cx->w->analyst->lead || !leads;
}

static enum status terminate(struct command_context *cx, const struct command *cmd, const struct embargo_act *a,
                             struct fault *err)
{
  struct embargo_change ch;
  const char *reason = cmd->args + strlen("terminate");
  reason += strspn(reason, " ");
  if (!*reason)
    return command_usage(cmd, err, "the reason is missing");
  if (!may_terminate(cx))
    return fault(err, ST_DENIED, "%s: a lead analyst decides that; what has happened ends it too: #public, #exploit-public, #attacks", a->vc->id);
  enum status st = embargo_terminate(a, reason, &ch, err);
  if (st != ST_OK)
    return st;
  changed(cx, &ch);
  command_say(cx, "%s: %s", a->vc->id, ch.said);
  return ST_OK;
}

enum status command_do_embargo(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  struct embargo_act a = acting(cx);
  if (n >= 1 && text_ieq(word[0], "terminate"))
    return terminate(cx, cmd, &a, err);
  if (n >= 3 && text_ieq(word[n - 2], "for")) {
    enum status st = speaks_for(cx, word[n - 1], &a, err);
    if (st != ST_OK)
      return st;
    n -= 2;
  }
  if (n >= 1 && n <= 2 && text_ieq(word[0], "propose"))
    return propose(cx, cmd, &a, n == 2 ? word[1] : NULL, err);
  if (n == 1 && text_ieq(word[0], "accept"))
    return answer(cx, &a, true, err);
  if (n == 1 && text_ieq(word[0], "reject"))
    return answer(cx, &a, false, err);
  return command_usage(cmd, err, "it needs propose, accept, reject or terminate");
}

/* ---- vulnerability facts ---- */
static const struct fact_rule {
  const char *command;
  enum cs_fact fact;
  const char *event;
  bool takes_url;
} fact_rules[] = {
  { "fix-ready", CS_FIX_READY, "cs.fix-ready", false },
  { "fix-deployed", CS_FIX_DEPLOYED, "cs.fix-deployed", false },
  { "public", CS_PUBLIC_AWARE, "cs.public", true },
  { "exploit-public", CS_EXPLOIT_PUBLIC, "cs.exploit-public", true },
  { "attacks", CS_ATTACKS, "cs.attacks", false },
};

static const struct fact_rule *rule_of(const struct command *cmd)
{
  for (size_t i = 0; i < ARRAY_LEN(fact_rules); i++)
    if (text_ieq(cmd->row->name, fact_rules[i].command))
      return &fact_rules[i];
  invariant(false);
  return NULL;
}

/* [DATE] [URL] */
static enum status fact_args(struct command_context *cx, const struct command *cmd, const struct fact_rule *f,
                             struct cs_when *when, const char **url, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word), i = 0;
  *when = (struct cs_when){ .at = cx->w->now, .zone = cx->w->conf->zone };
  *url = NULL;
  if (i < n && time_parse(word[i], cx->w->now, cx->w->conf->default_hour, cx->w->conf->zone, &when->at)) {
    when->whole_day = strlen(word[i]) == strlen("2027-01-31");
    i++;
  }
  if (i < n && f->takes_url && (text_istarts(word[i], "https://") || text_istarts(word[i], "http://")))
    *url = word[i++];
  if (i < n)
    return command_usage(cmd, err, pool_printf(cx->pool, "\"%s\" is not understood", word[i]));
  /* A day without an hour may be today: that is no future. */
  if (when->at > cx->w->now && when->whole_day && when->at - cx->w->now < 86400)
    when->at = cx->w->now;
  if (when->at > cx->w->now)
    return fault(err, ST_REJECT, "%s is in the future: say so when it has happened", instant(cx, when->at));
  return ST_OK;
}

bool command_ends_embargo(const char *name)
{
  return text_ieq(name, "public") || text_ieq(name, "exploit-public") || text_ieq(name, "attacks");
}

/* The loud part: what ended, who hears of it, and who knows of the case and does not. */
static const char *ended_words(struct command_context *cx, const struct embargo_change *ch)
{
  const struct vuln_case *vc = command_case(cx);
  struct buf told = buf_new(cx->pool, 80), not_told = buf_new(cx->pool, 80), invited = buf_new(cx->pool, 80);
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    if (embargo_bound(p))
      buf_printf(&told, "%s%s", told.len ? ", " : "", p->address);
    else if (embargo_only_invited(p))
      buf_printf(&invited, "%s%s", invited.len ? ", " : "", p->address);
    else if (!p->removed && !text_empty(p->stakeholder))
      buf_printf(&not_told, "%s#notify %s", not_told.len ? ", " : "", p->stakeholder);
    else if (!p->removed && !text_empty(p->address))
      buf_printf(&not_told, "%s%s", not_told.len ? ", " : "", p->address);
  }
  return pool_printf(cx->pool, "THIS ENDS THE EMBARGO, which held until %s; told: %s%s%s%s%s", instant(cx, ch->before),
                     told.len ? buf_str(&told) : "nobody outside", invited.len ? "; only invited, told what is public: " : "",
                     invited.len ? buf_str(&invited) : "", not_told.len ? "; NOT told, tell them: " : "",
                     not_told.len ? buf_str(&not_told) : "");
}

/* What the fact does to the embargo: case_embargo.c's rules and the configuration's policy. */
static void fact_ends(struct command_context *cx, const struct fact_rule *f)
{
  struct embargo_act a = acting(cx);
  struct embargo_change ch;
  enum embargo_attacks policy = EMBARGO_ATTACKS_LEAD;
  (void)embargo_attacks_parse(cx->w->conf->attacks_end_embargo, &policy);
  embargo_fact(&a, f->fact, policy, cx->w->analyst->lead, &ch);
  if (ch.what == EMBARGO_UNCHANGED) {
    if (f->fact == CS_ATTACKS && (a.vc->em == EM_ACTIVE || a.vc->em == EM_REVISE))
      command_say(cx, "the embargo stands (attacks_end_embargo = never); #embargo terminate REASON ends it");
    return;
  }
  changed(cx, &ch);
  command_say(cx, "%s", ch.what == EMBARGO_TERMINATED ? ended_words(cx, &ch) : ch.said);
}

enum status command_do_fact(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  const struct fact_rule *f = rule_of(cmd);
  const char *url;
  struct cs_when when;
  unsigned had = vc->cs;
  enum status st = fact_args(cx, cmd, f, &when, &url, err);
  if (st != ST_OK)
    return st;
  if ((st = cs_add(had, vc->rm, f->fact, &vc->cs, err)) != ST_OK)
    return fault_add(err, "%s", vc->id);
  if (had & 1u << f->fact)
    return fault(err, ST_DENIED, "%s: '%s' is known already, since %s", vc->id, cs_fact_name(f->fact),
                 vc->cs_at[f->fact] ? instant(cx, vc->cs_at[f->fact]) : "a time that is not known");
  int64_t public_at = vc->cs_at[CS_PUBLIC_AWARE];
  if ((st = cs_date(vc, had, f->fact, &when, err)) != ST_OK) {
    vc->cs = had;
    return fault_add(err, "%s", vc->id);
  }
  int64_t at = vc->cs_at[f->fact];
  bool moved = public_at && vc->cs_at[CS_PUBLIC_AWARE] != public_at;
  if (url)
    case_set(cx->pool, vc,
             &(struct case_field){
                 .name = "reference", .value = url, .extra = "", .at = cx->w->now, .by = cx->w->analyst->name });
  char cs[7];
  cs_string(vc->cs, cs);
  command_event(cx, f->event, "%s since %s%s, now %s", cs_fact_name(f->fact), time_iso(cx->pool, at),
                moved ? pool_printf(cx->pool, " (and with it public aware, not only since %s)", time_iso(cx->pool, public_at))
                      : "",
                cs);
  command_say(cx, "%s: %s since %s; the facts are %s", vc->id, cs_fact_name(f->fact), instant(cx, at), cs);
  if (moved)
    command_say(cx, "so it was public no later than that, not only since %s", instant(cx, public_at));
  fact_ends(cx, f);
  return ST_OK;
}
