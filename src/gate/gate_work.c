/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the work of one letter: what the commit will write and what will be sent. Filled by the deciding functions. */
#include "gate_private.h"

void work_reset(struct run *r)
{
  for (struct side *s = r->sides; s; s = s->next)
    pool_reset(s->pool);
  r->work = (struct work){ 0 };
}

void work_case(struct run *r, struct vuln_case *vc)
{
  struct work *w = &r->work;
  for (size_t i = 0; i < w->vc_count; i++)
    if (w->vc[i] == vc)
      return;
  w->vc = pool_grow(r->pool, w->vc, w->vc_count, &w->vc_cap, sizeof *w->vc);
  w->vc[w->vc_count++] = vc;
}

void work_event(struct run *r, struct vuln_case *vc, const char *kind, const char *who, const char *fmt, ...)
{
  struct work *w = &r->work;
  va_list ap;
  va_start(ap, fmt);
  char *text = pool_vprintf(r->pool, fmt, ap);
  va_end(ap);
  w->event = pool_grow(r->pool, w->event, w->event_count, &w->event_cap, sizeof *w->event);
  w->event[w->event_count++] = (struct work_event){
    vc, { .at = clock_now(&r->g->clock), .kind = kind, .who = who, .text = text, .letter = r->in.id }
  };
}

void work_message(struct run *r, struct vuln_case *vc, struct party_ref party, const struct case_message *m)
{
  struct work *w = &r->work;
  w->message = pool_grow(r->pool, w->message, w->message_count, &w->message_cap, sizeof *w->message);
  w->message[w->message_count++] = (struct work_message){ vc, party, *m };
}

void work_out(struct run *r, struct outgoing *o)
{
  struct work *w = &r->work;
  w->out = pool_grow(r->pool, w->out, w->out_count, &w->out_cap, sizeof *w->out);
  w->out[w->out_count++] = o;
}

void work_pending(struct run *r, struct pending_release *p)
{
  struct work *w = &r->work;
  w->pending = pool_grow(r->pool, w->pending, w->pending_count, &w->pending_cap, sizeof *w->pending);
  w->pending[w->pending_count++] = p;
}

void work_publication(struct run *r, const struct publication_op *op)
{
  struct work *w = &r->work;
  w->publication = pool_grow(r->pool, w->publication, w->publication_count, &w->publication_cap, sizeof *w->publication);
  w->publication[w->publication_count++] = *op;
}

void work_end(struct run *r, enum letter_state state, enum letter_class klass, const char *case_id, const char *reason)
{
  r->work.end = (struct intake_end){
    .state = state, .klass = klass, .case_id = case_id, .reason = reason, .now = clock_now(&r->g->clock)
  };
}

/* Acknowledgements of letters in hand count against the caps before they are committed. */
void work_acks_in_hand(const struct run *r, const char *address, unsigned *to_sender, unsigned *in_all)
{
  for (const struct run *o = r->g->runs; o; o = o->next) {
    if (o == r || !o->work.ack_address)
      continue;
    (*in_all)++;
    *to_sender += text_ieq(o->work.ack_address, address);
  }
}

/* Who hears of trouble: those on duty; when nobody is, the leads; when there are none, all. */
bool analyst_gets_alarm(const struct conf *c, const struct conf_analyst *a)
{
  bool duty = false, lead = false;
  for (size_t i = 0; i < c->analyst_count; i++) {
    duty |= c->analyst[i].duty;
    lead |= c->analyst[i].lead;
  }
  return duty ? a->duty : lead ? a->lead : true;
}

#define ALARMS_NEAR_CAP 5

enum status work_alarm_capped(struct run *r, struct vuln_case *vc, const char *template_name, struct tvalue *vars,
                              const char *serial, struct fault *err)
{
  const struct conf *c = r->g->conf;
  unsigned queued = 0, receivers = 0;
  enum status st = store_outbox_count(r->g->store, "alarm", clock_now(&r->g->clock) - 3600, &queued, err);
  if (st)
    return st;
  for (size_t i = 0; i < c->analyst_count; i++)
    receivers += analyst_gets_alarm(c, &c->analyst[i]);
  unsigned had = receivers ? queued / receivers : 0, cap = (unsigned)c->alarms_per_hour;
  if (had >= cap) {
    log_event(&r->g->log, LOG_LEVEL_WARN,
              "alarms_per_hour is reached: no mail about this letter; see embargoctl quarantine list",
              LOG_INT("letter", r->in.id), LOG_STR("about", template_name));
    return ST_OK;
  }
  if (had + ALARMS_NEAR_CAP >= cap)
    template_put(r->pool, vars, "alarm.cap", pool_printf(r->pool, "%u", cap));
  return work_alarm(r, vc, template_name, vars, serial, err);
}

enum status work_alarm(struct run *r, struct vuln_case *vc, const char *template_name, struct tvalue *vars,
                       const char *serial, struct fault *err)
{
  const struct conf *c = r->g->conf;
  for (size_t i = 0; i < c->analyst_count; i++) {
    if (!analyst_gets_alarm(c, &c->analyst[i]))
      continue;
    struct letter_spec spec = { .kind = "alarm",
                                .template_name = template_name,
                                .vc = vc,
                                .auto_submitted = "auto-generated",
                                .serial = pool_printf(r->pool, "%s-%s", serial, c->analyst[i].name) };
    struct outgoing *o;
    enum status st = write_to_analyst(r, &c->analyst[i], &spec, vars, &o, err);
    if (st)
      return st;
    o->droppable = true;
    work_out(r, o);
  }
  return ST_OK;
}
