/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: status and its trail, pools, buffers, byte strings, log lines, clocks, failpoints. */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <embargod/clock.h>
#include <embargod/failpoint.h>
#include <embargod/file.h>
#include <embargod/log.h>
#include <embargod/text.h>

static struct pool *pool;

static void set_up(void)
{
  pool = pool_new("test");
}

static void tear_down(void)
{
  pool_free(&pool);
  ck_assert_ptr_null(pool);
}

static bool all_zero(const void *p, size_t len)
{
  const char *c = p;
  for (size_t i = 0; i < len; i++)
    if (c[i])
      return false;
  return true;
}

/* ---- status ---- */

START_TEST(the_trail_grows_at_the_front)
{
  struct fault err = { 0 };
  ck_assert_int_eq(fault(&err, ST_RETRY, "no route to %s", "host"), ST_RETRY);
  ck_assert_int_eq(fault_add(&err, "submit letter %d", 7), ST_RETRY);
  ck_assert_int_eq(fault(&err, ST_REJECT, "outbox"), ST_REJECT);
  ck_assert_str_eq(err.text, "outbox: submit letter 7: no route to host");
  ck_assert_int_eq(err.status, ST_REJECT);
  fault_clear(&err);
  ck_assert_int_eq(err.status, ST_OK);
  ck_assert_str_eq(err.text, "");
  ck_assert_int_eq(fault(NULL, ST_DENIED, "nobody listens"), ST_DENIED);
  fault_clear(NULL);
}
END_TEST

START_TEST(the_trail_is_escaped_and_cut_at_a_character)
{
  struct fault err = { 0 };
  fault(&err, ST_REJECT, "a\r\nb\x1b[31m\xff\xc2\x85\xe2\x80\xae\xc3\xa9");
  ck_assert_str_eq(err.text, "a\\r\\nb\\x1b[31m\\xff\\u{85}\\u{202e}\xc3\xa9");
  fault(&err, ST_REJECT, "%s", err.text); /* may name itself; escapes are not escaped again */
  ck_assert_ptr_nonnull(strstr(err.text, "\\xff\\u{85}\\u{202e}\xc3\xa9: a\\r"));
  fault_clear(&err);
  for (int i = 0; i < 700; i++)
    fault(&err, ST_REJECT, "\xc3\xa9");
  ck_assert_uint_lt(strlen(err.text), sizeof err.text);
  ck_assert_uint_gt(strlen(err.text), sizeof err.text - 8);
  ck_assert(utf8_valid(bytes_str(err.text)));
  char huge[5000];
  memset(huge, 'x', sizeof huge - 1);
  huge[sizeof huge - 1] = '\0';
  fault(&err, ST_REJECT, "%s", huge);
  ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
}
END_TEST

START_TEST(statuses_have_names)
{
  ck_assert_str_eq(status_name(ST_OK), "ok");
  ck_assert_str_eq(status_name(ST_BROKEN), "broken");
  ck_assert_str_eq(status_name((enum status)77), "unknown");
}
END_TEST

START_TEST(a_broken_invariant_aborts)
{
  ck_assert_int_eq(freopen("/dev/null", "w", stderr) == NULL, 0);
  invariant(1 + 1 == 3);
}
END_TEST

/* ---- pools ---- */

static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4095, 8192, 32767, 32768, 65536, 1 << 20, 5 << 20 };

START_TEST(pools_give_aligned_zeroes)
{
  AUTO(pool_freep) struct pool *p = _i ? pool_new_wiping("t") : pool_new("t");
  for (int round = 0; round < 3; round++) {
    for (int again = 0; again < 20; again++)
      for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (sizes[i] > 65536 && again)
          continue;
        char *mem = pool_alloc(p, sizes[i]);
        ck_assert_ptr_nonnull(mem);
        ck_assert_uint_eq((uintptr_t)mem % 16, 0);
        ck_assert(all_zero(mem, sizes[i]));
        memset(mem, 0xA5, sizes[i]); /* so that the next round meets dirty memory */
      }
    ck_assert_uint_ge(pool_bytes(p), 6u << 20);
    pool_reset(p);
    ck_assert_uint_le(pool_bytes(p), 256u << 10);
  }
}
END_TEST

