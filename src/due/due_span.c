/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due/span: hours, days, working days and months in a zone. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "due_private.h"

#define COUNT_MAX 100000

static const struct {
  const char *mark, *one, *many;
} units[] = {
  [DUE_HOURS] = { "h", "hour", "hours" },
  [DUE_DAYS] = { "d", "day", "days" },
  [DUE_WORKING_DAYS] = { "wd", "working day", "working days" },
  [DUE_MONTHS] = { "mo", "month", "months" },
};

bool due_span_parse(const char *s, struct due_span *out)
{
  int n = 0;
  const char *p = s ? s : "";
  for (; *p >= '0' && *p <= '9' && n <= COUNT_MAX; p++)
    n = n * 10 + (*p - '0');
  if (p == s || n > COUNT_MAX)
    return false;
  for (size_t i = 0; i < ARRAY_LEN(units); i++)
    if (strcmp(p, units[i].mark) == 0) {
      *out = (struct due_span){ n, (enum due_unit)i };
      return true;
    }
  return false;
}

char *due_span_text(struct pool *pool, struct due_span s)
{
  int n = s.count < 0 ? -s.count : s.count;
  return pool_printf(pool, "%d %s", n, n == 1 ? units[s.unit].one : units[s.unit].many);
}

static bool number(const char **p, size_t width, int *out)
{
  *out = 0;
  for (size_t i = 0; i < width; i++, (*p)++) {
    if (**p < '0' || **p > '9')
      return false;
    *out = *out * 10 + (**p - '0');
  }
  return true;
}

bool due_holiday_parse(const char *s, struct due_holiday *out)
{
  const char *p = s ? s : "";
  struct due_holiday h = { 0 };
  if (strlen(p) == 10 && (!number(&p, 4, &h.year) || *p++ != '-' || h.year < 1970))
    return false;
  if (!number(&p, 2, &h.month) || *p++ != '-' || !number(&p, 2, &h.day) || *p != '\0')
    return false;
  int leap = 2024; /* 02-29 of every year is fine */
  if (h.month < 1 || h.month > 12 || h.day < 1 || h.day > time_days_in_month(h.year ? h.year : leap, h.month))
    return false;
  *out = h;
  return true;
}

/* 0 = Sunday (Sakamoto). */
static int weekday(struct time_civil c)
{
  static const int shift[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
  int y = c.year - (c.month < 3);
  return (y + y / 4 - y / 100 + y / 400 + shift[c.month - 1] + c.day) % 7;
}

static bool works(const struct due_calendar *c, struct time_civil d)
{
  int w = weekday(d);
  if (w == 0 || w == 6)
    return false;
  for (size_t i = 0; i < c->holiday_count; i++) {
    const struct due_holiday *h = &c->holiday[i];
    if ((h->year == 0 || h->year == d.year) && h->month == d.month && h->day == d.day)
      return false;
  }
  return true;
}

bool due_working_day(const struct due_calendar *c, int64_t t)
{
  return works(c, time_civil(t, c->zone));
}

int due_day_number(const struct due_calendar *c, int64_t t)
{
  struct time_civil d = time_civil(t, c->zone);
  return d.year * 10000 + d.month * 100 + d.day;
}

/* The next day, or the one before. */
static void step(struct time_civil *d, int by)
{
  d->day += by;
  if (d->day < 1) {
    d->month--;
    if (d->month < 1)
      *d = (struct time_civil){ d->year - 1, 12, d->day, d->hour, d->minute, d->second };
    d->day = time_days_in_month(d->year, d->month);
  } else if (d->day > time_days_in_month(d->year, d->month)) {
    d->day = 1;
    if (++d->month > 12)
      *d = (struct time_civil){ d->year + 1, 1, 1, d->hour, d->minute, d->second };
  }
}

static void add_working_days(const struct due_calendar *c, struct time_civil *d, int count)
{
  int by = count < 0 ? -1 : 1;
  /* A holiday list that leaves no working day would never end: a year without one is enough. */
  for (int left = count * by, idle = 0; left > 0 && idle < 366;) {
    step(d, by);
    idle = works(c, *d) ? 0 : idle + 1;
    left -= idle == 0;
  }
}

static void add_months(struct time_civil *d, int count)
{
  int months = d->year * 12 + d->month - 1 + count;
  d->year = months / 12;
  d->month = months % 12 + 1;
  int last = time_days_in_month(d->year, d->month);
  d->day = d->day < last ? d->day : last;
}

int64_t due_add(const struct due_calendar *c, int64_t t, struct due_span s)
{
  if (s.unit == DUE_HOURS)
    return t + s.count * INT64_C(3600);
  if (s.count == 0)
    return t;
  struct time_civil d = time_civil(t, c->zone);
  if (s.unit == DUE_DAYS)
    d.day += s.count;
  else if (s.unit == DUE_WORKING_DAYS)
    add_working_days(c, &d, s.count);
  else
    add_months(&d, s.count);
  return time_from_civil(d, c->zone);
}
