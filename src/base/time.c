/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/time: dates as people write and read them. Zones are the system's (tzdata) through the C library: TZ is set
 * around one call and put back, which a process without threads may do. */
#include <config.h>

#include <embargod/text.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define YEAR_FIRST 1970
#define YEAR_LAST 9999
/* 9999-12-31T23:59:59Z */
#define TIME_LAST INT64_C(253402300799)

static const char *const day_name[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const month_name[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* The environment's TZ while another one is in force. */
struct zone_swap {
  char *was;
  bool active;
};

static void zone_back(struct zone_swap *swap)
{
  if (!swap->active)
    return;
  if (swap->was)
    setenv("TZ", swap->was, 1);
  else
    unsetenv("TZ");
  free(swap->was);
  tzset();
}

static struct zone_swap zone_set(const char *zone)
{
  const char *was = getenv("TZ");
  struct zone_swap swap = { .was = was ? strdup(was) : NULL, .active = true };
  setenv("TZ", zone, 1);
  tzset();
  return swap;
}

static bool is_utc(const char *zone)
{
  return !zone || !*zone || strcmp(zone, "UTC") == 0 || strcmp(zone, "Etc/UTC") == 0;
}

bool time_zone_valid(const char *zone)
{
  if (is_utc(zone))
    return true;
  if (zone[0] == '/' || strstr(zone, "..") || strlen(zone) > 64)
    return false;
  for (const char *p = zone; *p; p++)
    if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("_+-/", *p)))
      return false;
  char path[128], magic[4];
  snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool good = read(fd, magic, sizeof magic) == (ssize_t)sizeof magic && memcmp(magic, "TZif", 4) == 0;
  close(fd);
  return good;
}

/* What lies outside the years that people write is shown as the nearest end. */
static struct tm utc(int64_t t)
{
  time_t clamped = (time_t)(t < 0 ? 0 : t > TIME_LAST ? TIME_LAST : t);
  struct tm tm;
  gmtime_r(&clamped, &tm);
  return tm;
}

char *time_iso(struct pool *pool, int64_t t)
{
  struct tm tm = utc(t);
  return pool_printf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, tm.tm_sec);
}

