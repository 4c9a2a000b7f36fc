/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/check: the provider's metadata, the feed and the lists, and what they say of files. */
#include <config.h>

#include <string.h>

#include "site_check_private.h"

static const char *text_at(const json_t *j, const char *key)
{
  const char *s = json_string_value(json_object_get(j, key));
  return s ? s : "";
}

static json_t *parse(struct site_checker *c, const char *path)
{
  struct bytes b;
  json_error_t e;
  if (!site_check_read(c, path, &b))
    return NULL;
  json_t *j = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &e);
  if (!j)
    SITE_FAULT(c, path, "no JSON: %s in line %d", e.text, e.line);
  return j;
}

static void check_link(struct site_checker *c, const char *path, const char *what, const char *href)
{
  const char *why = site_check_link(c, href);
  if (why)
    SITE_FAULT(c, path, "%s: %s %s", what, *href ? href : "no link", why);
}

/* ---- provider-metadata.json: section 7.1.7 of CSAF 2.0 ---- */
static void provider_url(struct site_checker *c)
{
  static const char suffix[] = "/" SITE_PROVIDER;
  const char *url = text_at(c->provider, "canonical_url");
  size_t len = strlen(url), end = sizeof suffix - 1;
  if (strncmp(url, "https://", 8) != 0 || len <= 8 + end || strcmp(url + len - end, suffix) != 0)
    SITE_FAULT(c, SITE_PROVIDER, "canonical_url is not https://HOST%s: %s", suffix, url);
  else
    c->url = pool_strndup(c->pool, url, len - end);
}

static void provider_distributions(struct site_checker *c)
{
  size_t i, k;
  json_t *d, *f;
  bool white = false, folder = false;
  json_array_foreach(json_object_get(c->provider, "distributions"), i, d)
  {
    const json_t *rolie = json_object_get(d, "rolie");
    json_array_foreach(json_object_get(rolie, "feeds"), k, f)
    {
      check_link(c, SITE_PROVIDER, "a feed", text_at(f, "url"));
      white = white || !strcmp(text_at(f, "tlp_label"), "WHITE");
    }
    json_array_foreach(json_object_get(rolie, "services"), k, f)
        check_link(c, SITE_PROVIDER, "a service document", json_is_string(f) ? json_string_value(f) : "");
    folder = folder || !strcmp(text_at(d, "directory_url"), pool_printf(c->brief, "%s/" SITE_WHITE "/", c->url));
  }
  if (!white || !folder)
    SITE_FAULT(c, SITE_PROVIDER, "the %s of what is WHITE is not given", white ? "folder" : "feed");
}

static void provider_keys(struct site_checker *c)
{
  size_t i;
  json_t *k;
  json_array_foreach(json_object_get(c->provider, "public_openpgp_keys"), i, k)
  {
    const char *print = text_at(k, "fingerprint"), *url = text_at(k, "url");
    check_link(c, SITE_PROVIDER, "a key", url);
    if (strlen(print) < 40 || !strstr(url, print))
      SITE_FAULT(c, SITE_PROVIDER, "the key %s is not named by its fingerprint", url);
  }
  if (!i)
    SITE_FAULT(c, SITE_PROVIDER, "no key is given");
}

void site_check_provider(struct site_checker *c)
{
  int64_t at;
  c->provider = parse(c, SITE_PROVIDER);
  if (!c->provider)
    return;
  provider_url(c);
  if (strcmp(text_at(c->provider, "role"), "csaf_trusted_provider") != 0)
    SITE_FAULT(c, SITE_PROVIDER, "the role is not csaf_trusted_provider");
  site_check_time(c, SITE_PROVIDER, "last_updated", text_at(c->provider, "last_updated"), &at);
  provider_distributions(c);
  provider_keys(c);
}

void site_check_service(struct site_checker *c)
{
  json_t *j = parse(c, SITE_SERVICE), *collection;
  size_t i;
  if (!j)
    return;
  const json_t *workspace = json_array_get(json_object_get(json_object_get(j, "service"), "workspace"), 0);
  json_array_foreach(json_object_get(workspace, "collection"), i, collection)
      check_link(c, SITE_SERVICE, "a feed", text_at(collection, "href"));
  if (!i)
    SITE_FAULT(c, SITE_SERVICE, "it lists no feed");
  json_decref(j);
}

/* ---- the feed: 7.1.15 ---- */
static const char *path_of(struct site_checker *c, const char *href)
{
  size_t len = strlen(c->url);
  return len && !strncmp(href, c->url, len) && href[len] == '/' ? href + len + 1 : "";
}

