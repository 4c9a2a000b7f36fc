/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/inspect: key files from outside, and our own keys. Caps come before any parsing: 1,000 keys cost GnuPG 4 s. */
#include <config.h>

#include <string.h>

#include "crypt_private.h"

/* Imports one certificate into the empty scratch ring, describes and exports it. */
static enum status inspect_one(struct crypt_worker *w, struct pool *pool, struct bytes data, struct pgp_cert *out,
                               struct fault *err)
{
  struct crypt_engine *e = &w->scratch_engine;
  enum status st = crypt_scratch_import(w, data, err);
  if (!st)
    st = crypt_engine_list(e, w->deadline_ms, err);
  if (st)
    return st;
  if (e->keys != 1)
    return fault(err, ST_REJECT, "a key without a valid user id");
  crypt_key_describe(pool, e->key[0], clock_now(&w->clock), out);
  if (!out->fpr[0])
    return fault(err, ST_REJECT, "a key without fingerprint");
  if (!w->ring.count && crypt_ring_refresh(w, &(struct fault){ 0 }))
    return fault(err, ST_RETRY, "key ring");
  size_t known = crypt_ring_find(&w->ring, out->fpr);
  if (known != SIZE_MAX && w->ring.own[known])
    out->flags |= PGP_CERT_SECRET;
  const char *fprs[] = { out->fpr, NULL };
  return crypt_engine_export(e, fprs, (struct crypt_exported){ pool, &out->key }, err);
}

static enum status check_certificate(const struct packet_cert *cert, struct fault *err)
{
  if (cert->version != 4)
    return fault(err, ST_REJECT, "a key of version %u, which GnuPG 2.2 cannot read", cert->version);
  if (cert->data.len > CRYPT_KEY_MAX)
    return fault(err, ST_REJECT, "a key larger than 256 KiB");
  return ST_OK;
}

static enum status split_file(struct pool *pool, struct bytes file, struct packet_certs *out, struct fault *err)
{
  /* Armor is a third larger. */
  if (file.len > (size_t)CRYPT_KEY_MAX * CRYPT_KEYS_MAX / 2 * 3)
    return fault(err, ST_REJECT, "a key file of %zu bytes: too large", file.len);
  packet_split(pool, file, CRYPT_KEYS_MAX, out);
  if (out->more)
    return fault(err, ST_REJECT, "a key file with more than %d keys", CRYPT_KEYS_MAX);
  if (!out->count && out->secret)
    return fault(err, ST_REJECT, "a private key: export the public one (gpg --armor --export)");
  if (!out->count)
    return fault(err, ST_REJECT, "no OpenPGP key in the file");
  return ST_OK;
}

/* A revocation certificate that came alone, against the keys that the core knows of its sender. False: it is none. */
static bool inspect_revocation(struct crypt_worker *w, struct crypt_job *job, struct bytes file)
{
  bool any = false;
  for (size_t i = 0; i < wire_count(job->request); i++) {
    struct bytes known, revoked;
    struct pgp_cert cert;
    struct fault err = { 0 };
    if (wire_field(job->request, i, &known) != CRYPT_TAG_KEY || known.len > CRYPT_KEY_MAX)
      continue;
    if (!packet_revoke(job->pool, file, known, &revoked) || inspect_one(w, job->pool, revoked, &cert, &err) ||
        !(cert.flags & PGP_CERT_REVOKED))
      continue;
    pgp_cert_put(job->answer, &cert);
    any = true;
  }
  return any;
}

/* ---- several files at once ---- */
/* The good certificates of all files, in a row. What is wrong with the others, the core learns when it asks for that
 * file alone. */
static size_t gather(struct crypt_job *job, struct buf *out)
{
  size_t n = 0;
  for (size_t i = 0; i < wire_count(job->request); i++) {
    struct bytes file;
    struct packet_certs split;
    struct fault ignored = { 0 };
    if (wire_field(job->request, i, &file) != TAG_BYTES || split_file(job->pool, file, &split, &ignored))
      continue;
    for (size_t k = 0; k < split.count && n < CRYPT_KEYS_MAX; k++)
      if (!check_certificate(&split.cert[k], &ignored)) {
        buf_add(out, split.cert[k].data);
        n++;
      }
  }
  return n;
}

