/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: an analyst's signed mail. Here: is it fresh, new, and about which case; then command_run() decides,
 * gate_effects.c carries out, and a receipt goes back to the registered address. */
#include "gate_order.h"

/* ---- is it to be taken at all? ---- */
static const char *form_problem(const struct run *r)
{
  const struct reading *rd = &r->rd;
  const struct layer *l = &rd->layer[rd->main];
  if (l->how == MAIL_PGP_INLINE_CLEARSIGNED)
    return "It is clear-signed inline: what stands outside the block cannot be told from what you signed. Send it as "
           "PGP/MIME.";
  if (l->how == MAIL_PGP_INLINE_ENCRYPTED && !l->whole_text)
    return "Its OpenPGP block is only part of the text. Send it as PGP/MIME, or let the block be the whole text.";
  return NULL;
}

static const char *time_problem(const struct run *r)
{
  const struct conf *c = r->g->conf;
  int64_t made = r->rd.signature->sig[0].made, at = r->in.recorded_at;
  if (made < at - c->command_window_s)
    return pool_printf(
        r->pool,
        "Its signature was made at %s; signatures older than %d hours are not taken. Sign it again and send it.",
        time_iso(r->pool, made), c->command_window_s / 3600);
  if (made > at + c->command_ahead_s)
    return pool_printf(r->pool,
                       "Its signature says %s, which is in the future. Set your clock right, sign and send it again.",
                       time_iso(r->pool, made));
  return NULL;
}

static enum status replay_problem(struct run *r, const char **why, struct fault *err)
{
  const struct pgp_signature *s = &r->rd.signature->sig[0];
  struct replay_key k = { .fingerprint = s->primary, .made = s->made };
  bool seen = false;
  sha256_digest(k.sha256, r->rd.signed_bytes);
  enum status st = store_replay_seen(r->g->store, &k, &seen, err);
  if (st)
    return st;
  if (seen)
    *why =
        "This very signed text was handled before; nothing is done twice. To repeat a command, write and sign it anew.";
  r->work.replay = k;
  r->work.has_replay = !seen;
  return ST_OK;
}

/* ---- which case: only signed content binds ---- */
/* The id that it leads to: that of the case that it was merged into, where it was; NULL: there is none. */
static enum status live_id(struct run *r, const char *id, const char **live, struct fault *err)
{
  struct vuln_case *vc;
  enum status st = store_case_live(r->g->store, r->pool, id, &vc, err);
  *live = st == ST_OK ? vc->id : NULL;
  if (st == ST_REJECT) {
    fault_clear(err);
    st = ST_OK;
  }
  return st;
}

static enum status signed_subject_case(struct order *o, const char **id, struct fault *err)
{
  struct run *r = o->r;
  const char **ids = NULL;
  *id = NULL;
  if (!r->rd.prot.present || text_empty(r->rd.prot.subject))
    return ST_OK;
  size_t n = case_ids_in(r->pool, r->g->conf->case_prefix, r->rd.prot.subject, &ids);
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < n && i < 4 && !*id; i++)
    st = live_id(r, ids[i], id, err);
  return st;
}

/* Our own Ref lines, quoted or not, with a tag that only we can make for this recipient. */
static enum status signed_refs(struct order *o, const char **out, size_t max, size_t *count, struct fault *err)
{
  struct run *r = o->r;
  struct command_ref *ref = NULL;
  size_t n = command_refs_in(r->pool, r->g->conf->case_prefix, r->rd.text, &ref);
  enum status st = ST_OK;
  *count = 0;
  for (size_t i = 0; !st && i < n; i++) {
    const char *tag = write_tag(r->g, r->pool, ref[i].case_id, o->a->address), *id = NULL;
    bool there = false;
    if (!text_ieq(tag, ref[i].tag))
      continue;
    st = live_id(r, ref[i].case_id, &id, err);
    for (size_t k = 0; id && k < *count; k++)
      there |= !strcmp(out[k], id);
    if (id && !there && *count < max)
      out[(*count)++] = id;
  }
  return st;
}

