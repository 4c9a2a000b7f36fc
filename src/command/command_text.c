/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/text: what mail programs do to text, undone: format=flowed (RFC 3676), typographic characters, doubled links.
 */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define LINK_MAX 2000

bool text_line_blank(const struct text_line *l)
{
  return bytes_trim(l->text).len == 0;
}

static size_t quote_depth(struct bytes line)
{
  size_t depth = 0;
  while (depth < line.len && line.p[depth] == '>')
    depth++;
  return depth;
}

static void add_line(struct pool *pool, struct text_lines *t, size_t *cap, struct text_line line)
{
  t->line = pool_grow(pool, t->line, t->count, cap, sizeof *t->line);
  t->line[t->count++] = line;
}

static struct text_lines fixed_lines(struct pool *pool, struct bytes text)
{
  struct text_lines t = { 0 };
  struct bytes line;
  size_t cap = 0;
  for (unsigned no = 1; bytes_next_line(&text, &line); no++)
    add_line(pool, &t, &cap, (struct text_line){ line, no, bytes_starts(bytes_trim(line), BYTES(">")) });
  return t;
}

/* A paragraph of format=flowed while its lines come in. */
struct flow {
  struct buf text;
  size_t depth;
  unsigned no;
  bool open; /* its last line ended in a space: the next one of the same depth continues it */
};

static void flow_end(struct pool *pool, struct text_lines *t, size_t *cap, struct flow *f)
{
  if (f->no > 0)
    add_line(pool, t, cap, (struct text_line){ buf_bytes(&f->text), f->no, f->depth > 0 });
  f->no = 0;
  f->open = false;
}

static void flow_start(struct pool *pool, struct flow *f, size_t depth, unsigned no)
{
  f->text = buf_new(pool, 80);
  f->depth = depth;
  f->no = no;
  for (size_t i = 0; i < depth; i++)
    buf_addc(&f->text, '>');
  if (depth > 0)
    buf_addc(&f->text, ' ');
}

/* RFC 3676 section 4: quote marks, then a stuffed space, then text; a trailing space makes the line flow on, save for
 * "-- ". */
static struct text_lines flowed_lines(struct pool *pool, struct bytes text, bool delsp)
{
  struct text_lines t = { 0 };
  struct flow f = { 0 };
  struct bytes line;
  size_t cap = 0;
  for (unsigned no = 1; bytes_next_line(&text, &line); no++) {
    size_t depth = quote_depth(line);
    struct bytes content = bytes_sub(line, depth, line.len - depth);
    if (bytes_starts(content, BYTES(" ")))
      content = bytes_sub(content, 1, content.len - 1);
    bool signature = bytes_eq(content, BYTES("-- "));
    bool flows = content.len > 0 && content.p[content.len - 1] == ' ' && !signature;
    if (!f.open || f.depth != depth || signature) {
      flow_end(pool, &t, &cap, &f);
      flow_start(pool, &f, depth, no);
    }
    buf_add(&f.text, bytes_sub(content, 0, content.len - (flows && delsp)));
    f.open = flows;
    if (!flows)
      flow_end(pool, &t, &cap, &f);
  }
  flow_end(pool, &t, &cap, &f);
  return t;
}

struct text_lines command_lines(struct pool *pool, const struct command_source *src)
{
  struct bytes text = text_to_lf(pool, utf8_repair(pool, bytes_str(src->text)));
  if (text_ieq(src->format, "flowed"))
    return flowed_lines(pool, text, text_ieq(src->delsp, "yes"));
  return fixed_lines(pool, text);
}

/* What a character becomes in a command line: itself, an ASCII one, or nothing (0). */
static uint32_t plain_character(uint32_t cp)
{
  static const struct {
    uint32_t first, last, becomes;
  } map[] = {
    { 0x09, 0x0D, ' ' },      { 0xA0, 0xA0, ' ' },     { 0xAB, 0xAB, '"' },     { 0xAD, 0xAD, 0 },
    { 0xBB, 0xBB, '"' },      { 0x2000, 0x200A, ' ' }, { 0x200B, 0x200F, 0 },   { 0x2010, 0x2015, '-' },
    { 0x2018, 0x201B, '\'' }, { 0x201C, 0x201F, '"' }, { 0x202F, 0x202F, ' ' }, { 0x2032, 0x2032, '\'' },
    { 0x2033, 0x2033, '"' },  { 0x205F, 0x205F, ' ' }, { 0x2060, 0x2060, 0 },   { 0x2212, 0x2212, '-' },
    { 0x3000, 0x3000, ' ' },  { 0xFE58, 0xFE58, '-' }, { 0xFE63, 0xFE63, '-' }, { 0xFEFF, 0xFEFF, 0 },
    { 0xFF03, 0xFF03, '#' },  { 0xFF0D, 0xFF0D, '-' }, { 0xFF20, 0xFF20, '@' },
  };
  for (size_t i = 0; i < ARRAY_LEN(map); i++)
    if (cp >= map[i].first && cp <= map[i].last)
      return map[i].becomes;
  return cp;
}

