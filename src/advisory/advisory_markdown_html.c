/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/markdown/html: only elements that stand in this file come out. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "advisory_markdown.h"

struct writer {
  struct pool *pool;
  struct buf *b;
  int heading, last; /* of a "#"; the last one that was written */
  unsigned nesting;  /* lists and quotations around */
  unsigned marks;    /* emphasis around */
  cmark_node *link;  /* the one that is open */
};

static bool is_tight(cmark_node *paragraph)
{
  cmark_node *item = cmark_node_parent(paragraph), *list = item ? cmark_node_parent(item) : NULL;
  return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

static void put_list(struct writer *w, cmark_node *node, bool enter)
{
  bool ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
  int start = cmark_node_get_list_start(node);
  if (!enter)
    buf_adds(w->b, ordered ? "</ol>\n" : "</ul>\n");
  else if (ordered && start != 1)
    advisory_html_put(w->b, "<ol start=\"%d\">\n", start);
  else
    buf_adds(w->b, ordered ? "<ol>\n" : "<ul>\n");
}

static void put_container(struct writer *w, cmark_node *node, bool enter)
{
  bool quote = cmark_node_get_type(node) == CMARK_NODE_BLOCK_QUOTE;
  if (enter)
    w->nesting++;
  if (w->nesting <= MARKDOWN_NESTING) {
    if (quote)
      buf_adds(w->b, enter ? "<blockquote>\n" : "</blockquote>\n");
    else
      put_list(w, node, enter);
  }
  if (!enter)
    w->nesting--;
}

static void put_item(struct writer *w, cmark_node *node, bool enter)
{
  if (w->nesting <= MARKDOWN_NESTING)
    buf_adds(w->b, enter ? "<li>" : "</li>\n");
}

static void put_paragraph(struct writer *w, cmark_node *node, bool enter)
{
  if (!is_tight(node) || w->nesting > MARKDOWN_NESTING)
    buf_adds(w->b, enter ? "<p>" : "</p>\n");
  else if (!enter)
    buf_addc(w->b, '\n');
}

/* No level is left out on the way down, so that who hears the page finds the way. */
static void put_heading(struct writer *w, cmark_node *node, bool enter)
{
  int level = w->heading + cmark_node_get_heading_level(node) - 1;
  if (!markdown_holds_text(node))
    return;
  if (enter) {
    level = level > w->last + 1 ? w->last + 1 : level;
    w->last = level > 6 ? 6 : level;
  }
  advisory_html_put(w->b, enter ? "<h%d>" : "</h%d>\n", w->last);
}

static void put_rule(struct writer *w, cmark_node *node, bool enter)
{
  buf_adds(w->b, "<hr>\n");
}

static void put_code_block(struct writer *w, cmark_node *node, bool enter)
{
  advisory_html_put(w->b, "<pre><code>%s</code></pre>\n", markdown_literal(w->pool, node, true));
}

static void put_html_block(struct writer *w, cmark_node *node, bool enter)
{
  advisory_html_put(w->b, "<pre>%s</pre>\n", markdown_literal(w->pool, node, true));
}

static void put_text(struct writer *w, cmark_node *node, bool enter)
{
  advisory_html_put(w->b, "%s", markdown_literal(w->pool, node, true));
}

static void put_code(struct writer *w, cmark_node *node, bool enter)
{
  advisory_html_put(w->b, "<code>%s</code>", markdown_literal(w->pool, node, true));
}

static void put_soft_break(struct writer *w, cmark_node *node, bool enter)
{
  buf_addc(w->b, '\n');
}

static void put_break(struct writer *w, cmark_node *node, bool enter)
{
  buf_adds(w->b, "<br>\n");
}

static void put_mark(struct writer *w, cmark_node *node, bool enter)
{
  bool strong = cmark_node_get_type(node) == CMARK_NODE_STRONG;
  if (enter)
    w->marks++;
  if (w->marks <= MARKDOWN_NESTING)
    buf_adds(w->b, strong ? enter ? "<strong>" : "</strong>" : enter ? "<em>" : "</em>");
  if (!enter)
    w->marks--;
}

/* The address is what one reads: in print it need not stand behind it. */
static bool says_where(cmark_node *node)
{
  cmark_node *only = cmark_node_first_child(node);
  const char *url = cmark_node_get_url(node), *said = only && only == cmark_node_last_child(node) ? cmark_node_get_literal(only) : NULL;
  return !only || (said && !strcmp(said, url));
}

/* Links and images: an image is a link to it. A link in the text of an image, or an image in a link, is only its text. */
static void put_link(struct writer *w, cmark_node *node, bool enter)
{
  const char *url;
  if (enter && !w->link && (url = markdown_link(w->pool, node))) {
    w->link = node;
    buf_adds(w->b, says_where(node) ? "<a class=\"bare\"" : "<a");
    advisory_html_put(w->b, " href=\"%s\" rel=\"noreferrer\">", url);
    if (!markdown_holds_text(node))
      advisory_html_put(w->b, "%s", url);
  } else if (!enter && w->link == node) {
    buf_adds(w->b, "</a>");
    w->link = NULL;
  }
}

static void (*const puts_of[])(struct writer *, cmark_node *, bool) = {
  [CMARK_NODE_BLOCK_QUOTE] = put_container,
  [CMARK_NODE_LIST] = put_container,
  [CMARK_NODE_ITEM] = put_item,
  [CMARK_NODE_CODE_BLOCK] = put_code_block,
  [CMARK_NODE_HTML_BLOCK] = put_html_block,
  [CMARK_NODE_PARAGRAPH] = put_paragraph,
  [CMARK_NODE_HEADING] = put_heading,
  [CMARK_NODE_THEMATIC_BREAK] = put_rule,
  [CMARK_NODE_TEXT] = put_text,
  [CMARK_NODE_SOFTBREAK] = put_soft_break,
  [CMARK_NODE_LINEBREAK] = put_break,
  [CMARK_NODE_CODE] = put_code,
  [CMARK_NODE_HTML_INLINE] = put_text,
  [CMARK_NODE_EMPH] = put_mark,
  [CMARK_NODE_STRONG] = put_mark,
  [CMARK_NODE_LINK] = put_link,
  [CMARK_NODE_IMAGE] = put_link,
};

static void put_node(void *self, cmark_node *node, bool enter)
{
  size_t type = (size_t)cmark_node_get_type(node);
  if (type < ARRAY_LEN(puts_of) && puts_of[type])
    puts_of[type](self, node, enter);
}

char *advisory_markdown_html(struct pool *pool, const char *markdown, int heading)
{
  struct buf b = buf_new(pool, 1024);
  struct writer w = { .pool = pool, .b = &b, .heading = heading, .last = heading - 1 };
  markdown_walk(pool, markdown, put_node, &w);
  return buf_str(&b);
}
