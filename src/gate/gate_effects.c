/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: carries out a plan's effects: events, notes, answers; letters, releases and keys have files of their own. */
#include "gate_embargo.h"
#include "gate_publish.h"

/* A command that cannot be carried out: nothing of the mail is. */
enum status effect_deny(struct doing *d, const struct effect *e, struct fault *err, const char *why)
{
  struct command_result *res = &d->plan->result[e->command];
  res->status = ST_DENIED;
  res->reason = why;
  d->plan->failed = true;
  return fault(err, ST_DENIED, "%s", why);
}

static enum status spam(struct doing *d, const struct effect *e)
{
  struct vuln_case *vc = d->plan->vc[e->vc];
  const struct party *p = case_reporter(vc);
  if (p && !text_empty(p->address)) {
    d->r->work.block_address = p->address;
    d->r->work.block_case = vc->id;
  }
  return ST_OK;
}

/* What a line above has merged into the case lies in the store as a case of its own until this mail is committed. */
static enum status add_merged(struct doing *d, const struct effect *e, char **text, struct fault *err)
{
  bool of_case = e->answer == ANSWER_SHOW || e->answer == ANSWER_HISTORY || e->answer == ANSWER_DUE;
  enum status st = ST_OK;
  for (size_t i = 0; !st && of_case && i < d->plan->effect_count; i++) {
    const struct effect *m = &d->plan->effect[i];
    struct vuln_case *was = NULL;
    char *more = NULL;
    if (m->kind != EFFECT_MERGE || m->vc != e->vc || m->command >= e->command)
      continue;
    st = store_case_load(d->r->g->store, d->r->pool, d->plan->vc[m->to_vc]->id, &was, err);
    if (!st)
      st = answer_text(d->r->g, d->r->pool, e, was, &more, err);
    if (!st)
      *text = pool_printf(d->r->pool, "%s\n-------- of %s, which this mail has merged into it, as it was\n\n%s", *text, was->id, more);
  }
  return st;
}

static enum status answer(struct doing *d, const struct effect *e, struct fault *err)
{
  char *text = NULL;
  enum status st = answer_text(d->r->g, d->r->pool, e, e->vc >= 0 ? d->plan->vc[e->vc] : NULL, &text, err);
  if (!st)
    st = add_merged(d, e, &text, err);
  if (st == ST_REJECT || st == ST_DENIED) {
    bool failed = d->plan->failed; /* then the other answers are given all the same */
    st = effect_deny(d, e, err, pool_strdup(d->r->pool, err->text));
    if (failed)
      fault_clear(err);
    return failed ? ST_OK : st;
  }
  if (st)
    return st;
  buf_printf(&d->answers, "%s%s\n\n%s", d->answers.len ? "\n" : "", d->mail->command[e->command].line, text);
  return ST_OK;
}

static enum status note(struct doing *d, const struct effect *e)
{
  struct case_message m = { .at = d->r->in.recorded_at, .kind = MESSAGE_NOTE, .who = d->a->name, .subject = "", .text = e->text,
                            .message_id = "", .protection = "signed" };
  work_message(d->r, d->plan->vc[e->vc], (struct party_ref){ 0 }, &m);
  return ST_OK;
}

static enum status carry_out(struct doing *d, const struct effect *e, struct fault *err)
{
  bool dry = d->mail->dry_run;
  switch (e->kind) {
  case EFFECT_LETTER:
    return effect_letter(d, e, err);
  case EFFECT_ANSWER:
    return answer(d, e, err);
  case EFFECT_APPROVE:
  case EFFECT_CANCEL:
    return effect_release(d, e, err);
  case EFFECT_KEY:
    return dry ? ST_OK : effect_key(d, e, err);
  case EFFECT_EVENT:
    if (!dry && e->vc >= 0)
      work_event(d->r, d->plan->vc[e->vc], e->what, d->a->name, "%s", e->text);
    return ST_OK;
  case EFFECT_NOTE:
    return dry ? ST_OK : note(d, e);
  case EFFECT_EMBARGO:
    return effect_embargo(d, e, err);
  case EFFECT_PUBLISH:
    return effect_publish(d, e, err);
  case EFFECT_MERGE:
    return dry ? ST_OK : effect_merge(d, e, err);
  case EFFECT_MOVE:
    return dry ? ST_OK : effect_move(d, e);
  case EFFECT_COPY:
    return dry ? ST_OK : effect_copy(d, e);
  case EFFECT_SPAM:
    return dry ? ST_OK : spam(d, e);
  }
  return fault(err, ST_BROKEN, "effect %d is unknown", e->kind);
}

enum status effects_carry_out(struct run *r, const struct conf_analyst *a, struct plan *plan, const struct command_mail *m,
                              struct tvalue *vars, struct fault *err)
{
  struct doing *d = pool_new_of(r->pool, struct doing);
  *d = (struct doing){ .r = r, .a = a, .plan = plan, .mail = m, .pending = tvalue_list(r->pool),
                       .answers = buf_new(r->pool, 256) };
  enum status st = ST_OK;
  for (size_t i = 0; i < plan->vc_count; i++)
    for (size_t k = 0; k < plan->vc[i]->party_count; k++) /* one that a command has just added */
      if (text_empty(plan->vc[i]->party[k].token))
        plan->vc[i]->party[k].token = secret_token(r->pool, 16);
  for (size_t i = 0; !st && i < plan->effect_count; i++)
    st = carry_out(d, &plan->effect[i], err);
  if (!st)
    effect_keep_waiting(d);
  tvalue_set(r->pool, vars, "pending", d->pending);
  tvalue_sets(r->pool, vars, "answers", buf_str(&d->answers));
  return st;
}
