/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: letters from reporters and other participants: a new case or a follow-up, and the acknowledgement. */
#include "gate_private.h"

/* ---- ids ---- */
static enum status new_id(struct run *r, const char **id, struct fault *err)
{
  struct gate *g = r->g;
  report_return_id(r); /* decided once more */
  char *next = NULL;
  int year = case_id_year(clock_now(&g->clock));
  enum status st = store_case_next_id(g->store, r->pool, year, &next, err);
  if (st)
    return st;
  const char *dash = strrchr(next, '-');
  invariant(dash);
  int serial = atoi(dash + 1);
  if (year == g->case_year && serial <= g->case_serial)
    serial = g->case_serial + 1; /* given to a letter in hand that is not committed yet */
  g->case_year = year;
  g->case_serial = serial;
  *id = r->new_id = pool_printf(r->pool, "%.*s-%04d", (int)(dash - next), next, serial);
  return ST_OK;
}

void report_return_id(struct run *r)
{
  struct gate *g = r->g;
  const char *dash = r->new_id ? strrchr(r->new_id, '-') : NULL;
  size_t kept = 0;
  if (dash && atoi(dash + 1) == g->case_serial)
    g->case_serial--;
  for (size_t i = 0; dash && i < r->busy_count; i++)
    if (strcmp(r->busy[i], r->new_id) != 0)
      r->busy[kept++] = r->busy[i];
  r->busy_count = dash ? kept : r->busy_count;
  r->new_id = NULL;
}

enum status report_new_id(struct run *r, const char **id, struct fault *err)
{
  return new_id(r, id, err);
}

/* ---- acknowledgement ---- */
static enum status ack_content_free(struct run *r, struct outgoing *o, struct outgoing **instead, struct fault *err)
{
  struct letter_spec s = { .kind = "acknowledgement",
                           .template_name = "ack/content-free",
                           .vc = o->vc,
                           .party = o->party,
                           .to_name = o->to_name,
                           .to_address = o->draft.to.address,
                           .auto_submitted = "auto-replied",
                           .subject = NULL,
                           .thread_for = r->rd.view.message_id,
                           .serial = "clear",
                           .attach_key = true };
  return write_letter(r, &s, write_vars(r, o->vc, r->g->conf->language), instead, NULL, err);
}

/* Whose address is vouched for gets one for every case that their letters open, up to so many an hour: embargod.conf(5). */
#define ACKS_KNOWN_H 20

/* May anything be answered at all? Says why not. */
static enum status ack_cap(struct run *r, const char *address, bool known, const char **why, struct fault *err)
{
  const struct conf *c = r->g->conf;
  int64_t now = clock_now(&r->g->clock), since = now - (known ? 3600 : (int64_t)c->ack_per_sender_h * 3600);
  unsigned to_sender = 0, in_all = 0;
  *why = NULL;
  if (r->rd.automatic)
    *why = "automatic mail is not answered";
  else if (text_empty(address))
    *why = "it has no usable sender address";
  if (*why)
    return ST_OK;
  enum status st = store_ack_count(r->g->store, address, since, &to_sender, &in_all, now - 3600, err);
  if (!st)
    work_acks_in_hand(r, address, &to_sender, &in_all);
  if (!st && c->ack_per_sender_h && to_sender >= (known ? ACKS_KNOWN_H : 1u))
    *why = known ? pool_printf(r->pool, "this sender had %d within the hour", ACKS_KNOWN_H) : "this sender had an acknowledgement already";
  else if (!st && in_all >= (unsigned)c->ack_per_hour)
    *why = "the hourly cap of acknowledgements is reached";
  return st;
}

enum status report_ack_cap(struct run *r, const char *address, const char **why, struct fault *err)
{
  return ack_cap(r, address, false, why, err);
}

/* Signed by the very key that the answer is encrypted to: whoever reads it is who wrote. */
static bool signed_with(const struct run *r, const char *fingerprint)
{
  const struct pgp_result *s = r->rd.signature;
  for (unsigned i = 0; s && i < s->sig_count; i++)
    if (s->sig[i].state == PGP_SIG_GOOD && !strcmp(s->sig[i].primary, fingerprint))
      return true;
  return false;
}

