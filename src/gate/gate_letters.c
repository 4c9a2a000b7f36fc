/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: #reply and #notify: to whom they go, by which key, and what they say. */
#include "gate_effects.h"

/* A key that this very mail brought or accepted is in the store only after the commit. */
static enum status reporter_key(struct doing *d, const struct effect *e, const char *address, struct stored_key *out, bool *found,
                                struct fault *err)
{
  struct run *r = d->r;
  const struct pgp_cert *c = text_empty(e->fingerprint) ? NULL : effect_attached(r, e->fingerprint);
  if (c) {
    *found = true;
    *out = (struct stored_key){ .address = address, .fingerprint = c->fpr, .tier = TIER_PINNED, .expires = c->expires, .key = c->key };
    return ST_OK;
  }
  if (text_empty(e->fingerprint))
    return store_key_get(r->g->store, r->pool, address, out, found, err);
  return store_key_by_fpr(r->g->store, r->pool, e->fingerprint, out, found, err);
}

enum status effect_address_reporter(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to, struct fault *err)
{
  struct run *r = d->r;
  struct party *p = e->party < vc->party_count ? &vc->party[e->party] : NULL;
  struct stored_key key;
  bool found = false;
  if (!p || text_empty(p->address))
    return effect_deny(d, e, err, "the case has no reporter that mail could reach: #reporter ADDRESS names one");
  enum status st = reporter_key(d, e, p->address, &key, &found, err);
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
  return effect_deny(d, e, err,
              found && key.expires == STORED_KEY_REVOKED
                ? "the reporter's key was revoked, and replies in clear are not allowed: ask for a new key (a reporter may send it in any "
                  "mail), then #key accept"
              : found ? "the reporter's key has expired, and replies in clear are not allowed: ask for a renewed key (a reporter may send "
                      "it in any mail), then #key accept"
              : text_ieq(policy, "lead") ? "the reporter has no key, and only a lead analyst may reply in clear (reply_clear = lead)"
                                         : "the reporter has no key, and replies in clear are not allowed (reply_clear = never): get "
                                           "their key with #key import or #key accept");
}

/* A stakeholder becomes a party of the case with its first notice, so that its answers thread. */
size_t effect_stakeholder_party(struct run *r, struct vuln_case *vc, const struct conf_stakeholder *s)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (text_ieq(vc->party[i].stakeholder, s->name) && !vc->party[i].removed)
      return i;
  enum party_role role;
  struct party p = { .role = party_role_parse(s->kind, &role) ? role : PARTY_OBSERVER, .name = s->name, .address = s->address, .stakeholder = s->name,
                     .fingerprint = s->fingerprint ? s->fingerprint : "", .token = secret_token(r->pool, 16) };
  struct party *added = case_add_party(r->pool, vc, &p);
  return (size_t)(added - vc->party);
}

enum status effect_address_stakeholder(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to,
                                       struct fault *err)
{
  struct run *r = d->r;
  const struct conf_stakeholder *s = conf_stakeholder_by_name(r->g->conf, e->to_name);
  if (!s)
    return effect_deny(d, e, err, pool_printf(r->pool, "no stakeholder %s in the configuration", e->to_name));
  const struct stakeholder_key *k = gate_stakeholder_key(r->g, s);
  if (s->key_file && !k->usable)
    return effect_deny(d, e, err, pool_printf(r->pool, "the key of %s cannot be used: %s", s->name, k->problem));
  enum tlp tlp = command_case_tlp(vc);
  if (tlp > s->clearance)
    return effect_deny(d, e, err, pool_printf(r->pool, "TLP:%s is above what %s may receive (TLP:%s)", tlp_name(tlp), s->name,
                                       tlp_name(s->clearance)));
  bool encrypt = k->usable;
  if (!encrypt && !(s->clear_allowed && tlp <= TLP_GREEN))
    return effect_deny(d, e, err, pool_printf(r->pool, "%s has no key, and a notice in clear needs `clear_allowed` and TLP:GREEN or CLEAR", s->name));
  *to = (struct address){ .party = { vc, effect_stakeholder_party(r, vc, s) }, .name = s->name, .address = s->address,
                          .fingerprint = encrypt ? s->fingerprint : "", .encrypt = encrypt, .language = s->language };
  return ST_OK;
}

