/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what kind of letter it is. The kinds are tried in this order: oversize, bounce, duplicate, analyst, automatic, blocked,
 * unreadable, and at last: a report or a follow-up. */
#include "gate_private.h"

enum status decide_hold(struct run *r, const char *reason, int64_t retry_at)
{
  struct gate *g = r->g;
  struct fault err = { 0 };
  work_reset(r);
  int64_t now = clock_now(&g->clock);
  if (now - r->in.recorded_at > (int64_t)g->conf->held_days * 86400)
    return decide_quarantine(r, reason, "It was held for several days and could not be handled.", &err);
  work_end(r, LETTER_HELD, CLASS_NONE, "", pool_strdup(r->pool, reason));
  r->work.end.retry_at = retry_at;
  r->work.forgive = true;
  g->deferred = true;
  return ST_OK;
}

enum status decide_again(struct run *r, const char *reason)
{
  work_reset(r);
  work_end(r, LETTER_RECORDED, CLASS_NONE, "", pool_strdup(r->pool, reason));
  return ST_OK;
}

enum status decide_quarantine(struct run *r, const char *reason, const char *advice, struct fault *err)
{
  work_reset(r);
  struct tvalue *vars = write_vars(r, NULL, r->g->conf->language);
  tvalue_sets(r->pool, vars, "reason", reason);
  tvalue_sets(r->pool, vars, "advice", advice);
  template_put(r->pool, vars, "quarantine.id", pool_printf(r->pool, "%" PRId64, r->in.id));
  template_put(r->pool, vars, "quarantine.sender", r->rd.view.from.address ? r->rd.view.from.address : "");
  template_put(r->pool, vars, "quarantine.received", template_date(r->pool, r->in.date ? r->in.date : r->in.recorded_at));
  enum letter_class klass = r->in.oversize ? CLASS_OVERSIZE : CLASS_OTHER;
  work_end(r, LETTER_QUARANTINED, klass, "", pool_strdup(r->pool, reason));
  return work_alarm_capped(r, NULL, "internal/quarantine", vars, "quarantine", err);
}

/* Message-ID with a keyed digest of Date, From, Subject and text: the same letter by two routes. Message-ID alone never
 * suppresses anything. */
static enum status second_route(struct run *r, int64_t *earlier, struct fault *err)
{
  const struct reading *rd = &r->rd;
  unsigned char digest[SECRET_DIGEST_LEN];
  *earlier = 0;
  if (text_empty(rd->view.message_id))
    return ST_OK;
  struct bytes body = span_of(rd->layer[0].table.raw, rd->layer[0].table.part[0].body);
  struct bytes part[] = { bytes_str(rd->view.message_id), bytes_str(rd->view.from.address), bytes_str(rd->view.subject),
                          bytes_str(pool_printf(r->pool, "%" PRId64, rd->view.date)), bytes_trim(body) };
  secret_digest_parts(digest, store_subkey(r->g->store, "soft"), part, ARRAY_LEN(part));
  enum status st = gate_tx_open(r->g, err);
  return st ? st
            : store_intake_softkey(r->g->store, r->in.id, (struct bytes){ (const char *)digest, sizeof digest }, earlier, err);
}

/* Good signature(s), all of them, by the registered full fingerprint of an analyst's primary key. From counts for nothing. */
static const struct conf_analyst *signing_analyst(const struct run *r)
{
  const struct reading *rd = &r->rd;
  if (!rd->signature || pgp_verdict(rd->signature->sig, rd->signature->sig_count) != VERDICT_GOOD)
    return NULL;
  const struct conf_analyst *a = NULL;
  for (unsigned i = 0; i < rd->signature->sig_count; i++) {
    const struct pgp_signature *s = &rd->signature->sig[i];
    const struct conf_analyst *by = s->extra_key ? NULL : conf_analyst_by_fpr(r->g->conf, s->primary);
    if (!by || (a && a != by) || revoked_now(r, s->primary))
      return NULL;
    a = by;
  }
  return a;
}

static enum status applied_quietly(struct run *r, enum letter_class klass, const char *reason)
{
  work_reset(r);
  work_end(r, LETTER_APPLIED, klass, "", reason);
  return ST_OK;
}

/* Vacation notes and the like go nowhere. A report that a scanner or a web form sent is automatic too, and is a report: only
 * replies, bounces and read receipts are dropped here. */
static bool automatic_reply(const struct reading *rd)
{
  return rd->automatic && (text_istarts(rd->view.auto_submitted, "auto-replied") || rd->view.null_sender || rd->dsn.is_dsn ||
                           text_istarts(rd->automatic, "auto-replied") || text_istarts(rd->automatic, "vacation") ||
                           text_istarts(rd->automatic, "mailer-daemon") || text_istarts(rd->automatic, "null"));
}

static enum status from_outside(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  const struct reading *rd = &r->rd;
  bool blocked = false;
  if (!text_empty(rd->view.from.address) &&
      store_sender_blocked(g->store, rd->view.from.address, &blocked, err))
    return err->status;
  if (blocked)
    return applied_quietly(r, CLASS_BLOCKED, "sender blocked by #spam");
  if (mail_spam_flagged(&rd->layer[0].table))
    return decide_quarantine(r, "the mail server flagged it as spam",
                             "If it is a report after all, release it: embargoctl quarantine release N", err);
  if (rd->trouble && rd->main == 0)
    return report_undecryptable(r, err);
  return report_decide(r, err);
}

static enum status decide(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  const struct reading *rd = &r->rd;
  int64_t earlier = 0;
  bool ours = false;
  if (r->in.oversize)
    return decide_quarantine(r, pool_printf(r->pool, "it is larger than max_message (%s)", template_size(r->pool, (size_t)r->in.size)),
                             "It was not fetched and lies where it came in. Look at it there, or raise max_message.", err);
  if (rd->dsn.is_dsn) {
    enum status st = bounce_decide(r, &ours, err);
    if (st || ours)
      return st;
  }
  enum status st = second_route(r, &earlier, err);
  if (st)
    return st;
  if (earlier && !r->in.released)
    return applied_quietly(r, CLASS_DUPLICATE, pool_printf(r->pool, "the same letter as %" PRId64 ", by another route", earlier));
  const struct conf_analyst *a = signing_analyst(r);
  if (a)
    return command_decide(r, a, err);
  a = text_empty(rd->view.from.address) ? NULL : conf_analyst_by_address(g->conf, rd->view.from.address);
  if (a)
    return unsigned_analyst_decide(r, a, err);
  if (automatic_reply(rd))
    return applied_quietly(r, CLASS_AUTOMATIC, pool_printf(r->pool, "automatic mail: %s", rd->automatic));
  return from_outside(r, err);
}

void run_decide(struct run *r)
{
  struct fault err = { 0 };
  r->failed = false;
  if (r->system) {
    r->decide(r);
    return;
  }
  if (!r->in.oversize && run_earlier_blocks(r))
    return;
  work_reset(r);
  r->busy_count = 0;
  revoked_use_no_more(r);
  enum status st = decide(r, &err);
  if (r->parked)
    return;
  if (!st)
    st = revoked_take_in(r, &err);
  FAILPOINT("gate.decided");
  if (st) {
    (void)fault_add(&err, "decide");
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}
