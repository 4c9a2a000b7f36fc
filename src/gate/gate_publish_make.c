/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/publish: the documents of a case as they would be at an instant. The same case and instant give the same bytes: that is what is
 * approved, compared again and again, and published. */
#include "gate_publish.h"

/* The namespace of CSAF: the site, else that of the disclosure policy, else that of our address. */
static const char *space_of(struct pool *pool, const struct conf *c)
{
  const char *url = text_empty(c->policy_url) ? "" : advisory_link(pool, c->policy_url);
  if (!text_empty(c->site_url))
    return c->site_url;
  if (text_empty(url))
    return pool_printf(pool, "https://%s", conf_domain(c));
  size_t host = (size_t)(strstr(url, "//") - url) + 2;
  return pool_strndup(pool, url, host + strcspn(url + host, "/?#"));
}

struct advisory_house publish_house(struct gate *g, struct pool *pool)
{
  const struct conf *c = g->conf;
  struct advisory_maker *maker = pool_array(pool, c->product_count + 1, sizeof *maker);
  for (size_t i = 0; i < c->product_count; i++)
    maker[i] = (struct advisory_maker){ c->product[i].name, c->product[i].vendor };
  return (struct advisory_house){ .organisation = c->organisation,
                                  .contact = text_empty(c->contact) ? c->address : c->contact,
                                  .space = space_of(pool, c),
                                  .cve_org_id = c->cve_org_id,
                                  .maker = maker,
                                  .maker_count = c->product_count };
}

/* ---- what is known ---- */
/* The history, with what this very mail adds to it. */
static enum status history(struct gate *g, struct pool *pool, const char *id, struct advisory_event **out, size_t *count, struct fault *err)
{
  struct case_event *e = NULL;
  size_t n = 0, more = 0;
  enum status st = store_event_list(g->store, pool, id, &e, &n, err);
  if (st == ST_REJECT) { /* #new: the case is not saved yet */
    fault_clear(err);
    n = 0;
  } else if (st) {
    return st;
  }
  for (const struct run *r = g->runs; r; r = r->next)
    more += r->work.event_count;
  *out = pool_array(pool, n + more + 1, sizeof **out);
  *count = 0;
  for (size_t i = 0; i < n; i++)
    (*out)[(*count)++] = (struct advisory_event){ e[i].at, e[i].kind };
  for (const struct run *r = g->runs; r; r = r->next)
    for (size_t i = 0; i < r->work.event_count && r->stage != RUN_DONE; i++)
      if (!strcmp(r->work.event[i].vc->id, id))
        (*out)[(*count)++] = (struct advisory_event){ r->work.event[i].event.at, r->work.event[i].event.kind };
  return ST_OK;
}

/* The versions that are out, the oldest first. */
static enum status versions(struct gate *g, struct pool *pool, const char *id, struct publication **out, size_t *count, struct fault *err)
{
  size_t n = 0;
  enum status st = store_publication_list(g->store, pool, id, out, &n, err);
  *count = 0;
  if (st == ST_REJECT) {
    fault_clear(err);
    return ST_OK;
  }
  for (size_t i = 0; !st && i < n; i++)
    if ((*out)[i].state == PUBLICATION_OUT)
      (*out)[(*count)++] = (*out)[i];
  return st;
}

enum status publish_newest(struct gate *g, struct pool *pool, const char *id, struct publication *newest, bool *found, struct fault *err)
{
  struct publication *p = NULL;
  size_t n = 0;
  enum status st = versions(g, pool, id, &p, &n, err);
  *found = !st && n;
  return *found ? store_publication_load(g->store, pool, p[n - 1].id, newest, err) : st;
}

struct bytes publish_file(const struct publication *p, const char *name)
{
  for (size_t i = 0; i < p->file_count; i++)
    if (!strcmp(p->file[i].name, name))
      return p->file[i].body;
  return (struct bytes){ 0 };
}

