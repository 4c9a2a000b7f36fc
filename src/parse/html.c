/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/html: HTML to readable text with libxml2's push parser and our own SAX handlers: no tree is built, nothing is
 * fetched, there are no entities but HTML's own. Depth and size are bounded; hidden text is shown, scripts are not. */
#include "parse_private.h"
#include <embargod/text.h>
#include <libxml/HTMLparser.h>
#include <string.h>

#define FEED_BYTES 4096
#define LINK_MAX 2000

enum tag_kind {
  TAG_INLINE,
  TAG_BLOCK, /* on lines of its own */
  TAG_PARA,  /* with an empty line around */
  TAG_SKIP,  /* nothing in it is shown */
  TAG_BR,
  TAG_HR,
  TAG_LI,
  TAG_LIST,
  TAG_CELL,
  TAG_QUOTE,
  TAG_PRE,
  TAG_LINK,
  TAG_IMAGE,
};
static const struct {
  const char *name;
  enum tag_kind kind;
} tag_table[] = {
  { "address", TAG_BLOCK }, { "article", TAG_BLOCK },   { "div", TAG_BLOCK },     { "dd", TAG_BLOCK },
  { "dl", TAG_PARA },       { "dt", TAG_BLOCK },        { "fieldset", TAG_PARA }, { "figure", TAG_PARA },
  { "footer", TAG_BLOCK },  { "form", TAG_BLOCK },      { "h1", TAG_PARA },       { "h2", TAG_PARA },
  { "h3", TAG_PARA },       { "h4", TAG_PARA },         { "h5", TAG_PARA },       { "h6", TAG_PARA },
  { "header", TAG_BLOCK },  { "main", TAG_BLOCK },      { "nav", TAG_BLOCK },     { "p", TAG_PARA },
  { "section", TAG_BLOCK }, { "table", TAG_PARA },      { "tr", TAG_BLOCK },      { "caption", TAG_BLOCK },
  { "td", TAG_CELL },       { "th", TAG_CELL },         { "br", TAG_BR },         { "hr", TAG_HR },
  { "ul", TAG_LIST },       { "ol", TAG_LIST },         { "li", TAG_LI },         { "blockquote", TAG_QUOTE },
  { "pre", TAG_PRE },       { "a", TAG_LINK },          { "img", TAG_IMAGE },     { "script", TAG_SKIP },
  { "style", TAG_SKIP },    { "head", TAG_SKIP },       { "template", TAG_SKIP }, { "object", TAG_SKIP },
  { "applet", TAG_SKIP },   { "noscript", TAG_INLINE },
};

struct html_open {
  enum tag_kind kind;
  size_t link_from; /* TAG_LINK: where its text begins in the output */
  char *href;
  unsigned item; /* TAG_LIST: number of the last item, ordered lists only */
  bool ordered;
};
struct html {
  struct pool *pool;
  struct buf out;
  struct html_open open[HTML_DEPTH_MAX];
  unsigned depth, skip, pre, quote, list;
  unsigned newlines; /* line ends at the end of the output; 2 at the start */
  bool space;        /* white space is due before the next word */
  bool too_deep;
  htmlParserCtxtPtr ctxt;
};

static enum tag_kind kind_of(const char *name)
{
  for (size_t i = 0; i < ARRAY_LEN(tag_table); i++)
    if (!strcmp(tag_table[i].name, name))
      return tag_table[i].kind;
  return TAG_INLINE;
}

static void new_line(struct html *h)
{
  buf_addc(&h->out, '\n');
  h->newlines++;
  h->space = false;
}

/* At least n line ends before what comes next; none at the very top. */
static void want_lines(struct html *h, unsigned n)
{
  while (h->newlines < n)
    new_line(h);
  h->space = false;
}

static void begin_line(struct html *h)
{
  if (!h->newlines)
    return;
  for (unsigned i = 0; i < h->quote && i < 20; i++)
    buf_adds(&h->out, "> ");
  h->newlines = 0;
}

