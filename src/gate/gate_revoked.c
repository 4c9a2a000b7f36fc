/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: a revocation that comes by mail for a key that the configuration names: an analyst's, a stakeholder's, our own. It is the key's own
 * word, whoever sends it, and acts at once: the key is used for nothing more, before anybody has replaced its file. The store keeps it, so
 * that the old copy in the file counts for nothing after a restart either. */
#include "gate_private.h"

#define KNOWN_MAX 64 /* analysts' and stakeholders' keys to which a bare certificate is held */

/* A key that the configuration names, and whose it is. */
struct configured {
  const char *owner, *address, *fingerprint;
  const struct conf_analyst *analyst; /* NULL: no analyst's */
  struct pgp_cert *cert;
  bool *usable;
  const char **problem;
  bool own;
};

static bool configured(struct gate *g, size_t i, struct configured *out)
{
  const struct conf *c = g->conf;
  *out = (struct configured){ 0 };
  if (i == 0) {
    *out = (struct configured){ .owner = "this gateway", .address = c->address, .fingerprint = g->own.fpr, .cert = &g->own, .own = true };
    return true;
  }
  i--;
  if (i < c->analyst_count) {
    struct analyst_key *k = &g->analyst[i];
    *out = (struct configured){ .owner = c->analyst[i].name, .address = c->analyst[i].address, .fingerprint = c->analyst[i].fingerprint,
                                .analyst = &c->analyst[i], .cert = &k->cert, .usable = &k->usable, .problem = &k->problem };
    return true;
  }
  i -= c->analyst_count;
  if (i >= c->stakeholder_count)
    return false;
  struct stakeholder_key *k = &g->stakeholder[i];
  *out = (struct configured){ .owner = c->stakeholder[i].name, .address = c->stakeholder[i].address,
                              .fingerprint = c->stakeholder[i].fingerprint ? c->stakeholder[i].fingerprint : "", .cert = &k->cert,
                              .usable = &k->usable, .problem = &k->problem };
  return true;
}

size_t revoked_candidates(struct run *r, struct bytes *out, size_t max)
{
  struct gate *g = r->g;
  const char *from = r->rd.view.from.address;
  bool analyst = !text_empty(from) && conf_analyst_by_address(g->conf, from);
  struct configured k;
  size_t n = 0;
  for (size_t i = 0; n < max && i < KNOWN_MAX && configured(g, i, &k); i++)
    if (k.cert->key.len && (k.own || analyst || text_ieq(k.address, from)))
      out[n++] = k.cert->key;
  return n;
}

static bool brings_revocation(const struct run *r, const char *fingerprint)
{
  for (size_t i = 0; i < r->rd.cert_count; i++)
    if ((r->rd.cert[i].flags & PGP_CERT_REVOKED) && !strcmp(r->rd.cert[i].fpr, fingerprint))
      return true;
  return false;
}

bool revoked_now(const struct run *r, const char *fingerprint)
{
  struct configured k;
  if (text_empty(fingerprint))
    return false;
  for (size_t i = 0; configured(r->g, i, &k); i++)
    if (!strcmp(k.fingerprint, fingerprint))
      return (k.cert->flags & PGP_CERT_REVOKED) || brings_revocation(r, fingerprint);
  return false;
}

bool revoked_recorded(struct gate *g, const char *fingerprint)
{
  AUTO(pool_freep) struct pool *pool = pool_new("revoked");
  struct stored_key k;
  bool found = false;
  struct fault err = { 0 };
  if (store_key_by_fpr(g->store, pool, fingerprint, &k, &found, &err)) {
    log_event(&g->log, LOG_LEVEL_ERR, "whether a key was revoked cannot be looked up", LOG_STR("why", err.text));
    return false;
  }
  return found && k.expires == STORED_KEY_REVOKED;
}

/* Everybody but its owner, who may not be the one that sends mail with it now. */
static enum status tell(struct run *r, const struct configured *k, struct fault *err)
{
  const struct conf *c = r->g->conf;
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < c->analyst_count; i++) {
    struct outgoing *o;
    struct letter_spec s = { .kind = "alarm", .template_name = "internal/key-revoked", .auto_submitted = "auto-generated",
                             .serial = pool_printf(r->pool, "revoked-%s", k->fingerprint) };
    if (&c->analyst[i] == k->analyst)
      continue;
    struct tvalue *vars = write_vars(r, NULL, c->analyst[i].language);
    template_put(r->pool, vars, "key.owner", k->owner);
    template_put(r->pool, vars, "key.fpr", pgp_fpr_pretty(r->pool, k->fingerprint));
    template_put(r->pool, vars, "key.ours", k->own ? "yes" : "");
    st = write_to_analyst(r, &c->analyst[i], &s, vars, &o, err);
    if (st)
      return st;
    o->droppable = true;
    work_out(r, o);
  }
  return st;
}

/* Our own signs the alarm yet. */
void revoked_use_no_more(struct run *r)
{
  struct configured k;
  for (size_t i = 1; configured(r->g, i, &k); i++)
    if (!text_empty(k.fingerprint) && brings_revocation(r, k.fingerprint)) {
      k.cert->flags |= PGP_CERT_REVOKED;
      *k.usable = false;
      *k.problem = REVOKED_PROBLEM;
    }
}

static enum status take(struct run *r, const struct configured *k, const struct pgp_cert *cert, struct fault *err)
{
  struct work *w = &r->work;
  if (revoked_recorded(r->g, k->fingerprint))
    return ST_OK;
  log_event(&r->g->log, LOG_LEVEL_ERR, "a key of the configuration was revoked by mail", LOG_STR("of", k->owner),
            LOG_STR("key", k->fingerprint), LOG_INT("letter", r->in.id));
  w->key = pool_grow(r->pool, w->key, w->key_count, &w->key_cap, sizeof *w->key);
  w->key[w->key_count++].key = (struct stored_key){ .address = k->address, .fingerprint = k->fingerprint, .tier = TIER_PINNED,
                                                    .seen_at = clock_now(&r->g->clock), .expires = STORED_KEY_REVOKED, .key = cert->key,
                                                    .provenance = pool_printf(r->pool, "revoked by its owner, letter %" PRId64, r->in.id) };
  w->keys_revoked = true;
  w->own_revoked |= k->own;
  return tell(r, k, err);
}

enum status revoked_take_in(struct run *r, struct fault *err)
{
  struct configured k;
  enum status st = ST_OK;
  for (size_t c = 0; !st && c < r->rd.cert_count; c++)
    for (size_t i = 0; !st && (r->rd.cert[c].flags & PGP_CERT_REVOKED) && r->rd.cert[c].key.len && configured(r->g, i, &k); i++)
      if (!text_empty(k.fingerprint) && !strcmp(k.fingerprint, r->rd.cert[c].fpr))
        st = take(r, &k, &r->rd.cert[c], err);
  return st;
}

void revoked_committed(struct gate *g, bool own)
{
  if (!own) {
    gate_ring_again(g);
    return;
  }
  /* The alarm was the last thing that it signed. What is in hand goes on from its record when there is another key. */
  gate_own_revoked(g);
  while (g->runs)
    run_free(g, g->runs);
}
