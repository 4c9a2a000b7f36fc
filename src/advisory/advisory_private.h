/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory: for siblings only. */
#ifndef ADVISORY_PRIVATE_H
#define ADVISORY_PRIVATE_H
#include <embargod/advisory.h>
#include <embargod/text.h>

#include <jansson.h>

#define ADVISORY_LINE_MAX 250 /* bytes of what is one line: the CVE format allows 256 characters for a title */
#define ADVISORY_TEXT_MAX (64 * 1024) /* bytes of Markdown: cmark needs up to 0.1 s for so much of the worst */
#define ADVISORY_LINK_MAX 2048 /* CVE record format 5.1: uriType */

/* ---- advisory_vex.c: one line of #vex ---- */
const char *advisory_vex_name(struct pool *pool, const char *said); /* the product's */
void advisory_vex_add(struct pool *pool, struct advisory_product *p, const char *said, const char *extra);

/* ---- advisory_json.c ---- */
json_t *advisory_js(const char *s);
void advisory_put(json_t *object, const char *key, const char *s);  /* leaves it out when s is empty */
void advisory_put_new(json_t *object, const char *key, json_t *list); /* takes list; leaves it out when it is empty */
void advisory_add(json_t *list, json_t *v); /* takes v; what is there already is not added */
struct bytes advisory_dump(struct pool *pool, json_t *doc, size_t flags); /* takes doc; ends with LF */
char *advisory_time(struct pool *pool, int64_t t); /* RFC 3339, UTC; 1970 for 0 */
const char *advisory_tlp_csaf(const char *tlp);    /* CSAF 2.0's words: WHITE, GREEN, AMBER, RED */
double advisory_score(int tenths);
char *advisory_severity(struct pool *pool, int tenths); /* "HIGH", as the JSON schemas of CVSS have it */
bool advisory_is_anonymous(const char *credit);

/* ---- advisory_text.c ---- */
char *advisory_version_words(struct pool *pool, const struct advisory_version *v); /* "from 1.0 on, before 2.0" */
char *advisory_statement_words(struct pool *pool, const struct advisory_statement *s);
char *advisory_score_words(struct pool *pool, const char *vector);                 /* "9.8 Critical (base)"; "" */

/* ---- advisory_html*.c ---- */
#define ADVISORY_STYLE_DIGEST "SCdBjSqHptlq1nZ/5fugYrKikYfLrEdafRtSSNV5diw=" /* base64 of the SHA-256 of the sheet, for the page's policy */
void advisory_html_tlp(struct buf *b, const char *tlp);
void advisory_html_prose(struct pool *pool, struct buf *b, const char *text); /* plain text as paragraphs */
void advisory_html_vector(struct pool *pool, struct buf *b, const char *version, const char *vector); /* version: "3.1" */

/* ---- advisory_markdown*.c ---- */
char *advisory_markdown_lines(struct pool *pool, const char *markdown, size_t width);

/* ---- advisory_check*.c: each test says whether the document passes, and where not ---- */
struct check {
  struct pool *pool;
  const json_t *doc;
  struct advisory_fault *fault;
};
/* false, with path and reason; path and why as for printf. */
bool check_fault(struct check *c, char *path, char *why);
#define CHECK_FAULT(c, path, ...) check_fault((c), (path), pool_printf((c)->pool, __VA_ARGS__))
const json_t *check_at(const json_t *v, const char *dotted); /* "document.tracking.id"; NULL: not there */
const char *check_text(const json_t *v, const char *key);    /* "" when it is no string */
size_t check_count(const json_t *list);                      /* 0 when it is no list */
/* Calls visit for each vulnerability until one says false. */
bool check_vulnerabilities(struct check *c, bool (*visit)(struct check *c, const json_t *v, char *path));

bool check_schema(struct check *c);
bool check_category(struct check *c);
bool check_translation(struct check *c);
bool check_one_cve(struct check *c);
bool check_profile(struct check *c);

bool check_defined(struct check *c);
bool check_unique(struct check *c);
bool check_circular(struct check *c);
bool check_groups_defined(struct check *c);
bool check_groups_unique(struct check *c);
bool check_status(struct check *c);
bool check_remedies(struct check *c);
bool check_ranges(struct check *c);

bool check_one_score(struct check *c);
bool check_cvss_form(struct check *c);
bool check_cvss_sum(struct check *c);
bool check_cvss_agrees(struct check *c);
bool check_cwe(struct check *c);

bool check_dates(struct check *c);
bool check_history_sorted(struct check *c);
bool check_latest(struct check *c);
bool check_draft(struct check *c);
bool check_history_released(struct check *c);
bool check_history_prerelease(struct check *c);
bool check_version_prerelease(struct check *c);
bool check_history_complete(struct check *c);
bool check_history_unique(struct check *c);
bool check_versioning(struct check *c);
#endif
