/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: each letter of the work is signed and encrypted before the commit: a case never moves whose notice cannot be
 * sealed. A command mail is all or nothing. An intake always goes through: a recipient whose key fails gets a
 * content-free stub and the analysts an alarm; only when no analyst can be reached at all is the letter held. */
#include "gate_private.h"

static const char *recipient(const struct outgoing *o)
{
  return text_empty(o->to_name) ? o->draft.to.address : o->to_name;
}

static void sealed(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg);
static void submit_next(struct run *r);

/* Of a certificate that is in no ring: it came with this letter, or lies in the store. */
static int64_t expiry_of(struct run *r, const char *fpr)
{
  struct stored_key k;
  bool found = false;
  struct fault err = { 0 };
  for (size_t i = 0; i < r->rd.cert_count; i++)
    if (!strcmp(r->rd.cert[i].fpr, fpr))
      return r->rd.cert[i].expires;
  return !store_key_by_fpr(r->g->store, r->pool, fpr, &k, &found, &err) && found ? k.expires : 0;
}

/* What it will hold, roughly. */
static bool is_large(const struct outgoing *o)
{
  size_t bytes = bytes_str(o->draft.text).len;
  for (size_t i = 0; i < o->draft.attachment_count; i++)
    bytes += o->draft.attachment[i].bytes.len;
  return bytes >= LARGE_MAIL;
}

static void compose_late(struct run *r, struct outgoing *o)
{
  if (is_large(o) && !o->side)
    o->side = run_side(r, "large mail");
  o->content = mail_compose_content(o->side ? o->side : r->pool, &o->draft, o->encrypt);
}

static void seal_job(struct run *r, struct outgoing *o)
{
  if (o->late && !o->content.len)
    compose_late(r, o);
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("seal");
  struct wire_msg *m = wire_new(pool, CRYPT_SEAL, 0);
  wire_put(m, TAG_BYTES, o->content);
  wire_puti(m, CRYPT_TAG_ENCRYPT, o->encrypt);
  wire_puts(m, CRYPT_TAG_SIGNER, r->g->own.fpr);
  if (o->encrypt) {
    wire_puts(m, CRYPT_TAG_RECIPIENT, o->fingerprint);
    if (o->key.len) {
      wire_put(m, CRYPT_TAG_KEY, o->key);
      wire_puti(m, CRYPT_TAG_CLEAN, 1);
      wire_puti(m, CRYPT_TAG_EXPIRES, expiry_of(r, o->fingerprint));
    }
  }
  run_submit(r, r->g->crypt, m, sealed, o);
  if (o->side && o->encrypt) { /* the request has a copy, in no memory of ours */
    pool_reset(o->side);
    o->content = (struct bytes){ 0 };
  }
}

/* Of the forwards and receipts to analysts: did any get through? */
static bool analysts_reached(const struct run *r)
{
  bool some = false, wanted = false;
  for (size_t i = 0; i < r->work.out_count; i++) {
    const struct outgoing *o = r->work.out[i];
    if (!o->analyst && !o->droppable)
      continue;
    wanted = true;
    some |= outgoing_sealed(o) && o->encrypt;
  }
  return some || !wanted;
}

static enum status alarm_key(struct run *r, const struct outgoing *o, struct fault *err)
{
  struct tvalue *vars = write_vars(r, o->vc, r->g->conf->language);
  template_put(r->pool, vars, "key.owner", recipient(o));
  template_put(r->pool, vars, "key.fpr", text_empty(o->fingerprint) ? "" : pgp_fpr_pretty(r->pool, o->fingerprint));
  template_put(r->pool, vars, "key.problem", o->failure);
  int64_t when = r->system ? clock_now(&r->g->clock) : 0; /* no letter tells this alarm from the next one */
  return work_alarm(r, o->vc, "internal/key-failed", vars, pool_printf(r->pool, "key-%s-%" PRId64, o->draft.to.address, when), err);
}

/* Replaces what failed. Adds letters that have to be sealed themselves: the caller looks again. */
static enum status replace_failed(struct run *r, bool *again, struct fault *err)
{
  size_t count = r->work.out_count;
  for (size_t i = 0; i < count; i++) {
    struct outgoing *o = r->work.out[i], *instead = NULL;
    if (!o->sealed || o->dropped)
      continue;
    o->dropped = true;
    log_event(&r->g->log, LOG_LEVEL_ERR, "a letter could not be sealed", LOG_INT("letter", r->in.id),
              LOG_STR("kind", o->kind), LOG_STR("case", o->vc ? o->vc->id : ""), LOG_STR("why", o->failure));
    if (o->droppable)
      continue;
    enum status st = o->fallback ? o->fallback(r, o, &instead, err) : ST_OK;
    if (!st)
      st = alarm_key(r, o, err);
    if (st)
      return st;
    if (instead) {
      instead->droppable = true;
      work_out(r, instead);
    }
    if (o->vc)
      work_event(r, o->vc, "key.failed", "", "The key of %s failed (%s); %s.", recipient(o), o->failure,
                 instead ? "a letter without content went instead" : "the letter was not sent");
    *again = true;
  }
  return ST_OK;
}

