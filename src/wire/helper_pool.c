/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/helper: the core's end: the queue of jobs, the answers, and the part in the poll loop. */
#include <config.h>

#include <embargod/channel.h>
#include <embargod/helper.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "helper_private.h"
#include "wire_private.h"

#define SEND_AGAIN_MS 50
#define REAP_MS 20
#define MESSAGES_A_TURN 64    /* of one process, so that a loud one does not starve the others */
#define CHILD_TYPE_MIN 0xff00 /* types from here on are the channel's own */

struct helper_pool *helper_pool_new(const struct helper_options *options, const struct clock *clock,
                                    const struct logger *log)
{
  invariant(options->processes >= 1 && options->processes <= PROCESSES_MAX && options->program && options->name);
  struct pool *pool = pool_new("helper");
  struct helper_pool *hp = pool_new_of(pool, struct helper_pool);
  hp->pool = pool;
  hp->options = *options;
  hp->options.program = pool_strdup(pool, options->program);
  hp->options.name = pool_strdup(pool, options->name);
  if (hp->options.jobs_per_process == 0)
    hp->options.jobs_per_process = 1;
  size_t n = 0;
  while (options->env && options->env[n])
    n++;
  char **env = pool_array(pool, n + 1, sizeof *env);
  for (size_t i = 0; i < n; i++)
    env[i] = pool_strdup(pool, options->env[i]);
  hp->options.env = (const char *const *)env;
  hp->clock = *clock;
  hp->log = log;
  hp->queue_end = &hp->queue;
  for (size_t i = 0; i < PROCESSES_MAX; i++) {
    hp->process[i].fd = -1;
    hp->process[i].tells_end = &hp->process[i].tells;
  }
  return hp;
}

struct pool *spare_take(struct helper_pool *hp)
{
  return hp->spares ? hp->spare[--hp->spares] : pool_new_wiping(hp->options.name);
}

void spare_give(struct helper_pool *hp, struct pool *pool)
{
  if (!pool)
    return;
  pool_reset(pool);
  if (hp->spares < SPARES_MAX && pool_bytes(pool) <= SPARE_BYTES_MAX)
    hp->spare[hp->spares++] = pool;
  else
    pool_free(&pool);
}

static void job_free(struct helper_pool *hp, struct job *job)
{
  wire_release(job->request);
  spare_give(hp, job->pool); /* the job lies in it */
}

void tell_free(struct helper_pool *hp, struct tell *t)
{
  wire_release(t->msg);
  spare_give(hp, t->pool); /* t lies in it */
}

static void jobs_free(struct helper_pool *hp, struct job *job)
{
  while (job) {
    struct job *next = job->next;
    job_free(hp, job);
    job = next;
  }
}

void helper_pool_free(struct helper_pool **hpp)
{
  if (!hpp || !*hpp)
    return;
  struct helper_pool *hp = *hpp;
  for (size_t i = 0; i < hp->options.processes; i++) {
    process_retire(hp, &hp->process[i]);
    jobs_free(hp, hp->process[i].in_hand);
  }
  jobs_free(hp, hp->queue);
  jobs_free(hp, hp->refused);
  for (dying_tend(hp); hp->dying_count; dying_tend(hp))
    nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
  while (hp->spares)
    pool_free(&hp->spare[--hp->spares]);
  struct pool *pool = hp->pool;
  pool_free(&pool);
  *hpp = NULL;
}

void helper_pool_on_config(struct helper_pool *hp, helper_config_fn *fn, void *self)
{
  hp->config = fn;
  hp->config_self = self;
}

void helper_pool_on_event(struct helper_pool *hp, helper_event_fn *fn, void *self)
{
  hp->event = fn;
  hp->event_self = self;
}

static void queue_last(struct helper_pool *hp, struct job *job)
{
  job->next = NULL;
  *hp->queue_end = job;
  hp->queue_end = &job->next;
}

uint32_t helper_submit(struct helper_pool *hp, const struct wire_msg *request, helper_answer_fn *answer, void *self)
{
  invariant(answer);
  struct pool *pool = spare_take(hp);
  struct job *job = pool_new_of(pool, struct job);
  if (++hp->last_id == 0) /* 0 is no job */
    hp->last_id = 1;
  *job = (struct job){ .id = hp->last_id, .pool = pool, .answer = answer, .self = self };
  job->request = wire_freeze(pool, request);
  wire_set_job(job->request, job->id);
  queue_last(hp, job);
  hp->pending++;
  return job->id;
}

size_t helper_pending(const struct helper_pool *hp)
{
  return hp->pending;
}

unsigned helper_ready(const struct helper_pool *hp)
{
  unsigned n = 0;
  for (size_t i = 0; i < hp->options.processes; i++)
    n += hp->process[i].state == PROCESS_READY;
  return n;
}

