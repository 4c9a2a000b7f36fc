/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thin seam below the store: what a database engine must do. One SQL text serves two engines: parameters are $1, $2
 * ..., ON CONFLICT and RETURNING are used, no pragma and no type of an engine leaves the driver and schema/.
 *
 *   AUTO(db_donep) struct db_stmt *q = NULL;
 *   enum status s = db_query(db, "SELECT a FROM t WHERE b = $1", DB_ARGS(db_i(7)), &q, err);
 *   bool row;
 *   while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row)
 *     use(db_int(q, 0));
 *
 * SQL texts are string literals: a statement is prepared once and found again by the address of its text.
 * Statuses: RETRY disk full or busy (the text says what to do), BROKEN I/O error, damage or a bug, after which
 * every further call is BROKEN too; at open damage is REJECT. */
#ifndef EMBARGOD_STORE_DB_H
#define EMBARGOD_STORE_DB_H
#include <embargod/base.h>

struct db;
struct db_stmt;
struct db_options {
  const char *path;
  bool read_only;
  bool create;     /* else a missing file is REJECT */
  bool plain_file; /* a throw-away or exported file: no write-ahead log, no start check */
};
MUST_USE enum status db_open(const struct db_options *o, struct db **out, struct fault *err);
void db_close(struct db **db);

enum db_type { DB_END = 0, DB_NULL, DB_INT, DB_TEXT, DB_BLOB };
struct db_arg {
  enum db_type type;
  int64_t num;
  struct bytes data; /* borrowed until the statement is done */
};
#define DB_ARGS_MAX 40
#define DB_ARGS(...) ((const struct db_arg[]){ __VA_ARGS__ __VA_OPT__(, ){ .type = DB_END } })
#define DB_NO_ARGS ((const struct db_arg[]){ { .type = DB_END } })
static inline struct db_arg db_i(int64_t n)
{
  return (struct db_arg){ .type = DB_INT, .num = n };
}
static inline struct db_arg db_t(const char *s) /* NULL is the empty text */
{
  return (struct db_arg){ .type = DB_TEXT, .data = bytes_str(s) };
}
static inline struct db_arg db_b(struct bytes b)
{
  return (struct db_arg){ .type = DB_BLOB, .data = b };
}
static inline struct db_arg db_ref(int64_t id) /* a reference: 0 is NULL */
{
  return (struct db_arg){ .type = id ? DB_INT : DB_NULL, .num = id };
}

/* Runs a statement that gives no rows. */
MUST_USE enum status db_run(struct db *db, const char *sql, const struct db_arg *args, struct fault *err);
int64_t db_changes(struct db *db); /* rows that the last db_run changed */
MUST_USE enum status db_query(struct db *db, const char *sql, const struct db_arg *args, struct db_stmt **q,
                              struct fault *err);
MUST_USE enum status db_next(struct db_stmt *q, bool *row, struct fault *err);
/* db_query and the first db_next. */
MUST_USE enum status db_one(struct db *db, const char *sql, const struct db_arg *args, struct db_stmt **q, bool *row,
                            struct fault *err);
void db_donep(struct db_stmt **q); /* NULL is fine; for AUTO() */
int64_t db_int(const struct db_stmt *q, int col);
bool db_bool(const struct db_stmt *q, int col);
bool db_is_null(const struct db_stmt *q, int col);
struct bytes db_blob(const struct db_stmt *q, int col);             /* borrowed until the next step */
char *db_text(const struct db_stmt *q, struct pool *pool, int col); /* NULL column: "" */
/* Several statements, not kept: for schema/ and the driver's tests. */
MUST_USE enum status db_script(struct db *db, const char *sql, struct fault *err);

MUST_USE enum status db_begin(struct db *db, struct fault *err);
MUST_USE enum status db_commit(struct db *db, struct fault *err);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db); /* false also when the engine undid it after an error */
MUST_USE enum status db_savepoint(struct db *db, struct fault *err); /* they nest */
MUST_USE enum status db_release(struct db *db, struct fault *err);
void db_rollback_to(struct db *db); /* and releases it */

MUST_USE enum status db_has_table(struct db *db, const char *name, bool *has, struct fault *err);
/* The engine's own checks; each finding goes to found(). quick: all but the large sealed bodies. */
MUST_USE enum status db_check(struct db *db, bool quick, void (*found)(void *self, const char *text), void *self,
                              struct fault *err);
MUST_USE enum status db_check_references(struct db *db, void (*found)(void *self, const char *text), void *self,
                                         struct fault *err);
/* Moves the log into the file and empties it: what was deleted is then nowhere on disk. */
MUST_USE enum status db_flush_log(struct db *db, struct fault *err);
/* A consistent copy of the whole, over `path`, which must not exist. */
MUST_USE enum status db_copy(struct db *db, const char *path, struct fault *err);
MUST_USE enum status db_compact(struct db *db, struct fault *err);
#endif
