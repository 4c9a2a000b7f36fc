/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due/judge: what became of a deadline. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "due_private.h"

enum truth { NO = 0, YES, UNKNOWN };

const char *due_state_name(enum due_state s)
{
  static const char *const names[] = { "not started", "not applicable", "running", "overdue", "met", "met late" };
  return (unsigned)s < ARRAY_LEN(names) ? names[s] : "?";
}

static enum truth fact(const struct due_world *w, struct bytes word)
{
  bool class_word = bytes_starts(word, BYTES("class:")), class_known = false;
  for (size_t i = 0; i < w->fact_count; i++) {
    struct bytes one = bytes_str(w->fact[i].word);
    if (bytes_eq(one, word))
      return w->fact[i].holds ? YES : NO;
    class_known |= w->fact[i].holds && bytes_starts(one, BYTES("class:"));
  }
  return class_word && class_known ? NO : UNKNOWN;
}

/* "a|!b": true when one is, false when all are. */
static enum truth condition(const struct due_world *w, const char *s)
{
  struct bytes rest = bytes_str(s);
  enum truth all = NO;
  for (size_t at = 0; at <= rest.len;) {
    size_t bar = bytes_find(rest, BYTES("|"), at), end = bar == SIZE_MAX ? rest.len : bar;
    struct bytes one = bytes_sub(rest, at, end - at);
    bool not = bytes_starts(one, BYTES("!"));
    enum truth t = fact(w, not ? bytes_sub(one, 1, one.len) : one);
    if (not &&t != UNKNOWN)
      t = t == YES ? NO : YES;
    if (t == YES)
      return YES;
    all = t == UNKNOWN ? UNKNOWN : all;
    at = end + 1;
  }
  return all;
}

/* A condition that fails rules the deadline out, whatever the others will turn out to be. */
static enum truth conditions(const struct due_deadline *d, const struct due_world *w, const char **which)
{
  enum truth all = YES;
  for (size_t i = 0; i < d->when_count; i++) {
    enum truth t = condition(w, d->when[i]);
    if (t == NO || (t == UNKNOWN && all == YES)) {
      *which = d->when[i];
      all = t;
    }
    if (t == NO)
      break;
  }
  return all;
}

static int64_t start_of(const struct due_deadline *d, const struct due_world *w)
{
  int64_t found = 0;
  for (size_t i = 0; i < w->event_count; i++) {
    int64_t at = w->event[i].at;
    if (strcmp(w->event[i].name, d->starts_at) == 0 && (!found || (d->restarts ? at > found : at < found)))
      found = at;
  }
  return found;
}

/* The earliest meeting event; of a deadline that restarts, one since then. */
static int64_t met(const struct due_deadline *d, const struct due_world *w, int64_t start, const char **by)
{
  int64_t found = 0;
  for (size_t i = 0; i < w->event_count; i++)
    for (size_t k = 0; k < d->met_by_count; k++)
      if (strcmp(w->event[i].name, d->met_by[k]) == 0 && (!d->restarts || w->event[i].at >= start) &&
          (!found || w->event[i].at < found)) {
        found = w->event[i].at;
        *by = d->met_by[k];
      }
  return found;
}

/* Everything people said of it, the later word over the earlier. A date and "met" are about one round of a deadline that
 * restarts. */
static struct due_override said(const struct due_deadline *d, const struct due_world *w, int64_t start)
{
  struct due_override all = { 0 };
  for (size_t i = 0; i < w->override_count; i++) {
    const struct due_override *o = &w->override[i];
    if (!text_ieq(o->name, d->name) || (d->restarts && !o->not_applicable && o->said_at && start > o->said_at))
      continue;
    if (o->due_at) /* a date puts a deadline back into force */
      all = (struct due_override){ .due_at = o->due_at };
    else if (o->met_at)
      all = (struct due_override){ .due_at = all.due_at, .met_at = o->met_at };
    else
      all = (struct due_override){ .due_at = all.due_at, .not_applicable = o->not_applicable };
  }
  return all;
}

/* Why a deadline does not apply: "not class:a or class:b", "exempt-806". */
static const char *reason_of(struct pool *pool, const char *condition)
{
  struct buf b = buf_new(pool, 64);
  if (condition[0] == '!' && !strchr(condition, '|'))
    return pool_strdup(pool, condition + 1);
  buf_adds(&b, "not ");
  for (const char *p = condition; *p; p++)
    if (*p == '|')
      buf_adds(&b, " or ");
    else if (*p == '!')
      buf_adds(&b, "not ");
    else
      buf_addc(&b, *p);
  return buf_str(&b);
}

struct due_status due_judge(struct pool *pool, const struct due_deadline *d, const struct due_world *w)
{
  struct due_status s = { .started_at = start_of(d, w), .reason = "" };
  struct due_override o = said(d, w, s.started_at);
  const char *which = "";
  if (o.due_at || s.started_at)
    s.due_at = o.due_at ? o.due_at : due_add(w->calendar, s.started_at, d->span);
  if (o.not_applicable) {
    s.state = DUE_NOT_APPLICABLE;
    s.reason = o.not_applicable;
    return s;
  }
  s.met_at = o.met_at ? o.met_at : s.due_at ? met(d, w, s.started_at, &which) : 0;
  if (s.met_at) {
    s.state = s.due_at && s.met_at > s.due_at ? DUE_MET_LATE : DUE_MET;
    s.reason = o.met_at ? "#due" : which;
    return s;
  }
  enum truth applies = o.due_at ? YES : conditions(d, w, &which);
  if (applies == NO) {
    s.state = DUE_NOT_APPLICABLE;
    s.reason = reason_of(pool, which);
  } else if (applies == UNKNOWN || !s.due_at) {
    s.state = DUE_NOT_STARTED;
    s.reason = applies == UNKNOWN ? pool_printf(pool, "not known yet: %s", which[0] == '!' ? which + 1 : which)
                                  : pool_printf(pool, "waits for: %s", d->starts_at);
    s.due_at = applies == UNKNOWN ? 0 : s.due_at;
  } else {
    s.state = w->now > s.due_at ? DUE_OVERDUE : DUE_RUNNING;
  }
  return s;
}