unsigned helper_deaths(const struct helper_pool *hp)
{
  return hp->deaths;
}

struct pool *helper_answer_pool(struct helper_pool *hp)
{
  invariant(hp->answer_pool);
  return steal(hp->answer_pool);
}

/* ---- answers ---- */

/* Hands the answer over. The job is finished with, the pool goes unless the callee took it. */
static void deliver(struct helper_pool *hp, struct job *job, struct pool *pool, const struct wire_msg *answer)
{
  helper_answer_fn *fn = job->answer;
  void *self = job->self;
  hp->pending--;
  hp->answer_pool = pool;
  fn(self, pool, answer);
  spare_give(hp, steal(hp->answer_pool));
}

static void answer_dead(struct helper_pool *hp, struct job *job, const char *why)
{
  struct pool *pool = spare_take(hp);
  struct wire_msg *m = wire_new(pool, WIRE_DEAD, job->id);
  wire_puti(m, TAG_STATUS, ST_RETRY);
  wire_puts(m, TAG_TEXT, pool_printf(pool, "%s: %s", hp->options.name, why));
  deliver(hp, job, pool, m);
}

/* The process is gone: whatever it had in hand is dead. */
static void answer_all_dead(struct helper_pool *hp, struct process *p, const char *why)
{
  struct job *job = p->in_hand;
  p->in_hand = NULL;
  p->busy = p->forgotten = 0;
  while (job) {
    struct job *next = job->next;
    if (job->answer)
      answer_dead(hp, job, why);
    job_free(hp, job);
    job = next;
  }
}

static void kill_process(struct helper_pool *hp, struct process *p, const char *why)
{
  process_end(hp, p, why, 0);
  answer_all_dead(hp, p, why);
}

static struct job *take_in_hand(struct process *p, uint32_t id)
{
  for (struct job **at = &p->in_hand; *at; at = &(*at)->next)
    if ((*at)->id == id) {
      struct job *job = *at;
      *at = job->next;
      if (job->answer)
        p->busy--;
      else
        p->forgotten--;
      return job;
    }
  return NULL;
}

static void died_in_zygote(struct helper_pool *hp, struct job *job, const struct wire_msg *m)
{
  char why[80];
  int64_t sig = wire_geti(m, 1, 0), code = wire_geti(m, 2, 0);
  if (sig)
    snprintf(why, sizeof why, "its process was ended by signal %d", (int)(sig & 127));
  else
    snprintf(why, sizeof why, "its process ended with exit code %d", (int)(code & 255));
  answer_dead(hp, job, why);
}

static void tell(struct helper_pool *hp, struct process *p, const struct wire_msg *msg, bool first)
{
  struct pool *pool = spare_take(hp);
  struct tell *t = pool_new_of(pool, struct tell);
  t->pool = pool;
  t->msg = wire_freeze(pool, msg);
  wire_set_job(t->msg, 0);
  if (first) {
    t->next = p->tells;
    p->tells = t;
    if (!t->next)
      p->tells_end = &t->next;
  } else {
    *p->tells_end = t;
    p->tells_end = &t->next;
  }
}

static void on_hello(struct helper_pool *hp, struct process *p)
{
  p->state = PROCESS_READY;
  struct pool *pool = spare_take(hp);
  struct wire_msg *config = wire_new(pool, WIRE_CONFIG, 0);
  if (hp->config && hp->config(hp->config_self, config))
    tell(hp, p, config, true);
  spare_give(hp, pool);
}

/* False: no helper of ours says that. */
static bool take_message(struct helper_pool *hp, struct process *p, struct pool **pool, struct wire_msg *m)
{
  if (p->state == PROCESS_STARTING) {
    if (m->type != WIRE_HELLO || m->job != 0)
      return false;
    on_hello(hp, p);
    return true;
  }
  if (m->type >= CHILD_TYPE_MIN && !(m->type == WIRE_CHILD_DIED && hp->options.jobs_per_process > 1))
    return false;
  if (m->job == 0) {
    if (!hp->options.unsolicited)
      return false;
    if (hp->event)
      hp->event(hp->event_self, m);
    return true;
  }
  struct job *job = take_in_hand(p, m->job);
  if (!job)
    return false;
  if (job->answer && m->type == WIRE_CHILD_DIED)
    died_in_zygote(hp, job, m);
  else if (job->answer)
    deliver(hp, job, steal(*pool), m);
  job_free(hp, job);
  return true;
}

