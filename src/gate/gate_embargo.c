/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: everyone whom the embargo concerns is told of each change of it, in a mail of their own: who keeps it, by the letters of
 * embargo/, and the analysts. No release gate: the letters say dates and who decided, in the house's own fixed words; to whom no
 * encrypted mail can go they say no reason either. */
#include "gate_embargo.h"

struct telling {
  struct run *r;
  struct vuln_case *vc;
  const struct embargo_change *change;
  const struct conf_analyst *actor;
  struct buf told;
  struct embargo_letters *out;
};

static const char *const letter_of[] = {
  [EMBARGO_PROPOSED] = "embargo/proposed",     [EMBARGO_ACCEPTED] = "embargo/accepted",
  [EMBARGO_REJECTED] = "embargo/rejected",     [EMBARGO_NEW_DATE] = "embargo/new-date",
  [EMBARGO_TERMINATED] = "embargo/terminated", [EMBARGO_ENDED] = "embargo/ended",
  [EMBARGO_MERGED] = "embargo/new-date",       [EMBARGO_RESTORED] = "embargo/new-date",
};

/* ---- what a letter says ---- */
static const char *instant(struct run *r, int64_t t)
{
  return t ? time_both(r->pool, t, r->g->conf->zone) : "";
}

static bool is_by(const struct embargo_who *who, const char *address)
{
  return who->party && address && text_ieq(who->name, address);
}

static const char *by_words(struct run *r, const struct embargo_change *c)
{
  return text_empty(c->recorded_by) ? c->by.name : pool_printf(r->pool, "%s (as %s says)", c->by.name, c->recorded_by);
}

/* address: a party's; NULL: an analyst reads it. */
static struct tvalue *change_vars(struct run *r, const struct embargo_change *c, const char *address)
{
  static const char *const flag[] = { [EMBARGO_PROPOSED] = "was_proposed",     [EMBARGO_ACCEPTED] = "was_accepted",
                                      [EMBARGO_REJECTED] = "was_rejected",     [EMBARGO_NEW_DATE] = "new_date",
                                      [EMBARGO_TERMINATED] = "was_terminated", [EMBARGO_ENDED] = "has_ended",
                                      [EMBARGO_MERGED] = "merged",             [EMBARGO_DOUBTED] = "doubted",
                                      [EMBARGO_RESTORED] = "restored" };
  struct pool *pool = r->pool;
  struct tvalue *v = tvalue_object(pool);
  bool over = c->what == EMBARGO_TERMINATED || c->what == EMBARGO_ENDED;
  bool open = c->proposed && (c->what == EMBARGO_PROPOSED || c->what == EMBARGO_NEW_DATE || c->what == EMBARGO_MERGED ||
                              c->what == EMBARGO_RESTORED);
  tvalue_setb(pool, v, flag[c->what], true);
  tvalue_sets(pool, v, "by", address ? "" : by_words(r, c));
  tvalue_setb(pool, v, "by_you", is_by(&c->by, address));
  tvalue_setb(pool, v, "by_us", !c->by.party);
  tvalue_setb(pool, v, "by_other", c->by.party && !is_by(&c->by, address));
  tvalue_setb(pool, v, "yours", open && (address ? !is_by(&c->proposed_by, address) : c->proposed_by.party));
  tvalue_setb(pool, v, "your_date", is_by(&c->proposed_by, address) && (open || c->what == EMBARGO_ACCEPTED));
  tvalue_sets(pool, v, "until", instant(r, c->until));
  tvalue_sets(pool, v, "before", instant(r, c->before == c->until ? 0 : c->before));
  tvalue_sets(pool, v, "proposed", instant(r, c->proposed));
  tvalue_sets(pool, v, "proposed_by", c->proposed_by.name);
  tvalue_sets(pool, v, "ended", over ? instant(r, c->what == EMBARGO_ENDED ? c->before : clock_now(&r->g->clock)) : "");
  tvalue_sets(pool, v, "reason", c->reason);
  tvalue_setb(pool, v, "because_public", c->cause == EMBARGO_CAUSE_PUBLIC);
  tvalue_setb(pool, v, "because_exploit", c->cause == EMBARGO_CAUSE_EXPLOIT);
  tvalue_setb(pool, v, "because_attacks", c->cause == EMBARGO_CAUSE_ATTACKS);
  return v;
}

static void keep(struct telling *t, struct outgoing *o)
{
  struct embargo_letters *l = t->out;
  l->letter = pool_grow(t->r->pool, l->letter, l->count, &l->cap, sizeof *l->letter);
  l->letter[l->count++] = o;
}

static const char *serial(const struct telling *t)
{
  const struct embargo_change *c = t->change;
  return pool_printf(t->r->pool, "embargo-%s-%" PRId64 "-%" PRId64 "-%" PRId64 "-%zu", embargo_what_name(c->what), c->before, c->until,
                     c->proposed, t->r->work.out_count + t->out->count);
}

