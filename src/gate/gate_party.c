/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: letters to one participant: by which key, in which language, and what they may say. */
#include "gate_effects.h"

const char *party_language(const struct conf *c, const struct party *p)
{
  const struct conf_stakeholder *s = text_empty(p->stakeholder) ? NULL : conf_stakeholder_by_name(c, p->stakeholder);
  return s && !text_empty(s->language) ? s->language : c->language;
}

/* A stakeholder's lies in the ring, a participant's in the store. */
enum status party_key(struct run *r, const struct party *p, struct stored_key *out, bool *found, struct fault *err)
{
  const struct conf_stakeholder *s = text_empty(p->stakeholder) ? NULL : conf_stakeholder_by_name(r->g->conf, p->stakeholder);
  *out = (struct stored_key){ 0 };
  *found = false;
  if (s) {
    const struct stakeholder_key *k = gate_stakeholder_key(r->g, s);
    if (s->key_file && !k->usable)
      return fault(err, ST_DENIED, "the key of %s cannot be used: %s", s->name, k->problem);
    *found = k->usable;
    out->fingerprint = k->usable ? s->fingerprint : "";
    return ST_OK;
  }
  enum status st = store_key_get(r->g->store, r->pool, p->address, out, found, err);
  if (st || !*found)
    return st;
  if (!out->key.len || (out->expires && out->expires <= clock_now(&r->g->clock)))
    return fault(err, ST_DENIED, "the key of %s %s: ask for a new one (they may send it in any mail), then #key accept", p->address,
                 out->expires == STORED_KEY_REVOKED ? "was revoked" : "has expired");
  return ST_OK;
}

enum status party_was_written(struct run *r, const struct vuln_case *vc, const struct party *p, bool *was, struct fault *err)
{
  char **ids = NULL;
  size_t n = 0;
  *was = false;
  enum status st = p->id && *vc->id ? store_thread_ids(r->g->store, r->pool, vc->id, p->id, 1, &ids, &n, err) : ST_OK;
  if (st == ST_REJECT) { /* the case is not saved yet */
    fault_clear(err);
    st = ST_OK;
  }
  *was = n > 0;
  return st;
}

/* ---- whose signature may it be? ---- */
struct named_keys {
  struct run *r;
  struct bytes *out;
  size_t count, max;
};

static void keys_of_case(struct named_keys *n, const char *id)
{
  struct run *r = n->r;
  struct vuln_case *vc = NULL;
  struct fault err = { 0 };
  if (text_empty(id) || store_case_live(r->g->store, r->pool, id, &vc, &err))
    return;
  for (size_t i = 0; i < vc->party_count && n->count < n->max; i++) {
    struct stored_key k;
    bool found = false, there = false;
    const struct party *p = &vc->party[i];
    if (p->removed || text_empty(p->fingerprint) || store_key_by_fpr(r->g->store, r->pool, p->fingerprint, &k, &found, &err) || !found)
      continue;
    for (size_t j = 0; j < n->count; j++)
      there |= bytes_eq(n->out[j], k.key);
    if (!there && k.key.len)
      n->out[n->count++] = k.key;
  }
}

size_t party_keys_named(struct run *r, struct bytes *out, size_t max)
{
  struct named_keys n = { r, out, 0, max };
  const struct mail_view *view = &r->rd.view;
  const char **ids = NULL;
  struct fault err = { 0 };
  int64_t party;
  char *id;
  for (size_t i = 0; view->references && view->references[i] && i < 5; i++)
    if (!store_message_find(r->g->store, r->pool, view->references[i], &id, &party, &err))
      keys_of_case(&n, id);
  for (size_t i = 0; view->recipients && view->recipients[i] && i < 5; i++) {
    const char *token = mail_plus_token(r->pool, view->recipients[i], r->g->conf->address);
    if (token && !store_party_by_token(r->g->store, r->pool, token, &id, &party, &err))
      keys_of_case(&n, id);
  }
  size_t count = case_ids_in(r->pool, r->g->conf->case_prefix, r->rd.subject ? r->rd.subject : "", &ids);
  for (size_t i = 0; i < count && i < 3; i++)
    keys_of_case(&n, ids[i]);
  return n.count;
}

