/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/ref: our reference line, and the lines of a sender that imitate what only we write. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

const char mail_cut_marker[] = "-- write above this line";

char *mail_ref_line(struct pool *pool, const char *case_id, const char *tag)
{
  if (text_empty(case_id))
    return pool_printf(pool, "%s --", mail_cut_marker);
  if (text_empty(tag))
    return pool_printf(pool, "%s -- Ref: %s --", mail_cut_marker, mail_guard(pool, case_id));
  return pool_printf(pool, "%s -- Ref: %s/%s --", mail_cut_marker, mail_guard(pool, case_id), mail_guard(pool, tag));
}

static bool is_word(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

static char *word(struct pool *pool, struct bytes text, size_t *off)
{
  enum { WORD_LONGEST = 64 };
  size_t from = *off;
  while (*off < text.len && is_word(text.p[*off]) && *off - from < WORD_LONGEST)
    ++*off;
  return pool_str(pool, bytes_sub(text, from, *off - from));
}

bool mail_ref_find(struct pool *pool, struct bytes text, const char **case_id, const char **tag)
{
  for (size_t at = 0; (at = bytes_find(text, BYTES("Ref: "), at)) != SIZE_MAX;) {
    size_t off = at + 5;
    const char *id = word(pool, text, &off);
    bool tagged = *id && off < text.len && text.p[off] == '/';
    off += tagged;
    const char *t = tagged ? word(pool, text, &off) : "";
    if (*id && *t) {
      *case_id = id;
      *tag = t;
      return true;
    }
    at += 5;
  }
  return false;
}

/* ---- imitations ---- */

static bool is_blank(uint32_t cp)
{
  return cp == ' ' || cp == '\t' || cp == 0xA0 || cp == 0xAD || (cp >= 0x2000 && cp <= 0x200F) || cp == 0x202F ||
         cp == 0x205F || cp == 0x2060 || cp == 0x3000 || cp == 0xFEFF || cp == 0x180E;
}

static bool is_dash(uint32_t cp)
{
  return cp == '-' || (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 || cp == 0x2043 || cp == 0xFE58 || cp == 0xFE63 ||
         cp == 0xFF0D;
}

/* Rules that people draw: dashes, lines, box drawing. */
static bool is_rule(uint32_t cp)
{
  return is_dash(cp) || cp == '_' || cp == '=' || cp == '~' || cp == '*' || (cp >= 0x2500 && cp <= 0x257F);
}

/* What the line looks like to a person: quote marks and blanks in front gone, dashes plain, letters lower case, one
 * blank for many. */
static struct bytes looks_like(struct buf *b, struct bytes line)
{
  enum { SEEN = 80 };
  b->len = 0;
  for (size_t off = 0; off < line.len && b->len < SEEN;) {
    uint32_t cp = utf8_next(line, &off);
    if (is_dash(cp))
      cp = '-';
    if (cp >= 0xFF01 && cp <= 0xFF5E) /* full-width forms */
      cp -= 0xFEE0;
    if (cp >= 'A' && cp <= 'Z')
      cp += 'a' - 'A';
    if (b->len == 0 && (is_blank(cp) || cp == '>' || cp == '|'))
      continue;
    if (!is_blank(cp))
      utf8_put(b, cp);
    else if ((cp == ' ' || cp == '\t' || cp == 0xA0) && b->data[b->len - 1] != ' ')
      buf_addc(b, ' ');
  }
  return bytes_trim(buf_bytes(b));
}

/* Beginnings of lines that only we write: our marker, the reference, the labels of a forward's
 * summary block and of a receipt, armor. */
static const char *const ours[] = {
  "-- write above",
  "--write above",
  "write above this line",
  "ref:",
  "arrived in clear",
  "arrived encrypted",
  "[signed",
  "[encrypted",
  "[embargod",
  "-----",
  "case:",
  "reporter:",
  "protection:",
  "signature:",
  "signed by:",
  "repairs:",
  "attachments:",
  "advice:",
  "received:",
  "case ",
  "the report follows",
  "end of the report",
  "report, as written",
  "tlp:",
  "ok #", /* a receipt's lines: #show quotes what a reporter wrote */
  "failed #",
  "nothing was changed",
  "waiting for release",
  "persons needed:",
  "carried out ", /* a forward's lines about a participant's own commands */
  "request ",
  "refused ",
  "to carry it out:",
  "send it: #",
  "drop it: #",
};

static bool imitates(struct buf *scratch, struct bytes line)
{
  struct bytes seen = looks_like(scratch, line);
  if (bytes_eq(seen, BYTES("--")))
    return true; /* mail programs hide what follows a signature mark */
  for (size_t i = 0; i < ARRAY_LEN(ours); i++)
    if (bytes_starts(seen, bytes_str(ours[i])))
      return true;
  size_t rule = 0;
  for (size_t off = 0; off < seen.len; rule++)
    if (!is_rule(utf8_next(seen, &off)))
      return false;
  return rule >= 3;
}

char *mail_escape_quoted(struct pool *pool, const char *text)
{
  struct buf out = buf_new(pool, bytes_str(text).len + 64), scratch = buf_new(pool, 128);
  struct bytes rest = bytes_str(text_clean(pool, bytes_str(text), true)), line;
  bool open_end = rest.len && rest.p[rest.len - 1] != '\n';
  while (bytes_next_line(&rest, &line)) {
    if (imitates(&scratch, line))
      buf_adds(&out, "> ");
    buf_add(&out, line);
    if (rest.len || !open_end)
      buf_addc(&out, '\n');
  }
  return buf_str(&out);
}

char *mail_quote(struct pool *pool, const char *text)
{
  struct buf out = buf_new(pool, bytes_str(text).len + 256);
  struct bytes rest = bytes_str(text_clean(pool, bytes_str(text), true)), line;
  while (bytes_next_line(&rest, &line)) {
    buf_adds(&out, line.len ? "> " : ">");
    buf_add(&out, line);
    buf_addc(&out, '\n');
  }
  return buf_str(&out);
}
