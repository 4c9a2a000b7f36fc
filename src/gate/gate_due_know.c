/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what the history and the fields of a case mean to its deadlines. */
#include "gate_due.h"

#include <embargod/embargo.h>

/* What an entry of the history means to a deadline. */
static const struct {
  const char *kind, *event;
} meanings[] = {
  { "rm.validate", "decided" },
  { "rm.invalidate", "decided" },
  { "rm.accept", "accepted" },
  { "rm.close", "closed" },
  { "field.clinical", "assessed" },
  { "field.mitigation", "measure-available" },
  { "field.workaround", "measure-available" },
};
static const struct {
  enum cs_fact fact;
  const char *event;
} facts[] = { { CS_FIX_READY, "fix-ready" },           { CS_FIX_READY, "measure-available" },
              { CS_FIX_DEPLOYED, "fix-deployed" },     { CS_PUBLIC_AWARE, "public" },
              { CS_EXPLOIT_PUBLIC, "exploit-public" }, { CS_ATTACKS, "attacks" } };
static const struct {
  const char *kind, *event;
} told[] = { { "customer", "customers-told" },
             { "isac", "isac-told" },
             { "coordinator", "coordinator-told" },
             { "regulator", "regulator-told" } };

static void add_event(struct due_known *k, const char *name, int64_t at)
{
  if (!at)
    return;
  k->event = pool_grow(k->pool, k->event, k->event_count, &k->event_cap, sizeof *k->event);
  k->event[k->event_count++] = (struct due_event){ name, at };
}

static void add_fact(struct due_known *k, const char *word, bool holds)
{
  k->fact = pool_grow(k->pool, k->fact, k->fact_count, &k->fact_cap, sizeof *k->fact);
  k->fact[k->fact_count++] = (struct due_fact){ word, holds };
}

/* A notice counts when the mail server has accepted it, and no longer when it bounces. */
static enum status hear_notices(const struct gate *g, struct due_known *k, const char *id, struct fault *err)
{
  struct outbox_letter *l = NULL;
  size_t n = 0;
  enum status st = store_outbox_of_case(g->store, k->pool, id, "notice", &l, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    const struct conf_stakeholder *s = conf_stakeholder_by_name(g->conf, l[i].to_name);
    if (l[i].state != OUTBOX_SENT)
      continue;
    add_event(k, pool_printf(k->pool, "notice:%s", l[i].to_name), l[i].sent_at);
    for (size_t t = 0; s && t < ARRAY_LEN(told); t++)
      if (text_ieq(told[t].kind, s->kind))
        add_event(k, told[t].event, l[i].sent_at);
  }
  return st;
}

/* The keys of an earlier reminder. */
static void reminded(struct due_known *k, const char *text)
{
  struct bytes b = bytes_str(text);
  size_t at = bytes_find(b, BYTES(DUE_KEYS_MARK), 0);
  if (at == SIZE_MAX)
    return;
  for (at += strlen(DUE_KEYS_MARK); at < b.len;) {
    size_t end = at;
    while (end < b.len && b.p[end] != ' ' && b.p[end] != ']')
      end++;
    k->sent = pool_grow(k->pool, k->sent, k->sent_count, &k->sent_cap, sizeof *k->sent);
    k->sent[k->sent_count++] = pool_str(k->pool, bytes_sub(b, at, end - at));
    at = end + 1;
  }
}

static bool is_sent(const struct due_known *k, const char *key)
{
  for (size_t i = 0; i < k->sent_count; i++)
    if (!strcmp(k->sent[i], key))
      return true;
  return false;
}

bool due_note_waits(const struct due_known *k, const struct due_note *n)
{
  return !is_sent(k, n->key);
}

/* "NAME: REFERENCE, filed INSTANT" */
static void filed(struct due_known *k, const char *name, const char *rest, int64_t said_at)
{
  int64_t at = said_at;
  const char *date = strstr(rest, ", filed ");
  for (const char *next = date; next; next = strstr(next + 1, ", filed "))
    date = next;
  if (date && !time_parse(date + 8, 0, 0, NULL, &at))
    at = said_at;
  add_event(k, pool_printf(k->pool, "filed:%s", name), at);
}

