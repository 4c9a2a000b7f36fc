/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>
#include <check.h>
#include <stdlib.h>
#include <embargod/base.h>
START_TEST(pool_gives_zeroes)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  char *p = pool_alloc(pool, 100);
  for (int i = 0; i < 100; i++)
    ck_assert_int_eq(p[i], 0);
}
END_TEST
int main(void)
{
  Suite *s = suite_create("base");
  TCase *t = tcase_create("pool");
  tcase_add_test(t, pool_gives_zeroes);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
