/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/version: what people write for versions, as single versions and ranges. */
#include <config.h>

#include <string.h>

#include "advisory_private.h"

#define VERSIONS_MAX 2000 /* bytes; a command takes far less */

#define VERSION_MAX 200 /* of one; the CVE format allows 1024 characters */

struct affix {
  const char *words, *op;
};

static const struct affix before_it[] = {
  { "<=", "<=" },          { ">=", ">=" },           { "\xe2\x89\xa4", "<=" }, { "\xe2\x89\xa5", ">=" },
  { "<", "<" },            { ">", ">" },             { "before ", "<" },       { "prior to ", "<" },
  { "earlier than ", "<" }, { "older than ", "<" },  { "lower than ", "<" },   { "below ", "<" },
  { "up to and including ", "<=" }, { "up to ", "<=" }, { "through ", "<=" },  { "until ", "<=" },
  { "starting with ", ">=" }, { "starting from ", ">=" }, { "from ", ">=" },   { "since ", ">=" },
  { "after ", ">" },       { "later than ", ">" },   { "newer than ", ">" },   { "higher than ", ">" },
};

static const struct affix behind_it[] = {
  { " and earlier", "<=" }, { " or earlier", "<=" }, { " and older", "<=" }, { " or older", "<=" }, { " and below", "<=" },
  { " or below", "<=" },    { " and lower", "<=" },  { " or lower", "<=" },  { " and prior", "<=" }, { " or prior", "<=" },
  { " and later", ">=" },   { " or later", ">=" },   { " and newer", ">=" }, { " or newer", ">=" }, { " and above", ">=" },
  { " or above", ">=" },    { " and higher", ">=" }, { " or higher", ">=" }, { " and up", ">=" },
};

/* Between a lower and an upper version: what it says of the upper one. */
static const struct affix between[] = {
  { " up to and including ", "<=" }, { " up to ", "<=" }, { " through ", "<=" }, { " until ", "<=" }, { " to ", "<=" },
  { " - ", "<=" },                   { "\xe2\x80\x93", "<=" }, { " before ", "<" },
};

/* In front of a version they say nothing. */
static const char *const empty_words[] = { "all versions ", "all version ", "versions ", "version ", "all " };
static const char *const everything[] = { "all", "all versions", "any", "any version", "every version", "*" };

/* What CSAF 2.0, 6.1.31, does not want to see in one version. */
static const char *const range_words[] = { "after", "all", "before", "earlier", "later", "prior", "versions" };

static bool is_range_word(struct bytes w)
{
  for (size_t i = 0; i < ARRAY_LEN(range_words); i++)
    if (bytes_ieq(w, bytes_str(range_words[i])))
      return true;
  return false;
}

static bool one_version(struct bytes v)
{
  if (!v.len || v.len > VERSION_MAX || memchr(v.p, '<', v.len) || memchr(v.p, '>', v.len))
    return false;
  for (size_t from = 0; from < v.len;) {
    size_t end = from;
    while (end < v.len && v.p[end] != ' ' && v.p[end] != '\t')
      end++;
    if (is_range_word(bytes_sub(v, from, end - from)))
      return false;
    from = end + 1;
  }
  return true;
}

static struct bytes without_empty_words(struct bytes s)
{
  for (size_t i = 0; i < ARRAY_LEN(empty_words); i++)
    if (bytes_istarts(s, bytes_str(empty_words[i]))) {
      s = bytes_trim(bytes_sub(s, strlen(empty_words[i]), SIZE_MAX));
      i = SIZE_MAX; /* from the first one again */
    }
  return s;
}

static bool has_between(struct bytes s)
{
  for (size_t i = 0; i < ARRAY_LEN(between); i++)
    if (bytes_ifind(s, bytes_str(between[i].words), 0) != SIZE_MAX)
      return true;
  return bytes_ifind(s, BYTES(" and "), 0) != SIZE_MAX;
}

