/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/check: pages and the Atom feed: each link of ours leads to a file, and nothing is requested from elsewhere. It
 * reads what our own writers write: tags with quoted attributes. */
#include <config.h>

#include <string.h>

#include "site_check_private.h"

struct page {
  struct site_checker *c;
  const char *path;
  struct bytes text;
  bool html; /* else Atom: nothing of it is fetched by itself */
};

/* What a browser fetches by itself, and what it must not have. */
static const char *const fetching[] = { "src",    "srcset",     "poster", "data",    "background",
                                        "action", "formaction", "ping",   "manifest" };
static const char *const forbidden[] = { "script", "iframe", "object", "embed", "form", "base", "frame", "applet" };

/* The five names and numbers; what is no reference stays. */
static char *decoded(struct pool *pool, struct bytes s)
{
  static const struct {
    const char *name;
    char c;
  } names[] = { { "&amp;", '&' },   { "&lt;", '<' },   { "&gt;", '>' }, { "&quot;", '"' },
                { "&apos;", '\'' }, { "&#39;", '\'' }, { "&#38;", '&' } };
  struct buf b = buf_new(pool, s.len + 1);
  for (size_t i = 0; i < s.len;) {
    size_t k = 0;
    while (k < ARRAY_LEN(names) && !bytes_starts(bytes_sub(s, i, SIZE_MAX), bytes_str(names[k].name)))
      k++;
    buf_addc(&b, k < ARRAY_LEN(names) ? names[k].c : s.p[i]);
    i += k < ARRAY_LEN(names) ? strlen(names[k].name) : 1;
  }
  return buf_str(&b);
}

static bool is_one_of(struct bytes word, const char *const *list, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (bytes_ieq(word, bytes_str(list[i])))
      return true;
  return false;
}

static bool has_scheme(const char *href)
{
  size_t n = strcspn(href, ":/?#");
  return href[n] == ':' || !strncmp(href, "//", 2);
}

/* "../index.html" as seen from "advisories/x.html" */
static char *resolved(struct pool *pool, const char *from, const char *href)
{
  struct buf b = buf_new(pool, 80);
  const char *slash = strrchr(from, '/');
  const char *full =
      *href == '/' ? href + 1 : pool_printf(pool, "%.*s%s", slash ? (int)(slash - from + 1) : 0, from, href);
  for (const char *part = full; *part;) {
    size_t n = strcspn(part, "/");
    if (n == 2 && !strncmp(part, "..", 2)) {
      while (b.len && b.data[--b.len] != '/')
        ;
      b.data[b.len] = '\0';
    } else if (n && !(n == 1 && *part == '.')) {
      buf_adds(&b, b.len ? "/" : "");
      buf_add(&b, (struct bytes){ part, n });
    }
    part += n + (part[n] == '/');
  }
  return buf_str(&b);
}

static void follow(struct page *p, const char *href)
{
  struct pool *pool = p->c->brief;
  const char *hash = strchr(href, '#');
  const char *file = pool_strndup(pool, href, strcspn(href, "?#"));
  const char *path = *file ? resolved(pool, p->path, file) : p->path;
  if (!*path || file[strlen(file) - (*file != 0)] == '/')
    path = pool_printf(pool, "%s%sindex.html", path, *path ? "/" : "");
  if (!site_check_has(p->c, path))
    SITE_FAULT(p->c, p->path, "the link %s leads nowhere", href);
  else if (hash && !*file && hash[1] &&
           bytes_find(p->text, bytes_str(pool_printf(pool, "id=\"%s\"", hash + 1)), 0) == SIZE_MAX)
    SITE_FAULT(p->c, p->path, "the link %s leads nowhere on this page", href);
}

static bool allowed_scheme(const char *href)
{
  static const char *const schemes[] = { "https:", "http:", "mailto:", "openpgp4fpr:" };
  for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
    if (text_istarts(href, schemes[i]))
      return true;
  return false;
}

static void styles(struct page *p, struct bytes css)
{
  for (size_t at = 0; (at = bytes_ifind(css, BYTES("url("), at)) != SIZE_MAX; at += 4)
    if (!bytes_istarts(bytes_sub(css, at + 4 + (at + 4 < css.len && strchr("\"'", css.p[at + 4])), SIZE_MAX),
                       BYTES("data:")))
      SITE_FAULT(p->c, p->path, "a style requests something");
  if (bytes_ifind(css, BYTES("@import"), 0) != SIZE_MAX)
    SITE_FAULT(p->c, p->path, "a style requests another one");
}

/* rel="canonical" names, it does not fetch. */
static bool fetches(struct bytes tag, struct bytes name, struct bytes whole)
{
  static const char *const names_only[] = { "rel=\"canonical\"", "rel=\"alternate\"", "rel=\"license\"",
                                            "rel=\"up\"",        "rel=\"next\"",      "rel=\"prev\"" };
  if (is_one_of(name, fetching, ARRAY_LEN(fetching)))
    return true;
  if (!bytes_ieq(tag, BYTES("link")) || !bytes_ieq(name, BYTES("href")))
    return false;
  for (size_t i = 0; i < ARRAY_LEN(names_only); i++)
    if (bytes_ifind(whole, bytes_str(names_only[i]), 0) != SIZE_MAX)
      return false;
  return true;
}

