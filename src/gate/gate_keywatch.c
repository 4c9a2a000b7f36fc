/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: can we still encrypt to everyone we must? Once a day, at a local hour: our own key, the analysts', the
 * stakeholders' and those of the open cases' participants. Each is told once at each step towards its end; what was
 * told is a fact of the store, committed with the mail that tells it, so that no restart tells it twice or never. */
#include "gate_keywatch.h"

#include <embargod/due.h>
#include <strings.h>

#define META "key-watch"
#define LOOK_S 30
#define DAY_S 86400

/* ---- which keys ---- */
struct list {
  struct gate *g;
  struct pool *pool;
  struct watched_key *key;
  size_t count, cap;
};

static void add(struct list *l, const struct watched_key *k)
{
  l->key = pool_grow(l->pool, l->key, l->count, &l->cap, sizeof *l->key);
  l->key[l->count++] = *k;
}

static int64_t end_of(const struct pgp_cert *c)
{
  return c->flags & PGP_CERT_REVOKED ? STORED_KEY_REVOKED : c->expires;
}

/* That its time is over says its end; what else is wrong says its problem. */
static void add_configured(struct list *l, const char *owner, const char *advice, const struct pgp_cert *cert,
                           bool usable, const char *problem, const struct conf_analyst *a)
{
  int64_t end = end_of(cert);
  bool known = end && end <= clock_now(&l->g->clock);
  const char *why = problem ? problem : "";
  add(l, &(struct watched_key){ .owner = owner,
                                .fingerprint = cert->fpr,
                                .advice = advice,
                                .expires = end,
                                .analyst = a,
                                .problem = usable || known ? "" : why,
                                .remark = usable ? why : "" });
}

/* A party that is looked at, with its case. */
struct watched_party {
  const struct party *party;
  const char *case_id;
  size_t order;
};

static int by_address(const void *a, const void *b)
{
  const struct watched_party *x = a, *y = b;
  int d = strcasecmp(x->party->address, y->party->address);
  return d ? d : x->order < y->order ? -1 : x->order > y->order;
}

static int by_order(const void *a, const void *b)
{
  const struct watched_party *x = a, *y = b;
  return x->order < y->order ? -1 : x->order > y->order;
}

/* Reporters and others, each address once: of the first case that has it. Sorted, not compared in pairs. */
static size_t each_once(struct list *l, struct vuln_case *const *vc, size_t count, struct watched_party **out)
{
  struct watched_party *all = NULL;
  size_t n = 0, cap = 0, kept = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < vc[i]->party_count; k++) {
      const struct party *p = &vc[i]->party[k];
      if (p->removed || text_empty(p->address))
        continue;
      all = pool_grow(l->pool, all, n, &cap, sizeof *all);
      all[n] = (struct watched_party){ p, vc[i]->id, n };
      n++;
    }
  if (n)
    qsort(all, n, sizeof *all, by_address);
  for (size_t i = 0; i < n; i++)
    if (!kept || !text_ieq(all[i].party->address, all[kept - 1].party->address))
      all[kept++] = all[i];
  if (kept)
    qsort(all, kept, sizeof *all, by_order);
  *out = all;
  return kept;
}

/* Those who had a key. Stakeholders' keys come from the configuration. */
static enum status add_parties(struct list *l, struct vuln_case *const *vc, size_t count, struct fault *err)
{
  enum status st = ST_OK;
  struct watched_party *p = NULL;
  size_t n = each_once(l, vc, count, &p);
  for (size_t i = 0; !st && i < n; i++) {
    struct stored_key key;
    bool found = false;
    if (conf_stakeholder_by_address(l->g->conf, p[i].party->address))
      continue;
    st = store_key_get(l->g->store, l->pool, p[i].party->address, &key, &found, err);
    if (!st && found)
      add(l, &(struct watched_key){ .owner = pool_printf(l->pool, "%s (%s)", p[i].party->address, p[i].case_id),
                                    .fingerprint = key.fingerprint,
                                    .problem = "",
                                    .remark = "",
                                    .expires = key.expires,
                                    .advice = "Ask for a renewed key: it can come in any mail of theirs (signed with the old one)." });
  }
  return st;
}

