/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/atom: RFC 4287. An entry's id is a tag URI (RFC 4151) of the day of its first release: it never changes. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "site_private.h"

#define NEWEST 50

static int by_change(const void *x, const void *y)
{
  const struct site_entry *a = *(const struct site_entry *const *)x, *b = *(const struct site_entry *const *)y;
  if (a->changed_at != b->changed_at)
    return a->changed_at > b->changed_at ? -1 : 1;
  return strcmp(a->id, b->id);
}

/* "https://security.example.com:8443/x" -> "security.example.com" */
static char *host_of(struct pool *pool, const char *url)
{
  const char *host = strstr(url, "://");
  host = host ? host + 3 : url;
  return pool_strndup(pool, host, strcspn(host, ":/?#"));
}

static void entry(struct pool *pool, struct buf *b, const struct site *s, const struct site_entry *e)
{
  const char *day = pool_strndup(pool, time_iso(pool, e->first_at), strlen("2026-09-21"));
  advisory_html_put(b, "<entry>\n<id>tag:%s,%s:%s</id>\n<title>%s%s</title>\n", host_of(pool, s->house->url), day, e->id,
                    e->withdrawn ? "Withdrawn: " : "", text_empty(e->title) ? e->id : e->title);
  advisory_html_put(b, "<link rel=\"alternate\" type=\"text/html\" href=\"%s/%s\"/>\n", s->house->url, site_page_path(pool, e->id, ".html"));
  advisory_html_put(b, "<published>%s</published>\n<updated>%s</updated>\n", time_iso(pool, e->first_at), time_iso(pool, e->changed_at));
  if (!text_empty(e->severity))
    advisory_html_put(b, "<category term=\"%s\" label=\"Severity: %s\"/>\n", e->severity, e->severity);
  if (!text_empty(e->summary))
    advisory_html_put(b, "<summary>%s</summary>\n", e->summary);
  buf_adds(b, "</entry>\n");
}

struct bytes site_atom(struct pool *pool, const struct site *s)
{
  struct buf b = buf_new(pool, 8192);
  const struct site_entry **order = pool_array(pool, s->entry_count + 1, sizeof *order);
  size_t n = 0;
  for (size_t i = 0; i < s->entry_count; i++)
    if (site_is_public(&s->entry[i]))
      order[n++] = &s->entry[i];
  qsort(order, n, sizeof *order, by_change);
  buf_adds(&b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n");
  advisory_html_put(&b, "<id>%s/feed.atom</id>\n<title>Security advisories of %s</title>\n<updated>%s</updated>\n", s->house->url,
                    s->house->organisation, time_iso(pool, n ? order[0]->changed_at : s->now));
  advisory_html_put(&b, "<author><name>%s</name></author>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"%s/feed.atom\"/>\n",
                    text_empty(s->house->organisation) ? s->house->url : s->house->organisation, s->house->url);
  advisory_html_put(&b, "<link rel=\"alternate\" type=\"text/html\" href=\"%s/index.html\"/>\n", s->house->url);
  for (size_t i = 0; i < n && i < NEWEST; i++)
    entry(pool, &b, s, order[i]);
  buf_adds(&b, "</feed>\n");
  return buf_bytes(&b);
}
