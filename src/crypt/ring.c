/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/ring: the working ring: an immutable snapshot built by import (a ring in which keys were generated checks 11
 * signatures an operation instead of 1), switched by a rename of gpg.conf. */
#include <config.h>

#include <dirent.h>
#include <embargod/failpoint.h>
#include <embargod/file.h>
#include <embargod/secret.h>
#include <embargod/text.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt_private.h"

#define RING_DEADLINE_FACTOR 8 /* of an operation's: a ring of 1,000 keys takes some seconds */
#define RING_SUM "ring.sum"    /* what the present snapshot was built of */
#define RING_KEEP_S 900        /* a replaced ring stays so long for operations that have begun with it */

/* ---- the ring as listed ---- */
void crypt_ring_drop(struct crypt_worker *w)
{
  for (size_t i = 0; i < w->ring.count; i++)
    gpgme_key_unref(w->ring.key[i]);
  free(w->ring.key);
  free(w->ring.own);
  w->ring = (struct crypt_ring){ 0 };
}

/* The secret part lies in the home: told without the agent, so that a dead agent is not taken for a missing key. */
static bool is_own(gpgme_subkey_t s)
{
  char path[128];
  if (!s->keygrip || strlen(s->keygrip) != 40)
    return false;
  snprintf(path, sizeof path, "private-keys-v1.d/%s.key", s->keygrip);
  return file_exists(path);
}

static bool has_own(gpgme_key_t key)
{
  for (gpgme_subkey_t s = key->subkeys; s; s = s->next)
    if (is_own(s))
      return true;
  return false;
}

static enum status list_ring(struct crypt_worker *w, struct fault *err)
{
  struct crypt_engine *e = &w->engine;
  enum status st = crypt_engine_list(e, w->deadline_ms, err);
  if (st)
    return st;
  bool *own = calloc(e->keys + 1, sizeof *own);
  invariant(own);
  w->ring.key = steal(e->key);
  w->ring.count = e->keys;
  w->ring.own = own;
  e->keys = e->keys_cap = 0;
  for (size_t i = 0; i < w->ring.count; i++)
    own[i] = has_own(w->ring.key[i]);
  return ST_OK;
}

enum status crypt_ring_refresh(struct crypt_worker *w, struct fault *err)
{
  struct stat sb;
  struct crypt_ring *r = &w->ring;
  if (stat("gpg.conf", &sb)) {
    enum status st = crypt_ring_build(w, KEEP_FIRST, (struct bytes){ 0 }, err); /* a new home, or a moved one */
    if (st)
      return st;
    if (stat("gpg.conf", &sb))
      return fault(err, ST_RETRY, "gpg.conf: %s", strerror(errno));
  }
  if (r->conf.ino == sb.st_ino && r->conf.dev == sb.st_dev && r->conf.size == (uint64_t)sb.st_size &&
      r->conf.sec == sb.st_mtim.tv_sec && r->conf.nsec == sb.st_mtim.tv_nsec)
    return ST_OK;
  crypt_ring_drop(w);
  enum status st = list_ring(w, err);
  if (st) {
    crypt_ring_drop(w);
    return fault_add(err, "key ring");
  }
  r->conf.ino = sb.st_ino;
  r->conf.dev = sb.st_dev;
  r->conf.size = (uint64_t)sb.st_size;
  r->conf.sec = sb.st_mtim.tv_sec;
  r->conf.nsec = sb.st_mtim.tv_nsec;
  return ST_OK;
}

size_t crypt_ring_find(const struct crypt_ring *r, const char *fpr)
{
  for (size_t i = 0; i < r->count; i++)
    if (r->key[i]->subkeys && r->key[i]->subkeys->fpr && strcasecmp(r->key[i]->subkeys->fpr, fpr) == 0)
      return i;
  return SIZE_MAX;
}

static bool subkey_is(gpgme_subkey_t s, const char *id)
{
  return (s->fpr && strcasecmp(s->fpr, id) == 0) || (s->keyid && strcasecmp(s->keyid, id) == 0);
}

size_t crypt_ring_find_any(const struct crypt_ring *r, const char *id)
{
  for (size_t i = 0; i < r->count; i++)
    for (gpgme_subkey_t s = r->key[i]->subkeys; s; s = s->next)
      if (subkey_is(s, id))
        return i;
  return SIZE_MAX;
}

bool crypt_ring_is_own_id(const struct crypt_ring *r, const char *id)
{
  for (size_t i = 0; i < r->count; i++)
    for (gpgme_subkey_t s = r->key[i]->subkeys; r->own[i] && s; s = s->next)
      if (subkey_is(s, id) && is_own(s))
        return true;
  return false;
}

