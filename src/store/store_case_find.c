/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases: lists, look-ups for threading, blocked senders. */
#include <config.h>

#include <embargod/text.h>

#include "store_private.h"

#define LIST_MAX 1000

/* ---- lists ---- */

static bool in_text(const char *text, struct bytes word)
{
  return text && bytes_ifind(bytes_str(text), word, 0) != SIZE_MAX;
}

static bool case_has_word(const struct vuln_case *vc, struct bytes word)
{
  static const char *const searched[] = { "title", "description", "product", "tag" };
  if (in_text(vc->id, word))
    return true;
  for (size_t i = 0; i < vc->field_count; i++) {
    for (size_t k = 0; k < ARRAY_LEN(searched); k++) {
      if (text_ieq(vc->field[i].name, searched[k]) &&
          (in_text(vc->field[i].value, word) || in_text(vc->field[i].extra, word)))
        return true;
    }
  }
  return false;
}

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool case_has_words(const struct vuln_case *vc, const char *words)
{
  struct bytes rest = bytes_trim(bytes_str(words));
  while (rest.len) {
    size_t n = 0;
    while (n < rest.len && !is_space(rest.p[n]))
      n++;
    if (!case_has_word(vc, bytes_sub(rest, 0, n)))
      return false;
    rest = bytes_trim(bytes_sub(rest, n, rest.len - n));
  }
  return true;
}

/* Row numbers first: a case is loaded by statements of its own. */
static enum status list_refs(struct store *st, struct pool *pool, const struct case_filter *f, int64_t **refs,
                             size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  *refs = NULL;
  *count = 0;
  struct db_arg who = store_digest_text(st, pool, "store:analyst", f->assignee);
  enum status s = db_query(
      st->db,
      "SELECT id FROM vuln_case c WHERE ($1 < 0 OR rm = $1) AND ($2 = 0 OR (rm <> $3 AND merged_into = ''))"
      " AND ($1 < 0 OR merged_into = '') AND ($4 = 0 OR EXISTS (SELECT 1 FROM case_member m WHERE m.case_id = c.id AND m.role = $5"
      " AND m.analyst_digest = $6)) ORDER BY id DESC",
      DB_ARGS(db_i(f->rm), db_i(f->open_only), db_i(RM_CLOSED), db_i(f->assignee != NULL), db_i(MEMBER_ASSIGNEE), who),
      &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *refs = pool_grow(pool, *refs, *count, &cap, sizeof **refs);
    (*refs)[(*count)++] = db_int(q, 0);
  }
  return s;
}

enum status store_case_list(struct store *st, struct pool *pool, const struct case_filter *f, struct vuln_case ***out,
                            size_t *count, struct fault *err)
{
  AUTO(pool_freep) struct pool *scratch = pool_new("case list");
  int64_t *refs;
  size_t total, cap = 0, max = f->max ? f->max : LIST_MAX;
  *out = NULL;
  *count = 0;
  enum status s = list_refs(st, scratch, f, &refs, &total, err);
  for (size_t i = 0; s == ST_OK && i < total && *count < max; i++) {
    struct vuln_case *vc;
    s = store_case_load_ref(st, pool, refs[i], &vc, err);
    if (s == ST_REJECT) { /* erased: no longer to be read, and no reason to hide the others */
      fault_clear(err);
      s = ST_OK;
      continue;
    }
    if (s != ST_OK || (f->words && !case_has_words(vc, f->words)))
      continue;
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    (*out)[(*count)++] = vc;
  }
  return s;
}

/* ---- embargoes ---- */

#define AGREED_EMBARGO \
  " FROM vuln_case c WHERE c.em IN ($1, $2) AND c.embargo_until > 0 AND c.merged_into = ''" \
  " AND EXISTS (SELECT 1 FROM wrapped_key k WHERE k.scope = 'case' AND k.ref = c.id)"

static enum status next_end(struct store *st, int64_t now, int64_t *next, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  enum status s = db_one(st->db, "SELECT COALESCE(min(c.embargo_until), 0)" AGREED_EMBARGO " AND c.embargo_until > $3",
                         DB_ARGS(db_i(EM_ACTIVE), db_i(EM_REVISE), db_i(now)), &q, &row, err);
  *next = s == ST_OK && row ? db_int(q, 0) : 0;
  return s;
}

