/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/decode: transfer encodings (RFC 2045 sections 6.7 and 6.8) to exact bytes; damage is noted, never fatal. */
#include "parse_private.h"
#include <string.h>

enum { B64_SPACE = 64, B64_PAD, B64_BAD };

static unsigned b64_value(unsigned char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? B64_PAD : c <= ' ' && c ? B64_SPACE : B64_BAD;
}

/* What is left of a group that padding or the end cut short. */
static size_t b64_flush(unsigned char *out, uint32_t group, unsigned have, uint32_t *repairs)
{
  if (have == 1)
    *repairs |= REPAIR_ENCODING_BAD; /* six bits are no byte */
  if (have < 2)
    return 0;
  group <<= 6 * (4 - have);
  out[0] = (unsigned char)(group >> 16);
  if (have == 3)
    out[1] = (unsigned char)(group >> 8);
  return have - 1;
}

struct bytes decode_base64(struct pool *pool, struct bytes s, uint32_t *repairs)
{
  unsigned char *out = pool_alloc(pool, s.len / 4 * 3 + 4);
  size_t len = 0;
  uint32_t group = 0;
  unsigned have = 0;
  bool padded = false;
  for (size_t i = 0; i < s.len; i++) {
    unsigned v = b64_value((unsigned char)s.p[i]);
    if (v == B64_SPACE)
      continue;
    if (v == B64_BAD) {
      *repairs |= REPAIR_ENCODING_BAD;
      continue;
    }
    if (v == B64_PAD) {
      len += b64_flush(out + len, group, have, repairs);
      have = 0, group = 0, padded = true;
      continue;
    }
    if (padded) /* several encoded pieces in a row: each is decoded */
      *repairs |= REPAIR_ENCODING_BAD, padded = false;
    group = group << 6 | v;
    if (++have < 4)
      continue;
    out[len++] = (unsigned char)(group >> 16);
    out[len++] = (unsigned char)(group >> 8);
    out[len++] = (unsigned char)group;
    have = 0, group = 0;
  }
  if (have) {
    *repairs |= REPAIR_ENCODING_BAD; /* the padding is missing */
    len += b64_flush(out + len, group, have, repairs);
  }
  return (struct bytes){ (char *)out, len };
}

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "=XY" at i: the byte, or -1. */
static int hex_pair(struct bytes s, size_t i)
{
  if (i + 2 >= s.len)
    return -1;
  int hi = hex_digit(s.p[i + 1]), lo = hex_digit(s.p[i + 2]);
  return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}

/* Where the white space that starts at i ends, if a line end or the end follows it; else i. */
static size_t trailing_space(struct bytes s, size_t i)
{
  size_t end = i;
  while (end < s.len && (s.p[end] == ' ' || s.p[end] == '\t'))
    end++;
  if (end == s.len || s.p[end] == '\n' || (s.p[end] == '\r' && end + 1 < s.len && s.p[end + 1] == '\n'))
    return end;
  return i;
}

/* Behind the line end at i, or i when there is none. */
static size_t skip_eol(struct bytes s, size_t i)
{
  if (i < s.len && s.p[i] == '\r' && i + 1 < s.len && s.p[i + 1] == '\n')
    return i + 2;
  return i < s.len && s.p[i] == '\n' ? i + 1 : i;
}

struct bytes decode_quoted_printable(struct pool *pool, struct bytes s, uint32_t *repairs)
{
  char *out = pool_alloc(pool, s.len + 1);
  size_t len = 0, i = 0;
  while (i < s.len) {
    char c = s.p[i];
    if (c == ' ' || c == '\t') {
      size_t end = trailing_space(s, i);
      if (end > i) { /* rule 3: added on the way */
        i = end;
        continue;
      }
      /* White space within a line: all of it at once, so that the look-ahead stays linear. */
      while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\t'))
        out[len++] = s.p[i++];
      continue;
    }
    if (c != '=') {
      out[len++] = c;
      i++;
      continue;
    }
    int byte = hex_pair(s, i);
    if (byte >= 0) {
      out[len++] = (char)byte;
      i += 3;
      continue;
    }
    size_t end = trailing_space(s, i + 1);
    size_t next = skip_eol(s, end);
    if (next > end || end == s.len) { /* soft line break, or a lone "=" at the very end */
      i = next;
      continue;
    }
    *repairs |= REPAIR_ENCODING_BAD; /* kept as it stands */
    out[len++] = c;
    i++;
  }
  return (struct bytes){ out, len };
}

struct bytes decode_q(struct pool *pool, struct bytes s, uint32_t *repairs)
{
  char *out = pool_alloc(pool, s.len + 1);
  size_t len = 0;
  for (size_t i = 0; i < s.len; i++) {
    int byte = s.p[i] == '=' ? hex_pair(s, i) : -1;
    if (byte >= 0) {
      out[len++] = (char)byte;
      i += 2;
      continue;
    }
    if (s.p[i] == '=')
      *repairs |= REPAIR_HEADER_BROKEN;
    out[len++] = s.p[i] == '_' ? ' ' : s.p[i];
  }
  return (struct bytes){ out, len };
}
