/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what a reminder says beside the date: what meets the deadline, by which command, and the reply that would go
 * out. */
#include "gate_due.h"

/* The commands that make an event happen; what is not here happens without one. */
static const struct {
  const char *event, *command;
} made_by[] = {
  { "first-answer", "#reply" },
  { "contact", "#reply" },
  { "decided", "#validate, #invalidate" },
  { "accepted", "#accept" },
  { "closed", "#close" },
  { "assessed", "#clinical" },
  { "fix-ready", "#fix-ready" },
  { "fix-deployed", "#fix-deployed" },
  { "measure-available", "#fix-ready, #mitigation, #workaround" },
  { "public", "#public" },
  { "exploit-public", "#exploit-public" },
  { "attacks", "#attacks" },
  { "customers-told", "#notify" },
  { "isac-told", "#notify" },
  { "coordinator-told", "#notify" },
  { "regulator-told", "#notify" },
  { "learned", "#fact" },
  { "correction-started", "#fact" },
  { "incident", "#fact" },
};

static const char *meaning_of(const char *event)
{
  const struct due_word *w;
  size_t n = due_events(&w);
  for (size_t i = 0; i < n; i++)
    if (!strcmp(w[i].word, event))
      return w[i].meaning;
  return event;
}

static void put_event(struct buf *b, const char *event)
{
  struct bytes e = bytes_str(event);
  if (bytes_starts(e, BYTES("filed:"))) {
    buf_printf(b, "a filing on a portal: #filed %s REFERENCE", event + 6);
    return;
  }
  if (bytes_starts(e, BYTES("notice:"))) {
    buf_printf(b, "a notice that was accepted for delivery: #notify %s", event + 7);
    return;
  }
  buf_adds(b, meaning_of(event));
  for (size_t i = 0; i < ARRAY_LEN(made_by); i++)
    if (!strcmp(made_by[i].event, event))
      buf_printf(b, ": %s", made_by[i].command);
}

char *due_met_by(struct pool *pool, const struct due_deadline *d)
{
  struct buf b = buf_new(pool, 200);
  for (size_t i = 0; i < d->met_by_count; i++) {
    buf_adds(&b, i ? "\n  " : "");
    put_event(&b, d->met_by[i]);
  }
  if (d->restarts) { /* the same event begins the next round */
    buf_adds(&b, b.len ? "\n  " : "");
    put_event(&b, d->starts_at);
  }
  return buf_str(&b);
}

/* Of a deadline that each mail to the reporter begins anew: the status mail as `#reply status` would send it. Best
 * effort: "" when there is no reporter or the template lacks something. */
const char *due_status_preview(struct run *r, struct vuln_case *vc, const struct due_deadline *d)
{
  const struct party *p = case_reporter(vc);
  struct gate *g = r->g;
  struct stored_key k;
  struct template_letter t = { 0 };
  struct fault err = { 0 };
  char **missing = NULL;
  bool found = false;
  if (!d->restarts || strcmp(d->starts_at, "contact") || !p || text_empty(p->address) ||
      !template_set_has(g->templates, "reply/status"))
    return "";
  if (store_key_get(g->store, r->pool, p->address, &k, &found, &err))
    return "";
  struct tvalue *v = write_vars(r, vc, g->conf->language);
  template_put(r->pool, v, "recipient.name", p->name);
  template_put(r->pool, v, "recipient.address", p->address);
  tvalue_setb(r->pool, v, "encrypted", found || !text_empty(p->fingerprint));
  if (template_letter(r->pool, g->templates, "reply/status", g->conf->language, v, &t, &missing, &err))
    return "";
  return pool_str(r->pool, bytes_trim(bytes_str(t.text)));
}
