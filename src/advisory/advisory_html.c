/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/html: the page of an advisory. What a hospital needs first stands first: how bad, which products, what to do. */
#include <config.h>

#include <embargod/assess.h>
#include <string.h>

#include "advisory_private.h"

void advisory_html_day(struct pool *pool, struct buf *b, int64_t at)
{
  static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                                        "November", "December" };
  struct time_civil c = time_civil(at, NULL);
  advisory_html_put(b, "<time datetime=\"%s\">%d %s %d</time>", time_iso(pool, at), c.day, months[(c.month + 11) % 12], c.year);
}

static void heading(struct buf *b, const char *anchor, const char *title)
{
  advisory_html_put(b, "<h2 id=\"%s\">%s</h2>\n", anchor, title);
}

static void section(struct pool *pool, struct buf *b, const char *anchor, const char *title, const char *text)
{
  if (text_empty(text))
    return;
  heading(b, anchor, title);
  advisory_html_prose(pool, b, text);
}

/* ---- facts ---- */
static void badge(struct buf *b, const char *vector, const char *version)
{
  struct cvss v;
  if (!*vector || cvss_parse(bytes_str(vector), &v, NULL))
    return;
  int score = cvss_score(&v).overall;
  buf_adds(b, "<span class=\"score\">");
  advisory_html_severity(b, cvss_severity(score), score);
  advisory_html_put(b, " <span class=\"sub\">CVSS %s</span></span>\n", version);
}

static void fact(struct buf *b, const char *name)
{
  advisory_html_put(b, "<dt>%s</dt>\n", name);
}

static void ids(struct buf *b, const struct advisory *a)
{
  if (*a->cve) {
    fact(b, "CVE");
    advisory_html_put(b, "<dd><a href=\"https://www.cve.org/CVERecord?id=%s\" rel=\"noreferrer\">%s</a></dd>\n", a->cve, a->cve);
  }
  if (!assess_cwe_name(a->cwe))
    return;
  fact(b, "Weakness");
  advisory_html_put(b, "<dd><a href=\"https://cwe.mitre.org/data/definitions/%s.html\" rel=\"noreferrer\">%s</a>: %s</dd>\n", a->cwe + strlen("CWE-"),
                    a->cwe, assess_cwe_name(a->cwe));
}

static void exploitation(struct buf *b, const struct advisory *a)
{
  if (!a->attacks && !a->exploit_public)
    return;
  fact(b, "Exploitation");
  advisory_html_put(b, "<dd>%s%s%s</dd>\n", a->attacks ? "Attacks have been observed." : "", a->attacks && a->exploit_public ? " " : "",
                    a->exploit_public ? "An exploit is publicly known." : "");
}

static void dates(struct pool *pool, struct buf *b, const struct advisory *a)
{
  const struct advisory_revision *first = &a->revision[0], *last = &a->revision[a->revision_count - 1];
  fact(b, "Published");
  buf_adds(b, "<dd>");
  if (a->final)
    advisory_html_day(pool, b, first->at);
  else
    buf_adds(b, "Not published");
  buf_adds(b, "</dd>\n");
  if (!a->final || a->revision_count < 2)
    return;
  fact(b, "Updated");
  buf_adds(b, "<dd>");
  advisory_html_day(pool, b, last->at);
  advisory_html_put(b, " (version %s)</dd>\n", last->number);
}

static void facts(struct pool *pool, struct buf *b, const struct advisory *a)
{
  buf_adds(b, "<dl class=\"facts\">\n");
  if (*a->cvss31 || *a->cvss40) {
    fact(b, "Severity");
    buf_adds(b, "<dd>");
    badge(b, a->cvss31, "3.1");
    badge(b, a->cvss40, "4.0");
    buf_adds(b, "</dd>\n");
  }
  exploitation(b, a);
  ids(b, a);
  dates(pool, b, a);
  buf_adds(b, "</dl>\n");
}

/* ---- products: the product's name has a row of its own, so that two columns are enough for a phone ---- */
static void affected(struct pool *pool, struct buf *b, const struct advisory_product *p)
{
  buf_adds(b, "<td><ul class=\"plain\">");
  for (size_t i = 0; i < p->affected_count; i++)
    advisory_html_put(b, "<li>%s</li>", advisory_version_words(pool, &p->affected[i]));
  buf_adds(b, p->affected_count ? "</ul></td>\n" : "<li>Not known yet</li></ul></td>\n");
}

