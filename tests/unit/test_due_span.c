/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spans in a zone: changes of the clocks, ends of months, working days, holidays. Expected instants were worked out by
 * hand. */
#include <config.h>
#include <check.h>
#include <embargod/due.h>
#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

static int64_t at(const char *iso)
{
  int64_t t;
  if (!time_parse(iso, 0, 0, "UTC", &t))
    ck_abort_msg("no date: %s", iso);
  return t;
}

static const struct due_holiday days_off[] = {
  { 0, 12, 25 }, { 0, 12, 26 }, { 0, 1, 1 }, { 2026, 4, 3 }, { 2026, 4, 6 }
};
static const struct due_calendar berlin = { "Europe/Berlin", days_off, ARRAY_LEN(days_off) };
static const struct due_calendar utc = { NULL, NULL, 0 };
static const struct due_calendar new_york = { "America/New_York", NULL, 0 };

static const struct {
  const struct due_calendar *calendar;
  const char *from, *span;
  int sign;
  const char *to;
} row[] = {
  /* hours are hours, over a change of the clocks too */
  { &berlin, "2026-03-28T12:00Z", "24h", 1, "2026-03-29T12:00Z" },
  { &berlin, "2026-10-24T12:00Z", "72h", 1, "2026-10-27T12:00Z" },
  { &utc, "2026-11-24T10:00Z", "24h", -1, "2026-11-23T10:00Z" },
  /* days keep the local time: 09:00 in Berlin is 08:00Z in winter and 07:00Z in summer */
  { &berlin, "2026-03-28T08:00Z", "1d", 1, "2026-03-29T07:00Z" },
  { &berlin, "2026-03-01T08:00Z", "30d", 1, "2026-03-31T07:00Z" },
  { &berlin, "2026-10-01T07:00Z", "30d", 1, "2026-10-31T08:00Z" },
  { &berlin, "2026-10-31T08:00Z", "30d", -1, "2026-10-01T07:00Z" },
  { &utc, "2026-03-01T08:00Z", "30d", 1, "2026-03-31T08:00Z" },
  { &new_york, "2026-03-07T17:00Z", "1d", 1, "2026-03-08T16:00Z" },
  /* 02:30 is left out on 29 March: 03:30; it is there twice on 25 October: the first */
  { &berlin, "2026-03-28T01:30Z", "1d", 1, "2026-03-29T01:30Z" },
  { &berlin, "2026-10-24T00:30Z", "1d", 1, "2026-10-25T00:30Z" },
  { &berlin, "2026-10-26T01:30Z", "1d", -1, "2026-10-25T00:30Z" },
  /* months, years, leap years */
  { &utc, "2026-01-31T10:00Z", "30d", 1, "2026-03-02T10:00Z" },
  { &utc, "2028-01-31T10:00Z", "30d", 1, "2028-03-01T10:00Z" },
  { &utc, "2026-12-20T10:00Z", "60d", 1, "2027-02-18T10:00Z" },
  { &utc, "2026-01-31T10:00Z", "1mo", 1, "2026-02-28T10:00Z" },
  { &utc, "2028-01-31T10:00Z", "1mo", 1, "2028-02-29T10:00Z" },
  { &utc, "2026-11-30T10:00Z", "3mo", 1, "2027-02-28T10:00Z" },
  { &utc, "2026-03-31T10:00Z", "1mo", -1, "2026-02-28T10:00Z" },
  { &utc, "2026-01-15T10:00Z", "13mo", -1, "2024-12-15T10:00Z" },
  { &berlin, "2026-02-28T23:30Z", "1mo", 1, "2026-03-31T22:30Z" }, /* 1 March 00:30 in Berlin: 1 April 00:30 */
  /* working days: the day of the start is not counted */
  { &utc, "2026-11-24T10:00Z", "10wd", 1, "2026-12-08T10:00Z" },
  { &utc, "2026-11-27T10:00Z", "1wd", 1, "2026-11-30T10:00Z" }, /* Friday to Monday */
  { &utc, "2026-11-28T10:00Z", "1wd", 1, "2026-11-30T10:00Z" }, /* Saturday to Monday */
  { &utc, "2026-11-30T10:00Z", "1wd", -1, "2026-11-27T10:00Z" },
  { &berlin, "2026-04-02T08:00Z", "1wd", 1, "2026-04-07T08:00Z" },  /* Easter: Thursday to Tuesday */
  { &berlin, "2026-12-18T08:00Z", "10wd", 1, "2027-01-05T08:00Z" }, /* 25 Dec, 1 Jan off; 26 Dec is a Saturday anyway */
  { &berlin, "2026-03-27T08:00Z", "1wd", 1, "2026-03-30T07:00Z" },  /* over the change of the clocks */
  { &utc, "2026-12-24T10:00Z", "2wd", 1, "2026-12-28T10:00Z" },     /* without the list Christmas is a working day */
  /* the zone decides what day it is: Friday 23:30Z is Saturday in Berlin */
  { &berlin, "2026-11-27T23:30Z", "1wd", 1, "2026-11-29T23:30Z" },
  { &utc, "2026-11-24T10:00Z", "0wd", 1, "2026-11-24T10:00Z" },
};