/* What went out or would: a preview stands in the receipt as it would be read. */
void effect_show_letter(struct doing *d, const struct outgoing *o, const char *state)
{
  buf_printf(&d->answers, "%s----- %s -----\nTo:      %s <%s>, %s\nSubject: %s\n\n%s\n----- end -----\n", d->answers.len ? "\n" : "", state,
             o->to_name ? o->to_name : "", o->draft.to.address, o->encrypt ? "signed and encrypted" : "signed, IN CLEAR",
             o->draft.subject, mail_escape_quoted(d->r->pool, o->draft.text));
}

/* "title (#title TEXT), versions (#product NAME VERSIONS)" */
static const char *missing_text(struct pool *pool, char **names)
{
  struct buf b = buf_new(pool, 64);
  for (size_t i = 0; names && names[i]; i++) {
    const char *command = command_filling(pool, names[i]);
    buf_printf(&b, "%s%s%s%s%s", i ? ", " : "", names[i], *command ? " (" : "", command, *command ? ")" : "");
  }
  return buf_str(&b);
}

static bool listed(char **names, const char *name)
{
  for (size_t i = 0; names && names[i]; i++)
    if (!strcmp(names[i], name))
      return true;
  return false;
}

/* What the letter must say and does not: the case does not say it either, or its reader may not know it. */
static enum status deny_missing(struct doing *d, const struct effect *e, const struct letter_spec *s, char **missing, struct fault *err)
{
  struct run *r = d->r;
  struct outgoing *o;
  char **lacking = NULL, **unsaid;
  struct tvalue *vars = write_vars(r, s->vc, s->language);
  struct buf withheld = buf_new(r->pool, 64);
  size_t n = 0;
  tvalue_sets(r->pool, vars, "text", e->text);
  enum status st = write_letter(r, s, vars, &o, &lacking, err); /* with all that the case says */
  if (st && st != ST_DENIED)
    return st;
  fault_clear(err);
  for (size_t i = 0; missing[i]; i++)
    n++;
  unsaid = pool_array(r->pool, n + 1, sizeof *unsaid);
  n = 0;
  for (size_t i = 0; missing[i]; i++)
    if (listed(lacking, missing[i]))
      unsaid[n++] = missing[i];
    else
      buf_printf(&withheld, "%s%s", withheld.len ? ", " : "", missing[i]);
  if (n)
    return effect_deny(d, e, err, pool_printf(r->pool, "%s: these facts are missing: %s. Nothing was sent.", e->template_name,
                                              missing_text(r->pool, unsaid)));
  return effect_deny(d, e, err, pool_printf(r->pool, "%s says what %s, as %s, may not know: %s. Nothing was sent.", e->template_name, s->to_name,
                                            party_role_name(s->party.vc->party[s->party.index].role), buf_str(&withheld)));
}

/* By whom it goes out: what the outbox and the history call it, and the template's way of saying it. */
static const char *kind_of(const struct effect *e)
{
  if (e->to == TO_REPORTER)
    return "reply";
  return e->to == TO_PARTY ? strchr(e->template_name, '/') + 1 : "notice"; /* party/ask, party/details, party/invitation */
}

static enum status address_of(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to, struct fault *err)
{
  if (e->to == TO_REPORTER)
    return effect_address_reporter(d, e, vc, to, err);
  return e->to == TO_PARTY ? effect_address_party(d, e, vc, to, err) : effect_address_stakeholder(d, e, vc, to, err);
}