/* ---- words ---- */
static const struct {
  enum party_role role;
  const char *en, *de;
} role_words[] = {
  { PARTY_REPORTER, "reporter", "meldende Person" },
  { PARTY_COORDINATOR, "coordinator", "koordinierende Stelle" },
  { PARTY_SUPPLIER, "supplier", "Zulieferer" },
  { PARTY_REGULATOR, "regulator", "Aufsichtsbehörde" },
  { PARTY_ISAC, "information-sharing body", "Stelle für Informationsaustausch" },
  { PARTY_CUSTOMER, "customer", "Kunde" },
  { PARTY_OBSERVER, "observer", "Beobachter" },
};

static const struct {
  enum party_status status;
  const char *en, *de;
} status_words[] = {
  { PARTY_INVITED, "invited, has not accepted the embargo", "eingeladen, Embargo noch nicht zugesagt" },
  { PARTY_ACCEPTED, "takes part", "wirkt mit" },
  { PARTY_DECLINED, "has declined the embargo", "Embargo abgelehnt" },
  { PARTY_INVESTIGATING, "under investigation", "wird untersucht" },
  { PARTY_AFFECTED, "affected", "betroffen" },
  { PARTY_NOT_AFFECTED, "not affected", "nicht betroffen" },
  { PARTY_FIXED, "fixed", "behoben" },
  { PARTY_WITHDRAWN, "withdrawn", "zurückgezogen" },
};

void party_vars(struct run *r, struct tvalue *vars, const struct vuln_case *vc, const struct party *p, const char *language)
{
  bool de = text_istarts(language, "de");
  const char *role = "", *status = "";
  for (size_t i = 0; i < ARRAY_LEN(role_words); i++)
    if (role_words[i].role == p->role)
      role = de ? role_words[i].de : role_words[i].en;
  for (size_t i = 0; i < ARRAY_LEN(status_words); i++)
    if (status_words[i].status == p->status)
      status = de ? status_words[i].de : status_words[i].en;
  template_put(r->pool, vars, "party.role", role);
  template_put(r->pool, vars, "party.status", status);
  template_put(r->pool, vars, "party.key", text_empty(p->fingerprint) ? "" : pgp_fpr_pretty(r->pool, p->fingerprint));
  template_put(r->pool, vars, "party.accepted", p->accepted_at ? template_date(r->pool, p->accepted_at) : "");
  template_put(r->pool, vars, "party.waiting_since", p->waiting_since ? template_date(r->pool, p->waiting_since) : "");
  tvalue_setb(r->pool, vars, "entitled", case_party_entitled(vc, p));
}

static bool is_farewell(const struct effect *e)
{
  return !strcmp(e->template_name, "party/removed");
}

/* One that the command has just removed is found too. */
static struct party *named(const struct vuln_case *vc, const struct effect *e)
{
  for (size_t i = 0; is_farewell(e) && e->to_party && i < vc->party_count; i++)
    if (vc->party[i].removed && vc->party[i].id == e->to_party->id && text_ieq(vc->party[i].address, e->to_name))
      return &vc->party[i];
  return case_party_by_address(vc, e->to_name);
}

/* A preview has taken back what the command did: the party is put in again, in a copy. */
static enum status find(struct doing *d, const struct effect *e, struct vuln_case **vc, struct party **p, struct fault *err)
{
  *p = named(*vc, e);
  if ((e->preview_only || d->mail->dry_run) && e->to_party) {
    *vc = case_copy(d->r->pool, *vc);
    *p = case_party_by_address(*vc, e->to_name);
    if (!*p)
      *p = case_add_party(d->r->pool, *vc, e->to_party);
    **p = *e->to_party;
    return ST_OK;
  }
  return *p ? ST_OK : effect_deny(d, e, err, pool_printf(d->r->pool, "%s takes no part in the case", e->to_name));
}

/* Content-free is what says nothing of the matter: it may go to whom it must, in clear too. */
static enum status allowed(struct doing *d, const struct effect *e, const struct vuln_case *vc, const struct party *p, bool encrypt,
                           struct fault *err)
{
  struct pool *pool = d->r->pool;
  enum tlp tlp = command_case_tlp(vc), most = command_clearance(d->r->g->conf, p);
  if (!strcmp(e->template_name, "party/invitation") || is_farewell(e))
    return ST_OK;
  if (tlp > most)
    return effect_deny(d, e, err, pool_printf(pool, "TLP:%s is above what %s may receive (TLP:%s)", tlp_name(tlp), p->address, tlp_name(most)));
  if (!encrypt && !command_clear_allowed(d->r->g->conf, vc, p, d->a->lead))
    return effect_deny(d, e, err, pool_printf(pool, "%s has no key, and nothing marked TLP:%s goes there in clear: #key import or #key accept "
                                                    "brings one", p->address, tlp_name(tlp)));
  if (!strcmp(e->template_name, "party/details") && !case_party_entitled(vc, p))
    return effect_deny(d, e, err, pool_printf(pool, "%s has not accepted the embargo: no details go there before", p->address));
  return ST_OK;
}