/* One message. False: there is none, or no process any more. */
static bool read_message(struct helper_pool *hp, struct process *p, struct pool **pool)
{
  struct fault err = { 0 };
  struct wire_msg *m = NULL;
  bool eof = false;
  enum status s = wire_recv(p->fd, *pool, &m, &eof, &err);
  if (s == ST_RETRY)
    return false;
  if (s != ST_OK && eof) {
    process_end(hp, p, "the process died", EXIT_GRACE_MS);
    answer_all_dead(hp, p, "the process died");
  } else if (s != ST_OK) {
    kill_process(hp, p, err.text);
  } else if (!take_message(hp, p, pool, m)) {
    kill_process(hp, p, "the process said what no helper says");
  }
  return p->state != PROCESS_DOWN;
}

static void read_process(struct helper_pool *hp, struct process *p)
{
  bool more = true;
  for (int i = 0; more && i < MESSAGES_A_TURN; i++) {
    struct pool *pool = spare_take(hp);
    more = read_message(hp, p, &pool);
    spare_give(hp, pool); /* NULL when it went with an answer */
  }
}

/* ---- sending ---- */

enum sent { SENT, SENT_LATER, SENT_NEVER, SENT_PEER_GONE };

static enum sent try_send(struct helper_pool *hp, struct process *p, const struct wire_msg *m)
{
  enum status s = wire_send(p->fd, m, NULL);
  int error = errno;
  if (s == ST_OK)
    return SENT;
  if (s == ST_REJECT)
    return error == EMSGSIZE ? SENT_NEVER : SENT_PEER_GONE;
  if (error == EAGAIN)
    p->blocked = true;
  else
    hp->send_again_ms = clock_mono(&hp->clock) + SEND_AGAIN_MS;
  return SENT_LATER;
}

/* True when nothing waits any more. A peer that is gone is noticed by its end of file in the next turn. */
static bool flush_tells(struct helper_pool *hp, struct process *p)
{
  while (p->tells) {
    struct tell *t = p->tells;
    enum sent sent = try_send(hp, p, t->msg);
    if (sent == SENT_LATER || sent == SENT_PEER_GONE)
      return false;
    if (sent == SENT_NEVER)
      log_event(hp->log, LOG_LEVEL_ERR, "message too large for a helper", LOG_STR("helper", hp->options.name));
    p->tells = t->next;
    if (!p->tells)
      p->tells_end = &p->tells;
    tell_free(hp, t);
  }
  return true;
}

static struct process *least_busy(struct helper_pool *hp)
{
  struct process *best = NULL;
  for (size_t i = 0; i < hp->options.processes; i++) {
    struct process *p = &hp->process[i];
    if (p->state == PROCESS_READY && !p->blocked && !p->tells && p->busy < hp->options.jobs_per_process &&
        (!best || p->busy < best->busy))
      best = p;
  }
  return best;
}

static struct job *queue_first(struct helper_pool *hp)
{
  struct job *job = hp->queue;
  hp->queue = job->next;
  if (!hp->queue)
    hp->queue_end = &hp->queue;
  return job;
}

static void refuse(struct helper_pool *hp, struct job *job)
{
  job->next = hp->refused;
  hp->refused = job;
}

static void dispatch(struct helper_pool *hp)
{
  if (clock_mono(&hp->clock) < hp->send_again_ms)
    return;
  for (size_t i = 0; i < hp->options.processes; i++)
    if (hp->process[i].state == PROCESS_READY && !hp->process[i].blocked)
      flush_tells(hp, &hp->process[i]);
  struct process *p;
  while (hp->queue && (p = least_busy(hp))) {
    enum sent sent = try_send(hp, p, hp->queue->request);
    if (sent == SENT_LATER && !p->blocked)
      return;
    if (sent == SENT_PEER_GONE)
      p->blocked = true; /* until its end of file is read; the job goes to another one */
    if (sent == SENT_LATER || sent == SENT_PEER_GONE)
      continue;
    struct job *job = queue_first(hp);
    if (sent == SENT_NEVER) {
      refuse(hp, job);
      continue;
    }
    job->sent_ms = clock_mono(&hp->clock);
    job->next = p->in_hand;
    p->in_hand = job;
    p->busy++;
  }
}

void helper_tell(struct helper_pool *hp, const struct wire_msg *msg)
{
  for (size_t i = 0; i < hp->options.processes; i++)
    if (hp->process[i].state != PROCESS_DOWN)
      tell(hp, &hp->process[i], msg, false);
}

void helper_restart(struct helper_pool *hp)
{
  hp->restart = true;
}

/* Back to the head of the queue, in the order in which they were submitted. */
static void queue_again(struct helper_pool *hp, struct process *p)
{
  while (p->in_hand) {
    struct job *job = p->in_hand;
    p->in_hand = job->next;
    if (!job->answer) {
      job_free(hp, job);
      continue;
    }
    struct job **at = &hp->queue;
    while (*at && (int32_t)((*at)->id - job->id) < 0)
      at = &(*at)->next;
    job->next = *at;
    *at = job;
    if (!job->next)
      hp->queue_end = &job->next;
  }
  p->busy = p->forgotten = 0;
}