static void fixed(struct pool *pool, struct buf *b, const struct advisory_product *p)
{
  buf_adds(b, "<td><ul class=\"plain\">");
  for (size_t i = 0; i < p->fix_count; i++) {
    const struct advisory_fix *f = &p->fix[i];
    const char *version = *f->version.text ? advisory_version_words(pool, &f->version) : f->said;
    if (*f->url)
      advisory_html_put(b, "<li><a href=\"%s\" rel=\"noreferrer\">Version %s</a></li>", f->url, version);
    else
      advisory_html_put(b, "<li>Version %s</li>", version);
  }
  buf_adds(b, p->fix_count ? "</ul></td>\n" : "<li>No fix yet</li></ul></td>\n");
}

/* What is said of a product beside affected and fixed has a row of its own: in neither column it would be true. */
static void statements(struct pool *pool, struct buf *b, const struct advisory_product *p)
{
  if (!p->statement_count)
    return;
  buf_adds(b, "<tr><td colspan=\"2\"><ul class=\"plain said\">");
  for (size_t i = 0; i < p->statement_count; i++)
    advisory_html_put(b, "<li><bdi>%s</bdi></li>", advisory_statement_words(pool, &p->statement[i]));
  buf_adds(b, "</ul></td></tr>\n");
}

static void products(struct pool *pool, struct buf *b, const struct advisory *a)
{
  if (!a->product_count)
    return;
  heading(b, "products", "Products");
  buf_adds(b, "<table class=\"halves\">\n<thead>\n<tr><th scope=\"col\">Affected versions</th><th scope=\"col\">Fixed in</th></tr>\n</thead>\n");
  for (size_t i = 0; i < a->product_count; i++) {
    const struct advisory_product *p = &a->product[i];
    advisory_html_put(b, "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"2\"><bdi>%s</bdi> <span class=\"by\">by <bdi>%s</bdi></span></th></tr>\n",
                      p->name, p->vendor);
    if (p->affected_count || p->fix_count || p->unread || !p->statement_count) {
      buf_adds(b, "<tr>\n");
      affected(pool, b, p);
      fixed(pool, b, p);
      buf_adds(b, "</tr>\n");
    }
    statements(pool, b, p);
    buf_adds(b, "</tbody>\n");
  }
  buf_adds(b, "</table>\n");
}

/* ---- severity ---- */
static void severity(struct pool *pool, struct buf *b, const struct advisory *a)
{
  if (!*a->cvss31 && !*a->cvss40)
    return;
  heading(b, "severity", "Severity");
  advisory_html_vector(pool, b, "3.1", a->cvss31);
  advisory_html_vector(pool, b, "4.0", a->cvss40);
}

/* ---- lists ---- */
static void references(struct buf *b, const struct advisory *a)
{
  if (!a->reference_count)
    return;
  heading(b, "references", "References");
  buf_adds(b, "<ul>\n");
  for (size_t i = 0; i < a->reference_count; i++) {
    const struct advisory_reference *r = &a->reference[i];
    if (*r->text)
      advisory_html_put(b, "<li><bdi>%s</bdi><br>\n<a class=\"bare\" href=\"%s\" rel=\"noreferrer\">%s</a></li>\n", r->text, r->url, r->url);
    else
      advisory_html_put(b, "<li><a class=\"bare\" href=\"%s\" rel=\"noreferrer\">%s</a></li>\n", r->url, r->url);
  }
  buf_adds(b, "</ul>\n");
}

static void timeline(struct pool *pool, struct buf *b, const struct advisory *a)
{
  if (!a->day_count)
    return;
  heading(b, "timeline", "Timeline");
  buf_adds(b, "<dl class=\"days\">\n");
  for (size_t i = 0; i < a->day_count; i++) {
    buf_adds(b, "<dt>");
    advisory_html_day(pool, b, a->day[i].at);
    advisory_html_put(b, "</dt>\n<dd><bdi>%s</bdi></dd>\n", a->day[i].text);
  }
  buf_adds(b, "</dl>\n");
}

static void thanks(struct buf *b, const struct advisory *a)
{
  if (!a->credit_count)
    return;
  heading(b, "thanks", "Thanks");
  buf_adds(b, "<ul>\n");
  for (size_t i = 0; i < a->credit_count; i++)
    advisory_html_put(b, "<li><bdi>%s</bdi></li>\n", advisory_is_anonymous(a->credit[i]) ? "An anonymous reporter" : a->credit[i]);
  buf_adds(b, "</ul>\n");
}