/* ---- the advisory ---- */
/* As it will be when it is public. */
static struct vuln_case *as_public(struct pool *pool, const struct vuln_case *vc, int64_t at)
{
  struct vuln_case *c = case_copy(pool, vc);
  struct fault none = { 0 };
  unsigned had = c->cs;
  if (!(had & 1u << CS_PUBLIC_AWARE) && !cs_add(had, c->rm, CS_PUBLIC_AWARE, &c->cs, &none)) {
    struct cs_when when = { .at = at };
    if (cs_date(c, had, CS_PUBLIC_AWARE, &when, &none))
      c->cs_at[CS_PUBLIC_AWARE] = at;
  }
  return c;
}

static void put_revisions(struct pool *pool, struct advisory *a, const struct publish_wish *w, const struct publication *p, size_t count)
{
  a->revision = pool_array(pool, count + 1, sizeof *a->revision);
  for (size_t i = 0; i <= count; i++) {
    bool last = i == count;
    const char *summary = last ? w->summary : p[i].summary, *what = last ? w->what : p[i].what;
    if (text_empty(summary))
      summary = "Initial version";
    else if (!strcmp(what, "withdraw"))
      summary = pool_printf(pool, "Withdrawn: %s", summary);
    a->revision[i] = (struct advisory_revision){ pool_printf(pool, "%zu", i + 1), last ? w->at : p[i].planned_at,
                                                 text_clean(pool, bytes_str(summary), false) };
  }
  a->revision_count = count + 1;
}

static enum status may_have(const struct vuln_case *vc, const struct publish_wish *w, size_t out, struct fault *err)
{
  bool first = !strcmp(w->what, "publish");
  if (first && out)
    return fault(err, ST_DENIED, "version %zu of the advisory of %s is published already: #revise + text makes the next one", out, vc->id);
  if (!first && !out)
    return fault(err, ST_DENIED, "the advisory of %s is not published yet: #publish comes first", vc->id);
  return ST_OK;
}

enum status publish_draft(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct advisory **out, struct fault *err)
{
  struct advisory_house house = publish_house(g, pool);
  struct advisory_event *e = NULL;
  size_t n = 0;
  enum status st = history(g, pool, vc->id, &e, &n, err);
  if (!st)
    *out = advisory_of(pool, vc, &house, e, n);
  if (!st)
    site_place(pool, g->conf->site_url, *out);
  return st;
}

/* ---- the documents ---- */
const char *publish_path(struct pool *pool, const char *name, const char *id, int64_t first_at)
{
  static const struct {
    const char *name, *suffix;
  } pages[] = { { "html", ".html" }, { "text", ".txt" }, { "text.asc", ".txt.asc" } };
  for (size_t i = 0; i < ARRAY_LEN(pages); i++)
    if (!strcmp(pages[i].name, name))
      return site_page_path(pool, id, pages[i].suffix);
  if (!strcmp(name, "csaf"))
    return site_csaf_path(pool, id, first_at);
  return !strcmp(name, "csaf.asc") ? pool_printf(pool, "%s.asc", site_csaf_path(pool, id, first_at)) : NULL;
}

const char *publish_url(struct gate *g, struct pool *pool, const char *name, const char *id, int64_t first_at)
{
  const char *path = publish_path(pool, name, id, first_at);
  return path && !text_empty(g->conf->site_url) ? pool_printf(pool, "%s/%s", g->conf->site_url, path) : "";
}

static void put(struct publish_documents *d, const char *name, struct bytes body)
{
  d->file[d->count++] = (struct publication_file){ name, body };
}

