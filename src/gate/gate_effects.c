/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: carries out a plan's effects: events, notes, answers, keys, letters; releases that wait for a second look. */
#include "gate_private.h"

#include <jansson.h>

#define WAITING_MAX 128 /* letters of one command that wait for a release */

struct doing {
  struct run *r;
  const struct conf_analyst *a;
  struct plan *plan;
  const struct command_mail *mail;
  struct tvalue *pending;
  struct buf answers;
  struct pending_release *waiting[COMMAND_MAX]; /* by command */
};

/* A command that cannot be carried out: nothing of the mail is. */
static enum status deny(struct doing *d, const struct effect *e, struct fault *err, const char *why)
{
  struct command_result *res = &d->plan->result[e->command];
  res->status = ST_DENIED;
  res->reason = why;
  d->plan->failed = true;
  return fault(err, ST_DENIED, "%s", why);
}

/* ---- letters ---- */
struct address {
  struct party_ref party;
  const char *name, *address, *fingerprint, *language;
  struct bytes key;
  bool encrypt;
};

static enum status address_reporter(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to, struct fault *err)
{
  struct run *r = d->r;
  struct party *p = case_reporter(vc);
  struct stored_key key;
  bool found = false;
  if (!p || text_empty(p->address))
    return deny(d, e, err, "the case has no reporter that mail could reach: #reporter ADDRESS names one");
  enum status st = store_key_get(r->g->store, r->pool, p->address, &key, &found, err);
  if (st)
    return st;
  bool usable = found && key.key.len && (!key.expires || key.expires > clock_now(&r->g->clock));
  *to = (struct address){ .party = { vc, (size_t)(p - vc->party) }, .name = p->name, .address = p->address, .encrypt = usable,
                          .fingerprint = usable ? key.fingerprint : "", .key = usable ? key.key : (struct bytes){ 0 },
                          .language = r->g->conf->language };
  if (usable)
    return ST_OK;
  const char *policy = r->g->conf->reply_clear;
  if (text_ieq(policy, "allow") || (text_ieq(policy, "lead") && (d->a->lead || vc->reporter_clear_ok)))
    return ST_OK;
  return deny(d, e, err,
              found ? "the reporter's key has expired, and replies in clear are not allowed: ask for a renewed key (a reporter may send "
                      "it in any mail), then #key accept"
              : text_ieq(policy, "lead") ? "the reporter has no key, and only a lead analyst may reply in clear (reply_clear = lead)"
                                         : "the reporter has no key, and replies in clear are not allowed (reply_clear = never): get "
                                           "their key with #key import or #key accept");
}

static enum party_role role_of(const char *kind)
{
  static const struct {
    const char *kind;
    enum party_role role;
  } roles[] = { { "regulator", PARTY_REGULATOR }, { "coordinator", PARTY_COORDINATOR }, { "isac", PARTY_ISAC },
                { "customer", PARTY_CUSTOMER },   { "supplier", PARTY_SUPPLIER } };
  for (size_t i = 0; i < ARRAY_LEN(roles); i++)
    if (text_ieq(kind, roles[i].kind))
      return roles[i].role;
  return PARTY_OBSERVER;
}

/* A stakeholder becomes a party of the case with its first notice, so that its answers thread. */
static size_t stakeholder_party(struct run *r, struct vuln_case *vc, const struct conf_stakeholder *s)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (text_ieq(vc->party[i].stakeholder, s->name) && !vc->party[i].removed)
      return i;
  struct party p = { .role = role_of(s->kind), .name = s->name, .address = s->address, .stakeholder = s->name,
                     .fingerprint = s->fingerprint ? s->fingerprint : "", .token = secret_token(r->pool, 16) };
  struct party *added = case_add_party(r->pool, vc, &p);
  return (size_t)(added - vc->party);
}

