/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transactions, savepoints, a full disk, and what is written where. */
#include <config.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <embargod/file.h>

#include "store_private.h"
#include "test_store_support.h"

static size_t due(void)
{
  int64_t ids[200];
  size_t n;
  OK(store_intake_due(fx.st, T0, ids, 200, &n, &fx.err));
  return n;
}

START_TEST(commit_and_rollback)
{
  OK(store_begin(fx.st, &fx.err));
  record_letter("1", "a");
  store_rollback(fx.st);
  ck_assert_uint_eq(due(), 0);
  store_rollback(fx.st); /* none open: nothing */
  OK(store_begin(fx.st, &fx.err));
  record_letter("1", "a");
  OK(store_commit(fx.st, &fx.err));
  fixture_reopen();
  ck_assert_uint_eq(due(), 1);
}
END_TEST

START_TEST(closing_undoes)
{
  OK(store_begin(fx.st, &fx.err));
  record_letter("1", "a");
  fixture_reopen();
  ck_assert_uint_eq(due(), 0);
}
END_TEST

START_TEST(savepoints)
{
  OK(store_begin(fx.st, &fx.err));
  record_letter("1", "a");
  OK(store_savepoint(fx.st, &fx.err));
  record_letter("2", "b");
  save_plain_case("EMB-2027-0001");
  store_rollback_to(fx.st);
  OK(store_savepoint(fx.st, &fx.err));
  record_letter("3", "c");
  OK(store_release(fx.st, &fx.err));
  OK(store_savepoint(fx.st, &fx.err));
  record_letter("4", "d");
  OK(store_commit(fx.st, &fx.err)); /* a savepoint left open is part of it */
  fixture_reopen();
  ck_assert_uint_eq(due(), 3);
  struct intake_letter l = letter_of("2");
  bool known, settled;
  int64_t id;
  OK(store_intake_find(fx.st, &l, &known, &id, &settled, &fx.err));
  ck_assert(!known);
}
END_TEST

