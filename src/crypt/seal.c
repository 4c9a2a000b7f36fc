/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/seal: sign and encrypt. Recipients by full fingerprint only: gpg takes a name's fragment silently, and picks
 * one of two keys with the same address. The content passes as it is. */
#include <config.h>

#include <embargod/file.h>
#include <embargod/secret.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypt_private.h"

/* ---- the recipient ---- */
struct recipient {
  struct pool *pool;
  const char *fpr;
  gpgme_key_t key[2]; /* in the ring: NULL-terminated */
  const char *file;   /* in no ring: "--file\n/proc/self/cwd/scratch.../extra-3.gpg", or NULL */
};

static enum status refuse(struct fault *err, const char *fpr, const char *why)
{
  return fault(err, ST_REJECT, "key %s: %s", fpr, why);
}

static enum status from_ring(struct crypt_worker *w, struct recipient *out, struct fault *err)
{
  const char *fpr = out->fpr;
  struct pgp_cert cert;
  AUTO(pool_freep) struct pool *pool = pool_new("recipient");
  int64_t now = clock_now(&w->clock);
  size_t i = crypt_ring_find(&w->ring, fpr);
  if (i == SIZE_MAX)
    return refuse(err, fpr, "it is not in the key ring");
  crypt_key_describe(pool, w->ring.key[i], now, &cert);
  const char *why = crypt_cert_unusable(cert.flags, cert.expires, now);
  if (why)
    return refuse(err, fpr, why);
  out->key[0] = w->ring.key[i];
  return ST_OK;
}

static struct crypt_extra *find_extra(struct crypt_worker *w, const unsigned char digest[32])
{
  for (size_t i = 0; i < EXTRA_MAX; i++)
    if (w->extra[i].fpr[0] && memcmp(w->extra[i].digest, digest, 32) == 0)
      return &w->extra[i];
  return NULL;
}

static char *extra_name(struct pool *pool, unsigned file)
{
  return pool_printf(pool, "extra-%u.gpg", file);
}

/* The certificate, imported and cleaned in the scratch home, as one file that gpg encrypts to. */
static enum status learn_extra(struct crypt_worker *w, struct pool *pool, struct bytes given, struct crypt_extra *out,
                               struct fault *err)
{
  struct packet_certs split;
  struct pgp_cert cert;
  struct bytes clean;
  packet_split(pool, given, 2, &split);
  if (split.count != 1 || split.more || split.cert[0].version != 4)
    return fault(err, ST_REJECT, "not exactly one certificate of version 4");
  if (split.cert[0].data.len > CRYPT_KEY_MAX)
    return fault(err, ST_REJECT, "the certificate is larger than 256 KiB");
  enum status st = crypt_scratch_import(w, split.cert[0].data, err);
  if (!st)
    st = crypt_engine_list(&w->scratch_engine, w->deadline_ms, err);
  if (st)
    return st;
  if (w->scratch_engine.keys != 1)
    return fault(err, ST_REJECT, "the certificate is damaged or has no valid user id");
  crypt_key_describe(pool, w->scratch_engine.key[0], clock_now(&w->clock), &cert);
  const char *fprs[] = { cert.fpr, NULL };
  st = crypt_engine_export(&w->scratch_engine, fprs, (struct crypt_exported){ pool, &clean }, err);
  if (!st && !clean.len)
    st = fault(err, ST_REJECT, "the certificate cannot be exported");
  if (!st)
    st = crypt_scratch_write(w, extra_name(pool, out->file), clean, err);
  memcpy(out->fpr, cert.fpr, sizeof out->fpr);
  out->flags = cert.flags;
  out->expires = cert.expires;
  return st;
}

/* A certificate that was inspected before: it is the recipient's by the core's word, and gpg itself refuses to encrypt
 * to a part that has expired or was revoked. */
static enum status from_clean(struct crypt_worker *w, struct crypt_job *job, struct bytes given, struct recipient *out,
                              struct fault *err)
{
  int64_t expires = wire_geti(job->request, CRYPT_TAG_EXPIRES, 0);
  struct packet_certs split;
  packet_split(job->pool, given, 2, &split);
  if (split.count != 1 || split.more || split.cert[0].version != 4 || given.len > CRYPT_KEY_MAX)
    return fault(err, ST_REJECT, "key %s: not exactly one certificate of version 4", out->fpr);
  if (expires && expires <= clock_now(&w->clock))
    return refuse(err, out->fpr, "it has expired");
  size_t i = crypt_ring_find(&w->ring, out->fpr);
  if (i != SIZE_MAX && w->ring.key[i]->revoked)
    return refuse(err, out->fpr, "it is revoked");
  enum status st = crypt_scratch_open(w, err);
  if (!st)
    st = crypt_scratch_write(w, "recipient.gpg", split.cert[0].data, err);
  out->file = pool_printf(out->pool, "--file\n%s/%s\n", CRYPT_HOME, crypt_scratch_path(w, out->pool, "recipient.gpg"));
  return st;
}