enum status keywatch_list(struct gate *g, struct pool *pool, struct vuln_case *const *vc, size_t count,
                          struct watched_key **out, size_t *n, struct fault *err)
{
  const struct conf *c = g->conf;
  struct list l = { .g = g, .pool = pool };
  add(&l, &(struct watched_key){ .owner = pool_printf(pool, "%s (this gateway)", c->address),
                                 .fingerprint = g->own.fpr,
                                 .problem = "",
                                 .remark = "",
                                 .expires = end_of(&g->own),
                                 .advice = "Renew it (gpg --quick-set-expire), publish it anew, and reload." });
  for (size_t i = 0; i < c->analyst_count; i++)
    add_configured(&l, c->analyst[i].name, "Put the renewed key into key_file, and reload.", &g->analyst[i].cert,
                   g->analyst[i].usable, g->analyst[i].problem, &c->analyst[i]);
  for (size_t i = 0; i < c->stakeholder_count; i++)
    if (c->stakeholder[i].key_file)
      add_configured(&l, c->stakeholder[i].name, "Get their renewed key, put it into key_file, and reload.",
                     &g->stakeholder[i].cert, g->stakeholder[i].usable, g->stakeholder[i].problem, NULL);
  enum status st = add_parties(&l, vc, count, err);
  *out = l.key;
  *n = l.count;
  return st;
}

/* ---- how near its end is ---- */
int keywatch_mark(const struct watched_key *k, int64_t now)
{
  static const int days[] = { 1, 7, 14, 30, 60 };
  if (!text_empty(k->problem))
    return -2;
  if (k->expires == STORED_KEY_REVOKED)
    return -1;
  if (!k->expires)
    return KEYWATCH_WELL;
  if (k->expires <= now)
    return 0;
  for (size_t i = 0; i < ARRAY_LEN(days); i++)
    if (k->expires - now <= (int64_t)days[i] * DAY_S)
      return days[i];
  return KEYWATCH_WELL;
}

char *keywatch_text(struct pool *pool, const struct watched_key *k, int64_t now, const char *zone)
{
  int mark = keywatch_mark(k, now);
  if (mark == -2)
    return pool_strdup(pool, k->problem);
  if (mark == -1)
    return pool_strdup(pool, "revoked");
  if (mark == KEYWATCH_WELL)
    return pool_strdup(pool, k->remark);
  if (mark == 0)
    return pool_printf(pool, "expired %s", time_local(pool, k->expires, zone));
  return pool_printf(pool, "expires %s, in %" PRId64 " days", time_local(pool, k->expires, zone),
                     (k->expires - now) / DAY_S);
}

/* ---- what was told: "DAY\nKEY END MARK\n..." ---- */
static const char *name_of(struct pool *pool, const struct watched_key *k)
{
  return pool_printf(pool, "%s %" PRId64 " ", text_empty(k->fingerprint) ? text_lower(pool, k->owner) : k->fingerprint,
                     k->expires);
}

/* The nearest step that was told; KEYWATCH_WELL when none was. */
static int told(struct pool *pool, const char *memory, const struct watched_key *k)
{
  struct bytes rest = bytes_str(memory), line, name = bytes_str(name_of(pool, k));
  while (bytes_next_line(&rest, &line))
    if (bytes_starts(line, name))
      return (int)strtol(pool_str(pool, bytes_sub(line, name.len, line.len)), NULL, 10);
  return KEYWATCH_WELL;
}

struct watch {
  struct watched_key *key;
  size_t count;
  bool *tell;
  size_t tell_count;
  const char *memory; /* as it will be */
};

static enum status look(struct run *r, int day, struct watch *w, struct fault *err)
{
  struct gate *g = r->g;
  struct case_filter f = { .rm = -1, .open_only = true, .max = 100000 };
  struct vuln_case **vc = NULL;
  size_t n = 0;
  char *memory = NULL;
  int64_t now = clock_now(&g->clock);
  enum status st = store_meta_get(g->store, r->pool, META, &memory, err);
  if (!st)
    st = store_case_list(g->store, r->pool, &f, &vc, &n, err);
  if (!st)
    st = keywatch_list(g, r->pool, vc, n, &w->key, &w->count, err);
  if (st)
    return st;
  struct buf b = buf_new(r->pool, 256);
  buf_printf(&b, "%d\n", day);
  w->tell = pool_array(r->pool, w->count + 1, sizeof *w->tell);
  for (size_t i = 0; i < w->count; i++) {
    int mark = keywatch_mark(&w->key[i], now), last = told(r->pool, memory, &w->key[i]);
    w->tell[i] = mark < last;
    w->tell_count += w->tell[i];
    if (mark < last)
      last = mark;
    if (last != KEYWATCH_WELL)
      buf_printf(&b, "%s%d\n", name_of(r->pool, &w->key[i]), last);
  }
  w->memory = buf_str(&b);
  return ST_OK;
}

