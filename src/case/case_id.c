/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/id: PREFIX-YYYY-NNNN. One case has one spelling: four digits, more only without a leading zero. */
#include <config.h>

#include <embargod/case.h>
#include <embargod/text.h>
#include <string.h>
#include <time.h>

#define SERIAL_DIGITS_MAX 9
#define IDS_MAX 64

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

/* Length of the id at the start of s, or 0. */
static size_t id_length(struct bytes prefix, struct bytes s)
{
  if (prefix.len == 0 || !bytes_istarts(s, prefix))
    return 0;
  size_t at = prefix.len, serial = prefix.len + 6;
  if (s.len < serial || s.p[at] != '-' || s.p[at + 5] != '-')
    return 0;
  for (size_t i = at + 1; i < at + 5; i++)
    if (!is_digit(s.p[i]))
      return 0;
  size_t end = serial;
  while (end < s.len && is_digit(s.p[end]))
    end++;
  size_t digits = end - serial;
  if (digits < 4 || digits > SERIAL_DIGITS_MAX || (digits > 4 && s.p[serial] == '0'))
    return 0;
  return end;
}

static char *id_upper(struct pool *pool, struct bytes s)
{
  char *id = pool_str(pool, s);
  for (char *p = id; *p; p++)
    if (*p >= 'a' && *p <= 'z')
      *p = (char)(*p - 'a' + 'A');
  return id;
}

static bool listed(const char *const *ids, size_t count, const char *id)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(ids[i], id) == 0)
      return true;
  return false;
}

size_t case_ids_in(struct pool *pool, const char *prefix, const char *text, const char ***out)
{
  struct bytes all = bytes_str(text), want = bytes_str(prefix);
  size_t count = 0, cap = 0;
  *out = NULL;
  for (size_t off = 0; off < all.len && count < IDS_MAX; off++) {
    if (off > 0 && is_word(all.p[off - 1]))
      continue;
    struct bytes rest = bytes_sub(all, off, all.len - off);
    size_t len = id_length(want, rest);
    bool cut_short = len && len < rest.len && is_word(rest.p[len]);
    if (len == 0 || cut_short)
      continue;
    const char *id = id_upper(pool, bytes_sub(rest, 0, len));
    if (!listed(*out, count, id)) {
      *out = pool_grow(pool, *out, count, &cap, sizeof **out);
      (*out)[count++] = id;
    }
    off += len - 1;
  }
  return count;
}

bool case_id_valid(const char *prefix, const char *id)
{
  struct bytes s = bytes_str(id);
  return s.len > 0 && id_length(bytes_str(prefix), s) == s.len;
}

int case_id_year(int64_t now)
{
  time_t t = (time_t)now;
  struct tm tm;
  return gmtime_r(&t, &tm) ? tm.tm_year + 1900 : 1970;
}