/* ---- to whom it concerns ---- */
/* A key that this very mail brought or accepted is in the store only after the commit. */
static enum status key_now(struct run *r, const char *address, struct stored_key *k, bool *found, struct fault *err)
{
  const struct work *w = &r->work;
  for (size_t i = 0; i < w->key_count; i++)
    if (!w->key[i].key.waits && text_ieq(w->key[i].key.address, address)) {
      *k = w->key[i].key;
      *found = true;
      return ST_OK;
    }
  for (size_t i = 0; i < w->key_op_count; i++)
    if (w->key_op[i].what == KEY_OP_ACCEPT && text_ieq(w->key_op[i].address, address))
      return store_key_by_fpr(r->g->store, r->pool, w->key_op[i].fingerprint, k, found, err);
  return store_key_get(r->g->store, r->pool, address, k, found, err);
}

/* Which key: the configuration's for a stakeholder, else the one that we have of the address. None: it goes in clear. */
static enum status key_of(struct run *r, const struct party *p, struct letter_spec *s, struct fault *err)
{
  const struct conf_stakeholder *known = text_empty(p->stakeholder) ? NULL : conf_stakeholder_by_name(r->g->conf, p->stakeholder);
  s->language = known ? known->language : r->g->conf->language;
  if (known) {
    s->encrypt = gate_stakeholder_key(r->g, known)->usable;
    s->fingerprint = s->encrypt ? known->fingerprint : "";
    return ST_OK;
  }
  struct stored_key k;
  bool found = false;
  enum status st = key_now(r, p->address, &k, &found, err);
  if (st || !found || !k.key.len || (k.expires && k.expires <= clock_now(&r->g->clock)))
    return st;
  s->encrypt = true;
  s->fingerprint = k.fingerprint;
  s->key = k.key;
  return ST_OK;
}

static bool is_over(const struct embargo_change *c)
{
  return c->what == EMBARGO_TERMINATED || c->what == EMBARGO_ENDED;
}

/* Whoever was bound hears of the end, although an analyst has removed them since. */
static bool hears_of(const struct embargo_change *c, const struct party *p)
{
  return is_over(c) ? embargo_bound(p) : embargo_concerns(p);
}

static enum status write_to_party(struct run *r, const struct embargo_change *c, const struct party *p, struct letter_spec *s,
                                  struct outgoing **out, struct fault *err)
{
  bool bound = hears_of(c, p);
  struct embargo_change said = *c;
  if (!bound) { /* only invited: what is public, and nobody's reason */
    said.reason = "";
    said.before = said.what == EMBARGO_ENDED ? c->before : 0;
    said.cause = EMBARGO_CAUSE_SAID;
  }
  s->kind = "embargo";
  s->template_name = bound ? letter_of[c->what] : "embargo/invited";
  s->to_name = p->name;
  s->to_address = p->address;
  s->auto_submitted = "auto-generated";
  s->attach_key = !s->encrypt;
  struct vuln_case *view = bound ? case_view(r->pool, s->vc, p) : case_public_view(r->pool, s->vc, p);
  struct tvalue *v = write_vars(r, view, s->language);
  tvalue_set(r->pool, v, "embargo", change_vars(r, &said, p->address));
  enum status st = write_letter(r, s, v, out, NULL, err);
  if (!st)
    (*out)->embargo = c;
  return st;
}

/* The key failed: the same without what only an encrypted letter says. */
static enum status in_clear_instead(struct run *r, struct outgoing *o, struct outgoing **instead, struct fault *err)
{
  struct letter_spec s = { .vc = o->vc, .party = o->party, .language = o->draft.language,
                           .serial = pool_printf(r->pool, "%s-clear", o->draft.message_id) };
  return write_to_party(r, o->embargo, &o->vc->party[o->party.index], &s, instead, err);
}

static enum status tell_party(struct telling *t, size_t index, struct fault *err)
{
  struct run *r = t->r;
  const struct party *p = &t->vc->party[index];
  struct letter_spec s = { .vc = t->vc, .party = { t->vc, index }, .serial = serial(t), .fingerprint = "" };
  struct outgoing *o;
  enum status st = key_of(r, p, &s, err);
  if (!st)
    st = write_to_party(r, t->change, p, &s, &o, err);
  if (st)
    return st;
  if (s.encrypt)
    o->fallback = in_clear_instead;
  keep(t, o);
  buf_printf(&t->told, "%s%s%s", t->told.len ? ", " : "", p->address,
             !hears_of(t->change, p) ? " (only invited: that it is over)"
             : s.encrypt             ? ""
                                     : " (in clear, without the reason)");
  return ST_OK;
}

/* ---- to the analysts ---- */
static bool is_member(const struct vuln_case *vc, const struct conf_analyst *a)
{
  return case_has_member(vc, a->name, MEMBER_ASSIGNEE) || case_has_member(vc, a->name, MEMBER_WATCHER);
}

