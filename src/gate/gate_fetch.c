/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what the inboxes offer is recorded; what is at its end is settled on the server, after the commit. */
#include "gate_private.h"

#include <stdio.h>

#define ON_THE_WAY_MAX 16
#define SETTLING_MAX 32
#define SETTLE_PAUSE_MS 30000

static const char *put(struct inbox *in, const char *s)
{
  return pool_strdup(in->pool, s ? s : "");
}

static void want_add(struct inbox *in, const char *folder, int64_t uidvalidity, const char *uid, int64_t size)
{
  struct fetch_want *w = pool_new_of(in->pool, struct fetch_want);
  *w = (struct fetch_want){ .folder = put(in, folder), .uid = put(in, uid), .uidvalidity = uidvalidity, .size = size };
  if (in->last)
    in->last->next = w;
  else
    in->first = w;
  in->last = w;
  in->wants++;
}

static void store_trouble(struct gate *g, struct inbox *in, const struct fault *err)
{
  if (err->status == ST_BROKEN || g->options.once) {
    gate_break(g, err);
    return;
  }
  log_event(&g->log, LOG_LEVEL_ERR, "cannot record: the letter stays where it is, trying again in 5 s",
            LOG_STR("inbox", in->server->name), LOG_STR("why", err->text));
  g->store_pause = clock_mono(&g->clock) + 5000;
  gate_fetch_forget(in);
}

/* Recorded as too large; it is never fetched, moved or removed. The run tells the analysts. */
static enum status record(struct inbox *in, struct intake_letter *l, struct bytes raw, struct fault *err)
{
  struct gate *g = in->g;
  int64_t id;
  bool known, duplicate;
  enum status st = gate_tx_open(g, err);
  if (!st)
    st = store_savepoint(g->store, err);
  if (st)
    return st;
  l->recorded_at = clock_now(&g->clock);
  st = store_intake_record(g->store, l, raw, &id, &known, &duplicate, err);
  if (!st)
    st = store_release(g->store, err);
  else
    store_rollback_to(g->store);
  if (st)
    return fault_add(err, "record letter %s", l->uid);
  FAILPOINT("gate.record");
  if (!known)
    log_event(&g->log, LOG_LEVEL_INFO, duplicate ? "letter recorded: a second copy of an earlier one" : "letter recorded",
              LOG_INT("letter", id), LOG_STR("inbox", in->server->name), LOG_STR("uid", l->uid),
              LOG_INT("bytes", l->size));
  g->due_look_at = 0;
  return ST_OK;
}

static enum status offered(struct inbox *in, struct intake_letter *l, struct fault *err)
{
  struct gate *g = in->g;
  bool known, settled;
  int64_t id;
  enum status st = store_intake_find(g->store, l, &known, &id, &settled, err);
  if (st)
    return st;
  if (known) {
    struct intake_letter there;
    AUTO(pool_freep) struct pool *pool = pool_new("offer");
    st = store_intake_load(g->store, pool, id, &there, err);
    /* Settled but still there: the move did not last (a restored mailbox, a crash): settle it again. */
    if (!st && settled && !there.oversize)
      st = store_intake_unsettle(g->store, id, err);
    return st;
  }
  l->oversize = l->size > g->conf->max_message;
  if (l->oversize)
    return record(in, l, (struct bytes){ 0 }, err);
  want_add(in, l->folder, l->uidvalidity, l->uid, l->size);
  return ST_OK;
}

static void take_offer(struct inbox *in, const struct wire_msg *m)
{
  AUTO(pool_freep) struct pool *pool = pool_new("offer");
  struct intake_letter l = { .mailbox = in->server->name, .folder = wire_gets(m, FETCH_TAG_FOLDER),
                             .uidvalidity = wire_geti(m, FETCH_TAG_UIDVALIDITY, 0) };
  struct fault err = { 0 };
  if (!l.folder)
    return;
  for (size_t i = 0; i <= wire_count(m); i++) {
    struct bytes v = { 0 };
    uint16_t tag = i < wire_count(m) ? wire_field(m, i, &v) : FETCH_TAG_UID;
    if (tag == FETCH_TAG_UID) {
      if (l.uid && offered(in, &l, &err)) {
        store_trouble(in->g, in, &err);
        return;
      }
      l.uid = i < wire_count(m) ? pool_str(pool, v) : NULL;
      l.size = l.date = 0;
    } else if (tag == FETCH_TAG_SIZE) {
      l.size = wire_number(v, 0);
    } else if (tag == FETCH_TAG_DATE) {
      l.date = wire_number(v, 0);
    }
  }
}

