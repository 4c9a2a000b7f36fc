/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A strict reader of the HTML that we write. Only elements and attributes of the tables below exist for it, everything is closed where it must
 * be, and what stands between is text. Stricter than any browser: what passes here a browser cannot read otherwise. */
#ifndef TEST_HTML_SCAN_H
#define TEST_HTML_SCAN_H
#include <embargod/advisory.h>
#include <embargod/text.h>
#include <string.h>

#define SCAN_DEPTH 100
enum scan_kind { SCAN_BLOCK, SCAN_TEXT_ONLY, SCAN_INLINE, SCAN_VOID }; /* TEXT_ONLY: a block that holds no blocks */

static const struct {
  const char *name, *attributes;
  enum scan_kind kind;
} scan_elements[] = {
  { "html", " lang ", SCAN_BLOCK }, { "head", " ", SCAN_BLOCK }, { "meta", " charset http-equiv content name ", SCAN_VOID },
  { "title", " ", SCAN_TEXT_ONLY }, { "link", " rel type title href ", SCAN_VOID }, { "style", " ", SCAN_TEXT_ONLY }, { "body", " ", SCAN_BLOCK },
  { "a", " class href rel aria-current ", SCAN_INLINE }, { "header", " ", SCAN_BLOCK }, { "div", " class dir ", SCAN_BLOCK },
  { "p", " class dir ", SCAN_TEXT_ONLY }, { "nav", " class aria-label ", SCAN_BLOCK }, { "main", " id ", SCAN_BLOCK }, { "h1", " dir ", SCAN_TEXT_ONLY },
  { "h2", " id dir ", SCAN_TEXT_ONLY }, { "h3", " ", SCAN_TEXT_ONLY }, { "h4", " ", SCAN_TEXT_ONLY }, { "h5", " ", SCAN_TEXT_ONLY },
  { "h6", " ", SCAN_TEXT_ONLY }, { "dl", " class ", SCAN_BLOCK }, { "dt", " ", SCAN_TEXT_ONLY }, { "dd", " ", SCAN_TEXT_ONLY },
  { "span", " class ", SCAN_INLINE }, { "table", " class ", SCAN_BLOCK }, { "thead", " ", SCAN_BLOCK }, { "tbody", " ", SCAN_BLOCK },
  { "tr", " ", SCAN_BLOCK }, { "th", " scope colspan ", SCAN_TEXT_ONLY }, { "td", " colspan ", SCAN_BLOCK }, { "ul", " class ", SCAN_BLOCK },
  { "ol", " start ", SCAN_BLOCK }, { "li", " class ", SCAN_BLOCK }, { "bdi", " ", SCAN_INLINE }, { "code", " ", SCAN_INLINE },
  { "pre", " ", SCAN_TEXT_ONLY }, { "br", " ", SCAN_VOID }, { "hr", " ", SCAN_VOID }, { "wbr", " ", SCAN_VOID }, { "strong", " ", SCAN_INLINE },
  { "em", " ", SCAN_INLINE }, { "blockquote", " ", SCAN_BLOCK }, { "time", " datetime ", SCAN_INLINE }, { "footer", " class ", SCAN_BLOCK },
};

struct scan {
  struct pool *pool;
  const char *p;   /* what is still to be read; NUL-terminated */
  const char *why; /* NULL: nothing is wrong */
  struct buf text; /* what a reader sees, one blank for each end of a block */
  int stack[SCAN_DEPTH];
  unsigned depth, links;
};

static inline bool scan_fault(struct scan *s, const char *why)
{
  s->why = pool_printf(s->pool, "%s before: %.80s", why, s->p);
  return false;
}

/* The character that an entity stands for; only the five that we write. */
static inline bool scan_char(struct scan *s, struct buf *out)
{
  static const char *const entities[][2] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&#39;", "'" } };
  if (*s->p == '>' || *s->p == '\'' || *s->p == '"')
    return scan_fault(s, "a raw mark");
  if (*s->p != '&') {
    buf_addc(out, *s->p++);
    return true;
  }
  for (size_t i = 0; i < ARRAY_LEN(entities); i++)
    if (!strncmp(s->p, entities[i][0], strlen(entities[i][0]))) {
      buf_adds(out, entities[i][1]);
      s->p += strlen(entities[i][0]);
      return true;
    }
  return scan_fault(s, "a raw ampersand");
}

/* Somewhere on the site, or http, https, mailto; a URI has no blank and no quotation mark. */
static inline bool scan_link_is_safe(const char *url)
{
  if (strpbrk(url, " \t\n<>\"\\^`{|}"))
    return false;
  for (const char *c = url; *c; c++)
    if ((unsigned char)*c >= 0x7f)
      return false;
  return !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7) || !strncmp(url, "mailto:", 7) || !strcmp(url, "#main") ||
         (*url && !strchr(url, ':') && strncmp(url, "//", 2) != 0);
}

