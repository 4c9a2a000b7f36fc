/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outbox: letters with their final bytes, leased for sending, and their ends. */
#include <config.h>

#include "store_private.h"

#define TAKE_BYTES ((size_t)4 << 20) /* one take loads no more than this and one letter */

static enum status insert(struct store_row *row, int64_t ref, const struct outbox_letter *l, int64_t now)
{
  struct store *st = row->st;
  struct pool *pool = row->pool;
  return db_run(st->db,
                "INSERT INTO outbox (id, case_id, state, kind, party, queued_at, due_at, sent_at, tries, encrypted,"
                " recipient, recipient_name, envelope_from, bounce_token, message_id, last_error, bounce_digest,"
                " message_id_digest, bytes_digest, record)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
                DB_ARGS(db_i(row->id), db_ref(ref), db_i(OUTBOX_QUEUED), db_t(l->kind), db_i(l->party), db_i(now),
                        db_i(l->due_at ? l->due_at : now), db_i(l->encrypted), store_seal_text(row, "recipient", l->to),
                        store_seal_text(row, "recipient_name", l->to_name),
                        store_seal_text(row, "envelope_from", l->envelope_from),
                        store_seal_text(row, "bounce_token", l->bounce_token),
                        store_seal_text(row, "message_id", l->message_id), store_seal_text(row, "last_error", ""),
                        store_digest_token(st, pool, l->bounce_token), store_digest_message_id(st, pool, l->message_id),
                        store_digest(st, pool, "store:outbox-bytes", l->bytes),
                        store_seal_text(row, "record", l->record ? l->record : "")),
                row->err);
}

static enum status put(struct store *st, const struct outbox_letter *l, int64_t now, int64_t *id, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("outbox");
  struct store_row row = { .st = st, .pool = pool, .table = "outbox", .err = err };
  int64_t ref;
  enum status s = store_case_ref(st, l->case_id, &ref, err);
  if (s == ST_OK)
    s = store_case_key(st, ref, &row.key, err);
  if (s == ST_OK)
    s = store_new_id(st, TABLE_OUTBOX, &row.id, err);
  if (s == ST_OK)
    s = insert(&row, ref, l, now);
  if (!st->outbox_floor)
    st->outbox_floor = row.id;
  *id = row.id;
  return s == ST_OK ? store_body_put(&row, BODY_OUTBOX, l->bytes) : s;
}

enum status store_outbox_put(struct store *st, const struct outbox_letter *l, int64_t now, int64_t *id,
                             struct fault *err)
{
  *id = 0;
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, put(st, l, now, id, err), err);
  return s == ST_OK ? s : fault(err, s, "outbox");
}

/* ---- reading ---- */

#define COLUMNS                                                                                                        \
  "SELECT o.id, o.case_id, coalesce(c.name, ''), o.state, o.kind, o.party, o.queued_at, o.due_at, o.sent_at, o.tries," \
  " o.encrypted, o.recipient, o.recipient_name, o.envelope_from, o.bounce_token, o.message_id, o.last_error, o.record FROM "     \
  "outbox o"                                                                                                           \
  " LEFT JOIN vuln_case c ON c.id = o.case_id "

/* A letter of an erased case keeps its clear columns. */
static enum status erased(struct outbox_letter *out, struct fault *err)
{
  out->to = out->to_name = out->envelope_from = out->bounce_token = out->message_id = out->last_error = out->record = "";
  fault_clear(err);
  return ST_OK;
}

static enum status take(struct store *st, struct pool *pool, const struct db_stmt *q, struct outbox_letter *out,
                        bool with_bytes, struct fault *err)
{
  struct store_row row = { .st = st, .pool = pool, .table = "outbox", .id = db_int(q, 0), .err = err };
  *out = (struct outbox_letter){ .id = row.id,
                                 .case_id = db_text(q, pool, 2),
                                 .state = (enum outbox_state)db_int(q, 3),
                                 .kind = db_text(q, pool, 4),
                                 .party = db_int(q, 5),
                                 .queued_at = db_int(q, 6),
                                 .due_at = db_int(q, 7),
                                 .sent_at = db_int(q, 8),
                                 .tries = (unsigned)db_int(q, 9),
                                 .encrypted = db_bool(q, 10) };
  enum status s = store_case_key(st, db_int(q, 1), &row.key, err);
  if (s == ST_REJECT)
    return erased(out, err);
  if (s != ST_OK)
    return s;
  out->to = store_open_text(&row, q, 11, "recipient");
  out->to_name = store_open_text(&row, q, 12, "recipient_name");
  out->envelope_from = store_open_text(&row, q, 13, "envelope_from");
  out->bounce_token = store_open_text(&row, q, 14, "bounce_token");
  out->message_id = store_open_text(&row, q, 15, "message_id");
  out->last_error = store_open_text(&row, q, 16, "last_error");
  out->record = store_open_text(&row, q, 17, "record");
  bool found;
  return row.status == ST_OK && with_bytes ? store_body_get(&row, BODY_OUTBOX, &out->bytes, &found) : row.status;
}

