/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/markdown/text: the same for plain text. A block is gathered and broken into lines; what stands before each line (the dash of
 * an item, the mark of a quotation) is kept on a stack. */
#include <config.h>

#include <string.h>

#include "advisory_markdown.h"

#define WORD_MAX 300 /* bytes: as in advisory_text.c */

struct level {
  const char *first, *rest; /* what begins the first line of it, and the others */
  int number;               /* of the next item of a list; 0: bullets */
  bool begun;
};
struct writer {
  struct pool *pool;
  struct buf out, block; /* block: the text of the paragraph that is open */
  size_t width;
  struct level level[MARKDOWN_NESTING * 2 + 1];
  size_t levels, skipped; /* skipped: those that are deeper */
  cmark_node *link;
  size_t link_from; /* where its text begins in block */
  bool close;       /* the next block follows without an empty line */
};

/* ---- lines ---- */
static size_t columns(struct bytes s)
{
  size_t n = 0;
  for (size_t off = 0; off < s.len; n++)
    utf8_next(s, &off);
  return n;
}

static size_t begin_line(struct writer *w)
{
  size_t from = w->out.len;
  for (size_t i = 0; i < w->levels; i++) {
    buf_adds(&w->out, w->level[i].begun ? w->level[i].rest : w->level[i].first);
    w->level[i].begun = true;
  }
  return columns((struct bytes){ w->out.data + from, w->out.len - from });
}

static void end_line(struct writer *w)
{
  while (w->out.len && w->out.data[w->out.len - 1] == ' ')
    w->out.len--;
  buf_addc(&w->out, '\n');
}

static void gap(struct writer *w)
{
  if (w->out.len && !w->close)
    buf_addc(&w->out, '\n');
  w->close = false;
}

static void put_wrapped(struct writer *w, struct bytes line)
{
  size_t at = begin_line(w);
  bool first = true;
  for (size_t from = 0; from < line.len;) {
    size_t end = from;
    while (end < line.len && line.p[end] != ' ')
      end++;
    for (size_t cut; from < end; from += cut) {
      cut = end - from <= WORD_MAX ? end - from : utf8_cut(bytes_sub(line, from, end - from), WORD_MAX / 5);
      struct bytes word = bytes_sub(line, from, cut);
      if (!first && at + 1 + columns(word) > w->width) {
        end_line(w);
        at = begin_line(w);
        first = true;
      }
      buf_adds(&w->out, first ? "" : " ");
      buf_add(&w->out, word);
      at += columns(word) + !first;
      first = false;
    }
    from = end + 1;
  }
  end_line(w);
}

static void flush_block(struct writer *w, const char *underline)
{
  struct bytes rest = buf_bytes(&w->block), line;
  size_t longest = 0;
  if (!bytes_trim(rest).len)
    return;
  gap(w);
  while (bytes_next_line(&rest, &line)) {
    longest = columns(line) > longest ? columns(line) : longest;
    put_wrapped(w, line);
  }
  if (underline) {
    begin_line(w);
    for (size_t i = 0; i < longest && i < w->width / 2; i++)
      buf_adds(&w->out, underline);
    end_line(w);
  }
  w->block = buf_new(w->pool, 200);
}

/* ---- blocks ---- */
static void push(struct writer *w, struct level l)
{
  if (w->levels < ARRAY_LEN(w->level))
    w->level[w->levels++] = l;
  else
    w->skipped++;
}

static void pop(struct writer *w)
{
  if (w->skipped)
    w->skipped--;
  else
    w->levels--;
}

static void put_quote(struct writer *w, cmark_node *node, bool enter)
{
  if (enter)
    push(w, (struct level){ .first = "> ", .rest = "> " });
  else
    pop(w);
}

static void put_list(struct writer *w, cmark_node *node, bool enter)
{
  bool ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
  if (enter)
    push(w, (struct level){ .first = "", .rest = "", .number = ordered ? cmark_node_get_list_start(node) : -1 });
  else
    pop(w);
  w->close = false;
}

static void put_item(struct writer *w, cmark_node *node, bool enter)
{
  struct level *list = &w->level[w->levels - 1];
  struct level l = { .first = "- ", .rest = "  " };
  if (!enter) {
    pop(w);
    w->close = cmark_node_get_list_tight(cmark_node_parent(node));
    return;
  }
  if (!w->skipped && list->number >= 0) {
    l.first = pool_printf(w->pool, "%d. ", list->number++);
    l.rest = pool_printf(w->pool, "%*s", (int)strlen(l.first), "");
  }
  push(w, l);
}

