/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backup: the store without its wrapped keys, and the keys in a file of their own. Whoever keeps copies of the first
 * for years and rotates the second can still erase: without its key a case's rows are noise. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <embargod/file.h>

#include "store_private.h"

static const char keys_schema[] =
    "CREATE TABLE wrapped_key (scope TEXT NOT NULL, ref INTEGER NOT NULL, wrapped_by INTEGER NOT NULL DEFAULT 0,"
    "  wrapped BLOB NOT NULL, PRIMARY KEY (scope, ref)) STRICT;";

static enum status move_keys(struct db *from, struct db *to, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  AUTO(pool_freep) struct pool *pool = pool_new("backup");
  bool row;
  enum status s = db_query(from, "SELECT scope, ref, wrapped_by, wrapped FROM wrapped_key ORDER BY scope, ref",
                           DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    s = db_run(to,
               "INSERT INTO wrapped_key (scope, ref, wrapped_by, wrapped) VALUES ($1, $2, $3, $4)"
               " ON CONFLICT (scope, ref) DO UPDATE SET wrapped_by = excluded.wrapped_by, wrapped = excluded.wrapped",
               DB_ARGS(db_t(db_text(q, pool, 0)), db_i(db_int(q, 1)), db_i(db_int(q, 2)), db_b(db_blob(q, 3))), err);
    pool_reset(pool);
  }
  return s;
}

static enum status in_one_go(struct db *from, struct db *to, struct fault *err)
{
  enum status s = db_begin(to, err);
  if (s == ST_OK)
    s = move_keys(from, to, err);
  if (s == ST_OK)
    s = db_commit(to, err);
  if (s != ST_OK)
    db_rollback(to);
  return s;
}

static void db_closep(struct db **db)
{
  db_close(db);
}

/* The copy loses its keys before it gets its name; the pages that held them are written anew. */
static enum status split(const char *copy, const char *keys, struct fault *err)
{
  AUTO(db_closep) struct db *main_db = NULL;
  AUTO(db_closep) struct db *keys_db = NULL;
  struct db_options m = { .path = copy, .plain_file = true };
  struct db_options k = { .path = keys, .plain_file = true, .create = true };
  enum status s = db_open(&m, &main_db, err);
  if (s == ST_OK)
    s = db_open(&k, &keys_db, err);
  if (s == ST_OK)
    s = db_script(keys_db, keys_schema, err);
  if (s == ST_OK)
    s = in_one_go(main_db, keys_db, err);
  if (s == ST_OK)
    s = db_run(main_db, "DELETE FROM wrapped_key", DB_NO_ARGS, err);
  return s == ST_OK ? db_compact(main_db, err) : s;
}

/* Both files are on disk by now (synchronous = FULL): they get their names, the keys first. */
static enum status publish(struct pool *pool, const char *path, const char *keys_path, struct fault *err)
{
  const char *const name[] = { keys_path ? keys_path : path, keys_path ? path : NULL };
  enum status s = ST_OK;
  for (size_t i = 0; s == ST_OK && i < ARRAY_LEN(name) && name[i]; i++) {
    if (rename(pool_printf(pool, "%s.tmp", name[i]), name[i]) != 0)
      return fault(err, ST_RETRY, "cannot name %s: %s", name[i], strerror(errno));
    const char *slash = strrchr(name[i], '/');
    s = dir_sync(slash ? pool_strndup(pool, name[i], (size_t)(slash - name[i]) + 1) : ".", err);
  }
  return s;
}

static enum status refuse_existing(const char *path, struct fault *err)
{
  return file_exists(path) ? fault(err, ST_DENIED, "%s exists already: choose another name", path) : ST_OK;
}

enum status store_backup(struct store *st, const char *path, const char *keys_path, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("backup");
  const char *copy = pool_printf(pool, "%s.tmp", path), *keys = pool_printf(pool, "%s.tmp", keys_path);
  invariant(!st->in_tx);
  enum status s = refuse_existing(path, err);
  if (s == ST_OK)
    s = refuse_existing(keys_path, err);
  if (s != ST_OK)
    return fault(err, s, "backup");
  unlink(copy); /* of a backup that was cut off */
  unlink(keys);
  s = db_copy(st->db, copy, err);
  if (s == ST_OK)
    s = split(copy, keys, err);
  if (s == ST_OK)
    s = publish(pool, path, keys_path, err);
  if (s == ST_OK)
    return s;
  unlink(copy);
  unlink(keys);
  return fault(err, s, "backup");
}

/* An operator who names the wrong file would get a store in which everything is erased, or none at all. */
static enum status must_hold(struct db *db, const char *sql, struct fault *err, const char *else_why)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row = false;
  enum status s = db_query(db, sql, DB_NO_ARGS, &q, err);
  if (s == ST_OK)
    s = db_next(q, &row, err);
  return s == ST_OK && row ? ST_OK : fault(err, ST_REJECT, "%s", else_why);
}

static enum status join(const char *copy, const char *keys, struct fault *err)
{
  AUTO(db_closep) struct db *main_db = NULL;
  AUTO(db_closep) struct db *keys_db = NULL;
  struct db_options m = { .path = copy, .plain_file = true }, k = { .path = keys, .plain_file = true };
  enum status s = db_open(&m, &main_db, err);
  if (s == ST_OK)
    s = db_open(&k, &keys_db, err);
  if (s == ST_OK)
    s = must_hold(main_db, "SELECT 1 FROM schema_info", err,
                  "the first file holds no store: it must be the STORE file of a backup");
  if (s == ST_OK)
    s = must_hold(keys_db, "SELECT 1 FROM wrapped_key LIMIT 1", err,
                  "the second file holds no keys: it must be the KEYS file of the same backup");
  return s == ST_OK ? in_one_go(keys_db, main_db, err) : s;
}

enum status store_restore(const char *path, const char *backup, const char *keys_path, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("restore");
  AUTO(db_closep) struct db *from = NULL;
  const char *copy = pool_printf(pool, "%s.tmp", path);
  struct db_options o = { .path = backup, .plain_file = true };
  enum status s = refuse_existing(path, err);
  if (s == ST_OK)
    s = db_open(&o, &from, err);
  if (s != ST_OK)
    return fault(err, s, "restore");
  unlink(copy);
  s = db_copy(from, copy, err);
  if (s == ST_OK)
    s = join(copy, keys_path, err);
  if (s == ST_OK)
    s = publish(pool, path, NULL, err);
  if (s == ST_OK)
    return s;
  unlink(copy);
  return fault(err, s, "restore");
}
