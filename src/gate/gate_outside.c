/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what reporters and other participants ask for with verbs of their own. Their mail is threaded already; here: how
 * well is it known that they wrote it, what is carried out, and the answer, which goes to the registered address alone. */
#include "gate_embargo.h"

#define DAY_S 86400

struct asking {
  const char *withheld; /* the details that it has unlocked cannot be sent: why; NULL */
  struct run *r;
  struct vuln_case *vc;   /* as loaded */
  size_t index;
  struct participant_mail mail;
  struct participant_result result[PARTICIPANT_MAX];
  enum participant_proof proof;
  const char *why;        /* it is not signed as it must be: why; NULL */
  bool silent;            /* nothing is answered: a replay */
  const char *key_waits;  /* a key of theirs by which nothing is carried out yet; "" */
  bool key_counts;        /* the letter brought that key, and from the next one on it counts */
  const char *unanswered; /* why there is no answer; NULL */
  struct plan *plan;
  const char *advice;
};

static const struct party *writer(const struct asking *a)
{
  return &a->vc->party[a->index];
}

/* ---- is it signed, now, by them, for this case? ---- */
bool outside_signed_by(const struct run *r, const char *fingerprint)
{
  const struct reading *rd = &r->rd;
  if (text_empty(fingerprint) || revoked_now(r, fingerprint) || !rd->signature || pgp_verdict(rd->signature->sig, rd->signature->sig_count) != VERDICT_GOOD)
    return false;
  for (unsigned i = 0; i < rd->signature->sig_count; i++)
    if (!rd->signature->sig[i].extra_key && !strcmp(rd->signature->sig[i].primary, fingerprint))
      return true;
  return false;
}

/* By the known key from wherever they write, else by address. */
struct party *outside_sender(const struct run *r, const struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (!vc->party[i].removed && outside_signed_by(r, vc->party[i].fingerprint))
      return &vc->party[i];
  return text_empty(r->rd.view.from.address) ? NULL : case_party_by_address(vc, r->rd.view.from.address);
}

struct party *outside_sender_as(const struct run *r, const struct vuln_case *vc, int64_t party)
{
  for (size_t i = 0; i < vc->party_count; i++) {
    struct party *p = &vc->party[i];
    bool it = text_ieq(p->address, r->rd.view.from.address) || outside_signed_by(r, p->fingerprint);
    if (p->id == party && !p->removed && it)
      return p;
  }
  return NULL;
}

/* A case that was merged answers by its old id too. */
static bool leads_here(const struct asking *a, const char *id)
{
  struct vuln_case *vc = NULL;
  struct fault err = { 0 };
  return text_ieq(id, a->vc->id) || (!store_case_live(a->r->g->store, a->r->pool, id, &vc, &err) && text_ieq(vc->id, a->vc->id));
}

/* The signature must say which case it means: else a signed mail of one case would work in another. */
static bool bound(const struct asking *a)
{
  struct run *r = a->r;
  const char *prefix = r->g->conf->case_prefix, **ids = NULL;
  struct command_ref *ref = NULL;
  size_t n = r->rd.prot.present && r->rd.prot.subject ? case_ids_in(r->pool, prefix, r->rd.prot.subject, &ids) : 0;
  for (size_t i = 0; i < n; i++)
    if (!leads_here(a, ids[i]))
      return false;
  if (n)
    return true;
  n = command_refs_in(r->pool, prefix, r->rd.text, &ref);
  for (size_t i = 0; i < n; i++)
    if (text_ieq(ref[i].tag, write_tag(r->g, r->pool, ref[i].case_id, writer(a)->address)) && leads_here(a, ref[i].case_id))
      return true;
  return false;
}

/* Their own one: beside it anybody can put a signature of theirs over the same words, of today. */
const struct pgp_signature *outside_own_signature(const struct run *r, const char *fingerprint)
{
  const struct pgp_result *res = r->rd.signature;
  const struct pgp_signature *own = NULL;
  for (unsigned i = 0; res && i < res->sig_count; i++) {
    const struct pgp_signature *s = &res->sig[i];
    if (!s->extra_key && !strcmp(s->primary, fingerprint) && (!own || s->made < own->made))
      own = s;
  }
  return own;
}