/* What is known of whoever opens a case. */
struct opener {
  bool known;           /* the mail server vouches for the address, or a key does that we had of it before */
  const char *left;     /* the case that they were removed from and name; NULL */
  struct stored_key key;
  bool has_key;
};

static enum status known_before(struct run *r, const char *from, bool *known, struct fault *err)
{
  struct stored_key key;
  bool found = false;
  enum status st = store_key_get(r->g->store, r->pool, from, &key, &found, err);
  *known = r->rd.view.dmarc_pass ||
           (found && key.expires != STORED_KEY_REVOKED && r->rd.verdict == VERDICT_GOOD && signed_with(r, key.fingerprint));
  return st;
}

/* Somebody who was removed from the case that they name: the analysts hear of it, their letter says nothing of it. */
static enum status removed_from(struct run *r, const char *mentions, const char **left, struct fault *err)
{
  struct vuln_case *vc = NULL;
  enum status st = mentions ? thread_load(r, mentions, &vc, err) : ST_OK;
  for (size_t i = 0; !st && vc && i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    if (p->removed && (text_ieq(p->address, r->rd.view.from.address) || outside_signed_by(r, p->fingerprint)))
      *left = vc->id;
  }
  return st;
}

/* What the analysts are told of it in the forward. */
static const char *opening_advice(struct run *r, struct vuln_case *vc, const struct opener *by, const char *none)
{
  struct buf b = buf_new(r->pool, 160);
  if (by->left) {
    work_event(r, vc, "sender.removed", "", "Its sender was a participant of %s, removed.", by->left);
    buf_printf(&b, "Its sender was a participant of %s, removed.", by->left);
  }
  if (none)
    buf_printf(&b, "%sNo acknowledgement was sent: %s.", b.len ? "\n" : "", none);
  return buf_str(&b);
}

/* none: why there is no acknowledgement; NULL: there is one. */
static enum status acknowledge(struct run *r, struct vuln_case *vc, const struct opener *by, const char **none, struct fault *err)
{
  const struct party_ref party = { vc->party_count ? vc : NULL, 0 };
  const struct party *p = party.vc ? &vc->party[0] : NULL;
  const struct stored_key *key = by->has_key ? &by->key : NULL;
  enum status st = ack_cap(r, p ? p->address : "", by->known, none, err);
  if (st)
    return st;
  if (*none) {
    work_event(r, vc, "ack.none", "", "No acknowledgement was sent: %s.", *none);
    return ST_OK;
  }
  struct outgoing *o = NULL;
  bool full = key && !by->left && (letter_authenticated(r) || signed_with(r, key->fingerprint));
  struct letter_spec s = { .kind = "acknowledgement",
                           .template_name = full ? "ack/full" : "ack/content-free",
                           .vc = vc,
                           .party = party,
                           .to_name = p->name,
                           .to_address = p->address,
                           .auto_submitted = "auto-replied",
                           .thread_for = r->rd.view.message_id,
                           .serial = "ack",
                           .encrypt = key != NULL,
                           .attach_key = !full || !r->rd.encrypted,
                           .fingerprint = key ? key->fingerprint : "",
                           .key = key ? key->key : (struct bytes){ 0 } };
  struct tvalue *vars = write_vars(r, vc, r->g->conf->language);
  tvalue_sets(r->pool, vars, "report_subject", r->rd.subject);
  tvalue_sets(r->pool, vars, "protection", letter_protection(r));
  tvalue_sets(r->pool, vars, "signer", letter_signer_outside(r));
  st = write_letter(r, &s, vars, &o, NULL, err);
  if (st)
    return st;
  o->fallback = key ? ack_content_free : NULL;
  work_out(r, o);
  r->work.ack_address = p->address;
  work_event(r, vc, "ack.sent", "", "Acknowledgement to the reporter: %s, %s.", full ? "full" : "content-free",
             key ? "encrypted" : "in clear");
  return ST_OK;
}