/* The key of a case that was undone must not be kept for the next one with its row number. */
START_TEST(keys_of_undone_cases_are_forgotten)
{
  struct case_message m = { .kind = MESSAGE_NOTE, .text = "t" }, *list;
  size_t n;
  OK(store_begin(fx.st, &fx.err));
  OK(store_savepoint(fx.st, &fx.err));
  save_plain_case("EMB-2027-0001");
  OK(store_message_add(fx.st, "EMB-2027-0001", &m, &fx.err));
  store_rollback_to(fx.st);
  fx.st->next_id[TABLE_CASE] = 0; /* as a new process would count */
  save_plain_case("EMB-2027-0001");
  OK(store_message_add(fx.st, "EMB-2027-0001", &m, &fx.err));
  OK(store_commit(fx.st, &fx.err));
  fixture_reopen();
  OK(store_message_list(fx.st, fx.pool, "EMB-2027-0001", &list, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(a_failed_call_leaves_nothing)
{
  struct vuln_case *vc = plain_case("EMB-2027-0002");
  struct party p = {
    .id = 0, .role = PARTY_REPORTER, .name = "", .address = "a@x", .stakeholder = "", .fingerprint = "", .token = "t"
  };
  struct vuln_case *other = plain_case("EMB-2027-0001");
  other->party = vc->party = &p;
  other->party_count = vc->party_count = 1;
  OK(store_case_save(fx.st, other, T0, &fx.err)); /* p has an id of case 1 now */
  OK(store_begin(fx.st, &fx.err));
  record_letter("1", "a");
  FAILS(ST_BROKEN, store_case_save(fx.st, vc, T0, &fx.err)); /* after its row was written */
  OK(store_commit(fx.st, &fx.err));
  struct vuln_case *got;
  FAILS(ST_REJECT, store_case_load(fx.st, fx.pool, "EMB-2027-0002", &got, &fx.err));
  ck_assert_uint_eq(due(), 1);
}
END_TEST

/* ---- a full disk ---- */

static enum status record_big(const char *uid, char first)
{
  size_t size = 300000;
  char *p = malloc(size);
  memset(p, 7, size);
  p[0] = first;
  struct intake_letter l = letter_of(uid);
  int64_t id;
  bool known, duplicate;
  enum status s = store_intake_record(fx.st, &l, (struct bytes){ p, size }, &id, &known, &duplicate, &fx.err);
  free(p);
  return s;
}

START_TEST(the_disk_is_full)
{
  record_letter("1", "a");
  OK(db_script(fx.st->db, "PRAGMA max_page_count = 1", &fx.err)); /* that is: no more than there are now */
  FAILS(ST_RETRY, record_big("2", 'b'));
  SAYS("disk full");
  SAYS("free some space");
  ck_assert_uint_eq(due(), 1);
  OK(db_script(fx.st->db, "PRAGMA max_page_count = 1000000", &fx.err));
  OK(record_big("2", 'b'));
  ck_assert_uint_eq(due(), 2);
}
END_TEST

/* Within a larger transaction: the call fails, what was before it either stands or the commit says no. */
START_TEST(the_disk_is_full_in_a_transaction)
{
  record_letter("1", "a");
  OK(store_begin(fx.st, &fx.err));
  record_letter("2", "b");
  OK(db_script(fx.st->db, "PRAGMA max_page_count = 1", &fx.err));
  FAILS(ST_RETRY, record_big("3", 'c'));
  bool alive = db_in_transaction(fx.st->db);
  OK(db_script(fx.st->db, "PRAGMA max_page_count = 1000000", &fx.err));
  if (alive) {
    OK(store_commit(fx.st, &fx.err));
  } else {
    struct intake_letter l = letter_of("4");
    int64_t id;
    bool known, duplicate;
    FAILS(ST_RETRY, store_intake_record(fx.st, &l, BYTES("d"), &id, &known, &duplicate, &fx.err));
    FAILS(ST_RETRY, store_commit(fx.st, &fx.err));
  }
  ck_assert_uint_eq(due(), alive ? 2 : 1);
  OK(record_big("3", 'c'));
  ck_assert_uint_eq(due(), alive ? 3 : 2);
}
END_TEST

/* The engine throws the transaction away: until the caller rolled back, nothing is taken and nothing half-done is kept.
 */
START_TEST(a_transaction_that_the_engine_undid)
{
  struct intake_letter l = letter_of("2");
  int64_t id;
  bool known, duplicate;
  OK(store_begin(fx.st, &fx.err));
  record_letter("1", "a");
  OK(db_script(fx.st->db, "ROLLBACK", &fx.err));
  FAILS(ST_RETRY, store_intake_record(fx.st, &l, BYTES("b"), &id, &known, &duplicate, &fx.err));
  FAILS(ST_RETRY, store_savepoint(fx.st, &fx.err));
  FAILS(ST_RETRY, store_commit(fx.st, &fx.err));
  SAYS("nothing was changed");
  ck_assert_uint_eq(due(), 0);
  record_letter("1", "a");
  ck_assert_uint_eq(due(), 1);
}
END_TEST

/* The kernel refuses to let the log grow: what a quota and a full disk look like from below. */
START_TEST(the_log_cannot_grow)
{
  struct rlimit lim, old;
  record_letter("1", "a");
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &old);
  lim = old;
  lim.rlim_cur = 512 << 10;
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &lim), 0);
  enum status s = ST_OK;
  char uid[16];
  for (int i = 2; i < 9 && s == ST_OK; i++) {
    snprintf(uid, sizeof uid, "%d", i);
    fault_clear(&fx.err);
    s = record_big(uid, (char)i);
  }
  ck_assert_msg(s == ST_RETRY, "%s: %s", status_name(s), fx.err.text);
  SAYS("disk full");
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
  size_t before = due();
  OK(record_big(uid, 'x'));
  ck_assert_uint_eq(due(), before + 1);
  char **findings;
  fixture_reopen();
  OK(store_check(fx.st, fx.pool, &findings, &fx.err));
  ck_assert_ptr_null(findings[0]);
}
END_TEST

/* ---- nothing readable on disk ---- */

#define CANARY "kanarienvogel"

static void sing_in_cases(void)
{
  struct party p = { .role = PARTY_REPORTER,
                     .name = CANARY,
                     .address = CANARY "@x.test",
                     .stakeholder = CANARY,
                     .fingerprint = CANARY,
                     .token = CANARY };
  struct case_field f[] = { { "title", CANARY, CANARY, 1, CANARY },
                            { "product", CANARY, CANARY, 1, CANARY },
                            { "tag", CANARY, CANARY, 1, CANARY } };
  struct case_member m = { CANARY, MEMBER_ASSIGNEE };
  struct vuln_case *vc = plain_case("EMB-2027-0001");
  vc->party = &p;
  vc->field = f;
  vc->member = &m;
  vc->party_count = vc->member_count = 1;
  vc->field_count = ARRAY_LEN(f);
  OK(store_case_save(fx.st, vc, T0, &fx.err));
  struct case_event e = { .at = T0, .kind = "note", .who = CANARY, .text = CANARY };
  OK(store_event_add(fx.st, vc->id, &e, &fx.err));
  struct case_message msg = { .kind = MESSAGE_REPORT,
                              .who = CANARY,
                              .subject = CANARY,
                              .text = CANARY,
                              .message_id = CANARY "@x",
                              .protection = CANARY };
  OK(store_message_add(fx.st, vc->id, &msg, &fx.err));
  OK(store_sender_block(fx.st, CANARY "@y", vc->id, T0, &fx.err));
}