static const char *age_problem(const struct asking *a, const struct pgp_signature *s)
{
  const struct conf *c = a->r->g->conf;
  int64_t at = a->r->in.recorded_at;
  if (s->made < at - c->command_window_s)
    return "its signature is too old";
  return s->made > at + c->command_ahead_s ? "its signature is from the future" : NULL;
}

static bool is_stakeholder(const struct asking *a)
{
  const char *name = writer(a)->stakeholder;
  return !text_empty(name) && conf_stakeholder_by_name(a->r->g->conf, name);
}

/* A key that this letter brings, or an earlier one brought, and that nobody has checked: it is written to, and commands nothing. */
static enum status waiting_key(struct asking *a, struct fault *err)
{
  struct run *r = a->r;
  const struct party *p = writer(a);
  struct stored_key key;
  bool found = false;
  enum status st = is_stakeholder(a) ? ST_OK : keys_choose(r, p->address, &key, &found, err);
  if (st || !found)
    return st;
  a->key_waits = key.fingerprint;
  a->key_counts = r->rd.view.dmarc_pass && report_comes_with(r, key.fingerprint);
  a->why = a->key_counts
             ? "their key came with this mail: it counts from their next one on"
             : pool_printf(r->pool, "their key came in a mail that nothing vouches for: check it, then #key accept %s for %s", key.fingerprint, p->address);
  return ST_OK;
}

static enum status prove(struct asking *a, struct fault *err)
{
  struct run *r = a->r;
  const struct party *p = writer(a);
  bool seen = false;
  a->proof = text_empty(p->fingerprint) || p->key_unproved ? PROOF_NO_KEY : PROOF_MISSING;
  if (a->proof == PROOF_NO_KEY)
    return waiting_key(a, err);
  if (r->rd.verdict != VERDICT_GOOD || !outside_signed_by(r, p->fingerprint)) {
    a->why = "it is not signed by their key";
    return ST_OK;
  }
  const struct pgp_signature *s = outside_own_signature(r, p->fingerprint);
  invariant(s); /* outside_signed_by() has seen it */
  struct replay_key k = { .fingerprint = s->primary, .made = s->made };
  sha256_digest(k.sha256, r->rd.signed_bytes);
  enum status st = store_replay_seen(r->g->store, &k, &seen, err);
  if (st)
    return st;
  a->silent = seen;
  a->why = seen ? "this very signed text was handled before" : age_problem(a, s);
  if (!a->why && !bound(a))
    a->why = "what is signed does not say which case it means (its subject, or our reference line quoted)";
  if (a->why)
    return ST_OK;
  r->work.replay = k;
  r->work.has_replay = true;
  a->proof = PROOF_SIGNED;
  return ST_OK;
}

/* ---- carrying it out ---- */
/* The details that an accepted embargo unlocks. That they cannot go out undoes nothing: it is the analysts' to mend. */
static enum status send_details(struct asking *a, struct doing *d, const struct effect *e, struct fault *err)
{
  enum status st = effect_letter(d, e, err);
  const char *who = writer(a)->address;
  if (st == ST_DENIED) {
    a->advice = pool_printf(a->r->pool, "The details did not go out: %s\nOnce that is mended: #party %s details", err->text, who);
    a->withheld = pool_printf(a->r->pool, "the details for %s did not go out: %s", who, err->text);
    a->plan->failed = false;
    fault_clear(err);
    return ST_OK;
  }
  if (!st && d->waiting[e->command])
    a->advice = pool_printf(a->r->pool, "The details for %s wait for a release: #approve %s (or #cancel %s)", who,
                            d->waiting[e->command]->token, d->waiting[e->command]->token);
  return st;
}

/* All whom it concerns are told, but for the one who acts, whom the answer tells. The analysts read a proposal in the forward; another end
 * of the embargo has a mail of its own, whatever the letter's subject is. */
static enum status tell_embargo(struct asking *a, const struct effect *e, struct fault *err)
{
  struct embargo_letters l;
  bool moved = e->embargo->until && e->embargo->until != e->embargo->before;
  enum status st = embargo_write_letters(a->r, a->plan->vc[0], e->embargo, NULL, &l, err);
  for (size_t i = 0; !st && i < l.count; i++)
    if (l.letter[i]->party.vc ? l.letter[i]->party.index != a->index : moved)
      work_out(a->r, l.letter[i]);
  return st;
}

