/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transactions: those of the caller, those that each call makes for itself, and new row ids. */
#include <config.h>

#include <embargod/failpoint.h>

#include "store_private.h"

/* The engine may undo a whole transaction by itself (disk full, I/O error). What came after would then be written
 * outside of it: so until the caller has rolled back, nothing is taken any more. */
static bool lost(struct store *st)
{
  if (st->in_tx && !db_in_transaction(st->db))
    st->tx_lost = true;
  return st->tx_lost;
}

static enum status begin(struct store *st, struct fault *err)
{
  if (st->read_only)
    return fault(err, ST_DENIED, "the store was opened for reading only");
  enum status s = db_begin(st->db, err);
  st->in_tx = s == ST_OK;
  st->tx_lost = st->in_savepoint = false;
  st->outbox_floor = 0;
  return s;
}

static void undo(struct store *st)
{
  db_rollback(st->db);
  store_forget_keys(st);
  store_leases_undone(st);
  st->in_tx = st->tx_lost = st->in_savepoint = false;
}

static enum status commit(struct store *st, struct fault *err)
{
  if (lost(st)) {
    undo(st);
    return fault(err, ST_RETRY, "the transaction was undone after a failure: nothing was changed");
  }
  FAILPOINT("store.commit.before");
  enum status s = db_commit(st->db, err);
  if (s != ST_OK) {
    undo(st);
    return s;
  }
  FAILPOINT("store.commit.after");
  store_leases_committed(st);
  st->in_tx = st->in_savepoint = false;
  return ST_OK;
}

enum status store_begin(struct store *st, struct fault *err)
{
  invariant(!st->in_tx);
  enum status s = begin(st, err);
  return s == ST_OK ? s : fault(err, s, "store: begin");
}

enum status store_commit(struct store *st, struct fault *err)
{
  invariant(st->in_tx);
  enum status s = commit(st, err);
  return s == ST_OK ? s : fault(err, s, "store: commit");
}

void store_rollback(struct store *st)
{
  if (st->in_tx)
    undo(st);
}

enum status store_savepoint(struct store *st, struct fault *err)
{
  invariant(st->in_tx && !st->in_savepoint);
  if (lost(st))
    return fault(err, ST_RETRY, "store: the transaction was undone after a failure");
  enum status s = db_savepoint(st->db, err);
  st->in_savepoint = s == ST_OK;
  return s;
}

enum status store_release(struct store *st, struct fault *err)
{
  invariant(st->in_tx && st->in_savepoint);
  st->in_savepoint = false;
  if (lost(st))
    return fault(err, ST_RETRY, "store: the transaction was undone after a failure");
  return db_release(st->db, err);
}

void store_rollback_to(struct store *st)
{
  if (!st->in_savepoint)
    return;
  st->in_savepoint = false;
  store_forget_keys(st);
  store_leases_undone(st);
  if (!lost(st))
    db_rollback_to(st->db);
}

enum status store_enter(struct store *st, struct fault *err)
{
  if (!st->in_tx) {
    invariant(st->depth == 0);
    enum status s = begin(st, err);
    if (s != ST_OK)
      return s;
    st->depth = 1;
    return ST_OK;
  }
  if (lost(st))
    return fault(err, ST_RETRY, "the transaction was undone after a failure");
  enum status s = db_savepoint(st->db, err);
  if (s == ST_OK && st->depth > 0)
    st->depth++;
  return s;
}

enum status store_leave(struct store *st, enum status s, struct fault *err)
{
  bool own = st->depth == 1;
  if (st->depth > 0)
    st->depth--;
  if (own) {
    if (s == ST_OK)
      return commit(st, err);
    undo(st);
    return s;
  }
  if (s == ST_OK && !lost(st))
    return db_release(st->db, err);
  store_forget_keys(st);
  store_leases_undone(st);
  if (!lost(st))
    db_rollback_to(st->db);
  return s == ST_OK ? fault(err, ST_RETRY, "the transaction was undone after a failure") : s;
}

/* One writer only, so the next id is ours to count; an id that a rollback left unused is skipped. */
enum status store_new_id(struct store *st, enum store_table table, int64_t *id, struct fault *err)
{
  static const char *const newest[STORE_TABLES] = {
    [TABLE_CASE] = "SELECT coalesce(max(id), 0) FROM vuln_case",
    [TABLE_PARTY] = "SELECT coalesce(max(id), 0) FROM party",
    [TABLE_FIELD] = "SELECT coalesce(max(id), 0) FROM case_field",
    [TABLE_MEMBER] = "SELECT coalesce(max(id), 0) FROM case_member",
    [TABLE_LETTER] = "SELECT coalesce(max(id), 0) FROM letter",
    [TABLE_EVENT] = "SELECT coalesce(max(id), 0) FROM event",
    [TABLE_MESSAGE] = "SELECT coalesce(max(id), 0) FROM message",
    [TABLE_OUTBOX] = "SELECT coalesce(max(id), 0) FROM outbox",
    [TABLE_KEY] = "SELECT coalesce(max(id), 0) FROM stored_key",
    [TABLE_PENDING] = "SELECT coalesce(max(id), 0) FROM pending",
    [TABLE_PENDING_LETTER] = "SELECT coalesce(max(id), 0) FROM pending_letter",
    [TABLE_META] = "SELECT coalesce(max(id), 0) FROM meta",
    [TABLE_PUBLICATION] = "SELECT coalesce(max(id), 0) FROM publication",
    [TABLE_PUBLICATION_FILE] = "SELECT coalesce(max(id), 0) FROM publication_file",
  };
  if (st->next_id[table] == 0) {
    AUTO(db_donep) struct db_stmt *q = NULL;
    bool row;
    enum status s = db_one(st->db, newest[table], DB_NO_ARGS, &q, &row, err);
    if (s != ST_OK)
      return s;
    st->next_id[table] = db_int(q, 0) + 1;
  }
  *id = st->next_id[table]++;
  return ST_OK;
}