static bool put_bound(struct pool *pool, struct advisory_version *v, const char *op, struct bytes version)
{
  version = without_empty_words(bytes_trim(version));
  if (!one_version(version) || v->bounds == ADVISORY_BOUNDS || has_between(version))
    return false;
  v->range = true;
  v->bound[v->bounds++] = (struct advisory_bound){ op, pool_str(pool, version) };
  return true;
}

static bool digits_and_dots(struct bytes s)
{
  size_t dots = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9'))
      return false;
    dots += s.p[i] == '.';
  }
  return dots > 0 && s.p[0] != '.' && s.p[s.len - 1] != '.';
}

/* "1.0-2.3": both of the same simple kind, or it is a version with a suffix. */
static bool hyphenated(struct pool *pool, struct bytes s, struct advisory_version *v)
{
  size_t at = bytes_find(s, BYTES("-"), 0);
  if (at == SIZE_MAX || !digits_and_dots(bytes_sub(s, 0, at)) || !digits_and_dots(bytes_sub(s, at + 1, SIZE_MAX)))
    return false;
  return put_bound(pool, v, ">=", bytes_sub(s, 0, at)) && put_bound(pool, v, "<=", bytes_sub(s, at + 1, SIZE_MAX));
}

static bool spanned(struct pool *pool, struct bytes s, struct advisory_version *v)
{
  if (bytes_istarts(s, BYTES("from ")))
    s = bytes_trim(bytes_sub(s, 5, SIZE_MAX));
  for (size_t i = 0; i < ARRAY_LEN(before_it); i++)
    if (bytes_istarts(s, bytes_str(before_it[i].words)))
      return false;
  for (size_t i = 0; i < ARRAY_LEN(between); i++) {
    size_t at = bytes_ifind(s, bytes_str(between[i].words), 0);
    if (at == SIZE_MAX || at == 0)
      continue;
    *v = (struct advisory_version){ 0 };
    if (put_bound(pool, v, ">=", bytes_sub(s, 0, at)) &&
        put_bound(pool, v, between[i].op, bytes_sub(s, at + strlen(between[i].words), SIZE_MAX)))
      return true;
  }
  *v = (struct advisory_version){ 0 };
  return hyphenated(pool, s, v);
}

/* ">= 1.0 < 2.0" is two of them. */
static bool with_prefix(struct pool *pool, struct bytes s, struct advisory_version *v)
{
  for (size_t i = 0; i < ARRAY_LEN(before_it); i++) {
    if (!bytes_istarts(s, bytes_str(before_it[i].words)))
      continue;
    struct bytes rest = bytes_trim(bytes_sub(s, strlen(before_it[i].words), SIZE_MAX));
    size_t next = bytes_find(rest, BYTES(" <"), 0);
    if (next == SIZE_MAX || before_it[i].op[0] != '>')
      return put_bound(pool, v, before_it[i].op, rest);
    return put_bound(pool, v, before_it[i].op, bytes_sub(rest, 0, next)) &&
           with_prefix(pool, bytes_trim(bytes_sub(rest, next, SIZE_MAX)), v);
  }
  return false;
}

static bool with_suffix(struct pool *pool, struct bytes s, struct advisory_version *v)
{
  if (s.len > 9 && bytes_ieq(bytes_sub(s, s.len - 9, 9), BYTES(" versions")))
    s = bytes_sub(s, 0, s.len - 9);
  for (size_t i = 0; i < ARRAY_LEN(behind_it); i++) {
    size_t len = strlen(behind_it[i].words);
    if (s.len > len && bytes_ieq(bytes_sub(s, s.len - len, len), bytes_str(behind_it[i].words)))
      return put_bound(pool, v, behind_it[i].op, bytes_sub(s, 0, s.len - len));
  }
  return false;
}

