/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/decode: what the part table leaves raw: bodies in their own charset, raw header values, rare parameters. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

struct bytes mail_part_text(const struct part_table *t, uint32_t part)
{
  return bytes_sub(t->decoded, t->part[part].as_text.off, t->part[part].as_text.len);
}

static int hex(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void qp_decode_line(struct buf *b, struct bytes line, bool *soft)
{
  size_t len = line.len;
  while (len && (line.p[len - 1] == ' ' || line.p[len - 1] == '\t'))
    len--; /* added in transport (RFC 2045 section 6.7 rule 3) */
  *soft = len > 0 && line.p[len - 1] == '=';
  len -= *soft;
  for (size_t i = 0; i < len; i++) {
    int hi = line.p[i] == '=' && i + 2 < len + *soft ? hex(line.p[i + 1]) : -1;
    int lo = hi >= 0 && i + 2 < len ? hex(line.p[i + 2]) : -1;
    if (lo < 0) {
      buf_addc(b, line.p[i]);
      continue;
    }
    buf_addc(b, (char)(hi << 4 | lo));
    i += 2;
  }
}

struct bytes mail_qp_decode(struct pool *pool, struct bytes s)
{
  struct buf b = buf_new(pool, s.len);
  struct bytes rest = s, line;
  while (bytes_next_line(&rest, &line)) {
    bool soft;
    qp_decode_line(&b, line, &soft);
    const char *end = line.p + line.len;
    if (!soft)
      buf_add(&b, (struct bytes){ end, (size_t)(rest.p - end) }); /* the line's own end, or none */
  }
  return buf_bytes(&b);
}

struct bytes mail_part_bytes(struct pool *pool, const struct part_table *t, uint32_t part)
{
  const struct part *p = &t->part[part];
  if (p->kind == PART_OTHER)
    return parts_decoded(t, part);
  struct bytes body = bytes_sub(t->raw, p->body.off, p->body.len), out;
  const char *encoding = parts_header(t, part, "Content-Transfer-Encoding");
  if (p->kind != PART_TEXT)
    return body;
  if (text_ieq(encoding, "base64"))
    return base64_decode(pool, body, &out) ? out : parts_decoded(t, part);
  return text_ieq(encoding, "quoted-printable") ? mail_qp_decode(pool, body) : body;
}

const struct part_header *mail_header_find(const struct part_table *t, uint32_t part, const char *name, unsigned nth)
{
  const struct part *p = &t->part[part];
  for (uint32_t i = 0; i < p->header_count; i++) {
    const struct part_header *h = &t->header[p->header_first + i];
    if (text_ieq(h->name, name) && nth-- == 0)
      return h;
  }
  return NULL;
}

char *mail_raw_value(struct pool *pool, const struct part_table *t, const struct part_header *h)
{
  if (!h->raw.len)
    return pool_strdup(pool, h->value);
  return mail_guard(pool, pool_str(pool, bytes_sub(t->raw, h->raw.off, h->raw.len)));
}

char *mail_type_param(struct pool *pool, const struct part_table *t, uint32_t part, const char *name)
{
  const char *value = parts_header(t, part, "Content-Type");
  struct bytes s = bytes_str(value);
  for (size_t at = 0; (at = bytes_find(s, BYTES(";"), at)) != SIZE_MAX;) {
    struct bytes p = bytes_trim(bytes_sub(s, ++at, s.len));
    size_t len = strlen(name);
    if (!bytes_istarts(p, bytes_str(name)))
      continue;
    p = bytes_trim(bytes_sub(p, len, p.len));
    if (!p.len || p.p[0] != '=')
      continue;
    p = bytes_trim(bytes_sub(p, 1, p.len));
    size_t end = p.len && p.p[0] == '"' ? bytes_find(p, BYTES("\""), 1) : bytes_find(p, BYTES(";"), 0);
    p = bytes_sub(p, 0, end == SIZE_MAX ? p.len : end);
    return pool_str(pool, bytes_trim(p.len && p.p[0] == '"' ? bytes_sub(p, 1, p.len) : p));
  }
  return pool_strdup(pool, "");
}

bool mail_name_ends(const char *filename, const char *suffix)
{
  size_t n = strlen(filename), s = strlen(suffix);
  return n > s && text_ieq(filename + n - s, suffix);
}

bool mail_is_attachment(const struct part *p)
{
  return text_ieq(p->disposition, "attachment") || p->filename[0];
}

bool mail_is_child_of(const struct part_table *t, uint32_t part, uint32_t root)
{
  int32_t at = (int32_t)part;
  while (at >= 0 && at != (int32_t)root)
    at = t->part[at].parent; /* parents stand before their children: this ends */
  return at == (int32_t)root;
}

size_t mail_ids(struct pool *pool, const char *value, const char **out, size_t max)
{
  enum { ID_LONGEST = 250 };
  size_t n = 0;
  struct bytes s = bytes_str(value);
  for (size_t at = 0; n < max && (at = bytes_find(s, BYTES("<"), at)) != SIZE_MAX;) {
    size_t end = bytes_find(s, BYTES(">"), ++at);
    if (end == SIZE_MAX)
      break;
    struct buf id = buf_new(pool, 80);
    for (size_t i = at; i < end; i++)
      if (s.p[i] > ' ' && s.p[i] != '<' && s.p[i] != 0x7F)
        buf_addc(&id, s.p[i]);
    if (id.len && id.len <= ID_LONGEST)
      out[n++] = buf_str(&id);
    at = end;
  }
  return n;
}

bool mail_armor_find(struct bytes text, const char *begin, const char *end, size_t from, struct byte_span *out)
{
  struct bytes first = bytes_str(begin), last = bytes_str(end);
  for (size_t at = from; (at = bytes_find(text, first, at)) != SIZE_MAX; at++) {
    size_t line = at;
    while (line > 0 && (text.p[line - 1] == ' ' || text.p[line - 1] == '\t'))
      line--;
    if (line > 0 && text.p[line - 1] != '\n')
      continue; /* inside a line: quoted, or talked about */
    size_t stop = bytes_find(text, last, at);
    if (stop == SIZE_MAX)
      return false;
    *out = (struct byte_span){ (uint32_t)at, (uint32_t)(stop + last.len - at) };
    return true;
  }
  return false;
}
