/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deadlines: what becomes of them with what is known, and who is reminded of them when, with a clock of the test's own.
 */
#include <config.h>
#include <check.h>
#include <embargod/due.h>
#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400)
#define T0 INT64_C(1795514400) /* 2026-11-24T10:00:00Z, a Tuesday */
static const struct due_calendar utc = { NULL, NULL, 0 };

static struct due_deadline define(struct pool *pool, const struct due_source *src)
{
  struct due_deadline d;
  struct fault err = { 0 };
  if (due_define(pool, src, &d, &err) != ST_OK)
    ck_abort_msg("%s", err.text);
  return d;
}

static struct due_deadline thirty_days(struct pool *pool)
{
  static const char *const when[] = { "class:medical-device", "uncontrolled", "!exempt", NULL }, *const met[] = {
    "notice:customers", "told", NULL
  };
  static const char *const remind[] = { "-7d assignee", "-1d lead", "0 lead", "+1d all", NULL };
  return define(pool, &(struct due_source){ .name = "fda-30",
                                            .title = "customers told",
                                            .starts_at = "learned",
                                            .span = "30d",
                                            .when = when,
                                            .met_by = met,
                                            .remind = remind,
                                            .source = "FDA 2016" });
}

/* What a row of judging() knows; ends of the lists are zero. */
static const struct {
  const char *name;
  struct due_fact fact[4];
  struct due_event event[4];
  struct due_override override[3];
  int day; /* now: T0 and so many days */
  enum due_state state;
  const char *reason;
  int due; /* day; -1: not known */
} judged[] = {
  { "nothing known", { { 0 } }, { { 0 } }, { { 0 } }, 0, DUE_NOT_STARTED, "not known yet: class:medical-device", -1 },
  { "started but not assessed",
    { { "class:medical-device", true } },
    { { "learned", T0 } },
    { { 0 } },
    5,
    DUE_NOT_STARTED,
    "not known yet: uncontrolled",
    -1 },
  { "one condition fails, another is unknown",
    { { "uncontrolled", false } },
    { { "learned", T0 } },
    { { 0 } },
    5,
    DUE_NOT_APPLICABLE,
    "not uncontrolled",
    30 },
  { "another product class",
    { { "class:software", true }, { "uncontrolled", true } },
    { { "learned", T0 } },
    { { 0 } },
    5,
    DUE_NOT_APPLICABLE,
    "not class:medical-device",
    30 },
  { "a word with ! that holds",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", true } },
    { { "learned", T0 } },
    { { 0 } },
    5,
    DUE_NOT_APPLICABLE,
    "exempt",
    30 },
  { "all known, not started",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "received", T0 } },
    { { 0 } },
    5,
    DUE_NOT_STARTED,
    "waits for: learned",
    -1 },
  { "running",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "learned", T0 } },
    { { 0 } },
    29,
    DUE_RUNNING,
    "",
    30 },
  { "at the instant it still runs",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "learned", T0 } },
    { { 0 } },
    30,
    DUE_RUNNING,
    "",
    30 },
  { "the first of two starts counts",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "learned", T0 + 3 * DAY }, { "learned", T0 } },
    { { 0 } },
    31,
    DUE_OVERDUE,
    "",
    30 },
  { "met",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "learned", T0 }, { "told", T0 + 9 * DAY } },
    { { 0 } },
    40,
    DUE_MET,
    "told",
    30 },
  { "the earliest that meets it",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "told", T0 + 40 * DAY }, { "learned", T0 }, { "notice:customers", T0 + 8 * DAY } },
    { { 0 } },
    41,
    DUE_MET,
    "notice:customers",
    30 },
  { "met before the start is met",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "told", T0 - DAY }, { "learned", T0 } },
    { { 0 } },
    5,
    DUE_MET,
    "told",
    30 },
  { "met late",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "learned", T0 }, { "told", T0 + 31 * DAY } },
    { { 0 } },
    40,
    DUE_MET_LATE,
    "told",
    30 },
  { "met stays met when it no longer applies",
    { { "uncontrolled", false } },
    { { "learned", T0 }, { "told", T0 + 9 * DAY } },
    { { 0 } },
    40,
    DUE_MET,
    "told",
    30 },
  { "another date",
    { { "class:medical-device", true }, { "uncontrolled", true }, { "exempt", false } },
    { { "learned", T0 } },
    { { .name = "FDA-30", .due_at = T0 + 50 * DAY } },
    40,
    DUE_RUNNING,
    "",
    50 },
  { "a date makes it apply",
    { { "uncontrolled", false } },
    { { 0 } },
    { { .name = "fda-30", .due_at = T0 + 50 * DAY } },
    51,
    DUE_OVERDUE,
    "",
    50 },
  { "said to be met",
    { { 0 } },
    { { "learned", T0 } },
    { { .name = "fda-30", .met_at = T0 + 2 * DAY } },
    3,
    DUE_MET,
    "#due",
    30 },
  { "said not to apply",
    { { 0 } },
    { { "learned", T0 } },
    { { .name = "fda-30", .not_applicable = "a demo unit" } },
    3,
    DUE_NOT_APPLICABLE,
    "a demo unit",
    30 },
  { "the later word counts",
    { { 0 } },
    { { 0 } },
    { { .name = "fda-30", .not_applicable = "a demo unit" }, { .name = "fda-30", .due_at = T0 + 4 * DAY } },
    3,
    DUE_RUNNING,
    "",
    4 },
  { "another deadline's word",
    { { 0 } },
    { { 0 } },
    { { .name = "fda-60", .not_applicable = "x" } },
    3,
    DUE_NOT_STARTED,
    "not known yet: class:medical-device",
    -1 },
};