static void arrived(struct inbox *in, int64_t size)
{
  if (in->on_the_way)
    in->on_the_way--;
  in->bytes_on_the_way = in->bytes_on_the_way > size ? in->bytes_on_the_way - size : 0;
  if (!in->on_the_way && !in->wants) {
    pool_reset(in->pool);
    in->first = in->last = NULL;
    in->bytes_on_the_way = 0;
  }
}

static void take_letter(struct inbox *in, const struct wire_msg *m)
{
  struct intake_letter l = { .mailbox = in->server->name, .folder = wire_gets(m, FETCH_TAG_FOLDER),
                             .uidvalidity = wire_geti(m, FETCH_TAG_UIDVALIDITY, 0), .uid = wire_gets(m, FETCH_TAG_UID),
                             .date = wire_geti(m, FETCH_TAG_DATE, 0) };
  struct bytes raw;
  struct fault err = { 0 };
  if (!l.folder || !l.uid)
    return;
  if (!wire_get(m, TAG_BYTES, &raw) || !raw.len) { /* none that a mail system made, or grown since it was offered */
    log_event(&in->g->log, LOG_LEVEL_WARN, "a letter is empty or has become too large: it stays where it is",
              LOG_STR("inbox", in->server->name), LOG_STR("uid", l.uid));
    arrived(in, wire_geti(m, FETCH_TAG_SIZE, 0));
    return;
  }
  l.size = (int64_t)raw.len;
  if (record(in, &l, raw, &err)) {
    store_trouble(in->g, in, &err);
    return;
  }
  arrived(in, l.size);
}

static void take_state(struct inbox *in, const struct wire_msg *m)
{
  struct gate *g = in->g;
  int64_t state = wire_geti(m, FETCH_TAG_STATE, 0);
  const char *why = wire_gets(m, TAG_TEXT);
  if (state == FETCH_DOWN) {
    if (in->state != FETCH_DOWN || strncmp(in->trouble, why ? why : "", sizeof in->trouble - 1))
      log_event(&g->log, LOG_LEVEL_WARN, "inbox out of reach: trying again", LOG_STR("inbox", in->server->name),
                LOG_STR("why", why));
    snprintf(in->trouble, sizeof in->trouble, "%s", why ? why : "");
    in->state = FETCH_DOWN;
    if (g->options.once)
      in->scan_failed = true;
    if (wire_geti(m, TAG_STATUS, ST_RETRY) == ST_DENIED)
      gate_fetch_new_token(in);
  } else if (state == FETCH_ONLINE && why) {
    log_event(&g->log, LOG_LEVEL_WARN, "inbox: a part of it does not work", LOG_STR("inbox", in->server->name),
              LOG_STR("why", why));
  } else if (state == FETCH_ONLINE) {
    log_event(&g->log, LOG_LEVEL_INFO, "inbox online", LOG_STR("inbox", in->server->name));
    in->state = FETCH_ONLINE;
    in->trouble[0] = 0;
    in->settle_after = 0;
  }
}

void gate_fetch_event(void *self, const struct wire_msg *m)
{
  struct inbox *in = self;
  in->g->did_something = true;
  switch (wire_type(m)) {
  case FETCH_OFFER:
    take_offer(in, m);
    break;
  case FETCH_LETTER:
    take_letter(in, m);
    break;
  case FETCH_GONE:
    arrived(in, 0);
    break;
  case FETCH_STATE:
    take_state(in, m);
    break;
  default: /* a newer helper: nothing that we wait for */
    break;
  }
}

void gate_fetch_forget(struct inbox *in)
{
  pool_reset(in->pool);
  in->first = in->last = NULL;
  in->wants = in->on_the_way = 0;
  in->bytes_on_the_way = 0;
  in->scanned = in->scan_asked = false;
  if (in->hp)
    helper_restart(in->hp);
}

/* ---- asking for letters ---- */
static void wants_send(struct inbox *in)
{
  while (in->first && in->on_the_way < ON_THE_WAY_MAX &&
         (!in->on_the_way || in->bytes_on_the_way + in->first->size <= FETCH_BYTES_MAX)) {
    struct fetch_want *w = in->first;
    AUTO(pool_freep) struct pool *pool = pool_new("want");
    struct wire_msg *m = wire_new(pool, FETCH_WANT, 0);
    wire_puts(m, FETCH_TAG_FOLDER, w->folder);
    wire_puti(m, FETCH_TAG_UIDVALIDITY, w->uidvalidity);
    while (w && !strcmp(w->folder, in->first->folder) && w->uidvalidity == in->first->uidvalidity &&
           in->on_the_way < ON_THE_WAY_MAX && (!in->on_the_way || in->bytes_on_the_way + w->size <= FETCH_BYTES_MAX)) {
      wire_puts(m, FETCH_TAG_UID, w->uid);
      in->on_the_way++;
      in->wants--;
      in->bytes_on_the_way += w->size;
      w = w->next;
    }
    in->first = w;
    if (!w)
      in->last = NULL;
    helper_tell(in->hp, m);
  }
}

