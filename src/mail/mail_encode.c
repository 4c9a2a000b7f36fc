/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/encode: header fields (RFC 5322, 2047, 2231) and quoted-printable (RFC 2045). Every value passes mail_guard().
 */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum {
  LINE_WANTED = 76,  /* RFC 2047 section 2: lines with encoded words */
  WORD_LONGEST = 60, /* a longer plain word is encoded, so that it can be folded */
  PARAM_LONGEST = 50
};

char *mail_guard(struct pool *pool, const char *s)
{
  struct bytes in = bytes_str(s);
  struct buf b = buf_new(pool, in.len);
  bool after_break = false; /* the blanks of a fold and the break are one blank */
  for (size_t i = 0; i < in.len; i++) {
    bool breaks = in.p[i] == '\r' || in.p[i] == '\n' || in.p[i] == '\t';
    bool blank = breaks || (in.p[i] == ' ' && after_break);
    after_break = blank;
    if (!blank)
      buf_addc(&b, in.p[i]);
    else if (b.len && b.data[b.len - 1] != ' ')
      buf_addc(&b, ' ');
  }
  return text_clean(pool, bytes_trim(buf_bytes(&b)), false);
}

static size_t column(const struct buf *b)
{
  size_t at = b->len;
  while (at > 0 && b->data[at - 1] != '\n')
    at--;
  return b->len - at;
}

static void fold(struct buf *b)
{
  buf_adds(b, "\r\n ");
}

/* One blank, or a fold where what follows does not fit. */
static void gap(struct buf *b, size_t next)
{
  if (column(b) + 1 + next > LINE_WANTED)
    fold(b);
  else
    buf_addc(b, ' ');
}

static bool is_alnum(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool all_ascii(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] >= 0x80)
      return false;
  return true;
}

/* Bytes of s from off on whose base64 form fits into room characters, at whole UTF-8 characters; at least one. */
static size_t encoded_take(struct bytes s, size_t off, size_t room)
{
  size_t end = off;
  while (end < s.len) {
    size_t next = end;
    utf8_next(s, &next);
    if ((next - off + 2) / 3 * 4 > room && end > off)
      break;
    end = next;
  }
  return end - off;
}

/* The run as encoded words of at most 75 characters (RFC 2047), each line within 76. */
static void put_encoded(struct buf *b, struct bytes run)
{
  enum { FRAME = 12, LEAST = 8 }; /* =?UTF-8?B??= */
  for (size_t off = 0; off < run.len;) {
    if (column(b) + FRAME + LEAST > LINE_WANTED)
      fold(b);
    size_t room = LINE_WANTED - column(b) - FRAME;
    size_t take = encoded_take(run, off, room);
    buf_printf(b, "=?UTF-8?B?%s?=", base64_encode(b->pool, bytes_sub(run, off, take), 0));
    off += take;
    if (off < run.len)
      fold(b);
  }
}

/* A word that cannot stand as it is: empty (a second blank), long, not ASCII, or looking like an encoded word. */
static bool word_needs(struct bytes w)
{
  return w.len == 0 || w.len > WORD_LONGEST || !all_ascii(w) || bytes_find(w, BYTES("=?"), 0) != SIZE_MAX;
}

static struct bytes word_at(struct bytes s, size_t off)
{
  size_t end = bytes_find(s, BYTES(" "), off);
  return bytes_sub(s, off, (end == SIZE_MAX ? s.len : end) - off);
}

static void put_plain_words(struct buf *b, struct bytes s)
{
  for (size_t off = 0; off < s.len;) {
    struct bytes w = word_at(s, off);
    gap(b, w.len);
    buf_add(b, w);
    off += w.len + 1;
  }
}

