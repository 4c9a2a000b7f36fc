/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/cvss_parse: a vector's text. Says what is wrong in the words of the specification: people repair vectors by
 * hand. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "assess_private.h"

#define SHOWN 24 /* bytes of somebody's text that an error repeats */

/* What the parser knows while it reads. */
struct reading {
  const struct cvss_metric *metric;
  size_t count;
  struct cvss *out;
  size_t last;  /* metric read last; SIZE_MAX: none */
  bool ordered; /* 4.0 */
};

static int shown(struct bytes s)
{
  return (int)utf8_cut(s, SHOWN);
}

/* "N, A, L or P" of a metric's values. */
static void choices(const struct cvss_metric *m, char out[64])
{
  size_t n = strlen(m->letters);
  out[0] = '\0';
  for (size_t i = 0; i < n; i++) {
    char value[8];
    cvss_value_text(m, m->letters[i], value);
    strcat(strcat(out, i == 0 ? "" : i + 1 == n ? " or " : ", "), value);
  }
}

static size_t metric_named(const struct reading *r, struct bytes name, bool any_case)
{
  for (size_t i = 0; i < r->count; i++) {
    struct bytes n = bytes_str(r->metric[i].name);
    if (any_case ? bytes_ieq(name, n) : bytes_eq(name, n))
      return i;
  }
  return SIZE_MAX;
}

static enum status unknown(const struct reading *r, struct bytes name, struct fault *err)
{
  size_t near = metric_named(r, name, true);
  if (near != SIZE_MAX)
    return fault(err, ST_REJECT, "unknown metric '%.*s': it is written %s", shown(name), name.p, r->metric[near].name);
  return fault(err, ST_REJECT, "unknown metric '%.*s': CVSS %s has none of that name", shown(name), name.p,
               r->ordered ? "4.0" : "3.1");
}

static bool value_fits(const struct cvss_metric *m, struct bytes value)
{
  if (value.len == 0 || value.p[0] == '\0' || !strchr(m->letters, value.p[0]))
    return false;
  char whole[8];
  cvss_value_text(m, value.p[0], whole);
  return bytes_eq(value, bytes_str(whole));
}

/* "AV:N" */
static enum status read_metric(struct reading *r, struct bytes field, struct fault *err)
{
  size_t colon = bytes_find(field, BYTES(":"), 0);
  if (field.len == 0)
    return fault(err, ST_REJECT, "two slashes in a row: a metric is missing between them");
  if (colon == SIZE_MAX)
    return fault(err, ST_REJECT, "'%.*s' is no metric with its value, such as AV:N", shown(field), field.p);
  struct bytes name = bytes_sub(field, 0, colon), value = bytes_sub(field, colon + 1, field.len);
  size_t at = metric_named(r, name, false);
  if (at == SIZE_MAX)
    return unknown(r, name, err);
  const struct cvss_metric *m = &r->metric[at];
  if (r->out->value[at] != '\0')
    return fault(err, ST_REJECT, "%s (%s) stands twice", m->name, m->title);
  if (!value_fits(m, value)) {
    char list[64];
    choices(m, list);
    return fault(err, ST_REJECT, "%s (%s) cannot be '%.*s': it is %s", m->name, m->title, shown(value), value.p, list);
  }
  if (r->ordered && r->last != SIZE_MAX && at < r->last)
    return fault(err, ST_REJECT, "%s is out of order: in CVSS 4.0 it stands before %s", m->name,
                 r->metric[r->last].name);
  r->out->value[at] = value.p[0];
  r->last = at;
  return ST_OK;
}

/* What must be there is; the rest becomes X. */
static enum status complete(struct reading *r, struct fault *err)
{
  char list[160] = "";
  size_t missing = 0;
  for (size_t i = 0; i < r->count; i++) {
    if (r->out->value[i] != '\0')
      continue;
    r->out->value[i] = 'X';
    if (r->metric[i].group != CVSS_BASE)
      continue;
    strcat(strcat(list, missing++ ? ", " : ""), r->metric[i].name);
  }
  if (missing == 1)
    return fault(err, ST_REJECT, "%s is missing", list);
  return missing ? fault(err, ST_REJECT, "%s are missing", list) : ST_OK;
}

static enum status version(struct bytes *rest, struct cvss *out, struct fault *err)
{
  struct bytes v = *rest;
  if (v.len == 0)
    return fault(err, ST_REJECT, "there is no vector");
  if (v.len > CVSS_LENGTH_MAX)
    return fault(err, ST_REJECT, "longer than any vector");
  size_t slash = bytes_find(v, BYTES("/"), 0);
  struct bytes head = bytes_sub(v, 0, slash == SIZE_MAX ? v.len : slash);
  if (!bytes_starts(v, BYTES("CVSS:")))
    return fault(err, ST_REJECT, "a vector begins with CVSS:3.1/ or CVSS:4.0/");
  if (bytes_eq(head, BYTES("CVSS:3.1")))
    out->version = CVSS_3_1;
  else if (bytes_eq(head, BYTES("CVSS:4.0")))
    out->version = CVSS_4_0;
  else
    return fault(err, ST_REJECT, "version '%.*s' is not known: 3.1 and 4.0 are", shown(bytes_sub(head, 5, head.len)),
                 head.p + 5);
  if (slash == SIZE_MAX || slash + 1 == v.len)
    return fault(err, ST_REJECT, "there are no metrics behind the version");
  *rest = bytes_sub(v, slash + 1, v.len);
  return ST_OK;
}

enum status cvss_parse(struct bytes vector, struct cvss *out, struct fault *err)
{
  struct bytes rest = vector;
  *out = (struct cvss){ 0 };
  enum status st = version(&rest, out, err);
  if (st)
    return st;
  struct reading r = { .out = out, .last = SIZE_MAX, .ordered = out->version == CVSS_4_0 };
  r.metric = cvss_metrics(out->version, &r.count);
  if (rest.p[rest.len - 1] == '/')
    return fault(err, ST_REJECT, "a slash at the end");
  for (size_t at = 0; at <= rest.len && !st;) {
    size_t slash = bytes_find(rest, BYTES("/"), at);
    size_t end = slash == SIZE_MAX ? rest.len : slash;
    st = read_metric(&r, bytes_sub(rest, at, end - at), err);
    at = end + 1;
  }
  return st ? st : complete(&r, err);
}
