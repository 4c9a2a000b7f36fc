/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/markdown: CommonMark as libcmark reads it. Its own writers are not used: they drop raw HTML (a reader would
 * miss what was said), let every scheme but four pass as a link, and draw images from elsewhere. */
#include <config.h>

#include <string.h>

#include "advisory_markdown.h"

cmark_node *markdown_parse(struct pool *pool, const char *text)
{
  struct bytes b = bytes_str(text_clean(pool, bytes_str(text), true));
  b = bytes_sub(b, 0, utf8_cut(b, ADVISORY_TEXT_MAX));
  return bytes_trim(b).len ? cmark_parse_document(b.p, b.len, CMARK_OPT_DEFAULT) : NULL;
}

void markdown_freep(cmark_node **doc)
{
  if (*doc)
    cmark_node_free(*doc);
  *doc = NULL;
}

char *markdown_literal(struct pool *pool, cmark_node *node, bool multi_line)
{
  return text_clean(pool, bytes_str(cmark_node_get_literal(node)), multi_line);
}

/* The headers that a mailto URI may bring along are cut off. */
char *advisory_mail_link(struct pool *pool, const char *address)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+";
  const char *local = text_istarts(address, "mailto:") ? address + strlen("mailto:") : address;
  size_t before = strspn(local, allowed), behind = local[before] == '@' ? strspn(local + before + 1, allowed) : 0;
  const char *end = local + before + 1 + behind;
  if (!before || !behind || (*end && *end != '?') || end - local > 254)
    return NULL;
  return pool_printf(pool, "mailto:%.*s", (int)(end - local), local);
}

const char *markdown_link(struct pool *pool, cmark_node *node)
{
  const char *url = cmark_node_get_url(node);
  if (!url)
    return NULL;
  return text_istarts(url, "mailto:") ? advisory_mail_link(pool, url) : advisory_link(pool, url);
}

bool markdown_holds_text(cmark_node *node)
{
  bool holds = false;
  cmark_iter *it = cmark_iter_new(node);
  for (cmark_event_type e; !holds && (e = cmark_iter_next(it)) != CMARK_EVENT_DONE;)
    holds = e == CMARK_EVENT_ENTER && !text_empty(cmark_node_get_literal(cmark_iter_get_node(it)));
  cmark_iter_free(it);
  return holds;
}

void markdown_walk(struct pool *pool, const char *markdown, void (*put)(void *self, cmark_node *node, bool enter),
                   void *self)
{
  AUTO(markdown_freep) cmark_node *doc = markdown_parse(pool, markdown);
  cmark_iter *it = doc ? cmark_iter_new(doc) : NULL;
  for (cmark_event_type e; it && (e = cmark_iter_next(it)) != CMARK_EVENT_DONE;)
    put(self, cmark_iter_get_node(it), e == CMARK_EVENT_ENTER);
  if (it)
    cmark_iter_free(it);
}