/* What needs no encoding in front and behind stays readable; the run between is encoded as one. */
static void put_unstructured(struct buf *b, struct bytes s)
{
  size_t from = SIZE_MAX, to = 0;
  for (size_t off = 0; off <= s.len && s.len;) {
    struct bytes w = word_at(s, off);
    if (word_needs(w)) {
      from = from == SIZE_MAX ? off : from;
      to = off + w.len;
    }
    off += w.len + 1;
  }
  if (from == SIZE_MAX) {
    put_plain_words(b, s);
    return;
  }
  put_plain_words(b, bytes_sub(s, 0, from ? from - 1 : 0));
  gap(b, 20);
  put_encoded(b, bytes_sub(s, from, to - from));
  if (to < s.len)
    put_plain_words(b, bytes_sub(s, to + 1, s.len - to - 1));
}

void mail_put_text(struct buf *b, const char *name, const char *value)
{
  buf_printf(b, "%s:", name);
  put_unstructured(b, bytes_str(mail_guard(b->pool, value)));
  buf_adds(b, "\r\n");
}

static bool is_phrase(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if (!is_alnum(s.p[i]) && !strchr(" !#$%&'*+-/=?^_`{|}~", s.p[i]))
      return false;
  return true;
}

static void put_quoted(struct buf *b, struct bytes s)
{
  buf_addc(b, '"');
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] == '"' || s.p[i] == '\\')
      buf_addc(b, '\\');
    buf_addc(b, s.p[i]);
  }
  buf_addc(b, '"');
}

void mail_put_address(struct buf *b, const char *name, const struct mail_address *a)
{
  const char *address = mail_address_normal(b->pool, a->address);
  buf_printf(b, "%s:", name);
  if (!address) { /* mail_check_final() refuses such a letter */
    buf_adds(b, " undisclosed-recipients:;\r\n");
    return;
  }
  struct bytes phrase = bytes_str(mail_guard(b->pool, a->name));
  if (phrase.len) {
    bool encode = phrase.len > WORD_LONGEST || !all_ascii(phrase) || bytes_find(phrase, BYTES("=?"), 0) != SIZE_MAX;
    buf_addc(b, ' ');
    if (encode)
      put_encoded(b, phrase);
    else if (is_phrase(phrase) && bytes_find(phrase, BYTES("  "), 0) == SIZE_MAX)
      buf_add(b, phrase);
    else
      put_quoted(b, phrase);
  }
  if (!phrase.len) {
    buf_printf(b, " %s\r\n", address);
    return;
  }
  gap(b, strlen(address) + 2);
  buf_printf(b, "<%s>\r\n", address);
}

/* Printable ASCII of s without what ends or opens an id. */
static char *ascii_only(struct pool *pool, const char *s, const char *drop)
{
  struct buf b = buf_new(pool, 64);
  for (; s && *s; s++)
    if (*s >= ' ' && *s < 0x7F && !strchr(drop, *s))
      buf_addc(&b, *s);
  return buf_str(&b);
}

void mail_put_ids(struct buf *b, const char *name, const char *const *ids)
{
  enum { ID_LONGEST = 900 };
  size_t start = b->len;
  buf_printf(b, "%s:", name);
  size_t bare = b->len;
  for (; ids && *ids; ids++) {
    const char *id = ascii_only(b->pool, *ids, "<> ");
    size_t len = strlen(id);
    if (!len || len > ID_LONGEST)
      continue;
    gap(b, len + 2);
    buf_printf(b, "<%s>", id);
  }
  if (b->len == bare) { /* no usable id: no such field */
    b->len = start;
    b->data[start] = '\0';
    return;
  }
  buf_adds(b, "\r\n");
}

void mail_put_token(struct buf *b, const char *name, const char *value)
{
  struct bytes safe = bytes_trim(bytes_str(ascii_only(b->pool, value, "")));
  buf_printf(b, "%s: ", name);
  buf_add(b, bytes_sub(safe, 0, 200));
  buf_adds(b, "\r\n");
}

static bool param_plain(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if (s.p[i] < ' ' || s.p[i] >= 0x7F)
      return false;
  return s.len <= PARAM_LONGEST;
}

static void put_percent(struct buf *b, struct bytes s)
{
  for (size_t i = 0; i < s.len; i++) {
    if (is_alnum(s.p[i]) || strchr("-._", s.p[i]))
      buf_addc(b, s.p[i]);
    else
      buf_printf(b, "%%%02X", (unsigned)(unsigned char)s.p[i]);
  }
}

