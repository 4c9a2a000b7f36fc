/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: letters in hand. Starting them in arrival order, counting attempts before each, parking those whose case is busy. */
#include "gate_private.h"

#define DUE_LOOK_S 30

static bool in_hand(const struct gate *g, int64_t id)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->in.id == id)
      return true;
  return false;
}

struct pool *run_side(struct run *r, const char *name)
{
  struct side *s = pool_new_of(r->pool, struct side);
  *s = (struct side){ r->sides, pool_new_wiping(name) };
  r->sides = s;
  return s->pool;
}

static void pools_free(struct run *r)
{
  spills_free(r);
  for (struct side *s = r->sides; s; s = s->next)
    pool_free(&s->pool);
  pool_free(&(struct pool *){ r->pool });
}

void run_free(struct gate *g, struct run *r)
{
  struct run **at = &g->runs;
  while (*at && *at != r)
    at = &(*at)->next;
  if (*at) {
    *at = r->next;
    g->run_count--;
    g->run_bytes -= r->raw.len;
  }
  if (r->waiting) {
    r->abandoned = true;
    return;
  }
  pools_free(r);
}

static struct run *run_new(struct gate *g, const struct intake_letter *in)
{
  struct pool *pool = pool_new_wiping("letter");
  struct run *r = pool_new_of(pool, struct run);
  r->g = g;
  r->pool = pool;
  r->in = *in;
  r->in.mailbox = pool_strdup(pool, in->mailbox);
  r->in.folder = pool_strdup(pool, in->folder);
  r->in.uid = pool_strdup(pool, in->uid);
  r->in.case_id = pool_strdup(pool, in->case_id);
  r->in.reason = pool_strdup(pool, in->reason);
  struct run **at = &g->runs;
  while (*at && !(*at)->system && (*at)->in.id < in->id)
    at = &(*at)->next;
  r->next = *at;
  *at = r;
  g->run_count++;
  return r;
}

bool run_in_hand(const struct gate *g, void (*decide)(struct run *r), const char *about)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->decide == decide && !strcmp(r->about, about))
      return true;
  return false;
}

struct run *run_new_system(struct gate *g, void (*decide)(struct run *r))
{
  struct pool *pool = pool_new_wiping("own mail");
  struct run *r = pool_new_of(pool, struct run);
  *r = (struct run){ .g = g, .pool = pool, .system = true, .started = true, .decide = decide, .stage = RUN_DECIDE, .parked = true };
  struct run **at = &g->runs;
  while (*at)
    at = &(*at)->next;
  *at = r;
  g->run_count++;
  return r;
}

/* The attempt is durable before the first step: gate_runs_tick() commits before it lets the run go. */
static enum status begin(struct gate *g, int64_t id, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("due");
  struct intake_letter in;
  unsigned attempts;
  enum status st = store_intake_load(g->store, pool, id, &in, err);
  if (!st)
    st = gate_tx_open(g, err);
  if (!st)
    st = store_intake_attempt(g->store, id, &attempts, err);
  if (st)
    return st;
  struct run *r = run_new(g, &in);
  r->alone = in.attempts > 0 && in.state != LETTER_HELD;
  r->in.attempts = attempts;
  st = in.oversize ? ST_OK : store_intake_raw(g->store, r->pool, id, &r->raw, err);
  g->run_bytes += r->raw.len;
  if (st == ST_REJECT || st == ST_BROKEN) {
    run_fail(r, err);
    return ST_OK;
  }
  return st;
}

static bool room_for_more(const struct gate *g)
{
  if (g->stopping || !g->ring_ready || g->run_count >= RUNS_MAX || g->run_bytes >= RUN_BYTES_MAX)
    return false;
  return !(g->runs && g->runs->alone); /* after a crash a letter is tried with nothing beside it */
}