static bool starts_with_case(const struct order *o)
{
  return o->mail.count && !strcmp(o->mail.command[0].name, "case");
}

static enum status bind(struct order *o, const char **id, struct fault *err)
{
  struct run *r = o->r;
  const char *subject, *refs[4];
  *id = NULL;
  enum status st = signed_subject_case(o, &subject, err);
  if (st)
    return st;
  size_t n;
  if ((st = signed_refs(o, refs, ARRAY_LEN(refs), &n, err)))
    return st;
  if (starts_with_case(o))
    return ST_OK; /* #case outranks both */
  if (n > 1 && !subject) {
    o->refuse = pool_printf(r->pool, "It quotes our mails of several cases (%s, %s). Start it with #case ID.", refs[0],
                            refs[1]);
    return ST_OK;
  }
  if (subject && n == 1 && strcmp(subject, refs[0])) {
    o->refuse = pool_printf(r->pool, "Its subject names %s, but it quotes a mail of %s. Start it with #case ID.",
                            subject, refs[0]);
    return ST_OK;
  }
  *id = subject ? subject : n ? refs[0] : NULL;
  return ST_OK;
}

/* ---- loading what it is about; false in *ready: another letter holds one of them ---- */
static enum status add_case(struct order *o, const char *id, bool *ready, struct fault *err);

/* The other one first, and the name leads to it at once. */
static enum status add_merged(struct order *o, struct vuln_case *vc, bool *ready, struct fault *err)
{
  const char *live = NULL;
  enum status st = live_id(o->r, vc->merged_into, &live, err);
  if (!st && live)
    st = add_case(o, live, ready, err);
  if (!st && live && *ready && o->vc_count < CASES_MAX) {
    vc->merged_into = live;
    o->vc[o->vc_count++] = vc;
  }
  return st;
}

static enum status add_case(struct order *o, const char *id, bool *ready, struct fault *err)
{
  struct run *r = o->r;
  for (size_t i = 0; i < o->vc_count; i++)
    if (text_ieq(o->vc[i]->id, id))
      return ST_OK;
  if (o->vc_count == CASES_MAX)
    return ST_OK;
  if (!run_claim(r, id)) {
    *ready = false;
    return ST_OK;
  }
  struct vuln_case *vc = NULL;
  enum status st = store_case_load(r->g->store, r->pool, id, &vc, err);
  if (st == ST_REJECT) { /* command_run() says that there is no such case */
    fault_clear(err);
    return ST_OK;
  }
  if (!st && !text_empty(vc->merged_into))
    return add_merged(o, vc, ready, err);
  if (!st)
    o->vc[o->vc_count++] = vc;
  return st;
}

static enum status add_pending_cases(struct order *o, bool *ready, struct fault *err)
{
  struct run *r = o->r;
  enum status st = ST_OK;
  for (size_t i = 0; !st && *ready && i < o->mail.count; i++) { /* who waits holds nothing: two would wait for each other */
    const struct command *c = &o->mail.command[i];
    struct pending_release p;
    bool found = false;
    if (strcmp(c->name, "approve") && strcmp(c->name, "cancel"))
      continue;
    const char *live = NULL;
    const char *token = command_release_token(r->pool, c->args);
    st = token ? store_pending_get(r->g->store, r->pool, token, &p, &found, err) : ST_OK;
    if (!st && found && *p.case_id)
      st = live_id(r, p.case_id, &live, err);
    if (live && !run_claim(r, live))
      *ready = false;
  }
  return st;
}

static enum status load_cases(struct order *o, bool *ready, struct fault *err)
{
  const char *bound = NULL, **named = NULL;
  *ready = true;
  enum status st = bind(o, &bound, err);
  if (!st && bound)
    st = add_case(o, bound, ready, err);
  o->bound = bound && o->vc_count == 1;
  size_t n = command_cases_named(o->r->pool, &o->mail, &named);
  for (size_t i = 0; !st && *ready && i < n; i++)
    st = add_case(o, named[i], ready, err);
  if (!st && *ready)
    st = add_pending_cases(o, ready, err);
  return st;
}

