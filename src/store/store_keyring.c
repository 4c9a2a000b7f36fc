/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of reporters and participants: found by keyed digests of address and fingerprint, sealed under the system's key.
 */
#include <config.h>

#include "store_private.h"

#define COLUMNS "SELECT id, tier, seen_at, expires, waits, address, fingerprint, key, provenance FROM stored_key "

static enum status take(struct store_row *row, const struct db_stmt *q, struct stored_key *out)
{
  enum status s = store_case_key(row->st, 0, &row->key, row->err);
  if (s != ST_OK)
    return s;
  row->table = "stored_key";
  row->id = db_int(q, 0);
  *out = (struct stored_key){ .tier = (enum key_tier)db_int(q, 1),
                              .seen_at = db_int(q, 2),
                              .expires = db_int(q, 3),
                              .waits = db_bool(q, 4),
                              .address = store_open_text(row, q, 5, "address"),
                              .fingerprint = store_open_text(row, q, 6, "fingerprint"),
                              .key = store_open_bytes(row, q, 7, "key"),
                              .provenance = store_open_text(row, q, 8, "provenance") };
  return row->status;
}

/* What a row is after a new sighting: the better tier stays, accepted stays accepted, key bytes are the newest. */
static void join(struct stored_key *k, const struct stored_key *old)
{
  if (old->tier > k->tier) {
    k->tier = old->tier;
    k->provenance = old->provenance;
  }
  if (old->seen_at > k->seen_at)
    k->seen_at = old->seen_at;
  k->waits = k->waits && old->waits;
  if (!k->key.len) {
    k->key = old->key;
    k->expires = old->expires;
  }
}

static enum status find_old(struct store_row *row, struct db_arg address, struct db_arg fpr, struct stored_key *old,
                            bool *found)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  enum status s = db_one(row->st->db, COLUMNS "WHERE address_digest = $1 AND fingerprint_digest = $2",
                         DB_ARGS(address, fpr), &q, found, row->err);
  return s == ST_OK && *found ? take(row, q, old) : s;
}

static enum status put(struct store *st, const struct stored_key *given, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("key");
  struct store_row row = { .st = st, .pool = pool, .table = "stored_key", .err = err };
  struct stored_key k = *given, old;
  bool found;
  struct db_arg address = store_digest_address(st, pool, k.address), fpr = store_digest_fpr(st, pool, k.fingerprint);
  if (address.type == DB_NULL || fpr.type == DB_NULL)
    return fault(err, ST_BROKEN, "a key is kept by address and fingerprint");
  enum status s = find_old(&row, address, fpr, &old, &found);
  if (s == ST_OK && found)
    join(&k, &old);
  if (s == ST_OK && !found)
    s = store_new_id(st, TABLE_KEY, &row.id, err);
  if (s == ST_OK)
    s = store_case_key(st, 0, &row.key, err);
  if (s != ST_OK)
    return s;
  return db_run(
      st->db,
      "INSERT INTO stored_key (id, tier, seen_at, expires, waits, address, fingerprint, key, provenance,"
      " address_digest, fingerprint_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
      " ON CONFLICT (id) DO UPDATE SET tier = excluded.tier, seen_at = excluded.seen_at, expires = excluded.expires,"
      " waits = excluded.waits, address = excluded.address, key = excluded.key, provenance = excluded.provenance",
      DB_ARGS(db_i(row.id), db_i(k.tier), db_i(k.seen_at), db_i(k.expires), db_i(k.waits),
              store_seal_text(&row, "address", k.address), store_seal_text(&row, "fingerprint", k.fingerprint),
              store_seal_bytes(&row, "key", k.key), store_seal_text(&row, "provenance", k.provenance), address, fpr),
      err);
}

enum status store_key_put(struct store *st, const struct stored_key *k, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, put(st, k, err), err);
  return s == ST_OK ? s : fault(err, s, "keep a key");
}

static enum status one(struct store *st, struct pool *pool, const char *sql, struct db_arg by, struct stored_key *out,
                       bool *found, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .err = err };
  enum status s = db_one(st->db, sql, DB_ARGS(by), &q, found, err);
  return s == ST_OK && *found ? take(&row, q, out) : s;
}

enum status store_key_get(struct store *st, struct pool *pool, const char *address, struct stored_key *out, bool *found,
                          struct fault *err)
{
  return one(st, pool,
             COLUMNS "WHERE address_digest = $1 AND waits = 0 ORDER BY tier DESC, seen_at DESC, id DESC LIMIT 1",
             store_digest_address(st, pool, address), out, found, err);
}

enum status store_key_by_fpr(struct store *st, struct pool *pool, const char *fingerprint, struct stored_key *out,
                             bool *found, struct fault *err)
{
  return one(st, pool, COLUMNS "WHERE fingerprint_digest = $1 ORDER BY waits, tier DESC, seen_at DESC, id DESC LIMIT 1",
             store_digest_fpr(st, pool, fingerprint), out, found, err);
}

enum status store_key_list(struct store *st, struct pool *pool, const char *address, struct stored_key **out,
                           size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .err = err };
  size_t cap = 0;
  bool more;
  *out = NULL;
  *count = 0;
  enum status s = db_query(st->db, COLUMNS "WHERE $1 = 0 OR address_digest = $2 ORDER BY id",
                           DB_ARGS(db_i(address != NULL), store_digest_address(st, pool, address)), &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    s = take(&row, q, &(*out)[(*count)++]);
  }
  return s;
}

static enum status accept(struct store *st, const char *fingerprint, const char *address, bool *found,
                          struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("key");
  struct db_arg who = store_digest_address(st, pool, address), fpr = store_digest_fpr(st, pool, fingerprint);
  enum status s =
      db_run(st->db, "UPDATE stored_key SET tier = $3, waits = 0 WHERE address_digest = $1 AND fingerprint_digest = $2",
             DB_ARGS(who, fpr, db_i(TIER_PINNED)), err);
  *found = s == ST_OK && db_changes(st->db) > 0;
  if (s != ST_OK || !*found)
    return s;
  /* The accepted one is the one in use from now on: what was pinned before steps back. */
  return db_run(st->db,
                "UPDATE stored_key SET tier = $3 WHERE address_digest = $1 AND fingerprint_digest <> $2 AND tier = $4",
                DB_ARGS(who, fpr, db_i(TIER_SIGNED), db_i(TIER_PINNED)), err);
}

enum status store_key_accept(struct store *st, const char *fingerprint, const char *address, bool *found,
                             struct fault *err)
{
  *found = false;
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, accept(st, fingerprint, address, found, err), err) : s;
}

static enum status drop(struct store *st, const char *fingerprint, bool *found, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("key");
  enum status s = db_run(st->db, "DELETE FROM stored_key WHERE fingerprint_digest = $1",
                         DB_ARGS(store_digest_fpr(st, pool, fingerprint)), err);
  *found = s == ST_OK && db_changes(st->db) > 0;
  return s;
}

enum status store_key_drop(struct store *st, const char *fingerprint, bool *found, struct fault *err)
{
  *found = false;
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, drop(st, fingerprint, found, err), err) : s;
}

static enum status supersede(struct store *st, const char *fingerprint, const char *address, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("key");
  return db_run(st->db, "UPDATE stored_key SET tier = $3, waits = 1 WHERE address_digest = $1 AND fingerprint_digest = $2",
                DB_ARGS(store_digest_address(st, pool, address), store_digest_fpr(st, pool, fingerprint), db_i(TIER_ATTACHED)), err);
}

enum status store_key_supersede(struct store *st, const char *fingerprint, const char *address, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, supersede(st, fingerprint, address, err), err) : s;
}
