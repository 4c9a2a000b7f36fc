/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A house with advisories, published one after the other into a site of its own. Signatures are a stand-in: they name
 * the SHA-256 of what they sign, so that a test sees whether a document and its signature belong together. */
#ifndef TEST_SITE_WORLD_H
#define TEST_SITE_WORLD_H
#include <check.h>
#include <embargod/file.h>
#include <embargod/secret.h>
#include <embargod/site.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test_advisory_case.h"

#define NOW (OPENED + 400 * DAY)
#define KEY_TEXT "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"

static const struct site_address addresses[] = { { "security@pumps.example", { "\x98\x33key", 5 } },
                                                 { "Psirt@pumps.example", { "\x98\x33other", 7 } } };
static const struct site_house site_house = { .url = "https://pumps.example",
                                              .organisation = "Example Pumps",
                                              .contact = "security@pumps.example",
                                              .space = "https://pumps.example",
                                              .policy_url = "https://pumps.example/policy",
                                              .language = "en",
                                              .fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567",
                                              .key = KEY_TEXT,
                                              .address = addresses,
                                              .address_count = ARRAY_LEN(addresses) };

struct world {
  struct pool *pool;
  char dir[256];
  struct site_entry *entry; /* the newest first */
  size_t count, cap;
  struct bytes security;
  struct site_written written;
  struct fault err;
};

static inline char *hash_of(struct pool *pool, struct bytes b)
{
  unsigned char digest[32];
  sha256_digest(digest, b);
  return hex_encode(pool, (struct bytes){ (const char *)digest, sizeof digest });
}

static inline struct bytes detached(struct pool *pool, struct bytes b)
{
  return bytes_str(
      pool_printf(pool, "-----BEGIN PGP SIGNATURE-----\n\n%s\n-----END PGP SIGNATURE-----\n", hash_of(pool, b)));
}

static inline struct bytes clear_signed(struct pool *pool, struct bytes b)
{
  return bytes_str(pool_printf(pool, "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n%s%s", pool_str(pool, b),
                               detached(pool, b).p));
}

static inline struct bytes world_security(struct pool *pool, int64_t expires)
{
  return clear_signed(pool, site_security_txt(pool, &site_house, expires));
}

static inline struct world world_new(void)
{
  struct world w = { .pool = pool_new("world") };
  const char *tmp = getenv("TMPDIR");
  snprintf(w.dir, sizeof w.dir, "%s/site-XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(w.dir));
  w.security = world_security(w.pool, NOW + 300 * DAY);
  return w;
}

static inline struct advisory *world_advisory(struct world *w, const char *id, unsigned version, int64_t first_at,
                                              int64_t changed_at)
{
  struct vuln_case *vc = full_case(w->pool);
  vc->id = id;
  struct advisory *a = advisory_for(w->pool, vc);
  a->final = true;
  a->revision = pool_array(w->pool, version, sizeof *a->revision);
  a->revision_count = version;
  for (unsigned i = 0; i < version; i++)
    a->revision[i] = (struct advisory_revision){ pool_printf(w->pool, "%u", i + 1),
                                                 i ? changed_at - (version - 1 - i) : first_at, "A version" };
  return a;
}

/* The documents of one version; number 1 is the first advisory. */
static inline void world_documents(struct world *w, struct site_entry *e, unsigned version)
{
  struct pool *pool = w->pool;
  struct advisory *a = world_advisory(w, e->id, version, e->first_at, e->changed_at);
  struct site_file *f = pool_array(pool, 5, sizeof *f);
  struct bytes csaf = advisory_csaf(pool, a), text = advisory_text(pool, a);
  char *path = site_csaf_path(pool, e->id, e->first_at);
  f[0] = (struct site_file){ path, csaf };
  f[1] = (struct site_file){ pool_printf(pool, "%s.asc", path), detached(pool, csaf) };
  f[2] = (struct site_file){
    site_page_path(pool, e->id, ".html"),
    bytes_str(
        pool_printf(pool, "<!DOCTYPE html>\n<title>%s %u</title><a href=\"../index.html\">all</a>\n", e->id, version))
  };
  f[3] = (struct site_file){ site_page_path(pool, e->id, ".txt"), text };
  f[4] = (struct site_file){ site_page_path(pool, e->id, ".txt.asc"), clear_signed(pool, text) };
  e->file = f;
  e->file_count = 5;
  e->version = pool_printf(pool, "%u", version);
}

static inline void world_add(struct world *w, int64_t first_at, const char *tlp)
{
  w->entry = pool_grow(w->pool, w->entry, w->count, &w->cap, sizeof *w->entry);
  memmove(w->entry + 1, w->entry, w->count * sizeof *w->entry);
  w->count++;
  w->entry[0] = (struct site_entry){ .id = pool_printf(w->pool, "EMB-2026-%04zu", w->count),
                                     .title = "Pump takes any firmware",
                                     .summary = "The pump takes firmware without a signature.",
                                     .cve = "CVE-2026-12345",
                                     .severity = "critical",
                                     .score = 98,
                                     .tlp = tlp,
                                     .first_at = first_at,
                                     .changed_at = first_at };
  world_documents(w, &w->entry[0], 1);
}

static inline void world_revise(struct world *w, size_t i, unsigned version, int64_t at)
{
  w->entry[i].changed_at = at;
  world_documents(w, &w->entry[i], version);
}

static inline enum status world_build(struct world *w)
{
  const struct site s = {
    .house = &site_house, .entry = w->entry, .entry_count = w->count, .security_txt = w->security, .now = NOW
  };
  fault_clear(&w->err);
  return site_build(w->dir, &s, w->pool, &w->written, &w->err);
}

/* From now on all is as in the tree that is there. */
static inline void world_forget(struct world *w)
{
  for (size_t i = 0; i < w->count; i++) {
    struct site_file *f = pool_array(w->pool, w->entry[i].file_count, sizeof *f);
    for (size_t k = 0; k < w->entry[i].file_count; k++)
      f[k].path = w->entry[i].file[k].path;
    w->entry[i].file = f;
  }
  w->security = (struct bytes){ 0 };
}

#define BUILT(w)                                                                                                       \
  do {                                                                                                                 \
    enum status got_ = world_build(w);                                                                                 \
    ck_assert_msg(got_ == ST_OK, "%s: %s", status_name(got_), (w)->err.text);                                          \
    world_forget(w);                                                                                                   \
  } while (0)

static inline struct bytes site_read(struct world *w, const char *tree, const char *path)
{
  struct bytes b = { 0 };
  struct fault err = { 0 };
  enum status st = file_read(w->pool, pool_printf(w->pool, "%s/%s/%s", w->dir, tree, path), 64 << 20, &b, &err);
  ck_assert_msg(!st, "%s", err.text);
  return b;
}

static inline bool site_has(struct world *w, const char *path)
{
  return file_exists(pool_printf(w->pool, "%s/%s", w->dir, path));
}
#endif