static void sing_in_mail(void)
{
  struct outbox_letter o = { .case_id = "EMB-2027-0001",
                             .kind = "reply",
                             .to = CANARY,
                             .to_name = CANARY,
                             .envelope_from = CANARY,
                             .bounce_token = CANARY,
                             .message_id = CANARY,
                             .bytes = BYTES("x " CANARY) };
  int64_t id, letter = record_letter("1", "Subject: " CANARY), earlier;
  OK(store_outbox_put(fx.st, &o, T0, &id, &fx.err));
  o.case_id = "";
  OK(store_outbox_put(fx.st, &o, T0, &id, &fx.err));
  struct outbox_end oe = { .state = OUTBOX_DEFERRED, .error = "550 " CANARY };
  OK(store_outbox_finish(fx.st, id, &oe, &fx.err));
  struct intake_end e = { .state = LETTER_QUARANTINED, .reason = CANARY, .case_id = "EMB-2027-0001" };
  OK(store_intake_softkey(fx.st, letter, BYTES(CANARY), &earlier, &fx.err));
  OK(store_intake_finish(fx.st, letter, &e, &fx.err));
  struct pending_letter pl = { .to = CANARY,
                               .to_name = CANARY,
                               .kind = "notice",
                               .message_id = CANARY,
                               .envelope_json = CANARY,
                               .content = BYTES(CANARY) };
  struct pending_release p = {
    .token = CANARY, .case_id = "EMB-2027-0001", .by = CANARY, .what = "reply", .letter = &pl, .letter_count = 1
  };
  memcpy(p.hash, CANARY, sizeof CANARY);
  OK(store_pending_put(fx.st, &p, &fx.err));
  OK(store_pending_end(fx.st, CANARY, true, CANARY, T0, &fx.err));
  struct stored_key k = { .address = CANARY, .fingerprint = CANARY, .key = BYTES(CANARY), .provenance = CANARY };
  OK(store_key_put(fx.st, &k, &fx.err));
  struct replay_key r = { .fingerprint = CANARY };
  OK(store_replay_add(fx.st, &r, 1, T0, &fx.err));
  OK(store_ack_add(fx.st, CANARY, T0, &fx.err));
  OK(store_meta_set(fx.st, "fact", CANARY, &fx.err));
}

/* How often the word, in any case of letters, stands in the files of the store's folder. */
static size_t count_in_files(struct bytes word, bool ignore_case, size_t *files)
{
  size_t hits = 0;
  *files = 0;
  DIR *d = opendir(fx.dir);
  for (struct dirent *e; (e = readdir(d));) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct bytes all;
    if (e->d_name[0] == '.')
      continue;
    OK(file_read(pool, path_join(pool, fx.dir, e->d_name), 1 << 26, &all, &fx.err));
    ++*files;
    for (size_t at = 0; all.len >= word.len && at + word.len <= all.len; at++)
      hits += ignore_case ? strncasecmp(all.p + at, word.p, word.len) == 0 : memcmp(all.p + at, word.p, word.len) == 0;
  }
  closedir(d);
  return hits;
}

START_TEST(no_canary_in_any_file)
{
  size_t files;
  sing_in_cases();
  sing_in_mail();
  OK(store_meta_set(fx.st, "proof-that-the-search-works", "", &fx.err));
  ck_assert_uint_gt(count_in_files(BYTES("proof-that-the-search-works"), false, &files), 0);
  ck_assert_uint_eq(files, 3); /* database, log, lock */
  ck_assert_uint_eq(count_in_files(BYTES(CANARY), true, &files), 0);
  ck_assert_uint_eq(count_in_files((struct bytes){ (const char *)fx.master->k, SECRET_KEY_LEN }, false, &files), 0);
  const struct secret_key *key;
  OK(store_case_key(fx.st, 1, &key, &fx.err));
  ck_assert_uint_eq(count_in_files((struct bytes){ (const char *)key->k, SECRET_KEY_LEN }, false, &files), 0);
  store_close(&fx.st);
  ck_assert_uint_eq(count_in_files(BYTES(CANARY), true, &files), 0);
  ck_assert_uint_gt(count_in_files(BYTES("proof-that-the-search-works"), false, &files), 0);
}
END_TEST

