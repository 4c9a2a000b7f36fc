/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the clocks of a case. What deadlines are, when they are due and whom to remind is src/due's; here it hears what
 * happened, and a reminder is a mail of our own: the keys of what was reminded lie in the event that is committed with
 * it, so that no restart and no jump of the clock reminds twice or never. */
#include "gate_due.h"

#define LOOK_S 3600    /* a look at the agenda, at least so often; and when what was due could not be done */
#define LOOK_ALL_S 86400 /* a look at all open cases, in case something was missed */
#define LOOK_SOON_S 60 /* after something has happened */

/* ---- reminders ---- */
/* The assignees (when there are none, whoever hears of trouble), then the leads too, then everybody. */
static bool hears(const struct conf *c, const struct conf_analyst *a, const struct vuln_case *vc,
                  enum due_audience audience)
{
  bool assigned = false;
  for (size_t i = 0; i < vc->member_count; i++)
    assigned |= vc->member[i].role == MEMBER_ASSIGNEE && conf_analyst_by_name(c, vc->member[i].analyst);
  if (case_has_member(vc, a->name, MEMBER_ASSIGNEE) || (audience >= DUE_LEAD && a->lead))
    return true;
  return audience == DUE_ALL ? !a->observer : !assigned && analyst_gets_alarm(c, a);
}

static struct tvalue *reminder_vars(struct run *r, struct vuln_case *vc, const struct due_reminder *m,
                                    const char *language)
{
  const char *zone = r->g->conf->zone;
  struct tvalue *v = write_vars(r, vc, language), *d = tvalue_object(r->pool);
  tvalue_sets(r->pool, d, "name", m->deadline->name);
  tvalue_sets(r->pool, d, "title", m->deadline->title);
  tvalue_sets(r->pool, d, "at", time_local(r->pool, m->status.due_at, zone));
  tvalue_sets(r->pool, d, "began", m->status.started_at ? time_local(r->pool, m->status.started_at, zone) : "");
  tvalue_sets(r->pool, d, "source", m->deadline->source ? m->deadline->source : "");
  tvalue_setb(r->pool, d, "overdue", m->status.state == DUE_OVERDUE);
  tvalue_sets(r->pool, d, "met_by", due_met_by(r->pool, m->deadline));
  tvalue_sets(r->pool, d, "preview", due_status_preview(r, vc, m->deadline));
  tvalue_set(r->pool, v, "due", d);
  return v;
}

static enum status remind(struct run *r, struct vuln_case *vc, const struct due_reminder *m, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct buf who = buf_new(r->pool, 64), keys = buf_new(r->pool, 128);
  for (size_t i = 0; i < m->key_count; i++)
    buf_printf(&keys, "%s%s", i ? " " : "", m->key[i]);
  for (size_t i = 0; i < c->analyst_count; i++) {
    if (!hears(c, &c->analyst[i], vc, m->audience))
      continue;
    struct letter_spec s = { .kind = "reminder",
                             .template_name = "internal/reminder",
                             .vc = vc,
                             .auto_submitted = "auto-generated",
                             .serial =
                                 pool_printf(r->pool, "due-%s-%s-%s", vc->id, buf_str(&keys), c->analyst[i].name) };
    struct outgoing *o;
    enum status st = write_to_analyst(r, &c->analyst[i], &s, reminder_vars(r, vc, m, c->analyst[i].language), &o, err);
    if (st)
      return st;
    o->droppable = true;
    work_out(r, o);
    buf_printf(&who, "%s%s", who.len ? ", " : "", c->analyst[i].name);
  }
  work_event(r, vc, "due.reminded", "", "%s, due %s: reminder to %s%s%s]", m->deadline->title,
             time_local(r->pool, m->status.due_at, c->zone), who.len ? buf_str(&who) : "nobody", DUE_KEYS_MARK,
             buf_str(&keys));
  return ST_OK;
}

/* ---- #remind ---- */
/* Who asked, and who works on it. */
static bool hears_note(const struct conf_analyst *a, const struct vuln_case *vc, const struct due_note *n)
{
  return text_ieq(a->name, n->who) || case_has_member(vc, a->name, MEMBER_ASSIGNEE);
}

