/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: embargoctl advisory, for operators: what is published, byte for byte, else the documents of the case as it stands. It reads only:
 * nothing is approved, published or sent. */
#include "gate_publish.h"

static const char usage[] = "usage: embargoctl advisory list\n"
                            "       embargoctl advisory show ID [--draft]\n"
                            "       embargoctl advisory export ID --format csaf|vex|html|text|cve [--draft]\n";

/* The case that the id leads to, as a draft; and what is out of it. */
static enum status load(struct gate *g, struct pool *pool, const char *id, struct advisory **out, struct publication *published, bool *found,
                        struct fault *err)
{
  struct vuln_case *vc = NULL;
  enum status st = store_case_live(g->store, pool, id, &vc, err);
  if (!st)
    st = publish_draft(g, pool, vc, out, err);
  return st ? st : publish_newest(g, pool, vc->id, published, found, err);
}

/* ---- what is out, and what is scheduled ---- */
static int list(struct gate *g, struct pool *pool, struct buf *out)
{
  struct publication *p = NULL;
  struct fault err = { 0 };
  size_t n = 0, shown = 0;
  if (store_publication_list(g->store, pool, NULL, &p, &n, &err)) {
    buf_printf(out, "%s\n", err.text);
    return err.status == ST_RETRY ? 75 : 1;
  }
  for (size_t i = 0; i < n; i++) {
    if (p[i].state == PUBLICATION_CANCELLED)
      continue;
    shown++;
    buf_printf(out, "%s  version %u  %-9s  %s  %s\n", p[i].case_id, p[i].version, publication_state_name(p[i].state),
               time_iso(pool, p[i].planned_at),
               p[i].state == PUBLICATION_OUT ? publish_url(g, pool, "html", p[i].case_id, p[i].first_at) : p[i].last_error);
  }
  if (!shown)
    buf_adds(out, "Nothing is published or scheduled.\n");
  return 0;
}

static int give(const struct publication *p, const char *name, struct buf *out)
{
  struct bytes b = publish_file(p, name);
  if (b.len)
    buf_add(out, b);
  else
    buf_printf(out, "%s: version %u was published without a %s document; --draft makes one of the case as it is now\n", p->case_id, p->version,
               name);
  return b.len ? 0 : 1;
}

static int show_published(struct gate *g, struct pool *pool, const struct publication *p, struct buf *out)
{
  buf_printf(out, "Version %u, %s at %s by %s%s%s; --draft shows the case as it is now.\nPage:        %s\nCSAF:        %s\n\n", p->version,
             !strcmp(p->what, "withdraw") ? "withdrawn" : "published", time_iso(pool, p->planned_at), p->by,
             text_empty(p->released_by) ? "" : " and ", p->released_by, publish_url(g, pool, "html", p->case_id, p->first_at),
             publish_url(g, pool, "csaf", p->case_id, p->first_at));
  return give(p, "text", out);
}

static size_t put_gaps(struct buf *out, const struct advisory_gap *gap, size_t count, bool required)
{
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    if (gap[i].required == required) {
      buf_printf(out, "  %s: %s\n", gap[i].what, gap[i].how);
      n++;
    }
  return n;
}

/* What each format lacks, then the text as far as it goes. */
static int show(struct pool *pool, const struct advisory *a, struct buf *out)
{
  buf_printf(out, "CSAF file:   %s\n", advisory_csaf_name(pool, a->id));
  for (int f = 0; f < ADVISORY_FORMATS; f++) {
    size_t n = 0;
    struct advisory_gap *gap = advisory_gaps(pool, a, (enum advisory_format)f, &n);
    struct buf lines = buf_new(pool, 200), wishes = buf_new(pool, 200);
    size_t must = put_gaps(&lines, gap, n, true), may = put_gaps(&wishes, gap, n, false);
    buf_printf(out, "%-12s %s\n%s", pool_printf(pool, "%s:", advisory_format_name((enum advisory_format)f)),
               must ? "cannot be made, it lacks:" : "can be made", buf_str(&lines));
    if (may && f == ADVISORY_TEXT)
      buf_printf(out, "A good advisory has this too:\n%s", buf_str(&wishes));
  }
  buf_adds(out, "\n");
  buf_add(out, advisory_text(pool, a));
  return 0;
}

static int export(struct pool *pool, const struct advisory *a, enum advisory_format f, struct buf *out)
{
  struct advisory_fault fault;
  size_t n = 0;
  struct advisory_gap *gap = advisory_gaps(pool, a, f, &n);
  struct buf lines = buf_new(pool, 200);
  if (put_gaps(&lines, gap, n, true)) {
    buf_printf(out, "%s: the %s document lacks:\n%s", a->id, advisory_format_name(f), buf_str(&lines));
    return 1;
  }
  struct bytes document = advisory_document(pool, a, f);
  if ((f == ADVISORY_CSAF || f == ADVISORY_VEX) && advisory_csaf_fault(pool, document, &fault)) {
    buf_printf(out, "%s: no valid CSAF document: %s (test %s of CSAF 2.0, section 6.1): %s\n", a->id, fault.path, fault.test, fault.why);
    return 1;
  }
  buf_add(out, document);
  return 0;
}

int advisory_verb(struct gate *g, struct pool *pool, int argc, const char *const *argv, struct buf *out)
{
  struct fault err = { 0 };
  struct advisory *a = NULL;
  struct publication p;
  enum advisory_format f = ADVISORY_FORMATS;
  bool draft = argc > 3 && !strcmp(argv[argc - 1], "--draft"), published = false;
  argc -= draft;
  bool shows = argc == 3 && !strcmp(argv[1], "show");
  bool exports = argc == 5 && !strcmp(argv[1], "export") && !strcmp(argv[3], "--format") && advisory_format_parse(argv[4], &f);
  if (argc == 2 && !strcmp(argv[1], "list"))
    return list(g, pool, out);
  if (!shows && !exports) {
    buf_adds(out, usage);
    return 64;
  }
  if (load(g, pool, argv[2], &a, &p, &published, &err)) {
    buf_printf(out, "%s\n", err.text);
    return err.status == ST_RETRY ? 75 : 1;
  }
  if (published && !draft)
    return shows ? show_published(g, pool, &p, out) : give(&p, advisory_format_name(f), out);
  return shows ? show(pool, a, out) : export(pool, a, f, out);
}
