/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template: for siblings only. */
#ifndef TEMPLATE_PRIVATE_H
#define TEMPLATE_PRIVATE_H
#include <embargod/template.h>
#include <embargod/text.h>

enum tvalue_kind { TVALUE_STRING, TVALUE_BOOL, TVALUE_LIST, TVALUE_OBJECT };
struct tpair {
  const char *key;
  struct tvalue *value;
};
struct tvalue {
  enum tvalue_kind kind;
  bool truth;
  const char *text;
  struct tvalue **item;
  struct tpair *pair;
  size_t count, cap;
};
bool tvalue_true(const struct tvalue *v); /* NULL, "", false and empty lists are false (and so hide a section) */

/* ---- template_parse.c: text to a flat list of nodes ---- */
enum node_kind { NODE_TEXT, NODE_VALUE, NODE_RAW, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL };
struct node {
  enum node_kind kind;
  struct bytes text;   /* TEXT: verbatim; else the name */
  struct bytes indent; /* PARTIAL that stands alone on its line */
  uint32_t end;        /* SECTION, INVERTED: index behind its last node */
  uint32_t line;       /* 1 = first */
};
struct node_list {
  struct node *node;
  size_t count, cap;
};
/* REJECT: "line N: what". Names borrow from tmpl. */
MUST_USE enum status template_parse(struct pool *pool, struct bytes tmpl, struct node_list *out, struct fault *err);

/* ---- template_vars.c ---- */
/* The full name of `name` where the sections `scope` (full names, innermost last) are open; empty: no such variable. A
 * list's fields are known inside it only. */
struct bytes template_var_resolve(struct pool *pool, struct bytes name, const struct bytes *scope, size_t depth);

/* ---- template_file.c: one file of a set ---- */
struct template_file {
  const char *path;            /* for messages: "templates/en/ack/full.txt" */
  const char *language, *name; /* "en", "ack/full" */
  struct bytes subject, body;
  const char **required; /* NULL-terminated */
  const char *values;    /* language of the values, of a form that is filed in that one; "" */
  uint32_t body_line;    /* line of the file at which the body begins */
};
struct template_set {
  struct template_file *file;
  size_t count, cap;
};
/* Cuts "Subject:" and "Required:" off; partials have neither. */
void template_file_split(struct pool *pool, struct bytes text, struct template_file *f);
struct error_list {
  struct pool *pool;
  char **line;
  size_t count, cap;
};
void template_error(struct error_list *errors, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Every name in that file, the order of its parts, its partials: each error a line. */
void template_file_check(const struct template_set *set, const struct template_file *f, struct error_list *errors);
/* Renders a piece of a file of the set, with the set's partials. */
MUST_USE enum status template_set_render(struct pool *pool, const struct template_set *s, const char *language, struct bytes text,
                                         const struct tvalue *data, struct bytes *out, struct fault *err);
const struct template_file *template_find(const struct template_set *s, const char *name, const char *language);
#endif
