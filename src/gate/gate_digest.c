/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the daily digest, to each analyst: what is due, what waits, what is in trouble, the open cases. Which day had
 * its digest is committed with the mail, so that it comes once a day whatever restarts. A day with nothing to say is
 * quiet. */
#include "gate_due.h"
#include "gate_keywatch.h"

#define META "digest-day"
#define LOOK_S 30
#define UPCOMING_S (7 * 86400)

struct digest {
  struct gate *g;
  struct pool *pool;
  struct tvalue *vars;
  int64_t now;
  struct vuln_case **vc;
  size_t vc_count;
  size_t overdue, upcoming, waiting, scheduled, keys;
  struct store_counts counts;
};

static void put_count(struct digest *d, const char *name, int64_t n)
{
  template_put(d->pool, d->vars, name, n ? pool_printf(d->pool, "%" PRId64, n) : "");
}

static const char *when(struct digest *d, int64_t t)
{
  return time_local(d->pool, t, d->g->conf->zone);
}

/* ---- what is due ---- */
static enum status put_due(struct digest *d, struct fault *err)
{
  struct due_row *row = NULL;
  size_t n = 0;
  enum status st = due_rows(d->g, d->pool, d->vc, d->vc_count, &row, &n, err);
  for (size_t i = 0; !st && i < n && due_presses(&row[i]); i++) {
    bool overdue = row[i].status.state == DUE_OVERDUE;
    if (!overdue && row[i].status.due_at > d->now + UPCOMING_S)
      continue;
    struct tvalue *v = template_add_row(d->pool, d->vars, overdue ? "overdue" : "upcoming");
    tvalue_sets(d->pool, v, "case", row[i].case_id);
    tvalue_sets(d->pool, v, "name", row[i].deadline->name);
    tvalue_sets(d->pool, v, "title", row[i].deadline->title);
    tvalue_sets(d->pool, v, "at", when(d, row[i].status.due_at));
    *(overdue ? &d->overdue : &d->upcoming) += 1;
  }
  return st;
}

/* ---- what waits ---- */
static enum status put_waiting(struct digest *d, struct fault *err)
{
  struct pending_release *p = NULL;
  size_t n = 0;
  enum status st = store_pending_list(d->g->store, d->pool, NULL, &p, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    if (p[i].expires_at < d->now)
      continue;
    struct tvalue *v = template_add_row(d->pool, d->vars, "waiting");
    tvalue_sets(d->pool, v, "case", p[i].case_id);
    tvalue_sets(d->pool, v, "what", p[i].what);
    tvalue_sets(d->pool, v, "by", p[i].by);
    tvalue_sets(d->pool, v, "token", p[i].token);
    tvalue_sets(d->pool, v, "expires", when(d, p[i].expires_at));
    d->waiting++;
  }
  return st;
}

/* Approved, and waits for its instant. */
static enum status put_scheduled(struct digest *d, struct fault *err)
{
  struct publication *p = NULL;
  size_t n = 0;
  enum status st = store_publication_list(d->g->store, d->pool, NULL, &p, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    if (p[i].state != PUBLICATION_APPROVED && p[i].state != PUBLICATION_SIGNED)
      continue;
    struct tvalue *v = template_add_row(d->pool, d->vars, "scheduled");
    tvalue_sets(d->pool, v, "case", p[i].case_id);
    tvalue_sets(d->pool, v, "version", pool_printf(d->pool, "%u", p[i].version));
    tvalue_sets(d->pool, v, "at", when(d, p[i].planned_at));
    tvalue_sets(d->pool, v, "token", p[i].token);
    tvalue_sets(d->pool, v, "problem", p[i].last_error);
    d->scheduled++;
  }
  return st;
}

/* ---- keys ---- */
static void put_key(struct digest *d, const char *owner, const char *problem)
{
  struct tvalue *v = template_add_row(d->pool, d->vars, "key_alarms");
  tvalue_sets(d->pool, v, "owner", owner);
  tvalue_sets(d->pool, v, "problem", problem);
  d->keys++;
}

static enum status put_keys(struct digest *d, struct fault *err)
{
  struct watched_key *k = NULL;
  size_t n = 0;
  enum status st = keywatch_list(d->g, d->pool, d->vc, d->vc_count, &k, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    const char *text = keywatch_text(d->pool, &k[i], d->now, d->g->conf->zone);
    if (*text)
      put_key(d, k[i].owner, text);
  }
  return st;
}

/* ---- open cases ---- */
static void put_cases(struct digest *d)
{
  for (size_t i = 0; i < d->vc_count; i++) {
    const struct vuln_case *vc = d->vc[i];
    struct buf who = buf_new(d->pool, 40);
    for (size_t k = 0; k < vc->member_count; k++)
      if (vc->member[k].role == MEMBER_ASSIGNEE)
        buf_printf(&who, "%s%s", who.len ? ", " : "", vc->member[k].analyst);
    struct tvalue *v = template_add_row(d->pool, d->vars, "open_cases");
    tvalue_sets(d->pool, v, "id", vc->id);
    tvalue_sets(d->pool, v, "state", rm_state_name(vc->rm));
    tvalue_sets(d->pool, v, "assignees", buf_str(&who));
    tvalue_sets(d->pool, v, "title", case_get(vc, "title"));
    tvalue_sets(d->pool, v, "embargo_until",
                vc->em == EM_ACTIVE || vc->em == EM_REVISE ? when(d, vc->embargo_until) : "");
  }
}

