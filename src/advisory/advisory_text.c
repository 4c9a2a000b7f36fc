/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/text: for people, in plain text. What others wrote is indented: no line of theirs can pass for a heading of ours, a quotation
 * mark of a mail or an OpenPGP armor line. */
#include <config.h>

#include <embargod/assess.h>
#include <string.h>

#include "advisory_private.h"

#define WIDTH 72
#define INDENT "  "
#define WORD_MAX 300 /* bytes: longer ones are no words and no link that anybody follows; mail allows 998 a line */

/* Columns: characters, near enough. */
static size_t columns(struct bytes s)
{
  size_t n = 0;
  for (size_t off = 0; off < s.len; n++)
    utf8_next(s, &off);
  return n;
}

static void add_word(struct buf *b, struct bytes word, size_t *at)
{
  size_t width = columns(word);
  bool first = *at == 0;
  if (!first && *at + 1 + width > WIDTH) {
    buf_addc(b, '\n');
    first = true;
  }
  buf_adds(b, first ? INDENT : " ");
  buf_add(b, word);
  *at = first ? strlen(INDENT) + width : *at + 1 + width;
}

static void add_line(struct buf *b, struct bytes line)
{
  size_t at = 0;
  for (size_t from = 0; from < line.len;) {
    size_t end = from;
    while (end < line.len && line.p[end] != ' ' && line.p[end] != '\t')
      end++;
    struct bytes word = bytes_sub(line, from, end - from);
    while (word.len > WORD_MAX) {
      size_t cut = utf8_cut(word, WIDTH - strlen(INDENT));
      add_word(b, bytes_sub(word, 0, cut), &at);
      word = bytes_sub(word, cut, SIZE_MAX);
    }
    if (word.len)
      add_word(b, word, &at);
    from = end + 1;
  }
  buf_addc(b, '\n');
}

static void add_text(struct buf *b, const char *text)
{
  struct bytes rest = bytes_str(text), line;
  while (bytes_next_line(&rest, &line))
    add_line(b, line);
}

static void heading(struct buf *b, const char *s)
{
  buf_printf(b, "\n%s\n\n", s);
}

static void section(struct buf *b, const char *title, const char *text)
{
  if (text_empty(text))
    return;
  heading(b, title);
  add_text(b, text);
}

char *advisory_version_words(struct pool *pool, const struct advisory_version *v)
{
  static const struct {
    const char *op, *form;
  } forms[] = { { "<", "before %s" }, { "<=", "up to and including %s" }, { ">", "after %s" }, { ">=", "from %s on" } };
  struct buf b = buf_new(pool, 60);
  if (!v->range)
    return pool_strdup(pool, v->text);
  for (unsigned i = 0; i < v->bounds; i++)
    for (size_t k = 0; k < ARRAY_LEN(forms); k++)
      if (!strcmp(forms[k].op, v->bound[i].op)) {
        size_t place = bytes_find(bytes_str(forms[k].form), BYTES("%s"), 0);
        buf_adds(&b, i ? ", " : "");
        buf_add(&b, (struct bytes){ forms[k].form, place });
        buf_adds(&b, v->bound[i].version);
        buf_adds(&b, forms[k].form + place + 2);
      }
  return b.len ? buf_str(&b) : pool_strdup(pool, "all versions");
}

char *advisory_statement_words(struct pool *pool, const struct advisory_statement *s)
{
  struct buf b = buf_new(pool, 80);
  buf_adds(&b, s->investigated ? "under investigation: " : "not affected: ");
  for (size_t i = 0; i < s->version_count; i++)
    buf_printf(&b, "%s%s", i ? ", " : "", advisory_version_words(pool, &s->version[i]));
  if (*s->justification)
    buf_printf(&b, " (%s)", assess_vex_words(s->justification));
  if (*s->text)
    buf_printf(&b, ". %s", s->text);
  return buf_str(&b);
}

static void products(struct pool *pool, struct buf *b, const struct advisory *a)
{
  heading(b, "Products");
  for (size_t i = 0; i < a->product_count; i++) {
    const struct advisory_product *p = &a->product[i];
    add_text(b, pool_printf(pool, "%s%s by %s", i ? "\n" : "", p->name, p->vendor));
    for (size_t k = 0; k < p->affected_count; k++)
      add_text(b, pool_printf(pool, "%s %s", k ? "         " : "affected:", advisory_version_words(pool, &p->affected[k])));
    for (size_t k = 0; k < p->fix_count; k++)
      add_text(b, pool_printf(pool, "fixed: %s%s%s", advisory_version_words(pool, &p->fix[k].version), *p->fix[k].url ? " " : "", p->fix[k].url));
    if (!p->fix_count && p->affected_count)
      add_text(b, "fixed: there is no fix yet");
    for (size_t k = 0; k < p->statement_count; k++)
      add_text(b, advisory_statement_words(pool, &p->statement[k]));
  }
}

