/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: group commit. The first write opens a transaction; all writes until the next tick share it and its one fsync.
 * Nothing that leaves this process (a mail, a flag on the server, the start of work on a letter) happens before the commit
 * that records its cause: gate_tx_tick() is the only way from one to the other. */
#include "gate_private.h"

enum status gate_tx_open(struct gate *g, struct fault *err)
{
  if (g->tx_open)
    return ST_OK;
  enum status st = store_begin(g->store, err);
  if (st)
    return st;
  g->tx_open = true;
  g->tx_since = clock_mono(&g->clock);
  return ST_OK;
}

/* Is more to come soon that could share the commit? A single letter waits for nobody. */
static bool worth_waiting(const struct gate *g)
{
  if (g->tx_ready >= RUNS_MAX || clock_mono(&g->clock) - g->tx_since >= GROUP_COMMIT_MS)
    return false;
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->stage == RUN_SEAL && !r->parked)
      return true;
  for (size_t i = 0; i < g->inbox_count; i++)
    if (g->inbox[i].on_the_way)
      return true;
  return false;
}

#define STORE_PAUSE_MS 5000

/* The store could not be written (a full disk, another program's lock: the fault says what to do): nothing of this transaction
 * happened. Letters in hand go back to their records, those that were not yet recorded are fetched again, ends of sends stay in
 * memory. */
void gate_tx_abandon(struct gate *g, const struct fault *err)
{
  store_rollback(g->store);
  g->tx_open = false;
  g->tx_ready = 0;
  if (err->status == ST_BROKEN || g->options.once) {
    gate_break(g, err);
    return;
  }
  log_event(&g->log, LOG_LEVEL_ERR, "the store cannot be written: nothing is lost, trying again in 5 s",
            LOG_STR("why", err->text));
  gate_notify(g, "STATUS=the store cannot be written: %s", err->text);
  g->store_pause = clock_mono(&g->clock) + STORE_PAUSE_MS;
  while (g->runs)
    run_free(g, g->runs);
  g->case_serial = 0;
  g->due_look_at = g->embargo_look_at = g->publish_look_at = 0;
  for (size_t i = 0; i < g->inbox_count; i++)
    gate_fetch_forget(&g->inbox[i]);
}

static enum status tx_write(struct gate *g, struct fault *err)
{
  for (struct run *r = g->runs; r; r = r->next) {
    enum status st = r->stage == RUN_COMMIT ? run_commit(r, err) : ST_OK;
    if (st)
      return st;
  }
  return g->answers ? gate_outbox_write_answers(g, err) : ST_OK;
}

static void tx_committed(struct gate *g)
{
  bool revoked = false, own = false;
  g->did_something = true;
  for (struct run *r = g->runs, *next; r; r = next) {
    next = r->next;
    if (r->stage != RUN_DONE)
      continue;
    gate_due_changed_by(r);
    if (r->work.pending_count)
      g->pending_look_at = 0;
    gate_embargo_changed_by(r);
    gate_publish_changed_by(r);
    g->wake_held |= r->work.key_count || r->work.key_op_count;
    revoked |= r->work.keys_revoked;
    own |= r->work.own_revoked;
    if (r->work.end.state == LETTER_RECORDED) /* an attempt that failed: the next one now */
      g->due_look_at = 0;
    run_free(g, r);
  }
  gate_outbox_committed(g);
  if (revoked)
    revoked_committed(g, own);
}

void gate_tx_tick(struct gate *g, bool now)
{
  struct fault err = { 0 };
  if ((!g->tx_open && !g->tx_ready) || (!now && worth_waiting(g)))
    return;
  enum status st = gate_tx_open(g, &err);
  if (!st)
    st = tx_write(g, &err);
  if (!st) {
    FAILPOINT("gate.commit.before");
    st = store_commit(g->store, &err);
  }
  if (st) {
    (void)fault_add(&err, "commit");
    gate_tx_abandon(g, &err);
    return;
  }
  g->tx_open = false;
  g->tx_ready = 0;
  FAILPOINT("gate.commit.after");
  tx_committed(g);
}