static void add_words(struct html *h, const char *s, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    char c = s[i];
    if (h->pre && (c == '\n' || c == '\r')) {
      if (c == '\n')
        new_line(h);
      continue;
    }
    if (!h->pre && (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f')) {
      h->space = !h->newlines;
      continue;
    }
    begin_line(h);
    if (h->space)
      buf_addc(&h->out, ' ');
    h->space = false;
    buf_addc(&h->out, c);
  }
}

static const char *attribute(const xmlChar **atts, const char *name)
{
  for (; atts && atts[0]; atts += 2)
    if (!strcmp((const char *)atts[0], name))
      return (const char *)atts[1];
  return NULL;
}

static void add_image(struct html *h, const char *alt)
{
  if (text_empty(alt))
    return;
  add_words(h, "[image: ", 8);
  h->space = false;
  buf_adds(&h->out, " ");
  add_words(h, alt, strlen(alt));
  add_words(h, "]", 1);
}

static void add_item(struct html *h)
{
  struct html_open *list = NULL;
  for (unsigned i = h->depth; i-- > 0 && !list;)
    if (h->open[i].kind == TAG_LIST)
      list = &h->open[i];
  want_lines(h, 1);
  begin_line(h);
  for (unsigned i = 1; i < h->list && i < 20; i++)
    buf_adds(&h->out, "  ");
  if (list && list->ordered)
    buf_printf(&h->out, "%u. ", ++list->item);
  else
    buf_adds(&h->out, "- ");
}

/* White space before a tag's text is kept outside the link's words. */
static void open_link(struct html *h, struct html_open *o, const char *href)
{
  static const char *const shown[] = { "http://", "https://", "mailto:", "ftp://", "tel:" };
  for (size_t i = 0; href && i < ARRAY_LEN(shown); i++)
    if (text_istarts(href, shown[i]))
      o->href = pool_strndup(h->pool, href, LINK_MAX);
  o->link_from = h->out.len;
}

static void close_link(struct html *h, const struct html_open *o)
{
  if (!o->href)
    return;
  struct bytes words = bytes_trim(bytes_sub(buf_bytes(&h->out), o->link_from, h->out.len));
  const char *bare = text_istarts(o->href, "mailto:") ? o->href + 7 : o->href;
  if (bytes_eq(words, bytes_str(o->href)) || bytes_eq(words, bytes_str(bare)))
    return;
  begin_line(h);
  if (words.len)
    buf_addc(&h->out, ' ');
  buf_printf(&h->out, "<%s>", text_clean(h->pool, bytes_str(o->href), false));
}

static void open_block(struct html *h, enum tag_kind kind)
{
  switch (kind) {
  case TAG_BLOCK:
    want_lines(h, 1);
    break;
  case TAG_PARA:
  case TAG_QUOTE:
  case TAG_PRE:
    want_lines(h, 2);
    break;
  case TAG_LIST:
    want_lines(h, h->list ? 1 : 2);
    break;
  case TAG_LI:
    add_item(h);
    break;
  case TAG_BR:
    new_line(h);
    break;
  case TAG_HR:
    want_lines(h, 1);
    begin_line(h);
    buf_adds(&h->out, "--------");
    want_lines(h, 1);
    break;
  case TAG_CELL:
    if (!h->newlines) {
      buf_adds(&h->out, "  ");
      h->space = false;
    }
    break;
  default:
    break;
  }
}

