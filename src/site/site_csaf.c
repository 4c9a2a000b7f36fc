/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/csaf: what a CSAF trusted provider has beside its documents (CSAF 2.0, section 7.1). Numbers in comments are its
 * sections. */
#include <config.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "site_private.h"

bool site_is_public(const struct site_entry *e)
{
  return !strcmp(e->tlp, "CLEAR") || !strcmp(e->tlp, "WHITE");
}

/* 7.1.11: the year of the initial release. */
char *site_year_name(struct pool *pool, const char *id, int64_t first_at)
{
  return pool_printf(pool, "%04d/%s", time_civil(first_at, NULL).year, advisory_csaf_name(pool, id));
}

char *site_csaf_path(struct pool *pool, const char *id, int64_t first_at)
{
  return pool_printf(pool, SITE_WHITE "/%s", site_year_name(pool, id, first_at));
}

char *site_page_path(struct pool *pool, const char *id, const char *suffix)
{
  return pool_printf(pool, "advisories/%s%s", id, suffix);
}

void site_place(struct pool *pool, const char *url, struct advisory *a)
{
  if (text_empty(url) || strcmp(a->tlp, "CLEAR") != 0)
    return;
  a->self_csaf = pool_printf(pool, "%s/%s", url, site_csaf_path(pool, a->id, a->revision[0].at));
  a->self_html = pool_printf(pool, "%s/%s", url, site_page_path(pool, a->id, ".html"));
}

char *site_year_path(struct pool *pool, int year)
{
  return pool_printf(pool, "%04d.html", year);
}

/* 7.1.20 */
char *site_key_path(struct pool *pool, const char *fingerprint)
{
  return pool_printf(pool, SITE_CSAF "/openpgp/%s.asc", fingerprint);
}

static json_t *js(struct pool *pool, const char *s)
{
  json_t *j = json_string(text_clean(pool, bytes_str(s), true));
  invariant(j);
  return j;
}

static json_t *url(struct pool *pool, const struct site_house *h, const char *path)
{
  return js(pool, pool_printf(pool, "%s/%s", h->url, path));
}

static struct bytes dumped(struct pool *pool, json_t *doc)
{
  char *s = json_dumps(doc, JSON_INDENT(1) | JSON_SORT_KEYS);
  invariant(s);
  struct bytes b = bytes_str(pool_printf(pool, "%s\n", s));
  free(s);
  json_decref(doc);
  return b;
}

static json_t *category(void)
{
  return json_pack("[{s:s,s:s}]", "scheme", "urn:ietf:params:rolie:category:information-type", "term", "csaf");
}

static char *feed_title(struct pool *pool, const struct site_house *h)
{
  return pool_printf(pool, "Security advisories of %s (TLP:WHITE)", h->organisation);
}

/* ---- 7.1.7 ---- */
static json_t *publisher(struct pool *pool, const struct site_house *h)
{
  json_t *j = json_pack("{s:s,s:o,s:o}", "category", "vendor", "name", js(pool, h->organisation), "namespace",
                        js(pool, h->space));
  const char *details = h->details ? h->details : h->contact;
  if (!text_empty(details)) /* 7.1.7: as in the documents */
    json_object_set_new(j, "contact_details", js(pool, details));
  return j;
}

/* ROLIE first: of two ways it is the preferred one (7.3.2). */
static json_t *distributions(struct pool *pool, const struct site_house *h)
{
  json_t *feed = json_pack("{s:o,s:s,s:o}", "summary", js(pool, feed_title(pool, h)), "tlp_label", "WHITE", "url",
                           url(pool, h, SITE_ROLIE));
  return json_pack("[{s:{s:[o],s:[o]}},{s:o}]", "rolie", "feeds", feed, "services", url(pool, h, SITE_SERVICE),
                   "directory_url", url(pool, h, SITE_WHITE "/"));
}

struct bytes site_provider_metadata(struct pool *pool, const struct site_house *h, int64_t updated)
{
  json_t *key = json_pack("[{s:o,s:o}]", "fingerprint", js(pool, h->fingerprint), "url",
                          url(pool, h, site_key_path(pool, h->fingerprint)));
  json_t *doc = json_pack("{s:o,s:o,s:b,s:b,s:s,s:s}", "canonical_url", url(pool, h, SITE_PROVIDER), "last_updated",
                          js(pool, time_iso(pool, updated)), "list_on_CSAF_aggregators", 1,
                          "mirror_on_CSAF_aggregators", 1, "metadata_version", "2.0", "role", "csaf_trusted_provider");
  json_object_set_new(doc, "distributions", distributions(pool, h));
  json_object_set_new(doc, "public_openpgp_keys", key);
  json_object_set_new(doc, "publisher", publisher(pool, h));
  return dumped(pool, doc);
}

/* ---- 7.1.12, 7.1.13 ---- */
struct bytes site_index_txt(struct pool *pool, const struct site *s)
{
  struct buf b = buf_new(pool, 64 + s->entry_count * 32);
  for (size_t i = 0; i < s->entry_count; i++)
    if (site_is_public(&s->entry[i])) {
      buf_adds(&b, site_year_name(pool, s->entry[i].id, s->entry[i].first_at));
      buf_addc(&b, '\n');
    }
  return buf_bytes(&b);
}

