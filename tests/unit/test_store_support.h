/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the store share: a store in a folder of its own, and assertions on statuses. */
#ifndef TEST_STORE_SUPPORT_H
#define TEST_STORE_SUPPORT_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <embargod/store.h>

#include "db.h"

#define T0 INT64_C(1800000000)

struct fixture {
  char dir[256], path[300];
  struct secret_key *master;
  struct store *st;
  struct pool *pool;
  struct fault err;
};
static struct fixture fx;

#define OK(call)                                                                                                       \
  do {                                                                                                                 \
    fault_clear(&fx.err);                                                                                              \
    enum status got_ = (call);                                                                                         \
    ck_assert_msg(got_ == ST_OK, "%s: %s: %s", #call, status_name(got_), fx.err.text);                                 \
  } while (0)
#define FAILS(want, call)                                                                                              \
  do {                                                                                                                 \
    fault_clear(&fx.err);                                                                                              \
    enum status got_ = (call);                                                                                         \
    ck_assert_msg(got_ == (want), "%s: %s, not %s: %s", #call, status_name(got_), status_name(want), fx.err.text);     \
  } while (0)
#define SAYS(words) ck_assert_msg(strstr(fx.err.text, (words)) != NULL, "\"%s\" is not in \"%s\"", (words), fx.err.text)

static inline struct store_options fixture_options(void)
{
  return (struct store_options){ .path = fx.path, .master = fx.master, .case_prefix = "EMB" };
}

static inline void fixture_open(void)
{
  struct store_options o = fixture_options();
  OK(store_open(&o, &fx.st, &fx.err));
}

static inline void fixture_reopen(void)
{
  store_close(&fx.st);
  fixture_open();
}

static void fixture_up(void)
{
  const char *tmp = getenv("TMPDIR");
  memset(&fx, 0, sizeof fx);
  snprintf(fx.dir, sizeof fx.dir, "%s/store.XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(fx.dir));
  snprintf(fx.path, sizeof fx.path, "%s/embargod.db", fx.dir);
  OK(secret_init(&fx.err));
  fx.master = secret_key_new();
  secret_key_random(fx.master);
  fx.pool = pool_new_wiping("test");
  struct store_options o = fixture_options();
  o.create = true;
  OK(store_open(&o, &fx.st, &fx.err));
}

static void fixture_down(void)
{
  store_close(&fx.st);
  pool_free(&fx.pool);
  secret_key_free(&fx.master);
  char cmd[400];
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", fx.dir);
  ck_assert_int_eq(system(cmd), 0);
}

static inline struct intake_letter letter_of(const char *uid)
{
  return (struct intake_letter){ .mailbox = "main",
                                 .folder = "INBOX",
                                 .uid = uid,
                                 .uidvalidity = 7,
                                 .size = 100,
                                 .date = T0 - 5,
                                 .recorded_at = T0,
                                 .reason = "" };
}

static inline int64_t record_letter(const char *uid, const char *text)
{
  int64_t id;
  bool known, duplicate;
  struct intake_letter l = letter_of(uid);
  OK(store_intake_record(fx.st, &l, bytes_str(text), &id, &known, &duplicate, &fx.err));
  ck_assert(!known && !duplicate);
  return id;
}

static inline struct vuln_case *plain_case(const char *id)
{
  struct vuln_case *vc = pool_new_of(fx.pool, struct vuln_case);
  vc->id = id;
  vc->rm = RM_RECEIVED;
  vc->cs = 1;
  vc->opened_at = T0;
  vc->channel = "mail";
  vc->merged_into = "";
  return vc;
}

static inline void save_plain_case(const char *id)
{
  OK(store_case_save(fx.st, plain_case(id), T0, &fx.err));
}

/* A connection beside the store, which must be closed: for tests that alter the file. */
static inline void tamper(const char *sql)
{
  struct db *db;
  struct db_options o = { .path = fx.path, .plain_file = true };
  OK(db_open(&o, &db, &fx.err));
  OK(db_script(db, sql, &fx.err));
  db_close(&db);
}

static inline int run_suite(Suite *s)
{
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#endif
