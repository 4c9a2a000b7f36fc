/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: #key import, accept, drop. */
#include "gate_effects.h"

const struct pgp_cert *effect_attached(const struct run *r, const char *fpr)
{
  for (size_t i = 0; i < r->rd.cert_count; i++)
    if (!r->rd.cert_autocrypt[i] && !strcmp(r->rd.cert[i].fpr, fpr) && pgp_cert_usable(&r->rd.cert[i], clock_now(&r->g->clock)))
      return &r->rd.cert[i];
  return NULL;
}

static enum status key_import(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct work *w = &r->work;
  const struct pgp_cert *c = effect_attached(r, e->args);
  if (!c)
    return effect_deny(d, e, err, pool_printf(r->pool, "the key %s is not attached", e->args));
  w->key = pool_grow(r->pool, w->key, w->key_count, &w->key_cap, sizeof *w->key);
  w->key[w->key_count++].key = (struct stored_key){ .address = e->text, .fingerprint = c->fpr, .tier = TIER_PINNED,
                                                    .seen_at = clock_now(&r->g->clock), .expires = c->expires, .key = c->key,
                                                    .provenance = pool_printf(r->pool, "imported by %s", d->a->name) };
  return ST_OK;
}

/* Imported by an earlier command of the same mail: it is kept for the address that #key accept names. */
static bool accept_imported(struct run *r, const char *fpr, const char *address)
{
  struct work *w = &r->work;
  for (size_t i = 0; i < w->key_count; i++)
    if (!strcmp(w->key[i].key.fingerprint, fpr)) {
      w->key[i].key.address = address;
      return true;
    }
  return false;
}

static enum status key_change(struct doing *d, const struct effect *e, bool accept, struct fault *err)
{
  struct run *r = d->r;
  struct work *w = &r->work;
  struct stored_key k;
  bool found = false;
  const char *fpr = pgp_fpr_normal(r->pool, e->args);
  if (accept && !text_empty(e->text) && accept_imported(r, fpr, e->text))
    return ST_OK;
  enum status st = store_key_by_fpr(r->g->store, r->pool, fpr, &k, &found, err);
  if (st)
    return st;
  if (!found)
    return effect_deny(d, e, err, pool_printf(r->pool, "no stored key has the fingerprint %s: #key list shows them", e->args));
  const char *address = text_empty(e->text) ? k.address : e->text;
  w->key_op = pool_grow(r->pool, w->key_op, w->key_op_count, &w->key_op_cap, sizeof *w->key_op);
  w->key_op[w->key_op_count].what = accept ? KEY_OP_ACCEPT : KEY_OP_DROP;
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
