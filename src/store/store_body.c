/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Large bytes, sealed in pieces of 1 MiB: a letter of 32 MiB costs one piece of memory more, not two letters more.
 * Number and count of the pieces are part of what each seal is bound to, so none can be left out or moved. */
#include <config.h>

#include <string.h>

#include "store_private.h"

#define PIECE ((size_t)1 << 20)

struct body_sql {
  const char *table, *put, *get, *drop;
};
static const struct body_sql body_sql[] = {
  [BODY_LETTER] = { "letter_body", "INSERT INTO letter_body (letter_id, piece, pieces, sealed) VALUES ($1, $2, $3, $4)",
                    "SELECT piece, pieces, sealed FROM letter_body WHERE letter_id = $1 ORDER BY piece",
                    "DELETE FROM letter_body WHERE letter_id = $1" },
  [BODY_OUTBOX] = { "outbox_body", "INSERT INTO outbox_body (outbox_id, piece, pieces, sealed) VALUES ($1, $2, $3, $4)",
                    "SELECT piece, pieces, sealed FROM outbox_body WHERE outbox_id = $1 ORDER BY piece",
                    "DELETE FROM outbox_body WHERE outbox_id = $1" },
  [BODY_PENDING] = { "pending_body",
                     "INSERT INTO pending_body (pending_letter_id, piece, pieces, sealed) VALUES ($1, $2, $3, $4)",
                     "SELECT piece, pieces, sealed FROM pending_body WHERE pending_letter_id = $1 ORDER BY piece",
                     "DELETE FROM pending_body WHERE pending_letter_id = $1" },
  [BODY_PUBLICATION] = { "publication_body",
                         "INSERT INTO publication_body (publication_file_id, piece, pieces, sealed) VALUES ($1, $2, $3, $4)",
                         "SELECT piece, pieces, sealed FROM publication_body WHERE publication_file_id = $1 ORDER BY piece",
                         "DELETE FROM publication_body WHERE publication_file_id = $1" },
};

static const char *bound_to(struct pool *pool, const struct body_sql *sql, int64_t owner, size_t piece, size_t pieces)
{
  return pool_printf(pool, "%s:%" PRId64 ":%zu/%zu", sql->table, owner, piece, pieces);
}

enum status store_body_put(struct store_row *row, enum store_body kind, struct bytes b)
{
  const struct body_sql *sql = &body_sql[kind];
  AUTO(pool_freep) struct pool *pool = pool_new("body");
  size_t pieces = b.len ? (b.len + PIECE - 1) / PIECE : 1;
  enum status s = ST_OK;
  for (size_t i = 0; s == ST_OK && i < pieces; i++) {
    struct bytes sealed =
        secret_seal(pool, row->key, bytes_sub(b, i * PIECE, PIECE), bound_to(pool, sql, row->id, i, pieces));
    s = db_run(row->st->db, sql->put, DB_ARGS(db_i(row->id), db_i((int64_t)i), db_i((int64_t)pieces), db_b(sealed)),
               row->err);
    pool_reset(pool);
  }
  return s;
}

/* Opens the piece in q and puts it behind what is there; one piece only: no copy. */
static enum status take_piece(struct store_row *row, const struct body_sql *sql, const struct db_stmt *q, size_t at,
                              struct buf *to, struct bytes *whole)
{
  int64_t piece = db_int(q, 0), pieces = db_int(q, 1);
  if (piece != (int64_t)at || pieces < 1 || pieces > INT32_MAX)
    return fault(row->err, ST_BROKEN, "store: %s %" PRId64 ": piece %zu is missing", sql->table, row->id, at);
  AUTO(pool_freep) struct pool *scratch = pool_new_wiping("body");
  struct bytes plain;
  enum status s = secret_open(pieces == 1 ? row->pool : scratch, row->key, db_blob(q, 2),
                              bound_to(scratch, sql, row->id, at, (size_t)pieces), &plain, row->err);
  if (s != ST_OK)
    return fault(row->err, s, "store: %s %" PRId64 ", piece %zu", sql->table, row->id, at);
  if (pieces == 1) {
    *whole = plain;
    return ST_OK;
  }
  if (at == 0)
    *to = buf_new(row->pool, (size_t)pieces * PIECE + 1);
  buf_add(to, plain);
  *whole = buf_bytes(to);
  return ST_OK;
}

enum status store_body_get(struct store_row *row, enum store_body kind, struct bytes *out, bool *found)
{
  const struct body_sql *sql = &body_sql[kind];
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct buf all = { 0 };
  size_t at = 0;
  int64_t pieces = 0;
  bool more;
  *out = (struct bytes){ NULL, 0 };
  enum status s = db_query(row->st->db, sql->get, DB_ARGS(db_i(row->id)), &q, row->err);
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    pieces = db_int(q, 1);
    s = take_piece(row, sql, q, at++, &all, out);
  }
  *found = at > 0;
  if (s == ST_OK && (int64_t)at != pieces)
    return fault(row->err, ST_BROKEN, "store: %s %" PRId64 ": %zu pieces of %" PRId64, sql->table, row->id, at, pieces);
  return s;
}

enum status store_body_drop(struct store *st, enum store_body kind, int64_t owner, struct fault *err)
{
  return db_run(st->db, body_sql[kind].drop, DB_ARGS(db_i(owner)), err);
}