/* A sealed value opens in its own place only. */
START_TEST(columns_cannot_be_exchanged)
{
  static const char *const swap[] = {
    "UPDATE message SET text = subject",
    "UPDATE message SET text = (SELECT text FROM message m WHERE m.id = 2) WHERE id = 1",
    "UPDATE message SET text = (SELECT text FROM event) WHERE id = 1",
  };
  struct case_message m = { .kind = MESSAGE_NOTE, .subject = "s", .text = "t" }, *list;
  struct case_event e = { .kind = "x", .who = "w", .text = "t" };
  size_t n;
  save_plain_case("EMB-2027-0001");
  OK(store_message_add(fx.st, "EMB-2027-0001", &m, &fx.err));
  OK(store_message_add(fx.st, "EMB-2027-0001", &m, &fx.err));
  OK(store_event_add(fx.st, "EMB-2027-0001", &e, &fx.err));
  store_close(&fx.st);
  tamper(swap[_i]);
  fixture_open();
  FAILS(ST_BROKEN, store_message_list(fx.st, fx.pool, "EMB-2027-0001", &list, &n, &fx.err));
  SAYS("message 1, text");
}
END_TEST

/* ---- erasing, backups ---- */

static struct bytes wrapped_key_of_case(int64_t ref)
{
  AUTO(db_donep) struct db_stmt *q = NULL;
  bool row;
  OK(db_one(fx.st->db, "SELECT wrapped FROM wrapped_key WHERE scope = 'case' AND ref = $1", DB_ARGS(db_i(ref)), &q,
            &row, &fx.err));
  ck_assert(row);
  return pool_bytes_dup(fx.pool, db_blob(q, 0));
}

static size_t findings_of(struct store *st)
{
  char **f;
  size_t n = 0;
  OK(store_check(st, fx.pool, &f, &fx.err));
  while (f[n])
    n++;
  return n;
}

