/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/publish: #publish, #revise and #withdraw up to the schedule: the preview, what waits for its approval, the approval, and its end.
 * The documents wait as they were shown; approved is that very content, and only as long as the case still says it. */
#include "gate_publish.h"

#include <embargod/embargo.h>

#include <jansson.h>

#define PLAN "plan" /* beside the documents, so that the hash holds it too: what, why, when */

static const char *instant(struct run *r, int64_t t)
{
  return time_both(r->pool, t, r->g->conf->zone);
}

bool publish_is(const char *what)
{
  return !strcmp(what, "publish") || !strcmp(what, "revise") || !strcmp(what, "withdraw");
}

/* ---- what waits ---- */
static struct bytes plan_json(struct pool *pool, const struct publish_wish *w, bool scheduled)
{
  json_t *j = json_pack("{s:s,s:s,s:I,s:b}", "what", w->what, "summary", w->summary, "at", (json_int_t)w->at, "scheduled", scheduled);
  invariant(j);
  char *s = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
  struct bytes out = bytes_str(pool_strdup(pool, s));
  free(s);
  json_decref(j);
  return out;
}

static struct publish_wish plan_of(struct pool *pool, const struct pending_release *p, bool *scheduled)
{
  struct bytes plan = p->letter_count ? p->letter[0].content : (struct bytes){ 0 };
  json_t *j = json_loadb(plan.p, plan.len, 0, NULL);
  const char *summary = json_string_value(json_object_get(j, "summary"));
  struct publish_wish w = { .what = p->what, .summary = pool_strdup(pool, summary ? summary : ""),
                            .at = json_integer_value(json_object_get(j, "at")) };
  *scheduled = json_is_true(json_object_get(j, "scheduled"));
  json_decref(j);
  return w;
}

static void keep(struct pending_release *p, const char *name, const char *title, struct bytes body)
{
  p->letter[p->letter_count++] = (struct pending_letter){ .to = name, .to_name = title, .kind = "document", .message_id = "",
                                                          .envelope_json = "{}", .content = body };
}

static struct pending_release *waiting(struct doing *d, const struct effect *e, const struct publish_wish *w,
                                       const struct publish_documents *docs)
{
  struct run *r = d->r;
  int64_t now = clock_now(&r->g->clock);
  struct pending_release *p = pool_new_of(r->pool, struct pending_release);
  *p = (struct pending_release){ .token = secret_token(r->pool, 16), .case_id = docs->a->id, .by = d->a->name, .what = w->what, .made_at = now,
                                 .gate = e->gate, .expires_at = now + (int64_t)r->g->conf->pending_expires_h * 3600,
                                 .letter = pool_array(r->pool, 1 + PUBLISH_FILES, sizeof *p->letter) };
  keep(p, PLAN, "", plan_json(r->pool, w, e->at != 0));
  for (size_t i = 0; i < docs->count; i++)
    keep(p, docs->file[i].name, docs->a->id, docs->file[i].body);
  release_hash(p, p->hash);
  return p;
}

/* ---- the mail with the documents, to who asked ---- */
static enum status show(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct publish_wish *w,
                        const struct publish_documents *docs, const char *token, struct fault *err)
{
  struct run *r = d->r;
  struct tvalue *vars = write_vars(r, vc, d->a->language);
  struct mail_attachment *a;
  struct outgoing *o;
  struct publication p = { .case_id = vc->id, .version = docs->version, .what = w->what, .summary = w->summary, .planned_at = w->at,
                           .first_at = docs->first_at, .token = token };
  publish_vars(r->g, r->pool, vars, &p, docs->a);
  template_put(r->pool, vars, "publication.wishes", publish_lines(r->pool, docs->wishes));
  template_put(r->pool, vars, "publication.told", publish_lines(r->pool, publish_told_words(r, vc)));
  struct tvalue *v = (struct tvalue *)tvalue_get(vars, "publication");
  tvalue_setb(r->pool, v, "preview", !*token);
  tvalue_setb(r->pool, v, "at_once", !e->at);
  tvalue_setb(r->pool, v, "second", e->gate > 1);
  struct letter_spec s = { .kind = "publication", .template_name = "internal/publication", .vc = vc, .auto_submitted = "auto-replied",
                           .serial = pool_printf(r->pool, "publication-%u", e->command) };
  s.attachment_count = publish_attachments(r->pool, vc->id, docs->a, docs->file, docs->count, docs->first_at, &a);
  s.attachment = a;
  enum status st = write_to_analyst(r, d->a, &s, vars, &o, err);
  if (st)
    return st;
  o->must = true;
  work_out(r, o);
  return ST_OK;
}

