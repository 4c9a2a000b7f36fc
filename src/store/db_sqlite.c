/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SQLite driver: the one place that knows sqlite3.h, its pragmas and its result codes. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <embargod/file.h>

#include "db.h"

#define CACHE_SIZE 512           /* a power of two, well above the number of statements in this folder */
#define CHECKPOINT_PAGES 1000    /* the log goes into the file after so many pages */
#define LOG_LIMIT (16L << 20)    /* a log that grew with a large letter shrinks to this */
#define CHECK_WHOLE (256L << 20) /* up to this size the whole file is checked at start */
#define BUSY_MS 2000

struct db_stmt {
  struct db *db;
  const char *sql;
  sqlite3_stmt *stmt;
  struct db_stmt *twin; /* the same text once more: it was in use when asked for */
  bool in_use;
  unsigned char index[DB_ARGS_MAX]; /* of $1, $2 ... SQLite numbers them by first appearance */
  size_t params;
};
struct db {
  sqlite3 *conn;
  struct db_stmt *cache[CACHE_SIZE];
  char *path;
  int log_pages;
  int64_t changes;
  bool opening, broken;
};

/* ---- result codes ---- */

static bool means_full(int e)
{
  return e == EDQUOT || e == EFBIG || e == ENOSPC;
}

/* SQLite calls ENOSPC alone a full disk; a quota and a file size limit are the same to us. What the kernel said last
 * lies with the file, be it the database or its log. */