static enum status from_certificate(struct crypt_worker *w, struct bytes given, struct recipient *out,
                                    struct fault *err)
{
  const char *fpr = out->fpr;
  struct pool *pool = out->pool;
  unsigned char digest[32];
  int64_t now = clock_now(&w->clock);
  sha256_digest(digest, given);
  struct crypt_extra *x = find_extra(w, digest);
  if (!x) {
    x = &w->extra[w->extra_next % EXTRA_MAX];
    *x = (struct crypt_extra){ .file = w->extra_next++ % EXTRA_MAX };
    enum status st = learn_extra(w, pool, given, x, err);
    crypt_scratch_empty(w);
    if (st) {
      x->fpr[0] = '\0';
      return fault_add(err, "key %s", fpr);
    }
    memcpy(x->digest, digest, sizeof digest);
  }
  if (strcasecmp(x->fpr, fpr))
    return fault(err, ST_REJECT, "key %s: the certificate given for it is another one (%s)", fpr, x->fpr);
  size_t i = crypt_ring_find(&w->ring, fpr);
  if (i != SIZE_MAX && w->ring.key[i]->revoked)
    return refuse(err, fpr, "it is revoked");
  const char *why = crypt_cert_unusable(x->flags, x->expires, now);
  if (why)
    return refuse(err, fpr, why);
  out->file = pool_printf(pool, "--file\n%s/%s\n", CRYPT_HOME, crypt_scratch_path(w, pool, extra_name(pool, x->file)));
  return ST_OK;
}

static enum status find_recipient(struct crypt_worker *w, struct crypt_job *job, struct recipient *out,
                                  struct fault *err)
{
  struct bytes given;
  const char *name = wire_gets(job->request, CRYPT_TAG_RECIPIENT);
  *out = (struct recipient){ .pool = job->pool, .fpr = pgp_fpr_normal(job->pool, name) };
  if (!out->fpr[0])
    return fault(err, ST_REJECT, "the recipient is not named by a full fingerprint");
  bool brought = wire_get(job->request, CRYPT_TAG_KEY, &given) && given.len;
  if (brought && wire_geti(job->request, CRYPT_TAG_CLEAN, 0) == 1)
    return from_clean(w, job, given, out, err);
  if (brought)
    return from_certificate(w, given, out, err);
  return from_ring(w, out, err);
}

/* ---- the signer ---- */
static enum status find_signer(struct crypt_worker *w, struct crypt_job *job, gpgme_key_t *out, struct fault *err)
{
  size_t fields = wire_count(job->request), n = 0;
  const char **wanted = pool_array(job->pool, fields + 1, sizeof *wanted);
  for (size_t i = 0; i < fields; i++) {
    struct bytes field;
    if (wire_field(job->request, i, &field) == CRYPT_TAG_SIGNER)
      wanted[n++] = pgp_fpr_normal(job->pool, pool_str(job->pool, field));
  }
  enum status st = crypt_ring_signer(w, wanted, out, err);
  if (st)
    return st;
  gpgme_signers_clear(w->engine.ctx);
  if (gpgme_signers_add(w->engine.ctx, *out))
    return fault(err, ST_RETRY, "gpgme refuses the signing key");
  return ST_OK;
}

/* ---- the operation ---- */
enum form { SIGN_DETACHED, SIGN_CLEAR, SIGN_ENCRYPT };

static gpgme_error_t start(gpgme_ctx_t ctx, enum form form, const struct recipient *to, gpgme_data_t in,
                           gpgme_data_t out)
{
  gpgme_encrypt_flags_t flags = GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS;
  if (form != SIGN_ENCRYPT)
    return gpgme_op_sign_start(ctx, in, out, form == SIGN_CLEAR ? GPGME_SIG_MODE_CLEAR : GPGME_SIG_MODE_DETACH);
  gpgme_key_t *keys = to->file ? NULL : (gpgme_key_t *)to->key;
  return gpgme_op_encrypt_sign_ext_start(ctx, keys, to->file, flags, in, out);
}

