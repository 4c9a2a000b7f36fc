/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For unit tests: the part table of a letter written in the test, made by the real parser in this process. */
#ifndef LETTER_TABLE_H
#define LETTER_TABLE_H
#include <check.h>
#include <embargod/parts.h>
#include <embargod/text.h>
#include "src/parse/parse_private.h"

/* Opened once: some forty converters. */
static inline struct charsets *letter_charsets(void)
{
  static struct pool *volatile kept; /* stays reachable */
  static struct charsets *opened;
  if (!opened) {
    kept = pool_new("charsets");
    opened = charsets_open(kept);
  }
  return opened;
}
/* text has LF line ends; the letter gets CRLF. */
static inline struct part_table *letter_table_of(struct pool *pool, struct bytes text)
{
  struct parser parser = { .charsets = letter_charsets(), .limits = { PARTS_DEPTH_MAX, PARTS_MAX } };
  struct part_table *t = pool_new_of(pool, struct part_table);
  struct fault err = { 0 };
  enum status st = parse_mime(&parser, pool, text_to_crlf(pool, text), t, &err);
  ck_assert_msg(st == ST_OK, "%s", err.text);
  return t;
}
static inline struct part_table *letter_table(struct pool *pool, const char *text)
{
  return letter_table_of(pool, bytes_str(text));
}
/* main() of a suite: runs it, gives the exit code. */
static inline int letter_suite_run(Suite *s)
{
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
#endif
