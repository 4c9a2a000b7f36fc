/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Publications: the versions of an advisory that were approved, with their documents. All of it is sealed by the case's key, also what
 * is out; only what the site's lists say of it is sealed by the system's, for the site outlives a case. */
#include <config.h>

#include <string.h>

#include "store_private.h"

const char *publication_state_name(enum publication_state s)
{
  static const char *const names[] = { [PUBLICATION_APPROVED] = "scheduled",
                                       [PUBLICATION_SIGNED] = "signed",
                                       [PUBLICATION_OUT] = "published",
                                       [PUBLICATION_CANCELLED] = "cancelled" };
  return s >= PUBLICATION_APPROVED && s <= PUBLICATION_CANCELLED ? names[s] : "?";
}

/* ---- writing ---- */

static enum status put_file(struct store_row *of, const struct publication_file *f)
{
  struct store_row row = { .st = of->st, .key = of->key, .pool = of->pool, .table = "publication_file", .err = of->err };
  enum status s = store_new_id(of->st, TABLE_PUBLICATION_FILE, &row.id, of->err);
  if (s == ST_OK)
    s = db_run(of->st->db, "INSERT INTO publication_file (id, publication_id, name) VALUES ($1, $2, $3)",
               DB_ARGS(db_i(row.id), db_i(of->id), db_t(f->name)), of->err);
  return s == ST_OK ? store_body_put(&row, BODY_PUBLICATION, f->body) : s;
}

static enum status put(struct store *st, const struct publication *p, int64_t *id, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("publication");
  struct store_row row = { .st = st, .pool = pool, .table = "publication", .err = err };
  int64_t ref;
  enum status s = store_case_ref(st, p->case_id, &ref, err);
  if (s == ST_OK && !ref)
    return fault(err, ST_BROKEN, "a publication is of a case");
  if (s == ST_OK)
    s = store_case_key(st, ref, &row.key, err);
  if (s == ST_OK)
    s = store_new_id(st, TABLE_PUBLICATION, &row.id, err);
  if (s == ST_OK)
    s = db_run(st->db,
               "INSERT INTO publication (id, case_id, version, state, what, token, by_whom, released_by, summary, approved_at,"
               " planned_at, first_at, out_at, ended_by, tries, retry_at, alarmed_at, last_error, entry)"
               " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, 0, 0, 0, $14, NULL)",
               DB_ARGS(db_i(row.id), db_i(ref), db_i(p->version), db_i(PUBLICATION_APPROVED), db_t(p->what),
                       store_seal_text(&row, "token", p->token), store_seal_text(&row, "by_whom", p->by),
                       store_seal_text(&row, "released_by", p->released_by), store_seal_text(&row, "summary", p->summary),
                       db_i(p->approved_at), db_i(p->planned_at), db_i(p->first_at), store_seal_text(&row, "ended_by", ""),
                       store_seal_text(&row, "last_error", "")),
               err);
  for (size_t i = 0; s == ST_OK && i < p->file_count; i++)
    s = put_file(&row, &p->file[i]);
  *id = row.id;
  return s;
}

enum status store_publication_put(struct store *st, const struct publication *p, int64_t *id, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, put(st, p, id, err), err) : s;
}

/* The row with its key, its state in *state. */
static enum status find(struct store_row *row, int64_t id, enum publication_state *state)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool there;
  enum status s = db_one(row->st->db, "SELECT case_id, state FROM publication WHERE id = $1", DB_ARGS(db_i(id)), &q, &there, row->err);
  if (s == ST_OK && !there)
    return fault(row->err, ST_REJECT, "there is no publication %" PRId64, id);
  row->id = id;
  *state = s == ST_OK ? (enum publication_state)db_int(q, 1) : PUBLICATION_CANCELLED;
  return s == ST_OK ? store_case_key(row->st, db_int(q, 0), &row->key, row->err) : s;
}

static enum status sign(struct store *st, int64_t id, const struct publication_file *file, size_t count, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("publication");
  struct store_row row = { .st = st, .pool = pool, .table = "publication", .err = err };
  enum publication_state state;
  enum status s = find(&row, id, &state);
  if (s == ST_OK && state != PUBLICATION_APPROVED)
    return fault(err, ST_DENIED, "the publication is %s", publication_state_name(state));
  for (size_t i = 0; s == ST_OK && i < count; i++)
    s = put_file(&row, &file[i]);
  if (s != ST_OK)
    return s;
  return db_run(st->db, "UPDATE publication SET state = $2, retry_at = 0 WHERE id = $1", DB_ARGS(db_i(id), db_i(PUBLICATION_SIGNED)), err);
}