static int by_change(const void *x, const void *y)
{
  const struct site_entry *a = *(const struct site_entry *const *)x, *b = *(const struct site_entry *const *)y;
  return a->changed_at > b->changed_at ? -1 : a->changed_at < b->changed_at ? 1 : strcmp(a->id, b->id);
}

/* The last change first; p: entries that may be shown. */
static const struct site_entry **by_last_change(struct pool *pool, const struct site *s, size_t *count)
{
  const struct site_entry **list = pool_array(pool, s->entry_count + 1, sizeof(const struct site_entry *));
  size_t n = 0;
  for (size_t i = 0; i < s->entry_count; i++)
    if (site_is_public(&s->entry[i]))
      list[n++] = &s->entry[i];
  qsort(list, n, sizeof(const struct site_entry *), by_change);
  *count = n;
  return list;
}

struct bytes site_changes_csv(struct pool *pool, const struct site *s)
{
  size_t n = 0;
  const struct site_entry **list = by_last_change(pool, s, &n);
  struct buf b = buf_new(pool, 64 + n * 64);
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "\"%s\",\"%s\"\n", site_year_name(pool, list[i]->id, list[i]->first_at),
               time_iso(pool, list[i]->changed_at));
  return buf_bytes(&b);
}

/* ---- 7.1.15, 7.1.16 ---- */
/* The feed has every advisory of a house's life and is written for each publication: by hand, an entry a line. */
static void add_text(struct buf *b, const char *s)
{
  buf_addc(b, '"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\')
      buf_addc(b, '\\');
    if ((unsigned char)*s < 0x20)
      buf_printf(b, "\\u%04x", (unsigned)(unsigned char)*s);
    else
      buf_addc(b, *s);
  }
  buf_addc(b, '"');
}

static void add_pair(struct buf *b, const char *key, const char *s)
{
  buf_adds(b, key);
  add_text(b, text_clean(b->pool, bytes_str(s), true));
}

static void add_entry(struct buf *b, const struct site *s, const struct site_entry *e)
{
  static const char *const links[][2] = { { "self", "" }, { "hash", ".sha256" }, { "hash", ".sha512" }, { "signature", ".asc" } };
  const char *href = pool_printf(b->pool, "%s/%s", s->house->url, site_csaf_path(b->pool, e->id, e->first_at));
  add_pair(b, "{\"id\": ", e->id);
  add_pair(b, ", \"title\": ", e->title);
  for (size_t i = 0; i < ARRAY_LEN(links); i++)
    buf_printf(b, "%s{\"rel\": \"%s\", \"href\": \"%s%s\"}", i ? ", " : ", \"link\": [", links[i][0], href, links[i][1]);
  buf_printf(b, "], \"published\": \"%s\", \"updated\": \"%s\", ", time_iso(b->pool, e->first_at), time_iso(b->pool, e->changed_at));
  if (!text_empty(e->summary)) {
    add_pair(b, "\"summary\": {\"content\": ", e->summary);
    buf_adds(b, "}, ");
  }
  buf_printf(b, "\"content\": {\"type\": \"application/json\", \"src\": \"%s\"}, ", href);
  buf_adds(b, "\"format\": {\"schema\": \"https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json\", \"version\": \"2.0\"}}");
}

struct bytes site_rolie(struct pool *pool, const struct site *s)
{
  size_t n = 0;
  const struct site_entry **list = by_last_change(pool, s, &n);
  struct buf b = buf_new(pool, 1000 + n * 900);
  add_pair(&b, "{\"feed\": {\"id\": \"csaf-feed-tlp-white\", \"title\": ", feed_title(pool, s->house));
  add_pair(&b, ",\n\"link\": [{\"rel\": \"self\", \"href\": ", pool_printf(pool, "%s/" SITE_ROLIE, s->house->url));
  buf_adds(&b, "}], \"category\": [{\"scheme\": \"urn:ietf:params:rolie:category:information-type\", \"term\": \"csaf\"}],\n");
  buf_printf(&b, "\"updated\": \"%s\", \"entry\": [", time_iso(pool, n ? list[0]->changed_at : s->now));
  for (size_t i = 0; i < n; i++) {
    buf_adds(&b, i ? ",\n" : "\n");
    add_entry(&b, s, list[i]);
  }
  buf_adds(&b, "]}}\n");
  return buf_bytes(&b);
}

struct bytes site_rolie_service(struct pool *pool, const struct site_house *h)
{
  json_t *collection = json_pack("{s:o,s:o,s:{s:o}}", "title", js(pool, feed_title(pool, h)), "href",
                                 url(pool, h, SITE_ROLIE), "categories", "category", category());
  return dumped(pool, json_pack("{s:{s:[{s:s,s:[o]}]}}", "service", "workspace", "title", "Public CSAF feed",
                                "collection", collection));
}
