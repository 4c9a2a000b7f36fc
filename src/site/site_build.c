/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/build: what stands in the tree, and the order of the steps: plan, fill, check, switch. */
#include <config.h>

#include <embargod/file.h>
#include <embargod/secret.h>
#include <string.h>

#include "site_check_private.h"

struct build {
  struct pool *pool;
  const struct site *s; /* as the caller gave it */
  struct site shown;    /* with what is CLEAR only */
  struct site_stage *stage;
  struct fault *err;
};

static bool good_path(const char *p)
{
  if (!*p || *p == '/' || p[strlen(p) - 1] == '/')
    return false;
  for (const char *part = p; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
    if (!*part || *part == '/' || !strncmp(part, "./", 2) || !strncmp(part, "../", 3) || !strcmp(part, ".") ||
        !strcmp(part, ".."))
      return false;
  return true;
}

/* Wanted with these bytes; without: as in the tree that is there. What is there with the same bytes is not written
 * again. */
static enum status want(struct build *b, const char *path, struct bytes body)
{
  if (!good_path(path))
    return fault(b->err, ST_REJECT, "%s: no path of a site", path);
  struct site_item *item = site_set_add(&b->stage->set, path);
  if (item->wanted)
    return fault(b->err, ST_REJECT, "%s: wanted twice", path);
  item->wanted = true;
  if (!body.p && !item->ino)
    return fault(b->err, ST_REJECT, "%s: the tree does not have it", path);
  if (!body.p)
    return ST_OK;
  if (!item->ino || !site_stage_same(b->stage, path, body))
    item->body = body;
  return ST_OK;
}

/* ---- an advisory's files ---- */
static struct bytes hash_line(struct pool *pool, const unsigned char *digest, size_t len, const char *path)
{
  const char *name = strrchr(path, '/') + 1;
  return bytes_str(pool_printf(pool, "%s  %s\n", hex_encode(pool, (struct bytes){ (const char *)digest, len }), name));
}

/* 7.1.18 */
static enum status want_hashes(struct build *b, const struct site_file *f)
{
  unsigned char d256[32], d512[64];
  struct bytes h256 = { 0 }, h512 = { 0 };
  if (f->body.p) {
    sha256_digest(d256, f->body);
    sha512_digest(d512, f->body);
    h256 = hash_line(b->pool, d256, sizeof d256, f->path);
    h512 = hash_line(b->pool, d512, sizeof d512, f->path);
  }
  enum status st = want(b, pool_printf(b->pool, "%s.sha256", f->path), h256);
  return st ? st : want(b, pool_printf(b->pool, "%s.sha512", f->path), h512);
}

static bool has_file(const struct site_entry *e, const char *path)
{
  for (size_t i = 0; i < e->file_count; i++)
    if (!strcmp(e->file[i].path, path))
      return true;
  return false;
}

static enum status want_entry(struct build *b, const struct site_entry *e)
{
  const char *csaf = site_csaf_path(b->pool, e->id, e->first_at);
  const char *needed[] = { csaf, pool_printf(b->pool, "%s.asc", csaf), site_page_path(b->pool, e->id, ".html"),
                           site_page_path(b->pool, e->id, ".txt"), site_page_path(b->pool, e->id, ".txt.asc") };
  for (size_t i = 0; i < ARRAY_LEN(needed); i++)
    if (!has_file(e, needed[i]))
      return fault(b->err, ST_REJECT, "%s: %s is missing", e->id, needed[i]);
  for (size_t i = 0; i < e->file_count; i++) {
    enum status st = want(b, e->file[i].path, e->file[i].body);
    if (!st && !strcmp(e->file[i].path, csaf))
      st = want_hashes(b, &e->file[i]);
    if (st)
      return fault_add(b->err, "%s", e->id);
  }
  return ST_OK;
}

/* ---- what all share ---- */
/* last_updated of the provider's metadata moves only when something else in it does. */
static struct bytes provider(struct build *b)
{
  struct bytes there = { 0 };
  int64_t at = 0;
  if (site_stage_read(b->stage, SITE_PROVIDER, &there, NULL) || !there.p)
    return site_provider_metadata(b->pool, b->s->house, b->s->now);
  json_t *j = json_loadb(there.p, there.len, 0, NULL);
  const char *text = json_string_value(json_object_get(j, "last_updated"));
  bool known = text && time_parse(text, 0, 0, NULL, &at);
  json_decref(j);
  if (known && bytes_eq(site_provider_metadata(b->pool, b->s->house, at), there))
    return there;
  return site_provider_metadata(b->pool, b->s->house, b->s->now);
}

/* The years of which there are advisories. */
static enum status want_years(struct build *b)
{
  for (size_t i = 0; i < b->shown.entry_count; i++) {
    int year = time_civil(b->shown.entry[i].first_at, NULL).year;
    if (i && year == time_civil(b->shown.entry[i - 1].first_at, NULL).year)
      continue;
    enum status st = want(b, site_year_path(b->pool, year), site_index_html(b->pool, &b->shown, year));
    if (st)
      return st;
  }
  return ST_OK;
}

static enum status want_shared(struct build *b)
{
  const struct site *s = &b->shown;
  struct site_file *wkd = NULL;
  size_t wkds = site_wkd(b->pool, s->house, &wkd);
  const struct site_file files[] = {
    { SITE_PROVIDER, provider(b) },
    { SITE_SERVICE, site_rolie_service(b->pool, s->house) },
    { SITE_ROLIE, site_rolie(b->pool, s) },
    { SITE_INDEX, site_index_txt(b->pool, s) },
    { SITE_CHANGES, site_changes_csv(b->pool, s) },
    { site_key_path(b->pool, s->house->fingerprint), bytes_str(s->house->key) },
    { SITE_SECURITY, s->security_txt },
    { "feed.atom", site_atom(b->pool, s) },
    { "index.html", site_index_html(b->pool, s, 0) },
  };
  enum status st = want_years(b);
  for (size_t i = 0; !st && i < wkds; i++)
    st = want(b, wkd[i].path, wkd[i].body);
  for (size_t i = 0; !st && i < ARRAY_LEN(files); i++)
    st = want(b, files[i].path, files[i].body);
  return st;
}

static enum status plan(struct build *b)
{
  struct site_entry *e = pool_array(b->pool, b->s->entry_count + 1, sizeof *e);
  size_t n = 0;
  enum status st = ST_OK;
  for (size_t i = 0; i < b->s->entry_count; i++)
    if (site_is_public(&b->s->entry[i]))
      e[n++] = b->s->entry[i];
  b->shown = *b->s;
  b->shown.entry = e;
  b->shown.entry_count = n;
  for (size_t i = 0; !st && i < n; i++)
    st = want_entry(b, &e[i]);
  return st ? st : want_shared(b);
}

enum status site_build(const char *dir, const struct site *s, struct pool *pool, struct site_written *out,
                       struct fault *err)
{
  struct fault own = { 0 };
  AUTO(site_stage_closep) struct site_stage stage = { .site = -1, .old = -1, .tree = -1 };
  struct build b = { .pool = pool, .s = s, .stage = &stage, .err = err ? err : &own };
  enum status st = site_stage_open(&stage, dir, pool, b.err);
  if (!st)
    st = plan(&b);
  if (st)
    return fault_add(b.err, "site");
  if (!site_stage_differs(&stage)) {
    *out = (struct site_written){ .files = (unsigned)stage.set.count,
                                  .linked = (unsigned)stage.set.count,
                                  .tree = pool_printf(pool, "%s/tree-%u", dir, stage.old_number) };
    return ST_OK;
  }
  st = site_stage_fill(&stage, b.err);
  if (!st)
    st = site_check_built(&stage, s->now, b.err);
  FAILPOINT("site.checked");
  if (!st)
    st = site_stage_switch(&stage, dir, b.err);
  if (st) {
    site_stage_abandon(&stage);
    return fault_add(b.err, "site");
  }
  stage.written.linked = stage.written.files - stage.written.written;
  *out = stage.written;
  return ST_OK;
}