static bool can_sign(gpgme_key_t key, int64_t now)
{
  struct pgp_cert cert;
  AUTO(pool_freep) struct pool *pool = pool_new("signer");
  crypt_key_describe(pool, key, now, &cert);
  return (cert.flags & PGP_CERT_CAN_SIGN) && !(cert.flags & (PGP_CERT_EXPIRED | PGP_CERT_REVOKED | PGP_CERT_INVALID));
}

enum status crypt_ring_signer(struct crypt_worker *w, const char *const *wanted, gpgme_key_t *out, struct fault *err)
{
  int64_t now = clock_now(&w->clock);
  const char *why = "none is named";
  for (; *wanted; wanted++) {
    size_t i = crypt_ring_find(&w->ring, *wanted);
    if (i != SIZE_MAX && w->ring.own[i] && can_sign(w->ring.key[i], now)) {
      *out = w->ring.key[i];
      return ST_OK;
    }
    why = i == SIZE_MAX     ? "it is not in the key ring"
          : !w->ring.own[i] ? "its secret part is not in the GnuPG home"
                            : "it has expired, is revoked, or cannot sign";
  }
  return fault(err, ST_RETRY, "no usable key of ours to sign with: %s", why);
}

/* ---- the next snapshot ---- */
static unsigned ring_number(const char *name)
{
  unsigned n = 0;
  int end = 0;
  return sscanf(name, "ring-%9u.kbx%n", &n, &end) == 1 && end && name[end] == '\0' ? n : 0;
}

/* Highest number there is. Removes rings that nobody can be using any more: replaced RING_KEEP_S ago. */
static unsigned last_ring(unsigned current, bool sweep)
{
  unsigned last = current;
  DIR *d = opendir(".");
  for (struct dirent *e; d && (e = readdir(d));) {
    unsigned n = ring_number(e->d_name);
    if (n > last)
      last = n;
    char next[32];
    struct stat sb;
    snprintf(next, sizeof next, "ring-%u.kbx", n + 1);
    bool replaced = n && n < current && (n + 1 > current || stat(next, &sb) || time(NULL) - sb.st_mtime > RING_KEEP_S);
    if (sweep && replaced)
      (void)unlink(e->d_name);
  }
  if (d)
    closedir(d);
  return last;
}

/* Certificates of the present ring that stay. */
static enum status kept_certs(struct crypt_worker *w, enum crypt_keep keep, struct pool *pool, struct bytes *out,
                              struct fault *err)
{
  *out = (struct bytes){ 0 };
  crypt_ring_drop(w);
  if (!file_exists("gpg.conf") && !file_exists("pubring.kbx") && !file_exists("pubring.gpg"))
    return ST_OK; /* a new home */
  enum status st = list_ring(w, err);
  if (st)
    return st;
  const char **fprs = pool_array(pool, w->ring.count + 1, sizeof *fprs);
  size_t n = 0;
  for (size_t i = 0; i < w->ring.count; i++)
    if ((keep == KEEP_ALL || w->ring.own[i]) && w->ring.key[i]->subkeys)
      fprs[n++] = w->ring.key[i]->subkeys->fpr;
  /* Whole: a minimal export leaves out what has expired, and mail to it could never be opened again. */
  return n ? crypt_engine_export_whole(&w->engine, fprs, (struct crypt_exported){ pool, out }, err) : ST_OK;
}

static enum status sync_file(const char *path, struct fault *err)
{
  AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd))
    return fault(err, ST_RETRY, "%s: %s", path, strerror(errno));
  return ST_OK;
}

static enum status import_as(struct crypt_worker *w, enum crypt_conf kind, struct bytes certs, struct fault *err)
{
  enum status st = certs.len ? crypt_scratch_conf(w, kind, err) : ST_OK;
  if (!st && certs.len)
    st = crypt_engine_import(&w->scratch_engine, certs, w->deadline_ms * RING_DEADLINE_FACTOR, err);
  return st;
}

/* Imports into the scratch home and gives back the path of its ring; an empty one when there was nothing. */
static enum status build_in_scratch(struct crypt_worker *w, struct bytes kept, struct bytes certs, struct fault *err)
{
  enum status st = crypt_scratch_open(w, err);
  if (st)
    return st;
  crypt_scratch_empty(w);
  st = import_as(w, CONF_IMPORT_WHOLE, kept, err);
  if (!st)
    st = import_as(w, CONF_IMPORT, certs, err);
  if (st || kept.len || certs.len)
    return st;
  return crypt_engine_list(&w->scratch_engine, w->deadline_ms, err); /* makes an empty keybox */
}

static enum status switch_to(struct crypt_worker *w, struct pool *pool, const char *built, struct fault *err)
{
  unsigned current = 0;
  const char *now = crypt_home_ring(pool);
  if (now)
    current = ring_number(now);
  const char *ring = pool_printf(pool, "ring-%u.kbx", last_ring(current, false) + 1);
  enum status st = sync_file(built, err);
  if (st)
    return st;
  FAILPOINT("crypt.ring.built");
  if (rename(built, ring))
    return fault(err, ST_RETRY, "%s: %s", ring, strerror(errno));
  FAILPOINT("crypt.ring.renamed");
  st = dir_sync(".", err);
  if (!st)
    st = file_replace("gpg.conf", bytes_str(crypt_home_conf(pool, CONF_RING, ring)), 0600, err);
  FAILPOINT("crypt.ring.switched");
  if (!st)
    last_ring(ring_number(ring), true);
  return st;
}

