/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and seals. Master key -> a random key per case, per letter and one for the system, each wrapped; columns are
 * sealed under the key of their scope. Erasing = deleting a wrapped key. */
#include <config.h>

#include <string.h>

#include <embargod/text.h>

#include "store_private.h"

void store_key_wipep(struct secret_key *key)
{
  secret_wipe(key, sizeof *key);
}

const struct secret_key *store_subkey(struct store *st, const char *purpose)
{
  size_t i = 0;
  for (; i < STORE_SUBKEYS && st->sub[i].purpose; i++) {
    if (strcmp(st->sub[i].purpose, purpose) == 0)
      return st->sub[i].key;
  }
  invariant(i < STORE_SUBKEYS);
  st->sub[i] = (struct store_subkey){ pool_strdup(st->pool, purpose), secret_key_new() };
  secret_key_derive(st->sub[i].key, st->master, purpose);
  return st->sub[i].key;
}

void store_forget_keys(struct store *st)
{
  for (size_t i = 0; i < STORE_CASE_KEYS; i++)
    st->case_of_key[i] = 0;
}

static struct bytes key_bytes(const struct secret_key *key)
{
  return (struct bytes){ (const char *)key->k, sizeof key->k };
}

/* ---- the check value: does this master key belong to this store? ---- */

static enum status set_check(struct store *st, struct pool *pool, struct fault *err)
{
  struct bytes sealed =
      secret_seal(pool, store_subkey(st, "store:check"), BYTES("embargod"), "schema_info:1:key_check");
  return db_run(st->db, "UPDATE schema_info SET key_check = $1 WHERE id = 1", DB_ARGS(db_b(sealed)), err);
}

enum status store_check_key(struct store *st, bool fresh, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("store");
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  if (fresh)
    return set_check(st, pool, err);
  enum status s = db_one(st->db, "SELECT key_check FROM schema_info WHERE id = 1", DB_NO_ARGS, &q, &row, err);
  if (s != ST_OK)
    return s;
  struct bytes plain;
  if (!row || secret_open(pool, store_subkey(st, "store:check"), db_blob(q, 0), "schema_info:1:key_check", &plain,
                          NULL) != ST_OK)
    return fault(err, ST_REJECT, "the master key does not fit this store");
  return ST_OK;
}

/* ---- wrapped keys ---- */

static enum status put_wrapped(struct store *st, const char *scope, int64_t ref, int64_t by,
                               const struct secret_key *key, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("store");
  const struct secret_key *outer = store_subkey(st, "store:wrap");
  enum status s = by ? store_case_key(st, by, &outer, err) : ST_OK;
  if (s != ST_OK)
    return s;
  struct bytes wrapped = secret_seal(pool, outer, key_bytes(key),
                                     pool_printf(pool, "wrapped_key:%s:%" PRId64 ":%" PRId64, scope, ref, by));
  return db_run(st->db,
                "INSERT INTO wrapped_key (scope, ref, wrapped_by, wrapped) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (scope, ref) DO UPDATE SET wrapped_by = excluded.wrapped_by, wrapped = excluded.wrapped",
                DB_ARGS(db_t(scope), db_i(ref), db_i(by), db_b(wrapped)), err);
}

static enum status get_wrapped(struct store *st, const char *scope, int64_t ref, struct secret_key *key,
                               struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("store");
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT wrapped_by, wrapped FROM wrapped_key WHERE scope = $1 AND ref = $2",
                         DB_ARGS(db_t(scope), db_i(ref)), &q, &row, err);
  if (s != ST_OK)
    return s;
  if (!row)
    return fault(err, ST_REJECT,
                 "the key of %s %" PRId64 " is gone: it was erased, or a backup's keys were not restored", scope, ref);
  int64_t by = db_int(q, 0);
  const struct secret_key *outer = store_subkey(st, "store:wrap");
  if (by)
    s = store_case_key(st, by, &outer, err);
  struct bytes plain;
  if (s == ST_OK)
    s = secret_open(pool, outer, db_blob(q, 1),
                    pool_printf(pool, "wrapped_key:%s:%" PRId64 ":%" PRId64, scope, ref, by), &plain, err);
  if (s != ST_OK)
    return fault(err, s, "key of %s %" PRId64, scope, ref);
  if (plain.len != sizeof key->k)
    return fault(err, ST_BROKEN, "key of %s %" PRId64 ": %zu bytes", scope, ref, plain.len);
  memcpy(key->k, plain.p, sizeof key->k);
  return ST_OK;
}

static enum status system_key(struct store *st, const struct secret_key **key, struct fault *err)
{
  *key = st->system;
  if (st->system)
    return ST_OK;
  struct secret_key *fresh = secret_key_new();
  enum status s = get_wrapped(st, "system", 0, fresh, err);
  if (s == ST_OK)
    *key = st->system = fresh;
  else
    secret_key_free(&fresh);
  return s;
}