START_TEST(judging)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct due_deadline d = thirty_days(pool);
  struct due_world w = { .calendar = &utc,
                         .event = judged[_i].event,
                         .fact = judged[_i].fact,
                         .override = judged[_i].override,
                         .now = T0 + judged[_i].day * DAY };
  while (w.event_count < 4 && judged[_i].event[w.event_count].name)
    w.event_count++;
  while (w.fact_count < 4 && judged[_i].fact[w.fact_count].word)
    w.fact_count++;
  while (w.override_count < 3 && judged[_i].override[w.override_count].name)
    w.override_count++;
  struct due_status s = due_judge(pool, &d, &w);
  ck_assert_msg(s.state == judged[_i].state, "%s: %s", judged[_i].name, due_state_name(s.state));
  ck_assert_msg(strcmp(s.reason, judged[_i].reason) == 0, "%s: %s", judged[_i].name, s.reason);
  ck_assert_msg(s.due_at == (judged[_i].due < 0 ? 0 : T0 + judged[_i].due * DAY), "%s: due %s", judged[_i].name,
                time_iso(pool, s.due_at));
}
END_TEST

START_TEST(alternatives)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const char *const when[] = { "class:a|class:b|!known", NULL };
  struct due_deadline d =
      define(pool, &(struct due_source){ .name = "x", .starts_at = "go", .span = "1d", .when = when });
  static const struct {
    struct due_fact fact[2];
    enum due_state state;
  } row[] = {
    { { { "class:b", true }, { "known", true } }, DUE_RUNNING },
    { { { "class:c", true }, { "known", true } }, DUE_NOT_APPLICABLE },
    { { { "class:c", true }, { "known", false } }, DUE_RUNNING },
    { { { "class:c", true }, { "other", false } }, DUE_NOT_STARTED },
    { { { "class:a", false }, { "known", true } }, DUE_NOT_STARTED }, /* class:b is not known: no class holds yet */
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    struct due_event go = { "go", T0 };
    struct due_world w = { &utc, &go, 1, row[i].fact, 2, NULL, 0, T0 };
    struct due_status s = due_judge(pool, &d, &w);
    ck_assert_msg(s.state == row[i].state, "%zu", i);
    ck_assert(s.state != DUE_NOT_APPLICABLE || strcmp(s.reason, "not class:a or class:b or not known") == 0);
  }
}
END_TEST