static enum status carry_out(struct asking *a, struct fault *err)
{
  struct run *r = a->r;
  struct conf_analyst *as = pool_new_of(r->pool, struct conf_analyst);
  struct command_mail *mail = pool_new_of(r->pool, struct command_mail);
  struct doing *d = pool_new_of(r->pool, struct doing);
  *as = (struct conf_analyst){ .name = writer(a)->address, .address = writer(a)->address, .fingerprint = "",
                                                     .language = r->g->conf->language };
  *mail = (struct command_mail){ .count = a->mail.count, .note = "" };
  for (size_t i = 0; i < a->mail.count; i++)
    mail->command[i] = (struct command){ .name = "party", .args = "", .text = "", .line = a->result[i].line };
  *d = (struct doing){ .r = r, .a = as, .plan = a->plan, .mail = mail, .pending = tvalue_list(r->pool), .answers = buf_new(r->pool, 256) };
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < a->plan->effect_count; i++) {
    const struct effect *e = &a->plan->effect[i];
    bool details = e->kind == EFFECT_EVENT && a->withheld && !strcmp(e->what, "party.details"); /* its letter came before it */
    if (details)
      work_event(r, a->plan->vc[0], "party.details-held", "", "%s", a->withheld);
    else if (e->kind == EFFECT_EVENT)
      work_event(r, a->plan->vc[0], e->what, as->name, "%s", e->text);
    else if (e->kind == EFFECT_LETTER)
      st = send_details(a, d, e, err);
    else if (e->kind == EFFECT_EMBARGO)
      st = tell_embargo(a, e, err);
  }
  for (size_t i = 0; !st && i < r->work.out_count; i++)
    r->work.out[i]->must = false; /* a key that fails costs its letter, and the analysts hear of it */
  if (!st)
    effect_keep_waiting(d);
  return st;
}

static void for_analysts(struct asking *a, struct outside *out)
{
  struct pool *pool = a->r->pool;
  out->verbs = tvalue_list(pool);
  for (size_t i = 0; i < a->mail.count; i++) {
    const struct participant_result *res = &a->result[i];
    struct tvalue *v = tvalue_object(pool);
    bool request = res->outcome == PARTICIPANT_REQUEST;
    const char *reason = *res->reason || !request ? res->reason
                         : a->why               ? a->why
                         : a->proof == PROOF_NO_KEY ? "we know no key of theirs"
                                                : "their role does not allow it";
    tvalue_sets(pool, v, "line", res->line);
    tvalue_setb(pool, v, "done", res->outcome == PARTICIPANT_DONE);
    tvalue_setb(pool, v, "request", request);
    tvalue_setb(pool, v, "refused", res->outcome == PARTICIPANT_REFUSED);
    tvalue_sets(pool, v, "reason", reason);
    tvalue_sets(pool, v, "command", request ? res->command : "");
    tvalue_add(pool, out->verbs, v);
  }
}

/* ---- the answer ---- */
static bool asked_for(const struct asking *a, enum participant_verb verb)
{
  for (size_t i = 0; i < a->mail.count; i++)
    if (a->mail.command[i].verb == verb && a->result[i].outcome == PARTICIPANT_DONE)
      return true;
  return false;
}

static bool is_question(enum participant_verb verb)
{
  return verb == PV_STATUS || verb == PV_KEY || verb == PV_HELP;
}

static bool by_day(const struct asking *a)
{
  bool asks = asked_for(a, PV_STATUS) || asked_for(a, PV_KEY) || asked_for(a, PV_HELP);
  return a->proof == PROOF_SIGNED || (a->proof == PROOF_NO_KEY && asks);
}

static enum status answered_today(struct asking *a, unsigned *count, struct fault *err)
{
  struct run *r = a->r;
  struct outbox_letter *l = NULL;
  size_t n = 0;
  enum status st = store_outbox_of_case(r->g->store, r->pool, a->vc->id, "answer", &l, &n, err);
  *count = 0;
  for (size_t i = 0; !st && i < n; i++)
    *count += l[i].party == writer(a)->id && l[i].queued_at > clock_now(&r->g->clock) - DAY_S;
  return st;
}

/* Signed mail, and a question by whom we know no key of: so many a day, in this case. Other mail may be anybody's: as seldom as a
 * report is acknowledged. */