static enum status address_stakeholder(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to,
                                       struct fault *err)
{
  struct run *r = d->r;
  const struct conf_stakeholder *s = conf_stakeholder_by_name(r->g->conf, e->to_name);
  if (!s)
    return deny(d, e, err, pool_printf(r->pool, "no stakeholder %s in the configuration", e->to_name));
  const struct stakeholder_key *k = gate_stakeholder_key(r->g, s);
  if (s->key_file && !k->usable)
    return deny(d, e, err, pool_printf(r->pool, "the key of %s cannot be used: %s", s->name, k->problem));
  enum tlp tlp = command_case_tlp(vc);
  if (tlp > s->clearance)
    return deny(d, e, err, pool_printf(r->pool, "TLP:%s is above what %s may receive (TLP:%s)", tlp_name(tlp), s->name,
                                       tlp_name(s->clearance)));
  bool encrypt = k->usable;
  if (!encrypt && !(s->clear_allowed && tlp <= TLP_GREEN))
    return deny(d, e, err, pool_printf(r->pool, "%s has no key, and a notice in clear needs `clear_allowed` and TLP:GREEN or CLEAR", s->name));
  *to = (struct address){ .party = { vc, stakeholder_party(r, vc, s) }, .name = s->name, .address = s->address,
                          .fingerprint = encrypt ? s->fingerprint : "", .encrypt = encrypt, .language = s->language };
  return ST_OK;
}

/* What went out or would: a preview stands in the receipt as it would be read. */
static void show_letter(struct doing *d, const struct outgoing *o, const char *state)
{
  buf_printf(&d->answers, "%s----- %s -----\nTo:      %s <%s>, %s\nSubject: %s\n\n%s\n----- end -----\n", d->answers.len ? "\n" : "", state,
             o->to_name ? o->to_name : "", o->draft.to.address, o->encrypt ? "signed and encrypted" : "signed, IN CLEAR",
             o->draft.subject, mail_escape_quoted(d->r->pool, o->draft.text));
}

static const char *names_of(struct pool *pool, char **names)
{
  struct buf b = buf_new(pool, 64);
  for (size_t i = 0; names && names[i]; i++)
    buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
  return buf_str(&b);
}

/* ---- what waits: fixed by the hash of its contents and recipients ---- */
static char *envelope(struct pool *pool, const struct outgoing *o)
{
  const struct mail_draft *m = &o->draft;
  json_t *refs = json_array();
  for (size_t i = 0; m->references && m->references[i]; i++)
    json_array_append_new(refs, json_string(m->references[i]));
  json_t *j = json_pack("{s:s,s:s,s:s,s:I,s:b,s:o,s:s,s:s}", "subject", m->subject, "outer_subject", m->outer_subject, "in_reply_to",
                        m->in_reply_to ? m->in_reply_to : "", "date", (json_int_t)m->date, "encrypt", o->encrypt, "references", refs,
                        "text", m->text, "reply_to", m->reply_to ? m->reply_to : "");
  invariant(j);
  char *s = json_dumps(j, JSON_COMPACT);
  char *out = pool_strdup(pool, s);
  free(s);
  json_decref(j);
  return out;
}

static void pending_hash(const struct pending_release *p, unsigned char out[32])
{
  struct bytes part[2 * WAITING_MAX];
  size_t n = 0;
  for (size_t i = 0; i < p->letter_count && n + 2 <= ARRAY_LEN(part); i++) {
    part[n++] = bytes_str(p->letter[i].to);
    part[n++] = p->letter[i].content;
  }
  secret_digest_parts(out, NULL, part, n);
}

static enum status add_waiting(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct outgoing *o, struct fault *err)
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
    return deny(d, e, err, pool_printf(r->pool, "more than %d letters at once: notify in smaller groups", WAITING_MAX));
  p->letter[p->letter_count++] = (struct pending_letter){ .to = o->draft.to.address, .to_name = o->to_name, .kind = o->kind,
                                                          .message_id = o->draft.message_id, .party = 0,
                                                          .envelope_json = envelope(r->pool, o), .content = o->content };
  pending_hash(p, p->hash);
  return ST_OK;
}

