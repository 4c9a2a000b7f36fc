/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases that were merged, and letters that change their case. What a merged case has stays sealed under its own key:
 * only its parties (they are saved with the other case) and its letters' keys change place. */
#include <config.h>

#include <embargod/text.h>

#include "store_private.h"

/* ---- a merged case leads to the one that it was merged into ---- */

enum status store_case_live(struct store *st, struct pool *pool, const char *id, struct vuln_case **out,
                            struct fault *err)
{
  enum status s = store_case_load(st, pool, id, out, err);
  while (s == ST_OK && !text_empty((*out)->merged_into)) /* ends: a merged case is never merged into */
    s = store_case_load(st, pool, (*out)->merged_into, out, err);
  return s;
}

enum status store_family_query(struct store *st, const char *case_id, const char *sql, struct db_stmt **out,
                               struct fault *err)
{
  int64_t ref = 0;
  enum status s = store_case_ref(st, case_id, &ref, err);
  return s == ST_OK ? db_query(st->db, sql, DB_ARGS(db_i(ref)), out, err) : s;
}

static bool has_party(const struct vuln_case *vc, int64_t id)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (vc->party[i].id == id)
      return true;
  return false;
}

static enum status leave(struct store *st, const struct vuln_case *vc, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("parties");
  AUTO(db_donep) struct db_stmt *q = NULL;
  int64_t *gone = NULL;
  size_t count = 0, cap = 0;
  bool row;
  enum status s = db_query(st->db, "SELECT p.id FROM party p JOIN vuln_case c ON c.id = p.case_id WHERE c.name = $1",
                           DB_ARGS(db_t(vc->id)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    if (has_party(vc, db_int(q, 0)))
      continue;
    gone = pool_grow(pool, gone, count, &cap, sizeof *gone);
    gone[count++] = db_int(q, 0);
  }
  for (size_t i = 0; s == ST_OK && i < count; i++)
    s = db_run(st->db, "DELETE FROM party WHERE id = $1", DB_ARGS(db_i(gone[i])), err);
  return s;
}

enum status store_case_leave(struct store *st, const struct vuln_case *vc, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, leave(st, vc, err), err);
  return s == ST_OK ? s : fault(err, s, "parties of %s", vc->id);
}

/* ---- letters ---- */

/* An erased letter has no key any more, and stays where it is. */
static enum status give_letter(struct store *st, int64_t letter, int64_t to, struct fault *err)
{
  enum status s = store_letter_key_move(st, letter, to, err);
  if (s == ST_REJECT) {
    fault_clear(err);
    return ST_OK;
  }
  return s == ST_OK
             ? db_run(st->db, "UPDATE letter SET case_id = $2 WHERE id = $1", DB_ARGS(db_i(letter), db_i(to)), err)
             : s;
}

static enum status absorb(struct store *st, const struct vuln_case *vc, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("letters");
  AUTO(db_donep) struct db_stmt *q = NULL;
  int64_t from = 0, to = 0, *id = NULL;
  size_t count = 0, cap = 0;
  bool row;
  enum status s = store_case_ref(st, vc->id, &from, err);
  if (s == ST_OK)
    s = store_case_ref(st, vc->merged_into, &to, err);
  if (s == ST_OK)
    s = db_query(st->db, "SELECT id FROM letter WHERE case_id = $1", DB_ARGS(db_i(from)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    id = pool_grow(pool, id, count, &cap, sizeof *id);
    id[count++] = db_int(q, 0);
  }
  for (size_t i = 0; s == ST_OK && i < count; i++)
    s = give_letter(st, id[i], to, err);
  return s;
}

enum status store_case_absorb(struct store *st, const struct vuln_case *from, struct fault *err)
{
  if (text_empty(from->merged_into))
    return fault(err, ST_BROKEN, "%s was not merged", from->id);
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, absorb(st, from, err), err);
  return s == ST_OK ? s : fault(err, s, "letters of %s", from->id);
}

/* ---- one letter, or a whole thread ---- */

_Static_assert(MESSAGE_REPORT == 1 && MESSAGE_FOLLOW_UP == 2, "the SQL texts and the index name them");

static enum status others_of(struct store *st, int64_t letter, int64_t party, size_t *others, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *others = 0;
  if (!party)
    return ST_OK;
  enum status s = db_one(st->db, "SELECT count(*) FROM message WHERE party = $1 AND letter_id <> $2 AND kind IN (1, 2)",
                         DB_ARGS(db_i(party), db_i(letter)), &q, &row, err);
  *others = s == ST_OK && row ? (size_t)db_int(q, 0) : 0;
  return s;
}

