/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/text: ASCII case, UTF-8, line ends. No locale. */
#include <config.h>

#include <embargod/text.h>
#include <stdio.h>
#include <string.h>

#include "base_private.h"

#define REPLACEMENT 0xFFFDu

static unsigned char lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool bytes_istarts(struct bytes s, struct bytes prefix)
{
  if (s.len < prefix.len)
    return false;
  for (size_t i = 0; i < prefix.len; i++)
    if (lower(s.p[i]) != lower(prefix.p[i]))
      return false;
  return true;
}

bool bytes_ieq(struct bytes a, struct bytes b)
{
  return a.len == b.len && bytes_istarts(a, b);
}

bool text_ieq(const char *a, const char *b)
{
  return a && b ? bytes_ieq(bytes_str(a), bytes_str(b)) : a == b;
}

bool text_istarts(const char *s, const char *prefix)
{
  return s && prefix && bytes_istarts(bytes_str(s), bytes_str(prefix));
}

size_t bytes_ifind(struct bytes hay, struct bytes needle, size_t from)
{
  if (from > hay.len || hay.len - from < needle.len)
    return SIZE_MAX;
  for (size_t at = from; at <= hay.len - needle.len; at++)
    if (bytes_istarts(bytes_sub(hay, at, needle.len), needle))
      return at;
  return SIZE_MAX;
}

char *text_lower(struct pool *pool, const char *s)
{
  char *out = pool_strdup(pool, s);
  for (char *p = out; p && *p; p++)
    *p = (char)lower(*p);
  return out;
}

char *text_upper(struct pool *pool, const char *s)
{
  char *out = pool_strdup(pool, s);
  for (char *p = out; p && *p; p++)
    if (*p >= 'a' && *p <= 'z')
      *p = (char)(*p - 'a' + 'A');
  return out;
}

bool text_empty(const char *s)
{
  return bytes_trim(bytes_str(s)).len == 0;
}