static void feed_entry(struct site_checker *c, const json_t *e, size_t number, const char **before)
{
  const char *src = text_at(json_object_get(e, "content"), "src"), *updated = text_at(e, "updated"),
             *path = path_of(c, src);
  size_t i;
  json_t *l;
  check_link(c, SITE_ROLIE, text_at(e, "id"), src);
  json_array_foreach(json_object_get(e, "link"), i, l) check_link(c, SITE_ROLIE, text_at(e, "id"), text_at(l, "href"));
  if (**before && strcmp(updated, *before) > 0)
    SITE_FAULT(c, SITE_ROLIE, "%s: the entries are not sorted, the last change first", text_at(e, "id"));
  *before = updated;
  if (!*path)
    return;
  struct site_item *item = site_set_add(&c->entries, path);
  if (item->number)
    SITE_FAULT(c, SITE_ROLIE, "%s is listed twice", path);
  item->number = number;
}

void site_check_feed(struct site_checker *c)
{
  size_t i;
  json_t *l;
  const char *before = "";
  if (c->built) { /* each entry was parsed when it was new */
    if (site_check_read(c, SITE_ROLIE, &c->lines))
      c->lines = pool_bytes_dup(c->pool, c->lines);
    return;
  }
  c->feed = parse(c, SITE_ROLIE);
  if (!c->feed)
    return;
  const json_t *feed = json_object_get(c->feed, "feed"), *entries = json_object_get(feed, "entry");
  json_array_foreach(json_object_get(feed, "link"), i, l) if (!strcmp(text_at(l, "rel"), "self") &&
                                                              strcmp(path_of(c, text_at(l, "href")), SITE_ROLIE) != 0)
      SITE_FAULT(c, SITE_ROLIE, "it is not the feed that it says it is: %s", text_at(l, "href"));
  if (!json_is_array(entries))
    SITE_FAULT(c, SITE_ROLIE, "no feed with entries");
  json_array_foreach(entries, i, l) feed_entry(c, l, i + 1, &before);
}

/* ---- index.txt, changes.csv: 7.1.12, 7.1.13 ---- */
static struct site_item *list_line(struct site_checker *c, struct site_set *set, const char *list, struct bytes name)
{
  const char *path = pool_printf(c->pool, SITE_WHITE "/%s", pool_str(c->brief, name));
  struct site_item *item = site_set_add(set, path);
  if (item->number)
    SITE_FAULT(c, list, "%s is listed twice", path);
  if (!site_check_has(c, path))
    SITE_FAULT(c, list, "%s is not in the tree", path);
  return item;
}

void site_check_index(struct site_checker *c)
{
  struct bytes rest, line;
  size_t number = 0;
  if (!site_check_read(c, SITE_INDEX, &rest))
    return;
  while (bytes_next_line(&rest, &line))
    list_line(c, &c->index, SITE_INDEX, line)->number = ++number;
}

/* "2026/emb-2026-0001.json","2026-11-24T15:42:58Z" */
static bool csv_line(struct bytes line, struct bytes *name, struct bytes *date)
{
  size_t middle = bytes_find(line, BYTES("\",\""), 0);
  if (middle == SIZE_MAX || middle < 2 || line.len < middle + 5 || line.p[0] != '"' || line.p[line.len - 1] != '"')
    return false;
  *name = bytes_sub(line, 1, middle - 1);
  *date = bytes_sub(line, middle + 3, line.len - middle - 4);
  return !memchr(name->p, '"', name->len) && !memchr(date->p, '"', date->len);
}

void site_check_changes(struct site_checker *c)
{
  struct bytes rest, line, name, date;
  size_t number = 0, cap = 0;
  if (!site_check_read(c, SITE_CHANGES, &rest))
    return;
  while (bytes_next_line(&rest, &line)) {
    if (!csv_line(line, &name, &date)) {
      SITE_FAULT(c, SITE_CHANGES, "line %zu is not \"NAME\",\"DATE\"", number + 1);
      return;
    }
    list_line(c, &c->changes, SITE_CHANGES, name)->number = number + 1;
    c->change = pool_grow(c->pool, c->change, number, &cap, sizeof(const char *));
    c->change[number++] = pool_str(c->pool, date);
    if (number > 1 && strcmp(c->change[number - 1], c->change[number - 2]) > 0)
      SITE_FAULT(c, SITE_CHANGES, "line %zu is not sorted, the last change first", number);
  }
}