static bool note_is_due(const struct due_known *k, const struct due_note *n, int64_t now)
{
  return n->at <= now && due_note_waits(k, n);
}

static struct tvalue *note_vars(struct run *r, struct vuln_case *vc, const struct due_note *n, const char *language)
{
  struct tvalue *v = write_vars(r, vc, language);
  template_put(r->pool, v, "due.title", n->text);
  template_put(r->pool, v, "due.at", time_local(r->pool, n->at, r->g->conf->zone));
  template_put(r->pool, v, "due.asked_by", n->who);
  return v;
}

static enum status remind_note(struct run *r, struct vuln_case *vc, const struct due_note *n, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct buf who = buf_new(r->pool, 64);
  for (size_t i = 0; i < c->analyst_count; i++) {
    const struct conf_analyst *a = &c->analyst[i];
    struct letter_spec s = {
      .kind = "reminder", .template_name = "internal/remind", .vc = vc, .auto_submitted = "auto-generated"
    };
    struct outgoing *o;
    if (!hears_note(a, vc, n))
      continue;
    s.serial = pool_printf(r->pool, "%s-%s", n->key, a->name);
    enum status st = write_to_analyst(r, a, &s, note_vars(r, vc, n, a->language), &o, err);
    if (st)
      return st;
    o->droppable = true;
    work_out(r, o);
    buf_printf(&who, "%s%s", who.len ? ", " : "", a->name);
  }
  work_event(r, vc, "due.reminded", "", "\"%s\": reminder to %s%s%s]", n->text, who.len ? buf_str(&who) : "nobody",
             DUE_KEYS_MARK, n->key);
  return ST_OK;
}

static enum status fill(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  struct vuln_case *vc = NULL;
  struct due_known k;
  struct due_world w;
  struct due_reminder *m = NULL;
  enum status st = store_case_load(g->store, r->pool, r->about, &vc, err);
  if (!st)
    work_end(r, LETTER_APPLIED, CLASS_NONE, vc->id, "");
  if (!st && !text_empty(vc->merged_into)) /* meanwhile: the other one reminds */
    return ST_OK;
  if (!st)
    st = due_know(g, r->pool, vc, &k, &w, err);
  if (st)
    return st;
  size_t n = due_plan(r->pool, g->conf->due, g->conf->due_count, &w, k.sent, k.sent_count, &m);
  for (size_t i = 0; !st && i < n; i++)
    st = remind(r, vc, &m[i], err);
  for (size_t i = 0; !st && i < k.note_count; i++)
    if (note_is_due(&k, &k.note[i], w.now))
      st = remind_note(r, vc, &k.note[i], err);
  return st;
}

static void due_decide(struct run *r)
{
  struct fault err = { 0 };
  work_reset(r);
  if (!run_claim(r, r->about))
    return;
  enum status st = fill(r, &err);
  if (st) {
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

static bool in_hand(const struct gate *g, const char *id)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->about && !strcmp(r->about, id))
      return true;
  return false;
}

/* Who is to be reminded in this case now, and when to look again. */
static enum status look_at(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct fault *err)
{
  const struct conf *c = g->conf;
  struct due_known k;
  struct due_world w;
  struct due_reminder *m = NULL;
  enum status st = due_know(g, pool, vc, &k, &w, err);
  if (st)
    return st;
  bool wanted = due_plan(pool, c->due, c->due_count, &w, k.sent, k.sent_count, &m) > 0;
  int64_t next = due_next(pool, c->due, c->due_count, &w);
  for (size_t i = 0; i < k.note_count; i++) {
    wanted |= note_is_due(&k, &k.note[i], w.now);
    if (k.note[i].at > w.now && (!next || k.note[i].at < next))
      next = k.note[i].at;
  }
  if (wanted && (!next || next > w.now + LOOK_S))
    next = w.now + LOOK_S;
  due_agenda_set(g->agenda, vc->id, next);
  if (wanted && !in_hand(g, vc->id)) {
    struct run *r = run_new_system(g, due_decide);
    r->about = pool_strdup(r->pool, vc->id);
    r->whole = true;
  }
  return ST_OK;
}

