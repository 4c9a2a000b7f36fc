/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the wall clock against the monotonic one. What is released at a time must not leave early because the clock is
 * wrong: after a jump nothing is released until the clock is back or an operator has confirmed it. The hold outlives a
 * restart. Deadlines and the digest need no hold: they go to analysts only, and come neither twice nor never. */
#include "gate_private.h"

#include <embargod/due.h>

#define META "clock-off"

bool gate_clock_held(const struct gate *g)
{
  return g->clock_off != 0;
}

char *gate_clock_text(const struct gate *g, struct pool *pool)
{
  int64_t off = g->clock_off, s = off < 0 ? -off : off;
  const char *way = off < 0 ? "back" : "forward";
  if (!off)
    return pool_strdup(pool, "");
  if (s >= 2 * 86400)
    return pool_printf(pool, "%" PRId64 " days %s", s / 86400, way);
  return s >= 2 * 3600 ? pool_printf(pool, "%" PRId64 " hours %s", s / 3600, way)
                       : pool_printf(pool, "%" PRId64 " minutes %s", s / 60, way);
}

enum status gate_clock_load(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("clock");
  char *value = NULL;
  enum status st = store_meta_get(g->store, pool, META, &value, err);
  if (!st)
    g->clock_off = value ? strtoll(value, NULL, 10) : 0;
  return st;
}

enum status gate_clock_confirm(struct gate *g, struct fault *err)
{
  enum status st = store_meta_set(g->store, META, "0", err);
  if (!st)
    g->clock_off = 0;
  return st;
}

/* The hold is recorded even when the mail about it cannot be made. */
static void clock_decide(struct run *r)
{
  struct gate *g = r->g;
  struct fault err = { 0 };
  work_reset(r);
  struct tvalue *vars = write_vars(r, NULL, g->conf->language);
  template_put(r->pool, vars, "clock.jump", gate_clock_text(g, r->pool));
  template_put(r->pool, vars, "clock.now", time_local(r->pool, clock_now(&g->clock), g->conf->zone));
  work_end(r, LETTER_APPLIED, CLASS_NONE, "", "");
  r->work.meta = META;
  r->work.meta_value = pool_printf(r->pool, "%" PRId64, g->clock_off);
  const char *serial = pool_printf(r->pool, "clock-%" PRId64, clock_now(&g->clock));
  if (work_alarm(r, NULL, "internal/clock", vars, serial, &err)) {
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

static bool in_hand(const struct gate *g)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->decide == clock_decide && r->stage == RUN_DECIDE)
      return true;
  return false;
}

/* What waits for a moment of the old clock is looked at now. */
static void look_again(struct gate *g)
{
  g->due_look_at = g->outbox_look_at = g->deadline_look_at = g->digest_look_at = g->embargo_look_at = g->key_look_at = g->chase_look_at = g->publish_look_at =
      g->pending_look_at = 0;
}

void gate_clock_tick(struct gate *g)
{
  int64_t wall = clock_now(&g->clock), mono = clock_mono(&g->clock);
  int64_t jump = g->mono_seen ? due_clock_jump(g->wall_seen, g->mono_seen, wall, mono) : 0;
  g->wall_seen = wall;
  g->mono_seen = mono;
  if (!jump || g->stopping)
    return;
  g->clock_off += jump;
  if (g->clock_off >= -DUE_JUMP_S && g->clock_off <= DUE_JUMP_S)
    g->clock_off = 0;
  log_event(&g->log, LOG_LEVEL_ERR,
            g->clock_off ? "the clock has jumped: nothing is released before embargoctl clock accept"
                         : "the clock has jumped back to where it was: releases are no longer held",
            LOG_INT("seconds", jump));
  look_again(g);
  if (!in_hand(g))
    (void)run_new_system(g, clock_decide);
}
