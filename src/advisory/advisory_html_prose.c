/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/html/prose: what was written as plain text, mostly in a mail of 72 columns. */
#include <config.h>

#include <string.h>

#include "advisory_private.h"

static bool begins_item(struct bytes line)
{
  static const char *const marks[] = { "- ", "* ", "+ ", "\xe2\x80\xa2", " ", "\t" };
  size_t digits = 0;
  for (size_t i = 0; i < ARRAY_LEN(marks); i++)
    if (bytes_starts(line, bytes_str(marks[i])))
      return true;
  while (digits < line.len && line.p[digits] >= '0' && line.p[digits] <= '9')
    digits++;
  return digits && digits + 1 < line.len && strchr(".)", line.p[digits]) && line.p[digits + 1] == ' ';
}

/* Where the writer broke a line only because it was full, the page breaks it anew. */
static bool broken_on_purpose(struct bytes line, struct bytes next)
{
  return line.len < 45 || begins_item(next);
}

/* An address in the text is a link, without the full stop or bracket of the sentence. */
static void word(struct pool *pool, struct buf *b, struct bytes w)
{
  size_t from = 0, end = w.len;
  while (from < end && strchr("(<[\"'", w.p[from]))
    from++;
  while (end > from && strchr(".,;:!?)>]\"'", w.p[end - 1]))
    end--;
  struct bytes url = bytes_sub(w, from, end - from);
  char *link = bytes_istarts(url, BYTES("https://")) || bytes_istarts(url, BYTES("http://")) ? advisory_link(pool, pool_str(pool, url)) : NULL;
  if (!link) {
    advisory_html_text(b, w);
    return;
  }
  advisory_html_text(b, bytes_sub(w, 0, from));
  advisory_html_put(b, "<a class=\"bare\" href=\"%s\" rel=\"noreferrer\">", link);
  advisory_html_text(b, url);
  buf_adds(b, "</a>");
  advisory_html_text(b, bytes_sub(w, end, SIZE_MAX));
}

static void words(struct pool *pool, struct buf *b, struct bytes line)
{
  for (size_t from = 0, end; from < line.len; from = end) {
    end = from;
    while (end < line.len && (line.p[end] == ' ' || line.p[end] == '\t'))
      end++;
    buf_add(b, bytes_sub(line, from, end - from));
    from = end;
    while (end < line.len && line.p[end] != ' ' && line.p[end] != '\t')
      end++;
    word(pool, b, bytes_sub(line, from, end - from));
  }
}

void advisory_html_prose(struct pool *pool, struct buf *b, const char *text)
{
  struct bytes rest = bytes_str(text), line, last = { 0 };
  bool open = false;
  while (bytes_next_line(&rest, &line)) {
    if (!bytes_trim(line).len) {
      buf_adds(b, open ? "</p>\n" : "");
      open = false;
      continue;
    }
    buf_adds(b, !open ? "<p dir=\"auto\">" : broken_on_purpose(last, line) ? "<br>\n" : "\n");
    words(pool, b, bytes_trim(line));
    open = true;
    last = line;
  }
  buf_adds(b, open ? "</p>\n" : "");
}