START_TEST(allocations_do_not_overlap)
{
  unsigned char *p[2000];
  size_t len[2000];
  for (unsigned i = 0; i < 2000; i++) {
    len[i] = (i * 37) % 900 + (i % 97 == 0 ? 40000 : 0);
    p[i] = pool_alloc(pool, len[i]);
    memset(p[i], (int)(i % 251), len[i]);
  }
  for (unsigned i = 0; i < 2000; i++)
    for (size_t k = 0; k < len[i]; k++)
      ck_assert_uint_eq(p[i][k], i % 251);
}
END_TEST

#ifndef EMBARGOD_SANITIZERS
/* The VmFlags of the mapping that holds p. */
static void flags_of(const void *p, char *out, size_t cap)
{
  FILE *f = fopen("/proc/self/smaps", "r");
  char line[512];
  bool here = false;
  out[0] = '\0';
  ck_assert_ptr_nonnull(f);
  while (fgets(line, sizeof line, f)) {
    unsigned long from, to;
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
      here = (uintptr_t)p >= from && (uintptr_t)p < to;
    else if (here && strncmp(line, "VmFlags:", 8) == 0)
      snprintf(out, cap, "%s", line);
  }
  fclose(f);
}

/* A wiped block serves again, and nothing of what was in it is left. */
START_TEST(wiping_pools_share_wiped_blocks)
{
  char *first = NULL;
  for (int i = 0; i < 3; i++) {
    AUTO(pool_freep) struct pool *p = pool_new_wiping("t");
    char *a = pool_alloc(p, 5000), *b = pool_alloc(p, 40000);
    for (size_t k = 0; k < 5000; k++)
      ck_assert_int_eq(a[k], 0);
    for (size_t k = 0; k < 40000; k++)
      ck_assert_int_eq(b[k], 0);
    memset(a, 'x', 5000);
    memset(b, 'y', 40000);
#ifndef EMBARGOD_SANITIZERS
    if (i)
      ck_assert_ptr_eq(a, first);
#endif
    first = a;
  }
}
END_TEST

START_TEST(wiping_pools_wipe_and_stay_out_of_cores)
{
  AUTO(pool_freep) struct pool *p = pool_new_wiping("secret");
  char *small = pool_strdup(p, "correct horse battery staple"), *large = pool_alloc(p, 1 << 20), flags[512];
  flags_of(small, flags, sizeof flags);
  ck_assert_msg(strstr(flags, " dd"), "%s", flags);
  flags_of(large, flags, sizeof flags);
  ck_assert_msg(strstr(flags, " dd"), "%s", flags);
  char *formatted = pool_printf(p, "%s", "a second secret");
  pool_reset(p); /* keeps the first block mapped: what was in it can still be looked at */
  ck_assert(all_zero(small, 29));
  ck_assert(all_zero(formatted, 16));
}
END_TEST
#endif

START_TEST(pool_strings)
{
  ck_assert_ptr_null(pool_strdup(pool, NULL));
  ck_assert_ptr_null(pool_strndup(pool, NULL, 3));
  ck_assert_str_eq(pool_strdup(pool, "x"), "x");
  ck_assert_str_eq(pool_strndup(pool, "abcdef", 3), "abc");
  ck_assert_str_eq(pool_strndup(pool, "ab", 300), "ab");
  ck_assert(memcmp(pool_str(pool, (struct bytes){ "a\0b", 3 }), "a\0b", 4) == 0);
  struct bytes d = pool_bytes_dup(pool, (struct bytes){ NULL, 0 });
  ck_assert(d.p && d.len == 0 && d.p[0] == '\0');
  ck_assert_str_eq(pool_printf(pool, "%d-%s", 5, "x"), "5-x");
  char *longer = pool_printf(pool, "%0*d", 3000, 7);
  ck_assert_uint_eq(strlen(longer), 3000);
  ck_assert_int_eq(longer[2999], '7');
}
END_TEST