static enum status seal_fault(struct fault *err, gpgme_error_t g, bool timeout)
{
  char text[128];
  gpg_err_code_t code = gpgme_err_code(g);
  if (timeout)
    return fault(err, ST_RETRY, "signing took too long: is gpg-agent stuck?");
  if (code == GPG_ERR_UNUSABLE_PUBKEY || code == GPG_ERR_NO_PUBKEY || code == GPG_ERR_NO_USER_ID)
    return fault(err, ST_REJECT, "GnuPG cannot encrypt to the recipient's key: %s", crypt_error_text(g, text));
  if (!crypt_agent_answers(200))
    return fault(err, ST_RETRY, "gpg-agent does not answer");
  if (crypt_error_passphrase(g))
    return fault(err, ST_RETRY, "%s (gpg: %s)", CRYPT_PASSPHRASE_ADVICE, crypt_error_text(g, text));
  return fault(err, ST_RETRY, "gpg: %s", crypt_error_text(g, text));
}

/* One signature, by the key that was asked for, with a strong digest; its name for the micalg parameter. */
static enum status check_signature(gpgme_ctx_t ctx, gpgme_key_t signer, char micalg[32], struct fault *err)
{
  gpgme_sign_result_t r = gpgme_op_sign_result(ctx);
  gpgme_new_signature_t s = r ? r->signatures : NULL;
  if (!s || s->next || r->invalid_signers || !s->fpr)
    return fault(err, ST_RETRY, "GnuPG made no signature");
  struct crypt_ring one = { .key = &signer, .count = 1 };
  if (crypt_ring_find_any(&one, s->fpr) == SIZE_MAX)
    return fault(err, ST_RETRY, "GnuPG signed with another key than asked");
  const char *hash = gpgme_hash_algo_name(s->hash_algo);
  if (s->hash_algo != GPGME_MD_SHA256 && s->hash_algo != GPGME_MD_SHA384 && s->hash_algo != GPGME_MD_SHA512)
    return fault(err, ST_RETRY, "GnuPG signed with the digest %s", hash ? hash : "?");
  snprintf(micalg, 32, "pgp-sha%s", hash + 3); /* "SHA512" */
  return ST_OK;
}

static enum status run_seal(struct crypt_worker *w, struct crypt_job *job, enum form form, struct fault *err)
{
  struct recipient to = { 0 };
  gpgme_key_t signer = NULL;
  struct bytes content;
  bool timeout;
  char micalg[32];
  if (!wire_get(job->request, TAG_BYTES, &content))
    return fault(err, ST_REJECT, "nothing to sign");
  enum status st = crypt_ring_refresh(w, err);
  if (!st)
    st = find_signer(w, job, &signer, err);
  if (!st && form == SIGN_ENCRYPT)
    st = find_recipient(w, job, &to, err);
  size_t cap = content.len * 2 + (1u << 20);
  if (!st)
    st = crypt_sink_open(&job->sink, cap < WIRE_FIELD_MAX ? cap : WIRE_FIELD_MAX, err);
  if (st)
    return st;
  job->sink.large = content.len > CRYPT_LARGE;
  AUTO(crypt_data_freep) gpgme_data_t in = crypt_data_in(content);
  AUTO(crypt_data_freep) gpgme_data_t out = crypt_data_out(&job->sink);
  if (!in || !out)
    return fault(err, ST_RETRY, "no memory");
  gpgme_error_t g = crypt_engine_run(&w->engine, start(w->engine.ctx, form, &to, in, out), w->deadline_ms, &timeout);
  crypt_scratch_empty(w);
  if (g || timeout)
    return seal_fault(err, g, timeout);
  st = check_signature(w->engine.ctx, signer, micalg, err);
  if (st)
    return st;
  wire_put(job->answer, TAG_BYTES, crypt_sink_bytes(&job->sink));
  wire_puts(job->answer, CRYPT_TAG_MICALG, micalg);
  wire_puts(job->answer, CRYPT_TAG_SIGNER, signer->subkeys->fpr);
  return ST_OK;
}

enum status crypt_seal(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  int64_t encrypt = wire_geti(job->request, CRYPT_TAG_ENCRYPT, -1);
  if (encrypt != 0 && encrypt != 1)
    return fault(err, ST_REJECT, "it is not said whether to encrypt");
  return run_seal(w, job, encrypt ? SIGN_ENCRYPT : SIGN_DETACHED, err);
}

enum status crypt_clearsign(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  return run_seal(w, job, SIGN_CLEAR, err);
}