/* ---- new case, follow-up ---- */
static void keep_message(struct run *r, struct vuln_case *vc, struct party_ref party, enum message_kind kind)
{
  const struct reading *rd = &r->rd;
  struct case_message m = { .at = r->in.date ? r->in.date : r->in.recorded_at,
                            .kind = kind,
                            .who = rd->view.from.address,
                            .subject = rd->subject,
                            .text = letter_text(r),
                            .message_id = rd->view.message_id,
                            .protection = pool_printf(r->pool, "%s; %s", letter_protection(r), letter_signer(r)) };
  work_message(r, vc, party, &m);
}

/* Whoever writes in a participant's name can bring a key: that is told, in a mail of its own. */
static enum status alarm_new_key(struct run *r, struct vuln_case *vc, const struct party *p, struct fault *err)
{
  struct tvalue *vars = write_vars(r, vc, r->g->conf->language);
  template_put(r->pool, vars, "key.owner", p->address);
  template_put(r->pool, vars, "key.fpr", pgp_fpr_pretty(r->pool, r->rd.new_key->fpr));
  template_put(r->pool, vars, "key.raw", r->rd.new_key->fpr);
  template_put(r->pool, vars, "key.problem", letter_signer(r));
  return work_alarm_capped(r, vc, "internal/new-key", vars, "new-key", err);
}

static enum status tell_keys(struct run *r, struct vuln_case *vc, struct party *p, struct fault *err)
{
  if (r->rd.rolled_to) {
    p->new_key_waits = false;
    work_event(r, vc, "key.rollover", p->address,
               "%s goes over to the key %s: the letter that brought it is signed with the old one.", p->address,
               r->rd.rolled_to);
  }
  return r->rd.new_key ? alarm_new_key(r, vc, p, err) : ST_OK;
}

/* Only analysts see it, and only here: the other case hears nothing of what strangers write. */
static void link_mentioned(struct run *r, struct vuln_case *vc, const char *mentions)
{
  case_set(r->pool, vc,
           &(struct case_field){ .name = "link",
                                 .value = mentions,
                                 .extra = "mentioned by the sender, who is no participant of it",
                                 .at = vc->opened_at,
                                 .by = "" });
  work_event(r, vc, "case.mentions", "", "The letter names %s, of which its sender is no participant.", mentions);
}

static enum status open_case(struct run *r, const char *mentions, struct fault *err)
{
  struct gate *g = r->g;
  const struct reading *rd = &r->rd;
  struct opener by = { 0 };
  const char *from = rd->view.from.address;
  const char *id = NULL, *none = NULL;
  enum status st = text_empty(from) ? ST_OK : known_before(r, from, &by.known, err);
  if (!st && !text_empty(from))
    st = keys_choose(r, from, &by.key, &by.has_key, err);
  if (!st && !text_empty(from))
    st = keys_take_in(r, from, err);
  if (!st)
    st = removed_from(r, mentions, &by.left, err);
  if (!st)
    st = new_id(r, &id, err);
  if (st)
    return st;
  struct case_report report = { .subject = rd->subject,
                                .from_name = rd->view.from.name,
                                .from_address = from ? from : "",
                                .fingerprint = by.has_key ? by.key.fingerprint : "",
                                .token = secret_token(r->pool, 16),
                                .in_clear = !rd->encrypted,
                                .received_at = r->in.date ? r->in.date : r->in.recorded_at };
  struct vuln_case *vc = case_open(r->pool, &report, g->conf->embargo_days);
  vc->id = id;
  if (!run_claim(r, id))
    return fault(err, ST_BROKEN, "case id %s given out twice", id);
  struct party_ref party = { vc->party_count ? vc : NULL, 0 }; /* nobody, when From holds no usable address */
  work_case(r, vc);
  work_event(r, vc, "case.opened", "", "Report received by mail, %s; %s.", letter_protection(r), letter_signer(r));
  if (vc->em == EM_ACTIVE)
    work_event(r, vc, "embargo.implicit", "", "Default embargo until %s.", time_iso(r->pool, vc->embargo_until));
  if (mentions)
    link_mentioned(r, vc, mentions);
  keep_message(r, vc, party, MESSAGE_REPORT);
  st = party.vc ? tell_keys(r, vc, &vc->party[party.index], err) : ST_OK;
  if (st)
    return st;
  st = acknowledge(r, vc, &by, &none, err);
  struct outside said = { .opens = true, .advice = st ? "" : opening_advice(r, vc, &by, none) };
  if (!st)
    st = report_forward(r, vc, NULL, &said, mentions, err);
  work_end(r, LETTER_APPLIED, CLASS_NEW_CASE, vc->id, "");
  return st;
}

