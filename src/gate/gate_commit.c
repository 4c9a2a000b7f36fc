/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: writes the work of one letter into the open transaction, under a savepoint of its own. */
#include "gate_private.h"

static int64_t party_id(const struct party_ref *p)
{
  return p->vc ? p->vc->party[p->index].id : 0;
}

/* Among several cases parties may change place: first they leave. */
static enum status save_cases(struct run *r, struct fault *err)
{
  struct work *w = &r->work;
  struct store *s = r->g->store;
  enum status st = ST_OK;
  for (size_t i = 0; !st && w->vc_count > 1 && i < w->vc_count; i++)
    st = store_case_leave(s, w->vc[i], err);
  for (size_t i = 0; !st && i < w->vc_count; i++)
    st = store_case_save(s, w->vc[i], w->end.now, err);
  for (size_t i = 0; !st && i < w->vc_count; i++)
    if (!text_empty(w->vc[i]->merged_into))
      st = store_case_absorb(s, w->vc[i], err);
  for (size_t i = 0; !st && i < w->move_count; i++) {
    const struct work_move *v = &w->move[i];
    struct message_move m = { .from = v->from->id, .to = v->to->id, .letter = v->letter, .from_party = v->from_party,
                              .to_party = party_id(&v->party), .thread = v->thread };
    st = store_message_move(s, &m, err);
  }
  return st;
}

static enum status write_cases(struct run *r, struct fault *err)
{
  struct work *w = &r->work;
  struct store *s = r->g->store;
  enum status st = save_cases(r, err);
  for (size_t i = 0; !st && i < w->event_count; i++)
    st = store_event_add(s, w->event[i].vc->id, &w->event[i].event, err);
  for (size_t i = 0; !st && i < w->message_count; i++) {
    struct case_message m = w->message[i].message;
    m.party = party_id(&w->message[i].party);
    m.letter = r->in.id;
    st = store_message_add(s, w->message[i].vc->id, &m, err);
  }
  return st;
}

/* An envelope sender of its own for each letter leads a bounce back to it; where providers rewrite it, Message-ID and Ref line do. */
static const char *bounce_token(struct run *r, const struct outgoing *o)
{
  unsigned char mac[SECRET_DIGEST_LEN];
  secret_digest(mac, store_subkey(r->g->store, "bounce"), bytes_str(o->draft.message_id));
  return base32_encode(r->pool, (struct bytes){ (const char *)mac, 10 });
}

static enum status write_out(struct run *r, const struct outgoing *o, struct fault *err)
{
  const struct conf *c = r->g->conf;
  bool verp = c->bounce == BOUNCE_VERP && c->plus_addressing;
  const char *token = bounce_token(r, o);
  AUTO(pool_freep) struct pool *pool = pool_new("large mail");
  struct bytes letter = o->letter;
  enum status st = o->spill ? spill_get(o, pool, &letter, err) : ST_OK;
  if (st)
    return st;
  struct outbox_letter l = {
    .case_id = o->vc ? o->vc->id : "", .kind = o->kind, .party = party_id(&o->party), .to = o->draft.to.address,
    .to_name = o->to_name ? o->to_name : "", .bounce_token = token, .message_id = o->draft.message_id,
    .envelope_from = verp ? mail_plus_address(r->pool, c->address, token) : c->address, .bytes = letter,
    .encrypted = o->encrypt, .record = record_json(r, o)
  };
  int64_t id;
  st = store_outbox_put(r->g->store, &l, r->work.end.now, &id, err);
  if (st || !o->vc)
    return st;
  /* Analysts' copies are kept as thread marks only; what went to others is kept as it reads. */
  bool to_analyst = !o->party.vc;
  struct case_message m = { .at = r->work.end.now, .letter = 0, .party = l.party, .kind = MESSAGE_SENT,
                            .who = l.to_name[0] ? l.to_name : l.to, .subject = to_analyst ? "" : o->copy_subject,
                            .text = to_analyst ? "" : o->copy_text, .message_id = l.message_id,
                            .protection = o->encrypt ? "signed, encrypted" : "signed" };
  return store_message_add(r->g->store, o->vc->id, &m, err);
}