START_TEST(restarting)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const char *const remind[] = { "0 assignee", NULL }, *const met[] = { "done", NULL };
  struct due_deadline d = define(
      pool,
      &(struct due_source){
          .name = "status", .starts_at = "contact", .span = "30d", .restarts = true, .met_by = met, .remind = remind });
  struct due_event e[] = { { "contact", T0 + 20 * DAY }, { "contact", T0 }, { "done", T0 + 10 * DAY } };
  struct due_world w = { .calendar = &utc, .event = e + 1, .event_count = 1, .now = T0 + 30 * DAY };
  struct due_reminder *first, *second, *again;
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, NULL, 0, &first), 1);
  w.event = e;
  w.event_count = 2;
  ck_assert_int_eq(due_judge(pool, &d, &w).due_at, T0 + 50 * DAY);
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, first[0].key, first[0].key_count, &again), 0);
  w.now = T0 + 50 * DAY;
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, first[0].key, first[0].key_count, &second),
                    1); /* a new date, a new reminder */
  w.event_count = 3;    /* done before it began again: not done */
  ck_assert_int_eq(due_judge(pool, &d, &w).state, DUE_RUNNING);
  e[2].at = T0 + 21 * DAY;
  ck_assert_int_eq(due_judge(pool, &d, &w).state, DUE_MET);
}
END_TEST

/* What was said of one round counts until the next begins; why it does not apply counts for good. */
START_TEST(said_of_one_round)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct due_deadline d = define(
      pool, &(struct due_source){ .name = "status", .starts_at = "contact", .span = "30d", .restarts = true });
  struct due_event e[] = { { "contact", T0 }, { "contact", T0 + 20 * DAY } };
  struct due_override o = { .name = "status", .said_at = T0 + 5 * DAY, .due_at = T0 + 90 * DAY };
  struct due_world w = { .calendar = &utc, .event = e, .event_count = 1, .override = &o, .override_count = 1, .now = T0 + 21 * DAY };
  ck_assert_int_eq(due_judge(pool, &d, &w).due_at, T0 + 90 * DAY);
  w.event_count = 2;
  ck_assert_int_eq(due_judge(pool, &d, &w).due_at, T0 + 50 * DAY);
  o.said_at = T0 + 20 * DAY; /* in the same mail as the reply that begins the round */
  ck_assert_int_eq(due_judge(pool, &d, &w).due_at, T0 + 90 * DAY);
  o = (struct due_override){ .name = "status", .said_at = T0 + 5 * DAY, .met_at = T0 + 5 * DAY };
  ck_assert_int_eq(due_judge(pool, &d, &w).state, DUE_RUNNING);
  w.event_count = 1;
  ck_assert_int_eq(due_judge(pool, &d, &w).state, DUE_MET);
  o = (struct due_override){ .name = "status", .said_at = T0 + 5 * DAY, .not_applicable = "no reporter" };
  w.event_count = 2;
  ck_assert_int_eq(due_judge(pool, &d, &w).state, DUE_NOT_APPLICABLE);
}
END_TEST

static const struct due_fact applies[] = { { "class:medical-device", true },
                                           { "uncontrolled", true },
                                           { "exempt", false } };
static const struct due_event learned[] = { { "learned", T0 } };

/* Runs the clock through the instants given, keeping the keys; "a" assignee, "l" lead, "A" all for each letter, "." for
 * none. */
static void run(struct pool *pool, const int64_t *now, size_t count, char *out)
{
  struct due_deadline d = thirty_days(pool);
  const char *sent[64];
  size_t sent_count = 0;
  for (size_t i = 0; i < count; i++) {
    struct due_world w = { &utc, learned, 1, applies, 3, NULL, 0, now[i] };
    struct due_reminder *r;
    size_t n = due_plan(pool, &d, 1, &w, sent, sent_count, &r);
    ck_assert_uint_le(n, 1);
    out[i] = n ? "alA"[r[0].audience] : '.';
    for (size_t k = 0; n && k < r[0].key_count; k++)
      sent[sent_count++] = r[0].key[k];
  }
  out[count] = '\0';
}

