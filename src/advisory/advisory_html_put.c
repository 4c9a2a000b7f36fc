/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/html/put: the one place where text becomes part of HTML or XML. Markup stands in formats only, and formats are literals. */
#include <config.h>

#include <string.h>

#include "advisory_private.h"

/* What neither HTML nor XML may hold (XML 1.0, section 2.2), and what deceives the eye: see text_clean(). */
static bool forbidden(uint32_t cp)
{
  return (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e) ||
         (cp >= 0x2066 && cp <= 0x2069) || cp == 0x2028 || cp == 0x2029 || (cp & 0xfffe) == 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef) ||
         (cp >= 0xe0000 && cp <= 0xe007f);
}

void advisory_html_text(struct buf *b, struct bytes s)
{
  for (size_t off = 0; off < s.len;) {
    size_t from = off;
    uint32_t cp = utf8_next(s, &off);
    switch (cp) {
    case '&': buf_adds(b, "&amp;"); break;
    case '<': buf_adds(b, "&lt;"); break;
    case '>': buf_adds(b, "&gt;"); break;
    case '"': buf_adds(b, "&quot;"); break;
    case '\'': buf_adds(b, "&#39;"); break;
    default:
      if (cp == '\r' && off < s.len && s.p[off] == '\n')
        break; /* a line of a mail */
      if (cp == 0xfffd || forbidden(cp))
        utf8_put(b, 0xfffd);
      else
        buf_add(b, bytes_sub(s, from, off - from));
    }
  }
}

void advisory_html_put(struct buf *b, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  for (const char *s = fmt; *s; s++) {
    if (*s != '%') {
      buf_addc(b, *s);
      continue;
    }
    s++;
    if (*s == 's')
      advisory_html_text(b, bytes_str(va_arg(ap, const char *)));
    else if (*s == 'd')
      buf_printf(b, "%d", va_arg(ap, int));
    else
      invariant(!"only %s and %d");
  }
  va_end(ap);
}
