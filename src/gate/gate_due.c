/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the clocks of a case. What deadlines are, when they are due and whom to remind is src/due's; here it hears what
 * happened, and a reminder is a mail of our own: the keys of what was reminded lie in the event that is committed with
 * it, so that no restart and no jump of the clock reminds twice or never. */
#include "gate_private.h"

#include <embargod/due.h>

#define LOOK_S 3600    /* a look at all open cases, at least so often */
#define LOOK_SOON_S 60 /* after something has happened */
#define KEYS_MARK " [reminded: "

/* What an entry of the history means to a deadline. */
static const struct {
  const char *kind, *event;
} meanings[] = {
  { "case.opened", "received" },
  { "case.opened", "learned" },
  { "rm.validate", "decided" },
  { "rm.invalidate", "decided" },
  { "rm.accept", "accepted" },
  { "rm.close", "closed" },
  { "field.clinical", "assessed" },
  { "field.mitigation", "measure-available" },
  { "field.workaround", "measure-available" },
};
static const struct {
  enum cs_fact fact;
  const char *event;
} facts[] = { { CS_FIX_READY, "fix-ready" },           { CS_FIX_READY, "measure-available" },
              { CS_FIX_DEPLOYED, "fix-deployed" },     { CS_PUBLIC_AWARE, "public" },
              { CS_EXPLOIT_PUBLIC, "exploit-public" }, { CS_ATTACKS, "attacks" } };
static const struct {
  const char *kind, *event;
} told[] = { { "customer", "customers-told" },
             { "isac", "isac-told" },
             { "coordinator", "coordinator-told" },
             { "regulator", "regulator-told" } };

struct known {
  struct pool *pool;
  struct due_event *event;
  size_t event_count, event_cap;
  struct due_fact *fact;
  size_t fact_count, fact_cap;
  const char **sent;
  size_t sent_count, sent_cap;
  struct due_override *override;
  size_t override_count, override_cap;
};

static void add_event(struct known *k, const char *name, int64_t at)
{
  if (!at)
    return;
  k->event = pool_grow(k->pool, k->event, k->event_count, &k->event_cap, sizeof *k->event);
  k->event[k->event_count++] = (struct due_event){ name, at };
}

static void add_fact(struct known *k, const char *word, bool holds)
{
  k->fact = pool_grow(k->pool, k->fact, k->fact_count, &k->fact_cap, sizeof *k->fact);
  k->fact[k->fact_count++] = (struct due_fact){ word, holds };
}

/* "To NAME, released by ..." */
static void notice_sent(const struct gate *g, struct known *k, const struct case_event *e)
{
  struct bytes text = bytes_str(e->text);
  size_t comma = bytes_find(text, BYTES(","), 0);
  if (!bytes_starts(text, BYTES("To ")) || comma == SIZE_MAX)
    return;
  const char *name = pool_str(k->pool, bytes_sub(text, 3, comma - 3));
  const struct conf_stakeholder *s = conf_stakeholder_by_name(g->conf, name);
  add_event(k, pool_printf(k->pool, "notice:%s", name), e->at);
  for (size_t i = 0; s && i < ARRAY_LEN(told); i++)
    if (text_ieq(told[i].kind, s->kind))
      add_event(k, told[i].event, e->at);
}

/* The keys of an earlier reminder. */
static void reminded(struct known *k, const char *text)
{
  struct bytes b = bytes_str(text);
  size_t at = bytes_find(b, BYTES(KEYS_MARK), 0);
  if (at == SIZE_MAX)
    return;
  for (at += strlen(KEYS_MARK); at < b.len;) {
    size_t end = at;
    while (end < b.len && b.p[end] != ' ' && b.p[end] != ']')
      end++;
    k->sent = pool_grow(k->pool, k->sent, k->sent_count, &k->sent_cap, sizeof *k->sent);
    k->sent[k->sent_count++] = pool_str(k->pool, bytes_sub(b, at, end - at));
    at = end + 1;
  }
}

