/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Saving a case: what has not changed is not written again. Each child row carries a keyed digest of its value. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "store_private.h"

struct saving {
  struct store *st;
  struct pool *pool;
  const struct secret_key *key;
  int64_t ref;
  struct fault *err;
};

/* ---- the row of the case itself ---- */

/* PREFIX-YYYY-NNNN, taken apart from the right: the prefix may hold dashes. */
static bool split_id(const char *id, int64_t *year, int64_t *number)
{
  const char *last = strrchr(id, '-');
  if (!last || last - id < 5 || strspn(last + 1, "0123456789") != strlen(last + 1) || !last[1] || strlen(last + 1) > 15)
    return false;
  if (last[-5] != '-' || strspn(last - 4, "0123456789") != 4)
    return false;
  *year = strtoll(last - 4, NULL, 10);
  *number = strtoll(last + 1, NULL, 10);
  return true;
}

static enum status move_counter(struct saving *sv, const char *id)
{
  int64_t year, number;
  if (!split_id(id, &year, &number))
    return fault(sv->err, ST_BROKEN, "\"%s\" is no case id", id);
  return db_run(sv->st->db,
                "INSERT INTO case_counter (year, last) VALUES ($1, $2)"
                " ON CONFLICT (year) DO UPDATE SET last = excluded.last WHERE excluded.last > case_counter.last",
                DB_ARGS(db_i(year), db_i(number)), sv->err);
}

static enum status insert_head(struct saving *sv, const struct vuln_case *vc)
{
  enum status s = store_new_id(sv->st, TABLE_CASE, &sv->ref, sv->err);
  if (s == ST_OK)
    s = move_counter(sv, vc->id);
  if (s == ST_OK)
    s = store_case_key_make(sv->st, sv->ref, sv->err);
  if (s != ST_OK)
    return s;
  struct bytes head = store_event_first_head(sv->st, sv->pool, sv->ref);
  return db_run(
      sv->st->db,
      "INSERT INTO vuln_case (id, name, rm, em, cs, cs_at_v, cs_at_f, cs_at_d, cs_at_p, cs_at_x, cs_at_a, opened_at,"
      " updated_at, closed_at, last_contact_at, first_answer_at, embargo_until, embargo_proposed, channel,"
      " arrived_clear, reporter_clear_ok, spam, merged_into, event_head)"
      " VALUES ($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, '', $3)",
      DB_ARGS(db_i(sv->ref), db_t(vc->id), db_b(head)), sv->err);
}

static enum status update_head(struct saving *sv, const struct vuln_case *vc)
{
  return db_run(
      sv->st->db,
      "UPDATE vuln_case SET rm = $2, em = $3, cs = $4, cs_at_v = $5, cs_at_f = $6, cs_at_d = $7, cs_at_p = $8,"
      " cs_at_x = $9, cs_at_a = $10, opened_at = $11, updated_at = $12, closed_at = $13, last_contact_at = $14,"
      " first_answer_at = $15, embargo_until = $16, embargo_proposed = $17, channel = $18, arrived_clear = $19,"
      " reporter_clear_ok = $20, spam = $21, merged_into = $22 WHERE id = $1",
      DB_ARGS(db_i(sv->ref), db_i(vc->rm), db_i(vc->em), db_i(vc->cs), db_i(vc->cs_at[0]), db_i(vc->cs_at[1]),
              db_i(vc->cs_at[2]), db_i(vc->cs_at[3]), db_i(vc->cs_at[4]), db_i(vc->cs_at[5]), db_i(vc->opened_at),
              db_i(vc->updated_at), db_i(vc->closed_at), db_i(vc->last_contact_at), db_i(vc->first_answer_at),
              db_i(vc->embargo_until), db_i(vc->embargo_proposed), db_t(vc->channel), db_i(vc->arrived_clear),
              db_i(vc->reporter_clear_ok), db_i(vc->spam), db_t(vc->merged_into)),
      sv->err);
}

/* ---- children: match the rows that are there by digest ---- */