static struct bytes plain_characters(struct pool *pool, struct bytes s)
{
  struct buf b = buf_new(pool, s.len);
  for (size_t off = 0; off < s.len;) {
    uint32_t cp = plain_character(utf8_next(s, &off));
    if (cp == ' ' && (b.len == 0 || b.data[b.len - 1] == ' '))
      continue;
    if (cp)
      utf8_put(&b, cp);
  }
  return bytes_trim(bytes_str(text_clean(pool, buf_bytes(&b), false)));
}

/* An address or link without what mail programs add to it. */
static struct bytes link_core(struct bytes s)
{
  static const struct bytes scheme[] = { { "mailto:", 7 }, { "https://", 8 }, { "http://", 7 } };
  for (size_t i = 0; i < ARRAY_LEN(scheme); i++)
    if (bytes_istarts(s, scheme[i])) {
      s = bytes_sub(s, scheme[i].len, s.len - scheme[i].len);
      break;
    }
  while (s.len > 0 && s.p[s.len - 1] == '/')
    s.len--;
  return s;
}

/* The word at the end of b, before at most one space; *from is where it begins. */
static struct bytes last_word(const struct buf *b, size_t *from)
{
  size_t end = b->len;
  if (end > 0 && b->data[end - 1] == ' ')
    end--;
  size_t start = end;
  while (start > 0 && b->data[start - 1] != ' ' && end - start < LINK_MAX)
    start--;
  *from = end;
  return (struct bytes){ b->data + start, end - start };
}

/* "URL <URL>", "a@b<mailto:a@b>" become one; "Name <mailto:a@b>" becomes "Name <a@b>". */
static struct bytes single_links(struct pool *pool, struct bytes s)
{
  struct buf b = buf_new(pool, s.len);
  for (size_t i = 0; i < s.len; i++) {
    size_t end = i + 1;
    while (s.p[i] == '<' && end < s.len && s.p[end] != '>' && s.p[end] != '<' && s.p[end] != ' ' && end - i < LINK_MAX)
      end++;
    if (s.p[i] != '<' || end >= s.len || s.p[end] != '>' || end == i + 1) {
      buf_addc(&b, s.p[i]);
      continue;
    }
    struct bytes inner = bytes_sub(s, i + 1, end - i - 1);
    bool mail = bytes_istarts(inner, BYTES("mailto:"));
    size_t query = mail ? bytes_find(inner, BYTES("?"), 0) : SIZE_MAX;
    inner = bytes_sub(inner, 0, query == SIZE_MAX ? inner.len : query);
    size_t word_end;
    struct bytes word = last_word(&b, &word_end);
    if (word.len > 0 && bytes_ieq(link_core(word), link_core(inner))) {
      b.len = word_end;
      b.data[b.len] = '\0';
    } else {
      buf_addc(&b, '<');
      buf_add(&b, mail ? link_core(inner) : inner);
      buf_addc(&b, '>');
    }
    i = end;
  }
  return buf_bytes(&b);
}

static bool is_hex(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Groups of four hexadecimal digits, one space apart, from the start of s; *len is what they take. */
static size_t hex_groups(struct bytes s, size_t *len)
{
  size_t groups = 0, at = 0;
  *len = 0;
  for (;;) {
    size_t digits = 0;
    while (at + digits < s.len && digits < 5 && is_hex(s.p[at + digits]))
      digits++;
    bool ends = at + digits >= s.len || s.p[at + digits] == ' ';
    if (digits != 4 || !ends)
      return groups;
    groups++;
    *len = at + 4;
    if (*len >= s.len || groups == 16)
      return groups;
    at = *len + 1;
  }
}

/* Fingerprints as gpg shows them, ten or sixteen groups of four, become one word. */
static struct bytes joined_fingerprints(struct pool *pool, struct bytes s)
{
  struct buf b = buf_new(pool, s.len);
  for (size_t i = 0; i < s.len;) {
    size_t len = 0;
    size_t groups = i == 0 || s.p[i - 1] == ' ' ? hex_groups(bytes_sub(s, i, s.len - i), &len) : 0;
    if (groups >= 10 && groups < 16) {
      groups = 10;
      len = 10 * 5 - 1;
    }
    for (size_t k = 0; k < len && groups >= 10; k++)
      if (s.p[i + k] != ' ')
        buf_addc(&b, s.p[i + k]);
    if (groups < 10) {
      len = 1;
      buf_addc(&b, s.p[i]);
    }
    i += len;
  }
  return buf_bytes(&b);
}

char *command_normalise(struct pool *pool, struct bytes s)
{
  return pool_str(pool, bytes_trim(joined_fingerprints(pool, single_links(pool, plain_characters(pool, s)))));
}