/* Listing and export both go through the ring from its beginning: the n-th certificate is that of the n-th key. */
static enum status pair(struct crypt_worker *w, struct crypt_job *job, struct bytes exported, struct fault *err)
{
  struct crypt_engine *e = &w->scratch_engine;
  struct packet_certs split;
  packet_split(job->pool, exported, e->keys, &split);
  if (split.count != e->keys || split.more)
    return fault(err, ST_REJECT, "keys that GnuPG lists and does not export");
  for (size_t i = 0; i < e->keys; i++) {
    struct pgp_cert cert;
    crypt_key_describe(job->pool, e->key[i], clock_now(&w->clock), &cert);
    if (!cert.fpr[0] || packet_cert_created(split.cert[i].data) != cert.created)
      return fault(err, ST_REJECT, "keys that GnuPG lists and exports in another order");
    size_t known = crypt_ring_find(&w->ring, cert.fpr);
    if (known != SIZE_MAX && w->ring.own[known])
      cert.flags |= PGP_CERT_SECRET;
    cert.key = split.cert[i].data;
    pgp_cert_put(job->answer, &cert);
  }
  return ST_OK;
}

/* One import, one listing, one export: each run of gpg costs more than ten keys do. */
static enum status inspect_files(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  struct buf all = buf_new(job->pool, 8192);
  struct bytes exported = { 0 };
  if (!gather(job, &all))
    return fault(err, ST_REJECT, "no OpenPGP key in the files");
  enum status st = crypt_ring_refresh(w, err);
  if (!st)
    st = crypt_scratch_import(w, buf_bytes(&all), err);
  if (!st)
    st = crypt_engine_list(&w->scratch_engine, w->deadline_ms, err);
  if (!st) {
    const char *everything[] = { NULL };
    st = crypt_engine_export(&w->scratch_engine, everything, (struct crypt_exported){ job->pool, &exported }, err);
  }
  if (!st)
    st = pair(w, job, exported, err);
  crypt_scratch_empty(w);
  return st;
}

static size_t files_in(const struct wire_msg *m)
{
  size_t n = 0;
  struct bytes ignored;
  for (size_t i = 0; i < wire_count(m); i++)
    n += wire_field(m, i, &ignored) == TAG_BYTES;
  return n;
}

enum status crypt_inspect(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  if (files_in(job->request) > 1)
    return inspect_files(w, job, err);
  struct bytes file;
  struct packet_certs split;
  struct fault why = { 0 };
  size_t good = 0;
  if (!wire_get(job->request, TAG_BYTES, &file))
    return fault(err, ST_REJECT, "no key file");
  enum status st = split_file(job->pool, file, &split, err);
  if (st == ST_REJECT && !split.count && inspect_revocation(w, job, file)) {
    crypt_scratch_empty(w);
    fault_clear(err);
    return ST_OK;
  }
  if (!st)
    st = crypt_ring_refresh(w, err);
  if (st)
    return st;
  for (size_t i = 0; i < split.count; i++) {
    struct pgp_cert cert;
    struct fault one = { 0 };
    st = check_certificate(&split.cert[i], &one);
    if (!st)
      st = inspect_one(w, job->pool, split.cert[i].data, &cert, &one);
    if (st == ST_RETRY)
      return fault(err, st, "%s", one.text);
    if (st)
      why = one;
    else
      pgp_cert_put(job->answer, &cert);
    good += !st;
  }
  crypt_scratch_empty(w);
  if (!good)
    return fault(err, ST_REJECT, "%s", why.text);
  if (why.text[0]) /* some were left out */
    wire_puts(job->answer, TAG_TEXT, why.text);
  return ST_OK;
}

enum status crypt_own(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  enum status st = crypt_ring_refresh(w, err);
  size_t put = 0;
  for (size_t i = 0; !st && i < w->ring.count && put < PGP_CERTS_MAX; i++) {
    struct pgp_cert cert;
    if (!w->ring.own[i])
      continue;
    crypt_key_describe(job->pool, w->ring.key[i], clock_now(&w->clock), &cert);
    if (!cert.fpr[0])
      continue;
    cert.flags |= PGP_CERT_SECRET;
    const char *fprs[] = { cert.fpr, NULL };
    st = crypt_engine_export(&w->engine, fprs, (struct crypt_exported){ job->pool, &cert.key }, err);
    if (!st)
      pgp_cert_put(job->answer, &cert);
    put++;
  }
  return st;
}
