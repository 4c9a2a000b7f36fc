/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outboxes without a network: maildir (durable, idempotent) and sendmail (exit codes, deadline). */
#include <config.h>

#include <embargod/file.h>
#include <embargod/secret.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../src/send/outbox.h"

static struct pool *pool;
static char *home; /* of one test; made and removed around it */
static struct send_config config;
static void *outbox;
static const struct outbox_ops *ops;

static void set_up(void)
{
  pool = pool_new("test");
  const char *tmp = getenv("TMPDIR");
  home = pool_printf(pool, "%s/send.XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(home));
  signal(SIGPIPE, SIG_IGN);
  struct fault err = { 0 };
  ck_assert_int_eq(secret_init(&err), ST_OK);
  config = (struct send_config){ .timeout_ms = 5000 };
}

static void tear_down(void)
{
  char *argv = pool_printf(pool, "rm -rf -- '%s'", home);
  ck_assert_int_eq(system(argv), 0); /* NOLINT: a folder of ours */
  pool_free(&pool);
}

static void start(const char *url)
{
  struct fault err = { 0 };
  ck_assert_msg(send_url_parse(pool, url, &config.url, &err) == ST_OK, "%s", err.text);
  ops = outbox_ops_for(config.url.scheme);
  ck_assert_msg(ops->open(&config, &outbox, &err) == ST_OK, "%s", err.text);
}

static struct send_answer mail(const char *from, const char *to, const char *body)
{
  struct send_letter letter = { from, to, bytes_str(body) };
  return outbox_mail(ops, outbox, pool, &letter);
}

static size_t count(const char *folder, char **last)
{
  DIR *dir = opendir(folder);
  ck_assert_ptr_nonnull(dir);
  size_t n = 0;
  for (struct dirent *e; (e = readdir(dir));) {
    if (e->d_name[0] == '.')
      continue;
    n++;
    if (last)
      *last = path_join(pool, folder, e->d_name);
  }
  closedir(dir);
  return n;
}

static const char *contents(const char *path)
{
  struct bytes b;
  struct fault err = { 0 };
  ck_assert_msg(file_read(pool, path, 1 << 20, &b, &err) == ST_OK, "%s", err.text);
  return b.p;
}

#define LETTER "Message-ID: <1@x>\r\nSubject: s\r\n\r\n.dot\r\nlast\r\n"

START_TEST(maildir_writes_one_file)
{
  char *dir = path_join(pool, home, "out"), *file = NULL;
  start(pool_printf(pool, "maildir:%s", dir));
  struct send_answer a = mail("emb+tok@example.org", "alice@example.org", LETTER);
  ck_assert_int_eq(a.end, SEND_ACCEPTED);
  ck_assert_uint_eq(count(path_join(pool, dir, "new"), &file), 1);
  ck_assert_uint_eq(count(path_join(pool, dir, "tmp"), NULL), 0);
  ck_assert_uint_eq(count(path_join(pool, dir, "cur"), NULL), 0);
  ck_assert_str_eq(contents(file), "Return-Path: <emb+tok@example.org>\nDelivered-To: <alice@example.org>\n"
                                   "Message-ID: <1@x>\nSubject: s\n\n.dot\nlast\n");
  struct stat st;
  ck_assert_int_eq(stat(file, &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0600);
  ops->close(outbox);
}
END_TEST

START_TEST(maildir_same_letter_is_same_file)
{
  char *new = path_join(pool, home, "new"), *cur = path_join(pool, home, "cur"), *file = NULL;
  start(pool_printf(pool, "maildir:%s", home));
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(mail("", "alice@example.org", LETTER).end, SEND_ACCEPTED);
  ck_assert_uint_eq(count(new, &file), 1);
  /* another recipient, other bytes: other files */
  ck_assert_int_eq(mail("", "bob@example.org", LETTER).end, SEND_ACCEPTED);
  ck_assert_int_eq(mail("", "alice@example.org", LETTER "more\r\n").end, SEND_ACCEPTED);
  ck_assert_uint_eq(count(new, NULL), 3);
  /* read meanwhile: still the same letter */
  ck_assert_int_eq(rename(file, pool_printf(pool, "%s/%s:2,S", cur, strrchr(file, '/') + 1)), 0);
  ck_assert_int_eq(mail("", "alice@example.org", LETTER).end, SEND_ACCEPTED);
  ck_assert_uint_eq(count(new, NULL), 2);
  ck_assert_uint_eq(count(cur, NULL), 1);
  ops->close(outbox);
  /* and for another process as well */
  start(pool_printf(pool, "maildir:%s", home));
  ck_assert_int_eq(mail("", "bob@example.org", LETTER).end, SEND_ACCEPTED);
  ck_assert_uint_eq(count(new, NULL), 2);
  ops->close(outbox);
}
END_TEST

START_TEST(maildir_defers_when_it_cannot_write)
{
  start(pool_printf(pool, "maildir:%s", home));
  ck_assert_int_eq(rmdir(path_join(pool, home, "tmp")), 0);
  struct send_answer a = mail("", "alice@example.org", LETTER);
  ck_assert_int_eq(a.end, SEND_DEFERRED);
  ck_assert_int_gt(strlen(a.text), 0);
  ck_assert_int_eq(ops->check(outbox, pool).end, SEND_DEFERRED);
  ck_assert_uint_eq(count(path_join(pool, home, "new"), NULL), 0);
  ck_assert_int_eq(mkdir(path_join(pool, home, "tmp"), 0700), 0);
  ck_assert_int_eq(ops->check(outbox, pool).end, SEND_ACCEPTED);
  ck_assert_int_eq(mail("", "alice@example.org", LETTER).end, SEND_ACCEPTED);
  ops->close(outbox);
}
END_TEST

/* Where names cannot move from tmp to new (Landlock before Linux 5.19; here: another file system). */
START_TEST(maildir_without_renames_between_folders)
{
  char other[] = "/dev/shm/send.XXXXXX", *file = NULL;
  start(pool_printf(pool, "maildir:%s", home));
  if (!mkdtemp(other))
    return;
  ck_assert_int_eq(rmdir(path_join(pool, home, "tmp")), 0);
  ck_assert_int_eq(symlink(other, path_join(pool, home, "tmp")), 0);
  struct send_answer answer = mail("", "alice@example.org", LETTER);
  size_t left = count(other, NULL);
  ck_assert_int_eq(rmdir(other), 0);
  ck_assert_msg(answer.end == SEND_ACCEPTED, "%s", answer.text);
  ck_assert_uint_eq(left, 0);
  ck_assert_uint_eq(count(path_join(pool, home, "new"), &file), 1);
  ck_assert_ptr_nonnull(strstr(contents(file), "last\n"));
  ops->close(outbox);
}
END_TEST

START_TEST(maildir_refuses_what_the_guard_refuses)
{
  start(pool_printf(pool, "maildir:%s", home));
  ck_assert_int_eq(mail("", "a@b\nX-Evil: 1", LETTER).end, SEND_REFUSED);
  ck_assert_int_eq(mail("a@b\nX-Evil: 1", "a@b", LETTER).end, SEND_REFUSED);
  ck_assert_int_eq(mail(NULL, "a@b", LETTER).end, SEND_REFUSED);
  ck_assert_int_eq(mail("", NULL, LETTER).end, SEND_REFUSED);
  ck_assert_int_eq(mail("", "a@b", "bare\n").end, SEND_REFUSED);
  ck_assert_uint_eq(count(path_join(pool, home, "new"), NULL), 0);
  ops->close(outbox);
}
END_TEST

/* ---- sendmail: a script in its place ---- */

static void start_script(const char *script)
{
  char *path = path_join(pool, home, "sendmail");
  struct fault err = { 0 };
  char *text = pool_printf(pool, "#!/bin/sh\nhome='%s'\n%s", home, script);
  ck_assert_msg(file_replace(path, bytes_str(text), 0700, &err) == ST_OK, "%s", err.text);
  start(pool_printf(pool, "sendmail:%s", path));
}

START_TEST(sendmail_gets_arguments_and_letter)
{
  start_script("for a; do echo \"[$a]\"; done >$home/args; cat >$home/letter; env >$home/env\n"
               "grep NoNewPrivs /proc/self/status >$home/privs\n"
               "for f in /proc/self/fd/*; do echo ${f##*/}; done >$home/fds\n");
  struct send_answer a = mail("emb@example.org", "alice@example.org", LETTER);
  ck_assert_msg(a.end == SEND_ACCEPTED, "%s", a.text);
  ck_assert_str_eq(contents(path_join(pool, home, "args")),
                   "[-i]\n[-f]\n[emb@example.org]\n[--]\n[alice@example.org]\n");
  ck_assert_str_eq(contents(path_join(pool, home, "letter")), "Message-ID: <1@x>\nSubject: s\n\n.dot\nlast\n");
  ck_assert_ptr_null(strstr(contents(path_join(pool, home, "env")), "HOME="));
  a = mail("", "alice@example.org", LETTER);
  ck_assert_int_eq(a.end, SEND_ACCEPTED);
  ck_assert_ptr_nonnull(strstr(contents(path_join(pool, home, "args")), "[-f]\n[<>]\n"));
  ops->close(outbox);
}
END_TEST

START_TEST(sendmail_takes_a_large_letter)
{
  start_script("cat >$home/letter; head -c 300000 /dev/zero | tr '\\0' x; exit 0\n");
  size_t len = 3 << 20;
  char *body = pool_alloc(pool, len + 1);
  for (size_t i = 0; i < len; i += 64) {
    memset(body + i, 'a' + (int)(i / 64 % 26), 62);
    memcpy(body + i + 62, "\r\n", 2);
  }
  struct send_answer a = mail("emb@example.org", "alice@example.org", body);
  ck_assert_msg(a.end == SEND_ACCEPTED, "%s", a.text);
  ck_assert_uint_le(strlen(a.text), 500);
  struct stat st;
  ck_assert_int_eq(stat(path_join(pool, home, "letter"), &st), 0);
  ck_assert_int_eq(st.st_size, (off_t)(len - len / 64));
  ops->close(outbox);
}
END_TEST

static const struct {
  const char *script;
  enum send_end end;
} exits[] = {
  { "cat >/dev/null; exit 0", SEND_ACCEPTED },        { "cat >/dev/null; exit 64", SEND_REFUSED },
  { "cat >/dev/null; exit 65", SEND_REFUSED },        { "cat >/dev/null; exit 67", SEND_REFUSED },
  { "cat >/dev/null; exit 68", SEND_REFUSED },        { "cat >/dev/null; exit 77", SEND_REFUSED },
  { "cat >/dev/null; exit 69", SEND_DEFERRED },       { "cat >/dev/null; exit 70", SEND_DEFERRED },
  { "cat >/dev/null; exit 71", SEND_DEFERRED },       { "cat >/dev/null; exit 75", SEND_DEFERRED },
  { "cat >/dev/null; exit 78", SEND_DEFERRED },       { "cat >/dev/null; exit 1", SEND_DEFERRED },
  { "cat >/dev/null; exit 127", SEND_DEFERRED },      { "exit 67", SEND_REFUSED }, /* refused before it read */
  { "cat >/dev/null; kill -9 $$", SEND_UNCONFIRMED },
};

START_TEST(sendmail_exit_codes)
{
  start_script(exits[_i].script);
  struct send_answer a = mail("", "alice@example.org", LETTER);
  ck_assert_msg(a.end == exits[_i].end, "%s: %d %s", exits[_i].script, a.end, a.text);
  ck_assert_int_eq(a.code, 0);
  ops->close(outbox);
}
END_TEST

START_TEST(sendmail_words_are_kept_clean)
{
  start_script("cat >/dev/null; printf 'fatal: \\033[31mno such\\r\\nuser\\n' >&2; exit 67\n");
  struct send_answer a = mail("", "alice@example.org", LETTER);
  ck_assert_ptr_nonnull(strstr(a.text, "exit 67, no such user: fatal:"));
  ck_assert_ptr_null(strpbrk(a.text, "\033\r\n"));
  ops->close(outbox);
}
END_TEST

START_TEST(sendmail_deadline)
{
  config.timeout_ms = 600;
  start_script("cat >/dev/null; sleep 30 & echo $! >$home/child; wait\n");
  time_t before = time(NULL);
  struct send_answer a = mail("", "alice@example.org", LETTER);
  ck_assert_int_le(time(NULL) - before, 5);
  ck_assert_int_eq(a.end, SEND_UNCONFIRMED); /* it had read the letter */
  pid_t child = atoi(contents(path_join(pool, home, "child")));
  bool dead = false;
  for (int i = 0; i < 50 && !dead; i++, usleep(20000))
    dead = kill(child, 0) < 0; /* its whole group ended */
  char *stat_path = pool_printf(pool, "/proc/%d/stat", (int)child);
  ck_assert(dead || strstr(contents(stat_path), ") Z ")); /* or waits for init */
  ops->close(outbox);
}
END_TEST

START_TEST(sendmail_left_daemon_does_not_delay)
{
  start_script("cat >/dev/null; sleep 4 & exit 0\n"); /* it holds the output open */
  time_t before = time(NULL);
  ck_assert_int_eq(mail("", "alice@example.org", LETTER).end, SEND_ACCEPTED);
  ck_assert_int_le(time(NULL) - before, 2);
  ops->close(outbox);
}
END_TEST

START_TEST(sendmail_that_reads_nothing)
{
  start_script("exit 0\n");
  size_t len = 1 << 20; /* more than a pipe holds */
  char *body = pool_alloc(pool, len + 1);
  for (size_t i = 0; i < len; i += 64) {
    memset(body + i, 'a', 62);
    memcpy(body + i + 62, "\r\n", 2);
  }
  ck_assert_int_eq(mail("", "alice@example.org", body).end, SEND_DEFERRED);
  ops->close(outbox);
}
END_TEST

START_TEST(sendmail_is_missing)
{
  struct fault err = { 0 };
  ck_assert_int_eq(send_url_parse(pool, "sendmail:/nonexistent/sendmail", &config.url, &err), ST_OK);
  ck_assert_int_eq(outbox_sendmail.open(&config, &outbox, &err), ST_REJECT);
  ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/sendmail"));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("send_local");
  TCase *t = tcase_create("maildir");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, maildir_writes_one_file);
  tcase_add_test(t, maildir_same_letter_is_same_file);
  tcase_add_test(t, maildir_defers_when_it_cannot_write);
  tcase_add_test(t, maildir_without_renames_between_folders);
  tcase_add_test(t, maildir_refuses_what_the_guard_refuses);
  suite_add_tcase(s, t);
  t = tcase_create("sendmail");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 20);
  tcase_add_test(t, sendmail_gets_arguments_and_letter);
  tcase_add_test(t, sendmail_takes_a_large_letter);
  tcase_add_loop_test(t, sendmail_exit_codes, 0, ARRAY_LEN(exits));
  tcase_add_test(t, sendmail_words_are_kept_clean);
  tcase_add_test(t, sendmail_deadline);
  tcase_add_test(t, sendmail_left_daemon_does_not_delay);
  tcase_add_test(t, sendmail_that_reads_nothing);
  tcase_add_test(t, sendmail_is_missing);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
