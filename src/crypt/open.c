/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/open: decrypt and verify. gpgme's return code says nothing about signatures and its plaintext comes before its
 * errors: all signatures are walked, and the plaintext goes out only when everything was right. */
#include <config.h>

#include <embargod/text.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypt_private.h"

#define FUTURE_SLACK_S 300
#define AGENT_WAIT_MS 500

/* ---- signatures ---- */
static const struct {
  gpg_err_code_t code;
  enum pgp_sig_state state;
} sig_states[] = {
  { GPG_ERR_NO_ERROR, PGP_SIG_GOOD },
  { GPG_ERR_NO_PUBKEY, PGP_SIG_UNKNOWN_KEY },
  { GPG_ERR_KEY_EXPIRED, PGP_SIG_EXPIRED_KEY },
  { GPG_ERR_SIG_EXPIRED, PGP_SIG_EXPIRED },
  { GPG_ERR_CERT_REVOKED, PGP_SIG_REVOKED_KEY },
  { GPG_ERR_DIGEST_ALGO, PGP_SIG_WEAK }, /* weak-digest of gpg.conf */
};

static bool strong_hash(gpgme_hash_algo_t algo)
{
  return algo == GPGME_MD_SHA256 || algo == GPGME_MD_SHA384 || algo == GPGME_MD_SHA512;
}

static enum pgp_sig_state state_of(gpgme_signature_t s, int64_t now)
{
  enum pgp_sig_state state = PGP_SIG_BAD;
  for (size_t i = 0; i < ARRAY_LEN(sig_states); i++)
    if (gpgme_err_code(s->status) == sig_states[i].code)
      state = sig_states[i].state;
  if (s->wrong_key_usage)
    state = PGP_SIG_BAD;
  if (state == PGP_SIG_BAD && gpgme_err_code(s->status) == GPG_ERR_GENERAL && !strong_hash(s->hash_algo))
    return PGP_SIG_WEAK;
  if (state == PGP_SIG_BAD || state == PGP_SIG_UNKNOWN_KEY)
    return state;
  if (!strong_hash(s->hash_algo)) /* gpg calls SHA-1 a success */
    return PGP_SIG_WEAK;
  return state == PGP_SIG_GOOD && (int64_t)s->timestamp > now + FUTURE_SLACK_S ? PGP_SIG_FUTURE : state;
}

static void copy_id(char out[PGP_FPR_MAX + 1], const char *id)
{
  snprintf(out, PGP_FPR_MAX + 1, "%s", id ? id : "");
}

/* s->fpr may be a subkey's: its primary key is looked up in the listed keys. */
static void set_primary(struct pgp_signature *out, gpgme_key_t *key, size_t count)
{
  struct crypt_ring view = { .key = key, .count = count };
  size_t i = out->fpr[0] ? crypt_ring_find_any(&view, out->fpr) : SIZE_MAX;
  if (i != SIZE_MAX && key[i]->subkeys)
    copy_id(out->primary, key[i]->subkeys->fpr);
}

static void describe_signature(gpgme_signature_t s, int64_t now, struct pgp_signature *out)
{
  const char *hash = gpgme_hash_algo_name(s->hash_algo);
  *out = (struct pgp_signature){ .state = state_of(s, now), .made = (int64_t)s->timestamp };
  copy_id(out->fpr, s->fpr);
  size_t n = 0;
  for (; hash && hash[n] && n < sizeof out->hash - 1; n++)
    out->hash[n] = (char)(hash[n] >= 'A' && hash[n] <= 'Z' ? hash[n] - 'A' + 'a' : hash[n]);
}

/* With certificates of the request at hand: one that is not the ring's is theirs, and named by gpg itself. */
static void set_extra(const struct crypt_worker *w, const struct crypt_engine *e, struct pgp_signature *sig)
{
  if (e == &w->engine || sig->primary[0] || !sig->fpr[0])
    return;
  copy_id(sig->primary, crypt_engine_primary(e, sig->fpr));
  sig->extra_key = sig->primary[0] != '\0';
}