static bool read_one(struct pool *pool, struct bytes s, struct advisory_version *v)
{
  *v = (struct advisory_version){ 0 };
  for (size_t i = 0; i < ARRAY_LEN(everything); i++)
    if (bytes_ieq(s, bytes_str(everything[i]))) {
      v->range = true;
      return true;
    }
  s = without_empty_words(s);
  if (spanned(pool, s, v))
    return true;
  *v = (struct advisory_version){ 0 };
  if (with_suffix(pool, s, v))
    return true;
  *v = (struct advisory_version){ 0 };
  if (with_prefix(pool, s, v))
    return true;
  *v = (struct advisory_version){ 0 };
  if (!one_version(s))
    return false;
  v->text = pool_str(pool, s);
  return true;
}

/* vers: what is no plain character of a version is percent-encoded. */
static void add_version(struct buf *b, const char *s)
{
  for (; *s; s++) {
    if (strchr(" \t|<>=!*,%", *s))
      buf_printf(b, "%%%02X", (unsigned)(unsigned char)*s);
    else
      buf_addc(b, *s);
  }
}

static void write_range(struct pool *pool, struct advisory_version *v)
{
  struct buf b = buf_new(pool, 40);
  for (unsigned i = 0; i < v->bounds; i++) {
    buf_printf(&b, "%s%s", i ? "|" : "", v->bound[i].op);
    add_version(&b, v->bound[i].version);
  }
  v->text = v->bounds ? buf_str(&b) : "*";
}

/* ">= 1.0, < 2.0": one range, not everything from 1.0 on and everything below 2.0. */
static bool closes(const struct advisory_version *low, const struct advisory_version *high)
{
  return low->range && high->range && low->bounds == 1 && high->bounds == 1 && low->bound[0].op[0] == '>' &&
         high->bound[0].op[0] == '<';
}

struct list {
  struct pool *pool;
  struct advisory_version *v;
  size_t count, cap;
  const char *unread;
};

static void take(struct list *l, struct bytes s)
{
  struct advisory_version v;
  s = bytes_trim(s);
  size_t word = bytes_ifind(s, BYTES(" and "), 0);
  if (!s.len)
    return;
  if (!read_one(l->pool, s, &v) || (word != SIZE_MAX && !v.range)) {
    if (word == SIZE_MAX) {
      l->unread = l->unread ? l->unread : pool_str(l->pool, s);
      return;
    }
    take(l, bytes_sub(s, 0, word));
    take(l, bytes_sub(s, word + 5, SIZE_MAX));
    return;
  }
  if (l->count && closes(&l->v[l->count - 1], &v)) {
    l->v[l->count - 1].bound[1] = v.bound[0];
    l->v[l->count - 1].bounds = 2;
    return;
  }
  l->v = pool_grow(l->pool, l->v, l->count, &l->cap, sizeof *l->v);
  l->v[l->count++] = v;
}

size_t advisory_versions(struct pool *pool, const char *text, struct advisory_version **out, const char **unread)
{
  struct list l = { .pool = pool };
  struct bytes all = bytes_str(text_clean(pool, bytes_str(text), false));
  size_t kept = 0;
  if (all.len > VERSIONS_MAX) {
    *unread = pool_str(pool, bytes_sub(all, 0, utf8_cut(all, 60)));
    return 0;
  }
  for (size_t from = 0, i = 0; i <= all.len; i++)
    if (i == all.len || all.p[i] == ',' || all.p[i] == ';') {
      take(&l, bytes_sub(all, from, i - from));
      from = i + 1;
    }
  for (size_t i = 0; i < l.count; i++) {
    bool again = false;
    if (l.v[i].range)
      write_range(pool, &l.v[i]);
    for (size_t k = 0; k < kept && !again; k++)
      again = !strcmp(l.v[k].text, l.v[i].text);
    if (!again)
      l.v[kept++] = l.v[i];
  }
  *out = l.v;
  *unread = l.unread;
  return kept;
}
