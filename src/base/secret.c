/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/secret: sealing at rest and keyed digests. The one place that knows libsodium. */
#include <config.h>

#include <embargod/secret.h>
#include <sodium.h>
#include <string.h>

#include <embargod/file.h>
#include <embargod/text.h>

#include "base_private.h"

#define SEAL_VERSION 1
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_LEN (1 + NONCE_LEN)

_Static_assert(SECRET_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key length");
_Static_assert(SECRET_DIGEST_LEN == crypto_generichash_BYTES, "digest length");

enum status secret_init(struct fault *err)
{
  return sodium_init() < 0 ? fault(err, ST_BROKEN, "libsodium does not start") : ST_OK;
}

void secret_random(void *out, size_t len)
{
  randombytes_buf(out, len);
}

void secret_wipe(void *p, size_t len)
{
  if (p)
    sodium_memzero(p, len);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
  return sodium_memcmp(a, b, len) == 0;
}

void secret_key_random(struct secret_key *key)
{
  randombytes_buf(key->k, sizeof key->k);
}

void secret_key_derive(struct secret_key *out, const struct secret_key *master, const char *purpose)
{
  secret_digest(out->k, master, bytes_str(purpose));
}

struct secret_key *secret_key_new(void)
{
  struct secret_key *key = sodium_malloc(sizeof *key);
  if (!key)
    base_out_of_memory(sizeof *key);
  memset(key, 0, sizeof *key);
  return key;
}

void secret_key_free(struct secret_key **key)
{
  if (!key || !*key)
    return;
  sodium_free(*key); /* wipes */
  *key = NULL;
}

enum status secret_key_load(struct secret_key *key, const char *path, struct fault *err)
{
  enum status s = file_check_private(path, err);
  if (s != ST_OK)
    return fault(err, s, "key file");
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("key file");
  struct bytes text, raw;
  s = file_read(pool, path, 4096, &text, err);
  if (s != ST_OK)
    return fault(err, s, "key file");
  text = bytes_trim(text);
  if (text.len != 2 * sizeof key->k || !hex_decode(pool, pool_str(pool, text), &raw))
    return fault(err, ST_REJECT, "key file %s: 64 hexadecimal digits on one line are expected", path);
  memcpy(key->k, raw.p, sizeof key->k);
  return ST_OK;
}

enum status secret_key_create(const char *path, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("key file");
  struct secret_key *key = pool_new_of(pool, struct secret_key);
  secret_key_random(key);
  char *line = pool_printf(pool, "%s\n", hex_encode(pool, (struct bytes){ (const char *)key->k, sizeof key->k }));
  enum status s = file_create(path, bytes_str(line), 0600, err);
  return s == ST_OK ? s : fault(err, s, "key file");
}

/* The version is bound too, so that it cannot be exchanged for another one with other rules. */
static struct bytes bound_data(struct pool *pool, const char *ad)
{
  char *all = pool_printf(pool, "%c%s", SEAL_VERSION, ad ? ad : "");
  return bytes_str(all);
}

struct bytes secret_seal(struct pool *pool, const struct secret_key *key, struct bytes plain, const char *ad)
{
  unsigned char *out = pool_alloc(pool, HEAD_LEN + plain.len + TAG_LEN);
  struct bytes bound = bound_data(pool, ad);
  out[0] = SEAL_VERSION;
  randombytes_buf(out + 1, NONCE_LEN);
  unsigned long long len = 0;
  int failed =
      crypto_aead_xchacha20poly1305_ietf_encrypt(out + HEAD_LEN, &len, (const unsigned char *)plain.p, plain.len,
                                                 (const unsigned char *)bound.p, bound.len, NULL, out + 1, key->k);
  invariant(failed == 0 && len == plain.len + TAG_LEN);
  return (struct bytes){ (const char *)out, HEAD_LEN + plain.len + TAG_LEN };
}

enum status secret_open(struct pool *pool, const struct secret_key *key, struct bytes sealed, const char *ad,
                        struct bytes *out, struct fault *err)
{
  const unsigned char *in = (const unsigned char *)sealed.p;
  if (sealed.len < HEAD_LEN + TAG_LEN || in[0] != SEAL_VERSION)
    return fault(err, ST_BROKEN, "sealed text of an unknown form (%zu bytes)", sealed.len);
  size_t plain_len = sealed.len - HEAD_LEN - TAG_LEN;
  unsigned char *plain = pool_alloc(pool, plain_len + 1);
  struct bytes bound = bound_data(pool, ad);
  unsigned long long len = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, in + HEAD_LEN, sealed.len - HEAD_LEN,
                                                 (const unsigned char *)bound.p, bound.len, in + 1, key->k) != 0)
    return fault(err, ST_BROKEN, "sealed text does not open: another key, or it was altered");
  invariant(len == plain_len);
  *out = (struct bytes){ (const char *)plain, plain_len };
  return ST_OK;
}

void secret_digest(unsigned char out[SECRET_DIGEST_LEN], const struct secret_key *key, struct bytes data)
{
  crypto_generichash(out, SECRET_DIGEST_LEN, (const unsigned char *)data.p, data.len, key ? key->k : NULL,
                     key ? sizeof key->k : 0);
}

static void add_length(crypto_generichash_state *state, uint64_t n)
{
  unsigned char le[8];
  for (size_t i = 0; i < sizeof le; i++)
    le[i] = (unsigned char)(n >> (8 * i));
  crypto_generichash_update(state, le, sizeof le);
}

void secret_digest_parts(unsigned char out[SECRET_DIGEST_LEN], const struct secret_key *key, const struct bytes *part,
                         size_t count)
{
  crypto_generichash_state state;
  crypto_generichash_init(&state, key ? key->k : NULL, key ? sizeof key->k : 0, SECRET_DIGEST_LEN);
  add_length(&state, count);
  for (size_t i = 0; i < count; i++) {
    add_length(&state, part[i].len);
    crypto_generichash_update(&state, (const unsigned char *)part[i].p, part[i].len);
  }
  crypto_generichash_final(&state, out, SECRET_DIGEST_LEN);
  sodium_memzero(&state, sizeof state);
}

void sha256_digest(unsigned char out[32], struct bytes data)
{
  crypto_hash_sha256(out, (const unsigned char *)data.p, data.len);
}

void sha512_digest(unsigned char out[64], struct bytes data)
{
  crypto_hash_sha512(out, (const unsigned char *)data.p, data.len);
}

char *secret_token(struct pool *pool, size_t len)
{
  static const char digit[] = "abcdefghijklmnopqrstuvwxyz234567";
  unsigned char *raw = pool_alloc(pool, len + 1);
  randombytes_buf(raw, len);
  char *out = (char *)raw;
  for (size_t i = 0; i < len; i++)
    out[i] = digit[raw[i] & 31];
  out[len] = '\0';
  return out;
}