static void do_restart(struct helper_pool *hp)
{
  hp->restart = false;
  for (size_t i = 0; i < hp->options.processes; i++) {
    process_retire(hp, &hp->process[i]);
    queue_again(hp, &hp->process[i]);
    hp->process[i].start_at_ms = 0;
  }
}

/* ---- the poll loop ---- */

static void start_due(struct helper_pool *hp)
{
  int64_t now = clock_mono(&hp->clock);
  for (size_t i = 0; i < hp->options.processes; i++)
    if (hp->process[i].state == PROCESS_DOWN && now >= hp->process[i].start_at_ms)
      process_start(hp, &hp->process[i]);
}

static void lower(int *timeout_ms, int64_t wait)
{
  int ms = wait < 0 ? 0 : wait > INT32_MAX ? INT32_MAX : (int)wait;
  if (*timeout_ms < 0 || ms < *timeout_ms)
    *timeout_ms = ms;
}

static int64_t next_deadline(const struct helper_pool *hp, const struct process *p)
{
  int64_t next = INT64_MAX;
  if (p->state == PROCESS_DOWN)
    return p->start_at_ms;
  if (p->state == PROCESS_STARTING)
    return p->started_ms + HELLO_DEADLINE_MS;
  for (const struct job *job = p->in_hand; job && hp->options.job_deadline_ms; job = job->next)
    if (job->answer && job->sent_ms + hp->options.job_deadline_ms < next)
      next = job->sent_ms + hp->options.job_deadline_ms;
  return next;
}

size_t helper_poll_prepare(struct helper_pool *hp, struct pollfd *fds, size_t max, int *timeout_ms)
{
  size_t n = 0;
  if (hp->restart)
    do_restart(hp);
  start_due(hp);
  dispatch(hp);
  if (hp->refused)
    lower(timeout_ms, 0);
  int64_t now = clock_mono(&hp->clock);
  for (size_t i = 0; i < hp->options.processes; i++) {
    const struct process *p = &hp->process[i];
    int64_t due = next_deadline(hp, p);
    if (due != INT64_MAX)
      lower(timeout_ms, due - now);
    if (p->state != PROCESS_DOWN && n < max)
      fds[n++] = (struct pollfd){ .fd = p->fd, .events = (short)(POLLIN | (p->blocked ? POLLOUT : 0)) };
  }
  if (hp->send_again_ms > now)
    lower(timeout_ms, hp->send_again_ms - now);
  if (hp->dying_count)
    lower(timeout_ms, REAP_MS);
  return n;
}

static struct process *by_fd(struct helper_pool *hp, int fd)
{
  for (size_t i = 0; i < hp->options.processes; i++)
    if (hp->process[i].state != PROCESS_DOWN && hp->process[i].fd == fd)
      return &hp->process[i];
  return NULL;
}

/* A zygote's job is forgotten (its process has an alarm of its own); any other takes its process with it. */
static void check_jobs(struct helper_pool *hp, struct process *p, int64_t now)
{
  for (struct job *job = p->in_hand; job; job = job->next) {
    if (!job->answer || now - job->sent_ms < hp->options.job_deadline_ms)
      continue;
    if (hp->options.jobs_per_process == 1) {
      kill_process(hp, p, "the job was over its deadline");
      return;
    }
    answer_dead(hp, job, "the job was over its deadline");
    job->answer = NULL;
    p->busy--;
    p->forgotten++;
  }
  if (p->forgotten > 4 * hp->options.jobs_per_process)
    kill_process(hp, p, "the process answers no more");
}

static void check_deadlines(struct helper_pool *hp)
{
  int64_t now = clock_mono(&hp->clock);
  for (size_t i = 0; i < hp->options.processes; i++) {
    struct process *p = &hp->process[i];
    if (p->state == PROCESS_STARTING && now - p->started_ms >= HELLO_DEADLINE_MS)
      kill_process(hp, p, "the process did not get ready");
    else if (p->state == PROCESS_READY && hp->options.job_deadline_ms)
      check_jobs(hp, p, now);
  }
}

void helper_poll_done(struct helper_pool *hp, const struct pollfd *fds, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    struct process *p = fds[i].revents ? by_fd(hp, fds[i].fd) : NULL;
    if (!p)
      continue;
    if (fds[i].revents & POLLOUT)
      p->blocked = false;
    if (fds[i].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
      read_process(hp, p);
  }
  check_deadlines(hp);
  dying_tend(hp);
  if (hp->restart)
    do_restart(hp);
  start_due(hp);
  dispatch(hp);
  while (hp->refused) {
    struct job *job = hp->refused;
    hp->refused = job->next;
    answer_dead(hp, job, "the request is over the limits of the channel");
    job_free(hp, job);
  }
}
