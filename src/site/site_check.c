/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/check: which file is checked how. What is wrong is found, not mended. */
#include <config.h>

#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site_check_private.h"

void site_found(struct site_checker *c, bool fatal, const char *path, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  char *what = pool_vprintf(c->pool, fmt, ap);
  va_end(ap);
  c->finding = pool_grow(c->pool, c->finding, c->count, &c->cap, sizeof *c->finding);
  c->finding[c->count++] =
      (struct site_finding){ pool_strdup(c->pool, path), text_clean(c->pool, bytes_str(what), false), fatal };
}

bool site_check_has(const struct site_checker *c, const char *path)
{
  return site_set_find(&c->files, path) != NULL;
}

bool site_check_read(struct site_checker *c, const char *path, struct bytes *out)
{
  struct fault why = { 0 };
  AUTO(fd_closep) int fd = openat(c->tree, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  *out = (struct bytes){ 0 };
  if (fd < 0 && errno == ENOENT)
    SITE_FAULT(c, path, "it is missing");
  else if (fd < 0)
    SITE_FAULT(c, path, "%s", strerror(errno));
  else if (fd_read_all(c->brief, fd, SITE_FILE_MAX, out, &why))
    SITE_FAULT(c, path, "%s", why.text);
  else
    return true;
  return false;
}

const char *site_check_link(struct site_checker *c, const char *href)
{
  size_t len = strlen(c->url);
  if (!len || strncmp(href, c->url, len) != 0 || href[len] != '/')
    return "is of another site";
  const char *path = pool_strndup(c->brief, href + len + 1, strcspn(href + len + 1, "?#"));
  if (!*path)
    path = "index.html";
  return site_check_has(c, path) ? NULL : "is not in the tree";
}

bool site_check_time(struct site_checker *c, const char *path, const char *what, const char *text, int64_t *out)
{
  *out = 0;
  if (!text || strlen(text) < 20 || !time_parse(text, 0, 0, NULL, out))
    SITE_FAULT(c, path, "%s is no date with time: %s", what, text ? text : "none");
  else if (*out > c->now)
    SITE_FAULT(c, path, "%s lies in the future: %s", what, text);
  else
    return true;
  return false;
}

void site_check_signature(struct site_checker *c, const char *path, struct bytes text, struct bytes signature)
{
  struct fault why = { 0 };
  if (c->verify && !c->verify->good(c->verify->self, text, signature, &why))
    SITE_FAULT(c, path, "the signature is not good: %s", why.text);
}

/* ---- which file is checked how: the first row that fits ---- */
static const struct {
  const char *prefix, *suffix;
  void (*check)(struct site_checker *c, const char *path);
} rows[] = {
  { SITE_WHITE "/", ".json", site_check_document },
  { SITE_WHITE "/", ".json.sha256", site_check_hash },
  { SITE_WHITE "/", ".json.sha512", site_check_hash },
  { SITE_WHITE "/", ".json.asc", site_check_armor },
  { "advisories/", ".txt.asc", site_check_signed_text },
  { SITE_CSAF "/openpgp/", ".asc", site_check_key },
  { SITE_WKD "/", "", site_check_wkd },
  { "", ".html", site_check_page },
  { "", ".atom", site_check_atom },
};

static bool fits(const char *path, const char *prefix, const char *suffix)
{
  size_t len = strlen(path), end = strlen(suffix);
  return !strncmp(path, prefix, strlen(prefix)) && len >= end && !strcmp(path + len - end, suffix);
}

/* "2026.html": the list of a year, made as the front page is, which is looked at. It grows with the year. */
static bool is_year(const char *path)
{
  return strspn(path, "0123456789") == 4 && !strcmp(path + 4, ".html");
}

/* What a build has rendered itself and what grows with the site is compared, not parsed once more. */
static void check_same(struct site_checker *c, const char *path)
{
  struct bytes there;
  if (site_check_read(c, path, &there) && !bytes_eq(there, site_set_find(c->built, path)->body))
    SITE_FAULT(c, path, "it is not what was written");
}

static bool is_asked_for(const struct site_checker *c, const char *path)
{
  const struct site_item *item = c->built ? site_set_find(c->built, path) : NULL;
  return !c->built || (item && item->body.p);
}

static void check_files(struct site_checker *c)
{
  for (size_t i = 0; i < c->files.count; i++) {
    const char *path = c->files.item[i].path;
    bool asked = is_asked_for(c, path), alike = asked && c->built && (is_year(path) || !strcmp(path, SITE_ROLIE));
    if (alike)
      check_same(c, path);
    for (size_t k = 0; asked && !alike && k < ARRAY_LEN(rows); k++)
      if (fits(path, rows[k].prefix, rows[k].suffix)) {
        rows[k].check(c, path);
        pool_reset(c->brief);
        break;
      }
  }
}

static void check_tree(struct site_checker *c)
{
  static const char *const needed[] = { "index.html", "feed.atom" };
  void (*const lists[])(struct site_checker *) = { site_check_provider, site_check_service, site_check_feed,
                                                   site_check_index,    site_check_changes, site_check_security };
  c->brief = pool_new("site check");
  c->url = "";
  c->entries = site_set_new(c->pool, 256);
  c->index = site_set_new(c->pool, 256);
  c->changes = site_set_new(c->pool, 256);
  for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
    lists[i](c);
    pool_reset(c->brief);
  }
  for (size_t i = 0; i < ARRAY_LEN(needed); i++)
    if (!site_check_has(c, needed[i]))
      SITE_FAULT(c, needed[i], "it is missing");
  check_files(c);
  json_decref(c->provider);
  json_decref(c->feed);
  pool_free(&c->brief);
}

