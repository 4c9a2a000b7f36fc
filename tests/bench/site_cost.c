/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What site_build() costs for one publication: the first ones against those behind the thousandth, in one run, on one disk. The mean of a
 * few of each, for a disk's fsync scatters. The number of files and links must not grow; the feed and the page of the year do, and with them
 * bytes and time. Nothing but the site is measured: signing and mail cost the same each time. The site stays in TMPDIR, which
 * tests/run-one empties. BENCH_SITE=1000 advisories. */
#include <config.h>

#include <sys/resource.h>
#include <time.h>

#include "../unit/test_site_world.h"

#define ROUNDS 5

struct cost {
  double wall, cpu; /* milliseconds, of one */
  unsigned written, links;
  uint64_t bytes;
};

static double wall(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static struct cost measure(struct world *w)
{
  struct cost c = { 0 };
  for (int i = 0; i < ROUNDS; i++) {
    world_add(w, OPENED + (int64_t)w->count * 3600, "CLEAR");
    double from = wall(), cpu_from = cpu();
    enum status st = world_build(w);
    c.wall += (wall() - from) / ROUNDS;
    c.cpu += (cpu() - cpu_from) / ROUNDS;
    ck_assert_msg(!st, "%s", w->err.text);
    c.written = w->written.written;
    c.links = w->written.relinked;
    c.bytes = w->written.bytes;
    world_forget(w);
  }
  return c;
}

static void tell(const char *what, struct cost c)
{
  printf("%-22s %7.1f ms wall, %6.1f ms CPU, %3u files written (%" PRIu64 " KB), %3u links made\n", what, c.wall, c.cpu, c.written, c.bytes / 1024,
         c.links);
}

START_TEST(publications)
{
  const char *asked = getenv("BENCH_SITE");
  size_t many = asked ? (size_t)atoi(asked) : 1000;
  struct world w = world_new();
  struct cost early = measure(&w);
  while (w.count < many)
    world_add(&w, OPENED + (int64_t)w.count * 3600, "CLEAR");
  for (int i = 0; i < 3; i++) { /* the three trees that are kept have them all */
    world_add(&w, OPENED + (int64_t)w.count * 3600, "CLEAR");
    BUILT(&w);
  }
  struct cost late = measure(&w);
  tell("the first", early);
  tell(pool_printf(w.pool, "after %zu", many), late);
  printf("site: publication after %zu costs %.2f times the first (wall), %.1f times its CPU\n", many, late.wall / early.wall, late.cpu / early.cpu);
  ck_assert_uint_eq(late.written, early.written);
  ck_assert_uint_le(late.links, early.links);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("site_cost");
  TCase *tc = tcase_create("cost");
  tcase_add_test(tc, publications);
  suite_add_tcase(s, tc);
  SRunner *r = srunner_create(s);
  srunner_set_fork_status(r, CK_NOFORK); /* no deadline, and the whole process's CPU time */
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