/* ---- a signed letter without commands is a note ---- */
static enum status take_note(struct order *o, struct fault *err)
{
  struct run *r = o->r;
  if (!o->bound)
    return order_refuse(
        o,
        "It holds no command, and it does not say which case it is about. Reply to one of our mails, or start it with "
        "#case ID.",
        err);
  if (text_empty(o->mail.note))
    return order_refuse(o, "It holds neither a command nor a text. Send #help for the commands.", err);
  if (o->a->observer)
    return order_refuse(o, "You are registered as an observer: you may read (#list, #show, #history), not write.", err);
  struct vuln_case *vc = o->vc[0];
  work_case(r, vc);
  work_event(r, vc, "note.added", o->a->name, "Note.");
  struct case_message m = { .at = r->in.recorded_at,
                            .kind = MESSAGE_NOTE,
                            .who = o->a->name,
                            .subject = r->rd.subject,
                            .text = o->mail.note,
                            .message_id = r->rd.view.message_id,
                            .protection = "signed" };
  work_message(r, vc, (struct party_ref){ 0 }, &m);
  tvalue_setb(r->pool, o->vars, "note_saved", true);
  work_end(r, LETTER_APPLIED, CLASS_COMMAND, vc->id, "");
  enum status st = order_receipt(o, NULL, vc, err);
  return st ? st : order_copies(o, vc, NULL, err);
}

/* ---- commands ---- */
static bool template_known(void *self, const char *name)
{
  return template_set_has(((struct run *)self)->g->templates, name);
}

static const char *key_of(void *self, const char *address)
{
  struct run *r = self;
  struct stored_key k;
  bool found = false;
  struct fault err = { 0 };
  if (store_key_get(r->g->store, r->pool, address, &k, &found, &err) || !found || !k.key.len)
    return NULL;
  return !k.expires || k.expires > clock_now(&r->g->clock) ? k.fingerprint : NULL;
}

static const char *case_of_cve(void *self, const char *cve)
{
  struct run *r = self;
  char *id = NULL;
  struct fault err = { 0 };
  return !store_case_by_field(r->g->store, r->pool, "cve", cve, &id, &err) && *id ? id : NULL;
}

/* The sender's own key, and another analyst's, are none to import. */
static size_t attached_keys(struct run *r, const struct command_key **out)
{
  struct command_key *key = pool_array(r->pool, r->rd.cert_count + 1, sizeof *key);
  size_t n = 0;
  for (size_t i = 0; i < r->rd.cert_count; i++) {
    const struct pgp_cert *c = &r->rd.cert[i];
    if (r->rd.cert_autocrypt[i] || (r->wkd && i >= r->rd.wkd_first) || conf_analyst_by_fpr(r->g->conf, c->fpr))
      continue;
    bool usable = pgp_cert_usable(c, clock_now(&r->g->clock)) && c->key.len;
    key[n++] = (struct command_key){ .fingerprint = c->fpr,
                                     .address = (const char *const *)c->address,
                                     .address_count = c->uid_count,
                                     .problem = usable ? NULL : "it has expired, is revoked, or cannot encrypt" };
  }
  *out = key;
  return n;
}

