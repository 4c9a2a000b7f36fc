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
  *rest = cmd->args + len + strspn(cmd->args + len, " ");
  if (!c->due_count)
    return fault(err, ST_REJECT, "the configuration has no deadlines: it needs a profile or deadline sections");
  if (!len)
    return command_usage(cmd, err, "the deadline's name is missing; #due lists them");
  for (size_t i = 0; i < c->due_count; i++)
    if (text_ieq(name, c->due[i].name)) {
      *out = &c->due[i];
      return ST_OK;
    }
  return fault(err, ST_REJECT, "there is no deadline \"%s\"%s", command_short(cx->pool, name, 60),
               command_proposal(cx, NAMES_DEADLINE, name));
}

static enum status too_long(const char *s, struct fault *err)
{
  return strlen(s) > REFERENCE_MAX ? fault(err, ST_REJECT, "longer than %d bytes", REFERENCE_MAX) : ST_OK;
}

/* The history has it for the clocks; the case for those who read it, and for notices: the same words, here and nowhere else. The later word
 * replaces the earlier. */
static void keep(struct command_context *cx, const char *field, const char *value, const char *extra)
{
  command_event(cx, pool_printf(cx->pool, "due.%s", field), "%s: %s", value, extra);
  case_set(cx->pool, command_case(cx),
           &(struct case_field){
               .name = field, .value = value, .extra = extra, .at = cx->w->now, .by = cx->w->analyst->name });
}

static bool date_of(struct command_context *cx, const char *s, int64_t *out)
{
  return *s && time_parse(s, cx->w->now, cx->w->conf->default_hour, cx->w->conf->zone, out);
}

static const char *both_zones(struct command_context *cx, int64_t t)
{
  return time_both(cx->pool, t, cx->w->conf->zone);
}

static enum status show(struct command_context *cx)
{
  struct effect *e = command_effect(cx, EFFECT_ANSWER);
  e->answer = ANSWER_DUE;
  command_say(cx, "the deadlines of %s are below", command_case(cx)->id);
  return ST_OK;
}

