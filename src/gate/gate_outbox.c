/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the outbox. Letters are leased in the transaction that committed before, sent one recipient a transaction, and their
 * ends (accepted, deferred, refused, unconfirmed) written with the next group commit. */
#include "gate_private.h"

#include <stdio.h>

#define SENDING_MAX 16
#define LEASE_S 900
#define LOOK_S 60

struct sending {
  struct gate *g;
  int64_t id, queued_at;
  unsigned tries;
  char *case_id, *kind;
};

/* 1 min, doubling to 4 h, with a fifth of jitter so that a dead server is not met by all at once. */
static int64_t back_off(unsigned tries)
{
  int64_t s = 60;
  for (unsigned i = 0; i < tries && s < 4 * 3600; i++)
    s *= 2;
  uint32_t dice;
  secret_random(&dice, sizeof dice);
  return s + (int64_t)(dice % (uint32_t)(s / 5 + 1));
}

static struct outbox_end end_of(struct gate *g, const struct sending *s, int64_t end, const char *words)
{
  int64_t now = clock_now(&g->clock);
  struct outbox_end e = { .now = now, .error = words };
  if (end == SEND_ACCEPTED) {
    e.state = OUTBOX_SENT;
  } else if (end == SEND_REFUSED) {
    e.state = OUTBOX_FAILED;
  } else if (end == SEND_UNCONFIRMED) {
    e.state = OUTBOX_UNCONFIRMED;
    e.due_at = now + g->conf->unconfirmed_after_s;
  } else if (now - s->queued_at > (int64_t)g->conf->outbox_give_up_h * 3600) {
    e.state = OUTBOX_FAILED;
    e.error = pool_printf(g->answer_pool, "given up after %d hours; the last try: %s", g->conf->outbox_give_up_h, words);
  } else {
    e.state = OUTBOX_DEFERRED;
    e.due_at = now + back_off(s->tries);
  }
  return e;
}

static void log_end(struct gate *g, const struct sending *s, const struct outbox_end *e, int64_t code)
{
  static const struct {
    enum outbox_state state;
    enum log_level level;
    const char *msg;
  } ends[] = {
    { OUTBOX_SENT, LOG_LEVEL_INFO, "mail sent" },
    { OUTBOX_DEFERRED, LOG_LEVEL_WARN, "mail not sent yet: it will be tried again" },
    { OUTBOX_UNCONFIRMED, LOG_LEVEL_WARN, "mail sent, perhaps: the answer was lost; the very same letter will be sent again" },
    { OUTBOX_FAILED, LOG_LEVEL_ERR, "mail failed: mend the cause, then embargoctl retry with its number" },
  };
  AUTO(pool_freep) struct pool *pool = pool_new("log");
  for (size_t i = 0; i < ARRAY_LEN(ends); i++)
    if (ends[i].state == e->state)
      log_event(&g->log, ends[i].level, ends[i].msg, LOG_INT("mail", s->id), LOG_STR("kind", s->kind), LOG_STR("case", s->case_id),
                LOG_STR("state", outbox_state_name(e->state)), LOG_INT("code", code >= 200 ? code : 0),
                LOG_STR("said", e->state == OUTBOX_SENT ? "" : e->error),
                LOG_STR("next", e->due_at ? time_iso(pool, e->due_at) : ""));
}

/* It is us whom the server does not want, or embargod-send cannot work: not this letter. */
static bool login_refused(int64_t code)
{
  return code == 530 || code == 534 || code == 535 || code == 538 || code == SEND_NOT_CONFIGURED;
}

static void answer_keep(struct gate *g, const struct sending *s, const struct outbox_end *end)
{
  struct outbox_answer *a = pool_new_of(g->answer_pool, struct outbox_answer);
  a->id = s->id;
  a->notice = !strcmp(s->kind, "notice");
  a->end = *end;
  a->next = g->answers;
  g->answers = a;
  g->tx_ready++;
}

