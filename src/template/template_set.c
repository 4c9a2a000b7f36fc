/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/set: all letters of a folder: DIR/LANGUAGE/NAME.txt, NAME may lie in sub-folders. */
#include <config.h>

#include "template_private.h"
#include <embargod/file.h>
#include <embargod/secret.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LARGEST = 256 << 10, FILES_MAX = 2000, FOLDERS_DEEP = 4 };
static const char suffix[] = ".txt";

/* Letters that the program itself sends: a set without one of them is not fit for work. */
static const char *const needed[] = {
  "ack/full",
  "ack/content-free",
  "ack/undecryptable",
  "reply/plain",
  "reply/status",
  "reply/thanks",
  "reply/duplicate",
  "notices/fda",
  "notices/cisa",
  "notices/isac",
  "notices/customer",
  "notices/supplier",
  "embargo/proposed",
  "embargo/accepted",
  "embargo/rejected",
  "embargo/new-date",
  "embargo/terminated",
  "embargo/ended",
  "embargo/invited",
  "internal/embargo",
  "internal/publication",
  "internal/published",
  "internal/publication-trouble",
  "publication/notice",
  "publication/reporter",
  "party/answer",
  "party/ask",
  "party/chase",
  "party/details",
  "party/invitation",
  "party/removed",
  "internal/forward",
  "internal/receipt",
  "internal/stub",
  "internal/key-failed",
  "internal/quarantine",
  "internal/bounce",
  "internal/unsent",
  "internal/reminder",
  "internal/remind",
  "internal/digest",
  "internal/filing",
  "internal/key-watch",
  "internal/key-revoked",
  "internal/release",
  "internal/release-expired",
  "internal/new-key",
  "internal/clock",
  "internal/chase",
  "internal/unsigned-analyst",
  "internal/copy",
  "internal/event",
};

struct loader {
  struct pool *pool;
  struct template_set *set;
  struct error_list errors;
  const char *dir;
};

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder without dot files, sorted; NULL-terminated. */
static char **list_folder(struct pool *pool, const char *path, struct fault *err)
{
  char **name = NULL;
  size_t count = 0, cap = 0;
  DIR *d = opendir(path);
  if (!d) {
    (void)fault(err, ST_REJECT, "templates: cannot read the folder %s", path);
    return NULL;
  }
  for (struct dirent *e; (e = readdir(d)) && count < FILES_MAX;) {
    if (e->d_name[0] == '.')
      continue;
    name = pool_grow(pool, name, count, &cap, sizeof *name);
    name[count++] = pool_strdup(pool, e->d_name);
  }
  closedir(d);
  name = pool_grow(pool, name, count, &cap, sizeof *name);
  name[count] = NULL;
  qsort(name, count, sizeof *name, by_name);
  return name;
}

static enum status load_file(struct loader *l, const char *path, const char *language, const char *name,
                             struct fault *err)
{
  struct bytes text;
  enum status st = file_read(l->pool, path, FILE_LARGEST, &text, err);
  if (st)
    return st;
  struct template_set *s = l->set;
  struct template_file f = { .path = path, .language = language, .name = name };
  if (!utf8_valid(text))
    template_error(&l->errors, "%s:1: the file is not UTF-8", path);
  template_file_split(l->pool, text_to_lf(l->pool, text), &f);
  s->file = pool_grow(l->pool, s->file, s->count, &s->cap, sizeof *s->file);
  s->file[s->count++] = f;
  return ST_OK;
}

/* within: path below the language's folder, "" or "notices/". */
static enum status load_folder(struct loader *l, const char *language, const char *within, unsigned deep,
                               struct fault *err)
{
  const char *path = path_join(l->pool, path_join(l->pool, l->dir, language), within);
  char **name = list_folder(l->pool, path, err);
  if (!name)
    return ST_REJECT;
  enum status st = ST_OK;
  for (size_t i = 0; name[i] && !st; i++) {
    const char *full = path_join(l->pool, path, name[i]);
    struct stat info;
    size_t len = strlen(name[i]), cut = strlen(suffix);
    if (stat(full, &info) != 0)
      continue;
    if (S_ISDIR(info.st_mode) && deep < FOLDERS_DEEP)
      st = load_folder(l, language, pool_printf(l->pool, "%s%s/", within, name[i]), deep + 1, err);
    else if (S_ISREG(info.st_mode) && len > cut && strcmp(name[i] + len - cut, suffix) == 0)
      st = load_file(l, full, language, pool_printf(l->pool, "%s%.*s", within, (int)(len - cut), name[i]), err);
  }
  return st;
}

/* "en", "de", "pt-br" */
static bool is_language(const char *s)
{
  size_t len = strlen(s);
  return (len == 2 || (len == 5 && s[2] == '-')) && strspn(s, "abcdefghijklmnopqrstuvwxyz-") == len;
}

enum status template_set_load(struct pool *pool, const char *dir, struct template_set **out, char ***errors,
                              struct fault *err)
{
  struct loader l = {
    .pool = pool, .set = pool_new_of(pool, struct template_set), .errors = { .pool = pool }, .dir = dir
  };
  *out = NULL;
  *errors = NULL;
  char **language = list_folder(pool, dir, err);
  if (!language)
    return ST_REJECT;
  for (size_t i = 0; language[i]; i++) {
    enum status st = is_language(language[i]) ? load_folder(&l, language[i], "", 0, err) : ST_OK;
    if (st)
      return st;
  }
  if (l.set->count == 0)
    template_error(&l.errors, "%s: there is no template in it; expected en/ack/full.txt and its like", dir);
  for (size_t i = 0; i < l.set->count; i++)
    template_file_check(l.set, &l.set->file[i], &l.errors);
  if (l.errors.count) {
    l.errors.line = pool_grow(pool, l.errors.line, l.errors.count, &l.errors.cap, sizeof *l.errors.line);
    l.errors.line[l.errors.count] = NULL;
    *errors = l.errors.line;
    return fault(err, ST_REJECT, "templates: %zu errors, the first: %s", l.errors.count, l.errors.line[0]);
  }
  *out = l.set;
  return ST_OK;
}

