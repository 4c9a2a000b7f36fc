/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/parse: Mustache text to nodes (mustache(5) and the specification's modules comments, interpolation,
 * sections, inverted, partials, delimiters). */
#include <config.h>

#include "template_private.h"
#include <string.h>

enum { NODES_MAX = 20000, DEPTH_MAX = 32, DELIMITER_MAX = 8, NAME_MAX_LEN = 100 };

struct parser {
  struct pool *pool;
  struct bytes in;
  size_t off;
  struct bytes open, close;
  struct node_list *out;
  uint32_t section[DEPTH_MAX]; /* open ones: indexes of their nodes */
  size_t depth;
  uint32_t line;
  size_t line_off; /* lines are counted up to here */
};

/* What stands between the delimiters. */
struct tag {
  char type;         /* '#', '^', '/', '>', '!', '=', '&', '{', 0: a variable */
  struct bytes name; /* trimmed */
  size_t start, end; /* in the input, delimiters included */
};

static uint32_t line_at(struct parser *p, size_t off)
{
  for (; p->line_off < off; p->line_off++)
    p->line += p->in.p[p->line_off] == '\n';
  return p->line;
}

static enum status bad(struct parser *p, size_t off, struct fault *err, const char *what)
{
  return fault(err, ST_REJECT, "line %" PRIu32 ": %s", line_at(p, off), what);
}

static enum status add(struct parser *p, enum node_kind kind, struct bytes text, size_t off, struct fault *err)
{
  struct node_list *l = p->out;
  if (l->count >= NODES_MAX)
    return bad(p, off, err, "too many tags");
  l->node = pool_grow(p->pool, l->node, l->count, &l->cap, sizeof *l->node);
  l->node[l->count++] = (struct node){ .kind = kind, .text = text, .line = line_at(p, off) };
  return ST_OK;
}

/* The tag that opens at start. */
static enum status read_tag(struct parser *p, size_t start, struct tag *tag, struct fault *err)
{
  size_t from = start + p->open.len;
  char c = from < p->in.len ? p->in.p[from] : '\0';
  *tag = (struct tag){ .type = c && strchr("#^/>!=&{", c) ? c : '\0', .start = start };
  struct bytes close = p->close;
  if (tag->type == '{' || tag->type == '=')
    close = bytes_str(pool_printf(p->pool, "%c%.*s", c == '{' ? '}' : '=', (int)p->close.len, p->close.p));
  size_t end = bytes_find(p->in, close, from + (tag->type != '\0'));
  if (end == SIZE_MAX)
    return bad(p, start, err, "a tag is not closed");
  from += tag->type != '\0';
  tag->name = bytes_trim(bytes_sub(p->in, from, end - from));
  tag->end = end + close.len;
  return ST_OK;
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/* Alone on its line: *from its beginning, *next the beginning of the following line. */
static bool stands_alone(const struct parser *p, const struct tag *tag, size_t *from, size_t *next)
{
  size_t at = tag->start, end = tag->end;
  if (!tag->type || !strchr("#^/>!=", tag->type))
    return false;
  while (at > 0 && is_blank(p->in.p[at - 1]))
    at--;
  if (at > 0 && p->in.p[at - 1] != '\n')
    return false;
  while (end < p->in.len && is_blank(p->in.p[end]))
    end++;
  if (end + 1 < p->in.len && p->in.p[end] == '\r' && p->in.p[end + 1] == '\n')
    end++;
  if (end < p->in.len && p->in.p[end] != '\n')
    return false;
  *from = at;
  *next = end < p->in.len ? end + 1 : end;
  return true;
}

static bool name_ok(struct bytes name)
{
  if (!name.len || name.len > NAME_MAX_LEN)
    return false;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.p[i];
    bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("._-/", c);
    if (!ok || c == '\0')
      return false;
  }
  return bytes_find(name, BYTES(".."), 0) == SIZE_MAX && name.p[0] != '/';
}