static void keep_waiting(struct doing *d)
{
  struct run *r = d->r;
  struct work *w = &r->work;
  for (size_t i = 0; i < COMMAND_MAX; i++) {
    struct pending_release *p = d->waiting[i];
    if (!p)
      continue;
    w->pending = pool_grow(r->pool, w->pending, w->pending_count, &w->pending_cap, sizeof *w->pending);
    w->pending[w->pending_count++] = p;
    struct tvalue *v = tvalue_object(r->pool);
    tvalue_sets(r->pool, v, "token", p->token);
    tvalue_sets(r->pool, v, "what", p->what);
    tvalue_sets(r->pool, v, "gate", p->gate == 1 ? "one person, who may be you" : "a second person with the role lead");
    tvalue_sets(r->pool, v, "expires", time_local(r->pool, p->expires_at, r->g->conf->zone));
    tvalue_add(r->pool, d->pending, v);
  }
}

static enum status letter(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct vuln_case *vc = d->plan->vc[e->vc];
  struct address to;
  char **missing = NULL;
  struct outgoing *o;
  enum status st = e->to == TO_REPORTER ? address_reporter(d, e, vc, &to, err) : address_stakeholder(d, e, vc, &to, err);
  if (st)
    return st;
  bool notice = e->to == TO_STAKEHOLDER;
  struct letter_spec s = { .kind = notice ? "notice" : "reply", .template_name = e->template_name, .language = to.language, .vc = vc,
                           .party = to.party, .to_name = to.name, .to_address = to.address, .auto_submitted = "auto-generated",
                           .fingerprint = to.fingerprint, .key = to.key, .encrypt = to.encrypt,
                           .serial = pool_printf(r->pool, "%u-%zu", e->command, to.party.index), .attach_key = !to.encrypt };
  struct tvalue *vars = write_vars(r, vc, to.language);
  tvalue_sets(r->pool, vars, "text", e->text);
  st = write_letter(r, &s, vars, &o, &missing, err);
  if (st == ST_DENIED && missing && missing[0])
    return deny(d, e, err, pool_printf(r->pool, "%s: these facts are missing: %s. Nothing was sent.", e->template_name,
                                       names_of(r->pool, missing)));
  if (st)
    return st;
  bool preview = e->preview_only || d->mail->dry_run;
  if (preview || e->gate)
    show_letter(d, o, preview ? "preview: not sent" : "waits for release");
  if (preview)
    return ST_OK;
  if (e->gate)
    return add_waiting(d, e, vc, o, err);
  o->must = true;
  work_out(r, o);
  return ST_OK;
}

/* ---- #approve, #cancel ---- */
static enum status vc_of(struct doing *d, const char *id, struct vuln_case **vc, struct fault *err)
{
  for (size_t i = 0; i < d->plan->vc_count; i++)
    if (!strcmp(d->plan->vc[i]->id, id)) {
      *vc = d->plan->vc[i];
      d->plan->vc_changed[i] = true;
      return ST_OK;
    }
  enum status st = store_case_load(d->r->g->store, d->r->pool, id, vc, err);
  if (!st && d->plan->vc_count < ARRAY_LEN(d->plan->vc)) {
    d->plan->vc_changed[d->plan->vc_count] = true;
    d->plan->vc[d->plan->vc_count++] = *vc;
  }
  return st;
}

static const char *may_release(struct doing *d, const struct pending_release *p)
{
  unsigned char now[32];
  pending_hash(p, now);
  if (p->released || p->cancelled)
    return p->released ? "it was released already" : "it was cancelled";
  if (p->expires_at < clock_now(&d->r->g->clock))
    return "it has expired: give the command again";
  if (!secret_equal(now, p->hash, sizeof now))
    return "its content is not what was shown: give the command again";
  if (p->gate > 1 && text_ieq(p->by, d->a->name))
    return "it needs a second person: another lead analyst must approve it";
  if (p->gate > 1 && !d->a->lead)
    return "it needs a lead analyst";
  return NULL;
}