enum status effect_address_party(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to, struct fault *err)
{
  struct run *r = d->r;
  struct party *p;
  struct stored_key key = { 0 };
  bool found = false;
  enum status st = find(d, e, &vc, &p, err);
  if (st)
    return st;
  const struct pgp_cert *c = text_empty(e->fingerprint) ? NULL : effect_attached(r, e->fingerprint);
  if (c) { /* brought or accepted by this very mail: in the store only after the commit */
    found = true;
    key = (struct stored_key){ .fingerprint = c->fpr, .key = c->key };
  } else if (!text_empty(e->fingerprint)) {
    st = store_key_by_fpr(r->g->store, r->pool, e->fingerprint, &key, &found, err);
  } else {
    st = party_key(r, p, &key, &found, err);
  }
  if (st == ST_DENIED && is_farewell(e)) { /* a key that does not work keeps nobody in the case */
    fault_clear(err);
    st = ST_OK;
    found = false;
  }
  if (st == ST_DENIED)
    return effect_deny(d, e, err, pool_strdup(r->pool, err->text));
  if (!st)
    st = allowed(d, e, vc, p, found, err);
  if (st)
    return st;
  if (found && text_empty(p->fingerprint))
    p->fingerprint = key.fingerprint;
  *to = (struct address){ .party = { vc, (size_t)(p - vc->party) }, .name = p->name, .address = p->address, .encrypt = found,
                          .fingerprint = found ? key.fingerprint : "", .key = found ? key.key : (struct bytes){ 0 },
                          .language = party_language(r->g->conf, p) };
  return ST_OK;
}

struct vuln_case *effect_view(struct doing *d, const struct effect *e, const struct address *to)
{
  return case_view(d->r->pool, to->party.vc, &to->party.vc->party[to->party.index]);
}

/* The key failed: the same in clear, which says nothing of the matter. */
static enum status farewell_in_clear(struct run *r, struct outgoing *o, struct outgoing **instead, struct fault *err)
{
  const struct party *p = &o->vc->party[o->party.index];
  struct letter_spec s = { .kind = o->kind, .template_name = "party/removed", .vc = o->vc, .party = o->party, .to_name = p->name,
                           .to_address = p->address, .language = o->draft.language, .auto_submitted = "auto-generated", .attach_key = true,
                           .serial = pool_printf(r->pool, "%s-clear", o->draft.message_id) };
  struct tvalue *vars = write_vars(r, case_view(r->pool, o->vc, p), s.language);
  party_vars(r, vars, o->vc, p, s.language);
  return write_letter(r, &s, vars, instead, NULL, err);
}

/* Who never heard of the case is not told that they are out of it. */
enum status effect_farewell(struct doing *d, const struct effect *e, const struct address *to, struct outgoing *o, bool *goes, struct fault *err)
{
  struct command_result *res = &d->plan->result[e->command];
  enum status st = party_was_written(d->r, to->party.vc, &to->party.vc->party[to->party.index], goes, err);
  if (st)
    return st;
  o->fallback = farewell_in_clear;
  res->reason = pool_printf(d->r->pool, "%s; %s", res->reason,
                            !*goes        ? "they are not told: nothing of ours ever went there"
                            : to->encrypt ? "they are told, in a mail of their own that says nothing of the matter"
                                          : "they are told, in a mail of their own IN CLEAR that says nothing of the matter");
  return ST_OK;
}

void effect_party_written(struct doing *d, const struct address *to, const char *kind)
{
  if (to->party.vc->party[to->party.index].removed)
    return;
  struct party *p = &to->party.vc->party[to->party.index];
  int64_t now = clock_now(&d->r->g->clock);
  party_written(p, now);
  if (!strcmp(kind, "details"))
    p->details_at = now;
}
