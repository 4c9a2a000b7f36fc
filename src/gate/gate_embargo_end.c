/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: an embargo ends by itself at its instant; when nobody ran then, at the next start. The end, its line in the
 * history and the mails are one commit: it happens once, whatever is killed when. While the clock is in doubt nothing
 * ends. */
#include "gate_embargo.h"

#define LOOK_S 60
#define ENDS_MAX 8 /* at a time; the others follow */

static enum status end(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  struct vuln_case *vc = NULL;
  struct embargo_change change;
  enum status st = store_case_load(g->store, r->pool, r->about, &vc, err);
  if (st == ST_REJECT) { /* erased meanwhile */
    fault_clear(err);
    return ST_OK;
  }
  if (st || !text_empty(vc->merged_into) || !embargo_is_over(vc, clock_now(&g->clock)))
    return st;
  struct embargo_act a = {
    .pool = r->pool, .vc = vc, .by = { "", false }, .now = clock_now(&g->clock), .zone = g->conf->zone
  };
  embargo_end(&a, &change);
  log_event(&g->log, LOG_LEVEL_NOTICE, "an embargo has ended by its date", LOG_STR("case", vc->id));
  return embargo_changed(r, vc, &change, err);
}

static void end_decide(struct run *r)
{
  struct fault err = { 0 };
  work_reset(r);
  if (!run_claim(r, r->about))
    return;
  work_end(r, LETTER_APPLIED, CLASS_NONE, r->about, "");
  enum status st =
      gate_clock_held(r->g) ? ST_OK : end(r, &err); /* the clock may have jumped while it waited for its case */
  FAILPOINT("embargo.decided");
  if (st) {
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

static enum status look(struct gate *g, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("embargoes");
  char **id = NULL;
  size_t n = 0;
  int64_t next = 0;
  enum status st = store_embargo_due(g->store, pool, now, ENDS_MAX, &id, &n, &next, err);
  if (st)
    return st;
  if (n == ENDS_MAX)
    next = now + 1;
  if (next && next < g->embargo_look_at)
    g->embargo_look_at = next;
  for (size_t i = 0; i < n; i++) {
    if (run_in_hand(g, end_decide, id[i]) || gate_publish_in_hand(g, id[i])) /* that ends it, too, and tells all */
      continue;
    struct run *r = run_new_system(g, end_decide);
    r->about = pool_strdup(r->pool, id[i]);
    r->whole = true;
  }
  return ST_OK;
}

void gate_embargo_tick(struct gate *g)
{
  struct fault err = { 0 };
  int64_t now = clock_now(&g->clock);
  bool back = now + LOOK_S < g->embargo_look_at; /* the clock was set back */
  if (!g->ring_ready || g->stopping || gate_clock_held(g) || (now < g->embargo_look_at && !back) ||
      g->store_pause > clock_mono(&g->clock))
    return;
  g->did_something = true;
  g->embargo_look_at = now + LOOK_S;
  if (look(g, now, &err))
    log_event(&g->log, LOG_LEVEL_ERR, "embargoes cannot be looked at", LOG_STR("why", err.text));
}

void gate_embargo_changed_by(struct run *r)
{
  for (size_t i = 0; i < r->work.event_count; i++)
    if (text_istarts(r->work.event[i].event.kind, "embargo."))
      r->g->embargo_look_at = 0;
}
