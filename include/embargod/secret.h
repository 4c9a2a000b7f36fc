/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/secret: sealing at rest and keyed digests (libsodium), random tokens. */
#ifndef EMBARGOD_SECRET_H
#define EMBARGOD_SECRET_H
#include <embargod/base.h>

#define SECRET_KEY_LEN 32
#define SECRET_DIGEST_LEN 32
struct secret_key {
  unsigned char k[SECRET_KEY_LEN];
};
/* Once per process before anything else here. */
MUST_USE enum status secret_init(struct fault *err);
void secret_key_random(struct secret_key *key);
/* Sub-key for a purpose, from the master key (BLAKE2b keyed; purpose e.g. "index", "tag", "chain"). */
void secret_key_derive(struct secret_key *out, const struct secret_key *master, const char *purpose);
void secret_wipe(void *p, size_t len);
/* The key lies in page-locked memory that core dumps leave out; *key is NULL afterwards. */
struct secret_key *secret_key_new(void);
void secret_key_free(struct secret_key **key);
/* 64 hex digits, one line, mode 0600 (checked). */
MUST_USE enum status secret_key_load(struct secret_key *key, const char *path, struct fault *err);
MUST_USE enum status secret_key_create(const char *path, struct fault *err); /* DENIED when it exists */

/* XChaCha20-Poly1305: version byte, nonce, ciphertext. ad = associated data, e.g. "letter:17:raw". */
struct bytes secret_seal(struct pool *pool, const struct secret_key *key, struct bytes plain, const char *ad);
/* BROKEN when it does not open (wrong key, altered). out lies in pool: use a wiping one. */
MUST_USE enum status secret_open(struct pool *pool, const struct secret_key *key, struct bytes sealed, const char *ad,
                                 struct bytes *out, struct fault *err);
/* BLAKE2b-256, keyed (key NULL: plain). */
void secret_digest(unsigned char out[SECRET_DIGEST_LEN], const struct secret_key *key, struct bytes data);
/* The same over several pieces, each with its length mixed in, so ("a","bc") differs from ("ab","c"). */
void secret_digest_parts(unsigned char out[SECRET_DIGEST_LEN], const struct secret_key *key, const struct bytes *part,
                         size_t count);
void sha256_digest(unsigned char out[32], struct bytes data);
void sha512_digest(unsigned char out[64], struct bytes data);
bool secret_equal(const void *a, const void *b, size_t len); /* constant time */
/* Random token of len characters a-z2-7 (5 bits each). */
char *secret_token(struct pool *pool, size_t len);
void secret_random(void *out, size_t len);
#endif
