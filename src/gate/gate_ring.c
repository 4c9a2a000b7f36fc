/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: our own key, the analysts' and the stakeholders' certificates: read from their files, checked by
 * embargod-crypt, built into the working ring. Done at each start and reload; letters wait until the ring is ready. */
#include "gate_private.h"

#include <embargod/file.h>

#include <stdio.h>

#define KEY_FILE_MAX 262144
#define KEYS_AGAIN_MS 30000

const struct analyst_key *gate_analyst_key(const struct gate *g, const struct conf_analyst *a)
{
  size_t i = (size_t)(a - g->conf->analyst);
  invariant(i < g->conf->analyst_count);
  return &g->analyst[i];
}

const struct stakeholder_key *gate_stakeholder_key(const struct gate *g, const struct conf_stakeholder *s)
{
  size_t i = (size_t)(s - g->conf->stakeholder);
  invariant(i < g->conf->stakeholder_count);
  return &g->stakeholder[i];
}

static void trouble(struct gate *g, const char *what)
{
  g->keys_failed = true;
  g->keys_again = clock_mono(&g->clock) + KEYS_AGAIN_MS;
  snprintf(g->keys_trouble, sizeof g->keys_trouble, "%s", what);
  log_event(&g->log, LOG_LEVEL_ERR, "keys: no letter can be handled", LOG_STR("why", what));
}

static void ring_built(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct gate *g = self;
  if (wire_type(answer) != CRYPT_RING_OK) {
    const char *why = wire_gets(answer, TAG_TEXT);
    trouble(g, pool_printf(pool, "building the key ring: %s", why ? why : "embargod-crypt died"));
    return;
  }
  g->ring_ready = true;
  g->wake_held = true; /* at the start, after a reload, when trouble with the keys is over */
  log_event(&g->log, LOG_LEVEL_INFO, "keys ready", LOG_STR("own", g->own.fpr));
  gate_notify(g, "READY=1\nSTATUS=watching %zu inboxes", g->inbox_count);
}

static void ring_build(struct gate *g)
{
  AUTO(pool_freep) struct pool *pool = pool_new("ring");
  struct wire_msg *m = wire_new(pool, CRYPT_RING, 0);
  size_t good = 0;
  for (size_t i = 0; i < g->conf->analyst_count; i++) {
    if (!g->analyst[i].usable)
      continue;
    wire_put(m, CRYPT_TAG_KEY, g->analyst[i].cert.key);
    good++;
  }
  for (size_t i = 0; i < g->conf->stakeholder_count; i++)
    if (g->stakeholder[i].usable)
      wire_put(m, CRYPT_TAG_KEY, g->stakeholder[i].cert.key);
  if (!good)
    log_event(&g->log, LOG_LEVEL_ERR, "no analyst has a usable key: letters are held until one has");
  helper_submit(g->crypt, m, ring_built, g);
}

struct key_check {
  struct gate *g;
  const char *who, *fingerprint, *address, *file;
  struct pgp_cert *cert;
  bool *usable;
  const char **problem;
};

static void key_bad(struct key_check *k, const char *why)
{
  *k->problem = pool_strdup(k->g->key_pool, why);
  log_event(&k->g->log, LOG_LEVEL_ERR, "key cannot be used", LOG_STR("of", k->who), LOG_STR("why", why));
}

static void address_missing(struct key_check *k)
{
  *k->problem = pool_printf(
      k->g->key_pool,
      "it is not made out to %s: have that address added to the key (gpg --quick-add-uid), or correct address",
      k->address);
  log_event(&k->g->log, LOG_LEVEL_WARN, "key is used, but", LOG_STR("of", k->who), LOG_STR("why", *k->problem));
}

static const char *cert_problem(const struct pgp_cert *c, int64_t now)
{
  if (c->flags & PGP_CERT_REVOKED)
    return "it is revoked: put their new key into key_file and its fingerprint into the configuration";
  if ((c->flags & PGP_CERT_EXPIRED) || (c->expires && c->expires <= now))
    return "it has expired: get their renewed key and put it into key_file";
  if (!pgp_cert_usable(c, now))
    return "it cannot encrypt: get a key with an encryption subkey";
  return NULL;
}

