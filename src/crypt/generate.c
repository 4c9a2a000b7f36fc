/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/generate: our own key, made in a scratch home with an agent of its own; its secret parts move into the home,
 * its public part into the next ring (never the ring in which it was made: that one checks 11 signatures a time). */
#include <config.h>

#include <dirent.h>
#include <embargod/file.h>
#include <embargod/text.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt_private.h"

#define GENERATE_DEADLINE_MS 60000
#define EXPIRES_MAX (INT64_C(20) * 366 * 86400)
/* ed25519 to sign and certify, cv25519 to encrypt: what gpg 2.2 calls future-default */
#define ALGORITHM "future-default"

static bool good_uid(const char *uid)
{
  if (!uid || !*uid || strlen(uid) > 300 || !utf8_valid(bytes_str(uid)))
    return false;
  for (const char *c = uid; *c; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      return false;
  return strchr(uid, '@') != NULL;
}

static enum status make_key(struct crypt_worker *w, const char *uid, int64_t expires, struct crypt_exported out,
                            struct fault *err)
{
  bool timeout;
  char text[128];
  struct crypt_engine *e = &w->scratch_engine;
  unsigned flags =
      GPGME_CREATE_FORCE | (e->passphrase ? 0 : GPGME_CREATE_NOPASSWD); /* the one of key_passphrase_file */
  gpgme_error_t g = gpgme_op_createkey_start(e->ctx, uid, ALGORITHM, 0, (unsigned long)expires, NULL, flags);
  g = crypt_engine_run(e, g, GENERATE_DEADLINE_MS, &timeout);
  if (g || timeout)
    return fault(err, ST_RETRY, "making the key: %s", timeout ? "it took too long" : crypt_error_text(g, text));
  gpgme_genkey_result_t r = gpgme_op_genkey_result(e->ctx);
  if (!r || !r->fpr)
    return fault(err, ST_RETRY, "GnuPG made no key");
  const char *fprs[] = { pool_strdup(out.pool, r->fpr), NULL };
  return crypt_engine_export_whole(e, fprs, out, err);
}

/* Moves the files of a folder of the scratch home into the home's folder of that name. Durable. */
static enum status move_files(struct crypt_worker *w, struct pool *pool, const char *folder, struct fault *err)
{
  const char *from = crypt_scratch_path(w, pool, folder);
  enum status st = dir_make(folder, 0700, err);
  DIR *d = st ? NULL : opendir(from);
  for (struct dirent *e; d && !st && (e = readdir(d));) {
    struct bytes data;
    if (e->d_name[0] == '.')
      continue;
    const char *old = path_join(pool, from, e->d_name);
    st = file_read(pool, old, 1u << 20, &data, err);
    if (!st)
      st = file_create(path_join(pool, folder, e->d_name), data, 0600, err);
    if (!st)
      (void)unlink(old);
  }
  if (d)
    closedir(d);
  return st;
}

static enum status generate(struct crypt_worker *w, const char *uid, int64_t expires, struct fault *err)
{
  struct crypt_agent agent;
  struct bytes public_key = { 0 };
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("generate");
  enum status st = crypt_scratch_conf(w, CONF_IMPORT, err);
  if (st)
    return st;
  crypt_scratch_empty(w);
  (void)unlink(crypt_scratch_path(w, pool, "S.gpg-agent")); /* the link to the home's agent */
  st = crypt_agent_start(&agent, w->scratch, err);
  if (st)
    return st;
  st = make_key(w, uid, expires, (struct crypt_exported){ pool, &public_key }, err);
  crypt_agent_stop(&agent);
  if (!st)
    st = move_files(w, pool, "private-keys-v1.d", err);
  if (!st)
    st = move_files(w, pool, "openpgp-revocs.d", err);
  crypt_scratch_close(w); /* nothing of it stays */
  return st ? st : crypt_ring_build(w, KEEP_ALL, public_key, err);
}

enum status crypt_generate(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  const char *uid = wire_gets(job->request, CRYPT_TAG_UID);
  int64_t expires = wire_geti(job->request, CRYPT_TAG_EXPIRES, 0);
  if (!good_uid(uid))
    return fault(err, ST_REJECT, "no user id like \"Name <address>\"");
  if (expires < 86400 || expires > EXPIRES_MAX)
    return fault(err, ST_REJECT, "a key needs an expiry between one day and 20 years");
  enum status st = crypt_ring_refresh(w, err);
  if (!st)
    st = crypt_scratch_open(w, err);
  if (!st)
    st = generate(w, uid, expires, err);
  return st ? fault_add(err, "new key") : crypt_own(w, job, err);
}
