/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/due: what people say of a deadline. It is kept as an entry of the history, from which the clocks are
 * computed. */
#include <config.h>

#include <embargod/due.h>
#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define REFERENCE_MAX 300

/* The first word of the arguments names a deadline of the configuration; *rest is what follows. */
static enum status deadline_named(struct command_context *cx, const struct command *cmd,
                                  const struct due_deadline **out, const char **rest, struct fault *err)
{
  const struct conf *c = cx->w->conf;
  size_t len = strcspn(cmd->args, " ");
  const char *name = pool_strndup(cx->pool, cmd->args, len);
  const char **names = pool_array(cx->pool, c->due_count + 1, sizeof *names);
  *rest = cmd->args + len + strspn(cmd->args + len, " ");
  if (!c->due_count)
    return fault(err, ST_REJECT, "the configuration has no deadlines: it needs a profile or deadline sections");
  if (!len)
    return command_usage(cmd, err, "the deadline's name is missing; #show lists them");
  for (size_t i = 0; i < c->due_count; i++) {
    names[i] = c->due[i].name;
    if (text_ieq(name, c->due[i].name)) {
      *out = &c->due[i];
      return ST_OK;
    }
  }
  return fault(err, ST_REJECT, "there is no deadline \"%s\"%s", command_short(cx->pool, name, 60),
               command_did_you_mean(cx->pool, "", command_nearest_of(names, c->due_count, name)));
}

static enum status too_long(const char *s, struct fault *err)
{
  return strlen(s) > REFERENCE_MAX ? fault(err, ST_REJECT, "longer than %d bytes", REFERENCE_MAX) : ST_OK;
}

static bool date_of(struct command_context *cx, const char *s, int64_t *out)
{
  return *s && time_parse(s, cx->w->now, cx->w->conf->default_hour, cx->w->conf->zone, out);
}

static const char *both_zones(struct command_context *cx, int64_t t)
{
  return pool_printf(cx->pool, "%s (%s)", time_iso(cx->pool, t), time_local(cx->pool, t, cx->w->conf->zone));
}

enum status command_do_due(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const struct due_deadline *d;
  const char *rest, *id = command_case(cx)->id;
  int64_t at;
  if (deadline_named(cx, cmd, &d, &rest, err) || too_long(rest, err))
    return ST_REJECT;
  if (text_ieq(rest, "met")) {
    command_event(cx, "due.met", "%s", d->name);
    command_say(cx, "%s: %s: met", id, d->name);
  } else if (text_istarts(rest, "n/a") && (rest[3] == ' ' || !rest[3])) {
    const char *reason = rest + 3 + strspn(rest + 3, " ");
    if (!*reason)
      return command_usage(cmd, err, "the reason is missing");
    command_event(cx, "due.na", "%s: %s", d->name, reason);
    command_say(cx, "%s: %s: does not apply: %s", id, d->name, reason);
  } else if (date_of(cx, rest, &at)) {
    command_event(cx, "due.date", "%s: %s", d->name, time_iso(cx->pool, at));
    command_say(cx, "%s: %s: due %s", id, d->name, both_zones(cx, at));
  } else {
    return command_usage(cmd, err, "behind the name stands a date such as 2027-01-31, met, or n/a with the reason");
  }
  return ST_OK;
}

/* Evidence that a filing was made on a portal; the last word may be its date. */
enum status command_do_filed(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const struct due_deadline *d;
  const char *rest;
  int64_t at = cx->w->now;
  if (deadline_named(cx, cmd, &d, &rest, err) || too_long(rest, err))
    return ST_REJECT;
  if (!*rest)
    return command_usage(cmd, err, "the reference is missing: what the portal gave you");
  const char *last = strrchr(rest, ' ');
  const char *reference = rest;
  if (last && date_of(cx, last + 1, &at))
    reference = pool_strndup(cx->pool, rest, (size_t)(last - rest));
  if (at > cx->w->now)
    return fault(err, ST_REJECT, "%s lies in the future", both_zones(cx, at));
  command_event(cx, "due.filed", "%s: %s, filed %s", d->name, reference, time_iso(cx->pool, at));
  command_say(cx, "%s: %s: filed under %s, %s", command_case(cx)->id, d->name, reference, both_zones(cx, at));
  return ST_OK;
}
