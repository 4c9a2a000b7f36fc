/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: certificates that letters bring (attached, Autocrypt) or that WKD has, and which key a reporter is written to. */
#include "gate_private.h"

#include <embargod/wkd.h>

#define BROUGHT_MAX 4
#define CERTS_KEPT 8
#define CONFIGURED_MAX 32

/* ---- inspection: embargod-crypt says what each is and cleans it ---- */
static void keys_done(struct run *r)
{
  if (r->waiting)
    return;
  if (r->failed) {
    struct fault err = r->fault;
    run_fail(r, &err);
    return;
  }
  if (r->looked_up)
    run_goto(r, RUN_DECIDE);
  else if (!read_reopen(r))
    run_goto(r, RUN_LOOKUP);
}

/* How a certificate came. */
struct source {
  bool autocrypt, covered;
};

static void inspected(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  const struct source *from = arg;
  struct pgp_cert *cert = NULL;
  size_t n = 0;
  struct fault err = { 0 };
  if (!run_answer_ok(r, answer, CRYPT_INSPECTED, "inspect keys")) {
    /* An unreadable key is no reason to lose its letter. */
    if (r->fault.status == ST_REJECT) {
      r->failed = false;
      fault_clear(&r->fault);
    }
  } else if (!pgp_certs_get(answer, r->pool, &cert, &n, &err)) {
    for (size_t i = 0; i < n && r->rd.cert_count < CERTS_KEPT; i++) {
      r->rd.cert_autocrypt[r->rd.cert_count] = from->autocrypt;
      r->rd.cert_covered[r->rd.cert_count] = from->covered;
      r->rd.cert[r->rd.cert_count] = cert[i];
      r->rd.cert[r->rd.cert_count++].key = pool_bytes_dup(r->pool, cert[i].key);
    }
  }
  keys_done(r);
}

/* A revocation certificate may come without its key: it can only be for one that we have of its sender, or that the configuration names. */
static void put_known(struct run *r, struct wire_msg *m)
{
  struct bytes configured[CONFIGURED_MAX];
  size_t most = revoked_candidates(r, configured, CONFIGURED_MAX);
  for (size_t i = 0; i < most; i++)
    wire_put(m, CRYPT_TAG_KEY, configured[i]);
  const char *from = r->rd.view.from.address;
  struct stored_key *key = NULL;
  struct fault err = { 0 };
  size_t n = 0;
  if (!text_empty(from) && !store_key_list(r->g->store, r->pool, from, &key, &n, &err))
    for (size_t i = 0; i < n && i < BROUGHT_MAX; i++)
      wire_put(m, CRYPT_TAG_KEY, key[i].key);
}

static void inspect(struct run *r, struct bytes data, struct source from)
{
  AUTO(pool_freep) struct pool *pool = pool_new("inspect");
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECT, 0);
  struct source *kept = pool_new_of(r->pool, struct source);
  *kept = from;
  wire_put(m, TAG_BYTES, data);
  if (!from.autocrypt)
    put_known(r, m);
  run_submit(r, r->g->crypt, m, inspected, kept);
}

/* Under the signature of what was written: main, and what lies in it. */
static bool covered(const struct reading *rd, unsigned layer)
{
  int at = (int)layer;
  while (at > 0 && at != (int)rd->main)
    at = rd->layer[at].parent;
  return rd->main > 0 && at == (int)rd->main;
}

/* The header of the letter is under nobody's signature; one among the protected headers is. */
static bool autocrypt_inside(struct run *r, struct bytes *key)
{
  const struct reading *rd = &r->rd;
  for (int at = (int)rd->main; at > 0; at = rd->layer[at].parent) {
    const char *value = rd->layer[at].parsed ? parts_header(&rd->layer[at].table, 0, "Autocrypt") : NULL;
    if (!text_empty(value) && mail_autocrypt_parse(r->pool, value, rd->view.from.address, key))
      return true;
  }
  return false;
}

void keys_inspect(struct run *r)
{
  struct reading *rd = &r->rd;
  rd->cert = pool_array(r->pool, CERTS_KEPT, sizeof *rd->cert);
  size_t asked = 0;
  for (unsigned i = 0; i < rd->count && asked < BROUGHT_MAX; i++) {
    struct bytes key[BROUGHT_MAX];
    size_t n = rd->layer[i].parsed ? mail_keys_attached(r->pool, &rd->layer[i].table, key, BROUGHT_MAX - asked) : 0;
    for (size_t k = 0; k < n; k++, asked++)
      inspect(r, key[k], (struct source){ .covered = covered(rd, i) });
  }
  struct bytes autocrypt;
  if (!text_empty(rd->view.from.address) && autocrypt_inside(r, &autocrypt))
    inspect(r, autocrypt, (struct source){ .autocrypt = true, .covered = true });
  else if (!text_empty(rd->view.autocrypt) && !text_empty(rd->view.from.address) &&
           mail_autocrypt_parse(r->pool, rd->view.autocrypt, rd->view.from.address, &autocrypt))
    inspect(r, autocrypt, (struct source){ .autocrypt = true });
  keys_done(r);
}

