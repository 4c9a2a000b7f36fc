/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A build is killed at each of its failpoints. Whoever reads then sees the whole old site or the whole new one; the
 * next build is complete and leaves nothing of the broken one. */
#include <config.h>

#include <check.h>
#include <ftw.h>
#include <stdio.h>

#ifndef EMBARGOD_FAILPOINTS
int main(void)
{
  puts("built without --enable-failpoints: nothing can be killed");
  return 77;
}
#else
#include <sys/wait.h>

#include "test_site_world.h"

#define POINTS 13 /* names of failpoints in a build */
#define NAME_MAX_LEN 40

static struct world w;

/* ---- what a reader sees, as one number: order does not count ---- */
static unsigned char seen[32];
static size_t seen_from;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  (void)st, (void)ftw;
  AUTO(pool_freep) struct pool *pool = pool_new("seen");
  struct bytes b;
  unsigned char digest[32];
  struct fault err = { 0 };
  if (type != FTW_F)
    return type == FTW_D ? 0 : 1;
  if (file_read(pool, path, 64 << 20, &b, &err))
    return 1;
  sha256_digest(digest, bytes_str(pool_printf(pool, "%s %s", path + seen_from, hash_of(pool, b))));
  for (size_t i = 0; i < sizeof seen; i++)
    seen[i] ^= digest[i];
  return 0;
}

static char *what_is_seen(void)
{
  char *root = realpath(pool_printf(w.pool, "%s/current", w.dir), NULL);
  ck_assert_ptr_nonnull(root);
  memset(seen, 0, sizeof seen);
  seen_from = strlen(root);
  ck_assert_int_eq(nftw(root, add_file, 16, FTW_PHYS), 0);
  free(root);
  return hex_encode(w.pool, (struct bytes){ (const char *)seen, sizeof seen });
}

static void assert_sound(const char *when)
{
  struct site_finding *f = NULL;
  size_t n = 0;
  struct fault err = { 0 };
  ck_assert_msg(!site_check(w.dir, w.pool, NOW, NULL, &f, &n, &err), "%s: %s", when, err.text);
  for (size_t i = 0; i < n; i++)
    ck_assert_msg(!f[i].fatal, "%s: %s: %s", when, f[i].path, f[i].what);
}

/* ---- a build in a child that is killed ---- */
static bool killed_at(const char *point)
{
  int status = 0;
  pid_t child = fork();
  if (!child) {
    setenv("EMBARGOD_FAILPOINT", point, 1);
    if (!freopen("/dev/null", "w", stderr))
      _exit(2);
    _exit(world_build(&w) ? 1 : 0);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "%s: the build failed by itself", point);
  return WIFSIGNALED(status);
}

static void publish_some(unsigned number)
{
  world_add(&w, OPENED + (int64_t)number * DAY, "CLEAR");
  if (w.count > 2)
    world_revise(&w, 2, number + 2, OPENED + (int64_t)number * DAY + 5);
}

static void note(char names[][NAME_MAX_LEN], size_t *passages, size_t *count, const char *name)
{
  size_t i = 0;
  while (i < *count && strcmp(names[i], name) != 0)
    i++;
  if (i == *count) {
    ck_assert_uint_lt(*count, 2 * POINTS);
    snprintf(names[(*count)++], NAME_MAX_LEN, "%s", name);
  }
  passages[i]++;
}

/* The points that an undisturbed build passes, and how often. */
static size_t points(char names[][NAME_MAX_LEN], size_t *passages)
{
  const char *log = pool_printf(w.pool, "%s.points", w.dir);
  struct bytes rest, line;
  struct fault err = { 0 };
  size_t count = 0;
  publish_some(90);
  setenv("EMBARGOD_FAILPOINT_LOG", log, 1);
  BUILT(&w);
  unsetenv("EMBARGOD_FAILPOINT_LOG");
  ck_assert(!file_read(w.pool, log, 1 << 20, &rest, &err));
  unlink(log);
  while (bytes_next_line(&rest, &line))
    note(names, passages, &count, pool_str(w.pool, line));
  return count;
}

START_TEST(killed_everywhere)
{
  static char names[2 * POINTS][NAME_MAX_LEN];
  size_t passages[2 * POINTS] = { 0 }, kills = 0, old = 0, fresh = 0;
  w = world_new();
  for (unsigned i = 0; i < 4; i++) {
    publish_some(i);
    BUILT(&w);
  }
  size_t count = points(names, passages);
  for (size_t i = 0; i < 2 * count; i++) { /* each point at its first and at its last passage */
    const char *point = pool_printf(w.pool, "%s:%zu", names[i / 2], i % 2 ? passages[i / 2] : 1);
    if (i % 2 && passages[i / 2] == 1)
      continue;
    publish_some(100 + (unsigned)i);
    char *before = what_is_seen();
    /* after a kill the next build begins without a tree to reuse: it links all; then links are passed more often, never
     * less */
    ck_assert_msg(killed_at(point), "%s was not reached", point);
    kills++;
    char *between = what_is_seen();
    assert_sound(point);
    BUILT(&w);
    char *after = what_is_seen();
    assert_sound(point);
    ck_assert_str_ne(before, after);
    ck_assert_msg(!strcmp(between, before) || !strcmp(between, after), "%s: a mixture", point);
    old += !strcmp(between, before);
    fresh += !strcmp(between, after);
    ck_assert(!site_has(&w, "staging") && !site_has(&w, "current.new"));
  }
  printf("%zu failpoints, %zu kills: %zu times the old site, %zu times the new one, 0 mixed ones\n", count, kills, old,
         fresh);
  ck_assert_uint_eq(count, POINTS);
  ck_assert_uint_ge(old, 10);
  ck_assert_uint_ge(fresh, 2);
  pool_free(&w.pool);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("site_crash");
  TCase *tc = tcase_create("crash");
  tcase_set_timeout(tc, 300);
  tcase_add_test(tc, killed_everywhere);
  suite_add_tcase(s, tc);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
#endif
