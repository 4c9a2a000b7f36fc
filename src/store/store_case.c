/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases: ids, and loading one as a value with its parties, fields and members. */
#include <config.h>

#include "store_private.h"

enum status store_case_ref(struct store *st, const char *name, int64_t *ref, struct fault *err)
{
  *ref = 0;
  if (!name || !name[0])
    return ST_OK;
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT id FROM vuln_case WHERE name = $1", DB_ARGS(db_t(name)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no case %s", name);
  *ref = s == ST_OK ? db_int(q, 0) : 0;
  return s;
}

enum status store_case_name(struct store *st, struct pool *pool, int64_t ref, char **name, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row = false;
  enum status s =
      ref ? db_one(st->db, "SELECT name FROM vuln_case WHERE id = $1", DB_ARGS(db_i(ref)), &q, &row, err) : ST_OK;
  *name = s == ST_OK && row ? db_text(q, pool, 0) : pool_strdup(pool, "");
  return s;
}

enum status store_case_next_id(struct store *st, struct pool *pool, int year, char **id, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT last FROM case_counter WHERE year = $1", DB_ARGS(db_i(year)), &q, &row, err);
  if (s == ST_OK)
    *id = pool_printf(pool, "%s-%04d-%04" PRId64, st->case_prefix, year, row ? db_int(q, 0) + 1 : 1);
  return s;
}

/* ---- loading ---- */

static enum status load_parties(struct store_row *row, int64_t ref, struct vuln_case *vc)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool more;
  enum status s = db_query(row->st->db,
                           "SELECT id, role, name, address, stakeholder, fingerprint, token, removed, new_key_waits,"
                           " status, invited_at, accepted_at, details_at, waiting_since, unresponsive_at, chased,"
                           " key_unproved"
                           " FROM party WHERE case_id = $1 ORDER BY pos, id",
                           DB_ARGS(db_i(ref)), &q, row->err);
  row->table = "party";
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    row->id = db_int(q, 0);
    vc->party = pool_grow(row->pool, vc->party, vc->party_count, &vc->party_cap, sizeof *vc->party);
    vc->party[vc->party_count++] = (struct party){ .id = row->id,
                                                   .role = (enum party_role)db_int(q, 1),
                                                   .name = store_open_text(row, q, 2, "name"),
                                                   .address = store_open_text(row, q, 3, "address"),
                                                   .stakeholder = store_open_text(row, q, 4, "stakeholder"),
                                                   .fingerprint = store_open_text(row, q, 5, "fingerprint"),
                                                   .token = store_open_text(row, q, 6, "token"),
                                                   .removed = db_bool(q, 7),
                                                   .new_key_waits = db_bool(q, 8),
                                                   .status = (enum party_status)db_int(q, 9),
                                                   .invited_at = db_int(q, 10),
                                                   .accepted_at = db_int(q, 11),
                                                   .details_at = db_int(q, 12),
                                                   .waiting_since = db_int(q, 13),
                                                   .unresponsive_at = db_int(q, 14),
                                                   .chased = (unsigned)db_int(q, 15),
                                                   .key_unproved = db_bool(q, 16) };
    s = row->status;
  }
  return s;
}

static enum status load_fields(struct store_row *row, int64_t ref, struct vuln_case *vc)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool more;
  enum status s = db_query(
      row->st->db, "SELECT id, name, value, extra, at, by_whom FROM case_field WHERE case_id = $1 ORDER BY pos, id",
      DB_ARGS(db_i(ref)), &q, row->err);
  row->table = "case_field";
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    row->id = db_int(q, 0);
    vc->field = pool_grow(row->pool, vc->field, vc->field_count, &vc->field_cap, sizeof *vc->field);
    vc->field[vc->field_count++] = (struct case_field){ .name = db_text(q, row->pool, 1),
                                                        .value = store_open_text(row, q, 2, "value"),
                                                        .extra = store_open_text(row, q, 3, "extra"),
                                                        .at = db_int(q, 4),
                                                        .by = store_open_text(row, q, 5, "by_whom") };
    s = row->status;
  }
  return s;
}