/* What #due and #filed left: "NAME", "NAME: REST". */
static void said(struct known *k, const struct case_event *e)
{
  struct bytes text = bytes_str(e->text);
  size_t colon = bytes_find(text, BYTES(": "), 0);
  const char *name = pool_str(k->pool, bytes_sub(text, 0, colon == SIZE_MAX ? text.len : colon));
  const char *rest = colon == SIZE_MAX ? "" : e->text + colon + 2;
  struct due_override o = { .name = name };
  int64_t at = e->at;
  if (!strcmp(e->kind, "due.filed")) {
    const char *filed = strstr(rest, ", filed ");
    for (const char *next = filed; next; next = strstr(next + 1, ", filed "))
      filed = next;
    if (filed)
      (void)!time_parse(filed + 8, 0, 0, NULL, &at);
    add_event(k, pool_printf(k->pool, "filed:%s", name), at);
    return;
  }
  if (!strcmp(e->kind, "due.met"))
    o.met_at = e->at;
  else if (!strcmp(e->kind, "due.na"))
    o.not_applicable = rest;
  else if (!time_parse(rest, 0, 0, NULL, &o.due_at))
    return;
  k->override = pool_grow(k->pool, k->override, k->override_count, &k->override_cap, sizeof *k->override);
  k->override[k->override_count++] = o;
}

static void know_facts(const struct gate *g, struct known *k, const struct vuln_case *vc)
{
  const char *clinical = case_get(vc, "clinical"), *adverse = case_get(vc, "adverse-events");
  add_fact(k, "open", vc->rm != RM_CLOSED);
  if (vc->rm != RM_START && vc->rm != RM_RECEIVED)
    add_fact(k, "valid", vc->rm != RM_INVALID);
  if (*clinical)
    add_fact(k, "uncontrolled", text_istarts(clinical, "uncontrolled"));
  if (*adverse)
    add_fact(k, "adverse-events", !text_ieq(adverse, "none"));
  add_fact(k, "exploited", vc->cs & 1u << CS_ATTACKS);
  add_fact(k, "public", vc->cs & 1u << CS_PUBLIC_AWARE);
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct conf_product *p =
        strcmp(vc->field[i].name, "product") == 0 ? conf_product_by_name(g->conf, vc->field[i].value) : NULL;
    if (p && !text_empty(p->class_name))
      add_fact(k, pool_printf(k->pool, "class:%s", p->class_name), true);
  }
}

static enum status know(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct known *k,
                        struct due_world *w, struct fault *err)
{
  struct case_event *e = NULL;
  size_t n = 0;
  *k = (struct known){ .pool = pool };
  enum status st = store_event_list(g->store, pool, vc->id, &e, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    for (size_t m = 0; m < ARRAY_LEN(meanings); m++)
      if (!strcmp(e[i].kind, meanings[m].kind))
        add_event(k, meanings[m].event, e[i].at);
    if (!strcmp(e[i].kind, "notice.sent"))
      notice_sent(g, k, &e[i]);
    if (!strcmp(e[i].kind, "due.reminded"))
      reminded(k, e[i].text);
    else if (text_istarts(e[i].kind, "due."))
      said(k, &e[i]);
  }
  for (size_t i = 0; i < ARRAY_LEN(facts); i++)
    if (vc->cs & 1u << facts[i].fact)
      add_event(k, facts[i].event, vc->cs_at[facts[i].fact]);
  add_event(k, "first-answer", vc->first_answer_at);
  add_event(k, "contact", vc->last_contact_at);
  know_facts(g, k, vc);
  *w = (struct due_world){ .calendar = &g->conf->calendar,
                           .event = k->event,
                           .event_count = k->event_count,
                           .fact = k->fact,
                           .override = k->override,
                           .override_count = k->override_count,
                           .fact_count = k->fact_count,
                           .now = clock_now(&g->clock) };
  return st;
}