/* Length of the well-formed character at off, or 0 (RFC 3629: no surrogates, no overlong forms, <= U+10FFFF). */
static size_t utf8_one(struct bytes s, size_t off, uint32_t *cp)
{
  static const struct {
    unsigned char mask, lead;
    uint32_t least;
  } form[] = { { 0x80, 0x00, 0 }, { 0xE0, 0xC0, 0x80 }, { 0xF0, 0xE0, 0x800 }, { 0xF8, 0xF0, 0x10000 } };
  unsigned char first = (unsigned char)s.p[off];
  for (size_t n = 0; n < ARRAY_LEN(form); n++) {
    if ((first & form[n].mask) != form[n].lead)
      continue;
    if (s.len - off <= n)
      return 0;
    uint32_t value = first & (unsigned char)~form[n].mask;
    for (size_t i = 1; i <= n; i++) {
      unsigned char more = (unsigned char)s.p[off + i];
      if ((more & 0xC0) != 0x80)
        return 0;
      value = value << 6 | (more & 0x3F);
    }
    if (value < form[n].least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
      return 0;
    *cp = value;
    return n + 1;
  }
  return 0;
}

bool utf8_valid(struct bytes s)
{
  uint32_t cp;
  for (size_t off = 0, n; off < s.len; off += n)
    if ((n = utf8_one(s, off, &cp)) == 0)
      return false;
  return true;
}

uint32_t utf8_next(struct bytes s, size_t *off)
{
  uint32_t cp = REPLACEMENT;
  if (*off >= s.len)
    return cp;
  size_t n = utf8_one(s, *off, &cp);
  *off += n ? n : 1;
  return n ? cp : REPLACEMENT;
}

void utf8_put(struct buf *b, uint32_t cp)
{
  if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
    cp = REPLACEMENT;
  if (cp < 0x80) {
    buf_addc(b, (char)cp);
    return;
  }
  char out[4];
  size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
  for (size_t i = n - 1; i > 0; i--, cp >>= 6)
    out[i] = (char)(0x80 | (cp & 0x3F));
  out[0] = (char)(lead[n] | cp);
  buf_add(b, (struct bytes){ out, n });
}

struct bytes utf8_repair(struct pool *pool, struct bytes s)
{
  if (utf8_valid(s))
    return pool_bytes_dup(pool, s);
  struct buf b = buf_new(pool, s.len + s.len / 8);
  for (size_t off = 0; off < s.len;)
    utf8_put(&b, utf8_next(s, &off));
  return buf_bytes(&b);
}

size_t utf8_cut(struct bytes s, size_t max)
{
  if (s.len <= max)
    return s.len;
  size_t cut = max;
  /* A character has at most three bytes that continue it; more of them are no character. */
  for (int back = 0; back < 3 && cut > 0 && ((unsigned char)s.p[cut] & 0xC0) == 0x80; back++)
    cut--;
  uint32_t cp;
  size_t n = utf8_one(s, cut, &cp);
  return n && cut + n > max ? cut : max;
}

bool text_deceives(uint32_t cp)
{
  return (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x2028 || cp == 0x2029;
}

static bool is_control(uint32_t cp)
{
  return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F);
}

char *text_clean(struct pool *pool, struct bytes s, bool multi_line)
{
  struct buf b = buf_new(pool, s.len);
  for (size_t off = 0; off < s.len;) {
    uint32_t cp = utf8_next(s, &off);
    if (cp == '\r' && multi_line && off < s.len && s.p[off] == '\n')
      continue;
    bool kept = multi_line && (cp == '\n' || cp == '\t');
    utf8_put(&b, kept || !(is_control(cp) || text_deceives(cp)) ? cp : REPLACEMENT);
  }
  return buf_str(&b);
}

size_t text_escape_next(struct bytes s, size_t *off, char out[16])
{
  size_t from = *off;
  uint32_t cp;
  size_t n = utf8_one(s, from, &cp);
  *off += n ? n : 1;
  if (n == 0)
    return (size_t)snprintf(out, 16, "\\x%02x", (unsigned)(unsigned char)s.p[from]);
  if (cp == '\n' || cp == '\t' || cp == '\r')
    return (size_t)snprintf(out, 16, "\\%c", cp == '\n' ? 'n' : cp == '\t' ? 't' : 'r');
  if (cp < 0x20 || cp == 0x7F)
    return (size_t)snprintf(out, 16, "\\x%02x", (unsigned)cp);
  if (is_control(cp) || text_deceives(cp))
    return (size_t)snprintf(out, 16, "\\u{%x}", (unsigned)cp);
  memcpy(out, s.p + from, n);
  return n;
}

static void add_line_ends(struct buf *b, struct bytes s, struct bytes end)
{
  size_t from = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] != '\n' && s.p[i] != '\r')
      continue;
    buf_add(b, bytes_sub(s, from, i - from));
    buf_add(b, end);
    if (s.p[i] == '\r' && i + 1 < s.len && s.p[i + 1] == '\n')
      i++;
    from = i + 1;
  }
  buf_add(b, bytes_sub(s, from, s.len - from));
}

static struct bytes line_ends(struct pool *pool, struct bytes s, struct bytes end)
{
  size_t lines = 0;
  for (size_t i = 0; i < s.len; i++)
    lines += s.p[i] == '\n' || s.p[i] == '\r';
  struct buf b = buf_new(pool, s.len + lines);
  add_line_ends(&b, s, end);
  return buf_bytes(&b);
}

void buf_crlf(struct buf *b, struct bytes s)
{
  add_line_ends(b, s, BYTES("\r\n"));
}

struct bytes text_to_crlf(struct pool *pool, struct bytes s)
{
  return line_ends(pool, s, BYTES("\r\n"));
}

struct bytes text_to_lf(struct pool *pool, struct bytes s)
{
  return line_ends(pool, s, BYTES("\n"));
}

unsigned text_distance(const char *a, const char *b, unsigned max)
{
  enum { LONGEST = 64 };
  struct bytes x = bytes_str(a), y = bytes_str(b);
  size_t apart = x.len > y.len ? x.len - y.len : y.len - x.len;
  if (apart > max || x.len > LONGEST || y.len > LONGEST)
    return bytes_eq(x, y) ? 0 : max + 1;
  unsigned row[LONGEST + 1];
  for (size_t j = 0; j <= y.len; j++)
    row[j] = (unsigned)j;
  for (size_t i = 1; i <= x.len; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= y.len; j++) {
      unsigned change = diagonal + (x.p[i - 1] != y.p[j - 1]);
      unsigned gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      diagonal = row[j];
      row[j] = change < gap ? change : gap;
    }
  }
  return row[y.len] > max ? max + 1 : row[y.len];
}
