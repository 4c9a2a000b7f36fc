/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/check_history: versions, dates and the revision history (CSAF 2.0, 6.1.14 to 6.1.22, 6.1.30). */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "advisory_private.h"

/* Integer or semantic versioning (CSAF 2.0, 3.1.11). */
struct number {
  bool ok, semantic, prerelease;
  unsigned long part[3];
};

static bool read_part(const char **s, unsigned long *out)
{
  size_t n = strspn(*s, "0123456789");
  if (n == 0 || n > 9 || (n > 1 && **s == '0'))
    return false;
  for (*out = 0; n; n--, (*s)++)
    *out = *out * 10 + (unsigned long)(**s - '0');
  return true;
}

static struct number number_of(const char *s)
{
  struct number n = { 0 };
  n.ok = read_part(&s, &n.part[0]);
  n.semantic = *s == '.';
  for (int i = 1; n.ok && n.semantic && i < 3; i++) {
    n.ok = *s == '.';
    s += n.ok;
    n.ok = n.ok && read_part(&s, &n.part[i]);
  }
  n.prerelease = n.semantic && *s == '-';
  if (n.semantic && (*s == '-' || *s == '+'))
    s += strlen(s);
  n.ok = n.ok && !*s;
  return n;
}

static int compare(const struct number *a, const struct number *b)
{
  for (int i = 0; i < 3; i++)
    if (a->part[i] != b->part[i])
      return a->part[i] < b->part[i] ? -1 : 1;
  return b->prerelease - a->prerelease;
}

/* ---- dates: RFC 3339, date-time ---- */
static bool moment(const char *s, int64_t *out)
{
  struct time_civil t;
  int end = 0, hours = 0, minutes = 0;
  char sign = 'Z';
  if (sscanf(s, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &t.year, &t.month, &t.day, &t.hour, &t.minute, &t.second, &end) != 6 || end != 19)
    return false;
  if (s[end] == '.')
    end += 1 + (int)strspn(s + end + 1, "0123456789");
  if (s[end] == '+' || s[end] == '-') {
    int more = 0;
    sign = s[end];
    if (sscanf(s + end + 1, "%2d:%2d%n", &hours, &minutes, &more) != 2 || more != 5 || s[end + 6] || hours > 23 || minutes > 59)
      return false;
  } else if ((s[end] != 'Z' && s[end] != 'z') || s[end + 1]) {
    return false;
  }
  if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > time_days_in_month(t.year, t.month) || t.hour > 23 || t.minute > 59 || t.second > 60)
    return false;
  int off = (hours * 60 + minutes) * 60;
  *out = time_from_civil(t, NULL) - (sign == '-' ? -off : off);
  return true;
}

static bool dates_in(struct check *c, const json_t *v, const char *path)
{
  static const char *const keys[] = { "date", "initial_release_date", "current_release_date", "release_date", "discovery_date" };
  const char *key;
  json_t *item;
  size_t i;
  int64_t at;
  json_array_foreach(v, i, item)
    if (!dates_in(c, item, pool_printf(c->pool, "%s/%zu", path, i)))
      return false;
  json_object_foreach((json_t *)v, key, item) {
    char *here = pool_printf(c->pool, "%s/%s", path, key);
    for (size_t k = 0; k < ARRAY_LEN(keys); k++)
      if (!strcmp(key, keys[k]) && (!json_is_string(item) || !moment(json_string_value(item), &at)))
        return CHECK_FAULT(c, here, "no date-time of RFC 3339");
    if (!dates_in(c, item, here))
      return false;
  }
  return true;
}

bool check_dates(struct check *c)
{
  return dates_in(c, c->doc, "");
}

/* ---- the history ---- */
static const json_t *history(const struct check *c)
{
  return check_at(c->doc, "document.tracking.revision_history");
}

static char *place(struct check *c, size_t i, const char *key)
{
  return pool_printf(c->pool, "/document/tracking/revision_history/%zu/%s", i, key);
}

static struct number revision(const struct check *c, size_t i)
{
  return number_of(check_text(json_array_get(history(c), i), "number"));
}

static const char version_path[] = "/document/tracking/version";

static struct number version(const struct check *c)
{
  return number_of(check_text(c->doc, "document.tracking.version"));
}

static bool is_draft(const struct check *c)
{
  return !strcmp(check_text(c->doc, "document.tracking.status"), "draft");
}