struct child_row {
  int64_t id, pos;
  struct bytes digest;
  bool kept;
};
struct child_rows {
  struct child_row *row;
  size_t count, cap;
};

static enum status load_rows(struct saving *sv, const char *sql, struct child_rows *out)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool more;
  *out = (struct child_rows){ 0 };
  enum status s = db_query(sv->st->db, sql, DB_ARGS(db_i(sv->ref)), &q, sv->err);
  while (s == ST_OK && (s = db_next(q, &more, sv->err)) == ST_OK && more) {
    out->row = pool_grow(sv->pool, out->row, out->count, &out->cap, sizeof *out->row);
    out->row[out->count++] =
        (struct child_row){ db_int(q, 0), db_int(q, 1), pool_bytes_dup(sv->pool, db_blob(q, 2)), false };
  }
  return s;
}

static struct child_row *same_row(struct child_rows *rows, struct bytes digest)
{
  for (size_t i = 0; i < rows->count; i++) {
    if (!rows->row[i].kept && bytes_eq(rows->row[i].digest, digest))
      return &rows->row[i];
  }
  return NULL;
}

static struct bytes row_digest(struct saving *sv, const char *const *text, size_t count, int64_t number)
{
  struct bytes part[10];
  invariant(count + 2 <= ARRAY_LEN(part));
  part[0] = bytes_str(pool_printf(sv->pool, "%" PRId64, sv->ref));
  part[1] = bytes_str(pool_printf(sv->pool, "%" PRId64, number));
  for (size_t i = 0; i < count; i++)
    part[i + 2] = bytes_str(text[i]);
  unsigned char *out = pool_alloc(sv->pool, SECRET_DIGEST_LEN);
  secret_digest_parts(out, store_subkey(sv->st, "store:row"), part, count + 2);
  return (struct bytes){ (const char *)out, SECRET_DIGEST_LEN };
}

static enum status drop_rest(struct saving *sv, const struct child_rows *rows, const char *sql)
{
  enum status s = ST_OK;
  for (size_t i = 0; s == ST_OK && i < rows->count; i++) {
    if (!rows->row[i].kept)
      s = db_run(sv->st->db, sql, DB_ARGS(db_i(rows->row[i].id)), sv->err);
  }
  return s;
}

/* True: the row is there as it is, at most its place changed. */
static enum status keep(struct saving *sv, struct child_rows *rows, struct bytes digest, size_t pos, const char *sql,
                        bool *kept)
{
  struct child_row *r = same_row(rows, digest);
  *kept = r != NULL;
  if (!r)
    return ST_OK;
  r->kept = true;
  return r->pos == (int64_t)pos ? ST_OK : db_run(sv->st->db, sql, DB_ARGS(db_i(r->id), db_i((int64_t)pos)), sv->err);
}

/* ---- fields ---- */

static enum status save_field(struct saving *sv, const struct case_field *f, size_t pos, struct bytes digest)
{
  struct store_row row = { .st = sv->st, .key = sv->key, .pool = sv->pool, .table = "case_field", .err = sv->err };
  enum status s = store_new_id(sv->st, TABLE_FIELD, &row.id, sv->err);
  if (s != ST_OK)
    return s;
  return db_run(sv->st->db,
                "INSERT INTO case_field (id, case_id, pos, name, value, extra, at, by_whom, row_digest)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                DB_ARGS(db_i(row.id), db_i(sv->ref), db_i((int64_t)pos), db_t(f->name),
                        store_seal_text(&row, "value", f->value), store_seal_text(&row, "extra", f->extra), db_i(f->at),
                        store_seal_text(&row, "by_whom", f->by), db_b(digest)),
                sv->err);
}