/* "INSTANT: TEXT" */
static void noted(struct due_known *k, const struct case_event *e, const char *instant, const char *text)
{
  struct due_note n = { .who = e->who,
                        .text = text,
                        .key = pool_printf(k->pool, "remind@%s/%" PRId64, instant, e->id) };
  if (!time_parse(instant, 0, 0, NULL, &n.at))
    return;
  k->note = pool_grow(k->pool, k->note, k->note_count, &k->note_cap, sizeof *k->note);
  k->note[k->note_count++] = n;
}

static void overridden(struct due_known *k, const struct case_event *e, const char *name, const char *rest)
{
  struct due_override o = { .name = name, .said_at = e->at };
  if (!strcmp(e->kind, "due.met"))
    o.met_at = e->at;
  else if (!strcmp(e->kind, "due.na"))
    o.not_applicable = rest;
  else if (strcmp(e->kind, "due.date") || !time_parse(rest, 0, 0, NULL, &o.due_at))
    return;
  k->override = pool_grow(k->pool, k->override, k->override_count, &k->override_cap, sizeof *k->override);
  k->override[k->override_count++] = o;
}

/* The later word replaces the earlier. */
static void set_event(struct due_known *k, const char *name, int64_t at)
{
  for (size_t i = 0; i < k->event_count; i++)
    if (!strcmp(k->event[i].name, name)) {
      k->event[i].at = at;
      return;
    }
  add_event(k, name, at);
}

/* What #due, #filed, #remind and #fact left: "NAME", "NAME: REST". */
static void said(struct due_known *k, const struct case_event *e)
{
  struct bytes text = bytes_str(e->text);
  size_t colon = bytes_find(text, BYTES(": "), 0);
  const char *name = pool_str(k->pool, bytes_sub(text, 0, colon == SIZE_MAX ? text.len : colon));
  const char *rest = colon == SIZE_MAX ? "" : e->text + colon + 2;
  int64_t at;
  if (!strcmp(e->kind, "due.filed"))
    filed(k, name, rest, e->at);
  else if (!strcmp(e->kind, "due.remind"))
    noted(k, e, name, rest);
  else if (strcmp(e->kind, "due.fact"))
    overridden(k, e, name, rest);
  else if (text_ieq(rest, "yes") || text_ieq(rest, "no"))
    add_fact(k, name, text_ieq(rest, "yes"));
  else if (time_parse(rest, 0, 0, NULL, &at))
    set_event(k, name, at);
}

/* A deadline that starts at "embargo" is due at the agreed end, which moves; #due comes after it, and outranks it. */
static void know_embargo(const struct gate *g, struct due_known *k, const struct vuln_case *vc)
{
  bool over = vc->em == EM_EXITED;
  if (!over && vc->em != EM_ACTIVE && vc->em != EM_REVISE)
    return;
  add_event(k, "embargo", embargo_agreed_at(vc));
  if (over)
    add_event(k, "embargo-over", vc->embargo_until);
  for (size_t i = 0; i < g->conf->due_count; i++) {
    if (strcmp(g->conf->due[i].starts_at, "embargo") != 0)
      continue;
    k->override = pool_grow(k->pool, k->override, k->override_count, &k->override_cap, sizeof *k->override);
    k->override[k->override_count++] =
        (struct due_override){ .name = g->conf->due[i].name, .due_at = vc->embargo_until };
  }
}

static bool has_event(const struct due_known *k, const char *name)
{
  for (size_t i = 0; i < k->event_count; i++)
    if (!strcmp(k->event[i].name, name))
      return true;
  return false;
}

static bool holds(const struct due_known *k, const char *word)
{
  for (size_t i = k->fact_count; i > 0; i--)
    if (!strcmp(k->fact[i - 1].word, word))
      return k->fact[i - 1].holds;
  return false;
}