static void key_found(struct key_check *k, const struct pgp_cert *found)
{
  bool revoked = revoked_recorded(k->g, found->fpr);
  const char *why = revoked ? REVOKED_PROBLEM : cert_problem(found, clock_now(&k->g->clock));
  *k->cert = *found;
  k->cert->flags |= revoked ? PGP_CERT_REVOKED : 0;
  k->cert->key = pool_bytes_dup(k->g->key_pool, found->key);
  if (why)
    key_bad(k, why);
  else
    *k->usable = true;
  if (!why &&
      !pgp_cert_has_address(k->cert, k->address)) /* the fingerprint decides; their mail program may not find the key */
    address_missing(k);
}

static const struct pgp_cert *cert_of(const struct key_check *k, const struct pgp_cert *cert, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (!strcmp(cert[i].fpr, k->fingerprint))
      return &cert[i];
  return NULL;
}

static void keys_answered(struct gate *g)
{
  if (--g->keys_waiting == 0)
    ring_build(g);
}

static void key_checked(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct key_check *k = self;
  struct gate *g = k->g;
  struct pgp_cert *cert = NULL;
  size_t count = 0;
  struct fault err = { 0 };
  if (wire_type(answer) != CRYPT_INSPECTED) {
    const char *why = wire_gets(answer, TAG_TEXT);
    key_bad(k, why ? why : "embargod-crypt died on it");
  } else if (pgp_certs_get(answer, g->key_pool, &cert, &count, &err)) {
    key_bad(k, err.text);
  } else {
    const struct pgp_cert *found = cert_of(k, cert, count);
    if (found)
      key_found(k, found);
    else
      key_bad(k, "the key file holds no key with the configured fingerprint");
  }
  keys_answered(g);
}

/* False: it cannot be read, which is told. */
static bool key_file_put(struct key_check *k, struct pool *pool, struct wire_msg *m)
{
  struct fault err = { 0 };
  struct bytes data;
  if (file_read(pool, k->file, KEY_FILE_MAX, &data, &err)) {
    key_bad(k, err.text);
    return false;
  }
  wire_put(m, TAG_BYTES, data);
  return true;
}

static void key_check_alone(struct key_check *k)
{
  AUTO(pool_freep) struct pool *pool = pool_new("key file");
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECT, 0);
  if (!key_file_put(k, pool, m))
    return;
  k->g->keys_waiting++;
  helper_submit(k->g->crypt, m, key_checked, k);
}

/* ---- several at a time: a run of gpg costs more than ten keys ---- */
#define KEY_BATCH 8
struct key_batch {
  struct gate *g;
  struct key_check *check[KEY_BATCH];
  size_t count;
};

/* Who is missing is asked for alone, which says what is wrong. */
static void batch_checked(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct key_batch *b = self;
  struct pgp_cert *cert = NULL;
  size_t count = 0;
  struct fault err = { 0 };
  if (wire_type(answer) != CRYPT_INSPECTED || pgp_certs_get(answer, b->g->key_pool, &cert, &count, &err))
    count = 0;
  for (size_t i = 0; i < b->count; i++) {
    const struct pgp_cert *found = cert_of(b->check[i], cert, count);
    if (found)
      key_found(b->check[i], found);
    else
      key_check_alone(b->check[i]);
  }
  keys_answered(b->g);
}

static void batch_submit(struct key_batch *b)
{
  AUTO(pool_freep) struct pool *pool = pool_new("key files");
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECT, 0);
  size_t n = 0;
  for (size_t i = 0; i < b->count; i++)
    if (key_file_put(b->check[i], pool, m))
      b->check[n++] = b->check[i];
  b->count = n;
  if (!n)
    return;
  b->g->keys_waiting++;
  helper_submit(b->g->crypt, m, batch_checked, b);
}

static struct key_batch *batch_add(struct key_batch *b, struct key_check *k)
{
  struct gate *g = k->g;
  if (b && b->count == KEY_BATCH) {
    batch_submit(b);
    b = NULL;
  }
  if (!b) {
    b = pool_new_of(g->key_pool, struct key_batch);
    b->g = g;
  }
  b->check[b->count++] = k;
  return b;
}

static struct key_check *check_new(struct gate *g, const char *who, const char *fingerprint)
{
  struct key_check *k = pool_new_of(g->key_pool, struct key_check);
  k->g = g;
  k->who = who;
  k->fingerprint = fingerprint;
  return k;
}