static enum status save_fields(struct saving *sv, const struct vuln_case *vc)
{
  struct child_rows rows;
  enum status s =
      load_rows(sv, "SELECT id, pos, row_digest FROM case_field WHERE case_id = $1 ORDER BY pos, id", &rows);
  for (size_t i = 0; s == ST_OK && i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    struct bytes digest = row_digest(sv, (const char *const[]){ f->name, f->value, f->extra, f->by }, 4, f->at);
    bool kept = false;
    s = keep(sv, &rows, digest, i, "UPDATE case_field SET pos = $2 WHERE id = $1", &kept);
    if (s == ST_OK && !kept)
      s = save_field(sv, f, i, digest);
  }
  return s == ST_OK ? drop_rest(sv, &rows, "DELETE FROM case_field WHERE id = $1") : s;
}

/* ---- members ---- */

static enum status save_member(struct saving *sv, const struct case_member *m, size_t pos, struct bytes digest)
{
  struct store_row row = { .st = sv->st, .key = sv->key, .pool = sv->pool, .table = "case_member", .err = sv->err };
  enum status s = store_new_id(sv->st, TABLE_MEMBER, &row.id, sv->err);
  if (s != ST_OK)
    return s;
  return db_run(sv->st->db,
                "INSERT INTO case_member (id, case_id, pos, role, analyst, analyst_digest, row_digest)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                DB_ARGS(db_i(row.id), db_i(sv->ref), db_i((int64_t)pos), db_i(m->role),
                        store_seal_text(&row, "analyst", m->analyst),
                        store_digest(sv->st, sv->pool, "store:analyst", bytes_str(m->analyst)), db_b(digest)),
                sv->err);
}

static enum status save_members(struct saving *sv, const struct vuln_case *vc)
{
  struct child_rows rows;
  enum status s =
      load_rows(sv, "SELECT id, pos, row_digest FROM case_member WHERE case_id = $1 ORDER BY pos, id", &rows);
  for (size_t i = 0; s == ST_OK && i < vc->member_count; i++) {
    const struct case_member *m = &vc->member[i];
    struct bytes digest = row_digest(sv, (const char *const[]){ m->analyst }, 1, m->role);
    bool kept = false;
    s = keep(sv, &rows, digest, i, "UPDATE case_member SET pos = $2 WHERE id = $1", &kept);
    if (s == ST_OK && !kept)
      s = save_member(sv, m, i, digest);
  }
  return s == ST_OK ? drop_rest(sv, &rows, "DELETE FROM case_member WHERE id = $1") : s;
}

/* ---- parties: they keep their id ---- */

static enum status write_party(struct saving *sv, const struct party *p, size_t pos, struct bytes digest)
{
  struct store_row row = {
    .st = sv->st, .key = sv->key, .pool = sv->pool, .table = "party", .id = p->id, .err = sv->err
  };
  return db_run(
      sv->st->db,
      "INSERT INTO party (id, case_id, pos, role, name, address, stakeholder, fingerprint, token, removed, "
      "new_key_waits,"
      " address_digest, fingerprint_digest, token_digest, row_digest, status, invited_at, accepted_at, details_at,"
      " waiting_since, unresponsive_at, chased, key_unproved)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"
      " ON CONFLICT (id) DO UPDATE SET pos = excluded.pos, role = excluded.role, name = excluded.name,"
      " address = excluded.address, stakeholder = excluded.stakeholder, fingerprint = excluded.fingerprint,"
      " token = excluded.token, removed = excluded.removed, new_key_waits = excluded.new_key_waits,"
      " address_digest = excluded.address_digest, fingerprint_digest = excluded.fingerprint_digest,"
      " token_digest = excluded.token_digest, row_digest = excluded.row_digest, status = excluded.status,"
      " invited_at = excluded.invited_at, accepted_at = excluded.accepted_at, details_at = excluded.details_at,"
      " waiting_since = excluded.waiting_since, unresponsive_at = excluded.unresponsive_at, chased = excluded.chased,"
      " key_unproved = excluded.key_unproved"
      " WHERE party.case_id = excluded.case_id",
      DB_ARGS(db_i(p->id), db_i(sv->ref), db_i((int64_t)pos), db_i(p->role), store_seal_text(&row, "name", p->name),
              store_seal_text(&row, "address", p->address), store_seal_text(&row, "stakeholder", p->stakeholder),
              store_seal_text(&row, "fingerprint", p->fingerprint), store_seal_text(&row, "token", p->token),
              db_i(p->removed), db_i(p->new_key_waits), store_digest_address(sv->st, sv->pool, p->address),
              store_digest_fpr(sv->st, sv->pool, p->fingerprint), store_digest_token(sv->st, sv->pool, p->token),
              db_b(digest), db_i(p->status), db_i(p->invited_at), db_i(p->accepted_at), db_i(p->details_at),
              db_i(p->waiting_since), db_i(p->unresponsive_at), db_i(p->chased), db_i(p->key_unproved)),
      sv->err);
}