enum status store_publication_signed(struct store *st, int64_t id, const struct publication_file *file, size_t count, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, sign(st, id, file, count, err), err) : s;
}

static enum status out(struct store *st, int64_t id, int64_t now, const char *entry, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("publication");
  struct store_row row = { .st = st, .pool = pool, .table = "publication", .err = err }, system = row;
  enum publication_state state;
  enum status s = find(&row, id, &state);
  if (s == ST_OK && state != PUBLICATION_SIGNED)
    return fault(err, ST_DENIED, "the publication is %s", publication_state_name(state));
  system.id = id;
  if (s == ST_OK)
    s = store_case_key(st, 0, &system.key, err);
  if (s != ST_OK)
    return s;
  return db_run(st->db, "UPDATE publication SET state = $2, out_at = $3, entry = $4, last_error = $5 WHERE id = $1",
                DB_ARGS(db_i(id), db_i(PUBLICATION_OUT), db_i(now), store_seal_text(&system, "entry", entry),
                        store_seal_text(&row, "last_error", "")),
                err);
}

enum status store_publication_out(struct store *st, int64_t id, int64_t now, const char *entry, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, out(st, id, now, entry, err), err) : s;
}

static enum status cancel(struct store *st, int64_t id, const char *by, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("publication");
  struct store_row row = { .st = st, .pool = pool, .table = "publication", .err = err };
  enum publication_state state;
  enum status s = find(&row, id, &state);
  if (s == ST_OK && state != PUBLICATION_APPROVED && state != PUBLICATION_SIGNED)
    return fault(err, ST_DENIED, "it is %s already", publication_state_name(state));
  if (s != ST_OK)
    return s;
  return db_run(st->db, "UPDATE publication SET state = $2, ended_by = $3, out_at = $4 WHERE id = $1",
                DB_ARGS(db_i(id), db_i(PUBLICATION_CANCELLED), store_seal_text(&row, "ended_by", by), db_i(now)), err);
}

enum status store_publication_cancel(struct store *st, int64_t id, const char *by, int64_t now, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, cancel(st, id, by, now, err), err) : s;
}

static enum status failed(struct store *st, int64_t id, const struct publication_trouble *t, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("publication");
  struct store_row row = { .st = st, .pool = pool, .table = "publication", .err = err };
  enum publication_state state;
  enum status s = find(&row, id, &state);
  if (s != ST_OK)
    return s;
  return db_run(st->db, "UPDATE publication SET tries = tries + 1, retry_at = $2, alarmed_at = $3, last_error = $4 WHERE id = $1",
                DB_ARGS(db_i(id), db_i(t->retry_at), db_i(t->alarmed_at), store_seal_text(&row, "last_error", t->error)), err);
}

enum status store_publication_failed(struct store *st, int64_t id, const struct publication_trouble *t, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, failed(st, id, t, err), err) : s;
}

/* ---- reading ---- */

#define COLUMNS                                                                                                                   \
  "SELECT p.id, p.case_id, c.name, p.version, p.state, p.what, p.approved_at, p.planned_at, p.first_at, p.out_at, p.tries,"      \
  " p.retry_at, p.alarmed_at, p.entry, p.token, p.by_whom, p.released_by, p.summary, p.ended_by, p.last_error"                  \
  " FROM publication p JOIN vuln_case c ON c.id = p.case_id "

static void take_clear(struct store_row *row, const struct db_stmt *q, struct publication *out)
{
  *out = (struct publication){ .id = db_int(q, 0),
                               .case_id = db_text(q, row->pool, 2),
                               .version = (unsigned)db_int(q, 3),
                               .state = (enum publication_state)db_int(q, 4),
                               .what = db_text(q, row->pool, 5),
                               .approved_at = db_int(q, 6),
                               .planned_at = db_int(q, 7),
                               .first_at = db_int(q, 8),
                               .out_at = db_int(q, 9),
                               .tries = (unsigned)db_int(q, 10),
                               .retry_at = db_int(q, 11),
                               .alarmed_at = db_int(q, 12) };
  out->token = out->by = out->released_by = out->summary = out->ended_by = out->last_error = out->entry = "";
}

