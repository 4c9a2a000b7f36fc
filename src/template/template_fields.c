/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/fields: a form of a portal as a template file: filings/NAME.txt. What stands above the first field is a
 * note; a field begins with "== LABEL", or "==! LABEL" when it must be answered, and its template follows up to the
 * next. */
#include <config.h>

#include "template_private.h"
#include <string.h>

#define FOLDER "filings/"
#define ANSWER "field."

struct raw_field {
  struct bytes label, text;
  bool required;
};

static bool field_line(struct bytes line, struct raw_field *out)
{
  bool required = bytes_starts(line, BYTES("==! "));
  if (!required && !bytes_starts(line, BYTES("== ")))
    return false;
  *out = (struct raw_field){ .required = required, .label = bytes_trim(bytes_sub(line, required ? 4 : 3, line.len)) };
  return true;
}

/* *note: what stands above the first field. */
static size_t cut(struct pool *pool, struct bytes body, struct bytes *note, struct raw_field **out)
{
  struct bytes rest = body, line;
  struct bytes *into = note;
  const char *begin = body.p;
  size_t count = 0, cap = 0;
  *out = NULL;
  *note = (struct bytes){ 0 };
  while (begin && bytes_next_line(&rest, &line)) {
    struct raw_field f;
    if (!field_line(line, &f))
      continue;
    *into = (struct bytes){ begin, (size_t)(line.p - begin) };
    *out = pool_grow(pool, *out, count, &cap, sizeof **out);
    (*out)[count++] = f;
    begin = rest.p;
    into = &(*out)[count - 1].text;
  }
  if (begin)
    *into = (struct bytes){ begin, (size_t)(body.p + body.len - begin) };
  return count;
}

/* The first variable that the field shows: what is to be said where the field is empty. */
static const char *variable_of(struct pool *pool, struct bytes text)
{
  struct node_list nodes;
  struct fault err = { 0 };
  if (template_parse(pool, text, &nodes, &err))
    return "";
  for (size_t i = 0; i < nodes.count; i++)
    if (nodes.node[i].kind != NODE_TEXT && nodes.node[i].kind != NODE_PARTIAL)
      return pool_str(pool, nodes.node[i].text);
  return "";
}

static enum status render(struct pool *pool, const struct template_set *s, const char *language, struct bytes text,
                          const struct tvalue *data, const char **out, struct fault *err)
{
  struct bytes rendered = { 0 };
  enum status st = template_set_render(pool, s, language, text, data, &rendered, err);
  *out = st ? "" : pool_str(pool, bytes_trim(rendered));
  return st;
}

enum status template_form(struct pool *pool, const struct template_set *s, const char *name, const char *language,
                          const struct tvalue *data, struct template_form *out, struct fault *err)
{
  struct raw_field *raw = NULL;
  struct bytes note = { 0 };
  const struct template_file *f = template_find(s, name, language ? language : "en");
  *out = (struct template_form){ 0 };
  if (!f || !text_istarts(f->name, FOLDER))
    return fault(err, ST_REJECT, "there is no form `%s`", name);
  size_t n = cut(pool, f->body, &note, &raw);
  out->field = pool_array(pool, n + 1, sizeof *out->field);
  enum status st = render(pool, s, language, f->subject, data, &out->title, err);
  if (!st)
    st = render(pool, s, language, note, data, &out->note, err);
  for (size_t i = 0; !st && i < n; i++) {
    struct template_field *to = &out->field[out->count++];
    *to = (struct template_field){ .label = pool_str(pool, raw[i].label),
                                   .required = raw[i].required,
                                   .variable = variable_of(pool, raw[i].text) };
    st = render(pool, s, language, raw[i].text, data, &to->value, err);
  }
  return st ? fault_add(err, "template %s", f->path) : ST_OK;
}

const char *template_form_language(const struct template_set *s, const char *name, const char *language)
{
  const struct template_file *f = template_find(s, name, language ? language : "en");
  return f && *f->values ? f->values : language;
}

/* ---- which ones show a field ---- */
static bool shows(struct pool *pool, struct bytes text, const char *variable)
{
  struct node_list nodes;
  struct fault err = { 0 };
  if (template_parse(pool, text, &nodes, &err))
    return false;
  for (size_t i = 0; i < nodes.count; i++)
    if (nodes.node[i].kind != NODE_TEXT && nodes.node[i].kind != NODE_PARTIAL &&
        bytes_eq(nodes.node[i].text, bytes_str(variable)))
      return true;
  return false;
}

static bool needs(struct pool *pool, const struct template_file *f, const char *variable)
{
  struct raw_field *raw = NULL;
  struct bytes note;
  for (const char **r = f->required; r && *r; r++)
    if (!strcmp(*r, variable))
      return true;
  size_t n = text_istarts(f->name, FOLDER) ? cut(pool, f->body, &note, &raw) : 0;
  for (size_t i = 0; i < n; i++)
    if (raw[i].required && !strcmp(variable_of(pool, raw[i].text), variable))
      return true;
  return false;
}

size_t template_answer_uses(struct pool *pool, const struct template_set *s, const char *answer, struct template_use **out)
{
  const char *variable = pool_printf(pool, ANSWER "%s", answer);
  size_t count = 0;
  *out = pool_array(pool, s->count + 1, sizeof **out);
  for (size_t i = 0; i < s->count; i++)
    if (text_ieq(s->file[i].language, "en") && shows(pool, s->file[i].body, variable))
      (*out)[count++] = (struct template_use){ s->file[i].name, needs(pool, &s->file[i], variable) };
  return count;
}

/* ---- names ---- */
static void add_once(struct pool *pool, const char ***list, size_t *count, size_t *cap, const char *name)
{
  for (size_t i = 0; i < *count; i++)
    if (!strcmp((*list)[i], name))
      return;
  *list = pool_grow(pool, *list, *count, cap, sizeof **list);
  (*list)[(*count)++] = name;
}

static const char **ended(struct pool *pool, const char **list, size_t count, size_t cap)
{
  list = pool_grow(pool, list, count, &cap, sizeof *list);
  list[count] = NULL;
  return list;
}

const char **template_names(struct pool *pool, const struct template_set *s, const char *folder)
{
  const char **list = NULL;
  size_t count = 0, cap = 0;
  for (size_t i = 0; i < s->count; i++)
    if (text_ieq(s->file[i].language, "en") && text_istarts(s->file[i].name, folder))
      add_once(pool, &list, &count, &cap, s->file[i].name + strlen(folder));
  return ended(pool, list, count, cap);
}

const char **template_answer_names(struct pool *pool, const struct template_set *s)
{
  const char **list = NULL;
  size_t count = 0, cap = 0;
  for (size_t i = 0; i < s->count; i++) {
    struct node_list nodes;
    struct fault err = { 0 };
    if (template_parse(pool, s->file[i].body, &nodes, &err))
      continue;
    for (size_t k = 0; k < nodes.count; k++)
      if (nodes.node[k].kind != NODE_TEXT && bytes_starts(nodes.node[k].text, BYTES(ANSWER)))
        add_once(pool, &list, &count, &cap, pool_str(pool, bytes_sub(nodes.node[k].text, strlen(ANSWER), SIZE_MAX)));
  }
  return ended(pool, list, count, cap);
}
