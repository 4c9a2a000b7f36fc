/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening: lock, master key, schema, damage; what lies in the files. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <embargod/file.h>

#include "schema/schema.h"
#include "test_store_support.h"

static enum status try_open(void)
{
  struct store_options o = fixture_options();
  return store_open(&o, &fx.st, &fx.err);
}

/* ---- the lock ---- */

START_TEST(another_process_holds_the_lock)
{
  int to_parent[2], to_child[2];
  char c;
  store_close(&fx.st);
  ck_assert(pipe(to_parent) == 0 && pipe(to_child) == 0);
  pid_t child = fork();
  ck_assert(child >= 0);
  if (child == 0) {
    enum status s = try_open();
    c = s == ST_OK ? 'y' : 'n';
    close(to_child[1]);
    if (write(to_parent[1], &c, 1) != 1 || read(to_child[0], &c, 1) < 0)
      _exit(1);
    _exit(0); /* without closing: as if killed */
  }
  ck_assert(read(to_parent[0], &c, 1) == 1 && c == 'y');
  FAILS(ST_DENIED, try_open());
  char want[64];
  snprintf(want, sizeof want, "in use by process %ld ", (long)child);
  SAYS(want);
  close(to_child[1]);
  waitpid(child, NULL, 0);
  OK(try_open()); /* the lock of a dead process is nobody's */
}
END_TEST

START_TEST(a_second_open_here_is_refused_too)
{
  struct store *second;
  struct store_options o = fixture_options();
  FAILS(ST_DENIED, store_open(&o, &second, &fx.err));
  ck_assert_ptr_null(second);
  store_close(&fx.st);
  fixture_open();
}
END_TEST

/* ---- keys, schema, files ---- */

START_TEST(a_wrong_master_key_is_refused)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct bytes before, after;
  record_letter("1", "x");
  store_close(&fx.st);
  OK(file_read(pool, fx.path, 1 << 24, &before, &fx.err));
  fx.master->k[0] ^= 1;
  FAILS(ST_REJECT, try_open());
  SAYS("the master key does not fit this store");
  OK(file_read(pool, fx.path, 1 << 24, &after, &fx.err));
  ck_assert(bytes_eq(before, after)); /* and nothing was touched */
  fx.master->k[0] ^= 1;
  fixture_open();
}
END_TEST

START_TEST(a_newer_schema_is_refused)
{
  store_close(&fx.st);
  tamper("UPDATE schema_info SET version = version + 1");
  FAILS(ST_REJECT, try_open());
  SAYS("use a newer embargod");
}
END_TEST

START_TEST(no_file)
{
  store_close(&fx.st);
  ck_assert_int_eq(unlink(fx.path), 0);
  FAILS(ST_REJECT, try_open());
  SAYS("embargoctl init");
  ck_assert(!file_exists(fx.path));
  FILE *f = fopen(fx.path, "w");
  fclose(f);
  FAILS(ST_REJECT, try_open());
  SAYS("is empty");
}
END_TEST

START_TEST(a_foreign_database)
{
  struct db *db;
  struct db_options d = { .path = fx.path, .plain_file = true, .create = true };
  store_close(&fx.st);
  ck_assert_int_eq(unlink(fx.path), 0);
  OK(db_open(&d, &db, &fx.err));
  OK(db_script(db, "CREATE TABLE recipes (id INTEGER)", &fx.err));
  db_close(&db);
  FAILS(ST_REJECT, try_open());
  SAYS("no store of embargod");
  struct store_options o = fixture_options();
  o.create = true;
  FAILS(ST_REJECT, store_open(&o, &fx.st, &fx.err));
}
END_TEST

START_TEST(no_database_at_all)
{
  store_close(&fx.st);
  FILE *f = fopen(fx.path, "w");
  for (int i = 0; i < 1000; i++)
    fputs("this is no database\n", f);
  fclose(f);
  FAILS(ST_REJECT, try_open());
  SAYS("damaged");
  SAYS("restore the last backup");
}
END_TEST