static void scan_answer(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct inbox *in = self;
  in->g->did_something = true;
  if (wire_type(answer) == FETCH_SCANNED) {
    in->scanned = true;
    return;
  }
  const char *why = wire_gets(answer, TAG_TEXT);
  log_event(&in->g->log, LOG_LEVEL_ERR, "inbox could not be looked through", LOG_STR("inbox", in->server->name),
            LOG_STR("why", why ? why : "embargod-fetch died"));
  in->scan_failed = true;
}

/* ---- settling: flag and move, after the commit, safely repeated ---- */
struct settle {
  struct inbox *in;
  int64_t id;
};

static void settled(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct settle *s = self;
  struct inbox *in = s->in;
  struct gate *g = in->g;
  struct fault err = { 0 };
  int64_t id = s->id;
  free(s);
  in->settling--;
  g->did_something = true;
  if (wire_type(answer) != FETCH_SETTLED) {
    const char *why = wire_gets(answer, TAG_TEXT);
    log_event(&g->log, LOG_LEVEL_WARN, "letter handled, but not yet moved on the server", LOG_INT("letter", id),
              LOG_STR("inbox", in->server->name), LOG_STR("why", why ? why : "embargod-fetch died"));
    in->settle_after = clock_mono(&g->clock) + SETTLE_PAUSE_MS;
    g->deferred = g->deferred || g->options.once;
    return;
  }
  FAILPOINT("gate.settled");
  if (gate_tx_open(g, &err) || store_intake_settled(g->store, id, &err))
    store_trouble(g, in, &err);
}

static enum status settle_one(struct inbox *in, int64_t id, struct fault *err)
{
  struct gate *g = in->g;
  AUTO(pool_freep) struct pool *pool = pool_new("settle");
  struct intake_letter l;
  enum status st = store_intake_load(g->store, pool, id, &l, err);
  if (st)
    return st;
  if (l.oversize) {
    st = gate_tx_open(g, err);
    return st ? st : store_intake_settled(g->store, id, err);
  }
  struct wire_msg *m = wire_new(pool, FETCH_SETTLE, 0);
  wire_puts(m, FETCH_TAG_FOLDER, l.folder);
  wire_puti(m, FETCH_TAG_UIDVALIDITY, l.uidvalidity);
  wire_puts(m, FETCH_TAG_UID, l.uid);
  wire_puts(m, FETCH_TAG_TARGET, l.state == LETTER_APPLIED ? in->server->processed : in->server->quarantine);
  struct settle *s = malloc(sizeof *s);
  invariant(s);
  *s = (struct settle){ in, id };
  in->settling++;
  g->did_something = true;
  FAILPOINT("gate.settle");
  helper_submit(in->hp, m, settled, s);
  return ST_OK;
}

static void settle_tick(struct inbox *in)
{
  struct gate *g = in->g;
  int64_t ids[SETTLING_MAX];
  size_t n = 0;
  struct fault err = { 0 };
  if (in->settling || g->tx_open || in->state == FETCH_DOWN || clock_mono(&g->clock) < in->settle_after)
    return;
  enum status st = store_intake_unsettled(g->store, in->server->name, ids, ARRAY_LEN(ids), &n, &err);
  for (size_t i = 0; !st && i < n; i++)
    st = settle_one(in, ids[i], &err);
  if (st)
    store_trouble(g, in, &err);
  else if (n && g->options.once && in->settle_after)
    g->deferred = true;
}

void gate_fetch_tick(struct gate *g)
{
  bool pause = g->store_pause > clock_mono(&g->clock);
  for (size_t i = 0; i < g->inbox_count && !g->broken; i++) {
    struct inbox *in = &g->inbox[i];
    if (!in->hp || pause)
      continue;
    if (!g->stopping && g->run_count < RUNS_MAX)
      wants_send(in);
    if (g->options.once && !in->scan_asked) {
      AUTO(pool_freep) struct pool *pool = pool_new("scan");
      in->scan_asked = true;
      helper_submit(in->hp, wire_new(pool, FETCH_SCAN, 0), scan_answer, in);
    }
    settle_tick(in);
  }
}