/* The last word counts, but due_judge() takes the first that it finds. */
static void last_word_first(struct due_known *k)
{
  for (size_t i = 0, n = k->fact_count; i < n / 2; i++) {
    struct due_fact f = k->fact[i];
    k->fact[i] = k->fact[n - 1 - i];
    k->fact[n - 1 - i] = f;
  }
}

static void know_facts(const struct gate *g, struct due_known *k, const struct vuln_case *vc)
{
  const char *clinical = case_get(vc, "clinical"), *adverse = case_get(vc, "adverse-events");
  add_fact(k, "open", vc->rm != RM_CLOSED);
  if (vc->rm != RM_START && vc->rm != RM_RECEIVED)
    add_fact(k, "valid", vc->rm != RM_INVALID);
  if (*clinical)
    add_fact(k, "uncontrolled", text_istarts(clinical, "uncontrolled"));
  if (*adverse)
    add_fact(k, "adverse-events", !text_ieq(adverse, "none"));
  add_fact(k, "exploited", vc->cs & 1u << CS_ATTACKS);
  add_fact(k, "public", vc->cs & 1u << CS_PUBLIC_AWARE);
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct conf_product *p =
        strcmp(vc->field[i].name, "product") == 0 ? conf_product_by_name(g->conf, vc->field[i].value) : NULL;
    if (p && !text_empty(p->class_name))
      add_fact(k, pool_printf(k->pool, "class:%s", p->class_name), true);
  }
  /* Nobody is exempt before somebody says so, nor with an adverse event (FDA 2016, VI.B). */
  add_fact(k, "exempt-806", holds(k, "exempt-806") && !holds(k, "adverse-events"));
  last_word_first(k);
}

/* One entry of the history. */
static void hear(struct due_known *k, const struct case_event *e)
{
  for (size_t m = 0; m < ARRAY_LEN(meanings); m++)
    if (!strcmp(e->kind, meanings[m].kind))
      add_event(k, meanings[m].event, e->at);
  if (!strcmp(e->kind, "due.reminded"))
    reminded(k, e->text);
  else if (text_istarts(e->kind, "due."))
    said(k, e);
}

enum status due_know(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct due_known *k,
                     struct due_world *w, struct fault *err)
{
  struct case_event *e = NULL;
  size_t n = 0;
  *k = (struct due_known){ .pool = pool };
  enum status st = store_event_list(g->store, pool, vc->id, &e, &n, err);
  if (!st)
    st = hear_notices(g, k, vc->id, err);
  if (st == ST_REJECT) { /* #new: the case is not saved yet */
    fault_clear(err);
    st = ST_OK;
  }
  know_embargo(g, k, vc);
  for (size_t i = 0; !st && i < n; i++)
    hear(k, &e[i]);
  for (const struct run *r = g->runs; r;
       r = r->next) /* decided, and not yet committed: #due below what it asks about */
    for (size_t i = 0; i < r->work.event_count && r->stage != RUN_DONE; i++)
      if (!strcmp(r->work.event[i].vc->id, vc->id))
        hear(k, &r->work.event[i].event);
  for (size_t i = 0; i < ARRAY_LEN(facts); i++)
    if (vc->cs & 1u << facts[i].fact)
      add_event(k, facts[i].event, vc->cs_at[facts[i].fact]);
  add_event(k, "received", vc->opened_at);
  if (!has_event(k, "learned"))
    add_event(k, "learned", vc->opened_at);
  add_event(k, "first-answer", vc->first_answer_at);
  add_event(k, "contact", vc->last_contact_at);
  know_facts(g, k, vc);
  *w = (struct due_world){ .calendar = &g->conf->calendar,
                           .event = k->event,
                           .event_count = k->event_count,
                           .fact = k->fact,
                           .override = k->override,
                           .override_count = k->override_count,
                           .fact_count = k->fact_count,
                           .now = clock_now(&g->clock) };
  return st;
}
