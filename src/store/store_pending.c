/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pending releases: contents that wait for a preview's or a second person's word. Found by a keyed digest of the token.
 */
#include <config.h>

#include <string.h>

#include "store_private.h"

static enum status put_letter(struct store *st, const struct secret_key *key, int64_t pending,
                              const struct pending_letter *l, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("pending");
  struct store_row row = { .st = st, .key = key, .pool = pool, .table = "pending_letter", .err = err };
  enum status s = store_new_id(st, TABLE_PENDING_LETTER, &row.id, err);
  if (s == ST_OK)
    s = db_run(
        st->db,
        "INSERT INTO pending_letter (id, pending_id, party, kind, recipient, recipient_name, message_id, envelope)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        DB_ARGS(db_i(row.id), db_i(pending), db_i(l->party), db_t(l->kind), store_seal_text(&row, "recipient", l->to),
                store_seal_text(&row, "recipient_name", l->to_name), store_seal_text(&row, "message_id", l->message_id),
                store_seal_text(&row, "envelope", l->envelope_json)),
        err);
  return s == ST_OK ? store_body_put(&row, BODY_PENDING, l->content) : s;
}

static enum status put(struct store *st, const struct pending_release *p, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("pending");
  struct store_row row = { .st = st, .pool = pool, .table = "pending", .err = err };
  struct bytes hash = { (const char *)p->hash, sizeof p->hash };
  int64_t ref;
  if (!p->token || !p->token[0])
    return fault(err, ST_BROKEN, "a pending release has a token");
  enum status s = store_case_ref(st, p->case_id, &ref, err);
  if (s == ST_OK)
    s = store_case_key(st, ref, &row.key, err);
  if (s == ST_OK)
    s = store_new_id(st, TABLE_PENDING, &row.id, err);
  if (s == ST_OK)
    s = db_run(
        st->db,
        "INSERT INTO pending (id, case_id, token_digest, token, by_whom, what, made_at, expires_at, gate, released,"
        " cancelled, hash, ended_by, ended_at, reminded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0)",
        DB_ARGS(db_i(row.id), db_ref(ref), store_digest_token(st, pool, p->token),
                store_seal_text(&row, "token", p->token), store_seal_text(&row, "by_whom", p->by), db_t(p->what),
                db_i(p->made_at), db_i(p->expires_at), db_i(p->gate), db_i(p->released), db_i(p->cancelled),
                store_seal_bytes(&row, "hash", hash), store_seal_text(&row, "ended_by", "")),
        err);
  for (size_t i = 0; s == ST_OK && i < p->letter_count; i++)
    s = put_letter(st, row.key, row.id, &p->letter[i], err);
  return s;
}

enum status store_pending_put(struct store *st, const struct pending_release *p, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, put(st, p, err), err);
  return s == ST_OK ? s : fault(err, s, "pending release");
}

/* ---- reading ---- */

#define COLUMNS                                                                                                        \
  "SELECT p.id, p.case_id, coalesce(c.name, ''), p.token, p.by_whom, p.what, p.made_at, p.expires_at, p.gate, "        \
  "p.released,"                                                                                                        \
  " p.cancelled, p.hash, p.reminded_at, p.ended_by FROM pending p LEFT JOIN vuln_case c ON c.id = p.case_id "

static enum status take(struct store_row *row, const struct db_stmt *q, struct pending_release *out)
{
  *out = (struct pending_release){ .case_id = "" };
  enum status s = store_case_key(row->st, db_int(q, 1), &row->key, row->err);
  if (s != ST_OK)
    return s;
  row->table = "pending";
  row->id = db_int(q, 0);
  *out = (struct pending_release){ .case_id = db_text(q, row->pool, 2),
                                   .token = store_open_text(row, q, 3, "token"),
                                   .by = store_open_text(row, q, 4, "by_whom"),
                                   .what = db_text(q, row->pool, 5),
                                   .made_at = db_int(q, 6),
                                   .expires_at = db_int(q, 7),
                                   .gate = (int)db_int(q, 8),
                                   .released = db_bool(q, 9),
                                   .cancelled = db_bool(q, 10),
                                   .reminded_at = db_int(q, 12) };
  const char *ended_by = store_open_text(row, q, 13, "ended_by");
  out->expired = out->cancelled && ended_by && !*ended_by;
  struct bytes hash = store_open_bytes(row, q, 11, "hash");
  if (row->status == ST_OK && hash.len != sizeof out->hash)
    row->status = fault(row->err, ST_BROKEN, "pending %" PRId64 ": hash of %zu bytes", row->id, hash.len);
  if (row->status == ST_OK)
    memcpy(out->hash, hash.p, sizeof out->hash);
  return row->status;
}