static enum status answer_cap(struct asking *a, const char *counted, const char **why, struct fault *err)
{
  unsigned today = 0;
  *why = a->silent ? "a replay" : NULL;
  if (a->silent)
    return ST_OK;
  if (!by_day(a))
    return report_ack_cap(a->r, counted, why, err);
  enum status st = answered_today(a, &today, err);
  if (!st && today >= (unsigned)a->r->g->conf->answers_per_day)
    *why = "answers_per_day is reached";
  return st;
}

/* Of unsigned mail nothing but the verb is repeated: nobody writes to a participant through us. */
static const char *repeated(const struct asking *a, const char *line, bool verb)
{
  if (!verb && a->proof != PROOF_SIGNED)
    return "#...";
  return a->proof == PROOF_SIGNED ? line : pool_strndup(a->r->pool, line, strcspn(line, " "));
}

/* What became of each line; a question's answer stands below and speaks for itself. The analysts' reasons are theirs. */
static struct tvalue *answer_rows(const struct asking *a, const char *language)
{
  struct pool *pool = a->r->pool;
  struct tvalue *list = tvalue_list(pool);
  for (size_t i = 0; i < a->mail.count; i++) {
    const struct participant_result *res = &a->result[i];
    enum participant_verb verb = a->mail.command[i].verb;
    if (res->outcome == PARTICIPANT_DONE && is_question(verb))
      continue;
    struct tvalue *row = tvalue_object(pool);
    tvalue_sets(pool, row, "line", repeated(a, res->line, verb != PV_NONE));
    tvalue_setb(pool, row, "done", res->outcome == PARTICIPANT_DONE);
    tvalue_setb(pool, row, "request", res->outcome == PARTICIPANT_REQUEST);
    tvalue_setb(pool, row, "refused", res->outcome == PARTICIPANT_REFUSED);
    tvalue_sets(pool, row, "reason", text_istarts(language, "de") ? res->told.de : res->told.en);
    tvalue_add(pool, list, row);
  }
  return list;
}

/* Lines further down that begin with a verb: a line each. */
static char *below(const struct asking *a, bool whole)
{
  struct buf b = buf_new(a->r->pool, 80);
  for (size_t i = 0; i < a->mail.below_count; i++)
    buf_printf(&b, "%s  %s", i ? "\n" : "", whole ? a->mail.below[i] : repeated(a, a->mail.below[i], true));
  return buf_str(&b);
}

/* To a key that nobody has checked goes nothing of the matter. */
static struct vuln_case *shown_case(const struct asking *a, struct vuln_case *vc)
{
  struct vuln_case *view = case_view(a->r->pool, vc, &vc->party[a->index]);
  if (*a->key_waits) {
    view->field_count = 0;
    view->cs = 0;
    memset(view->cs_at, 0, sizeof view->cs_at);
  }
  return view;
}

static struct tvalue *answer_vars(struct asking *a, struct vuln_case *vc, const char *language)
{
  struct run *r = a->r;
  const struct party *p = &vc->party[a->index];
  struct tvalue *v = write_vars(r, shown_case(a, vc), language);
  tvalue_set(r->pool, v, "verbs", answer_rows(a, language));
  tvalue_sets(r->pool, v, "below", below(a, false));
  tvalue_sets(r->pool, v, "key_waits", *a->key_waits && !a->key_counts ? pgp_fpr_pretty(r->pool, a->key_waits) : "");
  tvalue_sets(r->pool, v, "key_counts", a->key_counts ? pgp_fpr_pretty(r->pool, a->key_waits) : "");
  party_vars(r, v, vc, p, language);
  tvalue_setb(r->pool, v, "unsigned", a->proof == PROOF_MISSING);
  tvalue_setb(r->pool, v, "no_key", a->proof == PROOF_NO_KEY && !*a->key_waits);
  tvalue_setb(r->pool, v, "show_status", asked_for(a, PV_STATUS) || asked_for(a, PV_EMBARGO));
  tvalue_setb(r->pool, v, "show_key", asked_for(a, PV_KEY));
  tvalue_sets(r->pool, v, "show_help", asked_for(a, PV_HELP) ? command_participant_help(r->pool, p->role, language) : "");
  return v;
}