char *time_rfc5322(struct pool *pool, int64_t t)
{
  struct tm tm = utc(t);
  return pool_printf(pool, "%s, %02d %s %04d %02d:%02d:%02d +0000", day_name[tm.tm_wday], tm.tm_mday,
                     month_name[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *time_local(struct pool *pool, int64_t t, const char *zone)
{
  AUTO(zone_back) struct zone_swap swap = { 0 };
  struct tm tm = utc(t);
  const char *name = "UTC";
  if (!is_utc(zone)) {
    swap = zone_set(zone);
    time_t clamped = (time_t)(t < 0 ? 0 : t > TIME_LAST ? TIME_LAST : t);
    localtime_r(&clamped, &tm);
    name = tm.tm_zone;
  }
  return pool_printf(pool, "%04d-%02d-%02d %02d:%02d %s", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, name);
}

char *time_both(struct pool *pool, int64_t t, const char *zone)
{
  const char *iso = time_iso(pool, t), *local = time_local(pool, t, zone), *name = strrchr(local, ' ') + 1;
  if (strcmp(name, "UTC") != 0)
    return pool_printf(pool, "%s (%s)", local, iso);
  return t % 60 ? pool_printf(pool, "%.10s %.8s UTC", iso, iso + 11) : pool_strdup(pool, local);
}

/* Exactly width digits at *p; moves it on. -1 if they are not there. */
static int digits(const char **p, int width)
{
  int v = 0;
  for (int i = 0; i < width; i++, (*p)++) {
    if (**p < '0' || **p > '9')
      return -1;
    v = v * 10 + (**p - '0');
  }
  return v;
}

static bool literal(const char **p, char c)
{
  if (**p != c)
    return false;
  (*p)++;
  return true;
}

int time_days_in_month(int year, int month)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[month - 1] + (month == 2 && leap);
}

/* "+30d", also h and w. */
static bool parse_relative(const char *s, int64_t now, int64_t *out)
{
  static const struct {
    char unit;
    int64_t seconds;
  } units[] = { { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
  int64_t n = 0;
  const char *p = s + 1;
  for (; *p >= '0' && *p <= '9'; p++) {
    n = n * 10 + (*p - '0');
    if (n > 1000000)
      return false;
  }
  if (p == s + 1 || !*p || p[1])
    return false;
  for (size_t i = 0; i < ARRAY_LEN(units); i++)
    if (*p == units[i].unit && !__builtin_add_overflow(now, n * units[i].seconds, out) && *out <= TIME_LAST)
      return true;
  return false;
}

static bool parse_date(const char **p, struct tm *tm)
{
  int year = digits(p, 4);
  if (year < YEAR_FIRST || !literal(p, '-'))
    return false;
  int month = digits(p, 2);
  if (month < 1 || month > 12 || !literal(p, '-'))
    return false;
  int day = digits(p, 2);
  if (day < 1 || day > time_days_in_month(year, month))
    return false;
  *tm = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1 };
  return true;
}

/* "T09:00[:00]" */
static bool parse_clock(const char **p, struct tm *tm)
{
  if (!literal(p, 'T'))
    return false;
  tm->tm_hour = digits(p, 2);
  if (tm->tm_hour < 0 || tm->tm_hour > 23 || !literal(p, ':'))
    return false;
  tm->tm_min = digits(p, 2);
  if (tm->tm_min < 0 || tm->tm_min > 59)
    return false;
  if (!literal(p, ':'))
    return true;
  tm->tm_sec = digits(p, 2);
  return tm->tm_sec >= 0 && tm->tm_sec <= 59;
}

bool time_parse(const char *s, int64_t now, int hour, const char *zone, int64_t *out)
{
  if (!s)
    return false;
  if (*s == '+')
    return parse_relative(s, now, out);
  const char *p = s;
  struct tm tm;
  if (!parse_date(&p, &tm))
    return false;
  tm.tm_hour = hour;
  if (*p && !parse_clock(&p, &tm))
    return false;
  bool zulu = p[0] == 'Z' && p > s + 10;
  if (p[zulu])
    return false;
  if (zulu || is_utc(zone)) {
    *out = timegm(&tm);
    return true;
  }
  AUTO(zone_back) struct zone_swap swap = zone_set(zone);
  time_t local = mktime(&tm);
  *out = local;
  return local != (time_t)-1;
}

static struct time_civil civil_of(const struct tm *tm)
{
  return (struct time_civil){ tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec };
}

struct time_civil time_civil(int64_t t, const char *zone)
{
  AUTO(zone_back) struct zone_swap swap = { 0 };
  struct tm tm = utc(t);
  if (!is_utc(zone)) {
    swap = zone_set(zone);
    time_t clamped = (time_t)(t < 0 ? 0 : t > TIME_LAST ? TIME_LAST : t);
    localtime_r(&clamped, &tm);
  }
  return civil_of(&tm);
}

/* mktime() decides by its last call which of two equal times it means, so the offsets a day before and a day after are tried: zones
 * change at most once in that time. */
int64_t time_from_civil(struct time_civil c, const char *zone)
{
  struct tm tm = { .tm_year = c.year - 1900, .tm_mon = c.month - 1, .tm_mday = c.day, .tm_hour = c.hour, .tm_min = c.minute, .tm_sec = c.second };
  time_t as_utc = timegm(&tm);
  if (is_utc(zone))
    return as_utc;
  AUTO(zone_back) struct zone_swap swap = zone_set(zone);
  struct tm before, after, check;
  time_t around[2] = { as_utc - 86400, as_utc + 86400 };
  localtime_r(&around[0], &before);
  localtime_r(&around[1], &after);
  time_t first = as_utc - before.tm_gmtoff, second = as_utc - after.tm_gmtoff;
  localtime_r(&first, &check);
  if (check.tm_gmtoff == before.tm_gmtoff)
    return first;
  localtime_r(&second, &check);
  return check.tm_gmtoff == after.tm_gmtoff ? second : first;
}

/* ---- how long things took ---- */
static int by_size(const void *a, const void *b)
{
  const int64_t *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

struct middle middle_of(int64_t *value, size_t count)
{
  if (!count)
    return (struct middle){ 0 };
  qsort(value, count, sizeof *value, by_size);
  size_t mid = count / 2;
  int64_t median = count % 2 ? value[mid] : value[mid - 1] + (value[mid] - value[mid - 1]) / 2;
  return (struct middle){ median, value[count - 1] };
}