/* Reads the verification's result. */
static void walk_signatures(struct crypt_worker *w, const struct crypt_engine *e, struct pgp_result *out)
{
  gpgme_verify_result_t v = gpgme_op_verify_result(e->ctx);
  int64_t now = clock_now(&w->clock);
  for (gpgme_signature_t s = v ? v->signatures : NULL; s; s = s->next) {
    if (out->sig_count == PGP_SIGNATURES_MAX) { /* more than anybody needs: none of them counts */
      out->sig[PGP_SIGNATURES_MAX - 1].state = PGP_SIG_BAD;
      return;
    }
    struct pgp_signature *sig = &out->sig[out->sig_count++];
    describe_signature(s, now, sig);
    set_primary(sig, w->ring.key, w->ring.count);
    set_extra(w, e, sig);
    if (sig->state == PGP_SIG_GOOD && !sig->primary[0])
      sig->state = PGP_SIG_UNKNOWN_KEY; /* the ring changed under us: nothing is claimed */
  }
}

/* ---- the operation itself ---- */
enum kind { DECRYPT_VERIFY, UNWRAP, VERIFY_INLINE, VERIFY_DETACHED };
struct attempt {
  enum kind kind;
  struct crypt_engine *engine;
  struct bytes input, signature;
  struct crypt_sink *sink;
  gpgme_error_t error;
  bool timeout;
};

static gpgme_error_t start(gpgme_ctx_t ctx, const struct attempt *a, gpgme_data_t in, gpgme_data_t other)
{
  switch (a->kind) {
  case DECRYPT_VERIFY:
    return gpgme_op_decrypt_verify_start(ctx, in, other);
  case UNWRAP:
    return gpgme_op_decrypt_ext_start(ctx, GPGME_DECRYPT_UNWRAP, in, other);
  case VERIFY_INLINE:
    return gpgme_op_verify_start(ctx, in, NULL, other);
  case VERIFY_DETACHED:
    return gpgme_op_verify_start(ctx, other, in, NULL);
  }
  return gpgme_error(GPG_ERR_INV_VALUE);
}

static void run(struct crypt_worker *w, struct attempt *a)
{
  struct crypt_engine *e = a->engine;
  e->signers = 0;
  AUTO(crypt_data_freep) gpgme_data_t in = crypt_data_in(a->input);
  a->sink->large = a->input.len > CRYPT_LARGE;
  AUTO(crypt_data_freep)
  gpgme_data_t other = a->kind == VERIFY_DETACHED ? crypt_data_in(a->signature) : crypt_data_out(a->sink);
  a->timeout = false;
  a->error = gpgme_error(GPG_ERR_ENOMEM);
  if (in && other)
    a->error = crypt_engine_run(e, start(e->ctx, a, in, other), w->deadline_ms, &a->timeout);
}

/* gpg in batch mode ends at an expired or a bad signature, before it has checked the integrity. So take the encryption
 * off alone, and then look at what was inside. *a is that attempt when it went well, and as it was when not. */
static void unwrap_and_verify(struct crypt_worker *w, struct attempt *a)
{
  struct crypt_sink inner;
  struct fault ignored = { 0 };
  if (crypt_sink_open(&inner, a->sink->cap + (1u << 20), &ignored))
    return;
  struct attempt unwrap = { .kind = UNWRAP, .engine = a->engine, .input = a->input, .sink = &inner };
  run(w, &unwrap);
  if (!unwrap.error && !unwrap.timeout) {
    struct attempt verify = {
      .kind = VERIFY_INLINE, .engine = a->engine, .input = crypt_sink_bytes(&inner), .sink = a->sink
    };
    crypt_sink_clear(a->sink);
    run(w, &verify);
    a->error = verify.error;
    a->timeout = verify.timeout;
  }
  crypt_sink_close(&inner);
}