static enum status answer(struct asking *a, struct vuln_case *vc, struct fault *err)
{
  struct run *r = a->r;
  const struct party *p = &vc->party[a->index];
  const char *why, *counted = pool_printf(r->pool, "answer/%s", p->address), *language = party_language(r->g->conf, p);
  struct stored_key key;
  bool found;
  struct outgoing *o;
  enum status st = answer_cap(a, counted, &why, err);
  if (!st && !why)
    st = party_key(r, p, &key, &found, err);
  if (st == ST_DENIED || (!st && !why && !found && a->proof != PROOF_NO_KEY)) {
    why = st ? pool_strdup(r->pool, err->text) : "their key is gone";
    fault_clear(err);
    st = ST_OK;
  }
  if (st)
    return st;
  a->unanswered = why;
  if (why) {
    work_event(r, vc, "answer.none", "", "%s was not answered: %s.", p->address, why);
    return ST_OK;
  }
  struct letter_spec s = { .kind = "answer", .template_name = "party/answer", .language = language, .vc = vc,
                           .party = { vc, a->index }, .to_name = p->name, .to_address = p->address, .auto_submitted = "auto-replied",
                           .thread_for = r->rd.view.message_id, .serial = "answer", .encrypt = found,
                           .fingerprint = found ? key.fingerprint : "", .key = found ? key.key : (struct bytes){ 0 },
                           .attach_key = !found || asked_for(a, PV_KEY) };
  st = write_letter(r, &s, answer_vars(a, vc, language), &o, NULL, err);
  if (st)
    return st;
  work_out(r, o);
  if (!by_day(a))
    r->work.ack_address = counted;
  return ST_OK;
}

/* Text parts only, and what a person has written: automatic mail commands nothing. */
static bool says_anything(const struct run *r, struct participant_mail *out)
{
  const struct reading *rd = &r->rd;
  const struct part_table *t = &rd->layer[rd->main].table;
  const struct part *text = rd->text_part >= 0 ? &t->part[rd->text_part] : NULL;
  if (rd->automatic || !text || !text_ieq(text->type, "text/plain"))
    return false;
  command_participant(r->pool, rd->text, mail_cut_marker, out);
  return out->count || out->below_count;
}

/* What is left for the analysts to do, or to know. */
static const char *advice(const struct asking *a)
{
  struct buf b = buf_new(a->r->pool, 200);
  buf_adds(&b, a->advice);
  if (a->mail.below_count)
    buf_printf(&b, "%sThese lines stand below other text and were not taken as commands:\n%s", b.len ? "\n" : "", below(a, true));
  if (a->unanswered)
    buf_printf(&b, "%sNo answer was sent: %s.", b.len ? "\n" : "", a->unanswered);
  return buf_str(&b);
}

static bool only_questions(const struct asking *a)
{
  for (size_t i = 0; i < a->mail.count; i++)
    if (!is_question(a->mail.command[i].verb) || a->result[i].outcome != PARTICIPANT_DONE)
      return false;
  return a->mail.count && !a->mail.more;
}

enum status outside_decide(struct run *r, struct vuln_case **vc, size_t index, struct outside *out, struct fault *err)
{
  struct asking *a = pool_new_of(r->pool, struct asking);
  *a = (struct asking){ .r = r, .vc = *vc, .index = index, .plan = pool_new_of(r->pool, struct plan), .advice = "", .key_waits = "" };
  *out = (struct outside){ .advice = "" };
  if (!says_anything(r, &a->mail))
    return ST_OK;
  enum status st = prove(a, err);
  if (st)
    return st;
  struct participant_world w = { .conf = r->g->conf, .vc = a->vc, .party = index, .proof = a->proof, .now = clock_now(&r->g->clock),
                                 .key_waits = a->key_counts ? "" : a->key_waits, .command = a->mail.command, .count = a->mail.count };
  command_participant_run(r->pool, &w, a->plan, a->result);
  *vc = a->plan->vc[0];
  st = carry_out(a, err);
  if (!st)
    st = answer(a, *vc, err);
  for_analysts(a, out);
  out->advice = advice(a);
  out->bare = a->proof == PROOF_SIGNED && !a->unanswered && only_questions(a);
  if (!st && out->bare)
    work_event(r, *vc, "party.asked", writer(a)->address, "Asked, and was answered; the analysts got no forward.");
  return st;
}
