/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/open: which case it is about, new cases, their reporter. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define TITLE_MAX 300

enum status command_do_case(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  if (command_words(cx->pool, cmd->args, &word) != 1)
    return command_usage(cmd, err, "it needs one case id");
  if (!case_id_valid(cx->w->conf->case_prefix, word[0]))
    return fault(err, ST_REJECT, "\"%s\" is no case id; ids look like %s-2026-0001",
                 command_short(cx->pool, word[0], 40), cx->w->conf->case_prefix);
  int vc = command_find(cx, word[0]);
  if (vc < 0)
    return fault(err, ST_REJECT, "there is no case %s", word[0]);
  cx->vc = vc;
  command_say(cx, "what follows is about %s", cx->plan->vc[vc]->id);
  if (!text_ieq(cx->plan->vc[vc]->id, word[0]))
    command_say(cx, "%s was merged into it", text_upper(cx->pool, word[0]));
  return ST_OK;
}

enum status command_open_case(struct command_context *cx, const struct case_report *report, int embargo_days,
                              struct fault *err)
{
  if (cx->opened)
    return fault(err, ST_REJECT, "one mail opens one case: send another mail for the next one");
  struct vuln_case *vc = case_open(cx->pool, report, embargo_days);
  vc->id = pool_strdup(cx->pool, cx->w->next_id ? cx->w->next_id : "");
  cx->vc = command_add_case(cx, vc);
  cx->opened = true;
  return ST_OK;
}

enum status command_do_new(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const struct command_world *w = cx->w;
  if (cmd->args[0] == '\0')
    return command_usage(cmd, err, "the title is missing");
  if (strlen(cmd->args) > TITLE_MAX)
    return fault(err, ST_REJECT, "the title is longer than %d bytes", TITLE_MAX);
  struct case_report report = { .subject = cmd->args, .received_at = w->now };
  enum status st = command_open_case(cx, &report, w->conf->embargo_days, err);
  if (st != ST_OK)
    return st;
  struct vuln_case *vc = command_case(cx);
  vc->channel = "phone";
  if (cmd->text[0])
    case_set(cx->pool, vc,
             &(struct case_field){ .name = "description", .value = cmd->text, .at = w->now, .by = w->analyst->name });
  command_event(cx, "case.new", "opened by %s for a report that did not come by mail", w->analyst->name);
  if (vc->em == EM_ACTIVE)
    command_event(cx, "embargo.implicit", "default embargo until %s", time_iso(cx->pool, vc->embargo_until));
  command_say(cx, "opened %s \"%s\"", vc->id, cmd->args);
  return ST_OK;
}

/* Mail to ourselves or to the team as "reporter" would run in circles or hide a reply among internal mail. */
static enum status refuse_own_address(struct command_context *cx, const char *address, struct fault *err)
{
  if (text_ieq(address, cx->w->conf->address))
    return fault(err, ST_REJECT, "that is the gateway's own address");
  if (conf_analyst_by_address(cx->w->conf, address))
    return fault(err, ST_REJECT, "that is an analyst's address, not a reporter's");
  return ST_OK;
}

static enum status reporter_clear(struct command_context *cx, bool yes, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  if (!cx->w->analyst->lead)
    return fault(err, ST_DENIED, "only lead analysts decide on replies in clear");
  const char *policy = cx->w->conf->reply_clear;
  if (yes && text_ieq(policy, "never"))
    return fault(err, ST_DENIED,
                 "the configuration forbids replies in clear in every case (reply_clear = never): get the reporter's key with #key import or "
                 "#key accept, or have an operator set reply_clear = lead and reload embargod");
  if (!yes && text_ieq(policy, "allow"))
    return fault(err, ST_DENIED,
                 "the configuration allows replies in clear in every case (reply_clear = allow): an operator may set reply_clear = lead and "
                 "reload embargod");
  const char *was = vc->reporter_clear_ok ? "allowed" : "not allowed", *is = yes ? "allowed" : "not allowed";
  vc->reporter_clear_ok = yes;
  command_event(cx, "reporter.clear", "replies in clear: %s -> %s", was, is);
  command_say(cx, "%s: replies in clear to a reporter without a key: %s (was: %s)", vc->id, is, was);
  return ST_OK;
}

static bool is_reporter(const struct vuln_case *vc, const char *address)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (vc->party[i].role == PARTY_REPORTER && !vc->party[i].removed && text_ieq(vc->party[i].address, address))
      return true;
  return false;
}

/* Of this mail, or known from another case; "" */
static const char *known_key(struct command_context *cx, const char *address)
{
  const char *given = command_given_key(cx, address);
  const char *stored = text_empty(given) && cx->w->key_of ? cx->w->key_of(cx->w->self, address) : NULL;
  return stored ? stored : given;
}

enum status command_do_reporter(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word, *name;
  size_t n = command_words(cx->pool, cmd->args, &word);
  if (n == 2 && text_ieq(word[0], "clear") && (text_ieq(word[1], "yes") || text_ieq(word[1], "no")))
    return reporter_clear(cx, text_ieq(word[1], "yes"), err);
  char *address = command_address(cx->pool, cmd->args, &name);
  if (!address)
    return command_usage(cmd, err, "that is no mail address");
  enum status st = refuse_own_address(cx, address, err);
  if (st != ST_OK)
    return st;
  struct vuln_case *vc = command_case(cx);
  struct party *was = case_reporter(vc);
  const char *before = was ? was->address : "nobody";
  if (is_reporter(vc, address)) {
    command_say(cx, "%s: the reporter is %s already", vc->id, address);
    return ST_OK;
  }
  if (was)
    was->removed = true;
  struct party *p =
      case_add_party(cx->pool, vc,
                     &(struct party){ .role = PARTY_REPORTER, .name = name, .address = address, .token = cx->w->token });
  const char *key = known_key(cx, address);
  if (!text_empty(key))
    p->fingerprint = key;
  command_event(cx, "party.reporter", "reporter: %s -> %s", before, address);
  command_say(cx, "%s: reporter: %s -> %s", vc->id, before, address);
  if (text_empty(p->fingerprint))
    command_say(cx, "we have no key of theirs: #key import (attached) or #key accept brings one");
  if (text_empty(p->fingerprint) && vc->reporter_clear_ok && !cx->w->analyst->lead) {
    vc->reporter_clear_ok = false;
    command_say(cx, "replies in clear are no longer allowed: a lead analyst allowed them for another reporter");
  }
  return ST_OK;
}
