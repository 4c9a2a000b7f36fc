/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: deadlines as people read them: in #show, by #due, and by embargoctl due. */
#include "gate_due.h"

#include <jansson.h>

enum status due_show(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct buf *b, struct fault *err)
{
  struct due_known k;
  struct due_world w;
  enum status st = due_know(g, pool, vc, &k, &w, err);
  for (size_t i = 0; !st && i < g->conf->due_count; i++) {
    const struct due_deadline *d = &g->conf->due[i];
    struct due_status s = due_judge(pool, d, &w);
    if (s.due_at && s.state != DUE_NOT_APPLICABLE)
      buf_printf(b, "deadline:    %s, %s: %s (%s)\n", time_local(pool, s.due_at, g->conf->zone),
                 due_state_name(s.state), d->title, d->name);
  }
  for (size_t i = 0; !st && i < k.note_count; i++)
    if (due_note_waits(&k, &k.note[i]))
      buf_printf(b, "reminder:    %s, %s: %s\n", time_local(pool, k.note[i].at, g->conf->zone), k.note[i].who,
                 k.note[i].text);
  return st;
}

const char *due_event_text(struct pool *pool, const struct case_event *e)
{
  size_t at = strcmp(e->kind, "due.reminded") ? SIZE_MAX : bytes_find(bytes_str(e->text), BYTES(DUE_KEYS_MARK), 0);
  return at == SIZE_MAX ? e->text : pool_strndup(pool, e->text, at);
}

/* ---- rows ---- */
/* What presses comes first. */
static int rank(const struct due_row *r)
{
  static const int ranks[] = { [DUE_OVERDUE] = 0,  [DUE_RUNNING] = 1,     [DUE_MET] = 2,
                               [DUE_MET_LATE] = 3, [DUE_NOT_STARTED] = 4, [DUE_NOT_APPLICABLE] = 5 };
  return ranks[r->status.state];
}

static int by_urgency(const void *a, const void *b)
{
  const struct due_row *x = a, *y = b;
  if (rank(x) != rank(y))
    return rank(x) - rank(y);
  if (x->status.due_at != y->status.due_at)
    return x->status.due_at < y->status.due_at ? -1 : 1;
  int ids = strcmp(x->case_id, y->case_id);
  return ids ? ids : strcmp(x->deadline->name, y->deadline->name);
}

enum status due_rows(struct gate *g, struct pool *pool, struct vuln_case *const *vc, size_t count, struct due_row **out,
                     size_t *n, struct fault *err)
{
  const struct conf *c = g->conf;
  *n = 0;
  *out = pool_array(pool, count * c->due_count + 1, sizeof **out);
  for (size_t i = 0; i < count; i++) {
    struct due_known k;
    struct due_world w;
    enum status st = due_know(g, pool, vc[i], &k, &w, err);
    if (st)
      return st;
    for (size_t d = 0; d < c->due_count; d++)
      (*out)[(*n)++] = (struct due_row){ vc[i]->id, &c->due[d], due_judge(pool, &c->due[d], &w) };
  }
  qsort(*out, *n, sizeof **out, by_urgency);
  return ST_OK;
}

/* ---- #due ---- */
/* "not known yet: death", and which command tells it. */
static const char *reason_with_command(struct pool *pool, const struct due_status *s)
{
  const char *colon = s->state == DUE_NOT_STARTED ? strchr(s->reason, ':') : NULL;
  const char *command = colon ? command_fact_telling(pool, colon + 2) : "";
  return *command ? pool_printf(pool, "%s (%s tells it)", s->reason, command) : s->reason;
}