enum status store_outbox_load(struct store *st, struct pool *pool, int64_t id, struct outbox_letter *out,
                              struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, COLUMNS "WHERE o.id = $1", DB_ARGS(db_i(id)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no letter %" PRId64 " in the outbox", id);
  return s == ST_OK ? take(st, pool, q, out, true, err) : s;
}

enum status store_outbox_list(struct store *st, struct pool *pool, bool unsent_only, struct outbox_letter **out,
                              size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  *out = NULL;
  *count = 0;
  enum status s = db_query(st->db, COLUMNS "WHERE $1 = 0 OR o.state <> $2 ORDER BY o.id",
                           DB_ARGS(db_i(unsent_only), db_i(OUTBOX_SENT)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    s = take(st, pool, q, &(*out)[(*count)++], false, err);
  }
  return s;
}

enum status store_outbox_of_case(struct store *st, struct pool *pool, const char *case_id, const char *kind,
                                 struct outbox_letter **out, size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  int64_t ref = 0;
  size_t cap = 0;
  bool row;
  *out = NULL;
  *count = 0;
  enum status s = store_case_ref(st, case_id, &ref, err);
  if (s == ST_OK)
    s = db_query(st->db, STORE_FAMILY COLUMNS "WHERE o.case_id IN (SELECT id FROM family) AND o.kind = $2 ORDER BY o.id",
                 DB_ARGS(db_i(ref), db_t(kind)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    s = take(st, pool, q, &(*out)[(*count)++], false, err);
  }
  return s;
}

/* By token first: it cannot be guessed. A Message-ID alone is the caller's to doubt. */
enum status store_outbox_by_bounce(struct store *st, struct pool *pool, const char *token, const char *message_id,
                                   struct outbox_letter *out, bool *found, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  enum status s = db_one(st->db,
                         COLUMNS "WHERE o.bounce_digest = $1 OR o.message_id_digest = $2"
                                 " ORDER BY CASE WHEN o.bounce_digest = $1 THEN 0 ELSE 1 END, o.id LIMIT 1",
                         DB_ARGS(store_digest_token(st, pool, token), store_digest_message_id(st, pool, message_id)),
                         &q, found, err);
  return s == ST_OK && *found ? take(st, pool, q, out, false, err) : s;
}

enum status store_outbox_count(struct store *st, const char *kind, int64_t since, unsigned *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *count = 0;
  enum status s = db_one(st->db, "SELECT count(*) FROM outbox WHERE kind = $1 AND queued_at >= $2",
                         DB_ARGS(db_t(kind), db_i(since)), &q, &row, err);
  if (s == ST_OK && row)
    *count = (unsigned)db_int(q, 0);
  return s;
}

/* ---- sending ---- */

/* Leases lie in memory: one process owns the store, and its end voids them. One that ended in a transaction holds until
 * the commit: were it undone, the letter would be sent again. */
static int64_t lease_end(const struct store *st, int64_t id)
{
  for (size_t i = 0; i < st->lease_count; i++) {
    if (st->lease[i].id == id)
      return st->lease[i].until;
  }
  return INT64_MIN;
}

static void drop_leases_before(struct store *st, int64_t now)
{
  size_t kept = 0;
  for (size_t i = 0; i < st->lease_count; i++) {
    if (now < st->lease[i].until)
      st->lease[kept++] = st->lease[i];
  }
  st->lease_count = kept;
}

void store_leases_committed(struct store *st)
{
  size_t kept = 0;
  for (size_t i = 0; i < st->lease_count; i++) {
    if (!st->lease[i].ended)
      st->lease[kept++] = st->lease[i];
  }
  st->lease_count = kept;
}

void store_leases_undone(struct store *st)
{
  for (size_t i = 0; i < st->lease_count; i++)
    st->lease[i].ended = false;
}

/* What was queued in the open transaction is not to be sent before its commit: its id is above what was there then. */
static enum status due_ids(struct store *st, struct pool *pool, int64_t now, size_t max, int64_t **ids, size_t *count,
                           struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *ids = NULL;
  *count = 0;
  size_t cap = 0;
  /* The states are written out: only so the index on what is due is used. */
  enum status s = db_query(st->db,
                           "SELECT id FROM outbox WHERE state IN (1, 3, 4) AND due_at <= $1 AND ($2 = 0 OR id < $2)"
                           " ORDER BY due_at, id",
                           DB_ARGS(db_i(now), db_i(st->in_tx ? st->outbox_floor : 0)), &q, err);
  while (s == ST_OK && *count < max && (s = db_next(q, &row, err)) == ST_OK && row) {
    if (now < lease_end(st, db_int(q, 0)))
      continue;
    *ids = pool_grow(pool, *ids, *count, &cap, sizeof **ids);
    (*ids)[(*count)++] = db_int(q, 0);
  }
  return s;
}

enum status store_outbox_take(struct store *st, struct pool *pool, int64_t now, int lease_s, size_t max,
                              struct outbox_letter **out, size_t *count, struct fault *err)
{
  int64_t *ids;
  size_t total, held = 0;
  *out = NULL;
  *count = 0;
  drop_leases_before(st, now);
  enum status s = due_ids(st, pool, now, max, &ids, &total, err);
  if (s != ST_OK || total == 0)
    return s == ST_OK ? s : fault(err, s, "outbox: take");
  *out = pool_array(pool, total, sizeof **out);
  for (size_t i = 0; i < total && (i == 0 || held < TAKE_BYTES); i++) {
    s = store_outbox_load(st, pool, ids[i], &(*out)[i], err);
    if (s != ST_OK)
      break;
    held += (*out)[i].bytes.len;
    *count = i + 1;
  }
  for (size_t i = 0; s == ST_OK && i < *count; i++) {
    st->lease = pool_grow(st->pool, st->lease, st->lease_count, &st->lease_cap, sizeof *st->lease);
    st->lease[st->lease_count++] = (struct store_lease){ .id = ids[i], .until = now + lease_s };
  }
  if (s != ST_OK)
    *count = 0;
  return s == ST_OK ? s : fault(err, s, "outbox: take");
}

static void end_lease(struct store *st, int64_t id)
{
  for (size_t i = 0; i < st->lease_count; i++) {
    if (st->lease[i].id == id)
      st->lease[i].ended = true;
  }
}

_Static_assert(OUTBOX_QUEUED == 1 && OUTBOX_DEFERRED == 3 && OUTBOX_UNCONFIRMED == 4,
               "the SQL texts and the index name them");

static enum status finish(struct store *st, int64_t id, const struct outbox_end *end, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("outbox");
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .table = "outbox", .id = id, .err = err };
  bool there;
  enum status s = db_one(st->db, "SELECT case_id FROM outbox WHERE id = $1", DB_ARGS(db_i(id)), &q, &there, err);
  if (s == ST_OK && !there)
    return fault(err, ST_REJECT, "there is no letter %" PRId64 " in the outbox", id);
  if (s == ST_OK)
    s = store_case_key(st, db_int(q, 0), &row.key, err);
  if (s != ST_OK)
    return s;
  return db_run(st->db,
                "UPDATE outbox SET state = $2, due_at = $3, tries = tries + 1, last_error = $4,"
                " sent_at = CASE WHEN $2 = $5 THEN $6 ELSE sent_at END WHERE id = $1",
                DB_ARGS(db_i(id), db_i(end->state), db_i(end->due_at), store_seal_text(&row, "last_error", end->error),
                        db_i(OUTBOX_SENT), db_i(end->now)),
                err);
}

enum status store_outbox_finish(struct store *st, int64_t id, const struct outbox_end *end, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = finish(st, id, end, err);
  if (s == ST_OK)
    end_lease(st, id); /* once it is committed */
  s = store_leave(st, s, err);
  return s == ST_OK ? s : fault(err, s, "outbox: end of letter %" PRId64, id);
}

static enum status retry(struct store *st, int64_t id, int64_t now, struct fault *err)
{
  enum status s = db_run(st->db,
                         "UPDATE outbox SET state = $3, due_at = $2 WHERE ($1 = 0 OR id = $1) AND state <> $4"
                         " AND EXISTS (SELECT 1 FROM outbox_body b WHERE b.outbox_id = outbox.id)",
                         DB_ARGS(db_i(id), db_i(now), db_i(OUTBOX_QUEUED), db_i(OUTBOX_SENT)), err);
  if (s == ST_OK && id && db_changes(st->db) != 1)
    return fault(err, ST_REJECT, "letter %" PRId64 " is not in the outbox or was sent", id);
  return s;
}

enum status store_outbox_retry(struct store *st, int64_t id, int64_t now, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, retry(st, id, now, err), err) : s;
}

/* What is leased becomes due again when the lease ends. */
enum status store_outbox_next_due(struct store *st, int64_t *at, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  int64_t first = INT64_MAX;
  enum status s =
      db_query(st->db, "SELECT id, due_at FROM outbox WHERE state IN (1, 3, 4) ORDER BY due_at", DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    int64_t due = db_int(q, 1), until = lease_end(st, db_int(q, 0));
    if (due >= first)
      break; /* later ones cannot come sooner */
    first = until > due ? (until < first ? until : first) : due;
  }
  *at = first;
  return s;
}

static enum status recover(struct store *st, int64_t sent_before, struct fault *err)
{
  return db_run(st->db,
                "DELETE FROM outbox_body WHERE outbox_id IN (SELECT id FROM outbox WHERE state = $1 AND sent_at < $2 AND kind <> 'notice')",
                DB_ARGS(db_i(OUTBOX_SENT), db_i(sent_before)), err);
}

enum status store_outbox_recover(struct store *st, int64_t sent_before, struct fault *err)
{
  st->lease_count = 0;
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, recover(st, sent_before, err), err) : s;
}
