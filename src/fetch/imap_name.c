/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_name: folder names go over the wire in modified UTF-7 (RFC 3501 section 5.1.3). */
#include <config.h>

#include "imap_private.h"
#include <embargod/text.h>
#include <string.h>

static void put_sextets(struct buf *b, uint32_t *bits, unsigned *n, bool last)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
  while (*n >= 6) {
    buf_addc(b, alphabet[*bits >> (*n - 6) & 63]);
    *n -= 6;
  }
  if (last && *n)
    buf_addc(b, alphabet[*bits << (6 - *n) & 63]);
}

static void put_unit(struct buf *b, uint32_t *bits, unsigned *n, uint32_t unit)
{
  *bits = *bits << 16 | unit; /* at most 5 bits are left from before: 21 in all */
  *n += 16;
  put_sextets(b, bits, n, false);
}

const char *imap_name_encode(struct pool *pool, const char *utf8)
{
  struct bytes s = bytes_str(utf8);
  struct buf b = buf_new(pool, s.len * 2 + 8);
  uint32_t bits = 0;
  unsigned n = 0;
  bool shifted = false;
  for (size_t at = 0; at < s.len;) {
    uint32_t cp = utf8_next(s, &at);
    bool plain = cp >= 0x20 && cp < 0x7f;
    if (plain == shifted) {
      if (shifted) {
        put_sextets(&b, &bits, &n, true);
        bits = n = 0;
      }
      buf_addc(&b, shifted ? '-' : '&');
      shifted = !shifted;
    }
    if (plain) {
      buf_addc(&b, (char)cp);
      if (cp == '&')
        buf_addc(&b, '-');
    } else if (cp > 0xffff) {
      put_unit(&b, &bits, &n, 0xd800 + ((cp - 0x10000) >> 10));
      put_unit(&b, &bits, &n, 0xdc00 + ((cp - 0x10000) & 0x3ff));
    } else
      put_unit(&b, &bits, &n, cp);
  }
  if (shifted) {
    put_sextets(&b, &bits, &n, true);
    buf_addc(&b, '-');
  }
  return buf_str(&b);
}