static const struct template_file *find_exact(const struct template_set *s, const char *name, const char *language)
{
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->file[i].name, name) == 0 && text_ieq(s->file[i].language, language))
      return &s->file[i];
  return NULL;
}

/* A partial is found by its short name: {{> footer}} is partials/footer. */
const struct template_file *template_find(const struct template_set *s, const char *name, const char *language)
{
  const struct template_file *f = find_exact(s, name, language);
  f = f ? f : find_exact(s, name, "en");
  if (f)
    return f;
  char partial[128] = "partials/";
  if (strlen(name) >= sizeof partial - strlen(partial) || strchr(name, '/'))
    return NULL;
  strcat(partial, name);
  f = find_exact(s, partial, language);
  return f ? f : find_exact(s, partial, "en");
}

bool template_set_has(const struct template_set *s, const char *name)
{
  return name && !text_istarts(name, "partials/") && find_exact(s, name, "en") != NULL;
}

const char **template_set_missing(struct pool *pool, const struct template_set *s)
{
  const char **out = pool_array(pool, ARRAY_LEN(needed) + 1, sizeof *out);
  size_t n = 0;
  for (size_t i = 0; i < ARRAY_LEN(needed); i++)
    if (!template_set_has(s, needed[i]))
      out[n++] = needed[i];
  return out;
}

/* ---- letters ---- */

struct partial_source {
  const struct template_set *set;
  const char *language;
};

static bool get_partial(void *self, const char *name, struct bytes *out)
{
  const struct partial_source *from = self;
  const struct template_file *f = template_find(from->set, name, from->language);
  if (f)
    *out = f->body;
  return f != NULL;
}

enum status template_set_render(struct pool *pool, const struct template_set *s, const char *language, struct bytes text,
                                const struct tvalue *data, struct bytes *out, struct fault *err)
{
  struct partial_source from = { s, language ? language : "en" };
  struct template_source partials = { get_partial, &from };
  return template_render(pool, text, data, TEMPLATE_PLAIN, &partials, out, err);
}

static const struct tvalue *deep_get(struct pool *pool, const struct tvalue *v, const char *name)
{
  for (const char *dot; v && (dot = strchr(name, '.')); name = dot + 1)
    v = tvalue_get(v, pool_strndup(pool, name, (size_t)(dot - name)));
  return tvalue_get(v, name);
}

static bool required_there(struct pool *pool, const struct template_file *f, const struct tvalue *data, char ***missing)
{
  size_t n = 0, cap = 0;
  char **list = NULL;
  for (size_t i = 0; f->required[i]; i++) {
    const struct tvalue *v = deep_get(pool, data, f->required[i]);
    if (tvalue_true(v) && (v->kind != TVALUE_STRING || !text_empty(v->text)))
      continue;
    list = pool_grow(pool, list, n, &cap, sizeof *list);
    list[n++] = pool_strdup(pool, f->required[i]);
  }
  list = pool_grow(pool, list, n, &cap, sizeof *list);
  list[n] = NULL;
  *missing = list;
  return n == 0;
}

/* One line, without what a value may have brought. */
static char *one_line(struct pool *pool, struct bytes s)
{
  char *out = pool_str(pool, bytes_trim(s));
  for (char *p = out; *p; p++)
    *p = *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p;
  return text_clean(pool, bytes_str(out), false);
}

enum status template_letter(struct pool *pool, const struct template_set *s, const char *name, const char *language,
                            const struct tvalue *data, struct template_letter *out, char ***missing, struct fault *err)
{
  *out = (struct template_letter){ 0 };
  *missing = NULL;
  const struct template_file *f = template_find(s, name, language ? language : "en");
  if (!f || text_istarts(f->name, "partials/"))
    return fault(err, ST_REJECT, "there is no template `%s`", name);
  if (!required_there(pool, f, data, missing))
    return fault(err, ST_DENIED, "template %s: `%s` is not known yet", name, (*missing)[0]);
  struct bytes subject, text;
  enum status st = template_set_render(pool, s, language, f->subject, data, &subject, err);
  if (!st)
    st = template_set_render(pool, s, language, f->body, data, &text, err);
  if (st)
    return fault_add(err, "template %s", f->path);
  out->subject = one_line(pool, subject);
  out->text = pool_str(pool, text);
  return ST_OK;
}

/* ---- versions ---- */
static void add_file(struct buf *b, const struct template_file *f)
{
  buf_printf(b, "%s\n", f->name);
  buf_add(b, f->subject);
  for (size_t i = 0; f->required[i]; i++)
    buf_printf(b, "\n%s", f->required[i]);
  buf_addc(b, '\n');
  buf_add(b, f->body);
  buf_addc(b, 0);
}

char *template_version(struct pool *pool, const struct template_set *s, const char *name, const char *language)
{
  const struct template_file *f = template_find(s, name, language ? language : "en");
  struct buf b = buf_new(pool, 8192);
  unsigned char digest[32];
  if (!f)
    return pool_strdup(pool, "");
  add_file(&b, f);
  for (size_t i = 0; i < s->count; i++)
    if (text_istarts(s->file[i].name, "partials/") && (text_ieq(s->file[i].language, f->language) || text_ieq(s->file[i].language, "en")))
      add_file(&b, &s->file[i]);
  sha256_digest(digest, buf_bytes(&b));
  return hex_encode(pool, (struct bytes){ (const char *)digest, sizeof digest });
}
