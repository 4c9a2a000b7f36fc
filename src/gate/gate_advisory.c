/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: embargoctl advisory: the documents of a case as they stand, for operators. It reads only: nothing is approved, published or sent. */
#include "gate_private.h"

#include <embargod/advisory.h>

static const char usage[] = "usage: embargoctl advisory show ID | export ID --format csaf|html|text|cve\n";

/* The namespace of CSAF: the site of the disclosure policy, else that of our address. */
static const char *space_of(struct pool *pool, const struct conf *c)
{
  const char *url = text_empty(c->policy_url) ? "" : advisory_link(pool, c->policy_url);
  if (text_empty(url))
    return pool_printf(pool, "https://%s", conf_domain(c));
  size_t host = (size_t)(strstr(url, "//") - url) + 2;
  return pool_strndup(pool, url, host + strcspn(url + host, "/?#"));
}

static enum status load(struct gate *g, struct pool *pool, const char *id, struct advisory **out, struct fault *err)
{
  const struct conf *c = g->conf;
  struct vuln_case *vc = NULL;
  struct case_event *e = NULL;
  size_t n = 0;
  struct advisory_maker *maker = pool_array(pool, c->product_count + 1, sizeof *maker);
  struct advisory_house h = { .organisation = c->organisation, .contact = text_empty(c->contact) ? c->address : c->contact,
                              .space = space_of(pool, c), .cve_org_id = c->cve_org_id, .maker = maker, .maker_count = c->product_count };
  for (size_t i = 0; i < c->product_count; i++)
    maker[i] = (struct advisory_maker){ c->product[i].name, c->product[i].vendor };
  enum status st = store_case_live(g->store, pool, id, &vc, err);
  if (!st)
    st = store_event_list(g->store, pool, vc->id, &e, &n, err);
  if (st)
    return st;
  struct advisory_event *known = pool_array(pool, n + 1, sizeof *known);
  for (size_t i = 0; i < n; i++)
    known[i] = (struct advisory_event){ e[i].at, e[i].kind };
  *out = advisory_of(pool, vc, &h, known, n);
  return ST_OK;
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
  if (f == ADVISORY_CSAF && advisory_csaf_fault(pool, document, &fault)) {
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
  enum advisory_format f = ADVISORY_FORMATS;
  bool shows = argc == 3 && !strcmp(argv[1], "show");
  bool exports = argc == 5 && !strcmp(argv[1], "export") && !strcmp(argv[3], "--format") && advisory_format_parse(argv[4], &f);
  if (!shows && !exports) {
    buf_adds(out, usage);
    return 64;
  }
  if (load(g, pool, argv[2], &a, &err)) {
    buf_printf(out, "%s\n", err.text);
    return err.status == ST_RETRY ? 75 : 1;
  }
  return shows ? show(pool, a, out) : export(pool, a, f, out);
}
