/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due/words: what deadlines can start at, be met by and depend on. embargod.conf(5) repeats both tables (a test
 * compares). */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "due_private.h"

static const struct due_word events[] = {
  { "received", "the report arrived" },
  { "learned", "the maker learned of the vulnerability: received, unless a date was given" },
  { "contact", "the latest mail to the reporter" },
  { "first-answer", "a person's first answer to the reporter" },
  { "decided", "the report was found valid or invalid" },
  { "accepted", "work on the case was accepted" },
  { "closed", "the case was closed" },
  { "assessed", "the clinical risk was assessed" },
  { "embargo", "an embargo was agreed; the deadline is its agreed end, whatever the span" },
  { "embargo-over", "the embargo has ended" },
  { "fix-ready", "a fix is ready" },
  { "fix-deployed", "the fix is deployed" },
  { "measure-available", "a fix, mitigation or workaround is available to users" },
  { "correction-started", "the correction or removal began" },
  { "incident", "the maker became aware of a serious incident" },
  { "public", "the vulnerability is public" },
  { "exploit-public", "an exploit is public" },
  { "attacks", "attacks were observed" },
  { "customers-told", "a notice to customers was accepted for delivery" },
  { "isac-told", "a notice to an information-sharing body was accepted for delivery" },
  { "coordinator-told", "a notice to a coordinator was accepted for delivery" },
  { "regulator-told", "a notice to a regulator was accepted for delivery" },
};

static const struct due_word conditions[] = {
  { "open", "the case is not closed" },
  { "valid", "the report was found valid" },
  { "uncontrolled", "the clinical risk is uncontrolled" },
  { "exploited", "attacks were observed" },
  { "public", "the vulnerability is public" },
  { "adverse-events", "serious adverse events are known" },
  { "exempt-806", "the four conditions of FDA's enforcement discretion hold" },
  { "death", "the incident led to a death or an unanticipated serious deterioration of health" },
  { "public-health-threat", "the incident is a serious public health threat" },
};

size_t due_events(const struct due_word **out)
{
  *out = events;
  return ARRAY_LEN(events);
}

size_t due_conditions(const struct due_word **out)
{
  *out = conditions;
  return ARRAY_LEN(conditions);
}

static bool known(const struct due_word *table, size_t count, struct bytes word)
{
  for (size_t i = 0; i < count; i++)
    if (bytes_eq(word, bytes_str(table[i].word)))
      return true;
  return false;
}

static bool event_known(const char *s)
{
  struct bytes w = bytes_str(s);
  return bytes_starts(w, BYTES("notice:")) || bytes_starts(w, BYTES("filed:")) || known(events, ARRAY_LEN(events), w);
}

static const char *near(const struct due_word *table, size_t count, const char *word)
{
  const char *best = NULL;
  unsigned least = 4;
  for (size_t i = 0; i < count; i++) {
    unsigned d = text_distance(word, table[i].word, 3);
    if (d < least) {
      least = d;
      best = table[i].word;
    }
  }
  return best;
}

static enum status no_event(const char *setting, const char *word, struct fault *err)
{
  const char *other = near(events, ARRAY_LEN(events), word);
  return fault(err, ST_REJECT, "%s: there is no event \"%s\"%s%s%s", setting, word, other ? " (did you mean " : "",
               other ? other : "", other ? "?)" : "");
}

static enum status check_condition(const char *s, struct fault *err)
{
  struct bytes rest = bytes_str(s);
  for (size_t at = 0; at <= rest.len;) {
    size_t bar = bytes_find(rest, BYTES("|"), at), end = bar == SIZE_MAX ? rest.len : bar;
    struct bytes one = bytes_sub(rest, at, end - at);
    if (bytes_starts(one, BYTES("!")))
      one = bytes_sub(one, 1, one.len);
    if (!bytes_starts(one, BYTES("class:")) && !known(conditions, ARRAY_LEN(conditions), one))
      return fault(err, ST_REJECT, "when: there is no condition \"%.*s\"", (int)one.len, one.p);
    at = end + 1;
  }
  return ST_OK;
}

enum status due_check_words(const struct due_deadline *d, struct fault *err)
{
  if (!event_known(d->starts_at))
    return no_event("starts_at", d->starts_at, err);
  for (size_t i = 0; i < d->met_by_count; i++)
    if (!event_known(d->met_by[i]))
      return no_event("met_by", d->met_by[i], err);
  for (size_t i = 0; i < d->when_count; i++)
    if (check_condition(d->when[i], err))
      return ST_REJECT;
  return ST_OK;
}