static enum status start_due(struct gate *g, struct fault *err)
{
  int64_t ids[RUNS_MAX * 2];
  size_t n = 0;
  int64_t now = clock_now(&g->clock);
  if (now < g->due_look_at)
    return ST_OK;
  enum status st = store_intake_due(g->store, now, ids, ARRAY_LEN(ids), &n, err);
  bool more = n == ARRAY_LEN(ids);
  size_t i = 0;
  for (; !st && i < n && room_for_more(g); i++) {
    if (in_hand(g, ids[i]))
      continue;
    g->did_something = true;
    st = begin(g, ids[i], err);
  }
  if (!st && i == n && !more)
    g->due_look_at = now + DUE_LOOK_S;
  return st;
}

/* Keys or configuration have changed, or gpg-agent is back. */
static enum status wake_held(struct gate *g, struct fault *err)
{
  if (!g->wake_held || !g->ring_ready)
    return ST_OK;
  enum status st = store_intake_wake(g->store, err);
  if (st)
    return st;
  g->wake_held = false;
  g->due_look_at = 0;
  return ST_OK;
}

void gate_runs_tick(struct gate *g)
{
  struct fault err = { 0 };
  if (g->broken || g->store_pause > clock_mono(&g->clock))
    return;
  if (wake_held(g, &err) || (room_for_more(g) && start_due(g, &err))) {
    gate_tx_abandon(g, &err);
    return;
  }
  bool fresh = false;
  for (struct run *r = g->runs; r; r = r->next)
    fresh |= r->stage == RUN_PARSE && !r->started;
  if (fresh) {
    gate_tx_tick(g, true); /* the attempts (and the records) are durable before anything is tried */
    if (g->broken)
      return;
  }
  for (struct run *r = g->runs, *next; r; r = next) {
    next = r->next;
    if (r->stage == RUN_PARSE && !r->started) {
      r->started = true;
      run_goto(r, RUN_PARSE);
    } else if (r->parked && r->stage == RUN_DECIDE && (!r->system || g->ring_ready)) {
      r->parked = false;
      run_goto(r, RUN_DECIDE);
    }
  }
}

static void last_step(struct run *r)
{
  struct fault err = { 0 };
  enum status (*step)(struct run *r, struct fault *err) = r->last_step;
  r->last_step = NULL;
  enum status st = step(r, &err);
  if (st == ST_BROKEN)
    gate_break(r->g, &err);
  else if (st)
    r->last_failed(r, pool_strdup(r->pool, err.text));
  else
    run_goto(r, RUN_COMMIT);
}

void run_goto(struct run *r, enum run_stage stage)
{
  r->stage = stage;
  r->g->did_something = true;
  if (stage == RUN_COMMIT && r->last_step) {
    last_step(r);
    return;
  }
  if (stage == RUN_COMMIT) {
    r->ready_at = clock_mono(&r->g->clock);
    r->g->tx_ready++;
    return;
  }
  run_stage_start(r);
}

/* ---- jobs ---- */
struct run_job {
  struct run *r;
  run_answer_fn *answer;
  void *arg;
};

static void job_answer(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct run_job job = *(struct run_job *)self;
  job.r->waiting--;
  if (!job.r->abandoned)
    job.answer(job.r, pool, answer, job.arg);
  else if (!job.r->waiting)
    pools_free(job.r);
}

void run_submit(struct run *r, struct helper_pool *hp, const struct wire_msg *m, run_answer_fn *answer, void *arg)
{
  struct run_job *job = pool_new_of(r->pool, struct run_job);
  *job = (struct run_job){ r, answer, arg };
  r->waiting++;
  helper_submit(hp, m, job_answer, job);
}

bool run_answer_ok(struct run *r, const struct wire_msg *answer, uint16_t type, const char *what)
{
  if (wire_type(answer) == type)
    return true;
  if (r->failed)
    return false;
  r->failed = true;
  if (wire_type(answer) == WIRE_DEAD) {
    r->died = true;
    (void)fault(&r->fault, ST_RETRY, "%s: the helper died or took too long", what);
    return false;
  }
  const char *why = wire_type(answer) == CH_ERROR ? wire_gets(answer, TAG_TEXT) : "unexpected answer";
  int64_t status = wire_geti(answer, TAG_STATUS, ST_REJECT);
  if (status <= ST_OK || status > ST_DENIED)
    status = ST_REJECT;
  (void)fault(&r->fault, (enum status)status, "%s: %s", what, why ? why : "no reason given");
  return false;
}