/* ---- the mail ---- */
static struct tvalue *watch_vars(struct run *r, const struct watch *w, const char *language)
{
  struct tvalue *vars = write_vars(r, NULL, language);
  int64_t now = clock_now(&r->g->clock);
  for (size_t i = 0; i < w->count; i++) {
    if (!w->tell[i])
      continue;
    struct tvalue *v = template_add_row(r->pool, vars, "key_alarms");
    tvalue_sets(r->pool, v, "owner", w->key[i].owner);
    tvalue_sets(r->pool, v, "problem", keywatch_text(r->pool, &w->key[i], now, r->g->conf->zone));
    tvalue_sets(r->pool, v, "fpr", pgp_fpr_pretty(r->pool, w->key[i].fingerprint));
    tvalue_sets(r->pool, v, "advice", w->key[i].advice);
  }
  template_put(r->pool, vars, "digest.keys", pool_printf(r->pool, "%zu", w->tell_count));
  return vars;
}

/* Who hears of trouble, and whose key it is. */
static bool hears(const struct conf *c, const struct conf_analyst *a, const struct watch *w)
{
  bool theirs = false;
  for (size_t i = 0; i < w->count; i++)
    theirs |= w->tell[i] && w->key[i].analyst == a;
  return theirs || analyst_gets_alarm(c, a);
}

static enum status write_mails(struct run *r, const struct watch *w, int day, struct fault *err)
{
  const struct conf *c = r->g->conf;
  enum status st = ST_OK;
  for (size_t i = 0; !st && w->tell_count && i < c->analyst_count; i++) {
    struct letter_spec s = { .kind = "alarm",
                             .template_name = "internal/key-watch",
                             .auto_submitted = "auto-generated",
                             .serial = pool_printf(r->pool, "keys-%d-%s", day, c->analyst[i].name) };
    struct outgoing *o;
    if (!hears(c, &c->analyst[i], w))
      continue;
    st = write_to_analyst(r, &c->analyst[i], &s, watch_vars(r, w, c->analyst[i].language), &o, err);
    if (st)
      return st;
    o->droppable = true;
    work_out(r, o);
  }
  return st;
}

static void keywatch_decide(struct run *r)
{
  const struct conf *c = r->g->conf;
  struct fault err = { 0 };
  struct watch w = { 0 };
  int day = 0;
  work_reset(r);
  work_end(r, LETTER_APPLIED, CLASS_NONE, "", "");
  if (!due_digest(&c->calendar, c->key_check_hour, clock_now(&r->g->clock), 0,
                  &day)) { /* the clock was set back meanwhile */
    run_goto(r, RUN_COMMIT);
    return;
  }
  enum status st = look(r, day, &w, &err);
  if (!st)
    st = write_mails(r, &w, day, &err);
  if (st) {
    run_fail(r, &err);
    return;
  }
  r->work.meta = META;
  r->work.meta_value = w.memory;
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

/* ---- when ---- */
/* A clock that was far ahead must not silence the days until then. */
static enum status last_day(struct gate *g, int64_t now, int *out, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("keys");
  char *memory = NULL;
  int tomorrow = 0;
  enum status st = store_meta_get(g->store, pool, META, &memory, err);
  *out = memory ? (int)strtol(memory, NULL, 10) : 0;
  if (!st && due_digest(&g->conf->calendar, 0, now + DAY_S, 0, &tomorrow) && *out > tomorrow)
    *out = 0;
  return st;
}

static bool in_hand(const struct gate *g)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->decide == keywatch_decide)
      return true;
  return false;
}

void gate_keywatch_tick(struct gate *g)
{
  int64_t now = clock_now(&g->clock);
  struct fault err = { 0 };
  int last = 0, day = 0;
  bool back = now + LOOK_S < g->key_look_at;
  if (g->conf->key_check_hour < 0 || !g->ring_ready || g->stopping || g->broken || (now < g->key_look_at && !back) ||
      g->store_pause > clock_mono(&g->clock) || in_hand(g) || gate_clock_held(g))
    return;
  g->key_look_at = now + LOOK_S;
  if (last_day(g, now, &last, &err)) {
    log_event(&g->log, LOG_LEVEL_ERR, "keys cannot be looked at", LOG_STR("why", err.text));
    return;
  }
  if (due_digest(&g->conf->calendar, g->conf->key_check_hour, now, last, &day)) {
    g->did_something = true;
    run_new_system(g, keywatch_decide)->whole = true;
  }
}
