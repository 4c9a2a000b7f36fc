/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: a mail of ours that failed for good (refused, or given up after days) is told to the analysts, with what they can do.
 * The alarm is sealed first; then it and the end of the failed mail are written in one commit. A death before that sends the
 * mail once more, which is refused once more: it cannot fail unheard. */
#include "gate_private.h"

static struct tvalue *vars_of(struct run *r, struct vuln_case *vc, const struct outbox_letter *l, const char *error)
{
  struct tvalue *vars = write_vars(r, vc, r->g->conf->language);
  struct tvalue *b = tvalue_object(r->pool);
  tvalue_sets(r->pool, b, "id", pool_printf(r->pool, "%" PRId64, l->id));
  tvalue_sets(r->pool, b, "recipient", l->to);
  tvalue_sets(r->pool, b, "letter", l->kind);
  tvalue_sets(r->pool, b, "diagnostic", error);
  tvalue_set(r->pool, vars, "bounce", b);
  return vars;
}

/* The work; every letter of it is yet to be sealed. */
static enum status fill(struct run *r, struct fault *err)
{
  struct gate *g = r->g;
  struct outbox_letter l;
  struct vuln_case *vc = NULL;
  const struct outbox_end *end = &r->work.failed_end;
  enum status st = store_outbox_load(g->store, r->pool, r->work.failed, &l, err);
  if (!st && !text_empty(l.case_id))
    st = store_case_live(g->store, r->pool, l.case_id, &vc, err);
  if (st)
    return st;
  work_end(r, LETTER_APPLIED, CLASS_NONE, vc ? vc->id : "", "");
  if (vc)
    work_event(r, vc, "mail.failed", "", "Mail %" PRId64 " (%s) to %s was not sent: %s", l.id, l.kind, l.to, end->error);
  if (!strcmp(l.kind, "alarm")) /* of an alarm that fails no further alarm tells */
    return ST_OK;
  const char *serial = pool_printf(r->pool, "unsent-%" PRId64 "-%u", l.id, l.tries); /* it may fail again after a retry */
  return work_alarm(r, vc, "internal/unsent", vars_of(r, vc, &l, end->error), serial, err);
}

static void unsent_decide(struct run *r)
{
  struct gate *g = r->g;
  struct fault err = { 0 };
  enum status st = fill(r, &err);
  if (st == ST_BROKEN) {
    gate_break(g, &err);
    return;
  }
  if (st) { /* an erased case, most likely: the log and the outbox have it */
    log_event(&g->log, LOG_LEVEL_WARN, "a mail failed and no alarm can be written", LOG_INT("mail", r->work.failed),
              LOG_STR("why", err.text));
    r->work.out_count = r->work.event_count = 0;
    work_end(r, LETTER_APPLIED, CLASS_NONE, "", "");
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

/* The keys may not be checked yet: the run begins when they are. */
void unsent_tell(struct gate *g, int64_t mail, const struct outbox_end *end)
{
  struct run *r = run_new_system(g, unsent_decide);
  r->work.failed = mail;
  r->work.failed_end = *end;
  r->work.failed_end.error = pool_strdup(r->pool, end->error);
}
