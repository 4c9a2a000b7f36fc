/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages: readable copies of what was said in a case, and the threads of their Message-IDs. */
#include <config.h>

#include "store_private.h"

#define THREAD_MAX 1000 /* more than any header carries */

static enum status add(struct store *st, const char *case_id, const struct case_message *m, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("message");
  struct store_row row = { .st = st, .pool = pool, .table = "message", .err = err };
  int64_t ref = 0;
  enum status s = store_case_ref(st, case_id, &ref, err);
  if (s == ST_OK)
    s = store_case_key(st, ref, &row.key, err);
  if (s == ST_OK)
    s = store_new_id(st, TABLE_MESSAGE, &row.id, err);
  if (s != ST_OK)
    return s;
  return db_run(
      st->db,
      "INSERT INTO message (id, case_id, at, letter_id, party, kind, who, subject, text, message_id, protection,"
      " message_id_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      DB_ARGS(db_i(row.id), db_i(ref), db_i(m->at), db_i(m->letter), db_i(m->party), db_i(m->kind),
              store_seal_text(&row, "who", m->who), store_seal_text(&row, "subject", m->subject),
              store_seal_text(&row, "text", m->text), store_seal_text(&row, "message_id", m->message_id),
              store_seal_text(&row, "protection", m->protection), store_digest_message_id(st, pool, m->message_id)),
      err);
}

enum status store_message_add(struct store *st, const char *case_id, const struct case_message *m, struct fault *err)
{
  if (!case_id || !case_id[0])
    return fault(err, ST_BROKEN, "a message belongs to a case");
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, add(st, case_id, m, err), err);
  return s == ST_OK ? s : fault(err, s, "message of %s", case_id);
}

enum status store_message_list(struct store *st, struct pool *pool, const char *case_id, struct case_message **out,
                               size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .table = "message", .err = err };
  size_t cap = 0;
  bool more;
  *out = NULL;
  *count = 0;
  enum status s = store_family_query(
      st, case_id,
      STORE_FAMILY "SELECT m.id, m.at, m.letter_id, m.party, m.kind, m.who, m.subject, m.text, m.message_id,"
                   " m.protection, m.case_id FROM message m JOIN family ON family.id = m.case_id"
                   " ORDER BY m.id",
      &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    row.id = db_int(q, 0);
    s = store_case_key(st, db_int(q, 10), &row.key, err);
    if (s != ST_OK)
      return s;
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    (*out)[(*count)++] = (struct case_message){ .id = row.id,
                                                .at = db_int(q, 1),
                                                .letter = db_int(q, 2),
                                                .party = db_int(q, 3),
                                                .kind = (enum message_kind)db_int(q, 4),
                                                .who = store_open_text(&row, q, 5, "who"),
                                                .subject = store_open_text(&row, q, 6, "subject"),
                                                .text = store_open_text(&row, q, 7, "text"),
                                                .message_id = store_open_text(&row, q, 8, "message_id"),
                                                .protection = store_open_text(&row, q, 9, "protection") };
    s = row.status;
  }
  return s;
}

/* A sender chooses the Message-ID of his letter, we choose ours: so what we sent comes first, and then the earliest. */
enum status store_message_find(struct store *st, struct pool *pool, const char *message_id, char **case_id,
                               int64_t *party, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *case_id = NULL;
  *party = 0;
  enum status s =
      db_one(st->db,
             "SELECT c.name, f.party FROM"
             " (SELECT case_id, party, 0 AS rank, id FROM message WHERE message_id_digest = $1 AND kind = $2"
             "  UNION ALL SELECT case_id, party, 1, id FROM outbox WHERE message_id_digest = $1 AND case_id IS NOT NULL"
             "  UNION ALL SELECT case_id, party, 2, id FROM message WHERE message_id_digest = $1 AND kind <> $2) f"
             " JOIN vuln_case c ON c.id = f.case_id ORDER BY f.rank, f.id LIMIT 1",
             DB_ARGS(store_digest_message_id(st, pool, message_id), db_i(MESSAGE_SENT)), &q, &row, err);
  if (s == ST_OK && row) {
    *case_id = db_text(q, pool, 0);
    *party = db_int(q, 1);
  }
  return s;
}

/* ---- threads ---- */

/* Newest first; what lies in both tables once. */
static enum status newest_ids(struct store_row *row, int64_t ref, int64_t party, size_t max, char **ids, size_t *count)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool more;
  *count = 0;
  enum status s = db_query(
      row->st->db,
      STORE_FAMILY "SELECT m.at, m.id, 0, m.message_id, m.case_id FROM message m JOIN family ON family.id = m.case_id"
                   " WHERE m.party = $2 AND m.message_id_digest IS NOT NULL"
                   " UNION ALL SELECT o.queued_at, o.id, 1, o.message_id, o.case_id FROM outbox o"
                   " JOIN family ON family.id = o.case_id WHERE o.party = $2 AND o.message_id_digest IS NOT NULL"
                   " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id_digest = o.message_id_digest"
                   " AND m.case_id IN (SELECT id FROM family)) ORDER BY 1 DESC, 3 DESC, 2 DESC LIMIT $3",
      DB_ARGS(db_i(ref), db_i(party), db_i((int64_t)max)), &q, row->err);
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    row->id = db_int(q, 1);
    s = store_case_key(row->st, db_int(q, 4), &row->key, row->err);
    if (s != ST_OK)
      return s;
    row->table = db_int(q, 2) ? "outbox" : "message";
    ids[(*count)++] = pool_strdup(row->pool, store_open_text(row, q, 3, "message_id"));
    s = row->status;
  }
  return s;
}

enum status store_thread_ids(struct store *st, struct pool *pool, const char *case_id, int64_t party, size_t max,
                             char ***ids, size_t *count, struct fault *err)
{
  struct store_row row = { .st = st, .pool = pool, .err = err };
  int64_t ref = 0;
  if (max > THREAD_MAX)
    max = THREAD_MAX;
  *ids = pool_array(pool, max, sizeof **ids);
  *count = 0;
  enum status s = store_case_ref(st, case_id, &ref, err);
  if (s == ST_OK)
    s = newest_ids(&row, ref, party, max, *ids, count);
  for (size_t i = 0, k = *count; i + 1 < k; i++, k--) { /* oldest first */
    char *swap = (*ids)[i];
    (*ids)[i] = (*ids)[k - 1];
    (*ids)[k - 1] = swap;
  }
  return s;
}
