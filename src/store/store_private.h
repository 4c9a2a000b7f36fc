/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the store share: the connection, scopes and their keys, sealing of columns, new ids. */
#ifndef EMBARGOD_STORE_PRIVATE_H
#define EMBARGOD_STORE_PRIVATE_H
#include <embargod/store.h>

#include "db.h"

/* Tables of which we give out ids before the row is there, since the id is part of what a seal is bound to. */
enum store_table {
  TABLE_CASE = 0,
  TABLE_PARTY,
  TABLE_FIELD,
  TABLE_MEMBER,
  TABLE_LETTER,
  TABLE_EVENT,
  TABLE_MESSAGE,
  TABLE_OUTBOX,
  TABLE_KEY,
  TABLE_PENDING,
  TABLE_PENDING_LETTER,
  TABLE_META,
  TABLE_PUBLICATION,
  TABLE_PUBLICATION_FILE,
  STORE_TABLES,
};
#define STORE_SUBKEYS 32
#define STORE_CASE_KEYS 16
struct store_subkey {
  const char *purpose;
  struct secret_key *key;
};
struct store_lease {
  int64_t id, until;
  bool ended;
};
struct store {
  struct db *db;
  struct pool *pool; /* lives as long as the store */
  struct secret_key *master, *system;
  struct store_subkey sub[STORE_SUBKEYS];
  /* The latest case keys, so that a case's many columns cost one unwrapping. A pointer holds for 15 other cases. */
  struct secret_key *case_key[STORE_CASE_KEYS];
  int64_t case_of_key[STORE_CASE_KEYS];
  unsigned case_key_next;
  int64_t next_id[STORE_TABLES];
  struct store_lease *lease;
  size_t lease_count, lease_cap;
  int64_t outbox_floor; /* the first outbox id that the open transaction gave out; 0: none */
  const char *case_prefix, *path;
  int lock_fd;
  unsigned depth; /* store calls within each other */
  bool in_tx, tx_lost, in_savepoint, read_only;
};

/* ---- store_lock.c ---- */
MUST_USE enum status store_lock(const char *path, int *fd, struct fault *err);

/* ---- store_tx.c: each writing call is whole or not at all, also inside a larger transaction ---- */
MUST_USE enum status store_enter(struct store *st, struct fault *err);
/* Commits or undoes what store_enter began; gives back s, or the commit's failure. Only after a store_enter that was
 * OK. */
MUST_USE enum status store_leave(struct store *st, enum status s, struct fault *err);
MUST_USE enum status store_new_id(struct store *st, enum store_table table, int64_t *id, struct fault *err);

/* ---- store_seal.c ---- */
void store_key_wipep(struct secret_key *key); /* for AUTO(): a key on the stack */
MUST_USE enum status store_check_key(struct store *st, bool fresh, struct fault *err);
/* ref 0: the system's key. REJECT: erased. */
MUST_USE enum status store_case_key(struct store *st, int64_t ref, const struct secret_key **key, struct fault *err);
MUST_USE enum status store_case_key_make(struct store *st, int64_t ref, struct fault *err);
MUST_USE enum status store_letter_key_make(struct store *st, int64_t letter, struct secret_key *key, struct fault *err);
MUST_USE enum status store_letter_key(struct store *st, int64_t letter, struct secret_key *key, struct fault *err);
MUST_USE enum status store_letter_key_move(struct store *st, int64_t letter, int64_t ref, struct fault *err);
void store_forget_keys(struct store *st); /* after an undone transaction */

/* Seals and opens the columns of one row. The first failure stays in status; later columns are then "". */
struct store_row {
  struct store *st;
  const struct secret_key *key;
  struct pool *pool; /* opened texts; for sealing: the ciphertext */
  const char *table;
  int64_t id;
  enum status status;
  struct fault *err;
};
struct db_arg store_seal_text(struct store_row *row, const char *column, const char *text);
struct db_arg store_seal_bytes(struct store_row *row, const char *column, struct bytes b);
const char *store_open_text(struct store_row *row, const struct db_stmt *q, int col, const char *column);
struct bytes store_open_bytes(struct store_row *row, const struct db_stmt *q, int col, const char *column);

/* Keyed digests for look-up; NULL column for the empty text. Addresses without <>, in lower case. */
struct db_arg store_digest(struct store *st, struct pool *pool, const char *purpose, struct bytes data);
struct db_arg store_digest_text(struct store *st, struct pool *pool, const char *purpose, const char *text);
struct db_arg store_digest_address(struct store *st, struct pool *pool, const char *address);
struct db_arg store_digest_fpr(struct store *st, struct pool *pool, const char *fingerprint);
struct db_arg store_digest_message_id(struct store *st, struct pool *pool, const char *message_id);
struct db_arg store_digest_token(struct store *st, struct pool *pool, const char *token);

/* ---- store_outbox.c ---- */
void store_leases_committed(struct store *st);
void store_leases_undone(struct store *st);

/* ---- store_body.c: large bytes in sealed pieces ---- */
enum store_body { BODY_LETTER = 0, BODY_OUTBOX, BODY_PENDING, BODY_PUBLICATION };
MUST_USE enum status store_body_put(struct store_row *row, enum store_body kind, struct bytes b);
MUST_USE enum status store_body_get(struct store_row *row, enum store_body kind, struct bytes *out, bool *found);
MUST_USE enum status store_body_drop(struct store *st, enum store_body kind, int64_t owner, struct fault *err);

/* ---- store_case.c ---- */
/* *ref 0 for "": the system's scope. REJECT: no such case. */
MUST_USE enum status store_case_ref(struct store *st, const char *name, int64_t *ref, struct fault *err);
/* Row number to id; "" for 0. */
MUST_USE enum status store_case_name(struct store *st, struct pool *pool, int64_t ref, char **name, struct fault *err);
MUST_USE enum status store_case_load_ref(struct store *st, struct pool *pool, int64_t ref, struct vuln_case **out,
                                         struct fault *err);

/* ---- store_family.c ---- */
/* A case and all that were merged into it, however deep: "WITH ... SELECT ... FROM ... JOIN family". $1 is the case's
 * row. */
#define STORE_FAMILY                                                                                                   \
  "WITH RECURSIVE family (id, name) AS (SELECT id, name FROM vuln_case WHERE id = $1 UNION"                            \
  " SELECT c.id, c.name FROM vuln_case c JOIN family f ON c.merged_into = f.name AND c.merged_into <> '') "

/* Rows of a case and its family: sql goes on where STORE_FAMILY ends, its only parameter is $1. Then db_next() as ever.
 */
MUST_USE enum status store_family_query(struct store *st, const char *case_id, const char *sql, struct db_stmt **out,
                                        struct fault *err);

/* ---- store_event.c ---- */
struct bytes store_event_first_head(struct store *st, struct pool *pool, int64_t ref);
/* Walks the chain of one case; *broken_at 0: whole. Else the number of the first event that does not fit. */
MUST_USE enum status store_event_verify(struct store *st, int64_t ref, int64_t *broken_at, struct fault *err);
#endif
