/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template: Mustache (the specification: comments, interpolation, sections, inverted, partials, delimiters), values from
 * a small tree. In plain-text templates nothing is escaped; values are never parsed again. */
#ifndef EMBARGOD_TEMPLATE_H
#define EMBARGOD_TEMPLATE_H
#include <embargod/base.h>

/* A value: string, list, object, or bool. Built in a pool. */
struct tvalue;
struct tvalue *tvalue_object(struct pool *pool);
struct tvalue *tvalue_list(struct pool *pool);
struct tvalue *tvalue_string(struct pool *pool, const char *s); /* NULL: "" (falsy) */
struct tvalue *tvalue_bool(struct pool *pool, bool b);
void tvalue_set(struct pool *pool, struct tvalue *object, const char *key, struct tvalue *v);
void tvalue_sets(struct pool *pool, struct tvalue *object, const char *key, const char *s);
void tvalue_setb(struct pool *pool, struct tvalue *object, const char *key, bool b);
void tvalue_add(struct pool *pool, struct tvalue *list, struct tvalue *v);
const struct tvalue *tvalue_get(const struct tvalue *object, const char *key);
const char *tvalue_text(const struct tvalue *v); /* "" */

enum template_escape { TEMPLATE_PLAIN, TEMPLATE_HTML };
struct template_source { /* partials */
  bool (*get)(void *self, const char *name, struct bytes *out);
  void *self;
};
/* Renders; misses are empty (the specification). REJECT: ill-formed template (line number in err) or too deep recursion. */
MUST_USE enum status template_render(struct pool *pool, struct bytes tmpl, const struct tvalue *data, enum template_escape escape,
                                     const struct template_source *partials, struct bytes *out, struct fault *err);
/* Load-time check: every variable, section and partial name that the template uses must be known. Each unknown one is a line
 * "templates/en/ack.txt:12: unknown variable `foo`" added to errors. */
struct template_set;
/* Loads DIR/LANG/NAME.txt for all languages and names (also sub-folders: "notices/fda"), checks them against the variable table of
 * template_vars.c. REJECT with all lines in *errors (NULL-terminated). */
MUST_USE enum status template_set_load(struct pool *pool, const char *dir, struct template_set **out, char ***errors, struct fault *err);
bool template_set_has(const struct template_set *s, const char *name); /* in "en", which every letter falls back to */
/* Names of letters that the program itself sends and that the set lacks; NULL-terminated. For embargod -t. */
const char **template_set_missing(struct pool *pool, const struct template_set *s);
/* Renders NAME in that language, falling back to "en". A template's first line "Subject: ..." is its subject, a second
 * "Required: a, b" (optional) names variables that must not be empty. missing: NULL-terminated names; then nothing is
 * rendered and DENIED is returned. */
struct template_letter { const char *subject, *text; };
MUST_USE enum status template_letter(struct pool *pool, const struct template_set *s, const char *name, const char *language,
                                     const struct tvalue *data, struct template_letter *out, char ***missing, struct fault *err);
/* SHA-256 (hexadecimal) of the file that template_letter() would take and of all partials of that language and of "en": the version of
 * its words. "" when there is none of that name. */
char *template_version(struct pool *pool, const struct template_set *s, const char *name, const char *language);

/* ---- forms of portals: filings/NAME ---- */
struct template_field {
  const char *label, *value; /* as it would be filled in; "" when nothing is known */
  const char *variable;      /* the first that its template shows: "title", "field.member-states"; "" */
  bool required;
};
struct template_form {
  const char *title, *note;  /* note: which portal, and what to know about it */
  struct template_field *field;
  size_t count;
};
/* REJECT: no such form, or one that cannot be rendered. name with its folder. */
MUST_USE enum status template_form(struct pool *pool, const struct template_set *s, const char *name, const char *language,
                                   const struct tvalue *data, struct template_form *out, struct fault *err);
/* The language that the form is filled in with, whatever that of its labels: its file's "Values: en" below the subject, else language. */
const char *template_form_language(const struct template_set *s, const char *name, const char *language);
/* A form or letter that shows field.NAME. */
struct template_use {
  const char *name; /* with its folder */
  bool required;    /* of a form: the field must be answered; of a letter: it does not go out without */
};
/* Those of the set in English. */
size_t template_answer_uses(struct pool *pool, const struct template_set *s, const char *answer, struct template_use **out);
/* Those of a folder ("filings/", "reply/"), without it; NULL-terminated. */
const char **template_names(struct pool *pool, const struct template_set *s, const char *folder);
const char **template_answer_names(struct pool *pool, const struct template_set *s); /* every NAME of a variable field.NAME */

/* The variables that templates may use, with a word on each: for embargod.conf(5)/templates(7) and the check. */
struct template_var {
  const char *name;    /* "case.id"; "products.name": a field inside the list `products` */
  const char *meaning; /* a sentence */
  bool list;           /* a section over it repeats; its fields and "." are known inside it only */
};
size_t template_vars(const struct template_var **out);
#endif