static void history(struct pool *pool, struct buf *b, const struct advisory *a)
{
  heading(b, "history", "Versions of this advisory");
  buf_adds(b, "<table class=\"history\">\n<thead>\n<tr><th scope=\"col\">Version</th><th scope=\"col\">Date</th><th scope=\"col\">Change</th></tr>\n</thead>\n<tbody>\n");
  for (size_t i = a->revision_count; i-- > 0;) {
    advisory_html_put(b, "<tr><th scope=\"row\">%s</th><td>", a->revision[i].number);
    advisory_html_day(pool, b, a->revision[i].at);
    advisory_html_put(b, "</td><td><bdi>%s</bdi></td></tr>\n", a->revision[i].text);
  }
  buf_adds(b, "</tbody>\n</table>\n");
}

static void publisher(struct pool *pool, struct buf *b, const struct advisory *a)
{
  const char *mail = advisory_mail_link(pool, a->contact);
  heading(b, "publisher", "Publisher");
  advisory_html_put(b, "<p><bdi>%s</bdi>", a->organisation);
  if (mail)
    advisory_html_put(b, "<br>\n<a href=\"%s\">%s</a>", mail, a->contact);
  else if (*a->contact)
    advisory_html_put(b, "<br>\n%s", a->contact);
  buf_adds(b, "</p>\n");
}

/* ---- the whole ---- */
static void banners(struct buf *b, const struct advisory *a)
{
  if (*a->withdrawn)
    advisory_html_put(b, "<div class=\"banner\"><p><strong>This advisory is withdrawn.</strong> <bdi>%s</bdi></p></div>\n", a->withdrawn);
  if (!a->final)
    buf_adds(b, "<div class=\"banner\"><p><strong>Draft.</strong> This advisory is not published.</p></div>\n");
}

static void body(struct pool *pool, struct buf *b, const struct advisory *a)
{
  advisory_html_put(b, "<p class=\"kicker\">Security advisory %s</p>\n<h1 dir=\"auto\">%s</h1>\n", a->id, a->title);
  banners(b, a);
  facts(pool, b, a);
  section(pool, b, "summary", "Summary", a->description);
  products(pool, b, a);
  section(pool, b, "impact", "Impact", a->impact);
  section(pool, b, "mitigation", "Mitigation", a->mitigation);
  section(pool, b, "workaround", "Workaround", a->workaround);
  if (!text_empty(a->text)) {
    heading(b, "details", "Details");
    advisory_html_put(b, "<div dir=\"auto\">\n");
    buf_adds(b, advisory_markdown_html(pool, a->text, 3));
    buf_adds(b, "</div>\n");
  }
  severity(pool, b, a);
  references(b, a);
  timeline(pool, b, a);
  thanks(b, a);
  history(pool, b, a);
  publisher(pool, b, a);
}

static struct bytes foot(struct pool *pool, const struct advisory *a, const struct advisory_page *page)
{
  struct buf b = buf_new(pool, 300);
  if (*page->text || *page->csaf) {
    buf_adds(&b, "<p class=\"forms\">This advisory in other forms: ");
    if (*page->text)
      advisory_html_put(&b, "<a href=\"%s\">plain text</a>", page->text);
    if (*page->csaf)
      advisory_html_put(&b, "%s<a href=\"%s\">CSAF, for machines</a>", *page->text ? ", " : "", page->csaf);
    buf_adds(&b, "</p>\n");
  }
  return buf_bytes(&b);
}

struct bytes advisory_html(struct pool *pool, const struct advisory *a, const struct advisory_page *page)
{
  static const struct advisory_page none = { "", "", "", "" };
  struct buf b = buf_new(pool, 16 * 1024);
  const struct advisory_page *p = page ? page : &none;
  struct advisory_frame f = { .language = "en",
                              .title = pool_printf(pool, "%s%s: %s", *a->withdrawn ? "Withdrawn: " : "", a->id, a->title),
                              .organisation = a->organisation,
                              .home = p->home,
                              .feed = p->feed,
                              .tlp = a->tlp,
                              .foot = foot(pool, a, p) };
  advisory_html_begin(&b, &f);
  body(pool, &b, a);
  advisory_html_end(&b, &f);
  return buf_bytes(&b);
}
