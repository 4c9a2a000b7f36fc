/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: figures of a period: cases, how long things took, deadlines met and missed, and the measure of a disclosure:
 * the ordering preferences that each closed case met. */
#include "gate_due.h"

#include <jansson.h>
#include <stdio.h>

#define DAY_S 86400
#define MEASURES 5

struct period {
  int64_t from, to; /* to: exclusive */
  const char *name;
};
struct measure {
  const char *name, *title;
  int64_t *value; /* seconds */
  size_t count, cap;
};
struct closed_case {
  const char *id;
  unsigned met, unmet, open;
};
struct stats {
  struct period period;
  size_t opened, closed, judged, open_now, met, missed, running;
  struct measure measure[MEASURES];
  struct closed_case *success; /* of the closed ones that were once accepted: the others were no vulnerabilities of ours */
};

/* ---- "2026", "2026-Q3", "2026-11", "90d", "all"; nothing: the last 365 days ---- */
static int64_t month_begin(struct gate *g, int year, int month)
{
  struct time_civil c = { .year = year + (month - 1) / 12, .month = (month - 1) % 12 + 1, .day = 1 };
  return time_from_civil(c, g->conf->zone);
}

static bool civil_period(struct gate *g, const char *s, struct period *out)
{
  int year = 0, n = 0, used = 0, first = 1, months = 12;
  if (sscanf(s, "%4d%n", &year, &used) != 1 || used != 4 || year < 1970)
    return false;
  const char *rest = s + 4;
  if ((*rest == '-' || *rest == 'q' || *rest == 'Q') && (rest[1] == 'q' || rest[1] == 'Q')) {
    if (sscanf(rest + 2, "%1d%n", &n, &used) != 1 || rest[2 + used] || n < 1 || n > 4)
      return false;
    first = 3 * n - 2;
    months = 3;
  } else if (*rest == '-') {
    if (sscanf(rest + 1, "%2d%n", &n, &used) != 1 || rest[1 + used] || n < 1 || n > 12)
      return false;
    first = n;
    months = 1;
  } else if (*rest) {
    return false;
  }
  out->from = month_begin(g, year, first);
  out->to = month_begin(g, year, first + months);
  return true;
}

static bool parse_period(struct gate *g, const char *s, struct period *out)
{
  int64_t now = clock_now(&g->clock);
  int days = 0, used = 0;
  *out = (struct period){ .from = now - (int64_t)365 * DAY_S,
                          .to = now + 1,
                          .name = text_empty(s) ? "the last 365 days" : s };
  if (text_empty(s))
    return true;
  if (text_ieq(s, "all")) {
    out->from = 0;
    return true;
  }
  if (sscanf(s, "%5dd%n", &days, &used) == 1 && used && !s[used] && days > 0) {
    out->from = now - (int64_t)days * DAY_S;
    return true;
  }
  return civil_period(g, s, out);
}

/* ---- collecting ---- */
static bool inside(const struct period *p, int64_t t)
{
  return t >= p->from && t < p->to;
}

static void took(struct pool *pool, struct measure *m, int64_t from, int64_t to)
{
  if (!to)
    return;
  m->value = pool_grow(pool, m->value, m->count, &m->cap, sizeof *m->value);
  m->value[m->count++] = to > from ? to - from : 0;
}

static int64_t first_of(const struct case_event *e, size_t n, const char *kind)
{
  for (size_t i = 0; i < n; i++)
    if (!strcmp(e[i].kind, kind))
      return e[i].at;
  return 0;
}

