/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/address: RFC 5322 section 3.4 with its obsolete forms, and the one guard for addresses. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum { ADDRESS_LONGEST = 254, LOCAL_LONGEST = 64, LABEL_LONGEST = 63, ADDRESSES_MAX = 1000, COMMENT_DEPTH = 20 };

static bool is_alnum(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* Dot-atom without empty atoms. No leading dash: such a word is an option to a program. */
static bool local_ok(struct bytes s)
{
  if (!s.len || s.len > LOCAL_LONGEST || s.p[0] == '.' || s.p[0] == '-' || s.p[s.len - 1] == '.')
    return false;
  for (size_t i = 0; i < s.len; i++) {
    if (!is_alnum(s.p[i]) && !memchr("!#$%&'*+-/=?^_`{|}~.", s.p[i], 20))
      return false;
    if (s.p[i] == '.' && s.p[i - 1] == '.')
      return false;
  }
  return true;
}

static bool domain_ok(struct bytes s)
{
  size_t label = 0;
  for (size_t i = 0; i < s.len; i++) {
    bool dot = s.p[i] == '.';
    bool edge = label == 0 || i + 1 == s.len || s.p[i + 1] == '.';
    if (dot ? label == 0 : !is_alnum(s.p[i]) && (s.p[i] != '-' || edge))
      return false;
    label = dot ? 0 : label + 1;
    if (label > LABEL_LONGEST)
      return false;
  }
  return s.len > 0 && label > 0;
}

char *mail_address_normal(struct pool *pool, const char *s)
{
  struct bytes in = bytes_trim(bytes_str(s));
  if (in.len >= 2 && in.p[0] == '<' && in.p[in.len - 1] == '>')
    in = bytes_trim(bytes_sub(in, 1, in.len - 2));
  if (bytes_istarts(in, BYTES("mailto:")))
    in = bytes_sub(in, 7, in.len);
  if (in.len > 0 && in.p[in.len - 1] == '.')
    in.len--;
  const char *at = in.len && in.len <= ADDRESS_LONGEST ? memrchr(in.p, '@', in.len) : NULL;
  if (!at)
    return NULL;
  size_t local_len = (size_t)(at - in.p);
  struct bytes local = bytes_sub(in, 0, local_len), domain = bytes_sub(in, local_len + 1, in.len);
  if (!local_ok(local) || !domain_ok(domain) || !utf8_valid(in))
    return NULL;
  char *out = pool_str(pool, in);
  if (strcmp(out, text_clean(pool, in, false)) != 0)
    return NULL; /* C1 controls, bidi overrides */
  for (char *p = out + local_len; *p; p++)
    *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + ('a' - 'A')) : *p;
  return out;
}

const char *mail_address_domain(const char *address)
{
  const char *at = address ? strrchr(address, '@') : NULL;
  return at ? at + 1 : "";
}