static enum status collect(struct digest *d, struct fault *err)
{
  struct case_filter f = { .rm = -1, .open_only = true, .max = 100000 };
  char *head = NULL;
  enum status st = store_case_list(d->g->store, d->pool, &f, &d->vc, &d->vc_count, err);
  if (!st)
    st = store_counts_get(d->g->store, &d->counts, err);
  if (!st)
    st = put_due(d, err);
  if (!st)
    st = put_waiting(d, err);
  if (!st)
    st = put_scheduled(d, err);
  if (!st)
    st = put_keys(d, err);
  if (!st)
    st = store_event_head(d->g->store, d->pool, &head, err);
  if (st)
    return st;
  put_cases(d);
  put_count(d, "digest.overdue", (int64_t)d->overdue);
  put_count(d, "digest.upcoming", (int64_t)d->upcoming);
  put_count(d, "digest.waiting", (int64_t)d->waiting);
  put_count(d, "digest.scheduled", (int64_t)d->scheduled);
  put_count(d, "digest.keys", (int64_t)d->keys);
  put_count(d, "digest.cases", (int64_t)d->vc_count);
  put_count(d, "digest.quarantined", d->counts.quarantined);
  put_count(d, "digest.held", d->counts.held);
  put_count(d, "digest.failed", d->counts.outbox_failed);
  template_put(d->pool, d->vars, "digest.head", head);
  return ST_OK;
}

static bool says_something(const struct digest *d)
{
  return d->vc_count || d->overdue || d->upcoming || d->waiting || d->scheduled || d->keys || d->counts.quarantined || d->counts.held ||
         d->counts.outbox_failed;
}

/* ---- the mails ---- */
static enum status write_one(struct run *r, const struct conf_analyst *a, const struct tvalue *found, int day,
                             struct fault *err)
{
  static const char *const parts[] = { "digest", "overdue", "upcoming", "waiting", "scheduled", "key_alarms", "open_cases" };
  struct tvalue *vars = write_vars(r, NULL, a->language);
  struct outgoing *o;
  for (size_t i = 0; i < ARRAY_LEN(parts); i++)
    if (tvalue_get(found, parts[i]))
      tvalue_set(r->pool, vars, parts[i], (struct tvalue *)tvalue_get(found, parts[i]));
  struct letter_spec s = { .kind = "digest",
                           .template_name = "internal/digest",
                           .auto_submitted = "auto-generated",
                           .serial = pool_printf(r->pool, "digest-%d-%s", day, a->name) };
  enum status st = write_to_analyst(r, a, &s, vars, &o, err);
  if (st)
    return st;
  o->droppable = true;
  work_out(r, o);
  return ST_OK;
}

static enum status write_all(struct run *r, int day, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct digest d = { .g = r->g, .pool = r->pool, .now = clock_now(&r->g->clock), .vars = tvalue_object(r->pool) };
  enum status st = collect(&d, err);
  if (st || !says_something(&d))
    return st;
  template_put(r->pool, d.vars, "digest.day",
               pool_printf(r->pool, "%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100));
  for (size_t i = 0; !st && i < c->analyst_count; i++)
    if (!c->analyst[i].observer)
      st = write_one(r, &c->analyst[i], d.vars, day, err);
  return st;
}

static void digest_decide(struct run *r)
{
  const struct conf *c = r->g->conf;
  struct fault err = { 0 };
  int day = 0;
  work_reset(r);
  work_end(r, LETTER_APPLIED, CLASS_NONE, "", "");
  if (!due_digest(&c->calendar, c->digest_hour, clock_now(&r->g->clock), 0,
                  &day)) { /* the clock was set back meanwhile */
    run_goto(r, RUN_COMMIT);
    return;
  }
  if (write_all(r, day, &err)) {
    run_fail(r, &err);
    return;
  }
  r->work.meta = META;
  r->work.meta_value = pool_printf(r->pool, "%d", day);
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

/* ---- when ---- */
static int day_of(const struct gate *g, int64_t t)
{
  struct time_civil d = time_civil(t, g->conf->zone);
  return d.year * 10000 + d.month * 100 + d.day;
}

static enum status remember(struct gate *g, int day, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("digest");
  enum status st = gate_tx_open(g, err);
  return st ? st : store_meta_set(g->store, META, pool_printf(pool, "%d", day), err);
}

/* The day that had its digest last. A new store has none to give on its first day. A clock that was far ahead when it
 * gave one must not silence the days until then. */
static enum status last_day(struct gate *g, int64_t now, int *out, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("digest");
  char *value = NULL;
  enum status st = store_meta_get(g->store, pool, META, &value, err);
  *out = value ? (int)strtol(value, NULL, 10) : 0;
  if (st || (value && *out <= day_of(g, now + 86400)))
    return st;
  *out = day_of(g, now);
  return remember(g, *out, err);
}

static bool in_hand(const struct gate *g)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->decide == digest_decide)
      return true;
  return false;
}

void gate_digest_tick(struct gate *g)
{
  int64_t now = clock_now(&g->clock);
  struct fault err = { 0 };
  int last = 0, day = 0;
  bool back = now + LOOK_S < g->digest_look_at;
  if (g->conf->digest_hour < 0 || !g->ring_ready || g->stopping || g->broken || (now < g->digest_look_at && !back) ||
      g->store_pause > clock_mono(&g->clock) || in_hand(g))
    return;
  g->digest_look_at = now + LOOK_S;
  enum status st = last_day(g, now, &last, &err);
  if (st) {
    log_event(&g->log, LOG_LEVEL_ERR, "no digest", LOG_STR("why", err.text));
    return;
  }
  if (due_digest(&g->conf->calendar, g->conf->digest_hour, now, last, &day)) {
    g->did_something = true;
    run_new_system(g, digest_decide)->whole = true;
  }
}