static enum status world(struct order *o, struct command_world *w, struct fault *err)
{
  struct run *r = o->r;
  *w = (struct command_world){ .conf = r->g->conf,
                               .analyst = o->a,
                               .cases = o->vc,
                               .case_count = o->vc_count,
                               .bound = o->bound,
                               .now = clock_now(&r->g->clock),
                               .encrypted = r->rd.encrypted,
                               .token = secret_token(r->pool, 16),
                               .template_known = template_known,
                               .key_of = key_of,
                               .case_of_cve = case_of_cve,
                               .letter = structure_letter,
                               .forms = template_names(r->pool, r->g->templates, "filings/"),
                               .replies = template_names(r->pool, r->g->templates, "reply/"),
                               .notices = template_names(r->pool, r->g->templates, "notices/"),
                               .answers = template_answer_names(r->pool, r->g->templates),
                               .self = r,
                               .next_id = "" };
  w->attached_count = attached_keys(r, &w->attached);
  for (size_t i = 0; i < o->mail.count; i++)
    if (!strcmp(o->mail.command[i].name, "new") || !strcmp(o->mail.command[i].name, "split")) {
      enum status st = report_new_id(r, &w->next_id, err);
      if (!st && !run_claim(r, w->next_id))
        st = fault(err, ST_BROKEN, "case id %s given out twice", w->next_id);
      return st;
    }
  return ST_OK;
}

static void keep_command_mail(struct order *o, struct vuln_case *vc)
{
  struct run *r = o->r;
  struct case_message m = { .at = r->in.recorded_at,
                            .kind = MESSAGE_NOTE,
                            .who = o->a->name,
                            .subject = "",
                            .text = "",
                            .message_id = r->rd.view.message_id,
                            .protection = "signed" };
  work_message(r, vc, (struct party_ref){ 0 }, &m);
}

static void tokens_for(struct run *r, struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (text_empty(vc->party[i].token))
      vc->party[i].token = secret_token(r->pool, 16);
}

static struct vuln_case *in_plan(const struct plan *plan, const char *id, bool changed)
{
  for (size_t i = 0; id && i < plan->vc_count; i++)
    if (!strcmp(plan->vc[i]->id, id) && (plan->vc_changed[i] || !changed))
      return plan->vc[i];
  return NULL;
}

/* The case that the mail is about: the first; where this mail merges it, the other one. */
static struct vuln_case *about_of(const struct order *o, const struct plan *plan)
{
  struct vuln_case *vc = plan->failed || !plan->vc_count ? (o->vc_count ? o->vc[0] : NULL) : plan->vc[0];
  while (vc && !plan->failed && !text_empty(vc->merged_into) && in_plan(plan, vc->merged_into, false))
    vc = in_plan(plan, vc->merged_into, false);
  return vc;
}

/* Some command's letter cannot be written: none is applied. */
static enum status only_answers(struct order *o, const struct command_world *w, struct plan *plan, struct fault *err)
{
  struct run *r = o->r;
  struct replay_key k = r->work.replay;
  work_reset(r);
  r->work.replay = k;
  r->work.has_replay = true;
  fault_clear(err);
  command_keep_answers(r->pool, w, &o->mail, plan);
  return effects_carry_out(r, o->a, plan, &o->mail, o->vars, err);
}

static enum status apply(struct order *o, const struct command_world *w, struct plan *plan, struct fault *err)
{
  struct run *r = o->r;
  enum status st = effects_carry_out(r, o->a, plan, &o->mail, o->vars, err);
  if (st == ST_DENIED)
    st = only_answers(o, w, plan, err);
  if (st)
    return st;
  if (plan->failed || o->mail.dry_run)
    return ST_OK;
  for (size_t i = 0; !st && i < plan->vc_count; i++) {
    if (!plan->vc_changed[i])
      continue;
    tokens_for(r, plan->vc[i]);
    work_case(r, plan->vc[i]);
    keep_command_mail(o, plan->vc[i]);
    if (text_empty(plan->vc[i]->merged_into)) /* else its people are those of the other one */
      st = order_copies(o, plan->vc[i], plan, err);
  }
  return st;
}

