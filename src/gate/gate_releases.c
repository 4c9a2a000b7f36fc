/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: letters that wait for a person's word: kept with the hash of what was shown, released or dropped. */
#include "gate_publish.h"

#include <jansson.h>

#define WAITING_MAX 128 /* letters of one command that wait for a release */

/* ---- what waits: fixed by the hash of its contents and recipients ---- */
static char *envelope(struct pool *pool, const struct outgoing *o, const char *said)
{
  const struct mail_draft *m = &o->draft;
  json_t *refs = json_array();
  for (size_t i = 0; m->references && m->references[i]; i++)
    json_array_append_new(refs, json_string(m->references[i]));
  const struct letter_record none = { "", "", "", "", "" }, *k = o->record ? o->record : &none;
  json_t *j = json_pack("{s:s,s:s,s:s,s:I,s:b,s:o,s:s,s:s,s:s,s:s,s:s,s:s}", "subject", m->subject, "outer_subject", m->outer_subject, "in_reply_to",
                        m->in_reply_to ? m->in_reply_to : "", "date", (json_int_t)m->date, "encrypt", o->encrypt, "references", refs,
                        "text", m->text, "reply_to", m->reply_to ? m->reply_to : "", "template", k->template_name, "language", k->language,
                        "version", k->version, "said", said ? said : "");
  invariant(j);
  char *s = json_dumps(j, JSON_COMPACT);
  char *out = pool_strdup(pool, s);
  free(s);
  json_decref(j);
  return out;
}

void release_hash(const struct pending_release *p, unsigned char out[32])
{
  struct bytes part[2 * WAITING_MAX];
  size_t n = 0;
  for (size_t i = 0; i < p->letter_count && n + 2 <= ARRAY_LEN(part); i++) {
    part[n++] = bytes_str(p->letter[i].to);
    part[n++] = p->letter[i].content;
  }
  secret_digest_parts(out, NULL, part, n);
}

enum status effect_wait(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct outgoing *o, struct fault *err)
{
  struct run *r = d->r;
  struct pending_release *p = d->waiting[e->command];
  if (!p) {
    int64_t now = clock_now(&r->g->clock);
    p = pool_new_of(r->pool, struct pending_release);
    *p = (struct pending_release){ .token = secret_token(r->pool, 16), .case_id = vc->id, .by = d->a->name,
                                   .what = d->mail->command[e->command].name, .made_at = now, .gate = e->gate,
                                   .expires_at = now + (int64_t)r->g->conf->pending_expires_h * 3600,
                                   .letter = pool_array(r->pool, WAITING_MAX, sizeof *p->letter) };
    d->waiting[e->command] = p;
  }
  if (p->letter_count == WAITING_MAX)
    return effect_deny(d, e, err, pool_printf(r->pool, "more than %d letters at once: notify in smaller groups", WAITING_MAX));
  p->letter[p->letter_count++] = (struct pending_letter){ .to = o->draft.to.address, .to_name = o->to_name, .kind = o->kind,
                                                          .message_id = o->draft.message_id, .party = 0,
                                                          .envelope_json = envelope(r->pool, o, e->text), .content = o->content };
  release_hash(p, p->hash);
  return ST_OK;
}

void effect_keep_waiting(struct doing *d)
{
  struct run *r = d->r;
  for (size_t i = 0; i < COMMAND_MAX; i++) {
    struct pending_release *p = d->waiting[i];
    if (!p)
      continue;
    work_pending(r, p);
    struct tvalue *v = tvalue_object(r->pool);
    tvalue_sets(r->pool, v, "token", p->token);
    tvalue_sets(r->pool, v, "what", p->what);
    tvalue_sets(r->pool, v, "gate", p->gate == 1 ? "one person, who may be you" : "a second person with the role lead");
    tvalue_sets(r->pool, v, "expires", time_local(r->pool, p->expires_at, r->g->conf->zone));
    tvalue_add(r->pool, d->pending, v);
  }
}

/* ---- #approve, #cancel ---- */
static struct vuln_case *in_plan(struct doing *d, const char *id)
{
  for (size_t i = 0; i < d->plan->vc_count; i++)
    if (!strcmp(d->plan->vc[i]->id, id)) {
      d->plan->vc_changed[i] = true;
      return d->plan->vc[i];
    }
  return NULL;
}

/* What was written for a case that was merged is of the other one. */
static enum status vc_of(struct doing *d, const char *id, struct vuln_case **vc, struct fault *err)
{
  enum status st = store_case_live(d->r->g->store, d->r->pool, id, vc, err);
  struct vuln_case *here = st ? NULL : in_plan(d, (*vc)->id);
  while (here && !text_empty(here->merged_into) && in_plan(d, here->merged_into)) /* by this very mail */
    here = in_plan(d, here->merged_into);
  if (here) {
    *vc = here;
  } else if (!st && d->plan->vc_count < ARRAY_LEN(d->plan->vc)) {
    d->plan->vc_changed[d->plan->vc_count] = true;
    d->plan->vc[d->plan->vc_count++] = *vc;
  }
  return st;
}

