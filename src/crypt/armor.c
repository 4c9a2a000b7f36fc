/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/armor: binary of an armored block (RFC 4880 section 6), as lenient as gpg is, and linear in time. */
#include <config.h>

#include <stdio.h>

#include "packet.h"

static int digit_of(char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct decoder {
  struct buf out;
  unsigned bits, have;
  bool end; /* padding came */
};

/* False: the line is no base64. */
static bool decode_line(struct decoder *d, struct bytes line)
{
  for (size_t i = 0; i < line.len && !d->end; i++) {
    char c = line.p[i];
    int v = digit_of(c);
    if (c == ' ' || c == '\t' || c == '\r')
      continue;
    if (c == '=') {
      d->end = true;
      break;
    }
    if (v < 0)
      return false;
    d->bits = (d->bits << 6 | (unsigned)v) & 0xffffff;
    d->have += 6;
    if (d->have >= 8) {
      d->have -= 8;
      buf_addc(&d->out, (char)(d->bits >> d->have & 0xff));
    }
  }
  return true;
}

/* Steps over the armor's header lines ("Version: ...") up to and with the blank line. */
static void skip_headers(struct bytes *rest)
{
  struct bytes line, at = *rest;
  while (bytes_next_line(&at, &line)) {
    if (bytes_trim(line).len == 0) {
      *rest = at;
      return;
    }
    if (bytes_find(line, BYTES(": "), 0) == SIZE_MAX)
      return; /* no headers and no blank line: the data begins at once */
    *rest = at;
  }
}

bool packet_dearmor(struct pool *pool, struct bytes text, const char *title, size_t *pos, struct bytes *out)
{
  char begin[64];
  snprintf(begin, sizeof begin, "-----BEGIN %s", title);
  size_t at = bytes_find(text, bytes_str(begin), *pos);
  if (at == SIZE_MAX)
    return false;
  struct bytes rest = bytes_sub(text, at, text.len - at), line;
  if (!bytes_next_line(&rest, &line))
    return false;
  skip_headers(&rest);
  struct decoder d = { .out = buf_new(pool, rest.len / 4 * 3 < 4096 ? rest.len / 4 * 3 + 1 : 4096) };
  while (bytes_next_line(&rest, &line)) {
    if (bytes_starts(line, BYTES("-----")))
      break;
    if (bytes_starts(line, BYTES("=")) || !decode_line(&d, line))
      d.end = true; /* the checksum, or damage: gpg judges that */
  }
  *out = buf_bytes(&d.out);
  *pos = text.len - rest.len;
  return true;
}
