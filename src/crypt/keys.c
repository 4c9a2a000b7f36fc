/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/keys: list, import, export; what a key is in our terms. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "crypt_private.h"

#define EXPORT_DEADLINE_MS 60000

static bool subkey_valid(gpgme_subkey_t s, int64_t now)
{
  return !s->revoked && !s->disabled && !s->invalid && !(s->expires && s->expires <= now);
}

static void describe_subkeys(gpgme_key_t key, int64_t now, struct pgp_cert *out)
{
  int64_t last = -1; /* when the last encryption subkey expires; 0: never; -1: there is none */
  for (gpgme_subkey_t s = key->subkeys; s; s = s->next) {
    if (!subkey_valid(s, now))
      continue;
    if (s->can_sign)
      out->flags |= PGP_CERT_CAN_SIGN;
    if (!s->can_encrypt)
      continue;
    out->flags |= PGP_CERT_CAN_ENCRYPT;
    if (last != 0 && (s->expires == 0 || s->expires > last))
      last = s->expires;
  }
  if (last > 0 && (out->expires == 0 || last < out->expires))
    out->expires = last;
}

static void describe_uids(struct pool *pool, gpgme_key_t key, struct pgp_cert *out)
{
  for (gpgme_user_id_t u = key->uids; u && out->uid_count < PGP_UIDS_MAX; u = u->next) {
    if (u->revoked || u->invalid || !u->uid)
      continue;
    struct bytes text = bytes_sub(bytes_str(u->uid), 0, 1000);
    const char *address = u->address && strlen(u->address) <= 254 ? u->address : "";
    for (const char *c = address; *c; c++)
      if ((unsigned char)*c <= 0x20 || *c == 0x7f)
        address = "";
    out->uid[out->uid_count] = text_clean(pool, text, false);
    out->address[out->uid_count++] = pool_strdup(pool, address);
  }
}

static const char *algorithm_of(struct pool *pool, gpgme_subkey_t primary)
{
  char *name = gpgme_pubkey_algo_string(primary);
  char *out = text_lower(pool, name ? name : "");
  gpgme_free(name);
  for (char *c = out; *c; c++)
    if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
      *c = '-';
  return out;
}

void crypt_key_describe(struct pool *pool, gpgme_key_t key, int64_t now, struct pgp_cert *out)
{
  *out = (struct pgp_cert){ .algo = "" };
  gpgme_subkey_t primary = key->subkeys;
  if (!primary || !primary->fpr || strlen(primary->fpr) > PGP_FPR_MAX)
    return;
  strcpy(out->fpr, primary->fpr);
  out->created = primary->timestamp > 0 ? primary->timestamp : 0;
  out->expires = primary->expires > 0 ? primary->expires : 0;
  if (out->expires && out->expires <= now)
    out->flags |= PGP_CERT_EXPIRED;
  if (key->revoked || primary->revoked)
    out->flags |= PGP_CERT_REVOKED;
  if (key->invalid || key->disabled || primary->invalid)
    out->flags |= PGP_CERT_INVALID;
  describe_subkeys(key, now, out);
  describe_uids(pool, key, out);
  out->algo = algorithm_of(pool, primary);
}

const char *crypt_cert_unusable(unsigned flags, int64_t expires, int64_t now)
{
  if (flags & PGP_CERT_REVOKED)
    return "it is revoked";
  if ((flags & PGP_CERT_EXPIRED) || (expires && expires <= now))
    return "it has expired";
  if (flags & PGP_CERT_INVALID)
    return "it is not valid";
  if (!(flags & PGP_CERT_CAN_ENCRYPT))
    return "it has no part that can be encrypted to";
  return NULL;
}

/* Fault for an operation on keys. */
static enum status key_fault(struct fault *err, const char *what, gpgme_error_t g, bool timeout)
{
  char text[128];
  if (timeout)
    return fault(err, ST_RETRY, "%s took too long", what);
  return fault(err, ST_RETRY, "%s: %s", what, crypt_error_text(g, text));
}

enum status crypt_engine_list(struct crypt_engine *e, int deadline_ms, struct fault *err)
{
  bool timeout;
  crypt_engine_drop_keys(e);
  gpgme_error_t g = crypt_engine_run(e, gpgme_op_keylist_start(e->ctx, NULL, 0), deadline_ms, &timeout);
  (void)gpgme_op_keylist_end(e->ctx);
  return g || timeout ? key_fault(err, "listing keys", g, timeout) : ST_OK;
}

enum status crypt_engine_import(struct crypt_engine *e, struct bytes certs, int deadline_ms, struct fault *err)
{
  bool timeout;
  AUTO(crypt_data_freep) gpgme_data_t in = crypt_data_in(certs);
  if (!in)
    return fault(err, ST_RETRY, "no memory");
  gpgme_error_t g = crypt_engine_run(e, gpgme_op_import_start(e->ctx, in), deadline_ms, &timeout);
  if (!timeout && gpgme_err_code(g) == GPG_ERR_NO_DATA)
    return fault(err, ST_REJECT, "no key that GnuPG can read");
  return g || timeout ? key_fault(err, "importing keys", g, timeout) : ST_OK;
}

static enum status export_into(struct crypt_engine *e, const char **fprs, gpgme_export_mode_t mode,
                               struct crypt_sink *sink, struct fault *err)
{
  bool timeout;
  AUTO(crypt_data_freep) gpgme_data_t data = crypt_data_out(sink);
  if (!data)
    return fault(err, ST_RETRY, "no memory");
  gpgme_set_armor(e->ctx, 0);
  gpgme_error_t g =
      crypt_engine_run(e, gpgme_op_export_ext_start(e->ctx, fprs, mode, data), EXPORT_DEADLINE_MS, &timeout);
  gpgme_set_armor(e->ctx, 1);
  return g || timeout ? key_fault(err, "exporting keys", g, timeout) : ST_OK;
}

static enum status export_as(struct crypt_engine *e, gpgme_export_mode_t mode, const char **fprs,
                             struct crypt_exported out, struct fault *err)
{
  struct crypt_sink sink;
  *out.bytes = (struct bytes){ 0 };
  enum status st = crypt_sink_open(&sink, 64u << 20, err);
  if (st)
    return st;
  st = export_into(e, fprs, mode, &sink, err);
  if (!st)
    *out.bytes = pool_bytes_dup(out.pool, crypt_sink_bytes(&sink));
  crypt_sink_close(&sink);
  return st;
}

enum status crypt_engine_export(struct crypt_engine *e, const char **fprs, struct crypt_exported out, struct fault *err)
{
  return export_as(e, GPGME_EXPORT_MODE_MINIMAL, fprs, out, err);
}

enum status crypt_engine_export_whole(struct crypt_engine *e, const char **fprs, struct crypt_exported out,
                                      struct fault *err)
{
  return export_as(e, 0, fprs, out, err);
}