START_TEST(an_erased_case_is_gone)
{
  struct vuln_case *vc;
  struct outbox_letter *l;
  struct bytes raw;
  char **ids, *id;
  size_t n, files;
  int64_t party;
  sing_in_cases();
  sing_in_mail();
  struct bytes wrapped = wrapped_key_of_case(1);
  ck_assert_uint_gt(count_in_files(wrapped, false, &files), 0);
  OK(store_case_erase(fx.st, "EMB-2027-0001", &fx.err));
  ck_assert_uint_eq(count_in_files(wrapped, false, &files), 0); /* neither in the file nor in the log */
  FAILS(ST_REJECT, store_case_load(fx.st, fx.pool, "EMB-2027-0001", &vc, &fx.err));
  SAYS("erased");
  FAILS(ST_REJECT, store_intake_raw(fx.st, fx.pool, 1, &raw, &fx.err));
  OK(store_cases_of(fx.st, fx.pool, CANARY "@x.test", CANARY, &ids, &n, &fx.err));
  ck_assert_uint_eq(n, 0);
  OK(store_message_find(fx.st, fx.pool, CANARY "@x", &id, &party, &fx.err));
  ck_assert_ptr_null(id);
  OK(store_outbox_take(fx.st, fx.pool, T0 + 999, 60, 9, &l, &n, &fx.err)); /* what waited for it stays */
  ck_assert_uint_eq(n, 1);
  ck_assert_str_eq(l[0].case_id, "");
  OK(store_outbox_list(fx.st, fx.pool, false, &l, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  ck_assert_uint_eq(findings_of(fx.st), 0); /* the event chain survives */
  FAILS(ST_REJECT, store_case_erase(fx.st, "EMB-2027-0404", &fx.err));
  FAILS(ST_REJECT, store_case_erase(fx.st, "", &fx.err));
}
END_TEST

START_TEST(backup_and_restore)
{
  char copy[320], keys[320], back[320];
  struct stat sb;
  struct store *st;
  struct vuln_case *vc;
  struct bytes raw;
  snprintf(copy, sizeof copy, "%s/copy.db", fx.dir);
  snprintf(keys, sizeof keys, "%s/copy.keys", fx.dir);
  snprintf(back, sizeof back, "%s/back.db", fx.dir);
  sing_in_cases();
  sing_in_mail();
  struct bytes wrapped = wrapped_key_of_case(1);
  OK(store_backup(fx.st, copy, keys, &fx.err));
  FAILS(ST_DENIED, store_backup(fx.st, copy, keys, &fx.err));
  SAYS("exists already");
  ck_assert(stat(copy, &sb) == 0 && (sb.st_mode & 0777) == 0600);
  ck_assert(stat(keys, &sb) == 0 && (sb.st_mode & 0777) == 0600);
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct bytes all;
  OK(file_read(pool, copy, 1 << 26, &all, &fx.err));
  ck_assert_uint_eq(bytes_find(all, wrapped, 0), SIZE_MAX); /* only the file of keys has it */
  OK(file_read(pool, keys, 1 << 26, &all, &fx.err));
  ck_assert_uint_ne(bytes_find(all, wrapped, 0), SIZE_MAX);
  /* the copy alone opens and checks, and tells nothing */
  struct store_options o = fixture_options();
  o.path = copy;
  OK(store_open(&o, &st, &fx.err));
  ck_assert_uint_eq(findings_of(st), 0);
  FAILS(ST_REJECT, store_case_load(st, fx.pool, "EMB-2027-0001", &vc, &fx.err));
  SAYS("a backup's keys were not restored");
  store_close(&st);
  /* with its keys it is whole */
  OK(store_restore(back, copy, keys, &fx.err));
  FAILS(ST_DENIED, store_restore(back, copy, keys, &fx.err));
  o.path = back;
  OK(store_open(&o, &st, &fx.err));
  ck_assert_uint_eq(findings_of(st), 0);
  OK(store_case_load(st, fx.pool, "EMB-2027-0001", &vc, &fx.err));
  ck_assert_str_eq(vc->party[0].name, CANARY);
  OK(store_intake_raw(st, fx.pool, 1, &raw, &fx.err));
  store_close(&st);
  char tmp[330];
  snprintf(tmp, sizeof tmp, "%s.tmp", copy);
  ck_assert(!file_exists(tmp));
}
END_TEST

START_TEST(check_finds)
{
  static const char *const harm[] = {
    "DELETE FROM letter_body",
    "UPDATE wrapped_key SET wrapped = x'00' WHERE scope = 'case'",
    "PRAGMA foreign_keys = OFF; INSERT INTO message VALUES (9, 77, 0, 0, 0, 1, x'', x'', x'', x'', x'', NULL)",
  };
  sing_in_cases();
  record_letter("1", "x");
  ck_assert_uint_eq(findings_of(fx.st), 0);
  store_close(&fx.st);
  tamper(harm[_i]);
  fixture_open();
  ck_assert_uint_eq(findings_of(fx.st), 1);
}
END_TEST

/* ---- speed: far from a benchmark, near enough to see a lost index or a commit per letter ---- */

START_TEST(sixteen_letters_in_one_commit)
{
  struct timespec a, b;
  char uid[32], text[8192];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  record_letter("first", text);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
  for (int k = 0; k < 10; k++) {
    OK(store_begin(fx.st, &fx.err));
    for (int i = 0; i < 16; i++) {
      snprintf(uid, sizeof uid, "%02d/%02d", k, i);
      memcpy(text, uid, strlen(uid));
      record_letter(uid, text);
    }
    OK(store_commit(fx.st, &fx.err));
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
  double ms = ((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6) / 160;
  printf("recording: %.3f ms of CPU a letter of 8 KiB\n", ms);
  ck_assert_msg(ms < 5, "%.3f ms a letter", ms);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store tx");
  TCase *t = tcase_create("tx");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, commit_and_rollback);
  tcase_add_test(t, closing_undoes);
  tcase_add_test(t, savepoints);
  tcase_add_test(t, keys_of_undone_cases_are_forgotten);
  tcase_add_test(t, a_failed_call_leaves_nothing);
  tcase_add_test(t, the_disk_is_full);
  tcase_add_test(t, the_disk_is_full_in_a_transaction);
  tcase_add_test(t, a_transaction_that_the_engine_undid);
  tcase_add_test(t, the_log_cannot_grow);
  tcase_add_test(t, no_canary_in_any_file);
  tcase_add_loop_test(t, columns_cannot_be_exchanged, 0, 3);
  tcase_add_test(t, an_erased_case_is_gone);
  tcase_add_test(t, backup_and_restore);
  tcase_add_loop_test(t, check_finds, 0, 3);
  tcase_add_test(t, sixteen_letters_in_one_commit);
  suite_add_tcase(s, t);
  return run_suite(s);
}
