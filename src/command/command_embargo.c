/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/embargo: the embargo and the facts that end it. Which steps are legal, case_state.c's tables say. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define HABITABLE_NOT (1u << CS_PUBLIC_AWARE | 1u << CS_EXPLOIT_PUBLIC | 1u << CS_ATTACKS)

/* "2027-01-31 10:00 CET (2027-01-31T09:00:00Z)": the instant is exact, whoever reads it where. */
static const char *instant(struct command_context *cx, int64_t t)
{
  return pool_printf(cx->pool, "%s (%s)", time_local(cx->pool, t, cx->w->conf->zone), time_iso(cx->pool, t));
}

/* ---- #embargo ---- */
/* Once it is known outside there is nothing left to keep: no embargo is proposed or accepted (Vultron's habitable
 * zone). */
static enum status habitable(const struct vuln_case *vc, enum em_event ev, struct fault *err)
{
  unsigned why = vc->cs & HABITABLE_NOT;
  if (!why)
    return ST_OK;
  return fault(err, ST_DENIED, "%s: no embargo can %s any more: %s", vc->id,
               ev == EM_EV_PROPOSE ? "be proposed" : "be accepted",
               why & 1u << CS_EXPLOIT_PUBLIC ? "an exploit is public"
               : why & 1u << CS_PUBLIC_AWARE ? "the vulnerability is public"
                                             : "attacks were observed");
}

static enum status step(struct vuln_case *vc, enum em_event ev, struct fault *err)
{
  enum em_state to;
  enum status st = em_next(vc->em, ev, &to, err);
  if (st != ST_OK)
    return fault_add(err, "%s", vc->id);
  vc->em = to;
  return ST_OK;
}

/* Of two dates the earlier holds at once; the later one is a revision that is proposed. */
static enum status shortest_wins(struct command_context *cx, int64_t held, int64_t asked, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum status st = vc->em == EM_PROPOSED ? step(vc, EM_EV_ACCEPT, err) : ST_OK;
  if (st == ST_OK)
    st = step(vc, EM_EV_PROPOSE, err);
  if (st != ST_OK)
    return st;
  vc->embargo_until = held < asked ? held : asked;
  vc->embargo_proposed = held < asked ? asked : held;
  command_event(cx, "embargo.propose", "proposed until %s; until %s holds", time_iso(cx->pool, asked),
                time_iso(cx->pool, vc->embargo_until));
  command_say(cx, "%s: the embargo holds until %s: the shorter one wins; until %s is a proposed revision", vc->id,
              instant(cx, vc->embargo_until), instant(cx, vc->embargo_proposed));
  return ST_OK;
}

static enum status propose(struct command_context *cx, const struct command *cmd, const char *date, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  const struct conf *c = cx->w->conf;
  int64_t at;
  if (!date || !time_parse(date, cx->w->now, c->default_hour, c->zone, &at))
    return command_usage(cmd, err, "it needs a DATE such as 2027-01-31, 2027-01-31T14:00Z or +30d");
  if (at <= cx->w->now)
    return fault(err, ST_REJECT, "%s: %s is not in the future", vc->id, instant(cx, at));
  enum status st = habitable(vc, EM_EV_PROPOSE, err);
  if (st != ST_OK)
    return st;
  int64_t held = vc->em == EM_PROPOSED ? vc->embargo_proposed : vc->embargo_until;
  if (vc->em != EM_NONE && vc->em != EM_EXITED && held == at)
    return fault(err, ST_DENIED, "%s: until %s is what there is already", vc->id, instant(cx, at));
  if (vc->em != EM_NONE && vc->em != EM_EXITED)
    return shortest_wins(cx, held, at, err);
  if ((st = step(vc, EM_EV_PROPOSE, err)) != ST_OK)
    return st;
  vc->embargo_proposed = at;
  command_event(cx, "embargo.propose", "proposed until %s", time_iso(cx->pool, at));
  command_say(cx, "%s: an embargo until %s is proposed", vc->id, instant(cx, at));
  return ST_OK;
}

static enum status accept(struct command_context *cx, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum status st = habitable(vc, EM_EV_ACCEPT, err);
  if (st == ST_OK)
    st = step(vc, EM_EV_ACCEPT, err);
  if (st != ST_OK)
    return st;
  if (vc->embargo_proposed <= cx->w->now)
    return fault(err, ST_DENIED, "%s: the proposed end, %s, is past", vc->id, instant(cx, vc->embargo_proposed));
  vc->embargo_until = vc->embargo_proposed;
  vc->embargo_proposed = 0;
  command_event(cx, "embargo.accept", "agreed until %s", time_iso(cx->pool, vc->embargo_until));
  command_say(cx, "%s: the embargo holds until %s", vc->id, instant(cx, vc->embargo_until));
  return ST_OK;
}

static enum status reject(struct command_context *cx, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  int64_t rejected = vc->embargo_proposed;
  enum status st = step(vc, EM_EV_REJECT, err);
  if (st != ST_OK)
    return st;
  vc->embargo_proposed = 0;
  command_event(cx, "embargo.reject", "rejected: until %s", time_iso(cx->pool, rejected));
  if (vc->em == EM_ACTIVE)
    command_say(cx, "%s: rejected; the embargo until %s stands", vc->id, instant(cx, vc->embargo_until));
  else
    command_say(cx, "%s: rejected; there is no embargo", vc->id);
  return ST_OK;
}