enum status command_do_due(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const struct due_deadline *d;
  const char *rest, *id = command_case(cx)->id;
  int64_t at;
  if (!*cmd->args)
    return show(cx);
  if (command_may_write(cx, true, err))
    return ST_DENIED;
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

bool command_filing_counts(const struct conf *c, const char *name)
{
  for (size_t i = 0; i < c->due_count; i++)
    for (size_t k = 0; k < c->due[i].met_by_count; k++) {
      const char *by = c->due[i].met_by[k];
      if (text_istarts(by, "filed:") && text_ieq(by + 6, name))
        return true;
    }
  return false;
}

/* The name of a deadline, or of a form that no deadline waits for. */
static enum status filing_named(struct command_context *cx, const struct command *cmd, const char **name, const char **rest,
                                struct fault *err)
{
  const struct due_deadline *d = NULL;
  size_t len = strcspn(cmd->args, " ");
  *name = text_lower(cx->pool, pool_strndup(cx->pool, cmd->args, len));
  if (!len)
    return command_usage(cmd, err, pool_printf(cx->pool, "the name is missing%s", command_proposal(cx, NAMES_FILING, "")));
  if (deadline_named(cx, cmd, &d, rest, err)) {
    fault_clear(err);
    if (!command_form_known(cx, *name))
      return fault(err, ST_REJECT, "there is no filing \"%s\"%s", command_short(cx->pool, *name, 60), command_proposal(cx, NAMES_FILING, *name));
  }
  if (d)
    *name = d->name;
  if (!**rest)
    return command_usage(cmd, err, "the reference is missing: what the portal gave you");
  if (d && !command_filing_counts(cx->w->conf, d->name))
    return fault(err, ST_REJECT, "%s is not met by a filing; when it is met all the same: #due %s met", d->name, d->name);
  return too_long(*rest, err);
}

/* Evidence that a filing was made on a portal; the last word may be its date. */
enum status command_do_filed(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *rest, *name;
  int64_t at = cx->w->now;
  if (filing_named(cx, cmd, &name, &rest, err))
    return ST_REJECT;
  const char *last = strrchr(rest, ' ');
  const char *reference = rest;
  if (last && date_of(cx, last + 1, &at))
    reference = pool_strndup(cx->pool, rest, (size_t)(last - rest));
  if (at > cx->w->now)
    return fault(err, ST_REJECT, "%s lies in the future", both_zones(cx, at));
  keep(cx, "filed", name, pool_printf(cx->pool, "%s, filed %s", reference, time_iso(cx->pool, at)));
  command_say(cx, "%s: %s: filed under %s, %s", command_case(cx)->id, name, reference, both_zones(cx, at));
  return ST_OK;
}

/* The first word is a date; the rest says of what. */
enum status command_do_remind(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  size_t len = strcspn(cmd->args, " ");
  const char *text = cmd->args + len + strspn(cmd->args + len, " ");
  int64_t at;
  if (!date_of(cx, pool_strndup(cx->pool, cmd->args, len), &at))
    return command_usage(cmd, err, command_no_date(cx->pool, pool_strndup(cx->pool, cmd->args, len)));
  if (!*text)
    return command_usage(cmd, err, "of what to remind you is missing");
  if (command_case(cx)->rm == RM_CLOSED)
    return fault(err, ST_REJECT, "%s is closed, and of closed cases nobody is reminded", command_case(cx)->id);
  if (at <= cx->w->now)
    return fault(err, ST_REJECT, "%s has passed", both_zones(cx, at));
  if (too_long(text, err))
    return ST_REJECT;
  command_event(cx, "due.remind", "%s: %s", time_iso(cx->pool, at), text);
  command_say(cx, "%s: reminder on %s: %s", command_case(cx)->id, both_zones(cx, at), text);
  return ST_OK;
}

/* What deadlines need to know and no other command says (embargod.conf(5) has the meanings). */
static const struct {
  const char *word;
  bool dated;
} fact_words[] = {
  { "learned", true }, { "correction-started", true },    { "incident", true },
  { "death", false },  { "public-health-threat", false }, { "exempt-806", false },
};

const char *command_fact_telling(struct pool *pool, const char *word)
{
  for (size_t i = 0; i < ARRAY_LEN(fact_words); i++)
    if (text_ieq(word, fact_words[i].word))
      return pool_printf(pool, "#fact %s %s", fact_words[i].word, fact_words[i].dated ? "[DATE]" : "yes or no");
  return text_istarts(word, "class:") ? "#product NAME" : text_ieq(word, "uncontrolled") ? "#clinical" : "";
}

static const char *fact_list(struct command_context *cx)
{
  struct buf b = buf_new(cx->pool, 200);
  for (size_t i = 0; i < ARRAY_LEN(fact_words); i++)
    buf_printf(&b, "%s%s %s", i ? ", " : "", fact_words[i].word, fact_words[i].dated ? "[DATE]" : "yes|no");
  return buf_str(&b);
}

enum status command_do_due_fact(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  size_t len = strcspn(cmd->args, " "), i = 0;
  const char *word = pool_strndup(cx->pool, cmd->args, len), *rest = cmd->args + len + strspn(cmd->args + len, " ");
  const char *id = command_case(cx)->id;
  int64_t at = cx->w->now;
  while (i < ARRAY_LEN(fact_words) && !text_ieq(word, fact_words[i].word))
    i++;
  if (i == ARRAY_LEN(fact_words))
    return command_usage(cmd, err, pool_printf(cx->pool, "it is one of %s", fact_list(cx)));
  if (!fact_words[i].dated) {
    if (!text_ieq(rest, "yes") && !text_ieq(rest, "no"))
      return command_usage(cmd, err, pool_printf(cx->pool, "%s takes yes or no", fact_words[i].word));
    keep(cx, "fact", fact_words[i].word, text_lower(cx->pool, rest));
    command_say(cx, "%s: %s: %s", id, fact_words[i].word, text_lower(cx->pool, rest));
    return ST_OK;
  }
  if (*rest && !date_of(cx, rest, &at))
    return command_usage(
        cmd, err,
        pool_printf(cx->pool, "%s takes a DATE such as 2027-01-31, or none for now", fact_words[i].word));
  if (at > cx->w->now)
    return fault(err, ST_REJECT, "%s lies in the future", both_zones(cx, at));
  keep(cx, "fact", fact_words[i].word, time_iso(cx->pool, at));
  command_say(cx, "%s: %s: %s", id, fact_words[i].word, both_zones(cx, at));
  return ST_OK;
}
