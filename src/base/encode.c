/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/encode: hex, base64 (RFC 4648 section 4), base32 (section 6, lower case, no padding). */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

char *hex_encode(struct pool *pool, struct bytes s)
{
  static const char digit[] = "0123456789abcdef";
  char *out = pool_array(pool, s.len * 2 + 1, 1);
  for (size_t i = 0; i < s.len; i++) {
    out[2 * i] = digit[(unsigned char)s.p[i] >> 4];
    out[2 * i + 1] = digit[(unsigned char)s.p[i] & 15];
  }
  return out;
}

static int hex_value(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(struct pool *pool, const char *s, struct bytes *out)
{
  size_t len = s ? strlen(s) : 1;
  if (len % 2)
    return false;
  char *raw = pool_alloc(pool, len / 2 + 1);
  for (size_t i = 0; i < len; i += 2) {
    int hi = hex_value(s[i]), lo = hex_value(s[i + 1]);
    if (hi < 0 || lo < 0)
      return false;
    raw[i / 2] = (char)(hi << 4 | lo);
  }
  *out = (struct bytes){ raw, len / 2 };
  return true;
}

static const char base64_digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Three bytes (fewer at the end) to four characters. */
static void base64_group(char out[4], const unsigned char *in, size_t have)
{
  uint32_t v = (uint32_t)in[0] << 16 | (have > 1 ? (uint32_t)in[1] << 8 : 0) | (have > 2 ? in[2] : 0);
  out[0] = base64_digit[v >> 18];
  out[1] = base64_digit[v >> 12 & 63];
  out[2] = have > 1 ? base64_digit[v >> 6 & 63] : '=';
  out[3] = have > 2 ? base64_digit[v & 63] : '=';
}

static size_t base64_size(size_t len, size_t line_len)
{
  size_t groups = len / 3 + (len % 3 != 0), per_line = line_len / 4 ? line_len / 4 : 1;
  return groups * 4 + (line_len ? (groups / per_line + (groups % per_line != 0)) * 2 : 0);
}

void buf_base64(struct buf *b, struct bytes s, size_t line_len)
{
  const unsigned char *in = (const unsigned char *)s.p;
  size_t per_line = line_len / 4 ? line_len / 4 : 1, on_line = 0, used = 0;
  char some[2048];
  for (size_t i = 0; i < s.len; i += 3) {
    base64_group(some + used, in + i, s.len - i);
    used += 4;
    if (line_len && (++on_line == per_line || i + 3 >= s.len)) {
      memcpy(some + used, "\r\n", 2);
      used += 2;
      on_line = 0;
    }
    if (used > sizeof some - 8 || i + 3 >= s.len) {
      buf_add(b, (struct bytes){ some, used });
      used = 0;
    }
  }
  explicit_bzero(some, sizeof some);
}

char *base64_encode(struct pool *pool, struct bytes s, size_t line_len)
{
  struct buf b = buf_new(pool, base64_size(s.len, line_len));
  buf_base64(&b, s, line_len);
  return buf_str(&b);
}

enum { SKIP = 64, PAD = 65, BAD = 255 };

static void base64_table(unsigned char value[256])
{
  memset(value, BAD, 256);
  for (unsigned i = 0; i < 64; i++)
    value[(unsigned char)base64_digit[i]] = (unsigned char)i;
  for (const char *p = " \t\r\n\f\v"; *p; p++)
    value[(unsigned char)*p] = SKIP;
  value['='] = PAD;
}

bool base64_decode(struct pool *pool, struct bytes s, struct bytes *out)
{
  unsigned char value[256];
  base64_table(value);
  unsigned char *raw = pool_alloc(pool, s.len / 4 * 3 + 4);
  size_t len = 0;
  uint32_t acc = 0;
  unsigned have = 0, pads = 0; /* characters of the group in hand */
  for (size_t i = 0; i < s.len; i++) {
    unsigned char v = value[(unsigned char)s.p[i]];
    if (v == SKIP)
      continue;
    if (v == BAD || (pads && v != PAD))
      return false;
    if (v == PAD) {
      pads++;
      continue;
    }
    acc = acc << 6 | v;
    if (++have < 4)
      continue;
    raw[len++] = (unsigned char)(acc >> 16);
    raw[len++] = (unsigned char)(acc >> 8);
    raw[len++] = (unsigned char)acc;
    acc = have = 0;
  }
  if (have == 1 || (pads && (have == 0 || pads != 4 - have)))
    return false;
  if (have >= 2)
    raw[len++] = (unsigned char)(have == 2 ? acc >> 4 : acc >> 10);
  if (have == 3)
    raw[len++] = (unsigned char)(acc >> 2);
  raw[len] = '\0';
  *out = (struct bytes){ (const char *)raw, len };
  return true;
}

char *base32_encode(struct pool *pool, struct bytes s)
{
  static const char digit[] = "abcdefghijklmnopqrstuvwxyz234567";
  char *out = pool_array(pool, s.len * 8 / 5 + 2, 1), *p = out;
  uint32_t acc = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < s.len; i++) {
    acc = acc << 8 | (unsigned char)s.p[i];
    for (bits += 8; bits >= 5; bits -= 5)
      *p++ = digit[acc >> (bits - 5) & 31];
    acc &= (1u << bits) - 1;
  }
  if (bits)
    *p++ = digit[acc << (5 - bits) & 31];
  *p = '\0';
  return out;
}
