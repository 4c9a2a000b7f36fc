/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small things: replay cache, acknowledgement caps, facts by name, counts. */
#include <config.h>

#include <string.h>

#include "store_private.h"

/* ---- replay cache ---- */

static struct db_arg replay_digest(struct store *st, struct pool *pool, const struct replay_key *k)
{
  const struct bytes part[] = { bytes_str(k->fingerprint),
                                bytes_str(pool_printf(pool, "%" PRId64, k->made)),
                                { (const char *)k->sha256, sizeof k->sha256 } };
  unsigned char *out = pool_alloc(pool, SECRET_DIGEST_LEN);
  secret_digest_parts(out, store_subkey(st, "store:replay"), part, ARRAY_LEN(part));
  return db_b((struct bytes){ (const char *)out, SECRET_DIGEST_LEN });
}

enum status store_replay_seen(struct store *st, const struct replay_key *k, bool *seen, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("replay");
  AUTO(db_donep) struct db_stmt *q = NULL;
  return db_one(st->db, "SELECT 1 FROM replay WHERE digest = $1", DB_ARGS(replay_digest(st, pool, k)), &q, seen, err);
}

enum status store_replay_add(struct store *st, const struct replay_key *k, int64_t letter, int64_t now,
                             struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("replay");
  struct db_arg digest = replay_digest(st, pool, k);
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = db_run(st->db, "INSERT INTO replay (digest, letter_id, at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING",
             DB_ARGS(digest, db_i(letter), db_i(now)), err);
  return store_leave(st, s, err);
}

/* ---- acknowledgement caps ---- */

enum status store_ack_count(struct store *st, const char *address, int64_t since, unsigned *to_sender, unsigned *in_all,
                            int64_t since_all, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("ack");
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *to_sender = *in_all = 0;
  enum status s = db_one(st->db,
                         "SELECT (SELECT count(*) FROM acknowledgement WHERE address_digest = $1 AND at >= $2),"
                         " (SELECT count(*) FROM acknowledgement WHERE at >= $3)",
                         DB_ARGS(store_digest_address(st, pool, address), db_i(since), db_i(since_all)), &q, &row, err);
  if (s == ST_OK && row) {
    *to_sender = (unsigned)db_int(q, 0);
    *in_all = (unsigned)db_int(q, 1);
  }
  return s;
}

enum status store_ack_add(struct store *st, const char *address, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("ack");
  struct db_arg digest = store_digest_address(st, pool, address);
  if (digest.type == DB_NULL)
    return fault(err, ST_BROKEN, "an acknowledgement goes to an address");
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = db_run(st->db, "INSERT INTO acknowledgement (address_digest, at) VALUES ($1, $2)", DB_ARGS(digest, db_i(now)),
             err);
  return store_leave(st, s, err);
}

/* ---- facts by name ---- */

enum status store_meta_get(struct store *st, struct pool *pool, const char *name, char **value, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .table = "meta", .err = err };
  bool there;
  *value = NULL;
  enum status s = store_case_key(st, 0, &row.key, err);
  if (s == ST_OK)
    s = db_one(st->db, "SELECT id, value FROM meta WHERE name = $1", DB_ARGS(db_t(name)), &q, &there, err);
  if (s != ST_OK || !there)
    return s;
  row.id = db_int(q, 0);
  *value = pool_strdup(pool, store_open_text(&row, q, 1, "value"));
  return row.status;
}

static enum status meta_id(struct store *st, const char *name, int64_t *id, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool there;
  enum status s = db_one(st->db, "SELECT id FROM meta WHERE name = $1", DB_ARGS(db_t(name)), &q, &there, err);
  if (s == ST_OK && there)
    *id = db_int(q, 0);
  return s == ST_OK && !there ? store_new_id(st, TABLE_META, id, err) : s;
}

static enum status meta_set(struct store *st, const char *name, const char *value, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("meta");
  struct store_row row = { .st = st, .pool = pool, .table = "meta", .err = err };
  enum status s = store_case_key(st, 0, &row.key, err);
  if (s == ST_OK)
    s = meta_id(st, name, &row.id, err);
  if (s != ST_OK)
    return s;
  return db_run(
      st->db,
      "INSERT INTO meta (id, name, value) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
      DB_ARGS(db_i(row.id), db_t(name), store_seal_text(&row, "value", value)), err);
}

enum status store_meta_set(struct store *st, const char *name, const char *value, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, meta_set(st, name, value, err), err) : s;
}

/* ---- counts ---- */

enum status store_counts_get(struct store *st, struct store_counts *out, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *out = (struct store_counts){ 0 };
  enum status s =
      db_one(st->db,
             "SELECT (SELECT count(*) FROM vuln_case WHERE rm <> $1 AND merged_into = ''),"
             " (SELECT count(*) FROM vuln_case), (SELECT count(*) FROM letter WHERE state = $2),"
             " (SELECT count(*) FROM letter WHERE state = $3), (SELECT count(*) FROM letter WHERE state = $4),"
             " (SELECT count(*) FROM letter WHERE state = $5), (SELECT count(*) FROM outbox WHERE state IN (1, 3, 4)),"
             " (SELECT count(*) FROM outbox WHERE state IN (5, 6)),"
             " (SELECT count(*) FROM pending WHERE released = 0 AND cancelled = 0)",
             DB_ARGS(db_i(RM_CLOSED), db_i(LETTER_RECORDED), db_i(LETTER_HELD), db_i(LETTER_QUARANTINED),
                     db_i(LETTER_APPLIED)),
             &q, &row, err);
  if (s == ST_OK && row)
    *out = (struct store_counts){ .cases_open = db_int(q, 0),
                                  .cases = db_int(q, 1),
                                  .recorded = db_int(q, 2),
                                  .held = db_int(q, 3),
                                  .quarantined = db_int(q, 4),
                                  .applied = db_int(q, 5),
                                  .outbox_unsent = db_int(q, 6),
                                  .outbox_failed = db_int(q, 7),
                                  .pending = db_int(q, 8) };
  return s;
}
_Static_assert(OUTBOX_FAILED == 5 && OUTBOX_BOUNCED == 6, "the SQL text names them");