enum status store_message_of_letter(struct store *st, struct pool *pool, int64_t letter, struct case_message *out,
                                    char **case_id, size_t *others, bool *found, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  AUTO(pool_freep) struct pool *scratch = pool_new_wiping("letter");
  struct store_row row = { .st = st, .pool = pool, .table = "message", .err = err };
  struct vuln_case *vc = NULL;
  char *name = NULL;
  *others = 0;
  enum status s = db_one(st->db,
                         "SELECT id, case_id, at, party, kind, who, subject, text, protection FROM message"
                         " WHERE letter_id = $1 AND kind IN (1, 2) ORDER BY id LIMIT 1",
                         DB_ARGS(db_i(letter)), &q, found, err);
  if (s != ST_OK || !*found)
    return s;
  row.id = db_int(q, 0);
  s = store_case_key(st, db_int(q, 1), &row.key, err);
  if (s == ST_OK)
    s = store_case_name(st, scratch, db_int(q, 1), &name, err);
  if (s == ST_OK)
    s = store_case_live(st, scratch, name, &vc, err);
  if (s == ST_OK)
    s = others_of(st, letter, db_int(q, 3), others, err);
  if (s != ST_OK)
    return s;
  *case_id = pool_strdup(pool, vc->id);
  *out = (struct case_message){ .id = row.id,
                                .at = db_int(q, 2),
                                .letter = letter,
                                .party = db_int(q, 3),
                                .kind = (enum message_kind)db_int(q, 4),
                                .who = store_open_text(&row, q, 5, "who"),
                                .subject = store_open_text(&row, q, 6, "subject"),
                                .text = store_open_text(&row, q, 7, "text"),
                                .message_id = "",
                                .protection = store_open_text(&row, q, 8, "protection") };
  return row.status;
}

struct moving {
  struct store *st;
  struct pool *pool;
  const struct message_move *m;
  int64_t to;
  struct fault *err;
};

/* One row of the query below, sealed anew under the other case's key. */
static enum status move_row(struct moving *mv, const struct db_stmt *q)
{
  static const char *const column[] = { "who", "subject", "text", "message_id", "protection" };
  struct store_row row = { .st = mv->st, .pool = mv->pool, .table = "message", .id = db_int(q, 0), .err = mv->err };
  const char *text[ARRAY_LEN(column)];
  enum status s = store_case_key(mv->st, db_int(q, 1), &row.key, mv->err);
  for (size_t i = 0; s == ST_OK && i < ARRAY_LEN(column); i++) {
    text[i] = store_open_text(&row, q, (int)i + 3, column[i]);
    s = row.status;
  }
  if (s == ST_OK)
    s = store_case_key(mv->st, mv->to, &row.key, mv->err);
  if (s != ST_OK)
    return s;
  return db_run(mv->st->db,
                "UPDATE message SET case_id = $2, party = $3, who = $4, subject = $5, text = $6, message_id = $7,"
                " protection = $8 WHERE id = $1",
                DB_ARGS(db_i(row.id), db_i(mv->to), db_i(mv->m->to_party), store_seal_text(&row, column[0], text[0]),
                        store_seal_text(&row, column[1], text[1]), store_seal_text(&row, column[2], text[2]),
                        store_seal_text(&row, column[3], text[3]), store_seal_text(&row, column[4], text[4])),
                mv->err);
}

/* Row numbers first: what is read must not change meanwhile. */
static enum status rows_of(struct moving *mv, int64_t from, int64_t **id, size_t *count)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  enum status s = db_query(mv->st->db,
                           STORE_FAMILY "SELECT m.id FROM message m JOIN family ON family.id = m.case_id"
                                        " WHERE (m.letter_id = $2 AND m.kind IN ($3, $4)) OR ($5 <> 0 AND m.party = $5)"
                                        " ORDER BY m.id",
                           DB_ARGS(db_i(from), db_i(mv->m->letter), db_i(MESSAGE_REPORT), db_i(MESSAGE_FOLLOW_UP),
                                   db_i(mv->m->thread ? mv->m->from_party : 0)),
                           &q, mv->err);
  while (s == ST_OK && (s = db_next(q, &row, mv->err)) == ST_OK && row) {
    *id = pool_grow(mv->pool, *id, *count, &cap, sizeof **id);
    (*id)[(*count)++] = db_int(q, 0);
  }
  return s;
}

static enum status move_one(struct moving *mv, int64_t id, bool *is_letter)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(mv->st->db,
                         "SELECT id, case_id, letter_id, who, subject, text, message_id, protection, kind FROM message"
                         " WHERE id = $1",
                         DB_ARGS(db_i(id)), &q, &row, mv->err);
  if (s != ST_OK || !row)
    return s;
  bool came_in = db_int(q, 8) == MESSAGE_REPORT || db_int(q, 8) == MESSAGE_FOLLOW_UP;
  int64_t letter = came_in ? db_int(q, 2) : 0;
  *is_letter |= letter == mv->m->letter;
  s = move_row(mv, q);
  return s == ST_OK && letter ? give_letter(mv->st, letter, mv->to, mv->err) : s;
}

static enum status move_message(struct store *st, const struct message_move *m, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("move");
  struct moving mv = { .st = st, .pool = pool, .m = m, .err = err };
  int64_t from = 0, *id = NULL;
  size_t count = 0;
  bool found = false;
  enum status s = store_case_ref(st, m->from, &from, err);
  if (s == ST_OK)
    s = store_case_ref(st, m->to, &mv.to, err);
  if (s == ST_OK)
    s = rows_of(&mv, from, &id, &count);
  for (size_t i = 0; s == ST_OK && i < count; i++)
    s = move_one(&mv, id[i], &found);
  if (s == ST_OK && !found)
    return fault(err, ST_REJECT, "%s has no letter %" PRId64, m->from, m->letter);
  return s;
}

enum status store_message_move(struct store *st, const struct message_move *m, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, move_message(st, m, err), err);
  return s == ST_OK ? s : fault(err, s, "letter %" PRId64 " to %s", m->letter, m->to);
}