/* Overwrites one page in the middle. */
static void break_page(long page)
{
  char junk[4096];
  memset(junk, 0x5a, sizeof junk);
  int fd = open(fx.path, O_WRONLY);
  ck_assert(fd >= 0 && pwrite(fd, junk, sizeof junk, (page - 1) * 4096) == sizeof junk);
  close(fd);
}

START_TEST(a_damaged_file_is_refused)
{
  struct stat sb;
  for (int i = 0; i < 200; i++) {
    char uid[16];
    snprintf(uid, sizeof uid, "%d", i);
    record_letter(uid, uid);
  }
  store_close(&fx.st);
  ck_assert_int_eq(stat(fx.path, &sb), 0);
  break_page(_i == 0 ? 1 : _i == 1 ? 2 : sb.st_size / 4096 / 2);
  FAILS(ST_REJECT, try_open());
  SAYS("damaged");
  SAYS("restore the last backup");
}
END_TEST

START_TEST(a_truncated_file_is_refused)
{
  struct stat sb;
  for (int i = 0; i < 200; i++) {
    char uid[16];
    snprintf(uid, sizeof uid, "%d", i);
    record_letter(uid, uid);
  }
  store_close(&fx.st);
  ck_assert_int_eq(stat(fx.path, &sb), 0);
  ck_assert_int_eq(truncate(fx.path, sb.st_size / 2 / 4096 * 4096), 0);
  FAILS(ST_REJECT, try_open());
  SAYS("damaged");
}
END_TEST

START_TEST(files_are_private)
{
  struct stat sb;
  record_letter("1", "x");
  static const char *const suffix[] = { "", "-wal", ".lock" };
  for (size_t i = 0; i < ARRAY_LEN(suffix); i++) {
    char path[320];
    snprintf(path, sizeof path, "%s%s", fx.path, suffix[i]);
    ck_assert_msg(stat(path, &sb) == 0, "%s is not there", path);
    ck_assert_msg((sb.st_mode & 077) == 0, "%s has mode %o", path, sb.st_mode);
  }
  char shm[320];
  snprintf(shm, sizeof shm, "%s-shm", fx.path);
  ck_assert(!file_exists(shm));
}
END_TEST

START_TEST(reading_only)
{
  struct store_options o = fixture_options();
  struct intake_letter got, l = letter_of("2");
  int64_t id = record_letter("1", "x"), other;
  bool known, duplicate;
  o.read_only = true;
  store_close(&fx.st);
  OK(store_open(&o, &fx.st, &fx.err));
  OK(store_intake_load(fx.st, fx.pool, id, &got, &fx.err));
  FAILS(ST_DENIED, store_intake_record(fx.st, &l, BYTES("y"), &other, &known, &duplicate, &fx.err));
  FAILS(ST_DENIED, store_begin(fx.st, &fx.err));
  store_close(&fx.st);
  fixture_open();
}
END_TEST

START_TEST(reading_beside_a_writer_is_refused)
{
  struct store *second;
  struct store_options o = fixture_options();
  record_letter("1", "x");
  o.read_only = true;
  FAILS(ST_RETRY, store_open(&o, &second, &fx.err));
  SAYS("in use by another program");
}
END_TEST

