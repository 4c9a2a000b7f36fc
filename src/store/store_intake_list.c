/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intake: reading letters back, and which ones wait. */
#include <config.h>

#include "store_private.h"

#define COLUMNS                                                                                                        \
  "SELECT l.id, l.mailbox, l.folder, l.uid, l.uidvalidity, l.size, l.date, l.recorded_at, l.state, l.class, "          \
  "l.attempts,"                                                                                                        \
  " l.settled, l.oversize, coalesce(c.name, ''), l.reason, l.retry_at, l.released"                                     \
  " FROM letter l LEFT JOIN vuln_case c ON c.id = l.case_id "

static enum status take(struct store *st, struct pool *pool, const struct db_stmt *q, struct intake_letter *out,
                        struct fault *err)
{
  *out = (struct intake_letter){ .id = db_int(q, 0),
                                 .mailbox = db_text(q, pool, 1),
                                 .folder = db_text(q, pool, 2),
                                 .uid = db_text(q, pool, 3),
                                 .uidvalidity = db_int(q, 4),
                                 .size = db_int(q, 5),
                                 .date = db_int(q, 6),
                                 .recorded_at = db_int(q, 7),
                                 .state = (enum letter_state)db_int(q, 8),
                                 .klass = (enum letter_class)db_int(q, 9),
                                 .attempts = (unsigned)db_int(q, 10),
                                 .settled = db_bool(q, 11),
                                 .oversize = db_bool(q, 12),
                                 .case_id = db_text(q, pool, 13),
                                 .reason = "(erased)",
                                 .retry_at = db_int(q, 15),
                                 .released = db_bool(q, 16) };
  AUTO(store_key_wipep) struct secret_key key;
  enum status s = store_letter_key(st, out->id, &key, err);
  if (s == ST_REJECT) { /* erased with its case: the row still counts */
    fault_clear(err);
    return ST_OK;
  }
  if (s != ST_OK)
    return s;
  struct store_row row = { .st = st, .key = &key, .pool = pool, .table = "letter", .id = out->id, .err = err };
  out->reason = store_open_text(&row, q, 14, "reason");
  return row.status;
}

enum status store_intake_load(struct store *st, struct pool *pool, int64_t id, struct intake_letter *out,
                              struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, COLUMNS "WHERE l.id = $1", DB_ARGS(db_i(id)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no letter %" PRId64, id);
  return s == ST_OK ? take(st, pool, q, out, err) : s;
}

enum status store_intake_list(struct store *st, struct pool *pool, enum letter_state state, struct intake_letter **out,
                              size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  *out = NULL;
  *count = 0;
  enum status s = db_query(st->db, COLUMNS "WHERE l.state = $1 ORDER BY l.id", DB_ARGS(db_i(state)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    s = take(st, pool, q, &(*out)[(*count)++], err);
  }
  return s;
}

/* A duplicate's bytes are those of the first one. */
static enum status holder_of(struct store *st, int64_t id, int64_t *holder, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s =
      db_one(st->db, "SELECT coalesce(duplicate_of, id) FROM letter WHERE id = $1", DB_ARGS(db_i(id)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no letter %" PRId64, id);
  *holder = s == ST_OK ? db_int(q, 0) : 0;
  return s;
}

enum status store_intake_raw(struct store *st, struct pool *pool, int64_t id, struct bytes *raw, struct fault *err)
{
  AUTO(store_key_wipep) struct secret_key key;
  int64_t holder;
  bool found = false;
  *raw = (struct bytes){ NULL, 0 };
  enum status s = holder_of(st, id, &holder, err);
  if (s == ST_OK)
    s = store_letter_key(st, holder, &key, err);
  if (s != ST_OK)
    return s;
  struct store_row row = { .st = st, .key = &key, .pool = pool, .table = "letter", .id = holder, .err = err };
  s = store_body_get(&row, BODY_LETTER, raw, &found);
  return s == ST_OK && !found
             ? fault(err, ST_REJECT, "letter %" PRId64 " was recorded without its bytes (oversize)", id)
             : s;
}

static enum status ids_of(struct db_stmt *q, int64_t *ids, size_t *count, struct fault *err)
{
  bool row;
  enum status s;
  *count = 0;
  while ((s = db_next(q, &row, err)) == ST_OK && row)
    ids[(*count)++] = db_int(q, 0);
  return s;
}

enum status store_intake_due(struct store *st, int64_t now, int64_t *ids, size_t max, size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  *count = 0;
  enum status s =
      db_query(st->db, "SELECT id FROM letter WHERE state = $1 OR (state = $2 AND retry_at <= $3) ORDER BY id LIMIT $4",
               DB_ARGS(db_i(LETTER_RECORDED), db_i(LETTER_HELD), db_i(now), db_i((int64_t)max)), &q, err);
  return s == ST_OK ? ids_of(q, ids, count, err) : s;
}

enum status store_intake_unsettled(struct store *st, const char *mailbox, int64_t *ids, size_t max, size_t *count,
                                   struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  *count = 0;
  enum status s =
      db_query(st->db, "SELECT id FROM letter WHERE mailbox = $1 AND settled = 0 AND state >= $2 ORDER BY id LIMIT $3",
               DB_ARGS(db_t(mailbox), db_i(LETTER_APPLIED), db_i((int64_t)max)), &q, err);
  return s == ST_OK ? ids_of(q, ids, count, err) : s;
}