static void sent(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct sending *s = self;
  struct gate *g = s->g;
  const char *words = wire_gets(answer, TAG_TEXT);
  bool result = wire_type(answer) == SEND_RESULT;
  int64_t end = result ? wire_geti(answer, SEND_TAG_END, SEND_DEFERRED) : SEND_DEFERRED;
  int64_t code = result ? wire_geti(answer, SEND_TAG_CODE, 0) : 0;
  /* The helper died with it: it may or may not have left. */
  if (wire_type(answer) == WIRE_DEAD) {
    end = SEND_UNCONFIRMED;
    words = "embargod-send died or took too long";
  }
  FAILPOINT("gate.sent");
  struct outbox_end e = end_of(g, s, end, pool_strdup(g->answer_pool, words ? words : ""));
  if (e.state == OUTBOX_DEFERRED && login_refused(code) && gate_send_new_login(g))
    e.due_at = e.now;
  g->sending--;
  g->did_something = true;
  log_end(g, s, &e, code);
  snprintf(g->outbox_trouble, sizeof g->outbox_trouble, "%s", e.state == OUTBOX_SENT ? "" : e.error);
  if ((e.state == OUTBOX_DEFERRED && e.due_at > e.now) || e.state == OUTBOX_UNCONFIRMED)
    g->deferred = true;
  if (e.state == OUTBOX_FAILED)
    unsent_tell(g, s->id, &e);
  else
    answer_keep(g, s, &e);
  free(s->case_id);
  free(s->kind);
  free(s);
}

static void send_one(struct gate *g, const struct outbox_letter *l)
{
  AUTO(pool_freep) struct pool *pool = pool_new("send");
  struct sending *s = calloc(1, sizeof *s);
  invariant(s);
  *s = (struct sending){ g, l->id, l->queued_at, l->tries, strdup(l->case_id ? l->case_id : ""), strdup(l->kind) };
  struct wire_msg *m = wire_new(pool, SEND_MAIL, 0);
  wire_puts(m, SEND_TAG_FROM, l->envelope_from);
  wire_puts(m, SEND_TAG_TO, l->to);
  wire_put(m, TAG_BYTES, l->bytes);
  g->sending++;
  FAILPOINT("gate.send");
  helper_submit(g->send, m, sent, s);
}

enum status gate_outbox_write_answers(struct gate *g, struct fault *err)
{
  for (struct outbox_answer *a = g->answers; a; a = a->next) {
    enum status st = store_outbox_finish(g->store, a->id, &a->end, err);
    if (!st)
      st = record_delivered(g, a, err);
    if (st)
      return fault_add(err, "outbox");
  }
  return ST_OK;
}

/* Called after each commit: what it queued may leave now. */
void gate_outbox_committed(struct gate *g)
{
  g->answers = NULL;
  pool_reset(g->answer_pool);
  g->outbox_look_at = 0;
}

/* The lease lives in memory: one daemon owns the store, and its end voids all leases. */
static enum status look(struct gate *g, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("outbox");
  struct outbox_letter *l = NULL;
  size_t n = 0;
  enum status st = store_outbox_take(g->store, pool, now, LEASE_S, SENDING_MAX - g->sending, &l, &n, err);
  for (size_t i = 0; !st && i < n; i++)
    send_one(g, &l[i]);
  if (n)
    g->did_something = true;
  else if (!st)
    g->outbox_look_at = now + LOOK_S;
  return st;
}

void gate_outbox_tick(struct gate *g)
{
  int64_t now = clock_now(&g->clock), due = INT64_MAX;
  struct fault err = { 0 };
  if (g->broken || g->tx_open || g->stopping || !g->send || g->sending >= SENDING_MAX || now < g->outbox_look_at ||
      g->store_pause > clock_mono(&g->clock))
    return;
  enum status st = store_outbox_next_due(g->store, &due, &err);
  if (!st && due <= now)
    st = look(g, now, &err);
  else if (!st)
    g->outbox_look_at = due < now + LOOK_S ? due : now + LOOK_S;
  if (st == ST_BROKEN || (st && g->options.once))
    gate_break(g, &err);
  else if (st)
    g->store_pause = clock_mono(&g->clock) + 5000;
}
