/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/file: one template file: its header lines, and the check at load time. */
#include <config.h>

#include "template_private.h"
#include <stdio.h>
#include <string.h>

enum { REQUIRED_MAX = 40, SCOPES_MAX = 40 };

/* "Name: value" as the first line: cut off. */
static bool header_line(struct bytes *rest, const char *name, struct bytes *value)
{
  struct bytes look = *rest, line;
  if (!bytes_next_line(&look, &line) || !bytes_starts(line, bytes_str(name)))
    return false;
  *value = bytes_trim(bytes_sub(line, strlen(name), line.len));
  *rest = look;
  return true;
}

static const char **name_list(struct pool *pool, struct bytes list)
{
  const char **out = pool_array(pool, REQUIRED_MAX + 1, sizeof *out);
  for (size_t n = 0; n < REQUIRED_MAX && list.len;) {
    size_t comma = bytes_find(list, BYTES(","), 0);
    struct bytes name = bytes_trim(bytes_sub(list, 0, comma == SIZE_MAX ? list.len : comma));
    list = comma == SIZE_MAX ? (struct bytes){ 0 } : bytes_sub(list, comma + 1, list.len);
    if (name.len)
      out[n++] = pool_str(pool, name);
  }
  return out;
}

/* Comments of the author may stand before the header lines: "{{! ... }}" on lines of their own. */
static void skip_comments(struct bytes *rest)
{
  while (bytes_starts(*rest, BYTES("{{!"))) {
    size_t end = bytes_find(*rest, BYTES("}}"), 0);
    size_t line = end == SIZE_MAX ? SIZE_MAX : bytes_find(*rest, BYTES("\n"), end);
    if (line == SIZE_MAX)
      return;
    *rest = bytes_sub(*rest, line + 1, rest->len);
  }
}

void template_file_split(struct pool *pool, struct bytes text, struct template_file *f)
{
  struct bytes required = { 0 }, values = { 0 }, rest = text, line;
  f->subject = (struct bytes){ 0 };
  skip_comments(&rest);
  if (header_line(&rest, "Subject:", &f->subject)) {
    (void)header_line(&rest, "Required:", &required);
    (void)header_line(&rest, "Values:", &values);
    struct bytes look = rest;
    if (bytes_next_line(&look, &line) && bytes_trim(line).len == 0)
      rest = look; /* the empty line below the header */
  } else {
    rest = text;
  }
  f->required = name_list(pool, required);
  f->values = pool_str(pool, values);
  f->body = rest;
  f->body_line = 1;
  for (const char *p = text.p; p < rest.p; p++)
    f->body_line += *p == '\n';
}

void template_error(struct error_list *errors, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  char *line = pool_vprintf(errors->pool, fmt, ap);
  va_end(ap);
  errors->line = pool_grow(errors->pool, errors->line, errors->count, &errors->cap, sizeof *errors->line);
  errors->line[errors->count++] = line;
}

struct checker {
  const struct template_set *set;
  const struct template_file *f;
  struct error_list *errors;
  struct bytes scope[SCOPES_MAX];
  uint32_t scope_end[SCOPES_MAX];
  size_t depth;
};

static void check_node(struct checker *c, const struct node *n, uint32_t first_line)
{
  struct pool *pool = c->errors->pool;
  uint32_t line = n->line + first_line - 1;
  if (n->kind == NODE_TEXT)
    return;
  if (n->kind == NODE_PARTIAL) {
    if (!template_find(c->set, pool_str(pool, n->text), c->f->language))
      template_error(c->errors, "%s:%" PRIu32 ": unknown partial `%.*s`", c->f->path, line, (int)n->text.len,
                     n->text.p);
    return;
  }
  struct bytes full = template_var_resolve(pool, n->text, c->scope, c->depth);
  if (!full.len)
    template_error(c->errors, "%s:%" PRIu32 ": unknown variable `%.*s`", c->f->path, line, (int)n->text.len, n->text.p);
  if ((n->kind != NODE_SECTION && n->kind != NODE_INVERTED) || c->depth == SCOPES_MAX)
    return;
  /* Inside an inverted section nothing is entered. */
  c->scope[c->depth] = n->kind == NODE_SECTION && full.len ? full : BYTES("?");
  c->scope_end[c->depth++] = n->end;
}

static void check_text(struct checker *c, struct bytes text, uint32_t first_line)
{
  struct node_list nodes;
  struct fault err = { 0 };
  if (template_parse(c->errors->pool, text, &nodes, &err)) {
    uint32_t line = 1;
    const char *what = err.text;
    if (sscanf(err.text, "line %" SCNu32 ": ", &line) == 1 && strchr(err.text, ':'))
      what = strchr(err.text, ':') + 2;
    template_error(c->errors, "%s:%" PRIu32 ": %s", c->f->path, line + first_line - 1, what);
    return;
  }
  c->depth = 0;
  for (uint32_t i = 0; i < nodes.count; i++) {
    while (c->depth && c->scope_end[c->depth - 1] <= i)
      c->depth--;
    check_node(c, &nodes.node[i], first_line);
  }
}

void template_file_check(const struct template_set *set, const struct template_file *f, struct error_list *errors)
{
  struct checker c = { .set = set, .f = f, .errors = errors };
  bool partial = text_istarts(f->name, "partials/"), form = text_istarts(f->name, "filings/");
  if (!partial && !f->subject.len)
    template_error(errors, "%s:1: the first line must be `Subject: ...`", f->path);
  if (!partial && !form && !bytes_starts(f->body, BYTES("{{reference_line}}\n")))
    template_error(errors, "%s:%" PRIu32 ": the text must begin with {{reference_line}} on a line of its own", f->path,
                   f->body_line);
  check_text(&c, f->subject, 1);
  c.depth = 0;
  for (size_t i = 0; f->required[i]; i++)
    if (!template_var_resolve(errors->pool, bytes_str(f->required[i]), NULL, 0).len)
      template_error(errors, "%s:2: unknown variable `%s` among the required ones", f->path, f->required[i]);
  check_text(&c, f->body, f->body_line);
}
