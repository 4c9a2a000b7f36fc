/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what waits for a person's word: listed, reminded, and ended when its time is over, which is told to who asked.
 * That somebody was reminded is written into the release itself, in the commit of the mail that does it. */
#include "gate_publish.h"

#include <jansson.h>

#define LOOK_S 60

/* ---- who may release it ---- */
static bool may_release(const struct conf_analyst *a, const struct pending_release *p)
{
  bool theirs = text_ieq(a->name, p->by);
  return p->gate > 1 ? a->lead && !theirs && !a->observer : theirs;
}

/* Nobody is left who could (an analyst was taken out of the configuration): all who hear of trouble. */
static bool hears(const struct conf *c, const struct conf_analyst *a, const struct pending_release *p)
{
  bool any = false;
  for (size_t i = 0; i < c->analyst_count; i++)
    any |= may_release(&c->analyst[i], p);
  return any ? may_release(a, p) : analyst_gets_alarm(c, a);
}

/* ---- when ---- */
/* A second person learns of it at once, who asked has just seen it. Then both are reminded from time to time. */
static bool wants_reminder(const struct conf *c, const struct pending_release *p, int64_t now)
{
  int64_t every = (int64_t)c->pending_remind_h * 3600;
  if (p->expires_at <= now)
    return false;
  if (p->gate > 1 && !p->reminded_at)
    return true;
  return every && now >= (p->reminded_at ? p->reminded_at : p->made_at) + every;
}

static bool has_expired(const struct pending_release *p, int64_t now)
{
  return p->expires_at <= now;
}

/* ---- the mails ---- */
static const char *json_text(struct pool *pool, const json_t *j, const char *key)
{
  const char *s = json_string_value(json_object_get(j, key));
  return pool_strdup(pool, s ? s : "");
}

/* The letters as they would be read. */
static const char *letters_of(struct run *r, const struct pending_release *p)
{
  struct buf b = buf_new(r->pool, 2048);
  if (publish_is(p->what))
    return publish_pending_text(r, p);
  for (size_t i = 0; i < p->letter_count; i++) {
    const struct pending_letter *l = &p->letter[i];
    json_t *j = json_loads(l->envelope_json, 0, NULL);
    buf_printf(&b, "%sTo:      %s <%s>, %s\nSubject: %s\n\n%s\n", b.len ? "----------\n" : "", l->to_name, l->to,
               json_is_true(json_object_get(j, "encrypt")) ? "signed and encrypted" : "signed, IN CLEAR",
               json_text(r->pool, j, "subject"),
               mail_escape_quoted(r->pool, pool_str(r->pool, bytes_trim(bytes_str(json_text(r->pool, j, "text"))))));
    json_decref(j);
  }
  return buf_str(&b);
}

static struct tvalue *release_vars(struct run *r, struct vuln_case *vc, const struct pending_release *p,
                                   const char *language)
{
  struct tvalue *v = write_vars(r, vc, language);
  template_put(r->pool, v, "release.what", p->what);
  template_put(r->pool, v, "release.by", p->by);
  template_put(r->pool, v, "release.token", p->token);
  template_put(r->pool, v, "release.made", time_local(r->pool, p->made_at, r->g->conf->zone));
  template_put(r->pool, v, "release.expires", time_local(r->pool, p->expires_at, r->g->conf->zone));
  tvalue_setb(r->pool, (struct tvalue *)tvalue_get(v, "release"), "second", p->gate > 1);
  tvalue_sets(r->pool, v, "text", letters_of(r, p));
  return v;
}

static enum status write_one(struct run *r, const struct conf_analyst *a, struct vuln_case *vc,
                             const struct pending_release *p, const char *template_name, struct fault *err)
{
  struct letter_spec s = { .kind = "release",
                           .template_name = template_name,
                           .vc = vc,
                           .auto_submitted = "auto-generated",
                           .serial = pool_printf(r->pool, "%s-%s-%" PRId64 "-%s", template_name, p->token,
                                                 p->reminded_at, a->name) };
  struct outgoing *o;
  struct mail_attachment *documents;
  if (publish_is(p->what) && p->expires_at > clock_now(&r->g->clock)) {
    s.attachment_count = publish_pending_attachments(r, p, &documents);
    s.attachment = documents;
  }
  enum status st = write_to_analyst(r, a, &s, release_vars(r, vc, p, a->language), &o, err);
  if (st)
    return st;
  o->droppable = true;
  work_out(r, o);
  return ST_OK;
}

