/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/state: report management transitions. Which are legal, case_state.c's table says. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

static const char *const event_kind[RM_EVENTS] = { "rm.receive", "rm.validate", "rm.invalidate", "rm.accept",
                                                   "rm.defer",   "rm.close",    "rm.reopen" };

enum status command_rm_step(struct command_context *cx, enum rm_event ev, const char *reason, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum rm_state from = vc->rm, to;
  enum status st = rm_next(from, ev, &to, err);
  if (st != ST_OK)
    return fault_add(err, "%s", vc->id);
  vc->rm = to;
  vc->closed_at = to == RM_CLOSED ? cx->w->now : 0;
  command_event(cx, event_kind[ev], "%s -> %s%s%s", rm_state_name(from), rm_state_name(to), reason[0] ? ": " : "",
                reason);
  command_say(cx, "%s: %s -> %s", vc->id, rm_state_name(from), rm_state_name(to));
  return ST_OK;
}

static enum status with_reason(struct command_context *cx, const struct command *cmd, enum rm_event ev,
                               struct fault *err)
{
  if (cmd->args[0] == '\0')
    return command_usage(cmd, err, "the reason is missing");
  return command_rm_step(cx, ev, cmd->args, err);
}

static enum status without_reason(struct command_context *cx, const struct command *cmd, enum rm_event ev,
                                  struct fault *err)
{
  enum status st = command_no_args(cmd, err);
  return st == ST_OK ? command_rm_step(cx, ev, "", err) : st;
}

enum status command_do_validate(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return without_reason(cx, cmd, RM_EV_VALIDATE, err);
}

enum status command_do_invalidate(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return with_reason(cx, cmd, RM_EV_INVALIDATE, err);
}

enum status command_do_accept(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return without_reason(cx, cmd, RM_EV_ACCEPT, err);
}

enum status command_do_defer(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return with_reason(cx, cmd, RM_EV_DEFER, err);
}

/* Does a line of this mail, above or below, write to the reporter? */
static bool mail_replies(const struct command_context *cx)
{
  for (size_t i = 0; i < cx->mail->count; i++)
    if (strcmp(cx->mail->command[i].name, "reply") == 0)
      return true;
  return false;
}

/* What a closed case leaves open: said, not refused. */
static void warn_of_open_ends(struct command_context *cx)
{
  const struct vuln_case *vc = command_case(cx);
  const struct party *reporter = case_reporter(vc);
  const char *zone = cx->w->conf->zone;
  if (vc->em == EM_ACTIVE || vc->em == EM_REVISE)
    command_say(cx, "WARNING: the embargo runs on until %s; #embargo terminate REASON ends it now", time_local(cx->pool, vc->embargo_until, zone));
  if (!reporter || text_empty(reporter->address) || mail_replies(cx))
    return;
  if (!vc->first_answer_at)
    command_say(cx, "WARNING: nobody has answered the reporter yet; #reply tells them what became of their report");
  else
    command_say(cx, "WARNING: the reporter is not told of it, last written to on %s; #reply tells them", time_local(cx->pool, vc->last_contact_at, zone));
}

enum status command_do_close(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  enum status st = with_reason(cx, cmd, RM_EV_CLOSE, err);
  if (st == ST_OK)
    warn_of_open_ends(cx);
  return st;
}

enum status command_do_reopen(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  enum status st = with_reason(cx, cmd, RM_EV_REOPEN, err);
  if (st == ST_OK)
    command_case(cx)->spam = false;
  return st;
}

/* Spam takes the two legal steps at once, so that the tables stay the only judge. */
enum status command_do_spam(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum status st = command_no_args(cmd, err);
  if (st == ST_OK && vc->rm != RM_INVALID)
    st = command_rm_step(cx, RM_EV_INVALIDATE, "spam", err);
  if (st == ST_OK)
    st = command_rm_step(cx, RM_EV_CLOSE, "spam", err);
  if (st != ST_OK)
    return st;
  const struct party *reporter = case_reporter(vc);
  vc->spam = true;
  struct effect *e = command_effect(cx, EFFECT_SPAM);
  e->args = reporter ? reporter->address : "";
  command_event(cx, "case.spam", "marked as spam");
  command_say(cx, reporter ? "marked as spam, its sender is blocked" : "marked as spam");
  return ST_OK;
}