START_TEST(reminders_in_time)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const struct {
    const char *name;
    double day[8];
    size_t count;
    const char *letters;
  } row[] = {
    { "step by step", { 0, 22.9, 23, 23.1, 29, 30, 31, 32 }, 8, "..a.llA." },
    { "a machine that slept", { 10, 40, 41 }, 3, ".A." },
    { "slept to the day before", { 10, 29.5, 30, 31 }, 4, ".llA" },
    { "the clock went back and on again", { 24, 10, 23, 24, 29 }, 5, "a...l" },
    { "far ahead and back: nothing twice", { 100, 20, 25, 31 }, 4, "A..." },
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    int64_t now[8];
    char got[9];
    for (size_t k = 0; k < row[i].count; k++)
      now[k] = T0 + (int64_t)(row[i].day[k] * (double)DAY);
    run(pool, now, row[i].count, got);
    ck_assert_msg(strcmp(got, row[i].letters) == 0, "%s: %s, not %s", row[i].name, got, row[i].letters);
  }
}
END_TEST

/* Every walk through time, with jumps both ways, reminds of each point that was ever reached, and of each once. */
START_TEST(none_lost_none_twice)
{
  static const int64_t point[] = { T0 + 23 * DAY, T0 + 29 * DAY, T0 + 30 * DAY, T0 + 31 * DAY };
  unsigned seed = 7;
  for (int walk = 0; walk < 300; walk++) {
    AUTO(pool_freep) struct pool *pool = pool_new("walk");
    struct due_deadline d = thirty_days(pool);
    const char *sent[16];
    size_t sent_count = 0, reached = 0;
    int64_t now = T0, latest = T0;
    for (int step = 0; step < 30; step++) {
      seed = seed * 1664525u + 1013904223u;
      now += ((int64_t)(seed >> 16) % 200 - 60) * 3600;
      latest = now > latest ? now : latest;
      struct due_world w = { &utc, learned, 1, applies, 3, NULL, 0, now };
      struct due_reminder *r;
      if (!due_plan(pool, &d, 1, &w, sent, sent_count, &r))
        continue;
      for (size_t k = 0; k < r[0].key_count; k++) {
        for (size_t i = 0; i < sent_count; i++)
          ck_assert_str_ne(sent[i], r[0].key[k]);
        ck_assert_uint_lt(sent_count, ARRAY_LEN(sent));
        sent[sent_count++] = r[0].key[k];
      }
    }
    for (size_t i = 0; i < ARRAY_LEN(point); i++)
      reached += point[i] <= latest;
    ck_assert_uint_eq(sent_count, reached);
  }
}
END_TEST

START_TEST(no_reminder_of_what_does_not_run)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct due_deadline d = thirty_days(pool);
  struct due_event met[] = { { "learned", T0 }, { "told", T0 + DAY } };
  struct due_world w = { &utc, met, 2, applies, 3, NULL, 0, T0 + 60 * DAY };
  struct due_reminder *r;
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, NULL, 0, &r), 0);
  w.event_count = 1;
  w.fact_count = 1;
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, NULL, 0, &r), 0);
  ck_assert_int_eq(due_next(pool, &d, 1, &w), 0);
}
END_TEST