static enum status remind(struct run *r, struct vuln_case *vc, const struct pending_release *p, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct work *w = &r->work;
  struct buf who = buf_new(r->pool, 64);
  for (size_t i = 0; i < c->analyst_count; i++) {
    if (!hears(c, &c->analyst[i], p))
      continue;
    enum status st = write_one(r, &c->analyst[i], vc, p, "internal/release", err);
    if (st)
      return st;
    buf_printf(&who, "%s%s", who.len ? ", " : "", c->analyst[i].name);
  }
  w->pending_reminded = pool_grow(r->pool, w->pending_reminded, w->pending_reminded_count, &w->pending_reminded_cap,
                                  sizeof *w->pending_reminded);
  w->pending_reminded[w->pending_reminded_count++] = p->token;
  work_event(r, vc, "release.reminded", "", "#%s of %s waits: told %s.", p->what, p->by,
             who.len ? buf_str(&who) : "nobody");
  return ST_OK;
}

static enum status expire(struct run *r, struct vuln_case *vc, const struct pending_release *p, struct fault *err)
{
  const struct conf *c = r->g->conf;
  const struct conf_analyst *by = conf_analyst_by_name(c, p->by);
  struct work *w = &r->work;
  w->pending_end =
      pool_grow(r->pool, w->pending_end, w->pending_end_count, &w->pending_end_cap, sizeof *w->pending_end);
  w->pending_end[w->pending_end_count].token = p->token;
  w->pending_end[w->pending_end_count].by = "";
  w->pending_end[w->pending_end_count++].released = false;
  work_event(r, vc, "release.expired", "", "#%s of %s waited since %s and was not released in time: nothing was sent.",
             p->what, p->by, time_local(r->pool, p->made_at, c->zone));
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < c->analyst_count; i++)
    if (by ? by == &c->analyst[i] : analyst_gets_alarm(c, &c->analyst[i]))
      st = write_one(r, &c->analyst[i], vc, p, "internal/release-expired", err);
  return st;
}

static enum status fill(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  struct pending_release *p = NULL;
  struct vuln_case *vc = NULL;
  size_t n = 0;
  int64_t now = clock_now(&g->clock);
  enum status st = store_case_load(g->store, r->pool, r->about, &vc, err);
  if (!st)
    st = store_pending_list(g->store, r->pool, r->about, &p, &n, err);
  if (st)
    return st;
  work_end(r, LETTER_APPLIED, CLASS_NONE, vc->id, "");
  for (size_t i = 0; !st && i < n; i++) {
    struct pending_release whole;
    bool found = false;
    if (!has_expired(&p[i], now) && !wants_reminder(g->conf, &p[i], now))
      continue;
    st = store_pending_get(g->store, r->pool, p[i].token, &whole, &found, err);
    if (!st && found)
      st = has_expired(&whole, now) ? expire(r, vc, &whole, err) : remind(r, vc, &whole, err);
  }
  return st;
}