/* 6.1.14: who sorts by date gets the numbers sorted. */
bool check_history_sorted(struct check *c)
{
  for (size_t i = 0; i < check_count(history(c)); i++)
    for (size_t k = 0; k < i; k++) {
      int64_t a = 0, b = 0;
      struct number x = revision(c, k), y = revision(c, i);
      bool dated = moment(check_text(json_array_get(history(c), k), "date"), &a) && moment(check_text(json_array_get(history(c), i), "date"), &b);
      if (dated && ((a < b && compare(&x, &y) > 0) || (b < a && compare(&y, &x) > 0)))
        return CHECK_FAULT(c, place(c, i, "number"), "numbers and dates are in different order");
    }
  return true;
}

static size_t newest(const struct check *c)
{
  size_t best = 0;
  for (size_t i = 1; i < check_count(history(c)); i++) {
    struct number a = revision(c, best), b = revision(c, i);
    best = compare(&b, &a) > 0 ? i : best;
  }
  return best;
}

/* 6.1.16; of a draft the part behind the hyphen does not count, build parts never do. */
bool check_latest(struct check *c)
{
  struct number v = version(c), last = revision(c, newest(c));
  if (is_draft(c))
    v.prerelease = last.prerelease = false;
  if (!v.ok || !last.ok || compare(&v, &last))
    return CHECK_FAULT(c, pool_strdup(c->pool, version_path), "it is not that of the latest revision, %s",
                       check_text(json_array_get(history(c), newest(c)), "number"));
  return true;
}

/* 6.1.17: 0, 0.y.z and what has a pre-release part are drafts. */
bool check_draft(struct check *c)
{
  struct number v = version(c);
  if (!is_draft(c) && (!v.part[0] || v.prerelease))
    return CHECK_FAULT(c, pool_strdup(c->pool, "/document/tracking/status"), "version %s is a draft",
                       check_text(c->doc, "document.tracking.version"));
  return true;
}

/* 6.1.18 */
bool check_history_released(struct check *c)
{
  for (size_t i = 0; !is_draft(c) && i < check_count(history(c)); i++)
    if (!revision(c, i).part[0])
      return CHECK_FAULT(c, place(c, i, "number"), "a revision before the first release");
  return true;
}

/* 6.1.19 */
bool check_history_prerelease(struct check *c)
{
  for (size_t i = 0; i < check_count(history(c)); i++)
    if (revision(c, i).prerelease)
      return CHECK_FAULT(c, place(c, i, "number"), "a revision with a pre-release part");
  return true;
}

/* 6.1.20 */
bool check_version_prerelease(struct check *c)
{
  if (!is_draft(c) && version(c).prerelease)
    return CHECK_FAULT(c, pool_strdup(c->pool, version_path), "only a draft has a pre-release part");
  return true;
}

/* 6.1.21: the first numbers run without a gap, from 0 or 1 on. */
bool check_history_complete(struct check *c)
{
  size_t n = check_count(history(c));
  unsigned long first = n ? revision(c, 0).part[0] : 0, last = first;
  for (size_t i = 0; i < n; i++) {
    unsigned long p = revision(c, i).part[0];
    first = p < first ? p : first;
    last = p > last ? p : last;
  }
  if (first > 1)
    return CHECK_FAULT(c, pool_strdup(c->pool, "/document/tracking/revision_history"), "it begins with %lu", first);
  for (unsigned long want = first; want <= last && want - first <= n; want++) {
    bool found = false;
    for (size_t i = 0; i < n && !found; i++)
      found = revision(c, i).part[0] == want;
    if (!found)
      return CHECK_FAULT(c, pool_strdup(c->pool, "/document/tracking/revision_history"), "%lu is missing", want);
  }
  return true;
}

/* 6.1.22 */
bool check_history_unique(struct check *c)
{
  for (size_t i = 0; i < check_count(history(c)); i++)
    for (size_t k = 0; k < i; k++)
      if (!strcmp(check_text(json_array_get(history(c), i), "number"), check_text(json_array_get(history(c), k), "number")))
        return CHECK_FAULT(c, place(c, i, "number"), "there already");
  return true;
}

/* 6.1.30 */
bool check_versioning(struct check *c)
{
  for (size_t i = 0; i < check_count(history(c)); i++)
    if (revision(c, i).semantic != version(c).semantic)
      return CHECK_FAULT(c, place(c, i, "number"), "integer and semantic versioning are mixed");
  return true;
}