static bool token_char(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

char *mail_plus_token(struct pool *pool, const char *address, const char *base)
{
  const char *a = mail_address_normal(pool, address), *b = mail_address_normal(pool, base);
  const char *domain = a ? strrchr(a, '@') : NULL, *base_domain = b ? strrchr(b, '@') : NULL;
  if (!domain || !base_domain || !text_ieq(domain, base_domain))
    return NULL;
  size_t base_len = (size_t)(base_domain - b);
  if ((size_t)(domain - a) <= base_len + 1 || !bytes_istarts(bytes_str(a), (struct bytes){ b, base_len }) ||
      a[base_len] != '+')
    return NULL;
  const char *token = a + base_len + 1;
  for (const char *p = token; p < domain; p++)
    if (!token_char(*p))
      return NULL;
  return pool_strndup(pool, token, (size_t)(domain - token));
}

char *mail_plus_address(struct pool *pool, const char *base, const char *token)
{
  const char *domain = base ? strrchr(base, '@') : NULL;
  if (text_empty(token) || !domain)
    return pool_strdup(pool, base);
  for (const char *p = token; *p; p++)
    if (!token_char(*p))
      return pool_strdup(pool, base);
  return pool_printf(pool, "%.*s+%s%s", (int)(domain - base), base, token, domain);
}

/* ---- lists ---- */

/* One address being read: words of the phrase, text between <>, a comment (the old place for a name). */
struct reader {
  struct pool *pool;
  struct bytes in;
  size_t off;
  struct buf phrase, route, comment;
  bool angle, in_angle;
  struct mail_address *out;
  size_t count, cap;
};

static void read_quoted(struct reader *r, struct buf *to)
{
  r->off++;
  while (r->off < r->in.len && r->in.p[r->off] != '"') {
    if (r->in.p[r->off] == '\\' && r->off + 1 < r->in.len)
      r->off++;
    buf_addc(to, r->in.p[r->off++]);
  }
  r->off++;
}

static void read_comment(struct reader *r)
{
  unsigned depth = 0;
  struct buf *to = &r->comment;
  to->len = 0;
  do {
    char c = r->in.p[r->off++];
    depth += c == '(' && depth < COMMENT_DEPTH;
    depth -= c == ')';
    if (c == '\\' && r->off < r->in.len)
      c = r->in.p[r->off++];
    if (c != '(' && c != ')')
      buf_addc(to, c);
  } while (depth > 0 && r->off < r->in.len);
}

static void reader_clear(struct reader *r)
{
  r->phrase.len = r->route.len = r->comment.len = 0;
  r->angle = r->in_angle = false;
}

/* Blanks beside a dot or the @ go (obsolete syntax); any other one stays, and the guard refuses it. */
static char *pack(struct pool *pool, struct bytes s)
{
  struct buf b = buf_new(pool, s.len);
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] != ' ' && s.p[i] != '\t') {
      buf_addc(&b, s.p[i]);
      continue;
    }
    size_t next = i;
    while (next < s.len && (s.p[next] == ' ' || s.p[next] == '\t'))
      next++;
    char before = b.len ? b.data[b.len - 1] : '.', after = next < s.len ? s.p[next] : '.';
    if (before != '.' && before != '@' && after != '.' && after != '@')
      buf_addc(&b, ' ');
    i = next - 1;
  }
  return buf_str(&b);
}

static void reader_finish(struct reader *r)
{
  struct bytes raw = r->angle ? buf_bytes(&r->route) : buf_bytes(&r->phrase);
  if (r->angle && raw.len && raw.p[0] == '@') { /* obsolete route: @a,@b:local@domain */
    size_t colon = bytes_find(raw, BYTES(":"), 0);
    raw = colon == SIZE_MAX ? raw : bytes_sub(raw, colon + 1, raw.len);
  }
  const char *address = mail_address_normal(r->pool, pack(r->pool, bytes_trim(raw)));
  struct bytes name = r->angle ? buf_bytes(&r->phrase) : buf_bytes(&r->comment);
  if (r->angle && bytes_trim(name).len == 0)
    name = buf_bytes(&r->comment);
  if (address && r->count < ADDRESSES_MAX) {
    r->out = pool_grow(r->pool, r->out, r->count, &r->cap, sizeof *r->out);
    r->out[r->count++] = (struct mail_address){ mail_guard(r->pool, pool_str(r->pool, name)), address };
  }
  reader_clear(r);
}

static void reader_step(struct reader *r)
{
  char c = r->in.p[r->off];
  struct buf *word = r->in_angle ? &r->route : &r->phrase;
  switch (c) {
  case '"':
    read_quoted(r, word);
    return;
  case '(':
    read_comment(r);
    return;
  case '<':
    r->angle = r->in_angle = true;
    r->route.len = 0;
    break;
  case '>':
    r->in_angle = false;
    break;
  case ':':
    if (r->in_angle)
      buf_addc(word, c);
    else
      reader_clear(r); /* a group's name */
    break;
  case ',':
    if (r->in_angle)
      buf_addc(word, c);
    else
      reader_finish(r);
    break;
  case ';':
    reader_finish(r);
    break;
  default:
    if (c != '\r' && c != '\n') /* the blank of a fold stays */
      buf_addc(word, c);
  }
  r->off++;
}

size_t mail_addresses(struct pool *pool, const char *header_value, struct mail_address **out)
{
  struct reader r = { .pool = pool, .in = bytes_str(header_value) };
  r.phrase = buf_new(pool, 128);
  r.route = buf_new(pool, 128);
  r.comment = buf_new(pool, 64);
  while (r.off < r.in.len && r.count < ADDRESSES_MAX)
    reader_step(&r);
  reader_finish(&r);
  *out = r.out;
  return r.count;
}
