/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/html/page: what stands around every page of ours. */
#include <config.h>

#include <string.h>

#include "advisory_private.h"

/* Nothing may be loaded and nothing may run, even if something foreign came through: the sheet alone is let in, by its digest. */
static void head(struct buf *b, const struct advisory_frame *f)
{
  advisory_html_put(b, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", f->language);
  buf_adds(b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-" ADVISORY_STYLE_DIGEST
              "'; base-uri 'none'; form-action 'none'\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"referrer\" content=\"no-referrer\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n");
  advisory_html_put(b, "<title>%s</title>\n", f->title);
  if (*f->feed)
    advisory_html_put(b, "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Security advisories\" href=\"%s\">\n", f->feed);
  buf_adds(b, "<style>");
  buf_adds(b, advisory_html_style());
  buf_adds(b, "</style>\n</head>\n");
}

/* FIRST, Traffic Light Protocol 2.0: the label stands at the head and at the foot, in its colour on black. */
void advisory_html_tlp(struct buf *b, const char *tlp)
{
  static const char *const colours[][2] = {
    { "RED", "tlp-red" }, { "AMBER+STRICT", "tlp-amber" }, { "AMBER", "tlp-amber" }, { "GREEN", "tlp-green" }
  };
  const char *class = "tlp-clear";
  for (size_t i = 0; i < ARRAY_LEN(colours); i++)
    if (!strcmp(tlp, colours[i][0]))
      class = colours[i][1];
  advisory_html_put(b, "<p class=\"tlp %s\">TLP:%s</p>\n", class, tlp);
}

void advisory_html_severity(struct buf *b, const char *severity, int tenths)
{
  static const char *const words[][2] = { { "Critical", "critical" }, { "High", "high" }, { "Medium", "medium" }, { "Low", "low" } };
  const char *class = "none", *word = "None";
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    if (text_ieq(words[i][0], severity)) {
      word = words[i][0];
      class = words[i][1];
    }
  advisory_html_put(b, "<span class=\"severity %s\">%s %d.%d</span>", class, word, tenths / 10, tenths % 10);
}

void advisory_html_begin(struct buf *b, const struct advisory_frame *f)
{
  head(b, f);
  buf_adds(b, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the text</a>\n<header>\n<div class=\"bar\">\n");
  advisory_html_put(b, "<p class=\"who\" dir=\"auto\">%s</p>\n", f->organisation);
  if (*f->tlp)
    advisory_html_tlp(b, f->tlp);
  if (*f->home)
    advisory_html_put(b, "<nav aria-label=\"Site\"><a href=\"%s\">All advisories</a></nav>\n", f->home);
  buf_adds(b, "</div>\n</header>\n<main id=\"main\">\n");
}

void advisory_html_end(struct buf *b, const struct advisory_frame *f)
{
  buf_adds(b, "</main>\n<footer class=\"end\">\n");
  if (f->foot.len)
    buf_add(b, f->foot);
  if (*f->tlp)
    advisory_html_tlp(b, f->tlp);
  buf_adds(b, "</footer>\n</body>\n</html>\n");
}
