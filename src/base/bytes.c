/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/bytes: borrowed strings with a length. */
#include <config.h>

#include <embargod/base.h>
#include <string.h>

struct bytes bytes_str(const char *s)
{
  return (struct bytes){ s ? s : "", s ? strlen(s) : 0 };
}

bool bytes_eq(struct bytes a, struct bytes b)
{
  return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool bytes_starts(struct bytes s, struct bytes prefix)
{
  return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

size_t bytes_find(struct bytes hay, struct bytes needle, size_t from)
{
  if (from > hay.len || hay.len - from < needle.len)
    return SIZE_MAX;
  if (needle.len == 0)
    return from;
  const char *hit = memmem(hay.p + from, hay.len - from, needle.p, needle.len);
  return hit ? (size_t)(hit - hay.p) : SIZE_MAX;
}

struct bytes bytes_sub(struct bytes s, size_t off, size_t len)
{
  if (off >= s.len)
    return (struct bytes){ s.len ? s.p + s.len : s.p, 0 };
  size_t rest = s.len - off;
  return (struct bytes){ s.p + off, len < rest ? len : rest };
}

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes bytes_trim(struct bytes s)
{
  size_t from = 0, end = s.len;
  while (from < end && is_space(s.p[from]))
    from++;
  while (end > from && is_space(s.p[end - 1]))
    end--;
  return bytes_sub(s, from, end - from);
}

bool bytes_next_line(struct bytes *rest, struct bytes *line)
{
  if (rest->len == 0)
    return false;
  const char *lf = memchr(rest->p, '\n', rest->len);
  size_t len = lf ? (size_t)(lf - rest->p) : rest->len;
  size_t step = lf ? len + 1 : len;
  *line = (struct bytes){ rest->p, lf && len && rest->p[len - 1] == '\r' ? len - 1 : len };
  *rest = (struct bytes){ rest->p + step, rest->len - step };
  return true;
}

bool span_inside(struct byte_span span, size_t whole)
{
  return span.off <= whole && span.len <= whole - span.off;
}

struct bytes span_of(struct bytes whole, struct byte_span span)
{
  invariant(span_inside(span, whole.len));
  return (struct bytes){ whole.p ? whole.p + span.off : whole.p, span.len };
}