static void forget_changed(struct gate *g)
{
  g->changed = NULL;
  g->changed_count = g->changed_cap = 0;
  g->changed_look_at = 0;
  pool_reset(g->changed_pool);
}

/* At the start, after a reload or a clock that was set, and once a day. */
static enum status look_at_all(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("deadlines");
  struct case_filter f = { .rm = -1, .open_only = true, .max = 100000 };
  struct vuln_case **vc = NULL;
  size_t n = 0;
  g->deadlines_all_at = clock_now(&g->clock) + LOOK_ALL_S;
  forget_changed(g);
  pool_reset(g->agenda_pool);
  g->agenda = due_agenda_new(g->agenda_pool);
  enum status st = store_case_list(g->store, pool, &f, &vc, &n, err);
  for (size_t i = 0; !st && i < n; i++)
    st = look_at(g, pool, vc[i], err);
  log_event(&g->log, LOG_LEVEL_DEBUG, "deadlines of all open cases looked at", LOG_INT("loaded", (int64_t)n));
  return st;
}

static enum status look_at_one(struct gate *g, struct pool *pool, const char *id, struct fault *err)
{
  struct vuln_case *vc = NULL;
  enum status st = store_case_live(g->store, pool, id, &vc, err); /* of a merged one what happens there is the other's */
  if (st == ST_REJECT) { /* erased meanwhile */
    fault_clear(err);
    return ST_OK;
  }
  return !st && vc->rm != RM_CLOSED && text_empty(vc->merged_into) ? look_at(g, pool, vc, err) : st;
}

/* Of the open cases only those whose time has come are loaded. */
static enum status look_at_due(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("deadlines");
  const char **id = NULL;
  enum status st = ST_OK;
  size_t n = due_agenda_take(g->agenda, pool, clock_now(&g->clock), &id);
  for (size_t i = 0; !st && i < n; i++)
    st = look_at_one(g, pool, id[i], err);
  if (st)
    g->deadlines_all_at = 0; /* what was taken is looked at again */
  log_event(&g->log, LOG_LEVEL_DEBUG, "deadlines that are due looked at", LOG_INT("loaded", (int64_t)n));
  return st;
}

static enum status look_at_changed(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("deadlines");
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < g->changed_count; i++)
    st = look_at_one(g, pool, g->changed[i], err);
  forget_changed(g);
  return st;
}

void gate_due_changed(struct gate *g, const char *case_id)
{
  for (size_t i = 0; i < g->changed_count; i++)
    if (!strcmp(g->changed[i], case_id))
      return;
  if (!g->changed_count)
    g->changed_look_at = clock_now(&g->clock) + LOOK_SOON_S;
  g->changed = pool_grow(g->changed_pool, g->changed, g->changed_count, &g->changed_cap, sizeof *g->changed);
  g->changed[g->changed_count++] = pool_strdup(g->changed_pool, case_id);
}

void gate_due_changed_by(struct run *r)
{
  for (size_t i = 0; i < r->work.event_count; i++)
    gate_due_changed(r->g, r->work.event[i].vc->id);
}

void gate_due_tick(struct gate *g)
{
  struct fault err = { 0 };
  int64_t now = clock_now(&g->clock), next;
  bool back = now + LOOK_ALL_S < g->deadlines_all_at; /* the clock was set back */
  bool all = !g->agenda || !g->deadline_look_at || back || now >= g->deadlines_all_at;
  bool some = g->changed_count && now >= g->changed_look_at;
  if (!g->ring_ready || g->stopping || (!all && !some && now < g->deadline_look_at && now + LOOK_S >= g->deadline_look_at) ||
      g->store_pause > clock_mono(&g->clock))
    return;
  g->did_something = true;
  enum status st = all ? look_at_all(g, &err) : some ? look_at_changed(g, &err) : look_at_due(g, &err);
  if (st)
    log_event(&g->log, LOG_LEVEL_ERR, "deadlines cannot be looked at", LOG_STR("why", err.text));
  next = due_agenda_next(g->agenda);
  g->deadline_look_at = next && next < now + LOOK_S ? next : now + LOOK_S;
}