static enum status add_times(struct gate *g, struct pool *pool, struct stats *s, const struct vuln_case *vc,
                             struct fault *err)
{
  struct case_event *e = NULL;
  size_t n = 0;
  enum status st = store_event_list(g->store, pool, vc->id, &e, &n, err);
  if (st)
    return st;
  bool ready = vc->cs & 1u << CS_FIX_READY, deployed = vc->cs & 1u << CS_FIX_DEPLOYED;
  const int64_t at[MEASURES] = { first_of(e, n, "ack.sent"), vc->first_answer_at, first_of(e, n, "rm.validate"),
                                 ready ? vc->cs_at[CS_FIX_READY] : 0, deployed ? vc->cs_at[CS_FIX_DEPLOYED] : 0 };
  for (size_t i = 0; i < MEASURES; i++)
    took(pool, &s->measure[i], vc->opened_at, at[i]);
  return ST_OK;
}

static enum status add_deadlines(struct gate *g, struct pool *pool, struct stats *s, struct vuln_case *vc,
                                 struct fault *err)
{
  struct due_row *row = NULL;
  size_t n = 0;
  enum status st = due_rows(g, pool, &vc, 1, &row, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    const struct due_status *d = &row[i].status;
    bool counts = d->due_at && inside(&s->period, d->met_at ? d->met_at : d->due_at);
    s->met += counts && d->state == DUE_MET;
    s->missed += counts && (d->state == DUE_MET_LATE || d->state == DUE_OVERDUE);
    s->running += d->state == DUE_RUNNING;
  }
  return st;
}

static enum status add_success(struct gate *g, struct pool *pool, struct stats *s, const struct vuln_case *vc, struct fault *err)
{
  struct case_event *e = NULL;
  size_t n = 0;
  struct cs_success k;
  enum status st = store_event_list(g->store, pool, vc->id, &e, &n, err);
  if (st || !first_of(e, n, "rm.accept"))
    return st;
  cs_preferences(vc->cs, vc->cs_at, &k);
  s->success[s->judged++] = (struct closed_case){ vc->id, k.met, k.unmet, k.open };
  return ST_OK;
}

static enum status add_case(struct gate *g, struct pool *pool, struct stats *s, struct vuln_case *vc, struct fault *err)
{
  enum status st = ST_OK;
  if (vc->spam || !text_empty(vc->merged_into))
    return ST_OK;
  s->open_now += vc->rm != RM_CLOSED;
  if (inside(&s->period, vc->opened_at)) {
    s->opened++;
    st = add_times(g, pool, s, vc, err);
  }
  if (!st && vc->rm == RM_CLOSED && inside(&s->period, vc->closed_at)) {
    s->closed++;
    st = add_success(g, pool, s, vc, err);
  }
  return st ? st : add_deadlines(g, pool, s, vc, err);
}

static enum status collect(struct gate *g, struct pool *pool, const char *period, struct stats *s, struct fault *err)
{
  static const struct measure titles[MEASURES] = { { .name = "acknowledgement", .title = "acknowledged" },
                                                   { .name = "first_answer", .title = "first answer" },
                                                   { .name = "validation", .title = "validated" },
                                                   { .name = "fix_ready", .title = "fix ready" },
                                                   { .name = "fix_deployed", .title = "fix deployed" } };
  struct case_filter f = { .rm = -1, .max = 1000000 };
  struct vuln_case **vc = NULL;
  size_t n = 0;
  *s = (struct stats){ 0 };
  memcpy(s->measure, titles, sizeof titles);
  if (!parse_period(g, period, &s->period))
    return fault(err, ST_REJECT, "\"%s\" is no period: 2026, 2026-Q3, 2026-11, 90d or all is wanted", period);
  enum status st = store_case_list(g->store, pool, &f, &vc, &n, err);
  s->success = pool_array(pool, n + 1, sizeof *s->success);
  for (size_t i = 0; !st && i < n; i++)
    st = add_case(g, pool, s, vc[i], err);
  return st;
}

/* ---- showing ---- */
static const char *span(struct pool *pool, int64_t s)
{
  if (s < 3600)
    return pool_printf(pool, "%" PRId64 " min", (s + 59) / 60);
  return s < 2 * DAY_S ? pool_printf(pool, "%.1f h", (double)s / 3600)
                       : pool_printf(pool, "%.1f days", (double)s / DAY_S);
}