static enum status run_commands(struct order *o, struct fault *err)
{
  struct run *r = o->r;
  struct command_world w;
  struct plan *plan = pool_new_of(r->pool, struct plan);
  enum status st = world(o, &w, err);
  if (st)
    return st;
  command_run(r->pool, &w, &o->mail, plan);
  if ((st = apply(o, &w, plan, err)))
    return st;
  if (plan->failed || o->mail.dry_run || !in_plan(plan, r->new_id, true))
    report_return_id(r);
  struct vuln_case *about = about_of(o, plan);
  work_end(r, LETTER_APPLIED, CLASS_COMMAND, about && !plan->failed && !o->mail.dry_run ? about->id : "",
           plan->failed ? "refused, with a receipt" : "");
  if (plan->failed && about && o->vc_count == 0)
    about = NULL;
  return order_receipt(o, plan, about, err);
}

enum status command_decide(struct run *r, const struct conf_analyst *a, struct fault *err)
{
  struct order *o = pool_new_of(r->pool, struct order);
  *o = (struct order){ .r = r, .a = a, .vars = write_vars(r, NULL, a->language) };
  const struct part_table *t = &r->rd.layer[r->rd.main].table;
  const struct part *text = r->rd.text_part >= 0 ? &t->part[r->rd.text_part] : NULL;
  order_warnings(o);
  const char *why = form_problem(r);
  if (!why)
    why = time_problem(r);
  enum status st = replay_problem(r, &why, err);
  if (st)
    return st;
  if (r->refuse)
    why = r->refuse;
  if (why)
    return order_refuse(o, why, err);
  bool plain = text && text_ieq(text->type, "text/plain");
  struct command_source src = { .text = plain ? r->rd.text : "",
                                .format = text ? text->format : "",
                                .delsp = text ? text->delsp : "",
                                .cut_marker = mail_cut_marker };
  command_parse(r->pool, &src, &o->mail);
  if (o->mail.refuse)
    return order_refuse(o, o->mail.refuse, err);
  bool ready;
  st = load_cases(o, &ready, err);
  if (st || !ready)
    return st;
  if (o->refuse)
    return order_refuse(o, o->refuse, err);
  if (o->vc_count)
    o->vars = write_vars(r, o->vc[0], a->language);
  return o->mail.count ? run_commands(o, err) : take_note(o, err);
}

/* Claims an analyst's address, but no good signature of theirs: for the analysts' eyes. The registered address is told,
 * once in a while and without content, in case it was only a forgotten switch. */
enum status unsigned_analyst_decide(struct run *r, const struct conf_analyst *a, struct fault *err)
{
  const char *what = r->rd.signature ? pgp_verdict_name(r->rd.verdict)
                     : r->rd.trouble ? pgp_outcome_text(r->rd.trouble)
                                     : "not signed";
  enum status st = decide_quarantine(
      r,
      pool_printf(r->pool, "it claims to come from the analyst %s, but is no mail signed by their key (%s)", a->name,
                  what),
      "If it was you, send it again with your signature. If it was not, discard it.", err);
  if (st || r->rd.automatic)
    return st;
  unsigned to_sender = 0, in_all = 0;
  int64_t now = clock_now(&r->g->clock);
  int hours = r->g->conf->ack_per_sender_h ? r->g->conf->ack_per_sender_h : 24;
  st = store_ack_count(r->g->store, a->address, now - (int64_t)hours * 3600, &to_sender, &in_all, now - 3600, err);
  if (!st)
    work_acks_in_hand(r, a->address, &to_sender, &in_all);
  if (st || to_sender)
    return st;
  struct letter_spec s = { .kind = "alarm",
                           .template_name = "internal/unsigned-analyst",
                           .auto_submitted = "auto-replied",
                           .serial = "unsigned" };
  struct tvalue *vars = write_vars(r, NULL, a->language);
  struct outgoing *o;
  tvalue_sets(r->pool, vars, "reason", what);
  tvalue_sets(r->pool, vars, "received", time_iso(r->pool, r->in.recorded_at));
  st = write_to_analyst(r, a, &s, vars, &o, err);
  if (st)
    return st;
  o->droppable = true;
  work_out(r, o);
  r->work.ack_address = a->address;
  return ST_OK;
}