enum status store_embargo_due(struct store *st, struct pool *pool, int64_t now, size_t max, char ***ids, size_t *count,
                              int64_t *next, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  *ids = NULL;
  *count = 0;
  enum status s = next_end(st, now, next, err);
  if (s == ST_OK)
    s = db_query(st->db,
                 "SELECT c.name" AGREED_EMBARGO " AND c.embargo_until <= $3 ORDER BY c.embargo_until, c.id LIMIT $4",
                 DB_ARGS(db_i(EM_ACTIVE), db_i(EM_REVISE), db_i(now), db_i((int64_t)max)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *ids = pool_grow(pool, *ids, *count, &cap, sizeof **ids);
    (*ids)[(*count)++] = db_text(q, pool, 0);
  }
  return s;
}

/* ---- participants who do not answer ---- */
enum status store_case_silent(struct store *st, struct pool *pool, const int64_t before[3], char ***ids, size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  int64_t latest = before[0] > before[1] ? before[0] : before[1];
  size_t cap = 0;
  bool row;
  *ids = NULL;
  *count = 0;
  enum status s =
      db_query(st->db,
               "SELECT DISTINCT c.name FROM party p JOIN vuln_case c ON c.id = p.case_id"
               " WHERE p.waiting_since > 0 AND p.unresponsive_at = 0 AND p.removed = 0 AND p.waiting_since <= $1"
               " AND (p.waiting_since <= $4 OR (p.chased < 2 AND p.waiting_since <= $3) OR (p.chased < 1 AND p.waiting_since <= $2))"
               " AND c.rm <> $5 AND c.spam = 0 AND c.merged_into = ''"
               " AND EXISTS (SELECT 1 FROM wrapped_key k WHERE k.scope = 'case' AND k.ref = c.id) ORDER BY c.id",
               DB_ARGS(db_i(latest > before[2] ? latest : before[2]), db_i(before[0]), db_i(before[1]), db_i(before[2]), db_i(RM_CLOSED)), &q,
               err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *ids = pool_grow(pool, *ids, *count, &cap, sizeof **ids);
    (*ids)[(*count)++] = db_text(q, pool, 0);
  }
  return s;
}

/* ---- look-ups ---- */

static enum status refs_with_field(struct store *st, struct pool *pool, const char *field, int64_t **refs, size_t *count,
                                   struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  *refs = NULL;
  *count = 0;
  enum status s = db_query(st->db,
                           "SELECT c.id FROM vuln_case c WHERE c.merged_into = '' AND EXISTS"
                           " (SELECT 1 FROM case_field f WHERE f.case_id = c.id AND f.name = $1) ORDER BY c.id DESC",
                           DB_ARGS(db_t(field)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *refs = pool_grow(pool, *refs, *count, &cap, sizeof **refs);
    (*refs)[(*count)++] = db_int(q, 0);
  }
  return s;
}

enum status store_case_by_field(struct store *st, struct pool *pool, const char *field, const char *value,
                                char **case_id, struct fault *err)
{
  AUTO(pool_freep) struct pool *scratch = pool_new_wiping("case by field");
  int64_t *refs;
  size_t total;
  *case_id = pool_strdup(pool, "");
  enum status s = refs_with_field(st, scratch, field, &refs, &total, err);
  for (size_t i = 0; s == ST_OK && i < total; i++) {
    struct vuln_case *vc;
    s = store_case_load_ref(st, scratch, refs[i], &vc, err);
    if (s == ST_REJECT) { /* erased */
      fault_clear(err);
      s = ST_OK;
      continue;
    }
    for (size_t k = 0; s == ST_OK && k < vc->field_count; k++)
      if (text_ieq(vc->field[k].name, field) && text_ieq(vc->field[k].value, value)) {
        *case_id = pool_strdup(pool, vc->id);
        return ST_OK;
      }
  }
  return s;
}

enum status store_party_by_token(struct store *st, struct pool *pool, const char *token, char **case_id, int64_t *party,
                                 struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  *case_id = pool_strdup(pool, "");
  *party = 0;
  enum status s = db_one(st->db,
                         "SELECT p.id, c.name FROM party p JOIN vuln_case c ON c.id = p.case_id"
                         " WHERE p.token_digest = $1 AND p.removed = 0 ORDER BY p.id LIMIT 1",
                         DB_ARGS(store_digest_token(st, pool, token)), &q, &row, err);
  if (s == ST_OK && row) {
    *party = db_int(q, 0);
    *case_id = db_text(q, pool, 1);
  }
  return s;
}

enum status store_cases_of(struct store *st, struct pool *pool, const char *address, const char *fingerprint,
                           char ***ids, size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  size_t cap = 0;
  bool row;
  *ids = NULL;
  *count = 0;
  enum status s =
      db_query(st->db,
               "SELECT c.name FROM vuln_case c WHERE c.id IN (SELECT case_id FROM party WHERE removed = 0"
               " AND (address_digest = $1 OR fingerprint_digest = $2)) ORDER BY c.id DESC",
               DB_ARGS(store_digest_address(st, pool, address), store_digest_fpr(st, pool, fingerprint)), &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    *ids = pool_grow(pool, *ids, *count, &cap, sizeof **ids);
    (*ids)[(*count)++] = db_text(q, pool, 0);
  }
  return s;
}

enum status store_sender_blocked(struct store *st, const char *address, bool *blocked, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("block");
  AUTO(db_donep) struct db_stmt *q = NULL;
  return db_one(st->db, "SELECT 1 FROM sender_block WHERE address_digest = $1",
                DB_ARGS(store_digest_address(st, pool, address)), &q, blocked, err);
}

static enum status block(struct store *st, const char *address, const char *case_id, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("block");
  int64_t ref;
  struct db_arg digest = store_digest_address(st, pool, address);
  if (digest.type == DB_NULL)
    return fault(err, ST_REJECT, "there is no address to block");
  enum status s = store_case_ref(st, case_id, &ref, err);
  if (s != ST_OK)
    return s;
  return db_run(st->db,
                "INSERT INTO sender_block (address_digest, case_id, at) VALUES ($1, $2, $3)"
                " ON CONFLICT (address_digest) DO NOTHING",
                DB_ARGS(digest, db_ref(ref), db_i(now)), err);
}

enum status store_sender_block(struct store *st, const char *address, const char *case_id, int64_t now,
                               struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, block(st, address, case_id, now, err), err) : s;
}
