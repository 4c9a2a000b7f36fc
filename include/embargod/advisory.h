/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory: what the world is told of a case, in the formats of the field: CSAF 2.0, CVE JSON 5.1, plain text. Pure: no clock, store,
 * mail, file or configuration; whatever a site sets comes as a value. Nothing here publishes anything.
 *
 * Only what is meant for the public is taken from a case: title, description, impact, products, scores, ids, mitigation, workaround, fixes,
 * credits, references and days. Never: clinical assessment and its rationale, adverse events, SSVC, plan, notes, letters, whom it was
 * told, and what the history says in words. */
#ifndef EMBARGOD_ADVISORY_H
#define EMBARGOD_ADVISORY_H
#include <embargod/base.h>
#include <embargod/case.h>

/* ---- facts ---- */
struct advisory_maker { /* a product of the configuration that has a vendor of its own */
  const char *product, *vendor;
};
struct advisory_house {
  const char *organisation; /* who publishes */
  const char *contact;      /* CSAF contact_details; "" */
  const char *space;        /* URL that names the publisher, CSAF 2.0 section 3.2.1.8.4 (namespace) */
  const char *cve_org_id;   /* the UUID that the CVE programme gave the organisation as CNA; "": it is none */
  const struct advisory_maker *maker;
  size_t maker_count;
};
struct advisory_event { /* one entry of the case's history: kinds count, texts are not for the public */
  int64_t at;
  const char *kind;
};

#define ADVISORY_BOUNDS 2
struct advisory_bound {
  const char *op, *version; /* op: "<", "<=", ">", ">=" */
};
struct advisory_version {
  const char *text; /* one version as written; of a range the constraints of its vers: ">=1.0|<2.0", "*" (CSAF 2.0, 3.1.2.3.2) */
  bool range;
  struct advisory_bound bound[ADVISORY_BOUNDS]; /* of a range, the lower one first; none: every version */
  unsigned bounds;
};
struct advisory_fix {
  const char *said, *url;          /* said: as the case has it; url: "" */
  struct advisory_version version; /* text "": it is neither one version nor one range */
  bool by_vex;                     /* #vex said it, not #fix */
};
struct advisory_statement { /* of #vex: versions that are known not to be affected, or are investigated */
  const char *said;                 /* as the case has it: "\"Pump 9\" 3.0" */
  bool investigated;                /* else not affected */
  struct advisory_version *version; /* no version twice */
  size_t version_count;
  const char *unread;        /* as in struct advisory_product */
  const char *justification; /* assess_vex_justification(); "" of one that is investigated */
  const char *text;          /* the impact statement; "" */
};
struct advisory_product {
  const char *vendor, *name;
  struct advisory_version *affected; /* no version twice */
  size_t affected_count;
  const char *unread; /* the part of the versions that cannot be understood; NULL */
  struct advisory_fix *fix;
  size_t fix_count;
  struct advisory_statement *statement;
  size_t statement_count;
};
struct advisory_reference {
  const char *url, *text; /* text: "" */
};
struct advisory_day {
  int64_t at;
  const char *text;
};
struct advisory_revision {
  const char *number; /* "1"; integers throughout */
  int64_t at;
  const char *text;
};
/* All text is clean (text_clean()) and short where it is one line; links are absolute http or https URIs (RFC 3986). NULL nowhere. */
struct advisory {
  const char *id, *title, *description, *impact, *mitigation, *workaround;
  const char *text;                  /* Markdown (CommonMark) of #advisory; "" */
  const char *withdrawn;             /* why; "": it stands */
  const char *cve, *cwe;             /* "" where there is none (yet) */
  const char *cvss31, *cvss40;       /* vectors; "" */
  const char *tlp;                   /* TLP 2.0: CLEAR, GREEN, AMBER, AMBER+STRICT, RED */
  const char *organisation, *contact, *space, *cve_org_id;
  const char *self_csaf, *self_html; /* where it is published: CSAF 2.0 section 6.2.11; site_place() sets them; "" */
  bool exploit_public, attacks, external; /* external: somebody reported it to us */
  bool final;                        /* else a draft; CSAF 2.0 section 3.2.1.12.7 (status) */
  int64_t public_at;                 /* when it became public; 0: it is not, or the day is not known */
  struct advisory_product *product;
  size_t product_count;
  const char **credit;               /* "anonymous" for who wants no name */
  size_t credit_count;
  struct advisory_reference *reference;
  size_t reference_count;
  struct advisory_day *day;          /* timeline, the earliest first */
  size_t day_count;
  struct advisory_revision *revision; /* the earliest first; the last one is this version */
  size_t revision_count;
  const char **bad_link;             /* references that are no such URI; they stand in no document */
  size_t bad_link_count;
  const char **stray_fix;            /* fixes that do not say of which product, where there are several */
  size_t stray_fix_count;
};
/* A draft (version 0) of the case as it stands. A fix that begins with a product's name is of that product; else the case must have one only. */
struct advisory *advisory_of(struct pool *pool, const struct vuln_case *vc, const struct advisory_house *h, const struct advisory_event *e,
                             size_t count);
