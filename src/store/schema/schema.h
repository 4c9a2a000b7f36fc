/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schema: numbered steps; each is applied once, in a transaction of its own, and never changed after a release. A
 * change of the schema = a new file vN.c, one row in schema.c, one row in tests/unit/test_store_schema.c. */
#ifndef EMBARGOD_STORE_SCHEMA_H
#define EMBARGOD_STORE_SCHEMA_H
#include "../db.h"

struct schema_step {
  int version;
  const char *sql;
};
extern const char schema_v1[];
int schema_newest(void);
/* 0: an empty file. REJECT: a file that is no store. */
MUST_USE enum status schema_version(struct db *db, int *version, struct fault *err);
/* Applies what lies above the file's version, up to and with `upto`. REJECT: the file is newer than we are. */
MUST_USE enum status schema_migrate(struct db *db, int upto, struct fault *err);
#endif