/* ---- WKD: advanced, then direct; only for senders whose key is unknown ---- */
static void wkd_got(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct bytes key;
  const char *direct = arg;
  if (wire_type(answer) == SEND_GOT && wire_get(answer, TAG_BYTES, &key) && key.len) {
    r->wkd = true;
    r->rd.wkd_first = r->rd.cert_count;
    inspect(r, key, (struct source){ 0 });
    return;
  }
  if (direct && wire_geti(answer, SEND_TAG_CODE, 0) == SEND_NO_HOST) {
    struct wire_msg *m = wire_new(pool, SEND_GET, 0);
    wire_puts(m, SEND_TAG_URL, direct);
    wire_puti(m, SEND_TAG_MAX, 262144);
    run_submit(r, r->g->https, m, wkd_got, NULL);
    return;
  }
  run_goto(r, RUN_DECIDE); /* no key there: that is no fault */
}

static bool wkd_wanted(struct run *r)
{
  const struct gate *g = r->g;
  const char *from = r->rd.view.from.address;
  if (!g->https || r->looked_up || text_empty(from) || r->rd.automatic || conf_analyst_by_address(g->conf, from))
    return false;
  struct stored_key known;
  bool found = false;
  struct fault err = { 0 };
  return !keys_choose(r, from, &known, &found, &err) && !found;
}

void keys_lookup(struct run *r)
{
  bool wanted = wkd_wanted(r);
  r->looked_up = true;
  struct wkd_urls url;
  if (!wanted || !send_wkd_url(r->pool, r->rd.view.from.address, &url)) {
    run_goto(r, RUN_DECIDE);
    return;
  }
  AUTO(pool_freep) struct pool *pool = pool_new("wkd");
  struct wire_msg *m = wire_new(pool, SEND_GET, 0);
  wire_puts(m, SEND_TAG_URL, url.advanced);
  wire_puti(m, SEND_TAG_MAX, 262144);
  run_submit(r, r->g->https, m, wkd_got, url.direct);
}

/* ---- a party's key in its other cases ---- */
#define ROLLED_BY "signed for with the old key "
#define ROLLS_MAX 16

/* Did the owner of `from` go over, step by step, to k? */
static enum status descends(struct run *r, const char *address, const struct stored_key *k, const char *from, bool *yes, struct fault *err)
{
  struct stored_key *all = NULL;
  const char *at = k->fingerprint;
  size_t n = 0;
  enum status st = store_key_list(r->g->store, r->pool, address, &all, &n, err);
  *yes = false;
  for (size_t step = 0; !st && step < ROLLS_MAX && !*yes && at; step++) {
    const char *before = NULL;
    for (size_t i = 0; i < n; i++)
      if (!strcmp(all[i].fingerprint, at) && text_istarts(all[i].provenance, ROLLED_BY))
        before = pool_strndup(r->pool, all[i].provenance + strlen(ROLLED_BY), strlen(from));
    *yes = before && !strcmp(before, from);
    at = before;
  }
  return st;
}

enum status keys_follow(struct run *r, struct party *p, struct fault *err)
{
  struct stored_key k;
  bool found = false, proved = false;
  if (text_empty(p->fingerprint) || (!text_empty(p->stakeholder) && conf_stakeholder_by_name(r->g->conf, p->stakeholder)))
    return ST_OK;
  enum status st = store_key_get(r->g->store, r->pool, p->address, &k, &found, err);
  if (st || !found || k.expires == STORED_KEY_REVOKED || (!p->key_unproved && !strcmp(k.fingerprint, p->fingerprint)))
    return st;
  proved = k.tier == TIER_PINNED;
  if (!proved && !p->key_unproved)
    st = descends(r, p->address, &k, p->fingerprint, &proved, err);
  if (!st && proved) {
    p->fingerprint = k.fingerprint;
    p->key_unproved = false;
  }
  return st;
}

/* ---- which key ---- */
static enum key_tier tier_of(const struct run *r, size_t i)
{
  const struct reading *rd = &r->rd;
  for (unsigned s = 0; rd->signature && rd->verdict == VERDICT_GOOD && s < rd->signature->sig_count; s++)
    if (!strcmp(rd->signature->sig[s].primary, rd->cert[i].fpr)) /* of a key that we knew before: a refresh */
      return TIER_SIGNED;
  if (r->wkd && i >= rd->wkd_first)
    return TIER_WKD;
  return rd->cert_autocrypt[i] ? TIER_AUTOCRYPT : TIER_ATTACHED;
}