static void put_row(struct gate *g, struct pool *pool, struct buf *b, const struct due_row *r)
{
  const char *zone = g->conf->zone;
  const struct due_status *s = &r->status;
  buf_printf(b, "%-14s %s\n               %s\n", due_state_name(s->state), r->deadline->name, r->deadline->title);
  if (s->state == DUE_NOT_STARTED || s->state == DUE_NOT_APPLICABLE)
    buf_printf(b, "               %s\n", reason_with_command(pool, s));
  else
    buf_printf(b, "               due %s%s%s\n", time_local(pool, s->due_at, zone),
               s->started_at ? ", counts from " : "", s->started_at ? time_local(pool, s->started_at, zone) : "");
  if (s->met_at)
    buf_printf(b, "               met %s by %s\n", time_local(pool, s->met_at, zone), s->reason);
}

enum status due_list(struct gate *g, struct pool *pool, struct vuln_case *vc, struct buf *b, struct fault *err)
{
  const struct conf *c = g->conf;
  struct due_known k;
  struct due_world w;
  struct due_row *row = NULL;
  size_t n = 0;
  enum status st = due_know(g, pool, vc, &k, &w, err);
  if (!st)
    st = due_rows(g, pool, &vc, 1, &row, &n, err);
  if (st)
    return st;
  for (size_t i = 0; i < n; i++)
    put_row(g, pool, b, &row[i]);
  if (!n)
    buf_adds(b, "The configuration has no deadlines: it needs a profile or deadline sections.\n");
  for (size_t i = 0; i < k.note_count; i++)
    if (due_note_waits(&k, &k.note[i]))
      buf_printf(b, "reminder       %s\n               %s, asked for by %s\n", k.note[i].text,
                 time_local(pool, k.note[i].at, c->zone), k.note[i].who);
  return ST_OK;
}

/* ---- embargoctl due ---- */
static json_t *js(struct pool *pool, int64_t t)
{
  return t ? json_string(time_iso(pool, t)) : json_null();
}

static void put_json(struct pool *pool, struct buf *b, const struct due_row *row, size_t n)
{
  json_t *all = json_array();
  for (size_t i = 0; i < n; i++) {
    const struct due_status *s = &row[i].status;
    json_array_append_new(
        all, json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "case", row[i].case_id, "name", row[i].deadline->name,
                       "title", row[i].deadline->title, "state", due_state_name(s->state), "reason", s->reason,
                       "started", js(pool, s->started_at), "due", js(pool, s->due_at), "met", js(pool, s->met_at)));
  }
  char *text = json_dumps(all, JSON_INDENT(2));
  buf_printf(b, "%s\n", text ? text : "null");
  free(text);
  json_decref(all);
}

static enum status chosen(struct gate *g, struct pool *pool, const char *id, struct vuln_case ***out, size_t *count,
                          struct fault *err)
{
  struct case_filter f = { .rm = -1, .open_only = true, .max = 100000 };
  if (text_empty(id))
    return store_case_list(g->store, pool, &f, out, count, err);
  *out = pool_array(pool, 1, sizeof **out);
  *count = 1;
  return store_case_live(g->store, pool, id, *out, err);
}

bool due_presses(const struct due_row *r)
{
  return r->status.state == DUE_OVERDUE || r->status.state == DUE_RUNNING;
}

enum status due_verb(struct gate *g, struct pool *pool, const char *id, bool as_json, struct buf *b, struct fault *err)
{
  struct vuln_case **vc = NULL;
  struct due_row *row = NULL;
  size_t count = 0, n = 0, shown = 0;
  enum status st = chosen(g, pool, id, &vc, &count, err);
  if (!st && !as_json && !text_empty(id))
    return due_list(g, pool, vc[0], b, err);
  if (!st)
    st = due_rows(g, pool, vc, count, &row, &n, err);
  if (st)
    return st;
  if (as_json) {
    put_json(pool, b, row, n);
    return ST_OK;
  }
  for (size_t i = 0; i < n && due_presses(&row[i]); i++, shown++)
    buf_printf(b, "%s  %-8s  %s  %s (%s)\n", row[i].case_id, due_state_name(row[i].status.state),
               time_local(pool, row[i].status.due_at, g->conf->zone), row[i].deadline->title, row[i].deadline->name);
  if (!shown)
    buf_adds(b, "No deadline runs.\n");
  return ST_OK;
}