static const char *json_text(struct pool *pool, const json_t *j, const char *key)
{
  const char *s = json_string_value(json_object_get(j, key));
  return pool_strdup(pool, s ? s : "");
}

static void draft_from(struct run *r, const struct pending_letter *l, struct outgoing *o)
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
  json_decref(j);
}

/* The content is the one that was approved; the key is the recipient's of today. */
static enum status release_one(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct pending_letter *l,
                               struct fault *err)
{
  struct run *r = d->r;
  bool notice = !strcmp(l->kind, "notice");
  struct address to;
  struct effect as = *e;
  as.to_name = l->to_name;
  enum status st = notice ? address_stakeholder(d, &as, vc, &to, err) : address_reporter(d, &as, vc, &to, err);
  if (st)
    return st;
  struct outgoing *o = pool_new_of(r->pool, struct outgoing);
  *o = (struct outgoing){ .kind = pool_strdup(r->pool, l->kind), .vc = vc, .party = to.party, .to_name = to.name,
                          .fingerprint = to.fingerprint, .key = to.key, .must = true, .content = l->content };
  draft_from(r, l, o);
  if (!text_ieq(to.address, l->to))
    return deny(d, e, err, pool_printf(r->pool, "the address of %s has changed since: give the command again", l->to_name));
  if (o->encrypt && !to.encrypt)
    return deny(d, e, err, pool_printf(r->pool, "%s had a key when this was written and has none now", l->to_name));
  if (!o->encrypt && to.encrypt)
    return deny(d, e, err, pool_printf(r->pool, "a key of %s has become known since: give the command again, it goes out encrypted then",
                                       l->to_name));
  o->copy_subject = o->draft.subject;
  o->copy_text = o->draft.text;
  work_out(r, o);
  work_event(r, vc, notice ? "notice.sent" : "reply.sent", d->a->name, "To %s, released by %s, %s.",
             to.name && *to.name ? to.name : to.address, d->a->name, to.encrypt ? "encrypted" : "in clear");
  return ST_OK;
}

static enum status release(struct doing *d, const struct effect *e, struct fault *err)
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
    return deny(d, e, err, pool_printf(r->pool, "nothing waits under %s", e->args));
  const char *why = approve ? may_release(d, &p) : p.released ? "it was released already" : p.cancelled ? "it was cancelled before" : NULL;
  if (why)
    return deny(d, e, err, why);
  st = vc_of(d, p.case_id, &vc, err);
  if (!st && !d->mail->dry_run) {
    w->pending_end = pool_grow(r->pool, w->pending_end, w->pending_end_count, &w->pending_end_cap, sizeof *w->pending_end);
    w->pending_end[w->pending_end_count].token = e->args;
    w->pending_end[w->pending_end_count].by = d->a->name;
    w->pending_end[w->pending_end_count++].released = approve;
    work_event(r, vc, approve ? "release.approved" : "release.cancelled", d->a->name, "#%s asked for by %s.", p.what, p.by);
  }
  for (size_t i = 0; !st && approve && !d->mail->dry_run && i < p.letter_count; i++)
    st = release_one(d, e, vc, &p.letter[i], err);
  if (!st && approve && !d->mail->dry_run && !strcmp(p.what, "reply")) {
    vc->last_contact_at = clock_now(&r->g->clock);
    if (!vc->first_answer_at)
      vc->first_answer_at = vc->last_contact_at;
  }
  return st;
}