/* ---- outcomes ---- */
static const struct {
  gpg_err_code_t code;
  enum pgp_outcome outcome;
} outcomes[] = {
  { GPG_ERR_NO_ERROR, PGP_OPENED },        { GPG_ERR_NO_SECKEY, PGP_NO_SECRET_KEY },
  { GPG_ERR_DECRYPT_FAILED, PGP_DAMAGED }, { GPG_ERR_NO_DATA, PGP_NO_DATA },
  { GPG_ERR_CANCELED, PGP_PASSPHRASE },    { GPG_ERR_INV_PACKET, PGP_DAMAGED },
  { GPG_ERR_CHECKSUM, PGP_DAMAGED },       { GPG_ERR_EOF, PGP_DAMAGED },
  { GPG_ERR_TRUNCATED, PGP_DAMAGED },      { GPG_ERR_INV_ARMOR, PGP_DAMAGED },
};

static enum pgp_outcome outcome_of(gpgme_error_t g)
{
  for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
    if (outcomes[i].code == gpgme_err_code(g))
      return outcomes[i].outcome;
  return PGP_FAILED;
}

static bool for_us(const struct crypt_worker *w, const struct packet_scan *scan)
{
  for (unsigned i = 0; i < scan->recipients; i++)
    if (crypt_ring_is_own_id(&w->ring, scan->recipient[i]))
      return true;
  return false;
}

/* A dead agent looks like a missing key, a stuck one like a slow message: neither is the sender's fault. */
static bool agents_fault(const struct crypt_worker *w, const struct packet_scan *scan, const struct attempt *a)
{
  if (!scan->encrypted || a->sink->over)
    return false;
  bool ours = for_us(w, scan);
  if (!a->timeout && ours && gpgme_err_code(a->error) == GPG_ERR_NO_SECKEY)
    return true;
  if (!a->timeout && (ours || scan->hidden) && crypt_error_passphrase(a->error))
    return true;
  return (ours || scan->hidden) && !crypt_agent_answers(AGENT_WAIT_MS);
}

static bool has_signature(const struct attempt *a)
{
  gpgme_verify_result_t v = gpgme_op_verify_result(a->engine->ctx);
  return v && v->signatures;
}

static enum pgp_outcome judge(struct crypt_worker *w, const struct packet_scan *scan, const struct attempt *a)
{
  enum pgp_outcome o = outcome_of(a->error);
  if (a->sink->over)
    return PGP_TOO_LARGE;
  if (o == PGP_OPENED && !a->timeout && a->kind == VERIFY_INLINE && !scan->encrypted && !has_signature(a))
    return PGP_NO_DATA; /* gpgme calls a key, or a text that nobody signed, a success */
  if (o == PGP_OPENED && !a->timeout) {
    bool wrong = scan->encrypted != (a->kind == DECRYPT_VERIFY) || scan->no_integrity || scan->containers > 1;
    return wrong ? PGP_DAMAGED : PGP_OPENED;
  }
  if (agents_fault(w, scan, a))
    return PGP_AGENT;
  if (a->timeout)
    return PGP_TIMEOUT;
  if (scan->container_new || (scan->pkesk && scan->pkesk == scan->pkesk_new))
    return PGP_UNSUPPORTED;
  if (scan->no_integrity)
    return PGP_DAMAGED;
  if (o == PGP_PASSPHRASE && scan->pkesk)
    return PGP_NO_SECRET_KEY;
  return o == PGP_NO_DATA && scan->encrypted ? PGP_DAMAGED : o;
}

static void set_advice(struct pgp_result *r, const struct packet_scan *scan, gpgme_error_t g)
{
  char text[128];
  if (r->outcome == PGP_AGENT && crypt_error_passphrase(g))
    snprintf(r->advice, sizeof r->advice, "%s", CRYPT_PASSPHRASE_ADVICE);
  if (r->outcome == PGP_OPENED || r->outcome == PGP_AGENT)
    return;
  if (scan->containers > 1)
    snprintf(r->advice, sizeof r->advice, "It holds several encrypted messages in one block; send one in each letter.");
  else if (scan->advice[0])
    snprintf(r->advice, sizeof r->advice, "%s", scan->advice);
  else if (r->outcome == PGP_FAILED)
    snprintf(r->advice, sizeof r->advice, "GnuPG says: %s.", crypt_error_text(g, text));
}