/* The web server may have more than this tree, such as the page of the policy: what is in folders of ours must be
 * there. */
static bool is_ours(const struct site_checker *c, const char *href)
{
  static const char *const folders[] = { "/advisories/", "/" SITE_CSAF "/", "/" SITE_WKD "/" };
  size_t len = strlen(c->url);
  for (size_t i = 0; len && i < ARRAY_LEN(folders); i++)
    if (!strncmp(href, c->url, len) && !strncmp(href + len, folders[i], strlen(folders[i])))
      return true;
  return false;
}

static void attribute(struct page *p, struct bytes tag, struct bytes name, struct bytes value, struct bytes whole)
{
  struct site_checker *c = p->c;
  const char *text = decoded(c->brief, value);
  bool loads = p->html && fetches(tag, name, whole);
  if (bytes_istarts(name, BYTES("on")))
    SITE_FAULT(c, p->path, "a script: %s", pool_str(c->brief, name));
  else if (bytes_ieq(name, BYTES("style")))
    styles(p, value);
  else if (loads && text_istarts(text, "data:image/"))
    return;
  else if (loads && has_scheme(text))
    SITE_FAULT(c, p->path, "it requests %s", text);
  else if (loads || bytes_ieq(name, BYTES("href"))) {
    if (!has_scheme(text))
      follow(p, text);
    else if (!allowed_scheme(text))
      SITE_FAULT(c, p->path, "the link %s is none that we write", text);
    else if (is_ours(c, text) && site_check_link(c, text))
      SITE_FAULT(c, p->path, "the link %s %s", text, site_check_link(c, text));
  }
}

/* One tag without its brackets: name, then name="value" pairs. */
static void tag(struct page *p, struct bytes whole)
{
  size_t n = 0, at;
  while (n < whole.len && !strchr(" \t\n/", whole.p[n]))
    n++;
  struct bytes name = bytes_sub(whole, 0, n);
  if (p->html && is_one_of(name, forbidden, ARRAY_LEN(forbidden)))
    SITE_FAULT(p->c, p->path, "it has the element %s", pool_str(p->c->brief, name));
  for (at = n; at < whole.len;) {
    size_t from = at;
    while (at < whole.len && !strchr(" \t\n=\"", whole.p[at]))
      at++;
    struct bytes key = bytes_sub(whole, from, at - from);
    if (at + 1 < whole.len && whole.p[at] == '=' && whole.p[at + 1] == '"') {
      size_t end = bytes_find(whole, BYTES("\""), at + 2);
      end = end == SIZE_MAX ? whole.len : end;
      attribute(p, name, key, bytes_sub(whole, at + 2, end - at - 2), whole);
      at = end;
    }
    at++;
  }
}

/* Past the end of the tag that begins at `at`: brackets in quoted values do not end it. */
static size_t tag_end(struct bytes s, size_t at)
{
  bool quoted = false;
  for (; at < s.len && (quoted || s.p[at] != '>'); at++)
    quoted ^= s.p[at] == '"';
  return at;
}

static void scan(struct page *p)
{
  struct bytes s = p->text;
  for (size_t at = 0; (at = bytes_find(s, BYTES("<"), at)) != SIZE_MAX;) {
    if (bytes_starts(bytes_sub(s, at, SIZE_MAX), BYTES("<!--"))) {
      size_t end = bytes_find(s, BYTES("-->"), at);
      at = end == SIZE_MAX ? s.len : end;
      continue;
    }
    size_t end = tag_end(s, at);
    struct bytes whole = bytes_sub(s, at + 1, end - at - 1);
    if (whole.len && whole.p[0] != '/' && whole.p[0] != '!' && whole.p[0] != '?')
      tag(p, whole);
    if (p->html && bytes_istarts(whole, BYTES("style"))) {
      size_t close = bytes_ifind(s, BYTES("</style"), end);
      styles(p, bytes_sub(s, end, close == SIZE_MAX ? SIZE_MAX : close - end));
      end = close == SIZE_MAX ? s.len : close;
    }
    at = end;
  }
}

void site_check_page(struct site_checker *c, const char *path)
{
  struct page p = { .c = c, .path = path, .html = true };
  if (site_check_read(c, path, &p.text))
    scan(&p);
}

void site_check_atom(struct site_checker *c, const char *path)
{
  struct page p = { .c = c, .path = path };
  if (!site_check_read(c, path, &p.text))
    return;
  scan(&p);
  if (bytes_find(p.text, BYTES("<feed"), 0) == SIZE_MAX || bytes_find(p.text, BYTES("</feed>"), 0) == SIZE_MAX)
    SITE_FAULT(c, path, "no Atom feed");
}