/* What the lists say, by the system's key. */
static enum status take_entry(struct store_row *row, const struct db_stmt *q, struct publication *out)
{
  struct store_row system = { .st = row->st, .pool = row->pool, .table = "publication", .id = out->id, .err = row->err };
  if (!db_blob(q, 13).len)
    return ST_OK;
  enum status s = store_case_key(row->st, 0, &system.key, row->err);
  if (s == ST_OK)
    out->entry = store_open_text(&system, q, 13, "entry");
  return s == ST_OK ? system.status : s;
}

/* REJECT: the case was erased; what is clear, and the entry, are there all the same. */
static enum status take(struct store_row *row, const struct db_stmt *q, struct publication *out)
{
  row->table = "publication";
  row->id = db_int(q, 0);
  take_clear(row, q, out);
  enum status s = take_entry(row, q, out);
  if (s == ST_OK)
    s = store_case_key(row->st, db_int(q, 1), &row->key, row->err);
  if (s != ST_OK)
    return s;
  out->token = store_open_text(row, q, 14, "token");
  out->by = store_open_text(row, q, 15, "by_whom");
  out->released_by = store_open_text(row, q, 16, "released_by");
  out->summary = store_open_text(row, q, 17, "summary");
  out->ended_by = store_open_text(row, q, 18, "ended_by");
  out->last_error = store_open_text(row, q, 19, "last_error");
  return row->status;
}

static enum status take_files(struct store_row *row, struct publication *out)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool more, found;
  enum status s = db_query(row->st->db, "SELECT id, name FROM publication_file WHERE publication_id = $1 ORDER BY id",
                           DB_ARGS(db_i(out->id)), &q, row->err);
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    struct store_row file = { .st = row->st, .key = row->key, .pool = row->pool, .table = "publication_file", .id = db_int(q, 0),
                              .err = row->err };
    out->file = pool_grow(row->pool, out->file, out->file_count, &cap, sizeof *out->file);
    struct publication_file *f = &out->file[out->file_count++];
    f->name = db_text(q, row->pool, 1);
    s = store_body_get(&file, BODY_PUBLICATION, &f->body, &found);
  }
  return s;
}

enum status store_publication_load(struct store *st, struct pool *pool, int64_t id, struct publication *out, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .err = err };
  bool there;
  *out = (struct publication){ 0 };
  enum status s = db_one(st->db, COLUMNS "WHERE p.id = $1", DB_ARGS(db_i(id)), &q, &there, err);
  if (s == ST_OK && !there)
    return fault(err, ST_REJECT, "there is no publication %" PRId64, id);
  if (s == ST_OK)
    s = take(&row, q, out);
  return s == ST_OK ? take_files(&row, out) : s;
}

enum status store_publication_list(struct store *st, struct pool *pool, const char *case_id, struct publication **out, size_t *count,
                                   struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  int64_t ref = 0;
  size_t cap = 0;
  bool more;
  *out = NULL;
  *count = 0;
  enum status s = store_case_ref(st, case_id, &ref, err);
  if (s == ST_OK)
    s = db_query(st->db, COLUMNS "WHERE $1 = 0 OR p.case_id = $1 ORDER BY p.id", DB_ARGS(db_i(ref)), &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    struct store_row row = { .st = st, .pool = pool, .err = err };
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    s = take(&row, q, &(*out)[(*count)++]);
    if (s == ST_REJECT) { /* its case was erased */
      fault_clear(err);
      s = ST_OK;
    }
  }
  return s;
}

enum status store_publication_due(struct store *st, int64_t now, int64_t *ids, size_t max, size_t *count, int64_t *next,
                                  struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool more;
  *count = 0;
  *next = 0;
  enum status s = db_query(st->db,
                           "SELECT id, CASE WHEN retry_at > planned_at THEN retry_at ELSE planned_at END AS due FROM publication"
                           " WHERE state IN (1, 2) ORDER BY due, id",
                           DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    if (db_int(q, 1) > now) {
      *next = db_int(q, 1);
      break;
    }
    if (*count < max)
      ids[(*count)++] = db_int(q, 0);
  }
  return s;
}