static bool is_full(struct db *db, int rc)
{
  if ((rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_SHMSIZE) /* the second: the log's index could not grow */
    return true;
  if (rc != SQLITE_IOERR_WRITE || !db->conn)
    return false;
  int e = 0;
  sqlite3_file *log = NULL;
  if (sqlite3_file_control(db->conn, "main", SQLITE_FCNTL_LAST_ERRNO, &e) == SQLITE_OK && means_full(e))
    return true;
  if (sqlite3_file_control(db->conn, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || !log || !log->pMethods)
    return false;
  return log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &e) == SQLITE_OK && means_full(e);
}

static enum status fail_retry(struct db *db, int rc, struct fault *err)
{
  if (is_full(db, rc))
    return fault(err, ST_RETRY, "disk full: free some space where %s lies; nothing was changed", db->path);
  switch (rc & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return fault(err, ST_RETRY, "%s is in use by another program: end it", db->path);
  case SQLITE_READONLY:
    return fault(err, ST_RETRY, "%s cannot be written: see its owner, mode and mount", db->path);
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
    return fault(err, ST_RETRY, "%s cannot be opened: see owner and mode of file and folder", db->path);
  default:
    return ST_OK;
  }
}

static enum status fail(struct db *db, int rc, struct fault *err)
{
  enum status s = fail_retry(db, rc, err);
  if (s != ST_OK)
    return s;
  const char *words = db->conn ? sqlite3_errmsg(db->conn) : sqlite3_errstr(rc);
  int base = rc & 0xff;
  if (base == SQLITE_CORRUPT || base == SQLITE_NOTADB) {
    db->broken = true;
    return fault(err, db->opening ? ST_REJECT : ST_BROKEN,
                 "%s is damaged (%s): stop, keep a copy of the file, restore the last backup", db->path, words);
  }
  if (base == SQLITE_IOERR || base == SQLITE_NOMEM)
    db->broken = true; /* what the kernel holds of this file is unknown now: only a new start tells */
  if (base == SQLITE_IOERR)
    return fault(err, ST_BROKEN, "input/output error on %s (%s, code %d): see the kernel's log", db->path, words, rc);
  return fault(err, ST_BROKEN, "database: %s (code %d)", words, rc);
}

static enum status alive(const struct db *db, struct fault *err)
{
  return db->broken ? fault(err, ST_BROKEN, "%s failed before: start again", db->path) : ST_OK;
}

/* ---- statements ---- */

static size_t slot_of(const char *sql)
{
  return ((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (CACHE_SIZE - 1);
}

static void number_params(struct db_stmt *q)
{
  char name[8];
  for (size_t i = 0; i < DB_ARGS_MAX; i++) {
    snprintf(name, sizeof name, "$%zu", i + 1);
    int index = sqlite3_bind_parameter_index(q->stmt, name);
    if (index == 0)
      break;
    q->index[i] = (unsigned char)index;
    q->params = i + 1;
  }
  invariant((int)q->params == sqlite3_bind_parameter_count(q->stmt));
}

static enum status prepare(struct db *db, const char *sql, struct db_stmt **out, struct fault *err)
{
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v3(db->conn, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
  if (rc != SQLITE_OK)
    return fail(db, rc, err);
  struct db_stmt *q = calloc(1, sizeof *q);
  invariant(q != NULL);
  *q = (struct db_stmt){ .db = db, .sql = sql, .stmt = stmt };
  number_params(q);
  *out = q;
  return ST_OK;
}

/* The free statement of that text, prepared when there is none yet. */
static enum status statement(struct db *db, const char *sql, struct db_stmt **out, struct fault *err)
{
  size_t at = slot_of(sql), tried = 0;
  while (db->cache[at] && db->cache[at]->sql != sql) {
    at = (at + 1) & (CACHE_SIZE - 1);
    invariant(++tried < CACHE_SIZE);
  }
  struct db_stmt **place = &db->cache[at];
  while (*place && (*place)->in_use)
    place = &(*place)->twin;
  if (!*place) {
    enum status s = prepare(db, sql, place, err);
    if (s != ST_OK)
      return s;
  }
  (*place)->in_use = true;
  *out = *place;
  return ST_OK;
}

static int bind(const struct db_stmt *q, size_t i, const struct db_arg *a)
{
  int n = q->index[i];
  switch (a->type) {
  case DB_INT:
    return sqlite3_bind_int64(q->stmt, n, a->num);
  case DB_TEXT:
    return sqlite3_bind_text64(q->stmt, n, a->data.p ? a->data.p : "", a->data.len, SQLITE_STATIC, SQLITE_UTF8);
  case DB_BLOB: /* NULL pointers would bind NULL */
    return sqlite3_bind_blob64(q->stmt, n, a->data.p ? a->data.p : "", a->data.len, SQLITE_STATIC);
  default:
    return sqlite3_bind_null(q->stmt, n);
  }
}

enum status db_query(struct db *db, const char *sql, const struct db_arg *args, struct db_stmt **q, struct fault *err)
{
  *q = NULL;
  enum status s = alive(db, err);
  if (s == ST_OK)
    s = statement(db, sql, q, err);
  if (s != ST_OK)
    return s;
  size_t count = 0;
  for (; args[count].type != DB_END; count++) {
    invariant(count < (*q)->params);
    int rc = bind(*q, count, &args[count]);
    if (rc != SQLITE_OK) {
      s = fail(db, rc, err);
      db_donep(q);
      return s;
    }
  }
  invariant(count == (*q)->params);
  return ST_OK;
}

enum status db_next(struct db_stmt *q, bool *row, struct fault *err)
{
  *row = false;
  int rc = sqlite3_step(q->stmt);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return fail(q->db, rc, err);
  *row = rc == SQLITE_ROW;
  return ST_OK;
}

enum status db_one(struct db *db, const char *sql, const struct db_arg *args, struct db_stmt **q, bool *row,
                   struct fault *err)
{
  *row = false;
  enum status s = db_query(db, sql, args, q, err);
  return s == ST_OK ? db_next(*q, row, err) : s;
}

enum status db_run(struct db *db, const char *sql, const struct db_arg *args, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row = false;
  enum status s = db_one(db, sql, args, &q, &row, err);
  if (s == ST_OK)
    db->changes = sqlite3_changes64(db->conn);
  return s;
}

int64_t db_changes(struct db *db)
{
  return db->changes;
}

void db_donep(struct db_stmt **q)
{
  if (!*q)
    return;
  (void)sqlite3_reset((*q)->stmt); /* repeats the step's error, which was taken already */
  (void)sqlite3_clear_bindings((*q)->stmt);
  (*q)->in_use = false;
  *q = NULL;
}

int64_t db_int(const struct db_stmt *q, int col)
{
  return sqlite3_column_int64(q->stmt, col);
}

bool db_bool(const struct db_stmt *q, int col)
{
  return sqlite3_column_int64(q->stmt, col) != 0;
}

bool db_is_null(const struct db_stmt *q, int col)
{
  return sqlite3_column_type(q->stmt, col) == SQLITE_NULL;
}

struct bytes db_blob(const struct db_stmt *q, int col)
{
  const void *p = sqlite3_column_blob(q->stmt, col);
  int len = sqlite3_column_bytes(q->stmt, col);
  return (struct bytes){ p, p && len > 0 ? (size_t)len : 0 };
}

char *db_text(const struct db_stmt *q, struct pool *pool, int col)
{
  const char *text = (const char *)sqlite3_column_text(q->stmt, col);
  return pool_strdup(pool, text ? text : "");
}

enum status db_script(struct db *db, const char *sql, struct fault *err)
{
  enum status s = alive(db, err);
  if (s != ST_OK)
    return s;
  int rc = sqlite3_exec(db->conn, sql, NULL, NULL, NULL);
  return rc == SQLITE_OK ? ST_OK : fail(db, rc, err);
}

/* ---- transactions ---- */

enum status db_begin(struct db *db, struct fault *err)
{
  return db_run(db, "BEGIN IMMEDIATE", DB_NO_ARGS, err);
}

static int log_grew(void *self, sqlite3 *conn, const char *name, int pages)
{
  ((struct db *)self)->log_pages = pages;
  return SQLITE_OK;
}

/* By hand, since SQLite's own one after a commit throws a failing fsync away. The commit itself stands by then: the
 * failure is told by the next call. A full disk or a reader only puts it off. */
static void checkpoint_when_long(struct db *db)
{
  if (db->log_pages < CHECKPOINT_PAGES)
    return;
  int rc = sqlite3_wal_checkpoint_v2(db->conn, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  if (rc == SQLITE_OK)
    db->log_pages = 0;
  else
    (void)fail(db, rc, NULL);
}

enum status db_commit(struct db *db, struct fault *err)
{
  enum status s = db_run(db, "COMMIT", DB_NO_ARGS, err);
  if (s == ST_OK)
    checkpoint_when_long(db);
  return s;
}

void db_rollback(struct db *db)
{
  struct db_stmt *q = NULL;
  if (!db_in_transaction(db))
    return;
  if (statement(db, "ROLLBACK", &q, NULL) == ST_OK && sqlite3_step(q->stmt) != SQLITE_DONE)
    db->broken = true;
  db_donep(&q);
  if (db_in_transaction(db))
    db->broken = true;
}

bool db_in_transaction(const struct db *db)
{
  return sqlite3_get_autocommit(db->conn) == 0;
}

enum status db_savepoint(struct db *db, struct fault *err)
{
  return db_run(db, "SAVEPOINT here", DB_NO_ARGS, err);
}

enum status db_release(struct db *db, struct fault *err)
{
  return db_run(db, "RELEASE here", DB_NO_ARGS, err);
}

void db_rollback_to(struct db *db)
{
  if (!db_in_transaction(db))
    return; /* the engine undid all of it already */
  if (db_run(db, "ROLLBACK TO here", DB_NO_ARGS, NULL) != ST_OK ||
      db_run(db, "RELEASE here", DB_NO_ARGS, NULL) != ST_OK)
    db->broken = true;
}

/* ---- opening ---- */

static enum status make_file(const char *path, struct fault *err)
{
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fault(err, ST_RETRY, "cannot make %s: %s", path, strerror(errno));
  fsync(fd);
  close(fd);
  return ST_OK;
}

static enum status look_at_file(const struct db_options *o, struct fault *err)
{
  struct stat sb;
  if (stat(o->path, &sb) == 0)
    return S_ISREG(sb.st_mode) ? ST_OK : fault(err, ST_REJECT, "%s is no regular file", o->path);
  if (errno != ENOENT)
    return fault(err, ST_RETRY, "%s: %s", o->path, strerror(errno));
  if (!o->create)
    return fault(err, ST_REJECT, "there is no store at %s: make one with embargoctl init", o->path);
  return make_file(o->path, err);
}

static bool log_left(const char *path)
{
  AUTO(pool_freep) struct pool *pool = pool_new("db");
  struct stat sb;
  return stat(pool_printf(pool, "%s-wal", path), &sb) == 0 && sb.st_size > 0;
}

static enum status pragmas(struct db *db, const struct db_options *o, struct fault *err)
{
  static const char all[] = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                            "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;";
  static const char exported[] = "PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL;";
  /* Exclusive before the first look at the log: then its index is in our memory, not in a -shm file. */
  static const char writer[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0;";
  enum status s = db_script(db, all, err);
  if (s != ST_OK || o->read_only)
    return s;
  s = db_script(db, o->plain_file ? exported : writer, err);
  if (s != ST_OK || o->plain_file)
    return s;
  AUTO(pool_freep) struct pool *pool = pool_new("db");
  sqlite3_wal_hook(db->conn, log_grew, db);
  return db_script(db, pool_printf(pool, "PRAGMA journal_size_limit = %ld", LOG_LIMIT), err);
}

static void note_first(void *self, const char *text)
{
  char *first = self;
  if (!first[0])
    snprintf(first, 256, "%s", text);
}

/* The whole file when it is small or the last process did not end well; else all but the large sealed bodies. */
static enum status check_at_start(struct db *db, bool unclean, struct fault *err)
{
  struct stat sb;
  bool whole = unclean || stat(db->path, &sb) != 0 || sb.st_size <= CHECK_WHOLE;
  char first[256] = "";
  enum status s = db_check(db, !whole, note_first, first, err);
  if (s != ST_OK || !first[0])
    return s;
  db->broken = true;
  return fault(err, ST_REJECT, "%s is damaged (%s): keep a copy of the file, restore the last backup", db->path, first);
}

enum status db_open(const struct db_options *o, struct db **out, struct fault *err)
{
  *out = NULL;
  enum status s = look_at_file(o, err);
  if (s != ST_OK)
    return s;
  bool unclean = log_left(o->path);
  struct db *db = calloc(1, sizeof *db);
  invariant(db != NULL);
  db->opening = true;
  db->path = strdup(o->path);
  invariant(db->path != NULL);
  int flags = (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
              SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  int rc = sqlite3_open_v2(o->path, &db->conn, flags, NULL);
  s = rc == SQLITE_OK ? ST_OK : fail(db, rc, err);
  if (s == ST_OK) {
    sqlite3_busy_timeout(db->conn, BUSY_MS);
    sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    s = pragmas(db, o, err);
  }
  if (s == ST_OK && !o->plain_file)
    s = check_at_start(db, unclean, err);
  db->opening = false;
  if (s != ST_OK)
    db_close(&db);
  *out = db;
  return s;
}

static void finalize(struct db_stmt *q)
{
  while (q) {
    struct db_stmt *twin = q->twin;
    sqlite3_finalize(q->stmt);
    free(q);
    q = twin;
  }
}

void db_close(struct db **db)
{
  if (!*db)
    return;
  for (size_t i = 0; i < CACHE_SIZE; i++)
    finalize((*db)->cache[i]);
  (void)sqlite3_close_v2((*db)->conn);
  free((*db)->path);
  free(*db);
  *db = NULL;
}

/* ---- checks, copies ---- */

enum status db_has_table(struct db *db, const char *name, bool *has, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  return db_one(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND ($1 = '' OR name = $1)", DB_ARGS(db_t(name)),
                &q, has, err);
}

/* One line a finding; "ok" is none. */
static enum status run_check(struct db *db, const char *sql, void (*found)(void *self, const char *text), void *self,
                             struct fault *err)
{
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db->conn, sql, -1, &stmt, NULL);
  while (rc == SQLITE_OK || rc == SQLITE_ROW) {
    rc = sqlite3_step(stmt);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : "ok";
    if (text && strcmp(text, "ok") != 0)
      found(self, text);
  }
  enum status s = rc == SQLITE_DONE ? ST_OK : fail(db, rc, err);
  sqlite3_finalize(stmt);
  return s;
}

static enum status check_small_tables(struct db *db, void (*found)(void *self, const char *text), void *self,
                                      struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("db");
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_query(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%_body'",
                           DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row)
    s = run_check(db, pool_printf(pool, "PRAGMA quick_check(\"%s\")", db_text(q, pool, 0)), found, self, err);
  return s;
}

enum status db_check(struct db *db, bool quick, void (*found)(void *self, const char *text), void *self,
                     struct fault *err)
{
  enum status s = alive(db, err);
  if (s != ST_OK)
    return s;
  return quick ? check_small_tables(db, found, self, err) : run_check(db, "PRAGMA quick_check", found, self, err);
}

enum status db_check_references(struct db *db, void (*found)(void *self, const char *text), void *self,
                                struct fault *err)
{
  enum status s = alive(db, err);
  if (s != ST_OK)
    return s;
  return run_check(db,
                   "SELECT 'row ' || coalesce(rowid, 0) || ' of ' || \"table\" || ' refers to nothing in ' || parent"
                   " FROM pragma_foreign_key_check",
                   found, self, err);
}

enum status db_flush_log(struct db *db, struct fault *err)
{
  enum status s = alive(db, err);
  if (s != ST_OK)
    return s;
  int rc = sqlite3_wal_checkpoint_v2(db->conn, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  db->log_pages = 0;
  return rc == SQLITE_OK ? ST_OK : fail(db, rc, err);
}

enum status db_copy(struct db *db, const char *path, struct fault *err)
{
  struct db *to = NULL;
  struct db_options o = { .path = path, .create = true, .plain_file = true };
  enum status s = alive(db, err);
  if (s == ST_OK && file_exists(path))
    s = fault(err, ST_DENIED, "%s exists already", path);
  if (s == ST_OK)
    s = db_open(&o, &to, err);
  if (s != ST_OK)
    return s;
  sqlite3_backup *b = sqlite3_backup_init(to->conn, "main", db->conn, "main");
  int rc = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(to->conn);
  if (b)
    (void)sqlite3_backup_finish(b);
  if (rc != SQLITE_DONE)
    s = fail(to, rc, err);
  db_close(&to);
  return s;
}

enum status db_compact(struct db *db, struct fault *err)
{
  return db_script(db, "VACUUM", err);
}