static double mean_met(const struct stats *s)
{
  double sum = 0;
  for (size_t i = 0; i < s->judged; i++)
    sum += s->success[i].met;
  return s->judged ? sum / (double)s->judged : 0;
}

static void put_text(struct gate *g, struct pool *pool, struct stats *s, struct buf *b)
{
  const char *zone = g->conf->zone;
  buf_printf(b, "Statistics of %s%s%s\n\n", s->period.name, s->period.from ? ", from " : "",
             s->period.from ? time_local(pool, s->period.from, zone) : "");
  buf_printf(b, "cases opened:     %zu\ncases closed:     %zu\nopen now:         %zu\n", s->opened, s->closed,
             s->open_now);
  for (size_t i = 0; i < MEASURES; i++) {
    struct measure *m = &s->measure[i];
    buf_printf(b, "%-17s %zu of %zu", pool_printf(pool, "%s:", m->title), m->count, s->opened);
    struct middle k = middle_of(m->value, m->count);
    if (m->count)
      buf_printf(b, ", after %s (median), %s at most", span(pool, k.median), span(pool, k.longest));
    buf_adds(b, "\n");
  }
  buf_printf(b, "deadlines met:    %zu\ndeadlines missed: %zu\nstill running:    %zu\n", s->met, s->missed, s->running);
  if (s->judged)
    buf_printf(b, "\nOrdering preferences met, of %d, per closed case that was accepted (mean %.1f)\n  %s\n", CS_PREFERENCES,
               mean_met(s), CS_LEGEND);
  for (size_t i = 0; i < s->judged; i++)
    buf_printf(b, "  %s  %2u of %d met, %u not, %u undecided\n", s->success[i].id, s->success[i].met, CS_PREFERENCES,
               s->success[i].unmet, s->success[i].open);
}

static void put_json(struct pool *pool, struct stats *s, struct buf *b)
{
  json_t *times = json_object(), *cases = json_array();
  for (size_t i = 0; i < MEASURES; i++) {
    struct measure *m = &s->measure[i];
    struct middle k = middle_of(m->value, m->count);
    json_t *j = json_pack("{s:I}", "count", (json_int_t)m->count);
    json_object_set_new(j, "median_s", m->count ? json_integer(k.median) : json_null());
    json_object_set_new(j, "longest_s", m->count ? json_integer(k.longest) : json_null());
    json_object_set_new(times, m->name, j);
  }
  for (size_t i = 0; i < s->judged; i++)
    json_array_append_new(cases, json_pack("{s:s,s:i,s:i,s:i,s:i}", "case", s->success[i].id, "met",
                                           (int)s->success[i].met, "of", CS_PREFERENCES, "unmet",
                                           (int)s->success[i].unmet, "open", (int)s->success[i].open));
  json_t *j = json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:o,s:{s:I,s:I,s:I},s:o}", "period", s->period.name, "from",
                        time_iso(pool, s->period.from), "to", time_iso(pool, s->period.to), "opened",
                        (json_int_t)s->opened, "closed", (json_int_t)s->closed, "open_now", (json_int_t)s->open_now,
                        "times", times, "deadlines", "met", (json_int_t)s->met, "missed", (json_int_t)s->missed,
                        "running", (json_int_t)s->running, "preferences", cases);
  char *text = json_dumps(j, JSON_INDENT(2));
  buf_printf(b, "%s\n", text ? text : "null");
  free(text);
  json_decref(j);
}

enum status stats_answer(struct gate *g, struct pool *pool, const char *period, bool as_json, struct buf *b,
                         struct fault *err)
{
  struct stats s;
  enum status st = collect(g, pool, period, &s, err);
  if (st)
    return st;
  if (as_json)
    put_json(pool, &s, b);
  else
    put_text(g, pool, &s, b);
  return ST_OK;
}
