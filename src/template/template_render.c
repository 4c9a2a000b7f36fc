/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/render: nodes and values to text. A value is copied, never parsed. */
#include <config.h>

#include "template_private.h"
#include <string.h>

enum { STACK_MAX = 128, PARTIALS_DEEP = 16, OUTPUT_MAX = 64 << 20 };

struct render {
  struct pool *pool;
  const struct tvalue *stack[STACK_MAX]; /* innermost last */
  size_t depth;
  enum template_escape escape;
  const struct template_source *partials;
  unsigned partial_depth;
  struct buf out;
};

static const struct tvalue *get(const struct tvalue *object, struct bytes key)
{
  if (!object || object->kind != TVALUE_OBJECT)
    return NULL;
  for (size_t i = 0; i < object->count; i++)
    if (bytes_eq(bytes_str(object->pair[i].key), key))
      return object->pair[i].value;
  return NULL;
}

/* "a.b.c": a from the innermost context that has it, the rest from there only (specification, "dotted names"). */
static const struct tvalue *look_up(const struct render *r, struct bytes name)
{
  if (bytes_eq(name, BYTES(".")))
    return r->stack[r->depth - 1];
  size_t dot = bytes_find(name, BYTES("."), 0);
  struct bytes first = bytes_sub(name, 0, dot == SIZE_MAX ? name.len : dot);
  const struct tvalue *v = NULL;
  for (size_t i = r->depth; i > 0 && !v; i--)
    v = get(r->stack[i - 1], first);
  while (v && dot != SIZE_MAX) {
    name = bytes_sub(name, dot + 1, name.len);
    dot = bytes_find(name, BYTES("."), 0);
    v = get(v, bytes_sub(name, 0, dot == SIZE_MAX ? name.len : dot));
  }
  return v;
}

static void put_value(struct render *r, const char *s, bool raw)
{
  if (raw || r->escape == TEMPLATE_PLAIN) {
    buf_adds(&r->out, s);
    return;
  }
  for (; *s; s++) {
    const char *entity = *s == '&'    ? "&amp;"
                         : *s == '<'  ? "&lt;"
                         : *s == '>'  ? "&gt;"
                         : *s == '"'  ? "&quot;"
                         : *s == '\'' ? "&#39;"
                                      : NULL;
    if (entity)
      buf_adds(&r->out, entity);
    else
      buf_addc(&r->out, *s);
  }
}

static enum status render_text(struct render *r, struct bytes tmpl, struct fault *err);
static enum status render_nodes(struct render *r, const struct node *node, size_t from, size_t to, struct fault *err);

static enum status render_with(struct render *r, const struct node *node, size_t at, const struct tvalue *context,
                               struct fault *err)
{
  if (r->depth == STACK_MAX)
    return fault(err, ST_REJECT, "line %" PRIu32 ": sections are nested too deep", node[at].line);
  r->stack[r->depth++] = context;
  enum status st = render_nodes(r, node, at + 1, node[at].end, err);
  r->depth--;
  return st;
}

static enum status render_section(struct render *r, const struct node *node, size_t at, struct fault *err)
{
  const struct tvalue *v = look_up(r, node[at].text);
  if (node[at].kind == NODE_INVERTED)
    return tvalue_true(v) ? ST_OK : render_nodes(r, node, at + 1, node[at].end, err);
  if (!tvalue_true(v))
    return ST_OK;
  if (v->kind != TVALUE_LIST)
    return render_with(r, node, at, v, err);
  enum status st = ST_OK;
  for (size_t i = 0; i < v->count && !st; i++)
    st = render_with(r, node, at, v->item[i], err);
  return st;
}

/* A partial alone on its line has that line's indentation on each of its lines (of the template, not of the values). */
static struct bytes indented(struct pool *pool, struct bytes text, struct bytes indent)
{
  if (!indent.len)
    return text;
  struct buf b = buf_new(pool, text.len * 2);
  while (text.len) {
    size_t end = bytes_find(text, BYTES("\n"), 0);
    end = end == SIZE_MAX ? text.len : end + 1;
    buf_add(&b, indent);
    buf_add(&b, bytes_sub(text, 0, end));
    text = bytes_sub(text, end, text.len);
  }
  return buf_bytes(&b);
}

static enum status render_partial(struct render *r, const struct node *n, struct fault *err)
{
  struct bytes text;
  const char *name = pool_str(r->pool, n->text);
  if (!r->partials || !r->partials->get(r->partials->self, name, &text))
    return ST_OK; /* a miss is empty; the load-time check names it */
  if (r->partial_depth == PARTIALS_DEEP)
    return fault(err, ST_REJECT, "line %" PRIu32 ": partial `%s` includes itself without end", n->line, name);
  r->partial_depth++;
  enum status st = render_text(r, indented(r->pool, text, n->indent), err);
  r->partial_depth--;
  return st ? fault_add(err, "partial %s", name) : ST_OK;
}

static enum status render_nodes(struct render *r, const struct node *node, size_t from, size_t to, struct fault *err)
{
  enum status st = ST_OK;
  for (size_t i = from; i < to && !st; i++) {
    const struct node *n = &node[i];
    if (r->out.len > OUTPUT_MAX)
      return fault(err, ST_REJECT, "line %" PRIu32 ": the text grows too large", n->line);
    switch (n->kind) {
    case NODE_TEXT:
      buf_add(&r->out, n->text);
      break;
    case NODE_VALUE:
    case NODE_RAW:
      put_value(r, tvalue_text(look_up(r, n->text)), n->kind == NODE_RAW);
      break;
    case NODE_SECTION:
    case NODE_INVERTED:
      st = render_section(r, node, i, err);
      i = n->end - 1;
      break;
    case NODE_PARTIAL:
      st = render_partial(r, n, err);
      break;
    }
  }
  return st;
}

static enum status render_text(struct render *r, struct bytes tmpl, struct fault *err)
{
  struct node_list nodes;
  enum status st = template_parse(r->pool, tmpl, &nodes, err);
  return st ? st : render_nodes(r, nodes.node, 0, nodes.count, err);
}

enum status template_render(struct pool *pool, struct bytes tmpl, const struct tvalue *data,
                            enum template_escape escape, const struct template_source *partials, struct bytes *out,
                            struct fault *err)
{
  struct render r = { .pool = pool, .escape = escape, .partials = partials, .out = buf_new(pool, tmpl.len * 2) };
  r.stack[r.depth++] = data;
  enum status st = render_text(&r, tmpl, err);
  *out = st ? (struct bytes){ 0 } : buf_bytes(&r.out);
  return st;
}