/* The letter is signed by that key, or brings it. */
bool report_comes_with(const struct run *r, const char *fingerprint)
{
  bool with = signed_with(r, fingerprint);
  for (size_t i = 0; i < r->rd.cert_count; i++)
    with |= !strcmp(r->rd.cert[i].fpr, fingerprint);
  return with;
}

/* The keys that a party's letter brought. A stakeholder's is the configuration's. The first key of somebody who had
 * none (or none that still worked), in a mail that nothing vouches for, is written to, but commands nothing before an
 * analyst's word: anybody can write in a known name. */
static enum status keys_of(struct run *r, struct party *p, struct fault *err)
{
  struct stored_key key;
  bool has = false;
  if (!text_empty(p->stakeholder) && conf_stakeholder_by_name(r->g->conf, p->stakeholder))
    return ST_OK;
  enum status st = keys_take_in(r, p->address, err);
  if (!st)
    st = keys_choose(r, p->address, &key, &has, err);
  if (st)
    return st;
  if (has) {
    bool other = !text_ieq(p->fingerprint, key.fingerprint) && !r->rd.rolled_to;
    p->fingerprint = key.fingerprint;
    p->key_unproved = (p->key_unproved || other) && !(r->rd.view.dmarc_pass && report_comes_with(r, key.fingerprint));
  }
  for (size_t i = 0; i < r->work.key_count; i++)
    p->new_key_waits |= r->work.key[i].key.waits;
  return ST_OK;
}

/* The case that this one was closed as a duplicate of: its people get what still comes. */
static enum status original_of(struct run *r, const struct vuln_case *vc, struct vuln_case **out, struct fault *err)
{
  *out = NULL;
  for (size_t i = 0; vc->rm == RM_CLOSED && i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, "link") && !strcmp(vc->field[i].extra, CASE_DUPLICATE_OF))
      return thread_load(r, vc->field[i].value, out, err);
  return ST_OK;
}

static enum status follow_up(struct run *r, const char *id, int64_t party_id, const char *how, struct fault *err)
{
  struct vuln_case *vc = NULL, *original = NULL;
  if (!run_claim(r, id))
    return ST_OK;
  enum status st = thread_load(r, id, &vc, err);
  if (!st && !vc)
    st = fault(err, ST_RETRY, "case %s is gone", id);
  if (!st)
    st = original_of(r, vc, &original, err);
  if (st)
    return st;
  struct party *p = party_id ? outside_sender_as(r, vc, party_id) : outside_sender(r, vc);
  struct outside said = { .advice = "" };
  size_t index = p ? (size_t)(p - vc->party) : 0;
  if (p) {
    party_heard(p);
    st = keys_follow(r, p, err);
  }
  if (st)
    return st;
  st = p ? outside_decide(r, &vc, index, &said, err) : ST_OK;
  p = p && !st ? &vc->party[index] : NULL;
  if (p)
    st = keys_of(r, p, err);
  if (st)
    return st;
  struct party_ref party = { p ? vc : NULL, index };
  vc->arrived_clear |= !r->rd.encrypted;
  if (!p || p->role == PARTY_REPORTER) /* what others write is no contact with the reporter */
    vc->last_contact_at = r->in.date ? r->in.date : r->in.recorded_at;
  work_case(r, vc);
  work_event(r, vc, "letter.received", p ? p->address : "", "Follow-up by mail (bound by %s), %s; %s.", how,
             letter_protection(r), letter_signer(r));
  st = p ? tell_keys(r, vc, p, err) : ST_OK;
  if (st)
    return st;
  if (p && p->new_key_waits)
    work_event(r, vc, "key.waits", "", "A new key came for %s; #key show and #key accept decide about it.", p->address);
  keep_message(r, vc, party, MESSAGE_FOLLOW_UP);
  bool bare = said.bare && !r->rd.attachment_count && !r->rd.new_key && !r->rd.rolled_to && !r->rd.revoked && !r->rd.partly;
  if (!bare) /* a question that has its answer is no news */
    st = report_forward(r, vc, original, &said, NULL, err);
  work_end(r, LETTER_APPLIED, CLASS_FOLLOW_UP, vc->id, "");
  return st;
}