static void put_gaps(struct pool *pool, const struct advisory *a, enum advisory_format f, bool required, struct buf *out)
{
  size_t n = 0;
  struct advisory_gap *gap = advisory_gaps(pool, a, f, &n);
  for (size_t i = 0; i < n; i++) {
    const char *line = pool_printf(pool, "  %s: %s\n", gap[i].what, gap[i].how);
    if (gap[i].required == required && bytes_find(buf_bytes(out), bytes_str(line), 0) == SIZE_MAX)
      buf_adds(out, line);
  }
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static enum status make(struct pool *pool, struct publish_documents *d, struct fault *err)
{
  const struct advisory *a = d->a;
  struct advisory_fault wrong;
  struct advisory_page page = { "../index.html", "../feed.atom", base_name(publish_path(pool, "text", a->id, d->first_at)),
                                pool_printf(pool, "../%s", publish_path(pool, "csaf", a->id, d->first_at)) };
  struct bytes csaf = advisory_csaf(pool, a);
  if (advisory_csaf_fault(pool, csaf, &wrong))
    return fault(err, ST_DENIED, "its CSAF document would not be valid: %s (test %s of CSAF 2.0, section 6.1): %s", wrong.path, wrong.test,
                 wrong.why);
  struct buf cve = buf_new(pool, 200);
  put_gaps(pool, a, ADVISORY_CVE, true, &cve);
  put(d, "html", advisory_html(pool, a, &page));
  put(d, "text", advisory_text(pool, a));
  put(d, "csaf", csaf);
  if (!cve.len)
    put(d, "cve", advisory_cve(pool, a));
  else if (*a->cve)
    d->wishes = pool_printf(pool, "%s  and for a CVE record:\n%s", d->wishes, buf_str(&cve));
  return ST_OK;
}

enum status publish_documents(struct gate *g, struct pool *pool, const struct vuln_case *vc, const struct publish_wish *w,
                              struct publish_documents *out, struct fault *err)
{
  struct advisory_event *e = NULL;
  struct publication *before = NULL;
  struct advisory_house house = publish_house(g, pool);
  struct buf lacks = buf_new(pool, 200), wishes = buf_new(pool, 200);
  size_t n = 0, events = 0;
  *out = (struct publish_documents){ .lacks = "", .wishes = "" };
  enum status st = versions(g, pool, vc->id, &before, &n, err);
  if (!st)
    st = may_have(vc, w, n, err);
  if (!st)
    st = history(g, pool, vc->id, &e, &events, err);
  if (st)
    return st;
  struct advisory *a = advisory_of(pool, as_public(pool, vc, w->at), &house, e, events);
  a->final = true;
  a->tlp = "CLEAR";
  if (!strcmp(w->what, "withdraw"))
    a->withdrawn = text_clean(pool, bytes_str(w->summary), false);
  put_revisions(pool, a, w, before, n);
  site_place(pool, g->conf->site_url, a);
  out->a = a;
  out->version = (unsigned)n + 1;
  out->first_at = n ? before[0].planned_at : w->at;
  put_gaps(pool, a, ADVISORY_CSAF, true, &lacks);
  put_gaps(pool, a, ADVISORY_TEXT, true, &lacks);
  put_gaps(pool, a, ADVISORY_HTML, true, &lacks);
  put_gaps(pool, a, ADVISORY_TEXT, false, &wishes);
  out->lacks = buf_str(&lacks);
  out->wishes = buf_str(&wishes);
  return lacks.len ? ST_OK : make(pool, out, err);
}

size_t publish_attachments(struct pool *pool, const char *id, const struct advisory *a, const struct publication_file *file, size_t count,
                           int64_t first_at, struct mail_attachment **out)
{
  static const struct {
    const char *name, *type;
  } types[] = { { "html", "text/html" }, { "text", "text/plain" }, { "csaf", "application/json" }, { "cve", "application/json" } };
  size_t n = 0;
  *out = pool_array(pool, count + 1, sizeof **out);
  for (size_t i = 0; i < count; i++)
    for (size_t t = 0; t < ARRAY_LEN(types); t++) {
      if (strcmp(types[t].name, file[i].name) != 0)
        continue;
      const char *path = publish_path(pool, file[i].name, id, first_at);
      const char *cve = a && *a->cve ? a->cve : id;
      (*out)[n++] = (struct mail_attachment){ .filename = path ? base_name(path) : pool_printf(pool, "cve-record-%s.json", cve),
                                              .type = types[t].type,
                                              .bytes = file[i].body };
    }
  return n;
}