START_TEST(pool_grow_keeps_what_is_there)
{
  int *v = NULL;
  size_t cap = 0;
  for (int i = 0; i < 10000; i++) {
    v = pool_grow(pool, v, (size_t)i, &cap, sizeof *v);
    ck_assert_uint_gt(cap, (size_t)i);
    v[i] = i;
    if (i % 100 == 0)
      pool_alloc(pool, 1); /* something behind it, so that it must move */
  }
  for (int i = 0; i < 10000; i++)
    ck_assert_int_eq(v[i], i);
}
END_TEST

START_TEST(array_overflow_ends_the_process)
{
  ck_assert_int_eq(freopen("/dev/null", "w", stderr) == NULL, 0);
  pool_array(pool, SIZE_MAX / 2, 4);
}
END_TEST

/* ---- buffers and byte strings ---- */

START_TEST(buffers_grow)
{
  struct buf b = buf_new(pool, 0), other = buf_new(pool, 3);
  for (int i = 0; i < 5000; i++) {
    buf_addc(&b, (char)('a' + i % 26));
    if (i % 1000 == 0)
      buf_adds(&other, "y");
  }
  buf_add(&b, (struct bytes){ NULL, 0 });
  buf_adds(&b, "end");
  ck_assert_uint_eq(b.len, 5003);
  ck_assert_int_eq(b.data[4999], 'a' + 4999 % 26);
  ck_assert_str_eq(b.data + 5000, "end");
  ck_assert_str_eq(buf_str(&other), "yyyyy");
  buf_printf(&other, "<%0*d>", 500, 1);
  ck_assert_uint_eq(buf_bytes(&other).len, 507);
  ck_assert_str_eq(buf_str(&other) + 504, "01>");
  buf_printf(&other, "%s", "");
  ck_assert_uint_eq(other.len, 507);
  struct buf self = buf_new(pool, 4);
  buf_adds(&self, "abc");
  for (int i = 0; i < 4; i++)
    buf_add(&self, buf_bytes(&self)); /* its own bytes */
  ck_assert_uint_eq(self.len, 48);
  ck_assert_str_eq(self.data + 45, "abc");
}
END_TEST

START_TEST(byte_strings)
{
  ck_assert(bytes_eq(bytes_str(NULL), BYTES("")));
  ck_assert(!bytes_eq(BYTES("a"), BYTES("b")));
  ck_assert(bytes_starts(BYTES("abc"), BYTES("ab")) && !bytes_starts(BYTES("a"), BYTES("ab")));
  ck_assert_uint_eq(bytes_find(BYTES("xabab"), BYTES("ab"), 0), 1);
  ck_assert_uint_eq(bytes_find(BYTES("xabab"), BYTES("ab"), 2), 3);
  ck_assert_uint_eq(bytes_find(BYTES("xabab"), BYTES("ab"), 4), SIZE_MAX);
  ck_assert_uint_eq(bytes_find(BYTES("x"), BYTES("x"), 99), SIZE_MAX);
  ck_assert_uint_eq(bytes_find(BYTES("x"), BYTES(""), 1), 1);
  ck_assert(bytes_eq(bytes_sub(BYTES("abcdef"), 2, 3), BYTES("cde")));
  ck_assert(bytes_eq(bytes_sub(BYTES("abcdef"), 4, SIZE_MAX), BYTES("ef")));
  ck_assert_uint_eq(bytes_sub(BYTES("abc"), 9, 1).len, 0);
  ck_assert(bytes_eq(bytes_trim(BYTES(" \t\r\n a b \f\v")), BYTES("a b")));
  ck_assert_uint_eq(bytes_trim(BYTES("   ")).len, 0);
  ck_assert_uint_eq(bytes_trim((struct bytes){ NULL, 0 }).len, 0);
}
END_TEST

START_TEST(lines)
{
  struct bytes rest = BYTES("a\r\nb\n\nc\rd\r"), line;
  const char *want[] = { "a", "b", "", "c\rd\r" };
  for (size_t i = 0; i < ARRAY_LEN(want); i++) {
    ck_assert(bytes_next_line(&rest, &line));
    ck_assert(bytes_eq(line, bytes_str(want[i])));
  }
  ck_assert(!bytes_next_line(&rest, &line));
  rest = BYTES("x\n");
  ck_assert(bytes_next_line(&rest, &line) && !bytes_next_line(&rest, &line));
}
END_TEST