/* Who acts has a receipt; who works on the case hears of a colleague's commands already (internal/event). */
static bool hears(const struct telling *t, const struct conf_analyst *a)
{
  const struct conf *c = t->r->g->conf;
  bool any = false;
  if (a == t->actor)
    return false;
  if (t->change->what == EMBARGO_DOUBTED)
    return a->lead;
  if (t->actor && is_member(t->vc, a))
    return false;
  for (size_t i = 0; i < c->analyst_count; i++)
    any |= analyst_gets_case(&c->analyst[i], t->vc);
  return any ? analyst_gets_case(a, t->vc) : analyst_gets_alarm(c, a);
}

static enum status tell_analyst(struct telling *t, const struct conf_analyst *a, struct fault *err)
{
  struct run *r = t->r;
  struct letter_spec s = { .kind = "alarm", .template_name = "internal/embargo", .vc = t->vc, .auto_submitted = "auto-generated",
                           .serial = serial(t) };
  struct tvalue *v = write_vars(r, t->vc, a->language), *c = change_vars(r, t->change, NULL);
  struct outgoing *o;
  tvalue_sets(r->pool, c, "told", buf_str(&t->told));
  tvalue_set(r->pool, v, "embargo", c);
  enum status st = write_to_analyst(r, a, &s, v, &o, err);
  if (st)
    return st;
  o->droppable = true;
  keep(t, o);
  return ST_OK;
}

/* After a merge one person may be two parties, and some of the parties' date may be what it was. */
static bool is_told(const struct telling *t, size_t index)
{
  const struct vuln_case *vc = t->vc;
  const struct embargo_change *c = t->change;
  if (!hears_of(c, &vc->party[index]) || index < c->first_party || (c->end_party && index >= c->end_party))
    return false;
  for (size_t i = c->first_party; i < index; i++)
    if (hears_of(c, &vc->party[i]) && text_ieq(vc->party[i].address, vc->party[index].address))
      return false;
  return true;
}

/* Whose invitation has gone out, and who never answered it. */
static enum status tell_invited(struct telling *t, size_t index, struct fault *err)
{
  const struct vuln_case *vc = t->vc;
  const struct party *p = &vc->party[index];
  bool sent = false;
  if (!is_over(t->change) || !embargo_only_invited(p))
    return ST_OK;
  for (size_t i = 0; i < vc->party_count; i++)
    if (text_ieq(vc->party[i].address, p->address) && (hears_of(t->change, &vc->party[i]) || (i < index && embargo_only_invited(&vc->party[i]))))
      return ST_OK;
  enum status st = party_was_written(t->r, vc, p, &sent, err);
  return !st && sent ? tell_party(t, index, err) : st;
}

enum status embargo_write_letters(struct run *r, struct vuln_case *vc, const struct embargo_change *change,
                                  const struct conf_analyst *actor, struct embargo_letters *out, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct telling t = { .r = r, .vc = vc, .change = change, .actor = actor, .told = buf_new(r->pool, 80), .out = out };
  *out = (struct embargo_letters){ 0 };
  if (change->what == EMBARGO_UNCHANGED || (vc->spam && !actor))
    return ST_OK;
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < vc->party_count && !vc->spam && change->what != EMBARGO_DOUBTED; i++)
    st = is_told(&t, i) ? tell_party(&t, i, err) : tell_invited(&t, i, err);
  for (size_t i = 0; !st && i < c->analyst_count; i++)
    if (hears(&t, &c->analyst[i]))
      st = tell_analyst(&t, &c->analyst[i], err);
  return st;
}

enum status embargo_tell(struct run *r, struct vuln_case *vc, const struct embargo_change *change, const struct conf_analyst *actor,
                         struct fault *err)
{
  struct embargo_letters l;
  enum status st = embargo_write_letters(r, vc, change, actor, &l, err);
  for (size_t i = 0; !st && i < l.count; i++)
    work_out(r, l.letter[i]);
  return st;
}

enum status embargo_changed(struct run *r, struct vuln_case *vc, const struct embargo_change *change, struct fault *err)
{
  struct embargo_change *kept = pool_new_of(r->pool, struct embargo_change);
  *kept = *change;
  work_case(r, vc);
  if (!text_empty(change->kind))
    work_event(r, vc, change->kind, text_empty(change->recorded_by) ? change->by.name : change->recorded_by, "%s", change->text);
  return embargo_tell(r, vc, kept, NULL, err);
}

/* A preview shows what would go out; the analysts' own mails are of no interest. */
enum status effect_embargo(struct doing *d, const struct effect *e, struct fault *err)
{
  struct vuln_case *vc = d->plan->vc[e->vc];
  struct embargo_letters l;
  if (!e->preview_only && !d->mail->dry_run)
    return embargo_tell(d->r, vc, e->embargo, d->a, err);
  enum status st = embargo_write_letters(d->r, vc, e->embargo, d->a, &l, err);
  for (size_t i = 0; !st && i < l.count; i++)
    if (l.letter[i]->party.vc)
      effect_show_letter(d, l.letter[i], "preview: not sent");
  return st;
}