/* A day's warning of a duty of 24 hours lies at its start, a week's before it: neither is one. */
START_TEST(points_before_the_start)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const char *const remind[] = { "-7d assignee", "-24h assignee", "-12h lead", NULL };
  struct due_deadline d =
      define(pool, &(struct due_source){ .name = "early", .starts_at = "exploited", .span = "24h", .remind = remind });
  struct due_event e = { "exploited", T0 };
  struct due_world w = { .calendar = &utc, .event = &e, .event_count = 1, .now = T0 + 60 };
  struct due_reminder *r;
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, NULL, 0, &r), 0);
  ck_assert_int_eq(due_next(pool, &d, 1, &w), T0 + 12 * 3600);
  w.now = T0 + 12 * 3600;
  ck_assert_uint_eq(due_plan(pool, &d, 1, &w, NULL, 0, &r), 1);
  ck_assert_uint_eq(r[0].key_count, 1);
  ck_assert_int_eq(due_next(pool, &d, 1, &w), T0 + DAY);
}
END_TEST

START_TEST(definitions_refused)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  static const char *const bad_point[] = { "-7d everyone", NULL }, *const bad_point2[] = { "7d lead", NULL },
                           *const bad_point3[] = { "-7d", NULL };
  static const char *const bad_when[] = { "a||b", NULL }, *const bad_when2[] = { "Uncontrolled", NULL },
                           *const bad_met[] = { "a|b", NULL };
  static const char *const many[] = { "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                      "a", "a", "a", "a", "a", "a", "a", "a", NULL };
  static const struct {
    struct due_source src;
    const char *error;
  } row[] = {
    { { .name = "", .starts_at = "a", .span = "1d" }, "name is lower case" },
    { { .name = "Upper", .starts_at = "a", .span = "1d" }, "name is lower case" },
    { { .name = "x", .span = "1d" }, "starts_at" },
    { { .name = "x", .starts_at = "a b", .span = "1d" }, "starts_at" },
    { { .name = "x", .starts_at = "a", .span = "soon" }, "span: \"soon\"" },
    { { .name = "x", .starts_at = "a", .span = "0d" }, "span: \"0d\"" },
    { { .name = "x", .starts_at = "a", .span = "1d", .when = bad_when }, "when" },
    { { .name = "x", .starts_at = "a", .span = "1d", .when = bad_when2 }, "when" },
    { { .name = "x", .starts_at = "a", .span = "1d", .when = many }, "at most 16" },
    { { .name = "x", .starts_at = "a", .span = "1d", .met_by = bad_met }, "met_by" },
    { { .name = "x", .starts_at = "a", .span = "1d", .remind = bad_point }, "\"-7d everyone\"" },
    { { .name = "x", .starts_at = "a", .span = "1d", .remind = bad_point2 }, "\"7d lead\"" },
    { { .name = "x", .starts_at = "a", .span = "1d", .remind = bad_point3 }, "\"-7d\"" },
    { { .name = "x", .starts_at = "a", .span = "1d", .remind = many }, "remind" },
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    struct due_deadline d;
    struct fault err = { 0 };
    ck_assert_int_eq(due_define(pool, &row[i].src, &d, &err), ST_REJECT);
    ck_assert_msg(strstr(err.text, row[i].error) != NULL, "%zu: %s", i, err.text);
  }
}
END_TEST