static enum status load_members(struct store_row *row, int64_t ref, struct vuln_case *vc)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool more;
  enum status s = db_query(row->st->db, "SELECT id, role, analyst FROM case_member WHERE case_id = $1 ORDER BY pos, id",
                           DB_ARGS(db_i(ref)), &q, row->err);
  row->table = "case_member";
  while (s == ST_OK && (s = db_next(q, &more, row->err)) == ST_OK && more) {
    row->id = db_int(q, 0);
    vc->member = pool_grow(row->pool, vc->member, vc->member_count, &vc->member_cap, sizeof *vc->member);
    vc->member[vc->member_count++] = (struct case_member){ .role = (enum member_role)db_int(q, 1),
                                                           .analyst = store_open_text(row, q, 2, "analyst") };
    s = row->status;
  }
  return s;
}

static enum status load_head(struct store *st, struct pool *pool, int64_t ref, struct vuln_case *vc, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(
      st->db,
      "SELECT name, rm, em, cs, cs_at_v, cs_at_f, cs_at_d, cs_at_p, cs_at_x, cs_at_a, opened_at, updated_at, closed_at,"
      " last_contact_at, first_answer_at, embargo_until, embargo_proposed, channel, arrived_clear, reporter_clear_ok,"
      " spam, merged_into FROM vuln_case WHERE id = $1",
      DB_ARGS(db_i(ref)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no case in row %" PRId64, ref);
  if (s != ST_OK)
    return s;
  *vc = (struct vuln_case){ .id = db_text(q, pool, 0),
                            .rm = (enum rm_state)db_int(q, 1),
                            .em = (enum em_state)db_int(q, 2),
                            .cs = (unsigned)db_int(q, 3),
                            .opened_at = db_int(q, 10),
                            .updated_at = db_int(q, 11),
                            .closed_at = db_int(q, 12),
                            .last_contact_at = db_int(q, 13),
                            .first_answer_at = db_int(q, 14),
                            .embargo_until = db_int(q, 15),
                            .embargo_proposed = db_int(q, 16),
                            .channel = db_text(q, pool, 17),
                            .arrived_clear = db_bool(q, 18),
                            .reporter_clear_ok = db_bool(q, 19),
                            .spam = db_bool(q, 20),
                            .merged_into = db_text(q, pool, 21) };
  for (int i = 0; i < CS_FACTS; i++)
    vc->cs_at[i] = db_int(q, 4 + i);
  return ST_OK;
}

enum status store_case_load_ref(struct store *st, struct pool *pool, int64_t ref, struct vuln_case **out,
                                struct fault *err)
{
  struct store_row row = { .st = st, .pool = pool, .err = err };
  struct vuln_case *vc = pool_new_of(pool, struct vuln_case);
  enum status s = load_head(st, pool, ref, vc, err);
  if (s == ST_OK)
    s = store_case_key(st, ref, &row.key, err);
  if (s == ST_OK)
    s = load_parties(&row, ref, vc);
  if (s == ST_OK)
    s = load_fields(&row, ref, vc);
  if (s == ST_OK)
    s = load_members(&row, ref, vc);
  *out = s == ST_OK ? vc : NULL;
  return s;
}

enum status store_case_load(struct store *st, struct pool *pool, const char *id, struct vuln_case **out,
                            struct fault *err)
{
  int64_t ref = 0;
  *out = NULL;
  enum status s = store_case_ref(st, id, &ref, err);
  if (s == ST_OK && ref == 0)
    return fault(err, ST_REJECT, "there is no case without an id");
  if (s == ST_OK)
    s = store_case_load_ref(st, pool, ref, out, err);
  return s == ST_OK ? s : fault(err, s, "load case %s", id);
}
