/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/page: the list of the advisories: the newest on the front page, each year on a page of its own, so that no script must sort. */
#include <config.h>

#include <string.h>

#include "site_private.h"

#define FRONT 50         /* entries of the front page */
#define SUMMARY_MAX 320  /* bytes of a summary in a list */

static int year_of(const struct site_entry *e)
{
  return time_civil(e->first_at, NULL).year;
}

struct list {
  struct pool *pool;
  struct buf *b;
  const struct site *s;
  int year; /* 0: the front page */
};

/* ---- years ---- */
/* The next year below `below` that has an advisory; 0: none. *count: how many it has. */
static int year_before(const struct site *s, int below, size_t *count)
{
  int best = 0;
  *count = 0;
  for (size_t i = 0; i < s->entry_count; i++) {
    int year = year_of(&s->entry[i]);
    if (!site_is_public(&s->entry[i]) || year >= below || year < best)
      continue;
    *count = year == best ? *count + 1 : 1;
    best = year;
  }
  return best;
}

static void years(struct list *l)
{
  size_t count;
  int year = year_before(l->s, INT32_MAX, &count);
  if (!year)
    return;
  buf_adds(l->b, "<nav class=\"years\" aria-label=\"Years\">\n<ul>\n<li><a href=\"index.html\"");
  buf_adds(l->b, l->year ? ">Newest</a></li>\n" : " aria-current=\"page\">Newest</a></li>\n");
  for (; year; year = year_before(l->s, year, &count)) {
    advisory_html_put(l->b, "<li><a href=\"%s\"", site_year_path(l->pool, year));
    buf_adds(l->b, year == l->year ? " aria-current=\"page\">" : ">");
    advisory_html_put(l->b, "%d <span class=\"sub\">(%d)</span></a></li>\n", year, (int)count);
  }
  buf_adds(l->b, "</ul>\n</nav>\n");
}

/* ---- entries ---- */
static const char *shortened(struct pool *pool, const char *text)
{
  struct bytes b = bytes_trim(bytes_str(text_clean(pool, bytes_str(text), false)));
  size_t cut = utf8_cut(b, SUMMARY_MAX);
  if (b.len <= SUMMARY_MAX)
    return pool_str(pool, b);
  while (cut > SUMMARY_MAX / 2 && b.p[cut] != ' ')
    cut--;
  return pool_printf(pool, "%s\xe2\x80\xa6", pool_str(pool, bytes_trim(bytes_sub(b, 0, cut))));
}

static void entry(struct list *l, const struct site_entry *e)
{
  struct buf *b = l->b;
  advisory_html_put(b, "<li class=\"entry\">\n<h2 dir=\"auto\"><a href=\"%s\">%s</a></h2>\n<p class=\"meta\">",
                    site_page_path(l->pool, e->id, ".html"), text_empty(e->title) ? e->id : e->title);
  if (e->withdrawn)
    buf_adds(b, "<span class=\"tag\">Withdrawn</span> ");
  if (*e->severity && e->score >= 0)
    advisory_html_severity(b, e->severity, e->score);
  advisory_html_put(b, " <span>%s</span>", e->id);
  if (*e->cve)
    advisory_html_put(b, " <span>%s</span>", e->cve);
  buf_adds(b, " <span>");
  advisory_html_day(l->pool, b, e->first_at);
  buf_adds(b, "</span>");
  if (e->changed_at > e->first_at) {
    buf_adds(b, " <span>updated ");
    advisory_html_day(l->pool, b, e->changed_at);
    buf_adds(b, "</span>");
  }
  buf_adds(b, "</p>\n");
  if (!l->year && !text_empty(e->summary)) /* the page of a year has all of them: what each is, and no more */
    advisory_html_put(b, "<p dir=\"auto\">%s</p>\n", shortened(l->pool, e->summary));
  buf_adds(b, "</li>\n");
}

static void entries(struct list *l)
{
  size_t n = 0, all = 0;
  for (size_t i = 0; i < l->s->entry_count; i++) {
    const struct site_entry *e = &l->s->entry[i];
    if (!site_is_public(e) || (l->year && year_of(e) != l->year))
      continue;
    all++;
    if (!l->year && all > FRONT)
      continue;
    if (!n++)
      buf_adds(l->b, "<ul class=\"entries\">\n");
    entry(l, e);
  }
  buf_adds(l->b, n ? "</ul>\n" : "<p>No advisory has been published yet.</p>\n");
  if (all > n)
    advisory_html_put(l->b, "<p>These are the newest %d of %d; the years above have all.</p>\n", (int)n, (int)all);
}

/* ---- the page ---- */
static struct bytes foot(struct list *l)
{
  const struct site_house *h = l->s->house;
  struct buf b = buf_new(l->pool, 500);
  const char *mail = advisory_mail_link(l->pool, h->contact);
  if (mail)
    advisory_html_put(&b, "<p>Report a vulnerability to <a href=\"%s\">%s</a>.</p>\n", mail, h->contact);
  else if (!text_empty(h->contact))
    advisory_html_put(&b, "<p>Report a vulnerability to %s.</p>\n", h->contact);
  buf_adds(&b, "<ul class=\"row\">\n");
  buf_adds(&b, "<li><a href=\"feed.atom\">Feed (Atom)</a></li>\n<li><a href=\"" SITE_SECURITY "\">security.txt</a></li>\n"
               "<li><a href=\"" SITE_PROVIDER "\">CSAF, for machines</a></li>\n");
  const char *policy = text_empty(h->policy_url) ? NULL : advisory_link(l->pool, h->policy_url);
  if (policy)
    advisory_html_put(&b, "<li><a href=\"%s\" rel=\"noreferrer\">Disclosure policy</a></li>\n", policy);
  buf_adds(&b, "</ul>\n");
  if (!text_empty(h->fingerprint))
    advisory_html_put(&b, "<p>Our <a href=\"%s\">OpenPGP key</a>: <code>%s</code></p>\n", site_key_path(l->pool, h->fingerprint),
                      h->fingerprint);
  return buf_bytes(&b);
}

struct bytes site_index_html(struct pool *pool, const struct site *s, int year)
{
  struct buf b = buf_new(pool, 16 * 1024);
  struct list l = { .pool = pool, .b = &b, .s = s, .year = year };
  const char *what = year ? pool_printf(pool, "Security advisories of %d", year) : "Security advisories";
  struct advisory_frame f = { .language = "en",
                              .title = pool_printf(pool, "%s: %s", what, s->house->organisation),
                              .organisation = s->house->organisation,
                              .home = "",
                              .feed = "feed.atom",
                              .tlp = "CLEAR",
                              .foot = foot(&l) };
  advisory_html_begin(&b, &f);
  advisory_html_put(&b, "<h1>%s</h1>\n", what);
  years(&l);
  entries(&l);
  advisory_html_end(&b, &f);
  return buf_bytes(&b);
}