static void set_recipients(struct pgp_result *r, const struct packet_scan *scan)
{
  r->recipient_count = scan->recipients;
  memcpy(r->recipient, scan->recipient, sizeof r->recipient);
}

/* ---- keys that came with the letter ---- */
static bool any_unknown(const struct pgp_result *r)
{
  for (unsigned i = 0; i < r->sig_count; i++)
    if (r->sig[i].state == PGP_SIG_UNKNOWN_KEY)
      return true;
  return false;
}

/* The certificates of the request, one by one, so that a bad one spoils no other. */
static size_t import_extra(struct crypt_worker *w, struct crypt_job *job)
{
  struct fault ignored = { 0 };
  size_t imported = 0;
  if (crypt_scratch_open(w, &ignored) || crypt_scratch_conf(w, CONF_IMPORT, &ignored))
    return 0;
  crypt_scratch_empty(w);
  for (size_t i = 0; i < wire_count(job->request) && imported < CRYPT_KEYS_MAX; i++) {
    struct bytes field;
    struct packet_certs split;
    if (wire_field(job->request, i, &field) != CRYPT_TAG_KEY || field.len > CRYPT_KEY_MAX * 2)
      continue;
    packet_split(job->pool, field, CRYPT_KEYS_MAX, &split);
    for (size_t k = 0; k < split.count && imported < CRYPT_KEYS_MAX; k++) {
      if (split.cert[k].version != 4 || split.cert[k].data.len > CRYPT_KEY_MAX)
        continue;
      if (!crypt_engine_import(&w->scratch_engine, split.cert[k].data, w->deadline_ms, &ignored))
        imported++;
    }
  }
  return imported;
}

/* Verifies once more with the ring and these keys. Only signatures that the ring did not know may change: an old copy
 * of a key that we know as revoked changes nothing. */
static void verify_with_extra(struct crypt_worker *w, struct crypt_job *job, const struct attempt *first,
                              struct pgp_result *r)
{
  struct crypt_sink sink;
  struct fault ignored = { 0 };
  struct crypt_engine *e = &w->scratch_engine;
  if (!import_extra(w, job) || crypt_engine_list(e, w->deadline_ms, &ignored) ||
      crypt_scratch_conf(w, CONF_VERIFY, &ignored) || crypt_sink_open(&sink, first->sink->cap, &ignored))
    return;
  struct attempt again = *first;
  again.sink = &sink;
  again.engine = e;
  run(w, &again);
  gpgme_verify_result_t v = again.error || again.timeout ? NULL : gpgme_op_verify_result(e->ctx);
  unsigned i = 0;
  for (gpgme_signature_t s = v ? v->signatures : NULL; s && i < r->sig_count; s = s->next, i++) {
    struct pgp_signature sig;
    describe_signature(s, clock_now(&w->clock), &sig);
    set_primary(&sig, e->key, e->keys);
    if (r->sig[i].state != PGP_SIG_UNKNOWN_KEY || !sig.primary[0] || crypt_ring_find(&w->ring, sig.primary) != SIZE_MAX)
      continue;
    sig.extra_key = true;
    r->sig[i] = sig;
  }
  crypt_sink_close(&sink);
}

static bool has_extra(const struct crypt_job *job)
{
  struct bytes b;
  return wire_get(job->request, CRYPT_TAG_KEY, &b) && b.len && wire_geti(job->request, CRYPT_TAG_CLEAN, 0) != 1;
}

/* Certificates that were inspected before are read beside the ring, in the one run that there is anyhow. */
static enum status choose_engine(struct crypt_worker *w, const struct crypt_job *job, struct attempt *a,
                                 struct fault *err)
{
  struct buf known = buf_new(job->pool, 0);
  a->engine = &w->engine;
  if (wire_geti(job->request, CRYPT_TAG_CLEAN, 0) != 1)
    return ST_OK;
  for (size_t i = 0, n = 0; i < wire_count(job->request) && n < CRYPT_KEYS_MAX; i++) {
    struct bytes field;
    if (wire_field(job->request, i, &field) != CRYPT_TAG_KEY || field.len > CRYPT_KEY_MAX)
      continue;
    buf_add(&known, field);
    n++;
  }
  if (!known.len)
    return ST_OK;
  a->engine = &w->scratch_engine;
  return crypt_scratch_know(w, buf_bytes(&known), err);
}