static enum status take_letters(struct store_row *row, struct pending_release *out)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool more, found;
  enum status s = db_query(row->st->db,
                           "SELECT id, party, kind, recipient, recipient_name, message_id, envelope FROM pending_letter"
                           " WHERE pending_id = $1 ORDER BY id",
                           DB_ARGS(db_i(row->id)), &q, row->err);
  row->table = "pending_letter";
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    row->id = db_int(q, 0);
    out->letter = pool_grow(row->pool, out->letter, out->letter_count, &cap, sizeof *out->letter);
    struct pending_letter *l = &out->letter[out->letter_count++];
    *l = (struct pending_letter){ .party = db_int(q, 1),
                                  .kind = db_text(q, row->pool, 2),
                                  .to = store_open_text(row, q, 3, "recipient"),
                                  .to_name = store_open_text(row, q, 4, "recipient_name"),
                                  .message_id = store_open_text(row, q, 5, "message_id"),
                                  .envelope_json = store_open_text(row, q, 6, "envelope") };
    s = row->status == ST_OK ? store_body_get(row, BODY_PENDING, &l->content, &found) : row->status;
  }
  return s;
}

enum status store_pending_get(struct store *st, struct pool *pool, const char *token, struct pending_release *out,
                              bool *found, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .err = err };
  enum status s =
      db_one(st->db, COLUMNS "WHERE p.token_digest = $1", DB_ARGS(store_digest_token(st, pool, token)), &q, found, err);
  if (s == ST_OK && *found)
    s = take(&row, q, out);
  return s == ST_OK && *found ? take_letters(&row, out) : s;
}

enum status store_pending_list(struct store *st, struct pool *pool, const char *case_id, struct pending_release **out,
                               size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .err = err };
  int64_t ref = 0;
  size_t cap = 0;
  bool more;
  *out = NULL;
  *count = 0;
  enum status s = store_case_ref(st, case_id, &ref, err);
  if (s == ST_OK)
    s = db_query(st->db,
                 STORE_FAMILY COLUMNS "WHERE p.released = 0 AND p.cancelled = 0"
                                      " AND ($1 = 0 OR p.case_id IN (SELECT id FROM family)) ORDER BY p.id",
                 DB_ARGS(db_i(ref)), &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    struct pending_release p;
    s = take(&row, q, &p);
    if (s == ST_REJECT) { /* its case was erased */
      fault_clear(err);
      s = ST_OK;
      continue;
    }
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    (*out)[(*count)++] = p;
  }
  return s;
}

/* ---- the end ---- */

static enum status end_it(struct store *st, const char *token, bool released, const char *by, int64_t now,
                          struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("pending");
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .table = "pending", .err = err };
  bool there;
  enum status s = db_one(st->db, "SELECT id, case_id, released, cancelled FROM pending WHERE token_digest = $1",
                         DB_ARGS(store_digest_token(st, pool, token)), &q, &there, err);
  if (s == ST_OK && !there)
    return fault(err, ST_REJECT, "nothing waits under that token");
  if (s == ST_OK && (db_bool(q, 2) || db_bool(q, 3)))
    return fault(err, ST_DENIED, "that was %s before", db_bool(q, 2) ? "released" : "cancelled");
  if (s == ST_OK)
    s = store_case_key(st, db_int(q, 1), &row.key, err);
  if (s != ST_OK)
    return s;
  row.id = db_int(q, 0);
  return db_run(
      st->db, "UPDATE pending SET released = $2, cancelled = $3, ended_by = $4, ended_at = $5 WHERE id = $1",
      DB_ARGS(db_i(row.id), db_i(released), db_i(!released), store_seal_text(&row, "ended_by", by), db_i(now)), err);
}

enum status store_pending_end(struct store *st, const char *token, bool released, const char *by, int64_t now,
                              struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, end_it(st, token, released, by, now, err), err) : s;
}

enum status store_pending_remind(struct store *st, const char *token, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("pending");
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = db_run(st->db, "UPDATE pending SET reminded_at = $2 WHERE token_digest = $1", DB_ARGS(store_digest_token(st, pool, token), db_i(now)), err);
  return store_leave(st, s, err);
}