enum status store_case_key(struct store *st, int64_t ref, const struct secret_key **key, struct fault *err)
{
  if (ref == 0)
    return system_key(st, key, err);
  for (size_t i = 0; i < STORE_CASE_KEYS; i++) {
    if (st->case_of_key[i] == ref) {
      *key = st->case_key[i];
      return ST_OK;
    }
  }
  unsigned at = st->case_key_next++ % STORE_CASE_KEYS;
  if (!st->case_key[at])
    st->case_key[at] = secret_key_new();
  st->case_of_key[at] = 0;
  enum status s = get_wrapped(st, "case", ref, st->case_key[at], err);
  if (s != ST_OK)
    return s;
  st->case_of_key[at] = ref;
  *key = st->case_key[at];
  return ST_OK;
}

enum status store_case_key_make(struct store *st, int64_t ref, struct fault *err)
{
  AUTO(store_key_wipep) struct secret_key key;
  secret_key_random(&key);
  return put_wrapped(st, ref ? "case" : "system", ref, 0, &key, err);
}

enum status store_letter_key_make(struct store *st, int64_t letter, struct secret_key *key, struct fault *err)
{
  secret_key_random(key);
  return put_wrapped(st, "letter", letter, 0, key, err);
}

enum status store_letter_key(struct store *st, int64_t letter, struct secret_key *key, struct fault *err)
{
  return get_wrapped(st, "letter", letter, key, err);
}

enum status store_letter_key_move(struct store *st, int64_t letter, int64_t ref, struct fault *err)
{
  AUTO(store_key_wipep) struct secret_key key;
  enum status s = get_wrapped(st, "letter", letter, &key, err);
  return s == ST_OK ? put_wrapped(st, "letter", letter, ref, &key, err) : s;
}

/* ---- columns ---- */

static const char *bound_to(struct store_row *row, const char *column)
{
  return pool_printf(row->pool, "%s:%" PRId64 ":%s", row->table, row->id, column);
}

struct db_arg store_seal_bytes(struct store_row *row, const char *column, struct bytes b)
{
  return db_b(secret_seal(row->pool, row->key, b, bound_to(row, column)));
}

struct db_arg store_seal_text(struct store_row *row, const char *column, const char *text)
{
  return store_seal_bytes(row, column, bytes_str(text));
}

struct bytes store_open_bytes(struct store_row *row, const struct db_stmt *q, int col, const char *column)
{
  struct bytes out = { "", 0 };
  if (row->status != ST_OK)
    return out;
  row->status = secret_open(row->pool, row->key, db_blob(q, col), bound_to(row, column), &out, row->err);
  if (row->status != ST_OK) {
    out = (struct bytes){ "", 0 };
    (void)fault(row->err, row->status, "store: %s %" PRId64 ", %s", row->table, row->id, column);
  }
  return out;
}

const char *store_open_text(struct store_row *row, const struct db_stmt *q, int col, const char *column)
{
  return store_open_bytes(row, q, col, column).p; /* secret_open leaves a NUL behind the end */
}

/* ---- keyed digests ---- */

struct db_arg store_digest(struct store *st, struct pool *pool, const char *purpose, struct bytes data)
{
  unsigned char *out = pool_alloc(pool, SECRET_DIGEST_LEN);
  secret_digest(out, store_subkey(st, purpose), data);
  return db_b((struct bytes){ (const char *)out, SECRET_DIGEST_LEN });
}

struct db_arg store_digest_text(struct store *st, struct pool *pool, const char *purpose, const char *text)
{
  struct bytes b = bytes_str(text);
  return b.len ? store_digest(st, pool, purpose, b) : (struct db_arg){ .type = DB_NULL };
}

/* Without <> and white space around; letters in lower case, the local part's too (as pgp_cert_has_address does). */
static const char *bare(struct pool *pool, const char *text)
{
  struct bytes b = bytes_trim(bytes_str(text));
  if (b.len >= 2 && b.p[0] == '<' && b.p[b.len - 1] == '>')
    b = bytes_trim(bytes_sub(b, 1, b.len - 2));
  return pool_str(pool, b);
}

struct db_arg store_digest_address(struct store *st, struct pool *pool, const char *address)
{
  return store_digest_text(st, pool, "store:address", text_lower(pool, bare(pool, address)));
}

struct db_arg store_digest_fpr(struct store *st, struct pool *pool, const char *fingerprint)
{
  return store_digest_text(st, pool, "store:fingerprint", text_lower(pool, bare(pool, fingerprint)));
}

struct db_arg store_digest_message_id(struct store *st, struct pool *pool, const char *message_id)
{
  return store_digest_text(st, pool, "store:message-id", bare(pool, message_id));
}

struct db_arg store_digest_token(struct store *st, struct pool *pool, const char *token)
{
  return store_digest_text(st, pool, "store:token", text_lower(pool, bare(pool, token)));
}