/* ---- the schedule ---- */
static void schedule(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct publish_documents *docs,
                     struct publication *p)
{
  struct run *r = d->r;
  struct command_result *res = &d->plan->result[e->command];
  p->case_id = vc->id;
  p->version = docs->version;
  p->first_at = docs->first_at;
  p->approved_at = clock_now(&r->g->clock);
  p->file = pool_array(r->pool, docs->count + 1, sizeof *p->file);
  memcpy(p->file, docs->file, docs->count * sizeof *p->file);
  p->file_count = docs->count;
  struct publication_op op = { .what = PUBLICATION_OP_PUT, .p = p };
  work_publication(r, &op);
  work_event(r, vc, "publication.approved", d->a->name, "#%s: version %u is to be published at %s, asked for by %s%s%s.", p->what, p->version,
             time_iso(r->pool, p->planned_at), p->by, text_empty(p->released_by) ? "" : ", approved by ", p->released_by);
  bool later = p->planned_at > p->approved_at;
  res->reason = pool_printf(r->pool, "%s; version %u of the advisory%s %s%s%s", res->reason, p->version,
                            strcmp(p->what, "withdraw") ? "" : ", which marks it as withdrawn,", later ? "is published at " : "goes out now", later ? instant(r, p->planned_at) : "",
                            later ? pool_printf(r->pool, "; until then #cancel %s stops it", p->token) : "");
}

/* The same mail has dropped it. */
static bool dropped(const struct doing *d, const struct effect *e, const char *token)
{
  for (size_t i = 0; i < d->plan->effect_count; i++) {
    const struct effect *x = &d->plan->effect[i];
    if (x->kind == EFFECT_CANCEL && x->command < e->command && !strcmp(x->args, token))
      return true;
  }
  return false;
}

/* Does one wait already, for its approval or its instant? */
static enum status one_waits(struct doing *d, const struct effect *e, const struct vuln_case *vc, const char *but, struct fault *err)
{
  struct run *r = d->r;
  struct publication *p = NULL;
  struct pending_release *w = NULL;
  size_t n = 0, waits = 0;
  const char *token = NULL;
  enum status st = store_publication_list(r->g->store, r->pool, vc->id, &p, &n, err);
  if (!st)
    st = store_pending_list(r->g->store, r->pool, vc->id, &w, &waits, err);
  if (st == ST_REJECT) { /* #new: the case is not saved yet */
    fault_clear(err);
    return ST_OK;
  }
  for (size_t i = 0; !st && i < n; i++)
    if ((p[i].state == PUBLICATION_APPROVED || p[i].state == PUBLICATION_SIGNED) && !dropped(d, e, p[i].token))
      token = p[i].token;
  for (size_t i = 0; !st && i < waits; i++)
    if (publish_is(w[i].what) && (!but || strcmp(w[i].token, but) != 0) && w[i].expires_at > clock_now(&r->g->clock) &&
        !dropped(d, e, w[i].token))
      token = w[i].token;
  return token && !st ? effect_deny(d, e, err, pool_printf(r->pool, "one waits already: #cancel %s comes first", token)) : st;
}

/* The documents, or why there are none. */
static enum status documents(struct doing *d, const struct effect *e, const struct vuln_case *vc, const struct publish_wish *w,
                             struct publish_documents *docs, struct fault *err)
{
  enum status st = publish_documents(d->r->g, d->r->pool, vc, w, docs, err);
  if (st == ST_DENIED)
    return effect_deny(d, e, err, pool_strdup(d->r->pool, err->text));
  if (!st && *docs->lacks)
    return effect_deny(d, e, err, pool_printf(d->r->pool, "the advisory lacks what it cannot do without; say first:\n%s", docs->lacks));
  return st;
}

enum status effect_publish(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct vuln_case *vc = d->plan->vc[e->vc];
  bool preview = e->preview_only || d->mail->dry_run;
  struct publish_wish w = { e->what, e->text, e->at ? e->at : clock_now(&r->g->clock) };
  struct publish_documents docs;
  enum status st = documents(d, e, vc, &w, &docs, err);
  if (st || preview)
    return st ? st : show(d, e, vc, &w, &docs, "", err);
  st = one_waits(d, e, vc, NULL, err);
  if (st)
    return st;
  struct pending_release *p = waiting(d, e, &w, &docs);
  if (e->gate) {
    d->waiting[e->command] = p;
    return show(d, e, vc, &w, &docs, p->token, err);
  }
  p->released = true;
  work_pending(r, p);
  struct publication *now = pool_new_of(r->pool, struct publication);
  *now = (struct publication){ .what = w.what, .token = p->token, .by = d->a->name, .released_by = "", .summary = w.summary, .planned_at = w.at };
  schedule(d, e, vc, &docs, now);
  return ST_OK;
}