static const char *may_release(struct doing *d, const struct pending_release *p)
{
  unsigned char now[32];
  release_hash(p, now);
  if (p->released)
    return "it was released already";
  if (p->expired || p->expires_at <= clock_now(&d->r->g->clock))
    return "it has expired: give the command again";
  if (p->cancelled)
    return "it was cancelled";
  if (!secret_equal(now, p->hash, sizeof now))
    return "its content is not what was shown: give the command again";
  if (p->gate > 1 && text_ieq(p->by, d->a->name))
    return "it needs a second person: another lead analyst must approve it";
  if (p->gate > 1 && !d->a->lead)
    return "it needs a lead analyst";
  return NULL;
}

static const char *may_cancel(const struct pending_release *p)
{
  if (p->released)
    return "it was released already";
  if (!p->cancelled)
    return NULL;
  return p->expired ? "it has expired: nothing waits any more" : "it was cancelled before";
}

static const char *json_text(struct pool *pool, const json_t *j, const char *key)
{
  const char *s = json_string_value(json_object_get(j, key));
  return pool_strdup(pool, s ? s : "");
}

static void draft_from(struct run *r, const struct pending_release *p, const struct pending_letter *l, const char *by, struct outgoing *o)
{
  const struct conf *c = r->g->conf;
  json_t *j = json_loads(l->envelope_json, 0, NULL);
  json_t *refs = json_object_get(j, "references");
  size_t n = json_array_size(refs);
  const char **list = pool_array(r->pool, n + 1, sizeof *list);
  for (size_t i = 0; i < n; i++)
    list[i] = pool_strdup(r->pool, json_string_value(json_array_get(refs, i)));
  const char *in_reply_to = json_text(r->pool, j, "in_reply_to"), *reply_to = json_text(r->pool, j, "reply_to");
  o->draft = (struct mail_draft){ .from = { c->organisation, c->address }, .to = { l->to_name, l->to },
                                  .subject = json_text(r->pool, j, "subject"),
                                  .outer_subject = json_text(r->pool, j, "outer_subject"), .message_id = l->message_id,
                                  .in_reply_to = *in_reply_to ? in_reply_to : NULL, .references = n ? list : NULL,
                                  .reply_to = *reply_to ? reply_to : NULL,
                                  .case_id = o->vc->id, .auto_submitted = "auto-generated",
                                  .date = json_integer_value(json_object_get(j, "date")),
                                  .text = json_text(r->pool, j, "text"), .autocrypt_key = r->g->own.key,
                                  .language = c->language };
  o->encrypt = json_is_true(json_object_get(j, "encrypt"));
  struct letter_record *k = pool_new_of(r->pool, struct letter_record);
  *k = (struct letter_record){ .template_name = json_text(r->pool, j, "template"), .language = json_text(r->pool, j, "language"),
                               .version = json_text(r->pool, j, "version"), .asked_by = p->by, .released_by = by };
  o->record = k;
  o->draft.language = *k->language ? k->language : c->language;
  json_decref(j);
}

static size_t reporter_at(const struct vuln_case *vc, const char *address)
{
  size_t i = 0;
  while (i < vc->party_count &&
         (vc->party[i].removed || vc->party[i].role != PARTY_REPORTER || !text_ieq(vc->party[i].address, address)))
    i++;
  return i;
}

/* What is said of the case must still be so: who approves a letter has read it, but not what became of the case since. */
static enum status still_true(struct doing *d, const struct effect *e, const struct address *to, const struct outgoing *o,
                              const struct pending_letter *l, struct fault *err)
{
  struct run *r = d->r;
  bool notice = !strcmp(l->kind, "notice");
  struct outgoing *now = NULL;
  struct effect as = *e;
  json_t *j = json_loads(l->envelope_json, 0, NULL);
  as.to = notice ? TO_STAKEHOLDER : TO_REPORTER;
  as.template_name = o->record->template_name;
  as.text = json_text(r->pool, j, "said");
  json_decref(j);
  if ((!notice && strcmp(l->kind, "reply")) || text_ieq(e->text, COMMAND_AS_SHOWN))
    return ST_OK;
  enum status st = effect_write(d, &as, to, o->draft.date, &now, err);
  if (st || (!strcmp(now->draft.text, o->draft.text) && !strcmp(now->draft.subject, o->draft.subject)))
    return st;
  return effect_deny(d, e, err,
                     pool_printf(r->pool,
                                 "the case has changed since: the %s to %s would read differently now. #cancel %s and give the command "
                                 "again; #approve %s %s sends what was shown all the same",
                                 l->kind, l->to_name && *l->to_name ? l->to_name : l->to, e->args, e->args, COMMAND_AS_SHOWN));
}

static void say_released(struct doing *d, const struct effect *e, const struct outgoing *o)
{
  struct command_result *res = &d->plan->result[e->command];
  res->reason = pool_printf(d->r->pool, "%s; released: %s to %s <%s>, %s: %s", res->reason, o->kind, o->to_name ? o->to_name : "",
                            o->draft.to.address, o->encrypt ? "encrypted" : "IN CLEAR", o->draft.subject);
}