void mail_put_param(struct buf *b, const char *name, const char *value)
{
  enum { SECTION = 15 }; /* bytes of a continued value: 45 characters at worst */
  struct bytes v = bytes_str(mail_guard(b->pool, value));
  if (param_plain(v)) {
    buf_printf(b, ";\r\n %s=", name);
    put_quoted(b, v);
    return;
  }
  if (v.len <= SECTION) {
    buf_printf(b, ";\r\n %s*=UTF-8''", name);
    put_percent(b, v);
    return;
  }
  size_t n = 0;
  for (size_t off = 0; off < v.len; n++) {
    size_t take = utf8_cut(bytes_sub(v, off, v.len), SECTION);
    buf_printf(b, ";\r\n %s*%zu*=%s", name, n, n ? "" : "UTF-8''");
    put_percent(b, bytes_sub(v, off, take));
    off += take;
  }
}

void mail_put_autocrypt(struct buf *b, const char *address, struct bytes key)
{
  enum { KEY_LINE = 72 };
  const char *addr = mail_address_normal(b->pool, address);
  if (!key.len || !addr || !all_ascii(bytes_str(addr)))
    return;
  const char *data = base64_encode(b->pool, key, 0);
  buf_printf(b, "Autocrypt: addr=%s; prefer-encrypt=mutual; keydata=", addr);
  for (size_t left = strlen(data); left > 0;) {
    size_t take = left < KEY_LINE ? left : KEY_LINE;
    fold(b);
    buf_add(b, (struct bytes){ data, take });
    data += take;
    left -= take;
  }
  buf_adds(b, "\r\n");
}

/* ---- bodies ---- */

bool mail_is_7bit(struct bytes text)
{
  struct bytes line;
  while (bytes_next_line(&text, &line)) {
    if (line.len > LINE_WANTED || bytes_starts(line, BYTES("From ")) || bytes_starts(line, BYTES(".")))
      return false;
    for (size_t i = 0; i < line.len; i++)
      if (line.p[i] != '\t' && (line.p[i] < ' ' || line.p[i] >= 0x7F))
        return false;
    if (line.len && (line.p[line.len - 1] == ' ' || line.p[line.len - 1] == '\t'))
      return false;
  }
  return true;
}

/* Whether the byte at i must not stand as it is; at_start: it opens an output line. */
static bool qp_must_encode(struct bytes line, size_t i, bool at_start)
{
  unsigned char c = (unsigned char)line.p[i];
  if (c == ' ' || c == '\t')
    return i + 1 == line.len;
  if (c < '!' || c > '~' || c == '=')
    return true;
  return at_start && (c == '.' || bytes_starts(bytes_sub(line, i, line.len), BYTES("From ")));
}

static void qp_line(struct buf *b, struct bytes line)
{
  size_t col = 0;
  for (size_t i = 0; i < line.len; i++) {
    size_t width = qp_must_encode(line, i, col == 0) ? 3 : 1;
    if (col + width > LINE_WANTED - 1) { /* room for the soft break's "=" */
      buf_adds(b, "=\r\n");
      col = 0;
      width = qp_must_encode(line, i, true) ? 3 : 1;
    }
    if (width == 3)
      buf_printf(b, "=%02X", (unsigned)(unsigned char)line.p[i]);
    else
      buf_addc(b, line.p[i]);
    col += width;
  }
}

struct bytes mail_qp_encode(struct pool *pool, struct bytes text)
{
  struct buf b = buf_new(pool, text.len + text.len / 8);
  struct bytes rest = text_to_lf(pool, text), line;
  bool open_end = rest.len && rest.p[rest.len - 1] != '\n';
  while (bytes_next_line(&rest, &line)) {
    qp_line(&b, line);
    if (rest.len || !open_end)
      buf_adds(&b, "\r\n");
  }
  return buf_bytes(&b);
}