/* ---- #approve ---- */
static bool same(const struct pending_release *p, const struct publish_documents *docs)
{
  if (p->letter_count != docs->count + 1)
    return false;
  for (size_t i = 0; i < docs->count; i++)
    if (strcmp(p->letter[i + 1].to, docs->file[i].name) || !bytes_eq(p->letter[i + 1].content, docs->file[i].body))
      return false;
  return true;
}

static enum status embargo_allows(struct doing *d, const struct effect *e, const struct vuln_case *vc, int64_t at, struct fault *err)
{
  bool holds = (vc->em == EM_ACTIVE || vc->em == EM_REVISE) && vc->embargo_until > at;
  return holds ? effect_deny(d, e, err, pool_printf(d->r->pool, "the embargo holds until %s", instant(d->r, vc->embargo_until))) : ST_OK;
}

enum status publish_approve(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct pending_release *p,
                            struct fault *err)
{
  struct run *r = d->r;
  int64_t now = clock_now(&r->g->clock);
  bool scheduled;
  struct publish_wish w = plan_of(r->pool, p, &scheduled);
  struct publish_documents docs;
  enum status st = documents(d, e, vc, &w, &docs, err);
  if (!st && !same(p, &docs))
    st = effect_deny(d, e, err,
                     pool_printf(r->pool, "the case has changed since, and the documents with it: what was shown is not what would be "
                                          "published. #cancel %s and give #%s again", p->token, p->what));
  if (!st)
    st = one_waits(d, e, vc, p->token, err);
  if (st)
    return st;
  w.at = scheduled && w.at > now ? w.at : now;
  st = embargo_allows(d, e, vc, w.at, err);
  if (!st)
    st = documents(d, e, vc, &w, &docs, err);
  if (st)
    return st;
  struct publication *out = pool_new_of(r->pool, struct publication);
  *out = (struct publication){ .what = w.what, .token = p->token, .by = p->by, .released_by = d->a->name, .summary = w.summary,
                               .planned_at = w.at };
  schedule(d, e, vc, &docs, out);
  return ST_OK;
}

/* ---- #cancel ---- */
enum status publish_cancel(struct doing *d, const struct effect *e, struct vuln_case *vc, bool *done, struct fault *err)
{
  struct run *r = d->r;
  struct publication *p = NULL;
  size_t n = 0;
  *done = false;
  enum status st = store_publication_list(r->g->store, r->pool, vc->id, &p, &n, err);
  for (size_t i = 0; !st && i < n && !*done; i++) {
    bool waits = p[i].state == PUBLICATION_APPROVED || p[i].state == PUBLICATION_SIGNED;
    if (!waits || strcmp(p[i].token, e->args) != 0)
      continue;
    *done = true;
    if (d->mail->dry_run)
      break;
    struct publication_op op = { .what = PUBLICATION_OP_CANCEL, .id = p[i].id, .text = d->a->name };
    work_publication(r, &op);
    work_event(r, vc, "publication.cancelled", d->a->name, "#%s of %s, version %u, was to be published at %s.", p[i].what, p[i].by,
               p[i].version, time_iso(r->pool, p[i].planned_at));
  }
  return st;
}

/* ---- for the mail to those who may release it ---- */
size_t publish_pending_attachments(struct run *r, const struct pending_release *p, struct mail_attachment **out)
{
  struct publication_file *file = pool_array(r->pool, p->letter_count + 1, sizeof *file);
  bool scheduled;
  struct publish_wish w = plan_of(r->pool, p, &scheduled);
  for (size_t i = 0; i < p->letter_count; i++)
    file[i] = (struct publication_file){ p->letter[i].to, p->letter[i].content };
  return publish_attachments(r->pool, p->case_id, NULL, file, p->letter_count, w.at, out);
}

const char *publish_pending_text(struct run *r, const struct pending_release *p)
{
  bool scheduled;
  struct publish_wish w = plan_of(r->pool, p, &scheduled);
  const char *text = "";
  for (size_t i = 0; i < p->letter_count; i++)
    if (!strcmp(p->letter[i].to, "text"))
      text = pool_str(r->pool, p->letter[i].content);
  return pool_printf(r->pool, "#%s, %s%s%s\nPage, text, CSAF and CVE record are attached as they would be published%s.\n\n%s", p->what,
                     scheduled ? pool_printf(r->pool, "at %s", instant(r, w.at)) : "at once when approved", *w.summary ? ": " : "",
                     w.summary, scheduled ? "" : ", but for the date", text);
}
