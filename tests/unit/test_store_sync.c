/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reaches the disk: this program's own fsync and fdatasync stand before the C library's, count, and fail on
 * demand. */
#include <config.h>

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "store_private.h"
#include "test_store_support.h"

static unsigned syncs;
static int fail_from = -1; /* the how-manieth sync from now fails, and all after it */

static int sync_or_fail(int fd, long call)
{
  syncs++;
  if (fail_from == 0) {
    errno = EIO;
    return -1;
  }
  if (fail_from > 0)
    fail_from--;
  return (int)syscall(call, fd);
}

int fsync(int fd)
{
  return sync_or_fail(fd, SYS_fsync);
}

int fdatasync(int fd)
{
  return sync_or_fail(fd, SYS_fdatasync);
}

static void up(void)
{
  syncs = 0;
  fail_from = -1;
  fixture_up();
}

START_TEST(a_commit_is_one_sync)
{
  record_letter("0", "the log begins");
  syncs = 0;
  record_letter("1", "a");
  ck_assert_uint_eq(syncs, 1);
  OK(store_begin(fx.st, &fx.err));
  for (int i = 2; i < 18; i++) {
    char uid[16];
    snprintf(uid, sizeof uid, "%d", i);
    record_letter(uid, uid);
  }
  ck_assert_uint_eq(syncs, 1);
  OK(store_commit(fx.st, &fx.err));
  ck_assert_uint_eq(syncs, 2);
  struct outbox_letter *l;
  size_t n;
  OK(store_outbox_take(fx.st, fx.pool, T0, 60, 9, &l, &n, &fx.err));
  ck_assert_uint_eq(syncs, 2); /* reading and leasing write nothing */
}
END_TEST

START_TEST(a_failing_sync_ends_the_work)
{
  struct intake_letter l = letter_of("1");
  int64_t id;
  bool known, duplicate, settled;
  char **findings;
  record_letter("0", "before");
  fail_from = 0;
  FAILS(ST_BROKEN, store_intake_record(fx.st, &l, BYTES("a"), &id, &known, &duplicate, &fx.err));
  SAYS("input/output error");
  fail_from = -1; /* though it would work now: what the kernel dropped is not known */
  FAILS(ST_BROKEN, store_intake_record(fx.st, &l, BYTES("a"), &id, &known, &duplicate, &fx.err));
  SAYS("start again");
  FAILS(ST_BROKEN, store_intake_find(fx.st, &l, &known, &id, &settled, &fx.err));
  fixture_reopen();
  OK(store_check(fx.st, fx.pool, &findings, &fx.err));
  ck_assert_ptr_null(findings[0]);
  l = letter_of("0");
  OK(store_intake_find(fx.st, &l, &known, &id, &settled, &fx.err));
  ck_assert(known);
}
END_TEST

/* The commit stands in the log, so it is true; the move into the file failed, so nothing more is taken. */
START_TEST(a_failing_sync_of_the_checkpoint)
{
  size_t size = (size_t)5 << 20; /* more pages than a checkpoint waits for */
  char *p = calloc(1, size);
  struct intake_letter l = letter_of("1");
  int64_t id;
  bool known, duplicate, settled;
  record_letter("0", "before");
  OK(store_begin(fx.st, &fx.err));
  OK(store_intake_record(fx.st, &l, (struct bytes){ p, size }, &id, &known, &duplicate, &fx.err));
  fail_from = 1;
  OK(store_commit(fx.st, &fx.err));
  fail_from = -1;
  FAILS(ST_BROKEN, store_intake_find(fx.st, &l, &known, &id, &settled, &fx.err));
  fixture_reopen();
  struct bytes raw;
  OK(store_intake_find(fx.st, &l, &known, &id, &settled, &fx.err));
  OK(store_intake_raw(fx.st, fx.pool, id, &raw, &fx.err));
  ck_assert(bytes_eq(raw, (struct bytes){ p, size }));
  free(p);
}
END_TEST

static long peak_kib(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

START_TEST(a_large_letter_costs_little_memory)
{
  size_t size = (size_t)32 << 20;
  char *p = malloc(size);
  for (size_t i = 0; i < size; i++)
    p[i] = (char)(i ^ i >> 9);
  struct intake_letter l = letter_of("1");
  int64_t id;
  bool known, duplicate;
  long before = peak_kib();
  OK(store_intake_record(fx.st, &l, (struct bytes){ p, size }, &id, &known, &duplicate, &fx.err));
  long more = peak_kib() - before;
  printf("recording 32 MiB: %ld KiB more at the peak\n", more);
#ifndef EMBARGOD_SANITIZERS
  ck_assert_msg(more < 24 << 10, "%ld KiB", more);
#endif
  free(p);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store sync");
  TCase *t = tcase_create("sync");
  tcase_add_checked_fixture(t, up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, a_commit_is_one_sync);
  tcase_add_test(t, a_failing_sync_ends_the_work);
  tcase_add_test(t, a_failing_sync_of_the_checkpoint);
  tcase_add_test(t, a_large_letter_costs_little_memory);
  suite_add_tcase(s, t);
  return run_suite(s);
}