/* {{=<% %>=}} */
static enum status set_delimiters(struct parser *p, const struct tag *tag, struct fault *err)
{
  size_t gap = 0;
  while (gap < tag->name.len && !is_blank(tag->name.p[gap]))
    gap++;
  struct bytes open = bytes_sub(tag->name, 0, gap), close = bytes_trim(bytes_sub(tag->name, gap, tag->name.len));
  bool ok = open.len && close.len && open.len <= DELIMITER_MAX && close.len <= DELIMITER_MAX &&
            bytes_find(close, BYTES(" "), 0) == SIZE_MAX && bytes_find(tag->name, BYTES("="), 0) == SIZE_MAX;
  if (!ok)
    return bad(p, tag->start, err, "ill-formed delimiters");
  p->open = open;
  p->close = close;
  return ST_OK;
}

static enum status close_section(struct parser *p, const struct tag *tag, struct fault *err)
{
  if (!p->depth)
    return bad(p, tag->start, err, "a section is closed that was not opened");
  struct node *section = &p->out->node[p->section[--p->depth]];
  if (!bytes_eq(section->text, tag->name))
    return bad(p, tag->start, err,
               pool_printf(p->pool, "section `%.*s` is closed as `%.*s`", (int)section->text.len, section->text.p,
                           (int)tag->name.len, tag->name.p));
  section->end = (uint32_t)p->out->count;
  return ST_OK;
}

static enum status use_tag(struct parser *p, const struct tag *tag, struct bytes indent, struct fault *err)
{
  if (tag->type == '!')
    return ST_OK;
  if (tag->type == '=')
    return set_delimiters(p, tag, err);
  if (!name_ok(tag->name))
    return bad(p, tag->start, err, "a tag has no name, or one with characters that no variable has");
  if (tag->type == '/')
    return close_section(p, tag, err);
  bool section = tag->type == '#' || tag->type == '^';
  if (section && p->depth == DEPTH_MAX)
    return bad(p, tag->start, err, "sections are nested too deep");
  if (section)
    p->section[p->depth++] = (uint32_t)p->out->count;
  enum node_kind kind = tag->type == '#'   ? NODE_SECTION
                        : tag->type == '^' ? NODE_INVERTED
                        : tag->type == '>' ? NODE_PARTIAL
                        : tag->type        ? NODE_RAW
                                           : NODE_VALUE;
  enum status st = add(p, kind, tag->name, tag->start, err);
  if (!st)
    p->out->node[p->out->count - 1].indent = indent;
  return st;
}

static enum status add_text(struct parser *p, size_t to, struct fault *err)
{
  return to > p->off ? add(p, NODE_TEXT, bytes_sub(p->in, p->off, to - p->off), p->off, err) : ST_OK;
}

enum status template_parse(struct pool *pool, struct bytes tmpl, struct node_list *out, struct fault *err)
{
  struct parser p = { .pool = pool, .in = tmpl, .open = BYTES("{{"), .close = BYTES("}}"), .out = out, .line = 1 };
  *out = (struct node_list){ 0 };
  size_t start;
  while ((start = bytes_find(tmpl, p.open, p.off)) != SIZE_MAX) {
    struct tag tag;
    size_t from = start, next;
    enum status st = read_tag(&p, start, &tag, err);
    if (st)
      return st;
    next = tag.end;
    bool alone = stands_alone(&p, &tag, &from, &next);
    st = add_text(&p, from, err);
    if (!st)
      st = use_tag(&p, &tag, alone ? bytes_sub(tmpl, from, start - from) : (struct bytes){ 0 }, err);
    if (st)
      return st;
    p.off = next;
  }
  enum status st = add_text(&p, tmpl.len, err);
  if (!st && p.depth) {
    const struct node *n = &out->node[p.section[p.depth - 1]];
    st = fault(err, ST_REJECT, "line %" PRIu32 ": section `%.*s` is not closed", n->line, (int)n->text.len, n->text.p);
  }
  return st;
}
