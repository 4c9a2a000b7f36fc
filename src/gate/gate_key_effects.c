/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: #key import, accept, drop. */
#include "gate_effects.h"

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
      return effect_deny(d, e, err, pool_printf(r->pool, "the attached key %s cannot be used: expired, revoked or without encryption", c->fpr));
    const char *address = p && pgp_cert_has_address(c, p->address) ? p->address : c->uid_count ? c->address[0] : "";
    if (text_empty(address))
      return effect_deny(d, e, err, pool_printf(r->pool, "the attached key %s names no address", c->fpr));
    w->key = pool_grow(r->pool, w->key, w->key_count, &w->key_cap, sizeof *w->key);
    w->key[w->key_count++].key = (struct stored_key){ .address = address, .fingerprint = c->fpr, .tier = TIER_PINNED,
                                                      .seen_at = clock_now(&r->g->clock), .expires = c->expires, .key = c->key,
                                                      .provenance = pool_printf(r->pool, "imported by %s", d->a->name) };
    taken++;
    if (p && text_ieq(address, p->address))
      p->fingerprint = c->fpr;
  }
  return taken ? ST_OK : effect_deny(d, e, err, "no key is attached: attach the key file (.asc) to the mail that holds #key import");
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
    return effect_deny(d, e, err, pool_printf(r->pool, "no stored key has the fingerprint %s: #key list shows them", e->args));
  const char *address = text_empty(e->text) ? k.address : e->text;
  w->key_op = pool_grow(r->pool, w->key_op, w->key_op_count, &w->key_op_cap, sizeof *w->key_op);
  w->key_op[w->key_op_count].accept = accept;
  w->key_op[w->key_op_count].fingerprint = fpr;
  w->key_op[w->key_op_count++].address = address;
  return ST_OK;
}

enum status effect_key(struct doing *d, const struct effect *e, struct fault *err)
{
  if (!strcmp(e->what, "import"))
    return key_import(d, e, err);
  return key_change(d, e, !strcmp(e->what, "accept"), err);
}
