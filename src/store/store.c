/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening and closing: lock, file, schema, master key. */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include <embargod/file.h>

#include "schema/schema.h"
#include "store_private.h"

static enum status set_keys(struct store *st, bool fresh, struct fault *err)
{
  enum status s = store_check_key(st, fresh, err);
  return s == ST_OK && fresh ? store_case_key_make(st, 0, err) : s;
}

/* Schema and first keys of a new file are two transactions: a file that has a schema but no check value was cut off
 * between them and is still empty. */
static enum status new_keys(struct store *st, struct fault *err)
{
  enum status s = store_enter(st, err);
  return s == ST_OK ? store_leave(st, set_keys(st, true, err), err) : s;
}

static enum status has_keys(struct store *st, bool *has, struct fault *err)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  return db_one(st->db, "SELECT 1 FROM schema_info WHERE key_check IS NOT NULL", DB_NO_ARGS, &q, has, err);
}

static enum status ready_schema(struct store *st, const struct store_options *o, struct fault *err)
{
  int version;
  bool has = false;
  enum status s = schema_version(st->db, &version, err);
  if (s == ST_OK && version == 0 && !o->create)
    return fault(err, ST_REJECT, "%s is empty: make a store with embargoctl init", o->path);
  if (s == ST_OK && o->read_only && version < schema_newest())
    return fault(err, ST_REJECT, "%s has the older schema %d: start embargod once, which brings it up to date", o->path,
                 version);
  if (s == ST_OK && version > 0) /* before anything is changed in it */
    s = has_keys(st, &has, err);
  if (s == ST_OK && has)
    s = version <= schema_newest() ? set_keys(st, false, err) : ST_OK; /* schema_migrate refuses it */
  if (s == ST_OK)
    s = schema_migrate(st->db, schema_newest(), err);
  return s == ST_OK && !has ? new_keys(st, err) : s;
}

static enum status open_it(struct store *st, const struct store_options *o, struct fault *err)
{
  struct db_options d = { .path = o->path, .read_only = o->read_only, .create = o->create };
  enum status s = ST_OK;
  if (!o->read_only && !o->create && !file_exists(o->path))
    return fault(err, ST_REJECT, "there is no store at %s: make one with embargoctl init", o->path);
  if (!o->read_only)
    s = store_lock(o->path, &st->lock_fd, err);
  if (s == ST_OK)
    s = db_open(&d, &st->db, err);
  return s == ST_OK ? ready_schema(st, o, err) : s;
}

enum status store_open(const struct store_options *o, struct store **out, struct fault *err)
{
  *out = NULL;
  invariant(o->path && o->master && !(o->create && o->read_only));
  struct pool *pool = pool_new("store");
  struct store *st = pool_new_of(pool, struct store);
  st->pool = pool;
  st->lock_fd = -1;
  st->read_only = o->read_only;
  st->path = pool_strdup(pool, o->path);
  st->case_prefix = pool_strdup(pool, o->case_prefix ? o->case_prefix : "EMB");
  st->master = secret_key_new();
  *st->master = *o->master;
  enum status s = open_it(st, o, err);
  if (s != ST_OK) {
    store_close(&st);
    return fault(err, s, "store");
  }
  *out = st;
  return ST_OK;
}

void store_close(struct store **stp)
{
  struct store *st = stp ? *stp : NULL;
  if (!st)
    return;
  *stp = NULL;
  if (st->db)
    store_rollback(st);
  db_close(&st->db);
  for (size_t i = 0; i < STORE_SUBKEYS; i++)
    secret_key_free(&st->sub[i].key);
  for (size_t i = 0; i < STORE_CASE_KEYS; i++)
    secret_key_free(&st->case_key[i]);
  secret_key_free(&st->system);
  secret_key_free(&st->master);
  fd_closep(&st->lock_fd); /* last: only now may another one come */
  struct pool *pool = st->pool;
  pool_free(&pool);
}

const char *letter_state_name(enum letter_state s)
{
  static const char *const name[] = { "?", "recorded", "held", "applied", "quarantined", "discarded" };
  return (size_t)s < ARRAY_LEN(name) ? name[s] : name[0];
}

const char *letter_class_name(enum letter_class c)
{
  static const char *const name[] = { "none",      "new case",  "follow-up", "command",  "bounce",
                                      "automatic", "duplicate", "blocked",   "oversize", "other" };
  return (size_t)c < ARRAY_LEN(name) ? name[c] : "?";
}

const char *outbox_state_name(enum outbox_state s)
{
  static const char *const name[] = { "?", "queued", "sent", "deferred", "unconfirmed", "failed", "bounced" };
  return (size_t)s < ARRAY_LEN(name) ? name[s] : name[0];
}