static void keys_check(struct gate *g)
{
  const struct conf *c = g->conf;
  struct key_batch *batch = NULL;
  g->keys_waiting = 1; /* ours, until all are asked for */
  for (size_t i = 0; i < c->analyst_count; i++) {
    struct key_check *k = check_new(g, c->analyst[i].name, c->analyst[i].fingerprint);
    k->address = c->analyst[i].address;
    k->cert = &g->analyst[i].cert;
    k->usable = &g->analyst[i].usable;
    k->problem = &g->analyst[i].problem;
    k->file = c->analyst[i].key_file;
    batch = batch_add(batch, k);
  }
  for (size_t i = 0; i < c->stakeholder_count; i++) {
    if (!c->stakeholder[i].key_file)
      continue;
    struct key_check *k = check_new(g, c->stakeholder[i].name, c->stakeholder[i].fingerprint);
    k->address = c->stakeholder[i].address;
    k->cert = &g->stakeholder[i].cert;
    k->usable = &g->stakeholder[i].usable;
    k->problem = &g->stakeholder[i].problem;
    k->file = c->stakeholder[i].key_file;
    batch = batch_add(batch, k);
  }
  if (batch)
    batch_submit(batch);
  keys_answered(g);
}

static const struct pgp_cert *own_pick(struct gate *g, const struct pgp_cert *cert, size_t count)
{
  const struct pgp_cert *best = NULL;
  for (size_t i = 0; i < count; i++) {
    if (g->conf->signing_key && strcmp(g->conf->signing_key, cert[i].fpr))
      continue;
    if (pgp_cert_usable(&cert[i], clock_now(&g->clock)) && !revoked_recorded(g, cert[i].fpr) && (!best || cert[i].created > best->created))
      best = &cert[i];
  }
  return best;
}

static bool any_revoked(struct gate *g, const struct pgp_cert *cert, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if ((!g->conf->signing_key || !strcmp(g->conf->signing_key, cert[i].fpr)) &&
        ((cert[i].flags & PGP_CERT_REVOKED) || revoked_recorded(g, cert[i].fpr)))
      return true;
  return false;
}

void gate_own_revoked(struct gate *g)
{
  g->ring_ready = false;
  trouble(g, "our own key was revoked: nothing is signed by it; make a new one, name it in signing_key, publish it, and reload");
  g->keys_again = INT64_MAX; /* no look of ours changes that */
}

void gate_ring_again(struct gate *g)
{
  if (g->ring_ready && g->crypt)
    ring_build(g);
}

static void own_known(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct gate *g = self;
  struct pgp_cert *cert = NULL;
  size_t count = 0;
  struct fault err = { 0 };
  if (wire_type(answer) != CRYPT_OWNED) {
    const char *why = wire_gets(answer, TAG_TEXT);
    trouble(g, pool_printf(pool, "listing our own keys: %s", why ? why : "embargod-crypt died"));
    return;
  }
  if (pgp_certs_get(answer, g->key_pool, &cert, &count, &err)) {
    trouble(g, err.text);
    return;
  }
  const struct pgp_cert *own = own_pick(g, cert, count);
  if (!own && any_revoked(g, cert, count)) {
    gate_own_revoked(g);
    return;
  }
  if (!own) {
    trouble(g, pool_printf(pool,
                           "%s holds no usable secret key%s%s: import it from your backup (gpg --homedir %s --import "
                           "FILE), or renew it "
                           "when it has expired (gpg --quick-set-expire), and reload",
                           g->conf->gnupg_home, g->conf->signing_key ? " " : "",
                           g->conf->signing_key ? g->conf->signing_key : "", g->conf->gnupg_home));
    return;
  }
  g->own = *own;
  g->own.key = pool_bytes_dup(g->key_pool, own->key);
  keys_check(g);
}

void gate_ring_start(struct gate *g)
{
  pool_reset(g->key_pool);
  g->ring_ready = g->keys_failed = false;
  g->analyst = pool_array(g->key_pool, g->conf->analyst_count + 1, sizeof *g->analyst);
  g->stakeholder = pool_array(g->key_pool, g->conf->stakeholder_count + 1, sizeof *g->stakeholder);
  for (size_t i = 0; i < g->conf->analyst_count; i++)
    g->analyst[i].analyst = &g->conf->analyst[i];
  for (size_t i = 0; i < g->conf->stakeholder_count; i++)
    g->stakeholder[i].stakeholder = &g->conf->stakeholder[i];
  AUTO(pool_freep) struct pool *pool = pool_new("own");
  helper_submit(g->crypt, wire_new(pool, CRYPT_OWN, 0), own_known, g);
}

/* An agent that was slow, a worker that died: letters must not wait for a person because of that. */
void gate_ring_tick(struct gate *g)
{
  if (g->keys_failed && !g->options.once && g->crypt && clock_mono(&g->clock) >= g->keys_again)
    gate_ring_start(g);
}
