/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/team: who works on a case and who gets its mail. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define NAMES_SHOWN 16

static char *assignees(struct command_context *cx)
{
  const struct vuln_case *vc = command_case(cx);
  struct buf b = buf_new(cx->pool, 64);
  for (size_t i = 0, n = 0; i < vc->member_count; i++)
    if (vc->member[i].role == MEMBER_ASSIGNEE && n++ < NAMES_SHOWN)
      buf_printf(&b, "%s%s", b.len ? ", " : "", vc->member[i].analyst);
  return b.len ? buf_str(&b) : pool_strdup(cx->pool, "nobody");
}

static enum status find_analyst(struct command_context *cx, const char *name, const struct conf_analyst **out,
                                struct fault *err)
{
  const struct conf *c = cx->w->conf;
  *out = conf_analyst_by_name(c, name);
  if (*out)
    return ST_OK;
  return fault(err, ST_REJECT, "there is no analyst \"%s\"%s", command_short(cx->pool, name, 40), command_proposal(cx, NAMES_ANALYST, name));
}

static void assign_one(struct command_context *cx, const char *name)
{
  if (case_add_member(cx->pool, command_case(cx), name, MEMBER_ASSIGNEE))
    command_event(cx, "member.assign", "assigned to %s", name);
}

enum status command_do_take(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum status st = command_no_args(cmd, err);
  if (st != ST_OK)
    return st;
  const char *before = assignees(cx);
  assign_one(cx, cx->w->analyst->name);
  command_say(cx, "%s: assigned to %s (was: %s)", vc->id, assignees(cx), before);
  bool goes_on = false; /* a line below says it */
  for (size_t i = cx->command; i < cx->mail->count; i++)
    goes_on |= strcmp(cx->mail->command[i].name, "validate") == 0 || strcmp(cx->mail->command[i].name, "invalidate") == 0;
  if (vc->rm == RM_RECEIVED && !goes_on)
    command_say(cx, "it is still Received: #validate or #invalidate comes next");
  return ST_OK;
}

enum status command_do_assign(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **name, *before = assignees(cx);
  size_t n = command_words(cx->pool, cmd->args, &name);
  if (n == 0)
    return command_usage(cmd, err, pool_printf(cx->pool, "the name is missing%s", command_proposal(cx, NAMES_ANALYST, "")));
  for (size_t i = 0; i < n; i++) {
    const struct conf_analyst *a;
    enum status st = find_analyst(cx, name[i], &a, err);
    if (st != ST_OK)
      return st;
    if (a->observer)
      return fault(err, ST_DENIED, "%s is an observer: cases cannot be assigned to observers", a->name);
    assign_one(cx, a->name);
  }
  command_say(cx, "%s: assigned to %s (was: %s)", command_case(cx)->id, assignees(cx), before);
  return ST_OK;
}

/* Names that have left the configuration can be taken off as well. */
enum status command_do_unassign(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **name, *before = assignees(cx);
  size_t n = command_words(cx->pool, cmd->args, &name);
  if (n == 0)
    return command_usage(cmd, err, "the name is missing");
  for (size_t i = 0; i < n; i++) {
    struct vuln_case *vc = command_case(cx);
    if (!case_remove_member(vc, name[i], MEMBER_ASSIGNEE))
      return fault(err, ST_REJECT, "%s is not assigned to %s; assigned: %s", vc->id,
                   command_short(cx->pool, name[i], 40), before);
    const struct conf_analyst *a = conf_analyst_by_name(cx->w->conf, name[i]);
    command_event(cx, "member.unassign", "no longer assigned to %s", a ? a->name : name[i]);
  }
  command_say(cx, "%s: assigned to %s (was: %s)", command_case(cx)->id, assignees(cx), before);
  return ST_OK;
}

enum status command_do_watch(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *me = cx->w->analyst->name;
  enum status st = command_no_args(cmd, err);
  if (st != ST_OK)
    return st;
  if (!case_add_member(cx->pool, command_case(cx), me, MEMBER_WATCHER)) {
    command_say(cx, "you watch %s already", command_case(cx)->id);
    return ST_OK;
  }
  command_event(cx, "member.watch", "watched by %s", me);
  command_say(cx, "you watch %s now", command_case(cx)->id);
  return ST_OK;
}

enum status command_do_unwatch(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *me = cx->w->analyst->name;
  enum status st = command_no_args(cmd, err);
  if (st != ST_OK)
    return st;
  const struct vuln_case *vc = command_case(cx);
  bool watched = case_remove_member(command_case(cx), me, MEMBER_WATCHER);
  if (watched)
    command_event(cx, "member.unwatch", "no longer watched by %s", me);
  command_say(cx, watched ? "you no longer watch %s" : "you did not watch %s", vc->id);
  if (case_has_member(vc, me, MEMBER_ASSIGNEE))
    command_say(cx, "its mail goes on: it is assigned to you (#unassign %s)", me);
  else if (cx->w->analyst->duty)
    command_say(cx, "its letters and alarms go on: you are on duty (duty = yes in the configuration)");
  return ST_OK;
}