/* ---- keys ---- */
static enum status key_import(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct work *w = &r->work;
  struct vuln_case *vc = e->vc >= 0 ? d->plan->vc[e->vc] : NULL;
  struct party *p = vc ? case_reporter(vc) : NULL;
  size_t taken = 0;
  for (size_t i = 0; i < r->rd.cert_count; i++) {
    const struct pgp_cert *c = &r->rd.cert[i];
    if (r->rd.cert_autocrypt[i] || conf_analyst_by_fpr(r->g->conf, c->fpr))
      continue;
    if (!pgp_cert_usable(c, clock_now(&r->g->clock)))
      return deny(d, e, err, pool_printf(r->pool, "the attached key %s cannot be used: expired, revoked or without encryption", c->fpr));
    const char *address = p && pgp_cert_has_address(c, p->address) ? p->address : c->uid_count ? c->address[0] : "";
    if (text_empty(address))
      return deny(d, e, err, pool_printf(r->pool, "the attached key %s names no address", c->fpr));
    w->key = pool_grow(r->pool, w->key, w->key_count, &w->key_cap, sizeof *w->key);
    w->key[w->key_count++].key = (struct stored_key){ .address = address, .fingerprint = c->fpr, .tier = TIER_PINNED,
                                                      .seen_at = clock_now(&r->g->clock), .expires = c->expires, .key = c->key,
                                                      .provenance = pool_printf(r->pool, "imported by %s", d->a->name) };
    taken++;
    if (p && text_ieq(address, p->address))
      p->fingerprint = c->fpr;
  }
  return taken ? ST_OK : deny(d, e, err, "no key is attached: attach the key file (.asc) to the mail that holds #key import");
}

static enum status key_change(struct doing *d, const struct effect *e, bool accept, struct fault *err)
{
  struct run *r = d->r;
  struct work *w = &r->work;
  struct stored_key k;
  bool found = false;
  const char *fpr = pgp_fpr_normal(r->pool, e->args);
  enum status st = store_key_by_fpr(r->g->store, r->pool, fpr, &k, &found, err);
  if (st)
    return st;
  if (!found)
    return deny(d, e, err, pool_printf(r->pool, "no stored key has the fingerprint %s: #key list shows them", e->args));
  const char *address = text_empty(e->text) ? k.address : e->text;
  w->key_op = pool_grow(r->pool, w->key_op, w->key_op_count, &w->key_op_cap, sizeof *w->key_op);
  w->key_op[w->key_op_count].accept = accept;
  w->key_op[w->key_op_count].fingerprint = fpr;
  w->key_op[w->key_op_count++].address = address;
  return ST_OK;
}

static enum status key(struct doing *d, const struct effect *e, struct fault *err)
{
  if (!strcmp(e->what, "import"))
    return key_import(d, e, err);
  return key_change(d, e, !strcmp(e->what, "accept"), err);
}

/* ---- the rest ---- */
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

static enum status answer(struct doing *d, const struct effect *e, struct fault *err)
{
  char *text = NULL;
  enum status st = answer_text(d->r->g, d->r->pool, e, e->vc >= 0 ? d->plan->vc[e->vc] : NULL, &text, err);
  if (st == ST_REJECT || st == ST_DENIED)
    return deny(d, e, err, pool_strdup(d->r->pool, err->text));
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
    return letter(d, e, err);
  case EFFECT_ANSWER:
    return answer(d, e, err);
  case EFFECT_APPROVE:
  case EFFECT_CANCEL:
    return release(d, e, err);
  case EFFECT_KEY:
    return dry ? ST_OK : key(d, e, err);
  case EFFECT_EVENT:
    if (!dry && e->vc >= 0)
      work_event(d->r, d->plan->vc[e->vc], e->what, d->a->name, "%s", e->text);
    return ST_OK;
  case EFFECT_NOTE:
    return dry ? ST_OK : note(d, e);
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
  for (size_t i = 0; !st && i < plan->effect_count; i++)
    st = carry_out(d, &plan->effect[i], err);
  if (!st)
    keep_waiting(d);
  tvalue_set(r->pool, vars, "pending", d->pending);
  tvalue_sets(r->pool, vars, "answers", buf_str(&d->answers));
  return st;
}
