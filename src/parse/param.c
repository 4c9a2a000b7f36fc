/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/param: parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231), as tolerant as the
 * mailers of this world need: comments, missing quotes, stray semicolons. Pure. */
#include "parse_private.h"
#include <embargod/text.h>
#include <string.h>

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* White space and comments; comments nest, an unclosed one ends the field. */
static size_t skip_space(struct bytes s, size_t i)
{
  unsigned depth = 0;
  for (; i < s.len; i++) {
    char c = s.p[i];
    if (depth && c == '\\')
      i++;
    else if (c == '(')
      depth++;
    else if (depth && c == ')')
      depth--;
    else if (!depth && !is_space(c))
      break;
  }
  return i < s.len ? i : s.len;
}

/* The end of the token that starts at i: before white space, a comment, or one of stop. */
static size_t token_end(struct bytes s, size_t i, const char *stop)
{
  while (i < s.len && s.p[i] && !is_space(s.p[i]) && s.p[i] != '(' && !strchr(stop, s.p[i]))
    i++;
  if (i < s.len && !s.p[i])
    i = s.len; /* a NUL ends the field */
  return i;
}

/* "..." with the backslashes taken out; *i moves behind the closing quote. Line ends of the folding are dropped. */
static struct bytes quoted(struct pool *pool, struct bytes s, size_t *i)
{
  struct buf out = buf_new(pool, 64);
  size_t at = *i + 1;
  for (; at < s.len && s.p[at] != '"'; at++) {
    if (s.p[at] == '\\' && at + 1 < s.len)
      at++;
    if (s.p[at] != '\r' && s.p[at] != '\n')
      buf_addc(&out, s.p[at]);
  }
  *i = at < s.len ? at + 1 : s.len;
  return buf_bytes(&out);
}

/* Without quotes: up to the ';', because mailers write name=my file.pdf. */
static struct bytes unquoted(struct bytes s, size_t *i)
{
  size_t from = *i, to = from;
  while (to < s.len && s.p[to] != ';')
    to++;
  *i = to;
  struct bytes v = bytes_trim(bytes_sub(s, from, to - from));
  size_t comment = bytes_find(v, BYTES(" ("), 0);
  return comment == SIZE_MAX ? v : bytes_trim(bytes_sub(v, 0, comment));
}

static char *lower_copy(struct pool *pool, struct bytes s)
{
  char *copy = pool_str(pool, s);
  for (size_t i = 0; i < s.len; i++)
    copy[i] = lower(copy[i]);
  return copy;
}

static void add_lower(struct buf *out, struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    buf_addc(out, lower(s.p[i]));
}

/* "type/subtype" or "attachment": what stands before the first ';' (or before a parameter whose ';' was forgotten). */
static char *main_value(struct pool *pool, struct bytes field, size_t *i)
{
  struct buf out = buf_new(pool, 64);
  size_t at = skip_space(field, 0), end = token_end(field, at, "/;");
  add_lower(&out, bytes_sub(field, at, end - at));
  at = skip_space(field, end);
  if (at < field.len && field.p[at] == '/') {
    buf_addc(&out, '/');
    at = skip_space(field, at + 1);
    end = token_end(field, at, ";");
    add_lower(&out, bytes_sub(field, at, end - at));
    at = skip_space(field, end);
  }
  *i = at;
  return buf_str(&out);
}

void param_read(struct pool *pool, struct bytes field, struct param_list *out)
{
  size_t i;
  *out = (struct param_list){ .value = main_value(pool, field, &i) };
  size_t cap = 0;
  while (i < field.len) {
    i = skip_space(field, i);
    if (i < field.len && field.p[i] == ';') {
      i++;
      continue;
    }
    size_t end = token_end(field, i, "=;");
    struct bytes name = bytes_sub(field, i, end - i);
    i = skip_space(field, end);
    if (i >= field.len || field.p[i] != '=') {
      while (i < field.len && field.p[i] != ';')
        i++; /* a word without value: skipped */
      continue;
    }
    i = skip_space(field, i + 1);
    struct bytes value = i < field.len && field.p[i] == '"' ? quoted(pool, field, &i) : unquoted(field, &i);
    if (out->count == PARAM_MAX) {
      out->cut = true;
      break;
    }
    out->param = pool_grow(pool, out->param, out->count, &cap, sizeof *out->param);
    out->param[out->count++] = (struct param){ bytes_str(lower_copy(pool, name)), value };
  }
}

static int hex_digit(char c)
{
  c = lower(c);
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_percent(struct buf *out, struct bytes s)
{
  for (size_t i = 0; i < s.len; i++) {
    int hi = s.p[i] == '%' && i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
    int lo = hi >= 0 ? hex_digit(s.p[i + 2]) : -1;
    if (lo < 0) {
      buf_addc(out, s.p[i]);
      continue;
    }
    buf_addc(out, (char)(hi << 4 | lo));
    i += 2;
  }
}

static const struct param *find(const struct param_list *list, const char *name)
{
  for (size_t i = 0; i < list->count; i++)
    if (bytes_eq(list->param[i].name, bytes_str(name)))
      return &list->param[i];
  return NULL;
}

/* charset'language'text: the charset is cut off s. */
static void cut_charset(struct pool *pool, struct bytes *s, const char **charset)
{
  size_t first = bytes_find(*s, BYTES("'"), 0);
  size_t second = first == SIZE_MAX ? SIZE_MAX : bytes_find(*s, BYTES("'"), first + 1);
  if (second == SIZE_MAX)
    return;
  *charset = lower_copy(pool, bytes_sub(*s, 0, first));
  *s = bytes_sub(*s, second + 1, s->len - second - 1);
}

static void add_piece(struct pool *pool, struct buf *out, struct bytes value, bool first, const char **charset)
{
  if (first)
    cut_charset(pool, &value, charset);
  add_percent(out, value);
}

bool param_raw(struct pool *pool, const struct param_list *list, const char *name, struct bytes *value,
               const char **charset, bool *plain)
{
  struct buf out = buf_new(pool, 64);
  const struct param *p;
  *charset = "";
  *plain = false;
  if ((p = find(list, pool_printf(pool, "%s*", name)))) {
    add_piece(pool, &out, p->value, true, charset);
    *value = buf_bytes(&out);
    return true;
  }
  unsigned n = 0;
  for (; n < PARAM_MAX; n++) {
    if ((p = find(list, pool_printf(pool, "%s*%u*", name, n))))
      add_piece(pool, &out, p->value, n == 0, charset);
    else if ((p = find(list, pool_printf(pool, "%s*%u", name, n))))
      buf_add(&out, p->value);
    else
      break;
  }
  if (n) {
    *value = buf_bytes(&out);
    return true;
  }
  *plain = true;
  p = find(list, name);
  *value = p ? p->value : (struct bytes){ NULL, 0 };
  return p != NULL;
}