/* ---- #show ---- */
enum status due_show(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct buf *b, struct fault *err)
{
  struct known k;
  struct due_world w;
  enum status st = g->conf->due_count ? know(g, pool, vc, &k, &w, err) : ST_OK;
  for (size_t i = 0; !st && i < g->conf->due_count; i++) {
    const struct due_deadline *d = &g->conf->due[i];
    struct due_status s = due_judge(pool, d, &w);
    if (s.due_at && s.state != DUE_NOT_APPLICABLE)
      buf_printf(b, "deadline:    %s, %s: %s (%s)\n", time_local(pool, s.due_at, g->conf->zone),
                 due_state_name(s.state), d->title, d->name);
  }
  return st;
}

/* ---- reminders ---- */
/* The assignees (when there are none, whoever hears of trouble), then the leads too, then everybody. */
static bool hears(const struct conf *c, const struct conf_analyst *a, const struct vuln_case *vc, enum due_audience audience)
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
  tvalue_sets(r->pool, d, "began", time_local(r->pool, m->status.started_at, zone));
  tvalue_sets(r->pool, d, "source", m->deadline->source ? m->deadline->source : "");
  tvalue_setb(r->pool, d, "overdue", m->status.state == DUE_OVERDUE);
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
             time_local(r->pool, m->status.due_at, c->zone), who.len ? buf_str(&who) : "nobody", KEYS_MARK,
             buf_str(&keys));
  return ST_OK;
}

static enum status fill(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  struct vuln_case *vc = NULL;
  struct known k;
  struct due_world w;
  struct due_reminder *m = NULL;
  enum status st = store_case_load(g->store, r->pool, r->about, &vc, err);
  if (!st)
    st = know(g, r->pool, vc, &k, &w, err);
  if (st)
    return st;
  work_end(r, LETTER_APPLIED, CLASS_NONE, vc->id, "");
  size_t n = due_plan(r->pool, g->conf->due, g->conf->due_count, &w, k.sent, k.sent_count, &m);
  for (size_t i = 0; !st && i < n; i++)
    st = remind(r, vc, &m[i], err);
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

/* One look at all open cases: who is to be reminded now, and when to look again. */
static enum status look(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("deadlines");
  struct case_filter f = { .rm = -1, .open_only = true, .max = 100000 };
  struct vuln_case **vc = NULL;
  size_t n = 0;
  int64_t now = clock_now(&g->clock);
  g->deadline_look_at = now + LOOK_S;
  enum status st = store_case_list(g->store, pool, &f, &vc, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    struct known k;
    struct due_world w;
    struct due_reminder *m = NULL;
    st = know(g, pool, vc[i], &k, &w, err);
    if (st)
      break;
    if (!in_hand(g, vc[i]->id) && due_plan(pool, g->conf->due, g->conf->due_count, &w, k.sent, k.sent_count, &m)) {
      struct run *r = run_new_system(g, due_decide);
      r->about = pool_strdup(r->pool, vc[i]->id);
    }
    int64_t next = due_next(pool, g->conf->due, g->conf->due_count, &w);
    if (next && next < g->deadline_look_at)
      g->deadline_look_at = next;
  }
  return st;
}

void gate_due_soon(struct gate *g)
{
  int64_t soon = clock_now(&g->clock) + LOOK_SOON_S;
  if (soon < g->deadline_look_at)
    g->deadline_look_at = soon;
}

void gate_due_tick(struct gate *g)
{
  struct fault err = { 0 };
  int64_t now = clock_now(&g->clock);
  bool back = now + LOOK_S < g->deadline_look_at; /* the clock was set back */
  if (!g->conf->due_count || !g->ring_ready || g->stopping || (now < g->deadline_look_at && !back) ||
      g->store_pause > clock_mono(&g->clock))
    return;
  g->did_something = true;
  if (look(g, &err))
    log_event(&g->log, LOG_LEVEL_ERR, "deadlines cannot be looked at", LOG_STR("why", err.text));
}
