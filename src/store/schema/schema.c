/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of the schema and how they are applied. */
#include <config.h>

#include "schema.h"

static const struct schema_step step[] = {
  { 1, schema_v1 },
};

int schema_newest(void)
{
  return step[ARRAY_LEN(step) - 1].version;
}

enum status schema_version(struct db *db, int *version, struct fault *err)
{
  bool has = false, any = false, row = false;
  *version = 0;
  enum status s = db_has_table(db, "schema_info", &has, err);
  if (s == ST_OK && !has)
    s = db_has_table(db, "", &any, err);
  if (s != ST_OK)
    return s;
  if (!has)
    return any ? fault(err, ST_REJECT, "the file is a database, but no store of embargod") : ST_OK;
  AUTO(db_donep) struct db_stmt *q = NULL;
  s = db_one(db, "SELECT version FROM schema_info WHERE id = 1", DB_NO_ARGS, &q, &row, err);
  if (s == ST_OK && !row)
    return fault(err, ST_REJECT, "the store does not say its version: it is damaged");
  if (s == ST_OK)
    *version = (int)db_int(q, 0);
  return s;
}

static enum status apply(struct db *db, const struct schema_step *to, struct fault *err)
{
  enum status s = db_begin(db, err);
  if (s == ST_OK)
    s = db_script(db, to->sql, err);
  if (s == ST_OK)
    s = db_run(db,
               "INSERT INTO schema_info (id, version) VALUES (1, $1)"
               " ON CONFLICT (id) DO UPDATE SET version = excluded.version",
               DB_ARGS(db_i(to->version)), err);
  if (s == ST_OK)
    s = db_commit(db, err);
  if (s != ST_OK) {
    db_rollback(db);
    return fault(err, s, "schema: step to version %d", to->version);
  }
  return ST_OK;
}

enum status schema_migrate(struct db *db, int upto, struct fault *err)
{
  int version;
  enum status s = schema_version(db, &version, err);
  if (s == ST_OK && version > schema_newest())
    return fault(err, ST_REJECT, "the store has schema %d, this embargod knows up to %d: use a newer embargod", version,
                 schema_newest());
  for (size_t i = 0; s == ST_OK && i < ARRAY_LEN(step); i++) {
    if (step[i].version > version && step[i].version <= upto)
      s = apply(db, &step[i], err);
  }
  return s;
}
