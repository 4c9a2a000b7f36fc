/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/log: one logfmt line, one write(). */
#include <config.h>

#include <embargod/log.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <embargod/text.h>

#include "base_private.h"

#define LINE_MAX_BYTES 2048
#define VALUE_MAX_BYTES 512

struct line {
  char text[LINE_MAX_BYTES];
  size_t len;
};

/* What does not fit is left out whole; one byte stays free for the LF. */
static bool put(struct line *ln, const char *s, size_t len)
{
  if (ln->len + len + 1 > sizeof ln->text)
    return false;
  memcpy(ln->text + ln->len, s, len);
  ln->len += len;
  return true;
}

static bool is_plain(const char *s)
{
  if (!*s)
    return false;
  for (; *s; s++)
    if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("_.:/@+-", *s)))
      return false;
  return true;
}

static void put_value(struct line *ln, const char *s)
{
  bool quoted = !is_plain(s);
  size_t from = ln->len, end = from + VALUE_MAX_BYTES;
  if (quoted)
    put(ln, "\"", 1);
  struct bytes all = bytes_str(s);
  for (size_t off = 0; off < all.len;) {
    char piece[16];
    size_t n = 2;
    if (all.p[off] == '"' || all.p[off] == '\\') {
      piece[0] = '\\';
      piece[1] = all.p[off++];
    } else {
      n = text_escape_next(all, &off, piece);
    }
    if (ln->len + n > end || ln->len + n + 8 > sizeof ln->text) {
      put(ln, "...", 3);
      break;
    }
    put(ln, piece, n);
  }
  if (quoted)
    put(ln, "\"", 1);
}

static void put_key(struct line *ln, const char *key)
{
  put(ln, " ", 1);
  put(ln, key, strlen(key));
  put(ln, "=", 1);
}

/* The journal has its own time and level; on a terminal or in a file the line brings them. */
static void put_head(struct line *ln, const struct logger *lg, enum log_level level)
{
  static const char *const name[] = { "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug" };
  char head[96];
  int n;
  if (lg->sd_levels) {
    n = snprintf(head, sizeof head, "<%d>", (int)level);
  } else {
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    n = snprintf(head, sizeof head, "time=%04d-%02d-%02dT%02d:%02d:%02dZ ", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
  }
  put(ln, head, (size_t)n);
  n = snprintf(head, sizeof head, "level=%s program=%.40s", name[level & 7], lg->program ? lg->program : "embargod");
  put(ln, head, (size_t)n);
}

void log_write(const struct logger *lg, enum log_level level, const char *msg, const struct log_field *fields)
{
  if (!lg || level > lg->level)
    return;
  struct line ln = { .len = 0 };
  put_head(&ln, lg, level);
  put_key(&ln, "msg");
  put_value(&ln, msg);
  for (; fields && fields->key; fields++) {
    size_t room = sizeof ln.text - ln.len;
    if (strlen(fields->key) + 40 > room)
      break;
    put_key(&ln, fields->key);
    if (fields->str) {
      put_value(&ln, fields->str);
    } else {
      char number[24];
      int n = snprintf(number, sizeof number, "%" PRId64, fields->num);
      put(&ln, number, (size_t)n);
    }
  }
  ln.text[ln.len++] = '\n';
  ssize_t done = write(lg->fd, ln.text, ln.len);
  (void)done; /* nobody is left to be told */
}
