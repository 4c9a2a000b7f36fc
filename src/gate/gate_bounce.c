/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: bounces (RFC 3464). Bound to one of our letters by the token in the envelope sender, else by the Message-ID or
 * the Ref line in the returned part. They open no case and are never answered. */
#include "gate_private.h"

static enum status find(struct run *r, struct outbox_letter *l, bool *found, bool *certain, struct fault *err)
{
  const struct reading *rd = &r->rd;
  const char *base = r->g->conf->address;
  *found = false;
  *certain = true;
  for (size_t i = 0; !*found && rd->view.recipients && rd->view.recipients[i]; i++) {
    char *token = mail_plus_token(r->pool, rd->view.recipients[i], base);
    if (!token)
      continue;
    enum status st = store_outbox_by_bounce(r->g->store, r->pool, token, "", l, found, err);
    if (st)
      return st;
  }
  if (*found)
    return ST_OK;
  *certain = false; /* whoever has had a letter of ours knows its Message-ID and its Ref line */
  if (text_empty(rd->dsn.message_id))
    return ST_OK;
  return store_outbox_by_bounce(r->g->store, r->pool, "", rd->dsn.message_id, l, found, err);
}

/* The returned part quotes our Ref line: the case, when the line is of a letter to that very recipient. */
static const char *case_by_ref(struct run *r)
{
  const struct mail_dsn *d = &r->rd.dsn;
  if (text_empty(d->ref_case) || text_empty(d->recipient))
    return "";
  return !strcmp(d->ref_tag, write_tag(r->g, r->pool, d->ref_case, d->recipient)) ? d->ref_case : "";
}

static struct tvalue *bounce_vars(struct run *r, struct vuln_case *vc, const struct outbox_letter *l, bool certain)
{
  const struct mail_dsn *d = &r->rd.dsn;
  struct tvalue *vars = write_vars(r, vc, r->g->conf->language);
  struct tvalue *b = tvalue_object(r->pool);
  tvalue_sets(r->pool, b, "recipient", l ? l->to : d->recipient);
  tvalue_sets(r->pool, b, "status", d->status);
  tvalue_sets(r->pool, b, "diagnostic", d->diagnostic);
  tvalue_sets(r->pool, b, "letter", l ? pool_printf(r->pool, "mail %" PRId64 " (%s)", l->id, l->kind) : "");
  tvalue_setb(r->pool, b, "uncertain", !certain);
  tvalue_set(r->pool, vars, "bounce", b);
  return vars;
}

enum status bounce_decide(struct run *r, bool *ours, struct fault *err)
{
  struct outbox_letter l = { 0 };
  bool found, certain;
  const struct mail_dsn *d = &r->rd.dsn;
  *ours = false;
  enum status st = find(r, &l, &found, &certain, err);
  if (st)
    return st;
  *ours = true; /* a delivery report is nobody's report, bound or not */
  struct vuln_case *vc = NULL;
  const char *id = found ? l.case_id : case_by_ref(r);
  if (!text_empty(id)) {
    st = store_case_live(r->g->store, r->pool, id, &vc, err);
    if (st || !run_claim(r, vc->id))
      return st;
  }
  work_end(r, LETTER_APPLIED, CLASS_BOUNCE, vc ? vc->id : "",
           found || vc ? "" : "a delivery report that fits none of our letters");
  if (!found && !d->failed)
    return ST_OK;
  if (found && certain && d->failed) {
    r->work.bounced = l.id;
    r->work.bounce_error = pool_printf(r->pool, "%s %s", d->status, d->diagnostic);
    if (vc)
      work_event(r, vc, "mail.bounced", "", "Mail %" PRId64 " (%s) to %s came back: %s %s", l.id, l.kind, l.to,
                 d->status, d->diagnostic);
  }
  /* A bounce of an alarm makes no further alarm. */
  if (found && !strcmp(l.kind, "alarm"))
    return ST_OK;
  struct tvalue *vars = bounce_vars(r, vc, found ? &l : NULL, certain);
  return certain ? work_alarm(r, vc, "internal/bounce", vars, "bounce", err)
                 : work_alarm_capped(r, vc, "internal/bounce", vars, "bounce", err);
}
