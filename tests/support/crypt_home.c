/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>

#include "crypt_home.h"

#include <check.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fixture_put_key(const struct fixture *f, struct wire_msg *m, struct pool *pool, const char *name)
{
  wire_put(m, CRYPT_TAG_KEY, peer_file(pool, f->dir, pool_printf(pool, "%s.asc", name)));
}

void fixture_put_clean(const struct fixture *f, struct peer *p, struct wire_msg *m, struct pool *pool, const char *name)
{
  struct wire_msg *ask = wire_new(pool, CRYPT_INSPECT, 5);
  struct pgp_cert *cert;
  struct fault err = { 0 };
  size_t count;
  wire_put(ask, TAG_BYTES, peer_file(pool, f->dir, pool_printf(pool, "%s.asc", name)));
  ck_assert_msg(pgp_certs_get(peer_call(p, pool, ask), pool, &cert, &count, &err) == ST_OK, "%s", err.text);
  ck_assert_uint_eq(count, 1);
  wire_put(m, CRYPT_TAG_KEY, cert->key);
  wire_puti(m, CRYPT_TAG_CLEAN, 1);
}

unsigned fixture_scratch_files(const char *home, const char *name)
{
  AUTO(pool_freep) struct pool *pool = pool_new("scratch");
  glob_t found = { 0 };
  unsigned n = glob(pool_printf(pool, "%s/scratch.*%s", home, name), 0, NULL, &found) ? 0 : (unsigned)found.gl_pathc;
  globfree(&found);
  return n;
}

static void generate(struct fixture *f)
{
  AUTO(pool_freep) struct pool *pool = pool_new("generate");
  struct fault err = { 0 };
  struct pgp_cert *cert;
  size_t count;
  struct peer p = peer_start(f->home, PEER_WORKER, 0);
  struct wire_msg *m = wire_new(pool, CRYPT_GENERATE, 1);
  wire_puts(m, CRYPT_TAG_UID, "Gateway <gateway@x.example>");
  wire_puti(m, CRYPT_TAG_EXPIRES, INT64_C(2) * 365 * 86400);
  struct wire_msg *answer = peer_call(&p, pool, m);
  ck_assert_msg(wire_type(answer) == CRYPT_OWNED, "%s", wire_gets(answer, TAG_TEXT));
  ck_assert_msg(pgp_certs_get(answer, pool, &cert, &count, &err) == ST_OK, "%s", err.text);
  ck_assert_uint_eq(count, 1);
  f->fpr = pool_strdup(f->pool, cert[0].fpr);
  peer_stop(&p);
}

static void fill_ring(struct fixture *f)
{
  static const char *const names[] = { "alice", "bob", "carol" };
  AUTO(pool_freep) struct pool *pool = pool_new("ring");
  struct peer p = peer_start(f->home, PEER_WORKER, 0);
  struct wire_msg *m = wire_new(pool, CRYPT_RING, 2);
  for (size_t i = 0; i < ARRAY_LEN(names); i++)
    fixture_put_key(f, m, pool, names[i]);
  struct wire_msg *answer = peer_call(&p, pool, m);
  ck_assert_msg(wire_type(answer) == CRYPT_RING_OK, "%s", wire_gets(answer, TAG_TEXT));
  ck_assert_int_eq(wire_geti(answer, CRYPT_TAG_RING_KEYS, 0), 4);
  ck_assert_int_eq(wire_geti(answer, CRYPT_TAG_RING_OWN, 0), 1);
  peer_stop(&p);
}

void fixture_make(struct fixture *f, enum fixture_extent extent)
{
  const char *tmp = getenv("TMPDIR"), *src = getenv("top_srcdir");
  *f = (struct fixture){ .pool = pool_new("fixture") };
  char *dir = pool_printf(f->pool, "%s/crypt.XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(dir));
  f->dir = dir;
  f->home = pool_printf(f->pool, "%s/gateway", dir);
  generate(f);
  peer_run("gpg --homedir '%s' --no-autostart --armor --export >'%s/gateway.asc' 2>/dev/null", f->home, dir);
  peer_run("sh '%s/tests/support/crypt-material.sh' '%s' '%s/gateway.asc' %s 2>'%s/material.log'", src ? src : "..",
           dir, dir, extent == FIXTURE_KEYS ? "keys" : "", dir);
  fill_ring(f);
  f->agent = peer_start(f->home, PEER_AGENT, 0);
}

void fixture_drop(struct fixture *f)
{
  if (f->agent.pid)
    peer_stop(&f->agent);
  peer_run("rm -rf '%s'", f->dir);
  pool_free(&f->pool);
}

char *fixture_copy(const struct fixture *f, struct pool *pool, const char *name)
{
  char *copy = pool_printf(pool, "%s/%s", f->dir, name);
  peer_run("cp -a '%s' '%s' && rm -f '%s/S.gpg-agent'", f->home, copy, copy);
  return copy;
}