static enum status write_rest(struct run *r, struct fault *err)
{
  struct work *w = &r->work;
  struct store *s = r->g->store;
  enum status st = ST_OK;
  bool found;
  for (size_t i = 0; !st && i < w->key_count; i++)
    st = store_key_put(s, &w->key[i].key, err);
  for (size_t i = 0; !st && i < w->key_op_count; i++)
    st = w->key_op[i].what == KEY_OP_ACCEPT   ? store_key_accept(s, w->key_op[i].fingerprint, w->key_op[i].address, &found, err)
         : w->key_op[i].what == KEY_OP_SUPERSEDE ? store_key_supersede(s, w->key_op[i].fingerprint, w->key_op[i].address, err)
                                                 : store_key_drop(s, w->key_op[i].fingerprint, &found, err);
  for (size_t i = 0; !st && i < w->pending_count; i++)
    st = store_pending_put(s, w->pending[i], err);
  for (size_t i = 0; !st && i < w->pending_end_count; i++)
    st = store_pending_end(s, w->pending_end[i].token, w->pending_end[i].released, w->pending_end[i].by, w->end.now, err);
  for (size_t i = 0; !st && i < w->pending_reminded_count; i++)
    st = store_pending_remind(s, w->pending_reminded[i], w->end.now, err);
  if (!st)
    st = publish_write(r->g, w, err);
  if (!st && w->has_replay)
    st = store_replay_add(s, &w->replay, r->in.id, w->end.now, err);
  if (!st && w->ack_address)
    st = store_ack_add(s, w->ack_address, w->end.now, err);
  if (!st && w->block_address)
    st = store_sender_block(s, w->block_address, w->block_case, w->end.now, err);
  if (!st && w->bounced)
    st = store_outbox_finish(s, w->bounced, &(struct outbox_end){ .state = OUTBOX_BOUNCED, .now = w->end.now, .error = w->bounce_error },
                             err);
  if (!st && w->meta)
    st = store_meta_set(s, w->meta, w->meta_value, err);
  if (!st && w->failed)
    st = store_outbox_finish(s, w->failed, &w->failed_end, err);
  return st;
}

static enum status write_all(struct run *r, struct fault *err)
{
  struct work *w = &r->work;
  enum status st = write_cases(r, err);
  for (size_t i = 0; !st && i < w->out_count; i++)
    if (outgoing_sealed(w->out[i]) && !w->out[i]->dropped)
      st = write_out(r, w->out[i], err);
  if (!st)
    st = write_rest(r, err);
  if (!st && w->forgive)
    st = store_intake_forgive(r->g->store, r->in.id, err);
  if (!st && !r->system)
    st = store_intake_finish(r->g->store, r->in.id, &w->end, err);
  return st;
}

enum status run_commit(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  FAILPOINT("gate.write");
  enum status st = store_savepoint(g->store, err);
  if (st)
    return st;
  st = write_all(r, err);
  if (!st) {
    r->stage = RUN_DONE;
    if (r->system)
      return store_release(g->store, err);
    if (r->work.end.state == LETTER_APPLIED || r->work.end.state == LETTER_QUARANTINED)
      log_event(&g->log, LOG_LEVEL_INFO, "letter handled", LOG_INT("letter", r->in.id),
                LOG_STR("end", letter_state_name(r->work.end.state)), LOG_STR("as", letter_class_name(r->work.end.klass)),
                LOG_STR("case", r->work.end.case_id), LOG_INT("mails", (int64_t)r->work.out_count));
    return store_release(g->store, err);
  }
  store_rollback_to(g->store);
  if (st == ST_RETRY || st == ST_BROKEN)
    return fault_add(err, "letter %" PRId64, r->in.id);
  if (r->system) { /* what it stood for is still in the outbox, and comes up again when its lease ends */
    log_event(&g->log, LOG_LEVEL_ERR, "the store refused a mail to the analysts", LOG_STR("why", err->text));
    fault_clear(err);
    r->stage = RUN_DONE;
    return ST_OK;
  }
  /* Refused by the store's own rules: our bug, but it must cost this letter only. */
  log_event(&g->log, LOG_LEVEL_ERR, "letter quarantined: the store refused its work", LOG_INT("letter", r->in.id),
            LOG_STR("why", err->text));
  struct intake_end end = { .state = LETTER_QUARANTINED, .klass = CLASS_OTHER, .case_id = "", .now = clock_now(&g->clock),
                            .reason = pool_strdup(r->pool, err->text) };
  fault_clear(err);
  r->stage = RUN_DONE;
  return store_intake_finish(g->store, r->in.id, &end, err);
}