static struct child_row *row_with_id(struct child_rows *rows, int64_t id)
{
  for (size_t i = 0; i < rows->count; i++) {
    if (rows->row[i].id == id)
      return &rows->row[i];
  }
  return NULL;
}

static enum status save_party(struct saving *sv, struct party *p, size_t pos, struct child_rows *rows)
{
  enum status s = p->id ? ST_OK : store_new_id(sv->st, TABLE_PARTY, &p->id, sv->err);
  if (s != ST_OK)
    return s;
  const char *progress = pool_printf(sv->pool, "%d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %u %d",
                                     (int)p->status, p->invited_at, p->accepted_at, p->details_at, p->waiting_since,
                                     p->unresponsive_at, p->chased, p->key_unproved);
  const char *const text[] = { p->name,
                               p->address,
                               p->stakeholder,
                               p->fingerprint,
                               p->token,
                               p->removed ? "r" : "",
                               p->new_key_waits ? "w" : "",
                               progress };
  struct bytes digest = row_digest(sv, text, ARRAY_LEN(text), p->role);
  struct child_row *r = row_with_id(rows, p->id);
  if (r)
    r->kept = true;
  if (r && r->pos == (int64_t)pos && bytes_eq(r->digest, digest))
    return ST_OK;
  s = write_party(sv, p, pos, digest);
  if (s == ST_OK && db_changes(sv->st->db) != 1)
    return fault(sv->err, ST_BROKEN, "party %" PRId64 " belongs to another case", p->id);
  return s;
}

static enum status save_parties(struct saving *sv, struct vuln_case *vc)
{
  struct child_rows rows;
  enum status s = load_rows(sv, "SELECT id, pos, row_digest FROM party WHERE case_id = $1 ORDER BY pos, id", &rows);
  for (size_t i = 0; s == ST_OK && i < vc->party_count; i++)
    s = save_party(sv, &vc->party[i], i, &rows);
  return s == ST_OK ? drop_rest(sv, &rows, "DELETE FROM party WHERE id = $1") : s;
}

/* ---- the whole ---- */

static enum status find_ref(struct saving *sv, const char *id)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(sv->st->db, "SELECT id FROM vuln_case WHERE name = $1", DB_ARGS(db_t(id)), &q, &row, sv->err);
  sv->ref = s == ST_OK && row ? db_int(q, 0) : 0;
  return s;
}

static enum status save(struct store *st, struct vuln_case *vc, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("case");
  struct saving sv = { .st = st, .pool = pool, .err = err };
  enum status s = find_ref(&sv, vc->id);
  if (s == ST_OK && sv.ref == 0)
    s = insert_head(&sv, vc);
  if (s == ST_OK)
    s = update_head(&sv, vc);
  if (s == ST_OK)
    s = store_case_key(st, sv.ref, &sv.key, err);
  if (s == ST_OK)
    s = save_parties(&sv, vc);
  if (s == ST_OK)
    s = save_fields(&sv, vc);
  return s == ST_OK ? save_members(&sv, vc) : s;
}

enum status store_case_save(struct store *st, struct vuln_case *vc, int64_t now, struct fault *err)
{
  if (!vc->id || !vc->id[0])
    return fault(err, ST_BROKEN, "a case is saved with an id only");
  vc->updated_at = now;
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, save(st, vc, err), err);
  return s == ST_OK ? s : fault(err, s, "save case %s", vc->id);
}
