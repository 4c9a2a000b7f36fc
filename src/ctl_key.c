/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargoctl key new: one more secret key for the gateway. The old ones stay, so that what was encrypted to them can still be read;
 * embargod signs with the newest usable one after its next reload. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/channel.h>
#include <embargod/file.h>
#include <embargod/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_DAYS (2 * 365)
#define KEY_DAYS_MAX (20 * 365)

struct own_keys {
  struct pgp_cert *cert;
  size_t count;
};

static bool among(const struct own_keys *keys, const char *fpr)
{
  for (size_t i = 0; i < keys->count; i++)
    if (!strcmp(keys->cert[i].fpr, fpr))
      return true;
  return false;
}

static enum status make_key(struct pool *pool, const struct conf *c, int64_t days, struct pgp_cert *out, struct fault *err)
{
  struct ctl_crypt *crypt = NULL;
  struct own_keys before = { 0 }, after = { 0 };
  enum status st = ctl_crypt_start(pool, c->gnupg_home, c->key_passphrase_file, &crypt, err);
  if (!st)
    st = ctl_crypt_ask(crypt, wire_new(pool, CRYPT_OWN, 0), CRYPT_OWNED, &before.cert, &before.count, err);
  if (!st) {
    struct wire_msg *m = wire_new(pool, CRYPT_GENERATE, 0);
    wire_puts(m, CRYPT_TAG_UID, pool_printf(pool, "%s <%s>", c->organisation, c->address));
    wire_puti(m, CRYPT_TAG_EXPIRES, days * 86400);
    st = ctl_crypt_ask(crypt, m, CRYPT_OWNED, &after.cert, &after.count, err);
  }
  ctl_crypt_stop(&crypt);
  for (size_t i = 0; !st && i < after.count; i++)
    if (!among(&before, after.cert[i].fpr) && after.cert[i].key.len) {
      *out = after.cert[i];
      return ST_OK;
    }
  return st ? st : fault(err, ST_BROKEN, "the key was made but not given back");
}

int ctl_key_new(const struct conf *c, int argc, char **argv)
{
  AUTO(pool_freep) struct pool *pool = pool_new("new key");
  struct pgp_cert cert;
  struct fault err = { 0 };
  char *end = NULL;
  int64_t days = argc > 2 ? strtoll(argv[2], &end, 10) : KEY_DAYS;
  if (argc > 3 || (argc > 2 && (end == argv[2] || *end)) || days < 1 || days > KEY_DAYS_MAX) {
    fprintf(stderr, "usage: embargoctl key new [DAYS]   (valid for that many days, 1 to %d; default %d)\n", KEY_DAYS_MAX, KEY_DAYS);
    return 64;
  }
  const char *slash = strrchr(c->file, '/'), *file = NULL;
  enum status st = make_key(pool, c, days, &cert, &err);
  if (!st) {
    file = pool_printf(pool, "%.*s/gateway-%s.pgp", (int)(slash - c->file), c->file, cert.fpr);
    st = file_create(file, cert.key, 0644, &err);
  }
  if (st) {
    fprintf(stderr, "embargoctl: new key: %s\n", err.text);
    return st == ST_RETRY ? 75 : 1;
  }
  printf("Made a new key for %s, valid for %" PRId64 " days:\n  %s\n  public key: %s\n"
         "The old keys stay: what is encrypted to them can still be read.\n"
         "%s"
         "Publish it, then reload embargod (SIGHUP): from then on it signs and is encrypted to with this one.\n",
         c->address, days, pgp_fpr_pretty(pool, cert.fpr), file,
         c->signing_key ? "The configuration names another one: change signing_key as well.\n" : "");
  return 0;
}
