/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The integrity of the whole: file, references, keys, event chains. */
#include <config.h>

#include "store_private.h"

struct findings {
  struct pool *pool;
  char **line;
  size_t count, cap;
};

static void add(struct findings *f, char *line)
{
  f->line = pool_grow(f->pool, f->line, f->count + 1, &f->cap, sizeof *f->line); /* one more for the NULL */
  f->line[f->count++] = line;
}

static void add_of_engine(void *self, const char *text)
{
  struct findings *f = self;
  add(f, pool_printf(f->pool, "file: %s", text));
}

static enum status check_key(struct store *st, struct findings *f, const char *name, int64_t ref)
{
  const struct secret_key *key;
  struct fault why = { 0 };
  enum status s = store_case_key(st, ref, &key, &why);
  if (s == ST_BROKEN)
    add(f, pool_printf(f->pool, "%s: its key was altered or is of another master key", name));
  return ST_OK; /* a key that is gone was erased: no damage */
}

static enum status check_cases(struct store *st, struct findings *f, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_query(st->db, "SELECT id, name FROM vuln_case ORDER BY id", DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    int64_t broken_at, ref = db_int(q, 0);
    const char *name = db_text(q, f->pool, 1);
    s = store_event_verify(st, ref, &broken_at, err);
    if (s == ST_OK && broken_at)
      add(f, pool_printf(f->pool, "%s: the event chain does not hold from event %" PRId64 " on: altered or removed",
                         name, broken_at));
    if (s == ST_OK)
      s = check_key(st, f, name, ref);
  }
  return s;
}

static enum status check_bodies(struct store *st, struct findings *f, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s =
      db_query(st->db,
               "SELECT l.id FROM letter l LEFT JOIN letter_body b ON b.letter_id = l.id WHERE l.oversize = 0"
               " AND l.duplicate_of IS NULL AND b.letter_id IS NULL AND EXISTS (SELECT 1 FROM"
               " wrapped_key k WHERE k.scope = 'letter' AND k.ref = l.id) ORDER BY l.id",
               DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row)
    add(f, pool_printf(f->pool, "letter %" PRId64 ": its bytes are missing", db_int(q, 0)));
  return s;
}

enum status store_check(struct store *st, struct pool *pool, char ***findings, struct fault *err)
{
  struct findings f = { .pool = pool };
  f.line = pool_grow(pool, NULL, 0, &f.cap, sizeof *f.line);
  enum status s = db_check(st->db, false, add_of_engine, &f, err);
  if (s == ST_OK)
    s = db_check_references(st->db, add_of_engine, &f, err);
  if (s == ST_OK)
    s = check_cases(st, &f, err);
  if (s == ST_OK)
    s = check_bodies(st, &f, err);
  f.line[f.count] = NULL;
  *findings = f.line;
  return s == ST_OK ? s : fault(err, s, "check");
}