/* The content is the one that was approved; the key is the recipient's of today. */
static enum status release_one(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct pending_release *p, size_t at,
                               struct fault *err)
{
  struct run *r = d->r;
  const struct pending_letter *l = &p->letter[at];
  bool notice = !strcmp(l->kind, "notice"), reply = !strcmp(l->kind, "reply");
  struct address to;
  struct effect as = *e;
  as.to_name = notice ? l->to_name : l->to;
  as.party = reporter_at(vc, l->to);
  as.fingerprint = "";
  as.template_name = pool_printf(r->pool, "party/%s", l->kind);
  enum status st = notice  ? effect_address_stakeholder(d, &as, vc, &to, err)
                   : reply ? effect_address_reporter(d, &as, vc, &to, err)
                           : effect_address_party(d, &as, vc, &to, err);
  if (st)
    return st;
  struct outgoing *o = pool_new_of(r->pool, struct outgoing);
  *o = (struct outgoing){ .kind = pool_strdup(r->pool, l->kind), .vc = vc, .party = to.party, .to_name = to.name,
                          .fingerprint = to.fingerprint, .key = to.key, .must = true, .content = l->content };
  draft_from(r, p, l, d->a->name, o);
  if (!text_ieq(to.address, l->to))
    return effect_deny(d, e, err, pool_printf(r->pool, "the address of %s has changed since: give the command again", l->to_name));
  if (o->encrypt && !to.encrypt)
    return effect_deny(d, e, err, pool_printf(r->pool, "%s had a key when this was written and has none now", l->to_name));
  if (!o->encrypt && to.encrypt)
    return effect_deny(d, e, err, pool_printf(r->pool, "a key of %s has become known since: give the command again, it goes out encrypted then",
                                       l->to_name));
  if (text_ieq(p->case_id, vc->id)) /* of one that was merged since even the reference would differ */
    st = still_true(d, &as, &to, o, l, err);
  if (st)
    return st;
  o->copy_subject = o->draft.subject;
  o->copy_text = o->draft.text;
  say_released(d, e, o);
  work_out(r, o);
  if (!notice && !reply)
    effect_party_written(d, &to, o->kind);
  work_event(r, vc, notice ? "notice.sent" : reply ? "reply.sent" : pool_printf(r->pool, "%s.sent", l->kind), d->a->name,
             "To %s, asked for by %s, released by %s, from %s, %s.",
             to.name && *to.name ? to.name : to.address, p->by, d->a->name, record_short(r->pool, o->record),
             to.encrypt ? pool_printf(r->pool, "encrypted to %s", pgp_fpr_pretty(r->pool, to.fingerprint)) : "in clear");
  return ST_OK;
}

enum status effect_release(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct work *w = &r->work;
  struct pending_release p;
  struct vuln_case *vc = NULL;
  bool found = false, approve = e->kind == EFFECT_APPROVE;
  enum status st = store_pending_get(r->g->store, r->pool, e->args, &p, &found, err);
  if (st)
    return st;
  if (!found)
    return effect_deny(d, e, err, pool_printf(r->pool, "nothing waits under %s", e->args));
  if (approve && gate_clock_held(r->g))
    return effect_deny(d, e, err,
                       pool_printf(r->pool, "the gateway's clock has jumped %s, and nothing is released before an operator has confirmed "
                                            "its time (embargoctl clock)", gate_clock_text(r->g, r->pool)));
  st = vc_of(d, p.case_id, &vc, err);
  bool scheduled = false; /* it was released, and waits for its instant */
  if (!st && !approve && p.released && publish_is(p.what))
    st = publish_cancel(d, e, vc, &scheduled, err);
  if (st || scheduled)
    return st;
  const char *why = approve ? may_release(d, &p) : may_cancel(&p);
  if (!why && approve && vc->spam)
    why = pool_printf(r->pool, "%s is marked as spam: nobody is written to about it; #cancel %s drops what waits", vc->id, e->args);
  if (why)
    return effect_deny(d, e, err, why);
  if (!d->mail->dry_run) {
    w->pending_end = pool_grow(r->pool, w->pending_end, w->pending_end_count, &w->pending_end_cap, sizeof *w->pending_end);
    w->pending_end[w->pending_end_count].token = e->args;
    w->pending_end[w->pending_end_count].by = d->a->name;
    w->pending_end[w->pending_end_count++].released = approve;
    work_event(r, vc, approve ? "release.approved" : "release.cancelled", d->a->name, "#%s asked for by %s.", p.what, p.by);
  }
  if (!st && approve && publish_is(p.what))
    return publish_approve(d, e, vc, &p, err);
  for (size_t i = 0; !st && approve && !d->mail->dry_run && i < p.letter_count; i++)
    st = release_one(d, e, vc, &p, i, err);
  if (!st && approve && !d->mail->dry_run && !strcmp(p.what, "reply")) {
    vc->last_contact_at = clock_now(&r->g->clock);
    if (!vc->first_answer_at)
      vc->first_answer_at = vc->last_contact_at;
  }
  return st;
}
