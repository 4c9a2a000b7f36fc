/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intake: recording letters and moving them to their end. */
#include <config.h>

#include "store_private.h"

static enum status find(struct store *st, const struct intake_letter *l, bool *known, int64_t *id, bool *settled,
                        struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  enum status s = db_one(
      st->db, "SELECT id, settled FROM letter WHERE mailbox = $1 AND folder = $2 AND uidvalidity = $3 AND uid = $4",
      DB_ARGS(db_t(l->mailbox), db_t(l->folder), db_i(l->uidvalidity), db_t(l->uid)), &q, known, err);
  if (s == ST_OK && *known) {
    *id = db_int(q, 0);
    *settled = db_bool(q, 1);
  }
  return s;
}

enum status store_intake_find(struct store *st, const struct intake_letter *where, bool *known, int64_t *id,
                              bool *settled, struct fault *err)
{
  *id = 0;
  *settled = false;
  return find(st, where, known, id, settled, err);
}

static enum status earlier_copy(struct store *st, struct db_arg digest, int64_t *earlier, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s =
      db_one(st->db, "SELECT id FROM letter WHERE raw_digest = $1 AND duplicate_of IS NULL ORDER BY id LIMIT 1",
             DB_ARGS(digest), &q, &row, err);
  *earlier = s == ST_OK && row ? db_int(q, 0) : 0;
  return s;
}

static enum status insert(struct store_row *row, const struct intake_letter *l, struct db_arg digest, int64_t earlier)
{
  const char *reason = earlier ? pool_printf(row->pool, "the same bytes as letter %" PRId64, earlier) : l->reason;
  enum letter_state state = earlier ? LETTER_APPLIED : l->state ? l->state : LETTER_RECORDED;
  enum letter_class klass = earlier ? CLASS_DUPLICATE : l->klass;
  return db_run(
      row->st->db,
      "INSERT INTO letter (id, mailbox, folder, uidvalidity, uid, size, date, recorded_at, state, class, attempts,"
      " settled, oversize, case_id, duplicate_of, reason, retry_at, raw_digest)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, NULL, $13, $14, $15, $16)",
      DB_ARGS(db_i(row->id), db_t(l->mailbox), db_t(l->folder), db_i(l->uidvalidity), db_t(l->uid), db_i(l->size),
              db_i(l->date), db_i(l->recorded_at), db_i(state), db_i(klass), db_i(l->attempts),
              db_i(digest.type == DB_NULL), db_ref(earlier), store_seal_text(row, "reason", reason), db_i(l->retry_at),
              digest),
      row->err);
}

static enum status record(struct store *st, const struct intake_letter *l, struct bytes raw, int64_t *id,
                          bool *duplicate, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("intake");
  AUTO(store_key_wipep) struct secret_key key;
  struct db_arg digest = { .type = DB_NULL };
  int64_t earlier = 0;
  enum status s = store_new_id(st, TABLE_LETTER, id, err);
  if (s == ST_OK && raw.p) {
    digest = store_digest(st, pool, "store:raw", raw);
    s = earlier_copy(st, digest, &earlier, err);
  }
  if (s == ST_OK)
    s = store_letter_key_make(st, *id, &key, err);
  if (s != ST_OK)
    return s;
  struct store_row row = { .st = st, .key = &key, .pool = pool, .table = "letter", .id = *id, .err = err };
  *duplicate = earlier != 0;
  s = insert(&row, l, digest, earlier);
  return s == ST_OK && raw.p && !earlier ? store_body_put(&row, BODY_LETTER, raw) : s;
}

enum status store_intake_record(struct store *st, const struct intake_letter *l, struct bytes raw, int64_t *id,
                                bool *known, bool *duplicate, struct fault *err)
{
  bool settled;
  *duplicate = false;
  enum status s = store_intake_find(st, l, known, id, &settled, err);
  if (s != ST_OK || *known)
    return s;
  s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, record(st, l, raw, id, duplicate, err), err);
  return s == ST_OK ? s : fault(err, s, "record a letter of %s", l->mailbox);
}

/* One statement that must hit exactly the row with that id. */
static enum status touch(struct store *st, const char *sql, const struct db_arg *args, int64_t id, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = db_run(st->db, sql, args, err);
  if (s == ST_OK && db_changes(st->db) != 1)
    s = fault(err, ST_REJECT, "there is no letter %" PRId64, id);
  return store_leave(st, s, err);
}

