/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due/define: a deadline from the words of the configuration. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "due_private.h"

#define WORD_MAX 64
static const char *const audiences[] = { "assignee", "lead", "all" };

const char *due_audience_name(enum due_audience a)
{
  return (unsigned)a < ARRAY_LEN(audiences) ? audiences[a] : "?";
}

/* Names of events and conditions: lower case letters, digits and -_:. */
static bool word_fits(struct bytes w)
{
  if (w.len == 0 || w.len > WORD_MAX)
    return false;
  for (size_t i = 0; i < w.len; i++)
    if (!((w.p[i] >= 'a' && w.p[i] <= 'z') || (w.p[i] >= '0' && w.p[i] <= '9') || strchr("-_:.", w.p[i])))
      return false;
  return true;
}

/* "!word", "word|word" */
static bool condition_fits(const char *s)
{
  struct bytes rest = bytes_str(s);
  for (size_t at = 0; at <= rest.len;) {
    size_t bar = bytes_find(rest, BYTES("|"), at), end = bar == SIZE_MAX ? rest.len : bar;
    struct bytes one = bytes_sub(rest, at, end - at);
    if (bytes_starts(one, BYTES("!")))
      one = bytes_sub(one, 1, one.len);
    if (!word_fits(one))
      return false;
    at = end + 1;
  }
  return true;
}

static bool event_fits(const char *s)
{
  return word_fits(bytes_str(s));
}

static enum status words(struct pool *pool, const char *const *list, bool (*fits)(const char *),
                         const char *out[DUE_LIST_MAX], size_t *count)
{
  *count = 0;
  for (size_t i = 0; list && list[i]; i++) {
    if (i == DUE_LIST_MAX || !fits(list[i]))
      return ST_REJECT;
    out[(*count)++] = pool_strdup(pool, list[i]);
  }
  return ST_OK;
}

/* "-7d assignee" */
static bool point_parse(struct pool *pool, const char *s, struct due_point *out)
{
  size_t len = strcspn(s, " ");
  const char *who = s + len + strspn(s + len, " ");
  int sign = s[0] == '-' ? -1 : 1;
  const char *text = pool_strndup(pool, s, len);
  *out = (struct due_point){ .text = text };
  if (strcmp(text, "0") != 0) {
    if ((s[0] != '-' && s[0] != '+') || !due_span_parse(text + 1, &out->span))
      return false;
    out->span.count *= sign;
  }
  for (size_t i = 0; i < ARRAY_LEN(audiences); i++)
    if (text_ieq(who, audiences[i])) {
      out->audience = (enum due_audience)i;
      return true;
    }
  return false;
}

static enum status points(struct pool *pool, const char *const *list, struct due_deadline *out, struct fault *err)
{
  for (size_t i = 0; list && list[i]; i++) {
    if (i == DUE_LIST_MAX)
      return fault(err, ST_REJECT, "remind: at most %d", DUE_LIST_MAX);
    if (!point_parse(pool, list[i], &out->remind[i]))
      return fault(err, ST_REJECT, "remind: \"%s\" is not like \"-7d assignee\", \"0 lead\" or \"+1d all\"", list[i]);
    out->remind_count++;
  }
  return ST_OK;
}

enum status due_define(struct pool *pool, const struct due_source *src, struct due_deadline *out, struct fault *err)
{
  *out = (struct due_deadline){ .restarts = src->restarts };
  if (!src->name || !word_fits(bytes_str(src->name)))
    return fault(err, ST_REJECT, "\"%s\": a deadline's name is lower case letters, digits and -_:.",
                 src->name ? src->name : "");
  if (!src->starts_at || !event_fits(src->starts_at))
    return fault(err, ST_REJECT, "starts_at: \"%s\" is no event's name", src->starts_at ? src->starts_at : "");
  if (!due_span_parse(src->span, &out->span) || out->span.count == 0)
    return fault(err, ST_REJECT, "span: \"%s\" is not like \"24h\", \"30d\", \"10wd\" (working days) or \"1mo\"",
                 src->span ? src->span : "");
  if (words(pool, src->when, condition_fits, out->when, &out->when_count))
    return fault(err, ST_REJECT,
                 "when: at most %d words of lower case letters, digits and -_:., with ! for not and | for or",
                 DUE_LIST_MAX);
  if (words(pool, src->met_by, event_fits, out->met_by, &out->met_by_count))
    return fault(err, ST_REJECT, "met_by: at most %d events' names of lower case letters, digits and -_:.",
                 DUE_LIST_MAX);
  out->name = pool_strdup(pool, src->name);
  out->title = pool_strdup(pool, text_empty(src->title) ? src->name : src->title);
  out->starts_at = pool_strdup(pool, src->starts_at);
  out->source = pool_strdup(pool, src->source ? src->source : "");
  return points(pool, src->remind, out, err);
}