/* The digest at 08:00 in Berlin: once a day, over both changes of the clocks, over jumps, and after a rest. */
START_TEST(daily_digest)
{
  static const struct due_calendar berlin = { "Europe/Berlin", NULL, 0 };
  static const struct {
    const char *now; /* UTC */
    int last, day;   /* day 0: no digest */
  } row[] = {
    { "2026-11-24T06:59Z", 0, 0 },
    { "2026-11-24T07:00Z", 0, 20261124 },
    { "2026-11-24T07:01Z", 20261124, 0 },
    { "2026-11-24T23:30Z", 20261124, 0 }, /* 00:30 the next day: not yet 08:00 */
    { "2026-11-25T09:00Z", 20261124, 20261125 },
    { "2026-11-23T09:00Z", 20261124, 0 }, /* the clock went back */
    { "2026-12-05T07:00Z", 20261124, 20261205 },
    { "2026-03-29T05:59Z", 20260328, 0 }, /* summer time: 08:00 is 06:00Z */
    { "2026-03-29T06:00Z", 20260328, 20260329 },
    { "2026-10-25T06:30Z", 20261024, 0 },
    { "2026-10-25T07:00Z", 20261024, 20261025 },
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    int64_t now;
    int day = 0;
    ck_assert(time_parse(row[i].now, 0, 0, "UTC", &now));
    ck_assert_msg(due_digest(&berlin, 8, now, row[i].last, &day) == (row[i].day != 0), "%s", row[i].now);
    ck_assert(row[i].day == 0 || day == row[i].day);
  }
  /* A year, hour by hour, for hours that a change of the clocks touches and others: one digest a day, no day without.
   */
  static const int hours[] = { 0, 2, 3, 23 };
  for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
    int last = 0, made = 0, day;
    for (int64_t t = T0; t < T0 + 365 * DAY; t += 3600)
      if (due_digest(&berlin, hours[i], t, last, &day)) {
        ck_assert_int_gt(day, last);
        last = day;
        made++;
      }
    ck_assert_int_ge(made, 365);
    ck_assert_int_le(made, 366);
  }
}
END_TEST

START_TEST(clock_jumps)
{
  ck_assert_int_eq(due_clock_jump(1000, 5000, 1300, 305000), 0);
  ck_assert_int_eq(due_clock_jump(1000, 5000, 1600, 305000), 0);
  ck_assert_int_eq(due_clock_jump(1000, 5000, 1601, 305000), 301);
  ck_assert_int_eq(due_clock_jump(1000, 5000, 999, 305000), -301);
  ck_assert_int_eq(due_clock_jump(1000, 5000, 87400, 5000), 86400);
}
END_TEST

/* Of 2,000 cases a look loads those only whose time has come, each once. */
START_TEST(an_agenda_of_many)
{
  struct pool *p = pool_new("agenda"), *scratch = pool_new("look");
  struct due_agenda *a = due_agenda_new(p);
  const char **id = NULL;
  size_t loads = 0;
  ck_assert_int_eq(due_agenda_next(a), 0);
  for (int i = 0; i < 2000; i++)
    due_agenda_set(a, pool_printf(p, "EMB-2026-%04d", i), i % 100 ? 100000 + i : 500 + i);
  ck_assert_int_eq(due_agenda_next(a), 500);
  for (int64_t now = 0; now <= 7200; now += 3600) /* three hourly looks */
    loads += due_agenda_take(a, scratch, now, &id);
  ck_assert_uint_eq(loads, 20);
  ck_assert_int_eq(due_agenda_next(a), 100001);
  due_agenda_set(a, "EMB-2026-0100", 7000); /* looked at: its next one; set again, it moves */
  due_agenda_set(a, "EMB-2026-0001", 9000);
  due_agenda_set(a, "EMB-2026-0002", 0);
  ck_assert_uint_eq(due_agenda_take(a, scratch, 8999, &id), 1);
  ck_assert_str_eq(id[0], "EMB-2026-0100");
  ck_assert_int_eq(due_agenda_next(a), 9000);
  ck_assert_uint_eq(due_agenda_take(a, scratch, INT64_MAX, &id), 1980 - 1);
  ck_assert_int_eq(due_agenda_next(a), 0);
  pool_free(&scratch);
  pool_free(&p);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("due");
  TCase *t = tcase_create("deadlines");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, judging, 0, (int)ARRAY_LEN(judged));
  tcase_add_test(t, alternatives);
  tcase_add_test(t, restarting);
  tcase_add_test(t, said_of_one_round);
  tcase_add_test(t, reminders_in_time);
  tcase_add_test(t, none_lost_none_twice);
  tcase_add_test(t, no_reminder_of_what_does_not_run);
  tcase_add_test(t, points_before_the_start);
  tcase_add_test(t, definitions_refused);
  tcase_add_test(t, daily_digest);
  tcase_add_test(t, clock_jumps);
  tcase_add_test(t, an_agenda_of_many);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