START_TEST(spans)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct due_span s;
  ck_assert(due_span_parse(row[_i].span, &s));
  s.count *= row[_i].sign;
  int64_t got = due_add(row[_i].calendar, at(row[_i].from), s);
  ck_assert_msg(got == at(row[_i].to), "%s %s%s: %s, not %s", row[_i].from, row[_i].sign < 0 ? "-" : "+", row[_i].span,
                time_iso(pool, got), row[_i].to);
}
END_TEST

/* Days from every hour of two years and back: the same local time, unless a change of the clocks took it away. */
START_TEST(there_and_back)
{
  int lost = 0;
  for (int64_t t = at("2026-01-01T00:00Z"); t < at("2028-01-01T00:00Z"); t += 3600) {
    int64_t there = due_add(&berlin, t, (struct due_span){ 17, DUE_DAYS });
    struct time_civil a = time_civil(t, berlin.zone), b = time_civil(there, berlin.zone);
    if (a.hour != b.hour)
      lost++;
    else
      ck_assert(a.minute == b.minute && a.second == b.second);
    ck_assert_int_le(llabs((long long)(there - t - 17 * 86400)), 3600);
    ck_assert(time_from_civil(a, berlin.zone) == t || time_from_civil(a, berlin.zone) == t - 3600);
  }
  ck_assert_int_eq(lost, 2); /* 02:00 on 29 March 2026 and on 28 March 2027 */
}
END_TEST

START_TEST(a_year_of_holidays_ends)
{
  static struct due_holiday all[372];
  size_t n = 0;
  for (int m = 1; m <= 12; m++)
    for (int d = 1; d <= 31; d++)
      all[n++] = (struct due_holiday){ 0, m, d };
  struct due_calendar never = { NULL, all, n };
  ck_assert_int_gt(due_add(&never, at("2026-11-24T10:00Z"), (struct due_span){ 3, DUE_WORKING_DAYS }),
                   at("2027-11-20T10:00Z"));
  ck_assert(!due_working_day(&never, at("2026-11-24T10:00Z")) && due_working_day(&utc, at("2026-11-24T10:00Z")));
  ck_assert(!due_working_day(&utc, at("2026-11-28T10:00Z")) && !due_working_day(&utc, at("2026-11-29T10:00Z")));
  ck_assert(!due_working_day(&berlin, at("2026-04-03T10:00Z")) && due_working_day(&berlin, at("2027-04-06T10:00Z")));
}
END_TEST

START_TEST(span_text_and_parsing)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const char *const bad[] = { "", "d", "30", "30 d", "-3d", "3x", "3dd", "100001d", "99999999999d", "3D", "1m" };
  struct due_span s;
  struct due_holiday h;
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    ck_assert_msg(!due_span_parse(bad[i], &s), "%s", bad[i]);
  ck_assert(!due_span_parse(NULL, &s));
  ck_assert(due_span_parse("10wd", &s));
  ck_assert_str_eq(due_span_text(pool, s), "10 working days");
  ck_assert_str_eq(due_span_text(pool, (struct due_span){ -1, DUE_HOURS }), "1 hour");
  ck_assert(due_holiday_parse("2028-02-29", &h) && h.year == 2028 && h.month == 2 && h.day == 29);
  ck_assert(due_holiday_parse("02-29", &h) && h.year == 0);
  static const char *const bad_day[] = { "2026-02-29", "13-01",  "12-32", "12-25x",   "1969-01-01",
                                         "2026/12/25", "25.12.", "",      "2026-12-2" };
  for (size_t i = 0; i < ARRAY_LEN(bad_day); i++)
    ck_assert_msg(!due_holiday_parse(bad_day[i], &h), "%s", bad_day[i]);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("due_span");
  TCase *t = tcase_create("spans");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, spans, 0, (int)ARRAY_LEN(row));
  tcase_add_test(t, there_and_back);
  tcase_add_test(t, a_year_of_holidays_ends);
  tcase_add_test(t, span_text_and_parsing);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
