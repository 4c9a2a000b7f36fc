/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events: a chain of keyed hashes per case over clear columns and ciphertext, so that it still holds when the case's
 * key is gone. The case keeps count and last hash under a keyed digest: cutting off the end shows too. */
#include <config.h>

#include <embargod/text.h>

#include "store_private.h"

static struct bytes digest_parts(struct store *st, struct pool *pool, const struct bytes *part, size_t count)
{
  unsigned char *out = pool_alloc(pool, SECRET_DIGEST_LEN);
  secret_digest_parts(out, store_subkey(st, "store:chain"), part, count);
  return (struct bytes){ (const char *)out, SECRET_DIGEST_LEN };
}

static struct bytes number(struct pool *pool, int64_t n)
{
  return bytes_str(pool_printf(pool, "%" PRId64, n));
}

static struct bytes head_of(struct store *st, struct pool *pool, int64_t ref, int64_t count, struct bytes last)
{
  const struct bytes part[] = { BYTES("head"), number(pool, ref), number(pool, count), last };
  return digest_parts(st, pool, part, ARRAY_LEN(part));
}

struct bytes store_event_first_head(struct store *st, struct pool *pool, int64_t ref)
{
  return head_of(st, pool, ref, 0, (struct bytes){ "", 0 });
}

struct link {
  int64_t id, ref, seq, at, letter;
  struct bytes kind, who, text; /* who and text sealed */
};

static struct bytes link_hash(struct store *st, struct pool *pool, const struct link *l, struct bytes previous)
{
  const struct bytes part[] = { previous,
                                BYTES("event"),
                                number(pool, l->id),
                                number(pool, l->ref),
                                number(pool, l->seq),
                                number(pool, l->at),
                                number(pool, l->letter),
                                l->kind,
                                l->who,
                                l->text };
  return digest_parts(st, pool, part, ARRAY_LEN(part));
}

struct chain_end {
  int64_t count;
  struct bytes head, last;
};

static enum status load_end(struct store *st, struct pool *pool, int64_t ref, struct chain_end *out, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  AUTO(db_donep) struct db_stmt *newest = NULL;
  bool row, any = false;
  enum status s =
      db_one(st->db, "SELECT event_count, event_head FROM vuln_case WHERE id = $1", DB_ARGS(db_i(ref)), &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "there is no case in row %" PRId64, ref);
  if (s == ST_OK)
    s = db_one(st->db, "SELECT hash FROM event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", DB_ARGS(db_i(ref)),
               &newest, &any, err);
  if (s != ST_OK)
    return s;
  out->count = db_int(q, 0);
  out->head = pool_bytes_dup(pool, db_blob(q, 1));
  out->last = any ? pool_bytes_dup(pool, db_blob(newest, 0)) : (struct bytes){ "", 0 };
  return ST_OK;
}

static enum status append(struct store *st, const char *case_id, const struct case_event *e, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("event");
  struct chain_end end;
  struct link l = { .at = e->at, .letter = e->letter, .kind = bytes_str(e->kind) };
  struct store_row row = { .st = st, .pool = pool, .table = "event", .err = err };
  enum status s = store_case_ref(st, case_id, &l.ref, err);
  if (s == ST_OK)
    s = load_end(st, pool, l.ref, &end, err);
  /* Going on over a chain that was cut would make the cut good. */
  if (s == ST_OK && !bytes_eq(head_of(st, pool, l.ref, end.count, end.last), end.head))
    return fault(err, ST_BROKEN, "the event chain of %s was altered: run embargoctl check", case_id);
  if (s == ST_OK)
    s = store_case_key(st, l.ref, &row.key, err);
  if (s == ST_OK)
    s = store_new_id(st, TABLE_EVENT, &row.id, err);
  if (s != ST_OK)
    return s;
  l.id = row.id;
  l.seq = end.count + 1;
  l.who = store_seal_text(&row, "who", e->who).data;
  l.text = store_seal_text(&row, "text", e->text).data;
  struct bytes hash = link_hash(st, pool, &l, end.last);
  s = db_run(st->db,
             "INSERT INTO event (id, case_id, seq, at, letter_id, kind, who, text, hash)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
             DB_ARGS(db_i(l.id), db_i(l.ref), db_i(l.seq), db_i(l.at), db_i(l.letter), db_t(e->kind), db_b(l.who),
                     db_b(l.text), db_b(hash)),
             err);
  if (s != ST_OK)
    return s;
  return db_run(st->db, "UPDATE vuln_case SET event_count = $2, event_head = $3 WHERE id = $1",
                DB_ARGS(db_i(l.ref), db_i(l.seq), db_b(head_of(st, pool, l.ref, l.seq, hash))), err);
}

