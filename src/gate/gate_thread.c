/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: which case a letter belongs to. The facts are looked up here, the decision is case_thread(). */
#include "gate_private.h"

/* Where to, and as which party. */
struct threading {
  struct thread_facts f;
  int64_t token_party, reference_party;
};

enum status thread_load(struct run *r, const char *id, struct vuln_case **vc, struct fault *err)
{
  *vc = NULL;
  enum status st = store_case_live(r->g->store, r->pool, id, vc, err);
  if (st == ST_REJECT) { /* no such case: somebody's guess */
    fault_clear(err);
    *vc = NULL;
    st = ST_OK;
  }
  return st;
}

static enum status facts_token(struct run *r, struct threading *t, struct fault *err)
{
  for (size_t i = 0; r->rd.view.recipients && r->rd.view.recipients[i]; i++) {
    char *token = mail_plus_token(r->pool, r->rd.view.recipients[i], r->g->conf->address), *id = NULL;
    int64_t party = 0;
    enum status st = token ? store_party_by_token(r->g->store, r->pool, token, &id, &party, err) : ST_OK;
    if (st)
      return st;
    struct vuln_case *vc = NULL;
    if (text_empty(id) || thread_load(r, id, &vc, err) || !vc)
      continue;
    t->f.token_case = vc->id;
    t->f.token_is_sender = outside_sender_as(r, vc, party) != NULL;
    t->token_party = party;
    return ST_OK;
  }
  return ST_OK;
}

static enum status facts_reference(struct run *r, struct threading *t, struct fault *err)
{
  const char **refs = r->rd.view.references;
  for (size_t i = 0; refs && refs[i] && !t->f.reference_case; i++) {
    char *id = NULL;
    int64_t party = 0;
    struct vuln_case *vc = NULL;
    enum status st = store_message_find(r->g->store, r->pool, refs[i], &id, &party, err);
    if (!st && !text_empty(id))
      st = thread_load(r, id, &vc, err);
    if (st)
      return st;
    t->reference_party = party;
    if (vc && outside_sender_as(r, vc, party))
      t->f.reference_case = vc->id;
    else if (vc)
      t->f.mentioned = vc->id;
  }
  return ST_OK;
}

static enum status facts_subject(struct run *r, struct thread_facts *f, struct fault *err)
{
  const char **ids = NULL;
  size_t n = case_ids_in(r->pool, r->g->conf->case_prefix, r->rd.subject, &ids);
  for (size_t i = 0; i < n && i < 5; i++) {
    struct vuln_case *vc = NULL;
    enum status st = thread_load(r, ids[i], &vc, err);
    if (st)
      return st;
    if (vc && !f->subject_case && outside_sender(r, vc))
      f->subject_case = vc->id;
    else if (vc)
      f->mentioned = vc->id;
  }
  return ST_OK;
}

enum status thread_find(struct run *r, struct thread_answer *out, int64_t *party, struct fault *err)
{
  struct threading t = { 0 };
  enum status st = facts_token(r, &t, err);
  if (!st)
    st = facts_reference(r, &t, err);
  if (!st)
    st = facts_subject(r, &t.f, err);
  if (st)
    return st;
  *out = case_thread(&t.f);
  const char *how = out->case_id ? out->how : "";
  *party = !strcmp(how, "token") ? t.token_party : !strcmp(how, "reference") ? t.reference_party : 0;
  return ST_OK;
}
