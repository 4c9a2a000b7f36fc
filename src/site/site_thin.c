/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/thin: index and feed in their plainest form, until site_page.c and site_atom.c take their place. */
#include <config.h>

#include "site_private.h"

static void add_escaped(struct buf *b, const char *s)
{
  for (; *s; s++)
    if (*s == '<' || *s == '>' || *s == '&' || *s == '"' || *s == '\'')
      buf_printf(b, "&#%d;", *s);
    else
      buf_addc(b, *s);
}

struct bytes site_atom(struct pool *pool, const struct site *s)
{
  struct buf b = buf_new(pool, 4096);
  int64_t updated = 0;
  for (size_t i = 0; i < s->entry_count; i++)
    updated = s->entry[i].changed_at > updated ? s->entry[i].changed_at : updated;
  buf_printf(&b,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "
             "xmlns=\"http://www.w3.org/2005/Atom\">\n<id>%s/feed.atom</id><title>",
             s->house->url);
  add_escaped(&b, s->house->organisation);
  buf_printf(&b, "</title><updated>%s</updated>\n", time_iso(pool, updated));
  for (size_t i = 0; i < s->entry_count && i < 50; i++) {
    const struct site_entry *e = &s->entry[i];
    buf_printf(&b, "<entry><id>%s/advisories/%s.html</id><link href=\"%s/advisories/%s.html\"/><title>", s->house->url,
               e->id, s->house->url, e->id);
    add_escaped(&b, e->title);
    buf_printf(&b, "</title><updated>%s</updated></entry>\n", time_iso(pool, e->changed_at));
  }
  buf_adds(&b, "</feed>\n");
  return buf_bytes(&b);
}

struct bytes site_index_html(struct pool *pool, const struct site *s, int year)
{
  struct buf b = buf_new(pool, 4096);
  buf_printf(&b, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Security advisories</title><ul>\n");
  for (size_t i = 0; i < s->entry_count && (year || i < 50); i++) {
    const struct site_entry *e = &s->entry[i];
    if (year && time_civil(e->first_at, NULL).year != year)
      continue;
    buf_printf(&b, "<li><a href=\"advisories/%s.html\">%s</a> ", e->id, e->id);
    add_escaped(&b, e->title);
    buf_adds(&b, "\n");
  }
  buf_adds(&b, "</ul></html>\n");
  return buf_bytes(&b);
}