/* ---- ends that are not a decision ---- */
void run_fail(struct run *r, const struct fault *err)
{
  struct gate *g = r->g;
  struct fault more = *err;
  if (err->status == ST_BROKEN) {
    gate_break(g, err);
    return;
  }
  if (r->system) { /* there is no letter to hold: what it was about is in the outbox and in the case's history */
    log_event(&g->log, LOG_LEVEL_ERR, "a mail to the analysts could not be made; see embargoctl outbox", LOG_STR("why", err->text));
    r->work.out_count = 0;
    r->last_step = NULL;
    if (r->whole) { /* a reminder, a digest or an embargo's end that was not made is still to be made */
      r->work.vc_count = r->work.event_count = r->work.message_count = 0;
      r->work.pending_end_count = r->work.pending_reminded_count = r->work.publication_count = 0;
      r->work.meta = NULL;
      if (r->about)
        gate_due_changed(r->g, r->about);
    }
    run_goto(r, RUN_COMMIT);
    return;
  }
  bool notice_failed = r->stage == RUN_SEAL && r->work.end.state == LETTER_QUARANTINED;
  work_reset(r);
  enum status st = ST_OK;
  if (notice_failed && r->died) /* even its notice kills a helper: it ends here, in the log and in `quarantine list` */
    st = ST_REJECT;
  else if (err->status == ST_RETRY && !r->died)
    st = decide_hold(r, err->text, clock_now(&g->clock) + 60);
  else if (err->status == ST_RETRY && r->in.attempts < RUN_ATTEMPTS)
    st = decide_again(r, err->text);
  else
    st = decide_quarantine(r, err->text,
                           r->died ? "A helper process died on this letter several times; look at it with care, outside your mail program."
                                   : "The letter could not be read.",
                           &more);
  if (st == ST_BROKEN)
    gate_break(g, &more);
  else if (st)
    work_end(r, LETTER_QUARANTINED, CLASS_OTHER, "", err->text); /* even without the notice */
  log_event(&g->log, LOG_LEVEL_WARN, "letter not handled", LOG_INT("letter", r->in.id), LOG_INT("attempt", r->in.attempts),
            LOG_STR("then", letter_state_name(r->work.end.state)), LOG_STR("why", err->text));
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

/* ---- one case, one letter at a time ---- */
bool run_claim(struct run *r, const char *case_id)
{
  for (const struct run *o = r->g->runs; o; o = o->next)
    for (size_t i = 0; o != r && i < o->busy_count; i++)
      if (!strcmp(o->busy[i], case_id)) {
        r->parked = true;
        r->busy_count = 0;
        return false;
      }
  for (size_t i = 0; i < r->busy_count; i++)
    if (!strcmp(r->busy[i], case_id))
      return true;
  r->busy = pool_grow(r->pool, r->busy, r->busy_count, &r->busy_cap, sizeof *r->busy);
  r->busy[r->busy_count++] = pool_strdup(r->pool, case_id);
  return true;
}

/* An earlier letter of the same sender, or one that this letter answers, decides first: they may open the case that this one
 * belongs to. */
bool run_earlier_blocks(struct run *r)
{
  for (const struct run *o = r->g->runs; o && o != r; o = o->next) {
    if (o->system || o->stage == RUN_DONE) /* one that still waits for its commit is in no table yet: it would be acknowledged twice */
      continue;
    if (!o->rd.view.from.address) {
      r->parked = true; /* not even parsed yet: it may be */
      return true;
    }
    bool same = text_ieq(o->rd.view.from.address, r->rd.view.from.address);
    for (size_t i = 0; !same && r->rd.view.references && r->rd.view.references[i]; i++)
      same = !strcmp(r->rd.view.references[i], o->rd.view.message_id);
    if (same) {
      r->parked = true;
      return true;
    }
  }
  return false;
}
