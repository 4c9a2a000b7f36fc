/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/advisory: publishing. What the documents lack, and which versions there are, the gate knows; here stands who may, when, and
 * what the embargo says. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define SUMMARY_MAX_BYTES 500

static const char *instant(struct command_context *cx, int64_t t)
{
  return time_both(cx->pool, t, cx->w->conf->zone);
}

static bool embargo_holds(const struct vuln_case *vc)
{
  return vc->em == EM_ACTIVE || vc->em == EM_REVISE;
}

/* at 0: at once. */
static enum status may_publish(struct command_context *cx, int64_t at, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  int64_t when = at ? at : cx->w->now;
  if (text_empty(cx->w->conf->site_url))
    return fault(err, ST_DENIED, "there is no site to publish on: site_url in embargod.conf(5) names it");
  if (vc->spam)
    return fault(err, ST_DENIED, "%s is marked as spam", vc->id);
  if (vc->rm == RM_START || vc->rm == RM_RECEIVED || vc->rm == RM_INVALID)
    return fault(err, ST_DENIED, "%s is %s: only a report that was found valid is published (#validate)", vc->id, rm_state_name(vc->rm));
  if (embargo_holds(vc) && vc->embargo_until > when)
    return fault(err, ST_DENIED,
                 "the embargo of %s holds until %s: publish then (#publish %s), or move its end first (#embargo propose DATE, "
                 "#embargo terminate REASON)",
                 vc->id, instant(cx, vc->embargo_until), time_iso(cx->pool, vc->embargo_until));
  return ST_OK;
}

static void say_when(struct command_context *cx, int64_t at)
{
  const struct vuln_case *vc = command_case(cx);
  command_say(cx, "on the public site, as TLP:CLEAR, %s", at ? pool_printf(cx->pool, "at %s", instant(cx, at)) : "at once");
  if (command_case_tlp(vc) != TLP_CLEAR)
    command_say(cx, "with that the case, now TLP:%s, becomes TLP:CLEAR", tlp_name(command_case_tlp(vc)));
  if (at && embargo_holds(vc) && vc->embargo_until < at)
    command_say(cx, "the embargo ends before that, at %s", instant(cx, vc->embargo_until));
}

static bool another_lead(const struct command_context *cx)
{
  const struct conf *c = cx->w->conf;
  for (size_t i = 0; i < c->analyst_count; i++)
    if (c->analyst[i].lead && strcmp(c->analyst[i].name, cx->w->analyst->name) != 0)
      return true;
  return false;
}

static void say_gate(struct command_context *cx)
{
  int gate = cx->w->conf->gate_publish;
  if (cx->preview)
    return;
  if (gate >= 2)
    command_say(cx, "it waits for the #approve of a second person, a lead analyst%s",
                another_lead(cx) ? "" : ", and the configuration has none but you: nobody can approve it (lead = yes in embargod.conf(5))");
  else if (gate == 1)
    command_say(cx, "it waits for your #approve");
}

static enum status publish(struct command_context *cx, const char *what, int64_t at, const char *summary, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  bool under_embargo = cx->preview && !at && embargo_holds(vc) && vc->embargo_until > cx->w->now;
  if (under_embargo) /* to be seen at any time, as it would be at its earliest */
    at = vc->embargo_until;
  enum status st = may_publish(cx, at, err);
  if (st != ST_OK)
    return st;
  struct effect *e = command_effect(cx, EFFECT_PUBLISH);
  e->what = what;
  e->at = at;
  e->text = summary;
  e->gate = cx->w->conf->gate_publish;
  command_event(cx, "publication.asked", "#%s %s%s%s", what, at ? pool_printf(cx->pool, "for %s", time_iso(cx->pool, at)) : "at once", *summary ? ": " : "", summary);
  command_say(cx, "%s: %s", command_case(cx)->id,
              !strcmp(what, "publish")  ? "the advisory"
              : !strcmp(what, "revise") ? "a new version of the advisory"
                                        : "the advisory, marked as withdrawn");
  say_when(cx, at);
  if (under_embargo)
    command_say(cx, "not before, because of the embargo");
  say_gate(cx);
  return ST_OK;
}

/* A DATE in front, and what stands behind it. */
static enum status date_in_front(struct command_context *cx, const char *args, int64_t *at, const char **rest, struct fault *err)
{
  const struct conf *c = cx->w->conf;
  const char *word = pool_strndup(cx->pool, args, strcspn(args, " "));
  *at = 0;
  *rest = args;
  if (!*word || !time_parse(word, cx->w->now, c->default_hour, c->zone, at)) {
    *at = 0;
    return ST_OK;
  }
  *rest = args + strlen(word);
  *rest += strspn(*rest, " ");
  if (*at <= cx->w->now)
    return fault(err, ST_REJECT, "%s has passed; without a DATE it is published at once", instant(cx, *at));
  return ST_OK;
}

enum status command_do_publish(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *rest;
  int64_t at;
  enum status st = date_in_front(cx, cmd->args, &at, &rest, err);
  if (st != ST_OK)
    return st;
  if (*rest)
    return command_usage(cmd, err, "it needs a DATE such as 2027-01-31, 2027-01-31T14:00Z or +3d, or nothing");
  return publish(cx, "publish", at, "", err);
}

/* One paragraph. */
static enum status summary_of(struct command_context *cx, const struct command *cmd, const char *args, const char **out, struct fault *err)
{
  struct bytes line, rest = bytes_str(pool_printf(cx->pool, "%s\n%s", args, cmd->text));
  struct buf b = buf_new(cx->pool, 200);
  while (bytes_next_line(&rest, &line)) {
    line = bytes_trim(line);
    if (line.len && b.len)
      buf_addc(&b, ' ');
    buf_add(&b, line);
  }
  *out = buf_str(&b);
  if (!b.len)
    return command_usage(cmd, err, "it must say why: the words are public");
  if (b.len > SUMMARY_MAX_BYTES)
    return fault(err, ST_REJECT, "its words are %zu bytes long; at most %d stand in the history of the advisory", b.len, SUMMARY_MAX_BYTES);
  return ST_OK;
}

enum status command_do_revise(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *rest, *summary;
  int64_t at;
  enum status st = date_in_front(cx, cmd->args, &at, &rest, err);
  if (st == ST_OK)
    st = summary_of(cx, cmd, rest, &summary, err);
  return st == ST_OK ? publish(cx, "revise", at, summary, err) : st;
}

enum status command_do_withdraw(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *summary;
  enum status st = summary_of(cx, cmd, cmd->args, &summary, err);
  return st == ST_OK ? publish(cx, "withdraw", 0, summary, err) : st;
}