static enum status attempts_of(struct store *st, int64_t id, unsigned *attempts, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT attempts FROM letter WHERE id = $1", DB_ARGS(db_i(id)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no letter %" PRId64, id);
  *attempts = s == ST_OK ? (unsigned)db_int(q, 0) : 0;
  return s;
}

enum status store_intake_attempt(struct store *st, int64_t id, unsigned *attempts, struct fault *err)
{
  *attempts = 0;
  enum status s = touch(st, "UPDATE letter SET attempts = attempts + 1 WHERE id = $1", DB_ARGS(db_i(id)), id, err);
  return s == ST_OK ? attempts_of(st, id, attempts, err) : s;
}

enum status store_intake_forgive(struct store *st, int64_t id, struct fault *err)
{
  return touch(st, "UPDATE letter SET attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END WHERE id = $1",
               DB_ARGS(db_i(id)), id, err);
}

enum status store_intake_settled(struct store *st, int64_t id, struct fault *err)
{
  return touch(st, "UPDATE letter SET settled = 1 WHERE id = $1", DB_ARGS(db_i(id)), id, err);
}

enum status store_intake_unsettle(struct store *st, int64_t id, struct fault *err)
{
  return touch(st, "UPDATE letter SET settled = 0 WHERE id = $1", DB_ARGS(db_i(id)), id, err);
}

enum status store_intake_wake(struct store *st, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = db_run(st->db, "UPDATE letter SET retry_at = 0 WHERE state = $1 AND retry_at > 0", DB_ARGS(db_i(LETTER_HELD)), err);
  return store_leave(st, s, err);
}

static enum status release(struct store *st, int64_t id, struct fault *err)
{
  unsigned attempts;
  enum status s = attempts_of(st, id, &attempts, err); /* REJECT when there is no such letter */
  if (s == ST_OK)
    s = db_run(st->db,
               "UPDATE letter SET state = $2, class = $3, attempts = 0, released = 1, retry_at = 0 WHERE id = $1"
               " AND state IN ($4, $5)",
               DB_ARGS(db_i(id), db_i(LETTER_RECORDED), db_i(CLASS_NONE), db_i(LETTER_HELD), db_i(LETTER_QUARANTINED)),
               err);
  if (s == ST_OK && db_changes(st->db) != 1)
    return fault(err, ST_DENIED, "letter %" PRId64 " is neither held nor in quarantine", id);
  return s;
}

enum status store_intake_release(struct store *st, int64_t id, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, release(st, id, err), err) : s;
}

static enum status finish(struct store *st, int64_t id, const struct intake_end *end, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("intake");
  AUTO(store_key_wipep) struct secret_key key;
  int64_t ref = 0;
  enum status s = store_case_ref(st, end->case_id, &ref, err);
  if (s == ST_OK && ref)
    s = store_letter_key_move(st, id, ref, err);
  if (s == ST_OK)
    s = store_letter_key(st, id, &key, err);
  if (s != ST_OK)
    return s;
  struct store_row row = { .st = st, .key = &key, .pool = pool, .table = "letter", .id = id, .err = err };
  s = db_run(st->db,
             "UPDATE letter SET state = $2, class = $3, case_id = coalesce($4, case_id), reason = $5, retry_at = $6"
             " WHERE id = $1",
             DB_ARGS(db_i(id), db_i(end->state), db_i(end->klass), db_ref(ref),
                     store_seal_text(&row, "reason", end->reason), db_i(end->retry_at)),
             err);
  return s == ST_OK && db_changes(st->db) != 1 ? fault(err, ST_REJECT, "there is no letter %" PRId64, id) : s;
}

enum status store_intake_finish(struct store *st, int64_t id, const struct intake_end *end, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, finish(st, id, end, err), err);
  return s == ST_OK ? s : fault(err, s, "finish letter %" PRId64, id);
}

static enum status earlier_soft(struct store *st, int64_t id, struct db_arg digest, int64_t *earlier, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT id FROM letter WHERE softkey_digest = $1 AND id < $2 ORDER BY id LIMIT 1",
                         DB_ARGS(digest, db_i(id)), &q, &row, err);
  *earlier = s == ST_OK && row ? db_int(q, 0) : 0;
  return s;
}

enum status store_intake_softkey(struct store *st, int64_t id, struct bytes softkey, int64_t *earlier,
                                 struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("intake");
  struct db_arg digest = store_digest(st, pool, "store:softkey", softkey);
  *earlier = 0;
  enum status s = touch(st, "UPDATE letter SET softkey_digest = $2 WHERE id = $1", DB_ARGS(db_i(id), digest), id, err);
  return s == ST_OK ? earlier_soft(st, id, digest, earlier, err) : s;
}