static inline bool scan_attributes(struct scan *s, int element)
{
  while (*s->p == ' ') {
    size_t len = strspn(++s->p, "abcdefghijklmnopqrstuvwxyz-");
    struct buf value = buf_new(s->pool, 60);
    const char *name = pool_strndup(s->pool, s->p, len);
    if (!len || !strstr(scan_elements[element].attributes, pool_printf(s->pool, " %s ", name)))
      return scan_fault(s, "an attribute that is not ours");
    s->p += len;
    if (strncmp(s->p, "=\"", 2) != 0)
      return scan_fault(s, "a value without quotation marks");
    s->p += 2;
    if (!strcmp(name, "content")) { /* the policy has quotation marks */
      s->p += strcspn(s->p, "\"<>");
    }
    while (*s->p && *s->p != '"')
      if (*s->p == '<' || !scan_char(s, &value))
        return s->why ? false : scan_fault(s, "markup in a value");
    if (*s->p++ != '"')
      return scan_fault(s, "a value that does not end");
    if (!strcmp(name, "href") && !scan_link_is_safe(buf_str(&value)))
      return scan_fault(s, pool_printf(s->pool, "a link to \"%s\"", buf_str(&value)));
  }
  return *s->p == '>' ? s->p++, true : scan_fault(s, "a tag that does not end");
}

static inline bool scan_tag(struct scan *s)
{
  bool closes = s->p[1] == '/';
  size_t len = strspn(s->p + 1 + closes, "abcdefghijklmnopqrstuvwxyz123456"), i = 0;
  const char *name = pool_strndup(s->pool, s->p + 1 + closes, len);
  while (i < ARRAY_LEN(scan_elements) && strcmp(scan_elements[i].name, name) != 0)
    i++;
  if (i == ARRAY_LEN(scan_elements))
    return scan_fault(s, "an element that is not ours");
  enum scan_kind kind = scan_elements[i].kind;
  if (kind != SCAN_INLINE && strcmp(name, "wbr") != 0)
    buf_addc(&s->text, ' ');
  s->links += !strcmp(name, "a") ? closes ? -1u : 1u : 0u;
  if (s->links > 1)
    return scan_fault(s, "a link in a link");
  if (closes) {
    if (kind == SCAN_VOID || !s->depth || s->stack[s->depth - 1] != (int)i || s->p[2 + len] != '>')
      return scan_fault(s, "an end where none is due");
    s->depth--;
    s->p += len + 3;
    return true;
  }
  for (unsigned k = 0; k < s->depth && kind <= SCAN_TEXT_ONLY; k++)
    if (scan_elements[s->stack[k]].kind != SCAN_BLOCK)
      return scan_fault(s, "a block where only text may be");
  if (!strcmp(name, "li") && scan_elements[s->stack[s->depth - 1]].name[1] != 'l')
    return scan_fault(s, "an item outside of a list");
  s->p += 1 + len;
  if (!scan_attributes(s, (int)i))
    return false;
  if (kind != SCAN_VOID) {
    if (s->depth == SCAN_DEPTH)
      return scan_fault(s, "too deep");
    s->stack[s->depth++] = (int)i;
  }
  return true;
}

/* False: why says what is not as it must be. */
static inline bool html_scan(struct scan *s, struct pool *pool, struct bytes page)
{
  static const char doctype[] = "<!doctype html>\n";
  *s = (struct scan){ .pool = pool, .p = pool_str(pool, page), .text = buf_new(pool, 4096) };
  if (strlen(s->p) != page.len || strncmp(s->p, doctype, strlen(doctype)) != 0)
    return scan_fault(s, "a NUL, or no doctype");
  s->p += strlen(doctype);
  while (*s->p) {
    if (s->depth && !strcmp(scan_elements[s->stack[s->depth - 1]].name, "style") && s->p[0] != '<') {
      size_t len = strlen(advisory_html_style());
      if (strncmp(s->p, advisory_html_style(), len) != 0)
        return scan_fault(s, "a sheet that is not ours");
      s->p += len;
    } else if (*s->p == '<' ? !scan_tag(s) : !scan_char(s, &s->text)) {
      return false;
    }
  }
  return s->depth ? scan_fault(s, "something is still open") : true;
}

/* White space as one blank: what is left of it in a page or in broken lines. */
static inline char *collapsed(struct pool *pool, const char *text)
{
  struct buf b = buf_new(pool, strlen(text) + 1);
  bool blank = true;
  for (; *text; text++)
    if (!strchr(" \t\n", *text)) {
      buf_addc(&b, *text);
      blank = false;
    } else if (!blank) {
      buf_addc(&b, ' ');
      blank = true;
    }
  if (b.len && b.data[b.len - 1] == ' ')
    b.data[--b.len] = '\0';
  return buf_str(&b);
}
#endif