START_TEST(spans)
{
  ck_assert(span_inside((struct byte_span){ 0, 0 }, 0));
  ck_assert(span_inside((struct byte_span){ 3, 2 }, 5));
  ck_assert(!span_inside((struct byte_span){ 3, 3 }, 5));
  ck_assert(!span_inside((struct byte_span){ 6, 0 }, 5));
  ck_assert(!span_inside((struct byte_span){ UINT32_MAX, UINT32_MAX }, 5));
  ck_assert(!span_inside((struct byte_span){ 1, UINT32_MAX }, 5));
  ck_assert(bytes_eq(span_of(BYTES("abcde"), (struct byte_span){ 1, 2 }), BYTES("bc")));
}
END_TEST

/* ---- log ---- */

static const char *logged(const struct logger *lg, enum log_level level, const char *msg, const struct log_field *f)
{
  int p[2];
  struct logger mine = *lg;
  ck_assert_int_eq(pipe(p), 0);
  mine.fd = p[1];
  log_write(&mine, level, msg, f);
  close(p[1]);
  char *text = pool_alloc(pool, 8192);
  ssize_t n = read(p[0], text, 8191);
  close(p[0]);
  return n > 0 ? text : "";
}

START_TEST(log_lines)
{
  struct logger lg = { -1, LOG_LEVEL_INFO, true, "embargod" };
  struct log_field f[] = { LOG_STR("case", "EMB-2026-0001"),
                           LOG_INT("letter", -7),
                           LOG_STR("why", "a \"b\"\\\n\x1b\xff\xe2\x80\xae\xc3\xa9"),
                           LOG_STR("none", (char *)NULL),
                           { NULL, NULL, 0 } };
  ck_assert_str_eq(logged(&lg, LOG_LEVEL_INFO, "letter applied", f),
                   "<6>level=info program=embargod msg=\"letter applied\" case=EMB-2026-0001 letter=-7 "
                   "why=\"a \\\"b\\\"\\\\\\n\\x1b\\xff\\u{202e}\xc3\xa9\" none=\"\"\n");
  ck_assert_str_eq(logged(&lg, LOG_LEVEL_DEBUG, "dropped", NULL), "");
  lg.sd_levels = false;
  const char *line = logged(&lg, LOG_LEVEL_ERR, "x", NULL);
  ck_assert_int_eq(strncmp(line, "time=20", 7), 0);
  ck_assert_ptr_nonnull(strstr(line, "Z level=error program=embargod msg=x\n"));
}
END_TEST

START_TEST(log_lines_are_bounded)
{
  struct logger lg = { -1, LOG_LEVEL_INFO, true, "embargod" };
  char huge[5000];
  memset(huge, '\n', sizeof huge - 1);
  huge[sizeof huge - 1] = '\0';
  struct log_field f[40];
  for (size_t i = 0; i < 39; i++)
    f[i] = LOG_STR("key", huge);
  f[39] = (struct log_field){ NULL, NULL, 0 };
  const char *line = logged(&lg, LOG_LEVEL_INFO, huge, f);
  ck_assert_uint_le(strlen(line), 2048);
  ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1); /* one line */
  ck_assert_ptr_nonnull(strstr(line, "...\""));
}
END_TEST

/* ---- clock ---- */