enum status store_event_add(struct store *st, const char *case_id, const struct case_event *e, struct fault *err)
{
  enum status s = store_enter(st, err);
  if (s != ST_OK)
    return s;
  s = store_leave(st, append(st, case_id, e, err), err);
  return s == ST_OK ? s : fault(err, s, "event of %s", case_id);
}

enum status store_event_list(struct store *st, struct pool *pool, const char *case_id, struct case_event **out,
                             size_t *count, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct store_row row = { .st = st, .pool = pool, .table = "event", .err = err };
  size_t cap = 0;
  bool more;
  *out = NULL;
  *count = 0;
  enum status s =
      store_family_query(st, case_id,
                         STORE_FAMILY "SELECT e.id, e.at, e.letter_id, e.kind, e.who, e.text, e.case_id, family.name"
                                      " FROM event e JOIN family ON family.id = e.case_id ORDER BY e.id",
                         &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    row.id = db_int(q, 0);
    s = store_case_key(st, db_int(q, 6), &row.key, err);
    if (s != ST_OK)
      return s;
    *out = pool_grow(pool, *out, *count, &cap, sizeof **out);
    (*out)[(*count)++] = (struct case_event){ .id = row.id,
                                              .at = db_int(q, 1),
                                              .letter = db_int(q, 2),
                                              .kind = db_text(q, pool, 3),
                                              .who = store_open_text(&row, q, 4, "who"),
                                              .text = store_open_text(&row, q, 5, "text"),
                                              .case_id = db_text(q, pool, 7) };
    s = row.status;
  }
  return s;
}

enum status store_event_verify(struct store *st, int64_t ref, int64_t *broken_at, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("chain");
  AUTO(db_donep) struct db_stmt *q = NULL;
  struct chain_end end;
  unsigned char previous[SECRET_DIGEST_LEN];
  struct bytes last = { "", 0 };
  int64_t seq = 0;
  bool more;
  *broken_at = 0;
  enum status s = load_end(st, pool, ref, &end, err);
  if (s != ST_OK)
    return s;
  struct bytes head = end.head;
  AUTO(pool_freep) struct pool *step = pool_new("chain");
  s = db_query(st->db,
               "SELECT id, seq, at, letter_id, kind, who, text, hash FROM event WHERE case_id = $1 ORDER BY seq",
               DB_ARGS(db_i(ref)), &q, err);
  while (s == ST_OK && (s = db_next(q, &more, err)) == ST_OK && more) {
    struct link l = {
      db_int(q, 0), ref, db_int(q, 1), db_int(q, 2), db_int(q, 3), { 0 }, db_blob(q, 5), db_blob(q, 6)
    };
    l.kind = bytes_str(db_text(q, step, 4));
    struct bytes want = link_hash(st, step, &l, last), got = db_blob(q, 7);
    if (l.seq != ++seq || !bytes_eq(want, got)) {
      *broken_at = seq;
      return ST_OK;
    }
    for (size_t i = 0; i < sizeof previous; i++)
      previous[i] = (unsigned char)got.p[i];
    last = (struct bytes){ (const char *)previous, sizeof previous };
    pool_reset(step);
  }
  if (s == ST_OK && (seq != end.count || !bytes_eq(head_of(st, pool, ref, seq, last), head)))
    *broken_at = seq + 1;
  return s;
}

enum status store_event_head(struct store *st, struct pool *pool, char **hex, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  AUTO(pool_freep) struct pool *scratch = pool_new("head");
  struct buf all = buf_new(scratch, 4096);
  bool row;
  enum status s =
      db_query(st->db, "SELECT id, event_count, event_head FROM vuln_case ORDER BY id", DB_NO_ARGS, &q, err);
  while (s == ST_OK && (s = db_next(q, &row, err)) == ST_OK && row) {
    buf_printf(&all, "%" PRId64 ":%" PRId64 ":", db_int(q, 0), db_int(q, 1));
    buf_add(&all, db_blob(q, 2));
  }
  const struct bytes part[] = { BYTES("heads"), buf_bytes(&all) };
  *hex = hex_encode(pool, digest_parts(st, scratch, part, ARRAY_LEN(part)));
  return s;
}