/* Turns "1.0, 1.2", "before 2.0", "1.0-2.3", ">= 1.0, < 2.0", "2.3 and earlier", "all" into versions. *unread: the part that is no one
 * version and no range that it knows, or NULL. */
size_t advisory_versions(struct pool *pool, const char *text, struct advisory_version **out, const char **unread);
/* The link as a URI with only the characters of RFC 3986, others percent-encoded; NULL: not http or https, no host, or above 2048 bytes. */
char *advisory_link(struct pool *pool, const char *url);
/* Of a mail address, or a mailto URI (RFC 6068), the URI with that one address and nothing else; NULL: it is none. */
char *advisory_mail_link(struct pool *pool, const char *address);

/* ---- documents ---- */
enum advisory_format { ADVISORY_CSAF = 0, ADVISORY_TEXT, ADVISORY_CVE, ADVISORY_HTML, ADVISORY_VEX, ADVISORY_FORMATS };
const char *advisory_format_name(enum advisory_format f); /* "csaf" */
MUST_USE bool advisory_format_parse(const char *s, enum advisory_format *out);
/* That document, HTML without links to neighbours. No required gap of it may be open. */
struct bytes advisory_document(struct pool *pool, const struct advisory *a, enum advisory_format f);
struct advisory_gap {
  const char *what; /* "no affected versions of Pump 9" */
  const char *how;  /* the command, or the setting, that mends it */
  bool required;    /* the format cannot do without; else a good advisory has it */
};
/* What that document lacks, required ones first; *count 0: nothing. */
struct advisory_gap *advisory_gaps(struct pool *pool, const struct advisory *a, enum advisory_format f, size_t *count);
/* CSAF 2.0 JSON, profile csaf_security_advisory (section 4.4); when no product is affected or fixed, csaf_vex (4.5). Keys are sorted
 * (section 5.3). No required gap may be open. */
struct bytes advisory_csaf(struct pool *pool, const struct advisory *a);
/* The same facts in the profile csaf_vex, a document of its own for those who take in nothing else: its id ends with "-VEX", it is not on the site. */
struct bytes advisory_vex(struct pool *pool, const struct advisory *a);
/* Its file name: CSAF 2.0 section 5.1. */
char *advisory_csaf_name(struct pool *pool, const char *id);
/* 72 columns, LF line ends; people's text is indented, so that it cannot pass for ours. */
struct bytes advisory_text(struct pool *pool, const struct advisory *a);
/* One page for people: no script, no request to anywhere, light, dark and print; complete in itself. Markdown as cmark reads it, without
 * raw HTML; people's text is escaped, and marks that turn the direction of text are taken out. */
struct advisory_page { /* relative links; "": none */
  const char *home, *feed, *text, *csaf; /* "../index.html", "../feed.atom", "EMB-2026-0001.txt", "../.well-known/csaf/..." */
};
struct bytes advisory_html(struct pool *pool, const struct advisory *a, const struct advisory_page *page); /* page NULL: no links */
/* Markdown to plain text of 72 columns, links as "text (URL)", and to HTML with only safe elements and links (http, https, mailto). */
char *advisory_markdown_text(struct pool *pool, const char *markdown);
char *advisory_markdown_html(struct pool *pool, const char *markdown, int heading); /* heading: level of a "#" heading, 2..5 */
/* CVE record format 5.1 (CVE_RECORD with a CNA container). The same condition. */
struct bytes advisory_cve(struct pool *pool, const struct advisory *a);

/* ---- pages: what those of the site have in common ---- */
struct advisory_frame {
  const char *language, *title, *organisation;
  const char *home, *feed, *tlp; /* "": none */
  struct bytes foot;             /* HTML */
};
void advisory_html_begin(struct buf *b, const struct advisory_frame *f); /* up to <main> */
void advisory_html_end(struct buf *b, const struct advisory_frame *f);
const char *advisory_html_style(void); /* the sheet that each page holds */
/* Markup, of HTML or XML, with %s (escaped: text, or a value in quotation marks) and %d. fmt is a literal: it alone brings markup. What may
 * stand in neither, and what turns the direction of text, becomes U+FFFD. */
void advisory_html_put(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void advisory_html_text(struct buf *b, struct bytes s);                       /* as %s */
void advisory_html_day(struct pool *pool, struct buf *b, int64_t at);         /* <time>: "29 September 2026", UTC */
/* "Critical 9.8" on its colour; severity as of cvss_severity(), in any case. */
void advisory_html_severity(struct buf *b, const char *severity, int tenths);

/* ---- checks: mandatory tests of CSAF 2.0 section 6.1 ---- */
struct advisory_fault {
  const char *test; /* "6.1.6"; "schema": not even of the form */
  char *path;       /* JSON pointer (RFC 6901) to the fault */
  char *why;
};
/* The first fault of the document, in the order of the tests; false: it has none that these tests know. The tests that look at
 * what we never write (6.1.12 languages beyond a form, 6.1.13 purl, 6.1.25 hashes) are left to the official validator, as is most of the schema. */
bool advisory_csaf_fault(struct pool *pool, struct bytes json, struct advisory_fault *out);
#endif