/* Ends what is agreed, drops what is only proposed. */
static enum status terminate(struct command_context *cx, const char *reason, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum status st = step(vc, vc->em == EM_PROPOSED ? EM_EV_REJECT : EM_EV_TERMINATE, err);
  if (st != ST_OK)
    return st;
  vc->embargo_until = vc->em == EM_EXITED ? cx->w->now : 0; /* since when it is over */
  vc->embargo_proposed = 0;
  command_event(cx, "embargo.terminate", "ended: %s", reason);
  return ST_OK;
}

enum status command_do_embargo(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  if (n >= 1 && n <= 2 && text_ieq(word[0], "propose"))
    return propose(cx, cmd, n == 2 ? word[1] : NULL, err);
  if (n == 1 && text_ieq(word[0], "accept"))
    return accept(cx, err);
  if (n == 1 && text_ieq(word[0], "reject"))
    return reject(cx, err);
  if (n == 0 || !text_ieq(word[0], "terminate"))
    return command_usage(cmd, err, "it needs propose, accept, reject or terminate");
  const char *reason = cmd->args + strlen("terminate");
  reason += strspn(reason, " ");
  if (!*reason)
    return command_usage(cmd, err, "the reason is missing");
  if (command_case(cx)->em == EM_PROPOSED)
    return fault(err, ST_DENIED, "%s: the embargo is only proposed: #embargo reject drops it", command_case(cx)->id);
  enum status st = terminate(cx, reason, err);
  if (st == ST_OK)
    command_say(cx, "%s: the embargo has ended", command_case(cx)->id);
  return st;
}

/* ---- vulnerability facts ---- */
static const struct fact_rule {
  const char *command;
  enum cs_fact fact;
  const char *event;
  bool takes_url, ends; /* ends the embargo, whoever says it */
} fact_rules[] = {
  { "fix-ready", CS_FIX_READY, "cs.fix-ready", false, false },
  { "fix-deployed", CS_FIX_DEPLOYED, "cs.fix-deployed", false, false },
  { "public", CS_PUBLIC_AWARE, "cs.public", true, true },
  { "exploit-public", CS_EXPLOIT_PUBLIC, "cs.exploit-public", true, true },
  { "attacks", CS_ATTACKS, "cs.attacks", false, false },
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
                             int64_t *at, const char **url, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word), i = 0;
  *at = cx->w->now;
  *url = NULL;
  if (i < n && time_parse(word[i], cx->w->now, cx->w->conf->default_hour, cx->w->conf->zone, at))
    i++;
  if (i < n && f->takes_url && (text_istarts(word[i], "https://") || text_istarts(word[i], "http://")))
    *url = word[i++];
  if (i < n)
    return command_usage(cmd, err, pool_printf(cx->pool, "\"%s\" is not understood", word[i]));
  /* A day without an hour may be today: that is no future. */
  if (*at > cx->w->now && strlen(n ? word[0] : "") == strlen("2027-01-31") && *at - cx->w->now < 86400)
    *at = cx->w->now;
  if (*at > cx->w->now)
    return fault(err, ST_REJECT, "%s is in the future: say so when it has happened", instant(cx, *at));
  return ST_OK;
}

/* Attacks end an embargo once a lead analyst has said so. */
static enum status fact_ends(struct command_context *cx, const struct fact_rule *f, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  if (vc->em == EM_NONE || vc->em == EM_EXITED || (!f->ends && f->fact != CS_ATTACKS))
    return ST_OK;
  if (!f->ends && !cx->w->analyst->lead) {
    command_say(cx, "the embargo should end: a lead analyst decides, with #embargo terminate REASON");
    return ST_OK;
  }
  enum status st = terminate(cx, cs_fact_name(f->fact), err);
  if (st == ST_OK)
    command_say(cx, "the embargo has ended");
  return st;
}

enum status command_do_fact(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  const struct fact_rule *f = rule_of(cmd);
  const char *url;
  int64_t at;
  unsigned had = vc->cs;
  enum status st = fact_args(cx, cmd, f, &at, &url, err);
  if (st != ST_OK)
    return st;
  if ((st = cs_add(had, vc->rm, f->fact, &vc->cs, err)) != ST_OK)
    return fault_add(err, "%s", vc->id);
  if (had & 1u << f->fact)
    return fault(err, ST_DENIED, "%s: '%s' is known already, since %s", vc->id, cs_fact_name(f->fact),
                 vc->cs_at[f->fact] ? instant(cx, vc->cs_at[f->fact]) : "a time that is not known");
  for (unsigned i = 0; i < CS_FACTS; i++)
    if ((vc->cs & ~had) >> i & 1)
      vc->cs_at[i] = at;
  if (url)
    case_set(cx->pool, vc,
             &(struct case_field){
                 .name = "reference", .value = url, .extra = "", .at = cx->w->now, .by = cx->w->analyst->name });
  char cs[7];
  cs_string(vc->cs, cs);
  command_event(cx, f->event, "%s since %s, now %s", cs_fact_name(f->fact), time_iso(cx->pool, at), cs);
  command_say(cx, "%s: %s since %s; the facts are %s", vc->id, cs_fact_name(f->fact), instant(cx, at), cs);
  return fact_ends(cx, f, err);
}
