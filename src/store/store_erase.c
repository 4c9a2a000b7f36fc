/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Erasing a case: its key goes, and with it everything that it sealed or wrapped. */
#include <config.h>

#include "store_private.h"

static enum status run_all(struct store *st, int64_t ref, struct fault *err)
{
  static const char *const sql[] = {
    "DELETE FROM wrapped_key WHERE (scope = 'case' AND ref = $1) OR (scope = 'letter' AND wrapped_by = $1)",
    "UPDATE party SET address_digest = NULL, fingerprint_digest = NULL, token_digest = NULL WHERE case_id = $1",
    "UPDATE message SET message_id_digest = NULL WHERE case_id = $1",
    "UPDATE letter SET softkey_digest = NULL WHERE case_id = $1",
    "DELETE FROM letter_body WHERE letter_id IN (SELECT id FROM letter WHERE case_id = $1)",
    "DELETE FROM outbox_body WHERE outbox_id IN (SELECT id FROM outbox WHERE case_id = $1)",
    ("DELETE FROM pending_body WHERE pending_letter_id IN (SELECT l.id FROM pending_letter l JOIN pending p"
     " ON p.id = l.pending_id WHERE p.case_id = $1)"),
    ("DELETE FROM publication_body WHERE publication_file_id IN (SELECT f.id FROM publication_file f JOIN publication p"
     " ON p.id = f.publication_id WHERE p.case_id = $1)"),
    "UPDATE publication SET state = 4 WHERE case_id = $1 AND state IN (1, 2)",
    "UPDATE outbox SET bounce_digest = NULL, message_id_digest = NULL WHERE case_id = $1",
    "UPDATE pending SET cancelled = 1 WHERE case_id = $1 AND released = 0",
  };
  enum status s = ST_OK;
  for (size_t i = 0; s == ST_OK && i < ARRAY_LEN(sql); i++)
    s = db_run(st->db, sql[i], DB_ARGS(db_i(ref)), err);
  if (s != ST_OK)
    return s;
  return db_run(st->db, "UPDATE outbox SET state = $2 WHERE case_id = $1 AND state <> $3",
                DB_ARGS(db_i(ref), db_i(OUTBOX_FAILED), db_i(OUTBOX_SENT)), err);
}

static enum status not_merged(struct store *st, int64_t ref, const char *id, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("erase");
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT merged_into FROM vuln_case WHERE id = $1 AND merged_into <> ''",
                         DB_ARGS(db_i(ref)), &q, &row, err);
  return s == ST_OK && row
             ? fault(err, ST_DENIED, "%s was merged into %s: erase that one", id, db_text(q, pool, 0))
             : s;
}

static enum status erase(struct store *st, const char *id, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("erase");
  AUTO(db_donep) struct db_stmt *q = NULL;
  int64_t ref = 0, *each = NULL;
  size_t count = 0, cap = 0;
  bool row;
  enum status s = store_case_ref(st, id, &ref, err);
  if (s == ST_OK && ref == 0)
    return fault(err, ST_REJECT, "there is no case without an id");
  if (s == ST_OK)
    s = not_merged(st, ref, id, err);
  if (s == ST_OK)
    s = db_query(st->db, STORE_FAMILY "SELECT id FROM family", DB_ARGS(db_i(ref)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    each = pool_grow(pool, each, count, &cap, sizeof *each);
    each[count++] = db_int(q, 0);
  }
  for (size_t i = 0; s == ST_OK && i < count; i++)
    s = run_all(st, each[i], err);
  return s;
}

enum status store_case_erase(struct store *st, const char *id, struct fault *err)
{
  invariant(!st->in_tx);
  enum status s = store_enter(st, err);
  if (s == ST_OK)
    s = store_leave(st, erase(st, id, err), err);
  store_forget_keys(st);
  /* Without this the deleted key stays readable in the log. */
  if (s == ST_OK)
    s = db_flush_log(st->db, err);
  return s == ST_OK ? s : fault(err, s, "erase case %s", id);
}