/* A later one is an update of it: its subject says so. */
static enum status put_previous(struct run *r, const struct address *to, struct tvalue *vars, struct fault *err)
{
  struct outbox_letter *l = NULL;
  size_t n = 0;
  int64_t at = 0;
  enum status st = store_outbox_of_case(r->g->store, r->pool, to->party.vc->id, "notice", &l, &n, err);
  if (st == ST_REJECT) { /* #new: the case is not saved yet */
    fault_clear(err);
    return ST_OK;
  }
  for (size_t i = 0; !st && i < n; i++)
    at = text_ieq(l[i].to_name, to->name) && l[i].state == OUTBOX_SENT ? l[i].sent_at : at;
  if (at)
    tvalue_sets(r->pool, vars, "previous_notice",
                pool_strndup(r->pool, time_local(r->pool, at, r->g->conf->zone), strlen("2027-01-31")));
  return st;
}

enum status effect_write(struct doing *d, const struct effect *e, const struct address *to, int64_t as_of, struct outgoing **o,
                         struct fault *err)
{
  struct run *r = d->r;
  char **missing = NULL;
  struct letter_spec s = { .kind = kind_of(e), .template_name = e->template_name, .language = to->language, .vc = to->party.vc,
                           .party = to->party, .to_name = to->name, .to_address = to->address, .auto_submitted = "auto-generated",
                           .fingerprint = to->fingerprint, .key = to->key, .encrypt = to->encrypt,
                           .serial = pool_printf(r->pool, "%u-%zu", e->command, to->party.index), .attach_key = !to->encrypt };
  struct vuln_case *view = e->to == TO_PARTY      ? effect_view(d, e, to)
                           : e->to == TO_REPORTER ? case_reply_view(r->pool, s.vc, &s.vc->party[to->party.index])
                                                  : case_notice_view(r->pool, s.vc, &s.vc->party[to->party.index]);
  struct tvalue *vars = write_vars(r, view, to->language);
  tvalue_sets(r->pool, vars, "text", e->text);
  if (e->to == TO_PARTY)
    party_vars(r, vars, s.vc, &s.vc->party[to->party.index], to->language);
  if (as_of)
    template_put(r->pool, vars, "date", template_date(r->pool, as_of));
  enum status st = e->to == TO_STAKEHOLDER ? put_previous(r, to, vars, err) : ST_OK;
  if (!st)
    st = write_letter(r, &s, vars, o, &missing, err);
  if (st == ST_DENIED && missing && missing[0])
    return deny_missing(d, e, &s, missing, err);
  if (st)
    return st;
  struct letter_record *k = pool_new_of(r->pool, struct letter_record);
  *k = (struct letter_record){ .template_name = e->template_name, .language = to->language, .asked_by = d->a->name, .released_by = "",
                               .version = template_version(r->pool, r->g->templates, e->template_name, to->language) };
  (*o)->record = k;
  return ST_OK;
}

enum status effect_letter(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct address to;
  struct outgoing *o;
  bool preview = e->preview_only || d->mail->dry_run, goes = true;
  struct vuln_case *vc = d->plan->vc[e->vc];
  if (e->to == TO_SELF)
    return effect_filing(d, e, err);
  enum status st = address_of(d, e, vc, &to, err);
  if (!st)
    st = effect_write(d, e, &to, 0, &o, err);
  if (!st && e->to == TO_PARTY && !strcmp(e->template_name, "party/removed"))
    st = effect_farewell(d, e, &to, o, &goes, err);
  if (st || !goes)
    return st;
  if (preview || e->gate)
    effect_show_letter(d, o, preview ? "preview: not sent" : "waits for release");
  if (preview)
    return ST_OK;
  if (e->gate)
    return effect_wait(d, e, vc, o, err);
  if (e->to == TO_PARTY)
    effect_party_written(d, &to, o->kind);
  o->must = !o->fallback;
  work_out(r, o);
  work_event(r, vc, pool_printf(r->pool, "%s.sent", o->kind), d->a->name, "To %s, asked for by %s, from %s, %s.",
             to.name && *to.name ? to.name : to.address, d->a->name, record_short(r->pool, o->record),
             to.encrypt ? pool_printf(r->pool, "encrypted to %s", pgp_fpr_pretty(r->pool, to.fingerprint)) : "in clear");
  return ST_OK;
}