char *advisory_score_words(struct pool *pool, const char *vector)
{
  struct cvss v;
  if (!*vector || cvss_parse(bytes_str(vector), &v, NULL))
    return pool_strdup(pool, "");
  int n = cvss_score(&v).overall;
  return pool_printf(pool, "%d.%d %s (%s)", n / 10, n % 10, cvss_severity(n), cvss_kind(&v));
}

static void severity(struct pool *pool, struct buf *b, const struct advisory *a)
{
  if (!*a->cvss31 && !*a->cvss40 && !*a->cwe)
    return;
  heading(b, "Severity");
  if (*a->cvss31)
    add_text(b, pool_printf(pool, "CVSS v3.1: %s\n%s", advisory_score_words(pool, a->cvss31), a->cvss31));
  if (*a->cvss40)
    add_text(b, pool_printf(pool, "CVSS v4.0: %s\n%s", advisory_score_words(pool, a->cvss40), a->cvss40));
  if (assess_cwe_name(a->cwe))
    add_text(b, pool_printf(pool, "Weakness: %s, %s", a->cwe, assess_cwe_name(a->cwe)));
}

static void exploitation(struct buf *b, const struct advisory *a)
{
  if (!a->exploit_public && !a->attacks)
    return;
  heading(b, "Exploitation");
  if (a->attacks)
    add_text(b, "Attacks have been observed.");
  if (a->exploit_public)
    add_text(b, "An exploit is publicly known.");
}

/* The text of #advisory has its own lines already. */
static void details(struct pool *pool, struct buf *b, const struct advisory *a)
{
  struct bytes rest = bytes_str(advisory_markdown_lines(pool, a->text, WIDTH - strlen(INDENT))), line;
  if (!rest.len)
    return;
  heading(b, "Details");
  while (bytes_next_line(&rest, &line)) {
    buf_adds(b, line.len ? INDENT : "");
    buf_add(b, line);
    buf_addc(b, '\n');
  }
}

static void lists(struct pool *pool, struct buf *b, const struct advisory *a)
{
  if (a->credit_count)
    heading(b, "Thanks");
  for (size_t i = 0; i < a->credit_count; i++)
    add_text(b, advisory_is_anonymous(a->credit[i]) ? "An anonymous reporter" : a->credit[i]);
  if (a->reference_count)
    heading(b, "References");
  for (size_t i = 0; i < a->reference_count; i++)
    add_text(b, pool_printf(pool, "%s%s%s", a->reference[i].url, *a->reference[i].text ? "\n" : "", a->reference[i].text));
  if (a->day_count)
    heading(b, "Timeline");
  for (size_t i = 0; i < a->day_count; i++)
    add_text(b, pool_printf(pool, "%s  %s", time_local(pool, a->day[i].at, NULL), a->day[i].text));
  heading(b, "Versions of this advisory");
  for (size_t i = 0; i < a->revision_count; i++)
    add_text(b, pool_printf(pool, "%s  %s  %s", a->revision[i].number, time_local(pool, a->revision[i].at, NULL), a->revision[i].text));
}

struct bytes advisory_text(struct pool *pool, const struct advisory *a)
{
  struct buf b = buf_new(pool, 4096);
  buf_printf(&b, "Security advisory %s%s\nTLP:%s\n\n", a->id, a->final ? "" : " (DRAFT, not published)", a->tlp);
  add_text(&b, a->title);
  if (*a->cve)
    add_text(&b, a->cve);
  section(&b, "THIS ADVISORY IS WITHDRAWN", a->withdrawn);
  products(pool, &b, a);
  section(&b, "Description", a->description);
  section(&b, "Impact", a->impact);
  severity(pool, &b, a);
  exploitation(&b, a);
  section(&b, "Mitigation", a->mitigation);
  section(&b, "Workaround", a->workaround);
  details(pool, &b, a);
  lists(pool, &b, a);
  heading(&b, "Publisher");
  add_text(&b, a->organisation);
  add_text(&b, a->contact);
  return buf_bytes(&b);
}