static void refuse_all(struct run *r, const struct outgoing *o)
{
  if (r->refuse) { /* even the receipt that refuses cannot be sealed */
    struct fault err = { 0 };
    (void)fault(&err, ST_REJECT, "the answer to %s cannot be sealed: %s", recipient(o), o->failure);
    run_fail(r, &err);
    return;
  }
  r->refuse =
      pool_printf(r->pool, "The letter to %s cannot be encrypted (%s). Nothing was changed and nothing was sent.",
                  recipient(o), o->failure);
  run_goto(r, RUN_DECIDE);
}

static void hold(struct run *r, const char *why)
{
  struct fault err = { 0 };
  if (decide_hold(r, why, clock_now(&r->g->clock) + 3600))
    return;
  log_event(&r->g->log, LOG_LEVEL_ERR, "letter held: no analyst can be reached", LOG_INT("letter", r->in.id),
            LOG_STR("why", why));
  (void)err;
  run_goto(r, RUN_COMMIT);
}

static void all_sealed(struct run *r)
{
  struct fault err = { 0 };
  bool again = false;
  for (size_t i = 0; i < r->work.out_count; i++) {
    struct outgoing *o = r->work.out[i];
    if (o->sealed == ST_RETRY && !o->dropped) {
      (void)fault(&err, ST_RETRY, "seal: %s", o->failure);
      run_fail(r, &err);
      return;
    }
    if (o->sealed && o->must && !o->dropped) {
      refuse_all(r, o);
      return;
    }
  }
  if (replace_failed(r, &again, &err)) {
    run_fail(r, &err);
    return;
  }
  if (again) {
    run_seal(r);
    return;
  }
  if (!r->system && r->work.end.state == LETTER_APPLIED && !analysts_reached(r)) {
    hold(r, "no analyst's key is usable; put a valid key into key_file of at least one analyst and reload");
    return;
  }
  run_goto(r, RUN_COMMIT);
}

static void take_sealed(struct run *r, struct outgoing *o, const struct wire_msg *answer)
{
  struct bytes bytes = { 0 };
  struct fault err = { 0 };
  const char *micalg = wire_gets(answer, CRYPT_TAG_MICALG);
  if (!wire_get(answer, TAG_BYTES, &bytes) || !bytes.len) {
    o->sealed = fault(&err, ST_RETRY, "embargod-crypt gave nothing back");
  } else if (!o->side || !o->encrypt || !spill_put(r, o, bytes)) {
    struct bytes letter = mail_compose_letter(o->side ? o->side : r->pool, &o->draft, o->encrypt, o->content, bytes,
                                              pool_strdup(r->pool, micalg ? micalg : "pgp-sha512"));
    o->sealed = mail_check_final(letter, &o->draft, o->encrypt, &err);
    if (!o->sealed)
      o->letter = letter;
  }
  o->failure = pool_strdup(r->pool, err.text);
}

static void sealed(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct outgoing *o = arg;
  if (run_answer_ok(r, answer, CRYPT_SEALED, "seal")) {
    take_sealed(r, o, answer);
  } else {
    o->sealed = r->fault.status;
    o->failure = pool_strdup(r->pool, r->fault.text);
    if (o->sealed == ST_DENIED)
      o->sealed = ST_REJECT;
    if (!r->died) { /* dealt with letter by letter */
      r->failed = false;
      fault_clear(&r->fault);
    }
  }
  if (r->waiting)
    return;
  if (r->failed) {
    struct fault err = r->fault;
    run_fail(r, &err);
    return;
  }
  submit_next(r);
}

/* All at once; a large one only when nothing else is on its way. */
static void submit_next(struct run *r)
{
  for (size_t i = 0; i < r->work.out_count; i++) {
    struct outgoing *o = r->work.out[i];
    bool wanted = !o->sealed && !outgoing_sealed(o) && !o->dropped;
    bool large = wanted && is_large(o);
    if (large && r->waiting)
      return;
    if (wanted)
      seal_job(r, o);
    if (large)
      return;
  }
  if (!r->waiting)
    all_sealed(r);
}

void run_seal(struct run *r)
{
  r->failed = r->died = false;
  submit_next(r);
}