static void pending_decide(struct run *r)
{
  struct fault err = { 0 };
  struct vuln_case *vc = NULL;
  work_reset(r);
  enum status st = store_case_live(r->g->store, r->pool, r->about, &vc, &err); /* of a case that was merged: the other one's */
  if (!st)
    r->about = vc->id;
  if (!st && !run_claim(r, r->about))
    return;
  if (!st && !gate_clock_held(r->g)) /* the clock may have jumped while it waited for its case */
    st = fill(r, &err);
  if (st) {
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

void gate_pending_tick(struct gate *g)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("releases");
  struct pending_release *p = NULL;
  struct fault err = { 0 };
  size_t n = 0;
  int64_t now = clock_now(&g->clock);
  bool back = now + LOOK_S < g->pending_look_at;
  if (!g->ring_ready || g->stopping || g->broken || gate_clock_held(g) || (now < g->pending_look_at && !back) ||
      g->store_pause > clock_mono(&g->clock))
    return;
  g->pending_look_at = now + LOOK_S;
  if (store_pending_list(g->store, pool, NULL, &p, &n, &err)) {
    log_event(&g->log, LOG_LEVEL_ERR, "releases cannot be looked at", LOG_STR("why", err.text));
    return;
  }
  for (size_t i = 0; i < n; i++) {
    if ((!has_expired(&p[i], now) && !wants_reminder(g->conf, &p[i], now)) || run_in_hand(g, pending_decide, p[i].case_id))
      continue;
    struct run *r = run_new_system(g, pending_decide);
    r->about = pool_strdup(r->pool, p[i].case_id);
    r->whole = true;
    g->did_something = true;
  }
}

/* ---- lists ---- */
static bool is_scheduled(const struct publication *p)
{
  return p->state == PUBLICATION_APPROVED || p->state == PUBLICATION_SIGNED;
}

/* What was released and waits for its instant. */
static enum status scheduled_list(struct gate *g, struct pool *pool, struct buf *b, size_t *count, struct fault *err)
{
  struct publication *p = NULL;
  size_t n = 0;
  enum status st = store_publication_list(g->store, pool, NULL, &p, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    if (!is_scheduled(&p[i]))
      continue;
    (*count)++;
    buf_printf(b, "%s  #%s by %s, approved, version %u\n  published at %s%s%s\n  #cancel %s\n", p[i].case_id, p[i].what, p[i].by, p[i].version,
               time_local(pool, p[i].planned_at, g->conf->zone), *p[i].last_error ? "; trouble: " : "", p[i].last_error, p[i].token);
  }
  return st;
}

static const char *needs(const struct pending_release *p)
{
  return p->gate > 1 ? "another lead analyst" : "who asked";
}

enum status pending_list(struct gate *g, struct pool *pool, struct buf *b, struct fault *err)
{
  struct pending_release *p = NULL;
  size_t n = 0;
  const char *zone = g->conf->zone;
  enum status st = store_pending_list(g->store, pool, NULL, &p, &n, err);
  for (size_t i = 0; !st && i < n; i++)
    buf_printf(b, "%s  #%s by %s, needs %s\n  since %s, until %s\n  #approve %s\n", p[i].case_id, p[i].what, p[i].by,
               needs(&p[i]), time_local(pool, p[i].made_at, zone), time_local(pool, p[i].expires_at, zone), p[i].token);
  if (!st)
    st = scheduled_list(g, pool, b, &n, err);
  if (!st && !n)
    buf_adds(b, "Nothing waits for a release.\n");
  return st;
}

enum status pending_json(struct gate *g, struct pool *pool, struct buf *b, struct fault *err)
{
  struct pending_release *p = NULL;
  size_t n = 0;
  enum status st = store_pending_list(g->store, pool, NULL, &p, &n, err);
  if (st)
    return st;
  json_t *all = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(all, json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:s}", "case", p[i].case_id, "what", p[i].what, "by",
                                         p[i].by, "token", p[i].token, "persons", p[i].gate, "since",
                                         time_iso(pool, p[i].made_at), "until", time_iso(pool, p[i].expires_at)));
  struct publication *out = NULL;
  st = store_publication_list(g->store, pool, NULL, &out, &n, err);
  for (size_t i = 0; !st && i < n; i++)
    if (is_scheduled(&out[i]))
      json_array_append_new(all, json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:s}", "case", out[i].case_id, "what", out[i].what, "by", out[i].by,
                                           "token", out[i].token, "version", (int)out[i].version, "approved", time_iso(pool, out[i].approved_at),
                                           "published", time_iso(pool, out[i].planned_at)));
  if (st) {
    json_decref(all);
    return st;
  }
  char *text = json_dumps(all, JSON_INDENT(2));
  buf_printf(b, "%s\n", text ? text : "null");
  free(text);
  json_decref(all);
  return ST_OK;
}