static void on_start(void *self, const xmlChar *name, const xmlChar **atts)
{
  struct html *h = self;
  if (h->depth == HTML_DEPTH_MAX) {
    h->too_deep = true;
    xmlStopParser(h->ctxt);
    return;
  }
  enum tag_kind kind = kind_of((const char *)name);
  if (!h->skip)
    open_block(h, kind);
  struct html_open *o = &h->open[h->depth++];
  *o = (struct html_open){ .kind = kind };
  h->skip += kind == TAG_SKIP;
  h->quote += kind == TAG_QUOTE;
  h->pre += kind == TAG_PRE;
  if (kind == TAG_LIST) {
    h->list++;
    o->ordered = !strcmp((const char *)name, "ol");
  }
  if (h->skip)
    return;
  if (kind == TAG_LINK)
    open_link(h, o, attribute(atts, "href"));
  if (kind == TAG_IMAGE)
    add_image(h, attribute(atts, "alt"));
}

static void on_end(void *self, const xmlChar *name)
{
  struct html *h = self;
  if (!h->depth)
    return;
  const struct html_open *o = &h->open[--h->depth];
  h->skip -= o->kind == TAG_SKIP;
  h->pre -= o->kind == TAG_PRE;
  h->list -= o->kind == TAG_LIST;
  if (o->kind == TAG_LINK && !h->skip)
    close_link(h, o);
  if (!h->skip && (o->kind == TAG_BLOCK || o->kind == TAG_LI || (o->kind == TAG_LIST && h->list)))
    want_lines(h, 1);
  if (!h->skip &&
      (o->kind == TAG_PARA || o->kind == TAG_QUOTE || o->kind == TAG_PRE || (o->kind == TAG_LIST && !h->list)))
    want_lines(h, 2);
  h->quote -= o->kind == TAG_QUOTE;
}

static void on_text(void *self, const xmlChar *s, int len)
{
  struct html *h = self;
  if (!h->skip && len > 0)
    add_words(h, (const char *)s, (size_t)len);
}

static void feed(struct html *h, struct bytes html)
{
  htmlSAXHandler sax = {
    .startElement = on_start, .endElement = on_end, .characters = on_text, .ignorableWhitespace = on_text
  };
  h->ctxt = htmlCreatePushParserCtxt(&sax, h, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
  if (!h->ctxt)
    return;
  htmlCtxtUseOptions(h->ctxt, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                  HTML_PARSE_IGNORE_ENC | HTML_PARSE_COMPACT);
  for (size_t off = 0; off < html.len && !h->too_deep; off += FEED_BYTES) {
    struct bytes piece = bytes_sub(html, off, FEED_BYTES);
    (void)htmlParseChunk(h->ctxt, piece.p, (int)piece.len, 0);
  }
  (void)htmlParseChunk(h->ctxt, "", 0, 1);
  htmlFreeParserCtxt(h->ctxt);
  h->ctxt = NULL;
}

/* NULs would end the input for libxml2. */
static struct bytes without_nul(struct pool *pool, struct bytes s)
{
  struct bytes copy = pool_bytes_dup(pool, s);
  for (char *p = (char *)(uintptr_t)copy.p; p < copy.p + copy.len; p++)
    if (!*p)
      *p = ' ';
  return copy;
}

struct bytes html_to_text(struct pool *pool, struct bytes html)
{
  bool cut = html.len > HTML_INPUT_MAX;
  if (cut)
    html.len = utf8_cut(html, HTML_INPUT_MAX);
  if (bytes_starts(html, BYTES("\xef\xbb\xbf")))
    html = bytes_sub(html, 3, html.len);
  struct html *h = pool_new_of(pool, struct html);
  *h = (struct html){ .pool = pool, .out = buf_new(pool, html.len / 2 + 256), .newlines = 2 };
  feed(h, without_nul(pool, html));
  while (h->out.len && (h->out.data[h->out.len - 1] == '\n' || h->out.data[h->out.len - 1] == ' '))
    h->out.len--;
  buf_addc(&h->out, '\n');
  if (cut)
    buf_adds(&h->out, "[HTML too large: the rest is not shown]\n");
  if (h->too_deep)
    buf_adds(&h->out, "[HTML nested too deep: the rest is not shown]\n");
  struct bytes out = buf_bytes(&h->out);
  return utf8_valid(out) ? out : utf8_repair(pool, out);
}