static enum status finish(struct crypt_worker *w, struct crypt_job *job, const struct attempt *a, struct pgp_result *r,
                          struct fault *err)
{
  if (r->outcome == PGP_OPENED) {
    walk_signatures(w, a->engine, r);
    if (has_extra(job) && any_unknown(r))
      verify_with_extra(w, job, a, r);
  }
  crypt_scratch_empty(w); /* who wrote to us is nobody's business who finds the disk */
  if (gpgme_err_code(a->error) & GPG_ERR_SYSTEM_ERROR && !a->sink->over && !a->timeout) {
    char text[128];
    return fault(err, ST_RETRY, "gpg: %s", crypt_error_text(a->error, text));
  }
  pgp_result_put(job->answer, r);
  return ST_OK;
}

enum status crypt_open(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  struct pgp_result *r = pool_new_of(job->pool, struct pgp_result);
  struct packet_scan *scan = pool_new_of(job->pool, struct packet_scan);
  struct attempt a = { .kind = DECRYPT_VERIFY, .sink = &job->sink };
  if (!wire_get(job->request, TAG_BYTES, &a.input))
    return fault(err, ST_REJECT, "no message");
  int64_t cap = wire_geti(job->request, CRYPT_TAG_PLAIN_MAX, CRYPT_PLAIN_DEFAULT);
  if (cap < 1 || cap > (int64_t)WIRE_FIELD_MAX)
    return fault(err, ST_REJECT, "no such cap");
  enum status st = crypt_sink_open(&job->sink, (size_t)cap, err);
  if (!st)
    st = crypt_ring_refresh(w, err);
  if (!st)
    st = choose_engine(w, job, &a, err);
  if (st)
    return st;
  packet_scan(job->pool, a.input, scan);
  set_recipients(r, scan);
  if (!scan->encrypted)
    a.kind = VERIFY_INLINE;
  if (scan->skesk && !scan->pkesk) {
    r->outcome = PGP_PASSPHRASE; /* gpg would only stretch a passphrase that nobody has */
  } else {
    run(w, &a);
    /* "No data" is how gpgme puts it, though there was some; a damaged message fails once more, and alike. */
    if (scan->encrypted && gpgme_err_code(a.error) == GPG_ERR_NO_DATA && !scan->container_new && !a.timeout)
      unwrap_and_verify(w, &a);
    r->outcome = judge(w, scan, &a);
  }
  r->encrypted = r->outcome == PGP_OPENED && scan->encrypted;
  if (r->outcome == PGP_OPENED)
    r->plain = crypt_sink_bytes(&job->sink);
  set_advice(r, scan, a.error);
  return finish(w, job, &a, r, err);
}

enum status crypt_verify(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  struct pgp_result *r = pool_new_of(job->pool, struct pgp_result);
  struct attempt a = { .kind = VERIFY_DETACHED, .sink = &job->sink };
  if (!wire_get(job->request, TAG_BYTES, &a.input) || !wire_get(job->request, CRYPT_TAG_SIGNATURE, &a.signature))
    return fault(err, ST_REJECT, "no signed bytes, or no signature");
  enum status st = crypt_sink_open(&job->sink, 1, err);
  if (!st)
    st = crypt_ring_refresh(w, err);
  if (!st)
    st = choose_engine(w, job, &a, err);
  if (st)
    return st;
  run(w, &a);
  r->outcome = a.timeout ? PGP_TIMEOUT : outcome_of(a.error);
  if (r->outcome == PGP_OPENED && !has_signature(&a))
    r->outcome = PGP_NO_DATA; /* a signature that holds no signature */
  set_advice(r, &(struct packet_scan){ 0 }, a.error);
  return finish(w, job, &a, r, err);
}