enum status crypt_ring_build(struct crypt_worker *w, enum crypt_keep keep, struct bytes certs, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("ring");
  struct bytes kept;
  enum status st = crypt_scratch_open(w, err); /* takes home.lock by itself: before ours */
  if (st)
    return st;
  AUTO(fd_closep) int lock = crypt_home_lock("home.lock", true);
  if (lock < 0)
    return fault(err, ST_RETRY, "home.lock: %s", strerror(errno));
  if (keep == KEEP_FIRST && file_exists("gpg.conf"))
    return ST_OK; /* another worker was faster */
  st = kept_certs(w, keep, pool, &kept, err);
  if (st)
    return fault_add(err, "own keys");
  st = build_in_scratch(w, kept, certs, err);
  if (!st)
    st = switch_to(w, pool, crypt_scratch_path(w, pool, "pubring.kbx"), err);
  crypt_scratch_empty(w);
  crypt_ring_drop(w);
  return st ? fault_add(err, "new key ring") : ST_OK;
}

/* ---- what the present snapshot was built of ---- */
/* Names the certificates, the snapshot as it lies there, and the options that go with it; NULL: there is none. */
static char *ring_sum(struct pool *pool, struct bytes certs)
{
  struct stat sb;
  struct bytes conf;
  struct fault ignored = { 0 };
  unsigned char of_certs[32], of_conf[32];
  const char *ring = crypt_home_ring(pool);
  if (!ring || stat(ring, &sb) || file_read(pool, "gpg.conf", 1u << 16, &conf, &ignored) ||
      !bytes_eq(conf, bytes_str(crypt_home_conf(pool, CONF_RING, ring))))
    return NULL;
  sha256_digest(of_certs, certs);
  sha256_digest(of_conf, conf);
  return pool_printf(pool, "%s %s %s %jd %jd.%09ld\n",
                     hex_encode(pool, (struct bytes){ (const char *)of_certs, sizeof of_certs }),
                     hex_encode(pool, (struct bytes){ (const char *)of_conf, sizeof of_conf }), ring,
                     (intmax_t)sb.st_size, (intmax_t)sb.st_mtim.tv_sec, sb.st_mtim.tv_nsec);
}

static bool ring_is(struct pool *pool, struct bytes certs)
{
  struct bytes noted;
  struct fault ignored = { 0 };
  const char *sum = ring_sum(pool, certs);
  return sum && !file_read(pool, RING_SUM, 1024, &noted, &ignored) && bytes_eq(noted, bytes_str(sum));
}

/* Without it the next start builds once more. */
static void ring_note(struct pool *pool, struct bytes certs)
{
  struct fault ignored = { 0 };
  const char *sum = ring_sum(pool, certs);
  if (!sum || file_replace(RING_SUM, bytes_str(sum), 0600, &ignored))
    (void)unlink(RING_SUM);
}

enum status crypt_ring(struct crypt_worker *w, struct crypt_job *job, struct fault *err)
{
  struct buf certs = buf_new(job->pool, 4096);
  size_t given = 0;
  for (size_t i = 0; i < wire_count(job->request); i++) {
    struct bytes field;
    struct packet_certs split;
    if (wire_field(job->request, i, &field) != CRYPT_TAG_KEY)
      continue;
    packet_split(job->pool, field, 1, &split);
    given++;
    if (split.count == 1 && split.cert[0].version == 4 && split.cert[0].data.len <= CRYPT_KEY_MAX)
      buf_add(&certs, split.cert[0].data);
  }
  enum status st = ST_OK;
  if (!ring_is(job->pool, buf_bytes(&certs))) {
    st = crypt_ring_build(w, KEEP_OWN, buf_bytes(&certs), err);
    if (!st)
      ring_note(job->pool, buf_bytes(&certs));
  }
  if (!st)
    st = crypt_ring_refresh(w, err);
  if (st)
    return st;
  size_t own = 0;
  for (size_t i = 0; i < w->ring.count; i++)
    own += w->ring.own[i];
  wire_puti(job->answer, CRYPT_TAG_RING_KEYS, (int64_t)w->ring.count);
  wire_puti(job->answer, CRYPT_TAG_RING_OWN, (int64_t)own);
  wire_puts(job->answer, TAG_TEXT,
            pool_printf(job->pool, "key ring of %zu keys, %zu of them ours; %zu certificates given", w->ring.count, own,
                        given));
  return ST_OK;
}
