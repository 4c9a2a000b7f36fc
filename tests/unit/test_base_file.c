/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: files, commands, secrets. */
#include <config.h>

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <embargod/clock.h>
#include <embargod/file.h>
#include <embargod/secret.h>
#include <embargod/text.h>

static struct pool *pool;
static struct fault err;
static char dir[4096];

static char *in_dir(const char *name)
{
  return path_join(pool, dir, name);
}

static void set_up(void)
{
  const char *tmp = getenv("TMPDIR");
  snprintf(dir, sizeof dir, "%s/file.XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(dir));
  pool = pool_new("test");
  fault_clear(&err);
  ck_assert_int_eq(secret_init(&err), ST_OK);
}

/* Names in the folder; removes them too when asked. */
static unsigned names(bool remove_them)
{
  unsigned n = 0;
  DIR *d = opendir(dir);
  struct dirent *e;
  ck_assert_ptr_nonnull(d);
  while ((e = readdir(d)) != NULL) {
    if (e->d_name[0] == '.')
      continue;
    n++;
    if (remove_them)
      ck_assert_int_eq(remove(in_dir(e->d_name)), 0);
  }
  closedir(d);
  return n;
}

static void tear_down(void)
{
  names(true);
  rmdir(dir);
  pool_free(&pool);
}

static struct bytes content(const char *name)
{
  struct bytes b = { 0 };
  ck_assert_msg(file_read(pool, in_dir(name), 1 << 20, &b, &err) == ST_OK, "%s", err.text);
  return b;
}

/* ---- files ---- */

START_TEST(replace_and_read)
{
  struct stat st;
  umask(0777); /* does not decide */
  ck_assert_int_eq(file_replace(in_dir("a"), BYTES("one"), 0640, &err), ST_OK);
  ck_assert_int_eq(file_replace(in_dir("a"), (struct bytes){ "t\0wo", 4 }, 0600, &err), ST_OK);
  ck_assert(bytes_eq(content("a"), (struct bytes){ "t\0wo", 4 }));
  ck_assert_int_eq(content("a").p[4], '\0');
  ck_assert_int_eq(stat(in_dir("a"), &st), 0);
  ck_assert_uint_eq(st.st_mode & 07777, 0600);
  ck_assert_uint_eq(names(false), 1);
}
END_TEST

START_TEST(create_does_not_replace)
{
  ck_assert_int_eq(file_create(in_dir("a"), BYTES("one"), 0600, &err), ST_OK);
  ck_assert_int_eq(file_create(in_dir("a"), BYTES("two"), 0600, &err), ST_DENIED);
  ck_assert_ptr_nonnull(strstr(err.text, "exists"));
  ck_assert(bytes_eq(content("a"), BYTES("one")));
  ck_assert_uint_eq(names(false), 1);
}
END_TEST

/* As on a full disk: write() fails after some bytes. */
START_TEST(a_full_disk_leaves_the_old_file)
{
  ck_assert_int_eq(file_replace(in_dir("a"), BYTES("old"), 0600, &err), ST_OK);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit was, tight = { 1000, RLIM_INFINITY };
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
  tight.rlim_max = was.rlim_max;
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
  struct bytes big = { pool_alloc(pool, 5000), 5000 };
  enum status replaced = file_replace(in_dir("a"), big, 0600, &err),
              created = file_create(in_dir("b"), big, 0600, NULL);
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
  ck_assert_int_eq(replaced, ST_RETRY);
  ck_assert_int_eq(created, ST_RETRY);
  ck_assert(bytes_eq(content("a"), BYTES("old")));
  ck_assert_uint_eq(names(false), 1); /* no temporary file is left */
  AUTO(fd_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ck_assert_int_ge(full, 0);
  ck_assert_int_eq(fd_write_all(full, BYTES("x"), &err), ST_RETRY);
}
END_TEST

START_TEST(a_stale_temporary_file_is_no_obstacle)
{
  ck_assert_int_eq(symlink("/etc/passwd", pool_printf(pool, "%s.tmp.%ld", in_dir("a"), (long)getpid())), 0);
  ck_assert_int_eq(file_replace(in_dir("a"), BYTES("new"), 0600, &err), ST_OK);
  ck_assert(bytes_eq(content("a"), BYTES("new")));
  ck_assert_uint_eq(names(false), 1);
}
END_TEST

START_TEST(reading_is_bounded_and_graded)
{
  struct bytes b;
  ck_assert_int_eq(file_replace(in_dir("a"), BYTES("12345"), 0600, &err), ST_OK);
  ck_assert_int_eq(file_read(pool, in_dir("a"), 5, &b, &err), ST_OK);
  ck_assert_int_eq(file_read(pool, in_dir("a"), 4, &b, &err), ST_REJECT);
  ck_assert_int_eq(file_read(pool, in_dir("none"), 4, &b, &err), ST_REJECT);
  ck_assert_int_eq(file_read(pool, dir, 4, &b, &err), ST_REJECT);
  ck_assert_int_eq(file_read(pool, "/dev/zero", 1000, &b, &err), ST_REJECT);
  int p[2];
  ck_assert_int_eq(pipe(p), 0);
  for (int i = 0; i < 60; i++)
    ck_assert_int_eq(write(p[1], pool_alloc(pool, 1000), 1000), 1000);
  close(p[1]);
  ck_assert_int_eq(fd_read_all(pool, p[0], 60000, &b, &err), ST_OK);
  ck_assert_uint_eq(b.len, 60000);
  close(p[0]);
}
END_TEST

START_TEST(folders)
{
  ck_assert_int_eq(dir_make(in_dir("d"), 0700, &err), ST_OK);
  ck_assert_int_eq(dir_make(in_dir("d"), 0700, &err), ST_OK);
  ck_assert_int_eq(dir_make(in_dir("x/y"), 0700, &err), ST_REJECT);
  ck_assert_int_eq(file_replace(in_dir("f"), BYTES(""), 0600, &err), ST_OK);
  ck_assert_int_eq(dir_make(in_dir("f"), 0700, &err), ST_RETRY);
  ck_assert_int_eq(dir_sync(dir, &err), ST_OK);
  ck_assert(file_exists(in_dir("d")) && !file_exists(in_dir("e")));
  ck_assert_str_eq(path_join(pool, "/a/", "b"), "/a/b");
  ck_assert_str_eq(path_join(pool, "/a", "b"), "/a/b");
  ck_assert_str_eq(path_join(pool, "/a", "/b"), "/b");
  ck_assert_str_eq(path_join(pool, NULL, "b"), "b");
}
END_TEST

START_TEST(private_files)
{
  ck_assert_int_eq(file_replace(in_dir("a"), BYTES(""), 0600, &err), ST_OK);
  ck_assert_int_eq(file_check_private(in_dir("a"), &err), ST_OK);
  ck_assert_int_eq(chmod(in_dir("a"), 0640), 0);
  ck_assert_int_eq(file_check_private(in_dir("a"), &err), ST_REJECT);
  ck_assert_ptr_nonnull(strstr(err.text, "0640"));
  ck_assert_int_eq(file_check_private(dir, &err), ST_REJECT);
  ck_assert_int_eq(file_check_private("/dev/null", &err), ST_REJECT);
  ck_assert_int_eq(file_check_private(in_dir("none"), &err), ST_REJECT);
}
END_TEST

/* ---- commands ---- */

static const struct {
  const char *command;
  enum status want;
  const char *out; /* or a word of the fault */
} commands[] = {
  { "printf pass\\nword\\n\\n", ST_OK, "pass\nword" },
  { "  printf   '%s'  a  ", ST_OK, "'a'" }, /* no shell: single quotes are bytes */
  { "printf %s.%s \"a  b\" \"\"", ST_OK, "a  b." },
  { "printf %s \"q\\\"u\\\\o\"", ST_OK, "q\"u\\o" },
  { "printf %s $HOME;id", ST_OK, "$HOME;id" },
  { "printf \"open", ST_REJECT, "quotes" },
  { "   ", ST_REJECT, "empty" },
  { "/does/not/exist", ST_REJECT, "cannot be run" },
  { "false", ST_RETRY, "exit code 1" },
  { "sh -c \"kill -9 $$\"", ST_RETRY, "signal 9" },
  { "sleep 30", ST_RETRY, "no answer" },
  { "sh -c \"sleep 30 & sleep 30\"", ST_RETRY, "no answer" },
  { "yes", ST_REJECT, "more than" },
};

START_TEST(command_outputs)
{
  struct bytes out = { 0 };
  struct clock clock = clock_system();
  int64_t before = clock_mono(&clock);
  enum status s = command_output(pool, commands[_i].command, 1000, 4096, &out, &err);
  ck_assert_msg(s == commands[_i].want, "%s: %s", commands[_i].command, err.text);
  if (s == ST_OK)
    ck_assert_str_eq(out.p, commands[_i].out);
  else
    ck_assert_msg(strstr(err.text, commands[_i].out), "%s: %s", commands[_i].command, err.text);
  ck_assert_int_lt(clock_mono(&clock) - before, 10000);
  ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
}
END_TEST

/* ---- secrets ---- */

static struct secret_key key_of(unsigned char c)
{
  struct secret_key k;
  memset(k.k, c, sizeof k.k);
  return k;
}

START_TEST(seal_and_open)
{
  struct secret_key k = key_of(1);
  const size_t lens[] = { 0, 1, 1000, 1 << 20 };
  for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
    char *p = pool_alloc(pool, lens[i] + 1);
    memset(p, 'a', lens[i]);
    struct bytes plain = { p, lens[i] }, out;
    struct bytes a = secret_seal(pool, &k, plain, "letter:1:raw"), b = secret_seal(pool, &k, plain, "letter:1:raw");
    ck_assert(!bytes_eq(a, b)); /* a new nonce each time */
    ck_assert(lens[i] < 16 || bytes_find(a, bytes_sub(plain, 0, 16), 0) == SIZE_MAX);
    ck_assert_int_eq(secret_open(pool, &k, a, "letter:1:raw", &out, &err), ST_OK);
    ck_assert(bytes_eq(out, plain));
    ck_assert_int_eq(out.p[out.len], '\0');
  }
}
END_TEST

START_TEST(nothing_altered_opens)
{
  struct secret_key k = key_of(1), other = key_of(2);
  struct bytes sealed = secret_seal(pool, &k, BYTES("attack at dawn"), "letter:1:raw"), out;
  for (size_t i = 0; i < sealed.len; i++) {
    char *bad = pool_str(pool, sealed);
    bad[i] ^= 1;
    ck_assert_int_eq(secret_open(pool, &k, (struct bytes){ bad, sealed.len }, "letter:1:raw", &out, NULL), ST_BROKEN);
    ck_assert_int_eq(secret_open(pool, &k, bytes_sub(sealed, 0, i), "letter:1:raw", &out, NULL), ST_BROKEN);
  }
  ck_assert_int_eq(secret_open(pool, &k, sealed, "letter:2:raw", &out, &err), ST_BROKEN);
  ck_assert_int_eq(secret_open(pool, &k, sealed, NULL, &out, &err), ST_BROKEN);
  ck_assert_int_eq(secret_open(pool, &other, sealed, "letter:1:raw", &out, &err), ST_BROKEN);
  ck_assert_int_eq(secret_open(pool, &k, (struct bytes){ NULL, 0 }, "", &out, &err), ST_BROKEN);
}
END_TEST

START_TEST(digests)
{
  unsigned char a[32], b[32];
  struct secret_key k = key_of(1), k2 = key_of(2), sub, sub2;
  sha256_digest(a, BYTES("abc"));
  ck_assert_str_eq(hex_encode(pool, (struct bytes){ (char *)a, 32 }),
                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  secret_digest(a, NULL, BYTES("abc")); /* BLAKE2b-256 */
  ck_assert_str_eq(hex_encode(pool, (struct bytes){ (char *)a, 32 }),
                   "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  secret_digest(a, &k, BYTES("abc"));
  secret_digest(b, &k2, BYTES("abc"));
  ck_assert(!secret_equal(a, b, 32));
  secret_digest(b, &k, BYTES("abc"));
  ck_assert(secret_equal(a, b, 32));
  struct bytes one[] = { BYTES("a"), BYTES("bc") }, two[] = { BYTES("ab"), BYTES("c") },
               three[] = { BYTES("a"), BYTES("bc"), BYTES("") };
  secret_digest_parts(a, &k, one, 2);
  secret_digest_parts(b, &k, two, 2);
  ck_assert(!secret_equal(a, b, 32));
  secret_digest_parts(b, &k, three, 3);
  ck_assert(!secret_equal(a, b, 32));
  secret_digest_parts(b, &k, one, 2);
  ck_assert(secret_equal(a, b, 32));
  secret_key_derive(&sub, &k, "index");
  secret_key_derive(&sub2, &k, "tag");
  ck_assert(!secret_equal(&sub, &sub2, sizeof sub) && !secret_equal(&sub, &k, sizeof sub));
}
END_TEST

START_TEST(key_files)
{
  struct secret_key a, b;
  struct stat st;
  ck_assert_int_eq(secret_key_create(in_dir("key"), &err), ST_OK);
  ck_assert_int_eq(stat(in_dir("key"), &st), 0);
  ck_assert_uint_eq(st.st_mode & 07777, 0600);
  ck_assert_int_eq(st.st_size, 65);
  ck_assert_int_eq(secret_key_load(&a, in_dir("key"), &err), ST_OK);
  ck_assert_int_eq(secret_key_load(&b, in_dir("key"), &err), ST_OK);
  ck_assert(secret_equal(&a, &b, sizeof a));
  ck_assert_int_eq(secret_key_create(in_dir("key"), &err), ST_DENIED);
  ck_assert_int_eq(secret_key_load(&b, in_dir("key"), &err), ST_OK);
  ck_assert(secret_equal(&a, &b, sizeof a)); /* still the old one */
  ck_assert_int_eq(chmod(in_dir("key"), 0644), 0);
  ck_assert_int_eq(secret_key_load(&b, in_dir("key"), &err), ST_REJECT);
  ck_assert_int_eq(file_replace(in_dir("short"), BYTES("abcd\n"), 0600, &err), ST_OK);
  fault_clear(&err);
  ck_assert_int_eq(secret_key_load(&b, in_dir("short"), &err), ST_REJECT);
  ck_assert_ptr_nonnull(strstr(err.text, "64 hexadecimal"));
  ck_assert_ptr_null(strstr(err.text, "abcd")); /* never the content */
}
END_TEST

START_TEST(keys_in_memory)
{
  struct secret_key *k = secret_key_new();
  secret_key_random(k);
  struct secret_key copy = *k, zero = { { 0 } };
  ck_assert(!secret_equal(&copy, &zero, sizeof copy));
  secret_key_free(&k);
  ck_assert_ptr_null(k);
  secret_key_free(&k);
  secret_wipe(&copy, sizeof copy);
  ck_assert(secret_equal(&copy, &zero, sizeof copy));
  secret_wipe(NULL, 5);
}
END_TEST

START_TEST(tokens)
{
  char *a = secret_token(pool, 26), *b = secret_token(pool, 26);
  ck_assert_uint_eq(strlen(a), 26);
  ck_assert_uint_eq(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), 26);
  ck_assert_str_ne(a, b);
  ck_assert_str_eq(secret_token(pool, 0), "");
  unsigned seen[256] = { 0 }, kinds = 0;
  char *longer = secret_token(pool, 4000);
  for (size_t i = 0; i < 4000; i++)
    seen[(unsigned char)longer[i]]++;
  for (size_t i = 0; i < 256; i++)
    kinds += seen[i] > 60; /* 125 expected of each */
  ck_assert_uint_eq(kinds, 32);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("base files and secrets");
  TCase *t = tcase_create("file");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, replace_and_read);
  tcase_add_test(t, create_does_not_replace);
  tcase_add_test(t, a_full_disk_leaves_the_old_file);
  tcase_add_test(t, a_stale_temporary_file_is_no_obstacle);
  tcase_add_test(t, reading_is_bounded_and_graded);
  tcase_add_test(t, folders);
  tcase_add_test(t, private_files);
  tcase_add_loop_test(t, command_outputs, 0, (int)ARRAY_LEN(commands));
  tcase_add_test(t, seal_and_open);
  tcase_add_test(t, nothing_altered_opens);
  tcase_add_test(t, digests);
  tcase_add_test(t, key_files);
  tcase_add_test(t, keys_in_memory);
  tcase_add_test(t, tokens);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