START_TEST(fake_time)
{
  char path[4200], value[4300];
  const char *tmp = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/clock.%ld", tmp ? tmp : "/tmp", (long)getpid());
  snprintf(value, sizeof value, "@%s", path);
  struct clock real = clock_system();
  ck_assert(!clock_is_fake());
  ck_assert_int_gt(clock_now(&real), 1700000000);
  setenv("EMBARGOD_FAKE_TIME", "1800000000", 1);
  ck_assert(clock_is_fake());
  struct clock fixed = clock_system();
  ck_assert_int_eq(clock_now(&fixed), 1800000000);
  ck_assert_int_gt(clock_mono(&fixed), 0);
  setenv("EMBARGOD_FAKE_TIME", "+86400", 1);
  struct clock ahead = clock_system();
  ck_assert_int_ge(clock_now(&ahead) - clock_now(&real), 86399);
  ck_assert_int_le(clock_now(&ahead) - clock_now(&real), 86401);
  setenv("EMBARGOD_FAKE_TIME", value, 1);
  struct clock file = clock_system();
  ck_assert_int_eq(file_replace(path, BYTES("1900000000\n"), 0600, NULL), ST_OK);
  ck_assert_int_eq(clock_now(&file), 1900000000);
  ck_assert_int_eq(file_replace(path, BYTES("1900000005\n"), 0600, NULL), ST_OK);
  ck_assert_int_eq(clock_now(&file), 1900000005);
  unlink(path);
}
END_TEST

/* ---- failpoints ---- */

static int pass_points(void)
{
  pid_t pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 3; i++) {
      FAILPOINT("test.one");
      FAILPOINT("test.two");
    }
    _exit(0);
  }
  int how = 0;
  ck_assert_int_eq(waitpid(pid, &how, 0), pid);
  return how;
}

START_TEST(failpoints)
{
  char path[4200];
  const char *tmp = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/points.%ld", tmp ? tmp : "/tmp", (long)getpid());
  setenv("EMBARGOD_FAILPOINT_LOG", path, 1);
  int quiet = pass_points();
  ck_assert(WIFEXITED(quiet) && WEXITSTATUS(quiet) == 0);
#ifdef EMBARGOD_FAILPOINTS
  struct bytes log;
  ck_assert_int_eq(file_read(pool, path, 10000, &log, NULL), ST_OK);
  ck_assert(bytes_eq(log, BYTES("test.one\ntest.two\ntest.one\ntest.two\ntest.one\ntest.two\n")));
  unlink(path);
  setenv("EMBARGOD_FAILPOINT", "test.two:2", 1);
  int killed = pass_points();
  ck_assert(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL);
  ck_assert_int_eq(file_read(pool, path, 10000, &log, NULL), ST_OK);
  ck_assert(bytes_eq(log, BYTES("test.one\ntest.two\ntest.one\ntest.two\n")));
  setenv("EMBARGOD_FAILPOINT", "test.one", 1);
  setenv("EMBARGOD_FAILPOINT_ACTION", "exit", 1);
  int left = pass_points();
  ck_assert(WIFEXITED(left) && WEXITSTATUS(left) == 99);
  setenv("EMBARGOD_FAILPOINT", "test.tw", 1); /* no prefix matches */
  ck_assert_int_eq(pass_points(), 0);
  unlink(path);
#else
  setenv("EMBARGOD_FAILPOINT", "test.one", 1);
  ck_assert_int_eq(pass_points(), 0);
  ck_assert(!file_exists(path));
#endif
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("base");
  TCase *t = tcase_create("base");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, the_trail_grows_at_the_front);
  tcase_add_test(t, the_trail_is_escaped_and_cut_at_a_character);
  tcase_add_test(t, statuses_have_names);
  tcase_add_test_raise_signal(t, a_broken_invariant_aborts, SIGABRT);
  tcase_add_loop_test(t, pools_give_aligned_zeroes, 0, 2);
  tcase_add_test(t, allocations_do_not_overlap);
#ifndef EMBARGOD_SANITIZERS
  tcase_add_test(t, wiping_pools_share_wiped_blocks);
  tcase_add_test(t, wiping_pools_wipe_and_stay_out_of_cores);
#endif
  tcase_add_test(t, pool_strings);
  tcase_add_test(t, pool_grow_keeps_what_is_there);
  tcase_add_exit_test(t, array_overflow_ends_the_process, 71);
  tcase_add_test(t, buffers_grow);
  tcase_add_test(t, byte_strings);
  tcase_add_test(t, lines);
  tcase_add_test(t, spans);
  tcase_add_test(t, log_lines);
  tcase_add_test(t, log_lines_are_bounded);
  tcase_add_test(t, fake_time);
  tcase_add_test(t, failpoints);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