/* ---- a build's tree ---- */
enum status site_check_built(struct site_stage *s, int64_t now, struct fault *err)
{
  struct site_checker c = { .pool = s->pool, .tree = s->tree, .now = now, .built = &s->set };
  c.files = site_set_new(s->pool, s->set.count);
  for (size_t i = 0; i < s->set.count; i++)
    if (s->set.item[i].wanted)
      site_set_add(&c.files, s->set.item[i].path);
  check_tree(&c);
  for (size_t i = 0; i < c.count; i++)
    if (c.finding[i].fatal)
      return fault(err, ST_REJECT, "%s: %s", c.finding[i].path, c.finding[i].what);
  return ST_OK;
}

/* ---- a site ---- */
static bool note_file(void *self, const char *path, ino_t ino)
{
  struct site_checker *c = self;
  site_set_add(&c->files, path)->ino = ino;
  return true;
}

/* A folder that holds `current` is a site. */
static enum status open_tree(struct site_checker *c, const char *dir, struct fault *err)
{
  char target[80];
  const char *link = path_join(c->pool, dir, "current");
  ssize_t n = readlink(link, target, sizeof target - 1);
  if (n >= 0) {
    target[n] = '\0';
    if (strchr(target, '/'))
      SITE_FAULT(c, "current", "it points to %s, not to a folder beside it", target);
    if (file_exists(path_join(c->pool, dir, "staging")))
      SITE_WARN(c, "staging", "a build was broken off: the next one removes it");
  }
  c->tree = open(n >= 0 ? link : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (c->tree < 0)
    return fault(err, ST_REJECT, "%s: %s", n >= 0 ? link : dir, strerror(errno));
  return ST_OK;
}

enum status site_check(const char *dir, struct pool *pool, int64_t now, const struct site_verify *verify,
                       struct site_finding **out, size_t *count, struct fault *err)
{
  struct site_checker c = { .pool = pool, .tree = -1, .now = now, .verify = verify, .files = site_set_new(pool, 256) };
  const struct site_walk walk = { .pool = pool, .file = note_file, .self = &c };
  struct fault why = { 0 };
  enum status st = open_tree(&c, dir, err);
  if (st)
    return st;
  AUTO(fd_closep) int tree = c.tree;
  st = site_walk(tree, &walk, &why);
  if (st == ST_REJECT)
    SITE_FAULT(&c, "", "%s", why.text);
  else if (st)
    return fault(err, st, "%s: %s", dir, why.text);
  check_tree(&c);
  *out = c.finding;
  *count = c.count;
  return ST_OK;
}