/* A certificate that came with the letter, names the address and can be encrypted to; the best tier. */
static const struct pgp_cert *brought(const struct run *r, const char *address, enum key_tier *tier)
{
  const struct pgp_cert *best = NULL;
  *tier = TIER_NONE;
  for (size_t i = 0; i < r->rd.cert_count; i++) {
    const struct pgp_cert *c = &r->rd.cert[i];
    if (!pgp_cert_has_address(c, address) || !pgp_cert_usable(c, clock_now(&r->g->clock)) || !c->key.len)
      continue;
    enum key_tier t = tier_of(r, i);
    if (t > *tier) {
      *tier = t;
      best = c;
    }
  }
  return best;
}

static bool stored_usable(const struct run *r, const struct stored_key *k)
{
  return k->key.len && (!k->expires || k->expires > clock_now(&r->g->clock));
}

/* Did the letter bring the revocation of that key? embargod-crypt has checked it: it is the key's own word, whoever sends it. */
static const struct pgp_cert *revocation(const struct run *r, const char *fingerprint)
{
  for (size_t i = 0; i < r->rd.cert_count; i++)
    if ((r->rd.cert[i].flags & PGP_CERT_REVOKED) && !strcmp(r->rd.cert[i].fpr, fingerprint))
      return &r->rd.cert[i];
  return NULL;
}

/* ---- a sender goes over to another key ---- */
static bool signed_by_key(const struct run *r, const char *fingerprint)
{
  const struct reading *rd = &r->rd;
  for (unsigned i = 0; rd->signature && i < rd->signature->sig_count; i++)
    if (rd->signature->sig[i].state == PGP_SIG_GOOD && !strcmp(rd->signature->sig[i].primary, fingerprint))
      return true;
  return false;
}

/* Said now, and not said before: an old mail by which somebody once went over to a key does so no second time, whatever key an analyst has
 * accepted since. */
static bool said_anew(const struct run *r, const char *fingerprint, struct replay_key *out)
{
  const struct conf *c = r->g->conf;
  const struct pgp_signature *s = outside_own_signature(r, fingerprint);
  struct fault err = { 0 };
  bool seen = true;
  if (!s || s->made < r->in.recorded_at - c->command_window_s || s->made > r->in.recorded_at + c->command_ahead_s)
    return false;
  *out = (struct replay_key){ .fingerprint = s->primary, .made = s->made };
  sha256_digest(out->sha256, r->rd.signed_bytes);
  return !store_replay_seen(r->g->store, out, &seen, &err) && !seen;
}

/* The letter is signed with the key in use, and the new key lies under that signature: it is its owner's word. */
static const struct pgp_cert *rolled_over(const struct run *r, const char *address, const struct stored_key *known)
{
  const struct reading *rd = &r->rd;
  struct replay_key k;
  if (rd->verdict != VERDICT_GOOD || !stored_usable(r, known) || !signed_by_key(r, known->fingerprint) || !said_anew(r, known->fingerprint, &k))
    return NULL;
  for (int autocrypt = 0; autocrypt < 2; autocrypt++) /* what was attached on purpose comes first */
    for (size_t i = 0; i < rd->cert_count; i++) {
      const struct pgp_cert *c = &rd->cert[i];
      if (rd->cert_covered[i] && rd->cert_autocrypt[i] == (autocrypt == 1) && strcmp(c->fpr, known->fingerprint) && c->key.len &&
          pgp_cert_has_address(c, address) && pgp_cert_usable(c, clock_now(&r->g->clock)))
        return c;
    }
  return NULL;
}

/* What the letter brings for that address: the key that its owner goes over to, else the best. */
static const struct pgp_cert *brought_or_rolled(const struct run *r, const char *address, const struct stored_key *known, enum key_tier *tier)
{
  const struct pgp_cert *c = known ? rolled_over(r, address, known) : NULL;
  if (!c)
    return brought(r, address, tier);
  *tier = known->tier > TIER_SIGNED ? known->tier : TIER_SIGNED;
  return c;
}

/* An old copy of a key that we know as revoked changes nothing. */
static enum status drop_revoked(struct run *r, const struct pgp_cert **c, struct fault *err)
{
  struct stored_key k;
  bool found = false;
  enum status st = *c ? store_key_by_fpr(r->g->store, r->pool, (*c)->fpr, &k, &found, err) : ST_OK;
  if (found && k.expires == STORED_KEY_REVOKED)
    *c = NULL;
  return st;
}