enum status report_decide(struct run *r, struct fault *err)
{
  struct thread_answer a;
  int64_t party;
  enum status st = thread_find(r, &a, &party, err);
  if (st)
    return st;
  return a.case_id ? follow_up(r, a.case_id, party, a.how, err) : open_case(r, a.mentions, err);
}

/* ---- what cannot be read ---- */
static const char *trouble_advice(const struct reading *rd)
{
  const struct pgp_result *t = rd->trouble_result;
  return t && *t->advice ? t->advice : pgp_outcome_advice(rd->trouble);
}

static enum status answer_undecryptable(struct run *r, struct fault *err)
{
  const char *from = r->rd.view.from.address;
  struct outgoing *o;
  struct letter_spec s = { .kind = "undecryptable",
                           .template_name = "ack/undecryptable",
                           .to_address = from,
                           .auto_submitted = "auto-replied",
                           .thread_for = r->rd.view.message_id,
                           .serial = "undecryptable",
                           .attach_key = true };
  struct tvalue *vars = write_vars(r, NULL, r->g->conf->language);
  tvalue_sets(r->pool, vars, "reason", pgp_outcome_text(r->rd.trouble));
  tvalue_sets(r->pool, vars, "advice", trouble_advice(&r->rd));
  enum status st = write_letter(r, &s, vars, &o, NULL, err);
  if (st)
    return st;
  o->droppable = true;
  work_out(r, o);
  r->work.ack_address = from;
  return ST_OK;
}

/* Which keys it is for, when it is for others: an old key of ours may be among them. */
static const char *trouble_keys(struct run *r)
{
  const struct pgp_result *t = r->rd.trouble_result;
  struct buf b = buf_new(r->pool, 128);
  if (r->rd.trouble == PGP_NO_SECRET_KEY && t)
    for (unsigned i = 0; i < t->recipient_count && i < 8; i++)
      buf_printf(&b, "%s%s", i ? ", " : " (it is for key ", t->recipient[i]);
  return b.len ? pool_printf(r->pool, "%s)", buf_str(&b)) : "";
}

/* The analysts hear whether the sender was asked to send it again: when not, it is theirs to do. */
enum status report_undecryptable(struct run *r, struct fault *err)
{
  const char *why = NULL, *advice = trouble_advice(&r->rd);
  enum status st = report_ack_cap(r, r->rd.view.from.address, &why, err);
  if (st)
    return st;
  const char *reason =
      pool_printf(r->pool, "it cannot be decrypted: %s%s", pgp_outcome_text(r->rd.trouble), trouble_keys(r));
  const char *old_key = r->rd.trouble == PGP_NO_SECRET_KEY
                            ? "\nWas it encrypted to an old key of yours? Import that secret key into the gateway's "
                              "GnuPG home, then release it."
                            : "";
  advice = why ? pool_printf(r->pool, "The sender was not answered (%s). Advice for them:\n%s%s", why, advice, old_key)
               : pool_printf(r->pool, "The sender was told so, with our key and this advice:\n%s%s", advice, old_key);
  st = decide_quarantine(r, reason, advice, err);
  return st || why ? st : answer_undecryptable(r, err);
}