/* What a kill leaves: a log that is not in the file yet. */
START_TEST(a_killed_writer_loses_nothing_committed)
{
  store_close(&fx.st);
  pid_t child = fork();
  ck_assert(child >= 0);
  if (child == 0) {
    fixture_open();
    record_letter("1", "committed");
    if (store_begin(fx.st, &fx.err) != ST_OK)
      _exit(1);
    record_letter("2", "not committed");
    kill(getpid(), SIGKILL);
  }
  int wait_status;
  waitpid(child, &wait_status, 0);
  ck_assert(WIFSIGNALED(wait_status));
  fixture_open();
  int64_t ids[4];
  size_t n;
  struct bytes raw;
  OK(store_intake_due(fx.st, T0, ids, 4, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  OK(store_intake_raw(fx.st, fx.pool, ids[0], &raw, &fx.err));
  ck_assert(bytes_eq(raw, BYTES("committed")));
}
END_TEST

#ifdef EMBARGOD_FAILPOINTS
/* At the commit itself: before it nothing is there, after it all is. */
START_TEST(killed_at_the_commit)
{
  static const char *const where[] = { "store.commit.before", "store.commit.after" };
  store_close(&fx.st);
  pid_t child = fork();
  ck_assert(child >= 0);
  if (child == 0) {
    fixture_open();
    setenv("EMBARGOD_FAILPOINT", where[_i], 1);
    record_letter("1", "x");
    _exit(1);
  }
  int wait_status;
  waitpid(child, &wait_status, 0);
  ck_assert(WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL);
  fixture_open();
  int64_t ids[4];
  size_t n;
  OK(store_intake_due(fx.st, T0, ids, 4, &n, &fx.err));
  ck_assert_uint_eq(n, (size_t)_i);
}
END_TEST
#endif

/* ---- migrations: a row per version; what it fills in must be there after store_open brought it up to date ---- */

struct old_version {
  int version;
  const char *rows; /* written into an empty store of that version */
  int64_t letters;
};
static const struct old_version old_version[] = {
  { 1, "INSERT INTO replay (digest, letter_id, at) VALUES (x'0102', 7, 8)", 1 },
};

START_TEST(each_older_version_migrates)
{
  const struct old_version *old = &old_version[_i];
  struct db *db;
  struct db_options d = { .path = fx.path, .plain_file = true, .create = true };
  int version;
  char **findings;
  store_close(&fx.st);
  ck_assert_int_eq(unlink(fx.path), 0);
  OK(db_open(&d, &db, &fx.err));
  OK(schema_migrate(db, old->version, &fx.err));
  OK(schema_version(db, &version, &fx.err));
  ck_assert_int_eq(version, old->version);
  OK(db_script(db, old->rows, &fx.err));
  db_close(&db);
  fixture_open();
  OK(store_check(fx.st, fx.pool, &findings, &fx.err));
  ck_assert_ptr_null(findings[0]);
  record_letter("1", "works");
  save_plain_case("EMB-2027-0001");
  fixture_reopen();
  store_close(&fx.st);
  OK(db_open(&d, &db, &fx.err));
  OK(schema_version(db, &version, &fx.err));
  ck_assert_int_eq(version, schema_newest());
  {
    AUTO(db_donep) struct db_stmt *q = NULL;
    bool row;
    OK(db_one(db, "SELECT count(*) FROM replay WHERE letter_id = 7", DB_NO_ARGS, &q, &row, &fx.err));
    ck_assert(row && db_int(q, 0) == old->letters);
  }
  db_close(&db);
}
END_TEST

START_TEST(each_version_has_a_test)
{
  ck_assert_uint_eq(ARRAY_LEN(old_version), (size_t)schema_newest());
  for (size_t i = 0; i < ARRAY_LEN(old_version); i++)
    ck_assert_int_eq(old_version[i].version, (int)i + 1);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store open");
  TCase *t = tcase_create("open");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, another_process_holds_the_lock);
  tcase_add_test(t, a_second_open_here_is_refused_too);
  tcase_add_test(t, a_wrong_master_key_is_refused);
  tcase_add_test(t, a_newer_schema_is_refused);
  tcase_add_test(t, no_file);
  tcase_add_test(t, a_foreign_database);
  tcase_add_test(t, no_database_at_all);
  tcase_add_loop_test(t, a_damaged_file_is_refused, 0, 3);
  tcase_add_test(t, a_truncated_file_is_refused);
  tcase_add_test(t, files_are_private);
  tcase_add_test(t, reading_only);
  tcase_add_test(t, reading_beside_a_writer_is_refused);
  tcase_add_test(t, a_killed_writer_loses_nothing_committed);
#ifdef EMBARGOD_FAILPOINTS
  tcase_add_loop_test(t, killed_at_the_commit, 0, 2);
#endif
  tcase_add_loop_test(t, each_older_version_migrates, 0, (int)ARRAY_LEN(old_version));
  tcase_add_test(t, each_version_has_a_test);
  suite_add_tcase(s, t);
  return run_suite(s);
}