enum status keys_choose(struct run *r, const char *address, struct stored_key *out, bool *found, struct fault *err)
{
  enum status st = store_key_get(r->g->store, r->pool, address, out, found, err);
  if (st)
    return st;
  enum key_tier tier;
  const struct pgp_cert *c = brought_or_rolled(r, address, *found ? out : NULL, &tier);
  st = drop_revoked(r, &c, err);
  if (st)
    return st;
  if (*found && revocation(r, out->fingerprint))
    out->expires = STORED_KEY_REVOKED;
  *found = *found && out->expires != STORED_KEY_REVOKED;
  if (!c || (*found && !key_tier_may_replace(out->tier, out->fingerprint, stored_usable(r, out), tier, c->fpr)))
    return ST_OK;
  *found = true;
  *out = (struct stored_key){ .address = address, .fingerprint = c->fpr, .tier = tier, .key = c->key, .expires = c->expires };
  return ST_OK;
}

static void keep(struct run *r, const struct stored_key *k)
{
  struct work *w = &r->work;
  w->key = pool_grow(r->pool, w->key, w->key_count, &w->key_cap, sizeof *w->key);
  w->key[w->key_count++].key = *k;
}

static enum status keep_revocations(struct run *r, struct fault *err)
{
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < r->rd.cert_count; i++) {
    const struct pgp_cert *c = &r->rd.cert[i];
    struct stored_key k;
    bool found = false;
    if (!(c->flags & PGP_CERT_REVOKED) || !c->key.len)
      continue;
    st = store_key_by_fpr(r->g->store, r->pool, c->fpr, &k, &found, err);
    if (st || !found || k.expires == STORED_KEY_REVOKED)
      continue;
    k.expires = STORED_KEY_REVOKED;
    k.key = c->key;
    k.provenance = pool_printf(r->pool, "revoked by its owner, letter %" PRId64, r->in.id);
    keep(r, &k);
    r->rd.revoked = c->fpr;
  }
  return st;
}

/* Is it the first time that we see this key of theirs? */
static enum status first_sight(struct run *r, const char *address, const char *fpr, bool *first, struct fault *err)
{
  struct stored_key *k = NULL;
  size_t n = 0;
  enum status st = store_key_list(r->g->store, r->pool, address, &k, &n, err);
  *first = true;
  for (size_t i = 0; i < n; i++)
    *first = *first && strcmp(k[i].fingerprint, fpr);
  return st;
}

static void supersede(struct run *r, const char *address, const struct stored_key *old, const char *to)
{
  struct work *w = &r->work;
  w->key_op = pool_grow(r->pool, w->key_op, w->key_op_count, &w->key_op_cap, sizeof *w->key_op);
  w->key_op[w->key_op_count].what = KEY_OP_SUPERSEDE;
  w->key_op[w->key_op_count].fingerprint = old->fingerprint;
  w->key_op[w->key_op_count++].address = address;
  r->rd.rolled_to = to;
  r->work.has_replay = said_anew(r, old->fingerprint, &r->work.replay);
}

/* Keeps what the letter brought. A new key for a known reporter takes effect when the letter is signed with the old one;
 * else it waits for an analyst's word. */
enum status keys_take_in(struct run *r, const char *address, struct fault *err)
{
  struct stored_key known;
  bool found, first = false;
  r->rd.rolled_to = NULL;
  r->rd.new_key = NULL;
  enum status st = keep_revocations(r, err);
  if (!st)
    st = store_key_get(r->g->store, r->pool, address, &known, &found, err);
  enum key_tier tier;
  const struct pgp_cert *c = st ? NULL : brought_or_rolled(r, address, found ? &known : NULL, &tier);
  if (!st)
    st = drop_revoked(r, &c, err);
  if (st || !c)
    return st;
  st = first_sight(r, address, c->fpr, &first, err);
  bool rolled = found && c == rolled_over(r, address, &known);
  if (found && revocation(r, known.fingerprint))
    known.expires = STORED_KEY_REVOKED;
  bool waits = found && !rolled && !key_tier_may_replace(known.tier, known.fingerprint, stored_usable(r, &known), tier, c->fpr);
  keep(r, &(struct stored_key){
    .address = address, .fingerprint = c->fpr, .tier = tier, .seen_at = clock_now(&r->g->clock), .expires = c->expires,
    .waits = waits, .key = c->key,
    .provenance = rolled ? pool_printf(r->pool, ROLLED_BY "%s, letter %" PRId64, known.fingerprint, r->in.id)
                         : pool_printf(r->pool, "%s, letter %" PRId64, key_tier_name(tier), r->in.id)
  });
  if (rolled)
    supersede(r, address, &known, c->fpr);
  if (waits && first)
    r->rd.new_key = c;
  return st;
}