static void put_paragraph(struct writer *w, cmark_node *node, bool enter)
{
  if (!enter)
    flush_block(w, NULL);
}

static void put_heading(struct writer *w, cmark_node *node, bool enter)
{
  if (!enter)
    flush_block(w, cmark_node_get_heading_level(node) == 1 ? "=" : "-");
}

static void put_rule(struct writer *w, cmark_node *node, bool enter)
{
  gap(w);
  begin_line(w);
  buf_adds(&w->out, "* * *");
  end_line(w);
}

/* Code keeps its lines; one that no mail could carry is cut. */
static void put_code_block(struct writer *w, cmark_node *node, bool enter)
{
  struct bytes rest = bytes_str(markdown_literal(w->pool, node, true)), line;
  gap(w);
  while (bytes_next_line(&rest, &line))
    do {
      size_t cut = line.len <= WORD_MAX ? line.len : utf8_cut(line, WORD_MAX / 5);
      begin_line(w);
      buf_adds(&w->out, "    ");
      buf_add(&w->out, bytes_sub(line, 0, cut));
      end_line(w);
      line = bytes_sub(line, cut, SIZE_MAX);
    } while (line.len);
}

/* ---- inlines ---- */
static void put_text(struct writer *w, cmark_node *node, bool enter)
{
  char *said = markdown_literal(w->pool, node, true);
  for (char *c = said; (c = strpbrk(c, "\n\t"));)
    *c = ' ';
  buf_adds(&w->block, said);
}

static void put_code(struct writer *w, cmark_node *node, bool enter)
{
  buf_addc(&w->block, '`');
  put_text(w, node, enter);
  buf_addc(&w->block, '`');
}

static void put_soft_break(struct writer *w, cmark_node *node, bool enter)
{
  buf_addc(&w->block, ' ');
}

static void put_break(struct writer *w, cmark_node *node, bool enter)
{
  buf_addc(&w->block, '\n');
}

static void put_link(struct writer *w, cmark_node *node, bool enter)
{
  const char *url = markdown_link(w->pool, node);
  if (enter && !w->link && url) {
    w->link = node;
    w->link_from = w->block.len;
  } else if (!enter && w->link == node) {
    struct bytes said = bytes_sub(buf_bytes(&w->block), w->link_from, SIZE_MAX);
    w->link = NULL;
    if (!bytes_trim(said).len)
      buf_adds(&w->block, url);
    else if (!bytes_eq(said, bytes_str(url)) && !(text_istarts(url, "mailto:") && bytes_eq(said, bytes_str(url + strlen("mailto:")))))
      buf_adds(&w->block, pool_printf(w->pool, " (%s)", url));
  }
}

static void (*const puts_of[])(struct writer *, cmark_node *, bool) = {
  [CMARK_NODE_BLOCK_QUOTE] = put_quote,
  [CMARK_NODE_LIST] = put_list,
  [CMARK_NODE_ITEM] = put_item,
  [CMARK_NODE_CODE_BLOCK] = put_code_block,
  [CMARK_NODE_HTML_BLOCK] = put_code_block,
  [CMARK_NODE_PARAGRAPH] = put_paragraph,
  [CMARK_NODE_HEADING] = put_heading,
  [CMARK_NODE_THEMATIC_BREAK] = put_rule,
  [CMARK_NODE_TEXT] = put_text,
  [CMARK_NODE_SOFTBREAK] = put_soft_break,
  [CMARK_NODE_LINEBREAK] = put_break,
  [CMARK_NODE_CODE] = put_code,
  [CMARK_NODE_HTML_INLINE] = put_text,
  [CMARK_NODE_LINK] = put_link,
  [CMARK_NODE_IMAGE] = put_link,
};

static void put_node(void *self, cmark_node *node, bool enter)
{
  size_t type = (size_t)cmark_node_get_type(node);
  if (type < ARRAY_LEN(puts_of) && puts_of[type])
    puts_of[type](self, node, enter);
}

char *advisory_markdown_lines(struct pool *pool, const char *markdown, size_t width)
{
  struct writer w = { .pool = pool, .out = buf_new(pool, 1024), .block = buf_new(pool, 200), .width = width };
  markdown_walk(pool, markdown, put_node, &w);
  return buf_str(&w.out);
}

char *advisory_markdown_text(struct pool *pool, const char *markdown)
{
  return advisory_markdown_lines(pool, markdown, 72);
}
